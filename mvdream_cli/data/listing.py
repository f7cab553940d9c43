"""The assets of a folder or of a manifest, in order, with their captions: however many they are, the memory does not grow.

The list lies in a temporary database on the disk, which vanishes with the process.
"""

import json
import os
import re
import sqlite3
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from mvdream_cli.data.sources import AssetSource, caption_from_name, each_caption_row, text_lines
from mvdream_cli.errors import DataError
from mvdream_cli.raycast.assets import EXTENSIONS
from mvdream_cli.texts import read_caption

MANIFESTS = (".jsonl", ".txt")
_ABOUT = ("source", "licence", "license")
_TOLD = 8  # rows that are named where many are wrong
_SCHEMA = """
CREATE TABLE assets (place BLOB PRIMARY KEY, path BLOB, name TEXT) WITHOUT ROWID;
CREATE TABLE rows (name TEXT PRIMARY KEY, written TEXT, row TEXT, bare INTEGER) WITHOUT ROWID;
CREATE TABLE objects (position INTEGER PRIMARY KEY, id TEXT UNIQUE, path BLOB, row TEXT);
CREATE TABLE taken (base TEXT PRIMARY KEY, count INTEGER) WITHOUT ROWID;
CREATE TABLE folders (device INTEGER, inode INTEGER, PRIMARY KEY (device, inode)) WITHOUT ROWID;
"""


class Lazy(Sequence):
    """A sequence whose items are made when they are asked for."""

    def __init__(self, count: int, item: Callable[[int], AssetSource]):
        self.count, self.item = count, item

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self.item(k) for k in range(*index.indices(self.count))]
        if not -self.count <= index < self.count:
            raise IndexError(index)
        return self.item(index % self.count)


def sources_from_folder(root: Path | str, *, say: Callable[[str], None] | None = None) -> Sequence[AssetSource]:
    """All .glb, .gltf and .obj files below a folder, by name, or those that a manifest lists, in its order.

    Links to folders are followed, each folder is read once. A manifest is a file .jsonl with rows as those of
    `captions.jsonl`, or .txt with a path on each line; paths are relative to its folder, or absolute.

    A caption comes from `captions.jsonl` in the folder (rows with "file", "caption", optional "source" and "licence"),
    else from a text file beside the asset (FILE.txt, with the asset's stem), else from the file's name: "RedCar_02.glb"
    gives "red car".

    Args:
        say: called with one sentence about rows of `captions.jsonl` that match no asset, or hold no caption.

    Raises:
        DataError: no such folder, no assets in it, or a broken `captions.jsonl`.
    """
    root = Path(root)
    manifest = root.is_file() and root.suffix.lower() in MANIFESTS
    if not manifest and not root.is_dir():
        raise DataError(
            f"{root}: no such folder or list; give a folder of {', '.join(EXTENSIONS)} files, or a list of them "
            f"({', '.join(MANIFESTS)})"
        )
    base = root.parent if manifest else root
    listed = sqlite3.connect("", check_same_thread=False)  # one thread at a time asks
    listed.executescript(_SCHEMA)
    if manifest:
        _read_manifest(listed, root)
    else:
        for row in each_caption_row(root / "captions.jsonl"):
            _note_row(listed, row)
        _read_folder(listed, root)
    if say:
        _tell_unused(listed, say, manifest)
    _give_ids(listed)
    (count,) = listed.execute("SELECT count(*) FROM objects").fetchone()
    if not count:
        raise DataError(f"{root}: no {', '.join(EXTENSIONS)} files in it; give a folder of 3D models")

    def source(position: int) -> AssetSource:
        found = listed.execute("SELECT id, path, row FROM objects WHERE position = ?", (position,)).fetchone()
        path, row = base / os.fsdecode(found[1]), json.loads(found[2] or "{}")
        caption = _text(row.get("caption") or _beside(path) or caption_from_name(path.stem))
        about = {"licence" if key == "license" else key: _text(row[key]) for key in _ABOUT if row.get(key)}
        return AssetSource(found[0], path, caption, about)

    return Lazy(count, source)


def each_rendered(sources: Sequence[AssetSource], renders: int) -> Sequence[AssetSource]:
    """Each source `renders` times in a row: under an id of its own, a rendering has its own cameras and light.

    The first keeps its id, so that a set with one rendering of each object is a part of one with more. The paper has two.
    """
    if renders == 1:
        return sources

    def source(position: int) -> AssetSource:
        which, k = divmod(position, renders)
        return sources[which] if k == 0 else replace(sources[which], id=f"{sources[which].id}-render-{k + 1}")

    return Lazy(len(sources) * renders, source)


def _read_folder(listed: sqlite3.Connection, root: Path) -> None:
    for path in _files_below(str(root), listed):
        if os.path.splitext(path)[1].lower() in EXTENSIONS:
            name = os.path.relpath(path, root).replace(os.sep, "/")
            place = os.fsencode(name).replace(b"/", b"\0")  # the order of paths: part by part
            listed.execute("INSERT INTO assets VALUES (?, ?, ?)", (place, os.fsencode(name), _plain_name(name)))


