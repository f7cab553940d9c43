"""Shards of a multi-view set: tar files in WebDataset's form, an index beside each, and what tells whether they are whole."""

import io
import json
import re
import tarfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from mvdream_cli.atomic import written_whole
from mvdream_cli.data.tar_files import files_in_tar
from mvdream_cli.doors import open_file, parse_json, read_json, reason
from mvdream_cli.errors import DataError
from mvdream_cli.hashes import checksum
from mvdream_cli.images import PNG_SIGNATURE

SHARD_PATTERN = "views-*.tar"
PICTURE = re.compile(r"(\d{1,9})\.(png|jpe?g|webp)", re.IGNORECASE)  # the number of a view; the file behind an object's id
PNG_HEAD = 24  # the bytes up to the size of a PNG
MOST_INDEX_BYTES, MOST_MEMBER_BYTES = 1 << 26, 1 << 29
POINTS_FILE = "points.npy"  # of an object, where a set was rendered with points
LeftOut = Callable[[str, str], None]  # called with the id of an object that is left out, and the reason


def write_shard(path: Path | str, objects: Iterable[tuple[str, dict[str, bytes]]], note: dict | None = None) -> Path:
    """Write one shard and its index, the same bytes for the same objects; aside first, renamed when whole.

    `objects` may be a generator that renders on the way; `note` is kept in the index and read after the last object.
    """
    path = Path(path)
    with written_whole(path) as partial:
        with tarfile.open(partial, "w", format=tarfile.USTAR_FORMAT) as tar:
            for object_id, files in objects:
                for name, content in files.items():
                    member = tarfile.TarInfo(f"{object_id}.{name}")
                    member.size = len(content)
                    tar.addfile(member, io.BytesIO(content))
        index = {"bytes": partial.stat().st_size, "sha256": checksum(partial), "objects": scan_shard(partial), **(note or {})}
        index_path = path.with_suffix(".json")
        index_path.unlink(missing_ok=True)  # at no time is there an index of another shard, which may be as long
    with written_whole(index_path) as index_partial:
        index_partial.write_text(json.dumps(index, ensure_ascii=False), encoding="utf-8")
    return path


def read_shard_index(path: Path) -> dict | None:
    """The index beside a shard, or None if there is none, it is broken, or it belongs to other bytes."""
    try:
        index = read_json(path.with_suffix(".json"), MOST_INDEX_BYTES)
        size = path.stat().st_size
        if index["bytes"] != size:
            return None
        for item in index["objects"]:
            if "size" in item and not (len(item["size"]) == 2 and all(0 < side < 2**16 for side in item["size"])):
                return None
            spans = [item["meta"], *item["views"], *([item["points"]] if item.get("points") else [])]
            if not (isinstance(item["id"], str) and isinstance(item["caption"], str) and item["views"]):
                return None
            if not all(type(start) is type(length) is int and 0 <= start < start + length <= size for start, length in spans):
                return None
        return index
    except (OSError, ValueError, KeyError, TypeError):
        return None


def shard_is_whole(path: Path, index: dict) -> bool:
    """Whether a shard still holds the bytes that were written, by the checksum in its index. It reads all of it."""
    try:
        return "sha256" not in index or checksum(path) == index["sha256"]
    except OSError:
        return False


def read_span(file, span: tuple[int, int]) -> bytes:
    if span[1] > MOST_MEMBER_BYTES:
        raise ValueError(f"a file in it has {span[1]} bytes")
    file.seek(span[0])
    return file.read(span[1])


def scan_shard(path: Path, on_left_out: LeftOut | None = None) -> list[dict]:
    """The objects of a shard with the places of their members: {"id", "caption", "meta": span, "views": spans},
    and "points": span where it has them, "size": width and height where its first picture is a PNG.

    Those that lack pictures, cameras or meta data are left out; of a shard that is cut short, all behind the cut.
    """
    left_out = on_left_out or (lambda object_id, reason: None)
    found: dict[str, dict] = {}
    size, cut = path.stat().st_size, ""
    with open_file(path) as raw:
        try:
            for name, span in files_in_tar(path):
                _note(found, name, span, raw, size)
        except (OSError, ValueError) as error:
            cut = f"{path.name}: broken shard ({error}); what lies behind cannot be read"
    whole = []
    for object_id, item in found.items():
        if reason := _what_is_wrong(item):
            left_out(object_id, f"{path.name}: {reason}")
        else:
            views = [item["views"][number] for number in sorted(item["views"])]
            more = {name: item[name] for name in ("points", "size") if item.get(name)}
            whole.append({"id": object_id, "caption": item["caption"], "meta": item["meta"], "views": views, **more})
    if cut:
        left_out("the rest of a shard", cut)
    return whole


