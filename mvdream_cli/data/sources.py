"""What is to be rendered: an id, a mesh or the file of one, a caption."""

import hashlib
import json
import re
import secrets
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from mvdream_cli.errors import DataError
from mvdream_cli.hashes import checksum
from mvdream_cli.raycast.assets import referenced_files
from mvdream_cli.texts import read_lines


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
        return self._digest(made_from)

    def stamp(self) -> str:
        """As `identity`, with sizes and times of the files in place of their contents: quick, and another one more often."""
        if callable(self.load):
            return self.identity()
        path = Path(self.load)
        return self._digest([_size_and_time(file) for file in (path, *referenced_files(path))])

    def _digest(self, made_from: Any) -> str:
        return hashlib.sha256(repr((self.id, self.caption, self.about, made_from)).encode()).hexdigest()


def caption_from_name(stem: str) -> str:
    """ "RedCar_02" -> "red car", "Kočka-bílá" -> "kočka bílá"; the stem itself if nothing is left."""
    stem = unicodedata.normalize("NFC", stem.encode("utf-8", "replace").decode())  # a name may be no text
    apart = "".join(f" {b}" if a.islower() and b.isupper() else b for a, b in zip(" " + stem, stem))
    words = re.sub(r"[\W\d_]+", " ", apart).strip().lower()
    return words or stem


def _contents(path: Path) -> str:
    try:
        return checksum(path) if path.is_file() else "missing"  # a pipe or a device would be read for ever
    except OSError as error:
        return f"cannot be read ({error.errno})"


def _size_and_time(path: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
        return path.name, found.st_size, found.st_mtime_ns
    except OSError:
        return path.name, -1, 0


def _described(function: Callable) -> str:
    """A callable by name, a partial one with its arguments. What has no name of its own is another one each time."""
    if isinstance(function, partial):
        return repr((_described(function.func), function.args, function.keywords))
    name = f"{function.__module__}.{getattr(function, '__qualname__', repr(function))}"
    return f"{name} {secrets.token_hex()}" if "<" in name else name  # <lambda>, <locals>, <object at ...>


def caption_rows(path: Path) -> dict[str, dict]:
    """The rows of a captions.jsonl by their "file"; none if there is no such file.

    Raises:
        DataError: see `each_caption_row`.
    """
    return {row["file"].strip(): row for row in each_caption_row(path)}


def each_caption_row(path: Path) -> Iterator[dict]:
    """The rows of a captions.jsonl one by one, each with a "file"; none if there is no such file.

    Raises:
        DataError: a line is not a JSON object with a "file".
    """
    if not path.is_file():
        return
    for number, line in enumerate(text_lines(path), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)  # names of files may hold what is no text
            row["file"].strip()
            str(row.get("caption")).encode()
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DataError(f'{path}:{number}: not a JSON object with a "file" ({error}); mend the line') from error
        yield row


def text_lines(path: Path) -> Iterator[str]:
    """The lines of a text file.

    Raises:
        DataError: it is no text.
    """
    try:
        yield from read_lines(path)
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is neither UTF-8 nor UTF-16 text ({error.reason}); save it as UTF-8") from error
