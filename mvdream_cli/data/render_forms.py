"""The two forms of a multi-view set while it is rendered: what of a chunk is there, and how its objects are written.

A chunk is a fixed run of the sources; in the form of shards it is one tar file. What is there is kept only if it carries the
identity of all that it would be made from now, the contents of the assets included. A shard that nobody touched since its
index was written, of assets with the same sizes and times, is believed without reading either.
"""

import hashlib
import importlib.metadata
import importlib.util
import json
import shutil
import tempfile
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from mvdream_cli.data.render_object import RenderSettings, object_stamp
from mvdream_cli.data.render_pool import Answer
from mvdream_cli.data.shards import (
    POINTS_FILE,
    SHARD_PATTERN,
    parse_meta,
    read_shard_index,
    read_span,
    scan_shard,
    shard_is_whole,
    write_shard,
)
from mvdream_cli.data.sources import AssetSource
from mvdream_cli.data.views import object_files, write_object
from mvdream_cli.doors import read_json
from mvdream_cli.errors import DataError
from mvdream_cli.images import check_picture

_READERS = 8  # threads that wait for the disk


@dataclass
class Chunk:
    """A run of the sources, what is there of it, and what became of it.

    have: id -> identity of each object that is there, whole. trusted: all of them are, and nothing has to be asked.
    skipped, losses: (id, reason) and (id, sentences). lost: some were skipped for no fault of their own.
    broken: names of what was there and is not whole.
    """

    number: int
    members: list[AssetSource]
    have: dict[str, str] = field(default_factory=dict)
    trusted: bool = False
    answers: dict[int, Answer] = field(default_factory=dict)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    losses: list[tuple[str, list[str]]] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)
    stamp: str = ""
    places: dict[str, dict] = field(default_factory=dict)  # of the objects in the shard that is there
    rendered: object = None  # a file without a name: files of objects, until the shard is written
    spans: dict[int, dict[str, tuple[int, int]]] = field(default_factory=dict)  # of its members in it

    def note_skipped(self) -> None:
        """List those that have a reason in place of files, in the order of the sources."""
        for member in sorted(self.answers):
            answer, name = self.answers[member], self.members[member].id
            if answer.reason:
                self.skipped.append((name, answer.reason))
                if answer.lost:
                    self.lost.add(name)


class Shards:
    """Tar files in the form of WebDataset, an index beside each.

    Args:
        suspects: names of shards that are read, not believed, and ids of objects that are rendered again.
    """

    def __init__(self, out: Path, settings: RenderSettings, suspects: Collection[str] = ()):
        self.out, self.settings, self.suspects = out, settings, suspects

    def check(self, count: int) -> None:
        """Raise DataError if there are others than the first `count` shards: readers would take them for a part of the set."""
        own = {shard_name(number) for number in range(count)}
        strangers = sorted(path.name for path in self.out.glob(SHARD_PATTERN) if path.name not in own)
        if strangers:
            raise DataError(
                f"{self.out}: {', '.join(strangers[:3])}{' ...' if len(strangers) > 3 else ''} would not belong to a set of "
                f"{count} shard{'s' * (count > 1)}; delete {'it' if len(strangers) == 1 else 'them'}, choose another folder, "
                "or render all again"
            )

    def plan(self, number: int, members: list[AssetSource]) -> Chunk:
        """What is there of a chunk."""
        chunk, path = Chunk(number, members), self.out / shard_name(number)
        with ThreadPoolExecutor(_READERS) as pool:
            stamps = pool.map(partial(object_stamp, settings=self.settings), members)
            chunk.stamp = hashlib.sha256("".join(stamps).encode()).hexdigest()
        index = read_shard_index(path)
        asked = {source.id for source in members} & set(self.suspects)
        believed = index is not None and path.name not in self.suspects and _is_as_written(path)
        if index is not None and not believed and not shard_is_whole(path, index):
            index = None
        if index is None and path.exists():
            chunk.broken.append(path.name)
        # what one reader cannot read, another may
        if (
            index
            and not asked
            and index.get("stamp") == chunk.stamp
            and (not index.get("skipped") or index.get("reader") == _reader())
        ):
            chunk.trusted, chunk.have = True, dict.fromkeys((item["id"] for item in index["objects"]), "")
            chunk.skipped = [tuple(item) for item in index.get("skipped", [])]
            chunk.losses = [tuple(item) for item in index.get("losses", [])]
        elif path.exists():
            chunk.places = {item["id"]: item for item in (index["objects"] if index else scan_shard(path))}
            with path.open("rb") as shard:
                for name, place in chunk.places.items():
                    if name not in asked and (identity := _identity_of_whole(shard, place)):
                        chunk.have[name] = identity
        if not chunk.trusted:
            chunk.rendered = tempfile.TemporaryFile()  # noqa: SIM115 (closed in `finish`)
        return chunk

    def take(self, chunk: Chunk, member: int, answer: Answer) -> None:
        """Keep an answer until those to all members of the chunk are there."""
        chunk.answers[member] = replace(answer, files=None)
        if answer.files is not None:
            spans = chunk.spans[member] = {}
            for name, content in answer.files.items():
                spans[name] = chunk.rendered.seek(0, 2), len(content)
                chunk.rendered.write(content)

    def finish(self, chunk: Chunk) -> None:
        """Write the shard."""
        chunk.note_skipped()
        path, note = self.out / shard_name(chunk.number), {"stamp": "" if chunk.lost else chunk.stamp, "reader": _reader()}

        def objects() -> Iterator[tuple[str, dict[str, bytes]]]:
            before = path.open("rb") if chunk.places else None
            for member, source in enumerate(chunk.members):
                if chunk.answers[member].kept:
                    files = _files(before, chunk.places[source.id])
                elif member in chunk.spans:
                    files = {name: read_span(chunk.rendered, span) for name, span in chunk.spans[member].items()}
                else:
                    continue
                _note_losses(chunk, source.id, json.loads(files["json"]))
                yield source.id, files
            if before:
                before.close()
            note.update(skipped=chunk.skipped, **({"losses": chunk.losses} if chunk.losses else {}))

        write_shard(path, objects(), note)
        chunk.rendered.close()


