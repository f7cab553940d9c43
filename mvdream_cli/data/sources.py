"""What is to be rendered: an id, a mesh or the file of one, a caption; and how a folder of assets gets its captions."""

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from mvdream_cli.errors import DataError
from mvdream_cli.hashes import checksum
from mvdream_cli.raycast.assets import EXTENSIONS, referenced_files

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


def sources_from_folder(root: Path | str) -> list[AssetSource]:
    """All .glb, .gltf and .obj files below a folder, by name.

    A caption comes from `captions.jsonl` in the folder (rows with "file", "caption", optional "source" and "licence"),
    else from a text file beside the asset (FILE.txt, with the asset's stem), else from the file's name: "RedCar_02.glb"
    gives "red car".
    """
    root = Path(root)
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; give a folder of {', '.join(EXTENSIONS)} files")
    rows = caption_rows(root / "captions.jsonl")
    sources, taken = [], set()
    for path in sorted(root.rglob("*")):
        if path.suffix.lower() not in EXTENSIONS or not path.is_file():
            continue
        name = path.relative_to(root).as_posix()
        row = rows.get(name, {})
        object_id = base = re.sub(r"[^A-Za-z0-9_-]+", "-", name.rsplit(".", 1)[0]).strip("-")[-76:] or "object"
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
    """ "RedCar_02" -> "red car"; the stem itself if nothing is left."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", stem)
    words = re.sub(r"[^A-Za-z]+", " ", words).strip().lower()
    return words or stem


def _beside(path: Path) -> str:
    text = path.with_suffix(".txt")
    return " ".join(text.read_text(encoding="utf-8", errors="replace").split()) if text.is_file() else ""


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
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            rows[row["file"]] = row
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f'{path}:{number}: not a JSON object with a "file" ({error}); mend the line') from error
    return rows
