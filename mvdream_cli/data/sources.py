"""What is to be rendered: an id, a mesh or the file of one, a caption; and how a folder of assets gets its captions."""

import hashlib
import json
import os
import re
import secrets
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from mvdream_cli.errors import DataError
from mvdream_cli.hashes import checksum
from mvdream_cli.raycast.assets import EXTENSIONS, referenced_files
from mvdream_cli.texts import read_caption, read_text

_ABOUT = ("source", "licence", "license")


@dataclass(frozen=True)
class AssetSource:
    """One object to render.

    id: letters, digits, "-" and "_" only; it names files and seeds the cameras and the light.
    load: the path of an asset, or a picklable callable that returns a `Mesh` or anything with vertices, faces, colors.
    about: further entries of the meta file (source, licence).
    made_from: all that the mesh of a callable depends on, in words; if empty, its name and its arguments say it.
    """

    id: str
    load: Path | str | Callable[[], Any]
    caption: str
    about: dict[str, str] = field(default_factory=dict)
    made_from: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,90}", self.id):
            raise DataError(f"{self.id!r}: not usable as an object id; use at most 90 letters, digits, '-' and '_'")

    def identity(self) -> str:
        """sha256 hex over all that the object is made from, contents of files included; it reads them.

        A file that is missing or cannot be read counts as such: the identity is another one when it is there.
        """
        if callable(self.load):
            made_from: Any = self.made_from or _described(self.load)
        else:
            path = Path(self.load)
            made_from = [(path.suffix, _contents(path))]
            made_from += [(file.name, _contents(file)) for file in referenced_files(path)]
        return hashlib.sha256(repr((self.id, self.caption, self.about, made_from)).encode()).hexdigest()


def sources_from_folder(root: Path | str, *, say: Callable[[str], None] | None = None) -> list[AssetSource]:
    """All .glb, .gltf and .obj files below a folder, by name; links to folders are followed, each folder is read once.

    A caption comes from `captions.jsonl` in the folder (rows with "file", "caption", optional "source" and "licence"),
    else from a text file beside the asset (FILE.txt, with the asset's stem), else from the file's name: "RedCar_02.glb"
    gives "red car".

    Args:
        say: called with one sentence about rows of `captions.jsonl` that match no asset, or hold no caption.

    Raises:
        DataError: no such folder, no assets in it, or a broken `captions.jsonl`.
    """
    root = Path(root)
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; give a folder of {', '.join(EXTENSIONS)} files")
    written = caption_rows(root / "captions.jsonl")
    rows = {_plain_name(name): row for name, row in written.items()}
    sources, taken, names = [], set(), []
    for path in sorted(_files_below(root)):
        if path.suffix.lower() not in EXTENSIONS or not path.is_file():
            continue
        name = path.relative_to(root).as_posix()
        names.append(_plain_name(name))
        row = rows.get(names[-1], {})
        ascii_name = unicodedata.normalize("NFKD", name.rsplit(".", 1)[0]).encode("ascii", "ignore").decode()
        object_id = base = re.sub(r"[^A-Za-z0-9_-]+", "-", ascii_name).strip("-")[-76:] or "object"
        count = 1
        while object_id in taken:
            count += 1
            object_id = f"{base}-{count}"
        taken.add(object_id)
        caption = str(row.get("caption") or _beside(path) or caption_from_name(path.stem))
        about = {"licence" if key == "license" else key: str(row[key]) for key in _ABOUT if row.get(key)}
        sources.append(AssetSource(object_id, path, caption, about))
    if not sources:
        raise DataError(f"{root}: no {', '.join(EXTENSIONS)} files in it; give a folder of 3D models")
    if say:
        _tell_unused(written, names, say)
    return sources


def each_rendered(sources: Iterable[AssetSource], renders: int) -> list[AssetSource]:
    """Each source `renders` times in a row: under an id of its own, a rendering has its own cameras and light.

    The first keeps its id, so that a set with one rendering of each object is a part of one with more. The paper has two.
    """
    return [
        source if k == 0 else replace(source, id=f"{source.id}-render-{k + 1}")
        for source in sources for k in range(renders)
    ]  # fmt: skip