class Folders:
    """A folder for each object. All that is there is read."""

    def __init__(self, out: Path, settings: RenderSettings, suspects: Collection[str] = ()):
        self.out, self.suspects = out, suspects

    def check(self, count: int) -> None:
        """Other folders may lie beside."""

    def plan(self, number: int, members: list[AssetSource]) -> Chunk:
        """What is there of a chunk."""
        chunk = Chunk(number, members)
        with ThreadPoolExecutor(_READERS) as pool:
            identities = pool.map(lambda source: _identity_in_folder(self.out / source.id), members)
            for source, identity in zip(members, identities):
                if identity and source.id not in self.suspects:
                    chunk.have[source.id] = identity
                elif (self.out / source.id).is_dir():
                    chunk.broken.append(source.id)
        return chunk

    def take(self, chunk: Chunk, member: int, answer: Answer) -> None:
        """Write an object, or remove the pictures of what its asset was before."""
        chunk.answers[member] = replace(answer, files=None)
        name = chunk.members[member].id
        if answer.files is not None:
            write_object(self.out, name, answer.files)
            _note_losses(chunk, name, json.loads(answer.files["json"]))
        elif answer.kept:
            _note_losses(chunk, name, read_json(self.out / name / "meta.json"))
        elif (self.out / name / "meta.json").is_file():
            shutil.rmtree(self.out / name)

    def finish(self, chunk: Chunk) -> None:
        chunk.note_skipped()


FORMS = {"shards": Shards, "folder": Folders}


def shard_name(number: int) -> str:
    return f"views-{number:06d}.tar"


def _note_losses(chunk: Chunk, name: str, meta: dict) -> None:
    if meta.get("losses"):
        chunk.losses.append((name, meta["losses"]))


def _reader() -> str:
    """What reads the assets: verdicts of another version do not hold."""
    return f"trimesh {importlib.metadata.version('trimesh')}, DracoPy {importlib.util.find_spec('DracoPy') is not None}"


def _is_as_written(shard: Path) -> bool:
    """Whether nothing was written into a shard after its index."""
    try:
        return shard.stat().st_mtime_ns <= shard.with_suffix(".json").stat().st_mtime_ns
    except OSError:
        return False


def _files(shard, place: dict) -> dict[str, bytes]:
    """The files of an object in a shard, in the order of `views.encode_object`."""
    files = {f"{number:03d}.png": read_span(shard, span) for number, span in enumerate(place["views"])}
    if place.get("points"):
        files[POINTS_FILE] = read_span(shard, place["points"])
    return files | {"json": read_span(shard, place["meta"])}


def _identity_of_whole(shard, place: dict) -> str:
    """The identity that an object of a shard carries; empty if it is not whole, or carries none."""
    try:
        files = _files(shard, place)
        meta = parse_meta(files["json"], Path(shard.name))
        for content in files.values():
            check_picture(content)
        return str(meta.get("identity", "")) if len(meta["c2w"]) == len(place["views"]) else ""
    except (DataError, OSError, ValueError):
        return ""


def _identity_in_folder(folder: Path) -> str:
    """As `_identity_of_whole`, of the folder form."""
    try:
        meta = parse_meta((folder / "meta.json").read_bytes(), folder)
        for picture in object_files(folder):
            check_picture(picture)
        return str(meta.get("identity", ""))
    except (DataError, OSError, ValueError):
        return ""