def _read_manifest(listed: sqlite3.Connection, path: Path) -> None:
    """The lines of a list become assets in their order; files are looked at when they are rendered.

    Raises:
        DataError: a line is no row, or names no 3D model.
    """
    if path.suffix.lower() == ".txt":
        lines = (line.strip() for line in text_lines(path))
        rows = ({"file": line} for line in lines if line and not line.startswith("#"))
    else:
        rows = each_caption_row(path)
    for number, row in enumerate(rows):
        written = row["file"].strip()
        if not written.lower().endswith(EXTENSIONS):
            raise DataError(f"{path}: {written!r} is no 3D model ({', '.join(EXTENSIONS)}); take it out of the list")
        place, there = number.to_bytes(8, "big"), written.replace("\\", "/").encode("utf-8", "replace")
        listed.execute("INSERT INTO assets VALUES (?, ?, ?)", (place, there, _note_row(listed, row)))


def _note_row(listed: sqlite3.Connection, row: dict) -> str:
    """Keep a row; the name by which it is found."""
    written = row["file"].strip()
    name = _plain_name(written)
    values = name, _text(written), json.dumps(row), not row.get("caption")
    listed.execute("INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)", values)
    return name


def _give_ids(listed: sqlite3.Connection) -> None:
    """An id to each asset, from its path; a number behind it where another asset has it."""
    order = listed.execute("SELECT path, row FROM assets LEFT JOIN rows USING (name) ORDER BY place")
    for position, (path, row) in enumerate(order):
        name = os.fsdecode(path)
        ascii_name = unicodedata.normalize("NFKD", name.rsplit(".", 1)[0]).encode("ascii", "ignore").decode()
        object_id = base = re.sub(r"[^A-Za-z0-9_-]+", "-", ascii_name).strip("-")[-76:] or "object"
        (count,) = listed.execute("SELECT count FROM taken WHERE base = ?", (base,)).fetchone() or (1,)
        while listed.execute("SELECT 1 FROM objects WHERE id = ?", (object_id,)).fetchone():
            count += 1
            object_id = f"{base}-{count}"
        listed.execute("INSERT INTO objects VALUES (?, ?, ?, ?)", (position, object_id, path, row))
        if count > 1:
            listed.execute("INSERT OR REPLACE INTO taken VALUES (?, ?)", (base, count))


def _files_below(place: str, listed: sqlite3.Connection) -> Iterator[str]:
    """All files of a folder and of those in it, links to folders included; a folder with two names is read by one."""
    try:
        here = os.stat(place)
        # inodes of some network file systems need all 64 bits, and SQLite's numbers have a sign
        identity = [number - (1 << 63) for number in (here.st_dev, here.st_ino)]
        if not listed.execute("INSERT OR IGNORE INTO folders VALUES (?, ?)", identity).rowcount:
            return
        with os.scandir(place) as found:
            # real folders before links to them: which of its names a folder gets does not depend on the order of the disk
            entries = sorted(found, key=lambda entry: (entry.is_symlink(), entry.name))
    except OSError:  # as os.walk has it: what cannot be read is passed over
        return
    for entry in entries:
        if entry.is_file():
            yield entry.path
    for entry in entries:
        if entry.is_dir():
            yield from _files_below(entry.path, listed)


def _plain_name(name: str) -> str:
    """One form of a relative path, however it was written: "./a.glb", "sub\\a.glb", accents as one letter or as two."""
    parts = unicodedata.normalize("NFC", name.strip()).replace("\\", "/").split("/")
    plain = "/".join(part for part in parts if part not in ("", "."))
    return plain.encode("utf-8", "backslashreplace").decode()  # a name that is not UTF-8 matches no row


def _tell_unused(listed: sqlite3.Connection, say: Callable[[str], None], manifest: bool) -> None:
    (rows,) = listed.execute("SELECT count(*) FROM rows").fetchone()
    joined = "FROM rows LEFT JOIN (SELECT DISTINCT name AS there FROM assets) ON there = rows.name"
    unmatched = f"{joined} WHERE there IS NULL"
    (count,) = listed.execute(f"SELECT count(*) {unmatched}").fetchone()
    if count:
        some = [name for (name,) in listed.execute(f"SELECT written {unmatched} ORDER BY rows.name LIMIT {_TOLD}")]
        wanted = {_plain_name(name).casefold() for name in some}
        near = {}
        for (name,) in listed.execute("SELECT name FROM assets"):
            for form in (name.casefold(), name.rsplit(".", 1)[0].casefold()):
                if form in wanted:
                    near[form] = name
        other = {name: near.get(_plain_name(name).casefold()) for name in some}
        told = [f"{name!r}{f' (there is {other[name]!r})' if other[name] else ''}" for name in some]
        say(
            f"captions.jsonl: {count} of {rows} rows match no asset: {', '.join(told)}"
            f"{', ...' if count > _TOLD else ''}; write the path of a file in this folder"
        )
    bare = f"{joined} WHERE there IS NOT NULL AND bare"
    (count,) = listed.execute(f"SELECT count(*) {bare}").fetchone()
    if count and not manifest:
        some = [name for (name,) in listed.execute(f"SELECT written {bare} ORDER BY rows.name LIMIT {_TOLD}")]
        say(
            f"captions.jsonl: {count} of {rows} rows have no caption: {', '.join(map(repr, some))}"
            f"{', ...' if count > _TOLD else ''}; a text file beside the asset or the name of its file is taken"
        )


def _text(value) -> str:
    """What can be written as UTF-8: halves of characters become question marks."""
    return str(value).encode("utf-8", "replace").decode()


def _beside(path: Path) -> str:
    text = path.with_suffix(".txt")
    return read_caption(text) if text.is_file() else ""
