"""Multi-view sets on disk: each object is a few RGBA pictures, their cameras and a caption.

Two forms, read alike and mixed freely:
    folders  DIR/ID/{000.png, 001.png, ..., meta.json}
    shards   DIR/views-000000.tar, WebDataset members ID.000.png ... ID.json, and beside it views-000000.json, an index
             that only saves time: a shard without it (or changed since) is scanned. It also holds the shard's checksum.
Where a set was rendered with points, ID.points.npy (points.npy in a folder) holds (P, 7) float16: x, y, z, distance, color.
The meta file holds id, caption, c2w (V, 4, 4; OpenGL axes), fovy_deg, elevation_deg, azimuth_deg (V each), size_px and,
where known, source, licence and the identity of what the object was made from. Pictures are straight-alpha sRGB.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from mvdream_cli.atomic import written_whole
from mvdream_cli.errors import DataError
from mvdream_cli.hashes import checksum
from mvdream_cli.raycast.points import Points

SHARD_PATTERN = "views-*.tar"
POINTS_FILE = "points.npy"


@dataclass(frozen=True)
class Entry:
    """Where one object lies: `spans` are (offset, size) of its pictures in a shard, None in a folder."""

    id: str
    caption: str
    num_views: int
    path: Path
    meta_span: tuple[int, int] | None = None
    spans: tuple[tuple[int, int], ...] | None = None
    points_span: tuple[int, int] | None = None


def encode_object(rgba: np.ndarray, meta: dict, points: Points | None = None) -> dict[str, bytes]:
    """The files of one object: {"000.png": ..., "json": ...} from (V, S, S, 4) uint8, its meta data, and points if any."""
    files = {}
    for index, image in enumerate(rgba):
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, format="PNG", compress_level=3)
        files[f"{index:03d}.png"] = buffer.getvalue()
    if points is not None:
        buffer = io.BytesIO()
        np.save(buffer, np.concatenate([points.points, points.distance[:, None], points.colors], 1))
        files[POINTS_FILE] = buffer.getvalue()
    files["json"] = json.dumps(meta, ensure_ascii=False).encode()
    return files


def write_object(root: Path | str, object_id: str, files: dict[str, bytes]) -> Path:
    """Write one object in the folder form: aside first, renamed when it is whole."""
    folder = Path(root) / object_id
    with written_whole(folder) as partial:
        partial.mkdir()
        for name, content in files.items():
            (partial / ("meta.json" if name == "json" else name)).write_bytes(content)
    return folder


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
        index = {"bytes": partial.stat().st_size, "sha256": checksum(partial), "objects": _scan(partial), **(note or {})}
        index_path = path.with_suffix(".json")
        index_path.unlink(missing_ok=True)  # at no time is there an index of another shard, which may be as long
    with written_whole(index_path) as index_partial:
        index_partial.write_text(json.dumps(index, ensure_ascii=False), encoding="utf-8")
    return path


def read_shard_index(path: Path) -> dict | None:
    """The index beside a shard, or None if there is none or it belongs to other bytes."""
    try:
        index = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        return index if index["bytes"] == path.stat().st_size else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def index_views(root: Path | str) -> list[Entry]:
    """All objects of a set in a stable order (shards first, then folders, by name).

    Raises:
        DataError: no such folder, nothing in it, or a shard that is cut short.
    """
    root = Path(root)
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; give a multi-view set made by `mvdream data`")
    entries = []
    for shard in sorted(root.glob(SHARD_PATTERN)):
        index = read_shard_index(shard)
        for found in index["objects"] if index else _scan(shard):
            spans = tuple(tuple(span) for span in found["views"])
            points = tuple(found["points"]) if found.get("points") else None
            entries.append(Entry(found["id"], found["caption"], len(spans), shard, tuple(found["meta"]), spans, points))
    for meta_path in sorted(root.glob("*/meta.json")):
        if not meta_path.parent.name.startswith("."):
            meta = _parse_meta(meta_path.read_bytes(), meta_path)
            entries.append(Entry(meta_path.parent.name, meta.get("caption", ""), len(meta["c2w"]), meta_path.parent))
    if not entries:
        raise DataError(f"{root}: neither shards ({SHARD_PATTERN}) nor folders with meta.json; not a multi-view set")
    return entries


def set_identity(entries: Sequence[Entry]) -> str:
    """sha256 hex over all that `entries` hold, pictures included, in their order; where the set lies does not matter.

    Shards are not read if their index knows their checksum, so it is quick for large sets too.

    Raises:
        DataError: files are missing.
    """
    digest, shards = hashlib.sha256(), {}
    for entry in entries:
        if entry.spans is not None:
            if entry.path not in shards:
                shards[entry.path] = (read_shard_index(entry.path) or {}).get("sha256") or _checksum(entry.path)
            contents = [shards[entry.path]]
        else:
            names = ["meta.json", *(f"{index:03d}.png" for index in range(entry.num_views))]
            names += [POINTS_FILE] if (entry.path / POINTS_FILE).is_file() else []
            contents = [_checksum(entry.path / name) for name in names]
        digest.update(repr((entry.id, entry.caption, entry.num_views, entry.spans, contents)).encode())
    return digest.hexdigest()


def _checksum(path: Path) -> str:
    try:
        return checksum(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}); render it again") from error


def load(entry: Entry, views: Sequence[int] | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray, str]:
    """Read one object, or some of its views.

    Returns:
        rgba (V, S, S, 4) uint8, c2w (V, 4, 4) float32, fovy_deg (V,) float32, caption.

    Raises:
        DataError: files are missing, broken or do not fit together.
    """
    chosen = list(range(entry.num_views)) if views is None else list(views)
    try:
        if entry.spans is None:
            meta = _parse_meta((entry.path / "meta.json").read_bytes(), entry.path)
            pictures = [(entry.path / f"{index:03d}.png").read_bytes() for index in chosen]
        else:
            with entry.path.open("rb") as shard:
                meta = _parse_meta(_read_span(shard, entry.meta_span), entry.path)
                pictures = [_read_span(shard, entry.spans[index]) for index in chosen]
        rgba = np.stack([np.asarray(Image.open(io.BytesIO(picture)).convert("RGBA")) for picture in pictures])
        c2w = np.asarray(meta["c2w"], np.float32)[chosen]
        fovy_deg = np.broadcast_to(np.asarray(meta["fovy_deg"], np.float32), len(meta["c2w"]))[chosen]
    except (OSError, IndexError, ValueError) as error:
        raise DataError(f"{entry.path}: object {entry.id} cannot be read ({error}); render it again") from error
    return rgba, c2w, fovy_deg, meta.get("caption", "")


def load_points(entry: Entry) -> Points:
    """The points of an object.

    Raises:
        DataError: its set was rendered without, or the file is broken.
    """
    try:
        if entry.spans is None:
            content = (entry.path / POINTS_FILE).read_bytes()
        elif entry.points_span is None:
            raise FileNotFoundError(POINTS_FILE)
        else:
            with entry.path.open("rb") as shard:
                content = _read_span(shard, entry.points_span)
        table = np.load(io.BytesIO(content))
        return Points(table[:, :3], table[:, 3], table[:, 4:7])
    except FileNotFoundError as error:
        raise DataError(
            f"{entry.path}: holds no points; render the set again with --set data.points=6144, in another folder"
        ) from error
    except (OSError, ValueError, IndexError) as error:
        raise DataError(f"{entry.path}: points of {entry.id} cannot be read ({error}); render it again") from error


def _read_span(file, span: tuple[int, int]) -> bytes:
    file.seek(span[0])
    return file.read(span[1])


def _parse_meta(content: bytes, path: Path) -> dict:
    try:
        meta = json.loads(content)
        if np.shape(meta["c2w"])[1:] != (4, 4) or "fovy_deg" not in meta:
            raise ValueError("c2w must be a list of 4x4 matrices, with fovy_deg beside it")
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: broken meta data ({error}); render the object again") from error
    return meta


def _scan(path: Path) -> list[dict]:
    """The objects of a shard with the places of their members; objects without pictures or meta data are left out."""
    found: dict[str, dict] = {}
    try:
        with tarfile.open(path, "r:") as tar, path.open("rb") as raw:
            for member in tar:
                object_id, _, name = member.name.partition(".")
                item = found.setdefault(object_id, {"id": object_id, "caption": "", "meta": None, "views": {}})
                span = (member.offset_data, member.size)
                if name.endswith("json"):
                    item["meta"] = span
                    item["caption"] = _parse_meta(_read_span(raw, span), path).get("caption", "")
                elif name == POINTS_FILE:
                    item["points"] = span
                elif name.endswith(".png"):
                    item["views"][name] = span
    except (tarfile.TarError, OSError) as error:
        raise DataError(f"{path}: broken shard ({error}); delete it and render again") from error
    whole = [item for item in found.values() if item["meta"] and item["views"]]
    return [{**item, "views": [item["views"][name] for name in sorted(item["views"])]} for item in whole]