def _note(found: dict[str, dict], name: str, span: tuple[int, int], raw, size: int) -> None:
    """Sort one member of a shard in: the id is what stands before the first point of its name, without "./"."""
    folder, _, name = name.rpartition("/")
    stem, _, rest = name.partition(".")
    if not stem:  # ".DS_Store", "._thing.png": what a Mac leaves
        return
    object_id = "/".join(part for part in (*folder.split("/"), stem) if part not in ("", "."))
    item = found.setdefault(object_id, {"caption": "", "cameras": 0, "meta": None, "views": {}, "broken": ""})
    if sum(span) > size:
        item["broken"] = f"{name} is cut short"
    elif rest == "json":
        item["meta"] = span
        try:
            meta = parse_meta(read_span(raw, span), Path(name))
            item["caption"], item["cameras"] = meta.get("caption", ""), len(meta["c2w"])
        except (DataError, ValueError) as error:
            item["broken"] = str(error)
    elif rest == POINTS_FILE:
        item["points"] = span
    elif match := PICTURE.fullmatch(rest):
        if int(match[1]) in item["views"]:
            item["broken"] = f"there are two pictures of view {int(match[1])}"
        item["views"][int(match[1])] = span
        if int(match[1]) == 0:
            item["size"] = _size_of_png(read_span(raw, (span[0], min(span[1], PNG_HEAD))))


def _size_of_png(head: bytes) -> tuple[int, int] | None:
    """Width and height, which stand at the beginning."""
    if len(head) < PNG_HEAD or not head.startswith(PNG_SIGNATURE):
        return None
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")


def _what_is_wrong(item: dict) -> str:
    if item["broken"]:
        return item["broken"]
    if not item["meta"] or not item["views"]:
        return "it has no " + ("pictures" if item["meta"] else "meta data")
    return wrong_views(item["views"], item["cameras"])


def wrong_views(numbers: Iterable[int], cameras: int) -> str:
    """Why pictures of these numbers do not belong to so many cameras; empty if they do."""
    numbers = sorted(numbers)
    if numbers == list(range(cameras)):
        return ""
    missing = sorted(set(range(cameras)) - set(numbers))
    if missing and len(numbers) < cameras:
        named = ", ".join(map(str, missing[:4]))
        return f"it has {len(numbers)} pictures for {cameras} cameras; those of the views {named} are missing"
    return f"it has {len(numbers)} pictures, up to number {numbers[-1]}, for {cameras} cameras"


def parse_meta(content: bytes, path: Path) -> dict:
    """The meta data of an object.

    Raises:
        DataError: no JSON, no cameras that can be used, or not what was written.
    """
    try:
        meta = parse_json(content)
        c2w = np.asarray(meta["c2w"], np.float64)
        if c2w.ndim != 3 or c2w.shape[1:] != (4, 4) or not len(c2w) or "fovy_deg" not in meta:
            raise ValueError("c2w must be a list of 4x4 matrices, with fovy_deg beside it")
        fovy_deg = np.broadcast_to(np.asarray(meta["fovy_deg"], np.float64), len(c2w))
        if not (np.isfinite(c2w).all() and np.isfinite(fovy_deg).all()):
            raise ValueError("cameras are not finite")
        if not isinstance(meta.get("caption", ""), str):
            raise ValueError("the caption is no text")
        if "check" in meta and meta["check"] != meta_check(meta):
            raise ValueError("it was changed after it was written")
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise DataError(f"{path}: broken meta data ({reason(error)}); render the object again") from error
    return meta


def meta_check(meta: dict) -> int:
    """CRC-32 of meta data as JSON gives them back, "check" left out."""
    rest = {key: value for key, value in meta.items() if key != "check"}
    return zlib.crc32(json.dumps(rest, ensure_ascii=False).encode())