def caption_from_name(stem: str) -> str:
    """ "RedCar_02" -> "red car", "Kočka-bílá" -> "kočka bílá"; the stem itself if nothing is left."""
    stem = unicodedata.normalize("NFC", stem)
    apart = "".join(f" {b}" if a.islower() and b.isupper() else b for a, b in zip(" " + stem, stem))
    words = re.sub(r"[\W\d_]+", " ", apart).strip().lower()
    return words or stem


def _files_below(root: Path) -> Iterator[Path]:
    """All files of a folder and of those in it, links to folders included; a folder with two names is read by one."""
    seen = set()
    for place, folders, files in os.walk(root, followlinks=True):
        here = os.path.realpath(place)
        if here in seen:
            folders.clear()
            continue
        seen.add(here)
        # real folders before links to them: which of its names a folder gets does not depend on the order of the disk
        folders.sort(key=lambda name: (os.path.islink(os.path.join(place, name)), name))
        yield from (Path(place) / name for name in files)


def _plain_name(name: str) -> str:
    """One form of a relative path, however it was written: "./a.glb", "sub\\a.glb", accents as one letter or as two."""
    parts = unicodedata.normalize("NFC", name.strip()).replace("\\", "/").split("/")
    return "/".join(part for part in parts if part not in ("", "."))


def _tell_unused(rows: dict[str, dict], names: list[str], say: Callable[[str], None]) -> None:
    there = set(names)
    near = {name.casefold(): name for name in names} | {name.rsplit(".", 1)[0].casefold(): name for name in names}
    unmatched = [name for name in rows if _plain_name(name) not in there]
    if unmatched:
        other = {name: near.get(_plain_name(name).casefold()) for name in unmatched}
        told = [f"{name!r}{f' (there is {other[name]!r})' if other[name] else ''}" for name in unmatched[:8]]
        say(
            f"captions.jsonl: {len(unmatched)} of {len(rows)} rows match no asset: {', '.join(told)}"
            f"{', ...' if len(unmatched) > 8 else ''}; write the path of a file in this folder"
        )
    bare = [name for name, row in rows.items() if not row.get("caption") and _plain_name(name) in there]
    if bare:
        say(
            f"captions.jsonl: {len(bare)} of {len(rows)} rows have no caption: {', '.join(map(repr, bare[:8]))}"
            f"{', ...' if len(bare) > 8 else ''}; a text file beside the asset or the name of its file is taken"
        )


def _beside(path: Path) -> str:
    text = path.with_suffix(".txt")
    return read_caption(text) if text.is_file() else ""


def _contents(path: Path) -> str:
    try:
        return checksum(path) if path.is_file() else "missing"  # a pipe or a device would be read for ever
    except OSError as error:
        return f"cannot be read ({error.errno})"


def _described(function: Callable) -> str:
    """A callable by name, a partial one with its arguments. What has no name of its own is another one each time."""
    if isinstance(function, partial):
        return repr((_described(function.func), function.args, function.keywords))
    name = f"{function.__module__}.{getattr(function, '__qualname__', repr(function))}"
    return f"{name} {secrets.token_hex()}" if "<" in name else name  # <lambda>, <locals>, <object at ...>


def caption_rows(path: Path) -> dict[str, dict]:
    """The rows of a captions.jsonl by their "file"; none if there is no such file.

    Raises:
        DataError: a line is not a JSON object with a "file".
    """
    if not path.is_file():
        return {}
    rows = {}
    try:
        lines = read_text(path).split("\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is neither UTF-8 nor UTF-16 text ({error.reason}); save it as UTF-8") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            rows[row["file"].strip()] = row
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f'{path}:{number}: not a JSON object with a "file" ({error}); mend the line') from error
    return rows
