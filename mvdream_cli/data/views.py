"""Multi-view sets on disk: each object is a few RGBA pictures, their cameras and a caption.

Two forms, read alike and mixed freely:
    folders  DIR/ID/{000.png, 001.png, ..., meta.json}
    shards   DIR/views-000000.tar, WebDataset members ID.000.png ... ID.json, and beside it views-000000.json, an index
             that only saves time: a shard without it (or changed since) is scanned. It also holds the shard's checksum.
Where a set was rendered with points, ID.points.npy (points.npy in a folder) holds (P, 7) float16: x, y, z, distance, color.
The meta file holds id, caption, c2w (V, 4, 4; OpenGL axes), fovy_deg, elevation_deg, azimuth_deg (V each), size_px and,
where known, source, licence, losses (what of the asset could not be used) and the identity of what the object was made
from; "check" is the CRC-32 of the rest. Pictures are straight-alpha sRGB: PNG, or JPEG and WebP of sets made elsewhere.

An object that is not whole is left out by name: `index_views` sees what lacks pictures or meta data, `soundness` what is
broken inside, and what differs from the others.
"""

import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from mvdream_cli.atomic import written_whole
from mvdream_cli.data.object_index import Entry, ObjectIndex
from mvdream_cli.data.shards import (
    PICTURE,
    POINTS_FILE,
    SHARD_PATTERN,
    LeftOut,
    meta_check,
    parse_meta,
    read_shard_index,
    read_span,
    scan_shard,
    wrong_views,
)
from mvdream_cli.doors import MOST_JSON_BYTES, open_file, read_bytes, reason
from mvdream_cli.errors import DataError
from mvdream_cli.hashes import checksum
from mvdream_cli.images import MOST_BYTES, check_picture, open_picture
from mvdream_cli.raycast.points import Points

FORMATS = ("PNG", "JPEG", "MPO", "WEBP")


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
    meta = json.loads(json.dumps(meta))  # tuples become lists, as in the file
    files["json"] = json.dumps(meta | {"check": meta_check(meta)}, ensure_ascii=False).encode()
    return files


def write_object(root: Path | str, object_id: str, files: dict[str, bytes]) -> Path:
    """Write one object in the folder form: aside first, renamed when it is whole."""
    folder = Path(root) / object_id
    with written_whole(folder) as partial:
        partial.mkdir()
        for name, content in files.items():
            (partial / ("meta.json" if name == "json" else name)).write_bytes(content)
    return folder


def is_view_set(root: Path | str) -> bool:
    """Whether a folder holds shards or folders of a multi-view set."""
    return any(Path(root).glob(SHARD_PATTERN)) or any(Path(root).glob("*/meta.json"))


def index_views(root: Path | str, on_left_out: LeftOut | None = None) -> ObjectIndex:
    """All objects of a set in a stable order (shards first, then folders, by name).

    Args:
        on_left_out: called with the id of each object that has no usable meta data or not a picture for each camera, and why.

    Raises:
        DataError: no such folder, or no usable object in it.
    """
    root = Path(root)
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; give a multi-view set made by `mvdream data`")
    reasons = []

    def leave_out(object_id: str, reason: str) -> None:
        reasons.append(f"{object_id}: {reason}")
        if on_left_out:
            on_left_out(object_id, reason)

    entries = ObjectIndex(_entries(root, leave_out))
    if not entries and reasons:
        raise DataError(f"{root}: holds no object that can be used ({reasons[0]}); render it again")
    if not entries:
        raise DataError(f"{root}: neither shards ({SHARD_PATTERN}) nor folders with meta.json; not a multi-view set")
    return entries


def _entries(root: Path, leave_out: LeftOut) -> Iterator[Entry]:
    for shard in sorted(root.glob(SHARD_PATTERN)):
        index = read_shard_index(shard)
        try:
            objects = index["objects"] if index else scan_shard(shard, leave_out)
        except OSError as error:
            leave_out("a shard", f"{shard}: cannot be read ({error.strerror or error})")
            continue
        for found in objects:
            spans, meta, points = tuple(map(tuple, found["views"])), tuple(found["meta"]), found.get("points")
            yield Entry(
                found["id"], found["caption"], len(spans), shard, meta, spans, points_span=tuple(points) if points else None,
                size_px=tuple(found["size"]) if found.get("size") else None,
            )  # fmt: skip
    for meta_path in sorted(root.glob("*/meta.json")):
        if not meta_path.parent.name.startswith("."):
            try:
                yield _entry_of_folder(meta_path)
            except (DataError, OSError) as error:
                leave_out(meta_path.parent.name, str(error))


def _entry_of_folder(meta_path: Path) -> Entry:
    folder = meta_path.parent
    meta = parse_meta(read_bytes(meta_path, MOST_JSON_BYTES), meta_path)
    found = {int(match[1]): path.name for path in sorted(folder.iterdir()) if (match := PICTURE.fullmatch(path.name))}
    if reason := wrong_views(found, len(meta["c2w"])):
        raise DataError(reason)
    names = tuple(found[number] for number in sorted(found))
    return Entry(folder.name, meta.get("caption", ""), len(names), folder, names=names)


def object_files(folder: Path) -> list[bytes]:
    """The pictures of an object in the folder form, if its meta data and a picture for each camera are there.

    Raises:
        DataError: they are not. OSError: a file cannot be read.
    """
    entry = _entry_of_folder(folder / "meta.json")
    return read_files(entry, range(entry.num_views))[1]


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
            names = ["meta.json", *(entry.names or ())]
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
        meta, pictures = read_files(entry, chosen)
        if len(meta["c2w"]) != entry.num_views:
            raise ValueError(wrong_views(range(entry.num_views), len(meta["c2w"])))
        rgba = np.stack([_decoded(picture) for picture in pictures])
        c2w = np.asarray(meta["c2w"], np.float32)[chosen]
        fovy_deg = np.broadcast_to(np.asarray(meta["fovy_deg"], np.float32), len(meta["c2w"]))[chosen]
    except (DataError, OSError, IndexError, ValueError) as error:
        raise DataError(f"{entry.path}: object {entry.id} cannot be read ({reason(error)}); render it again") from error
    return rgba, c2w, fovy_deg, meta.get("caption", "")


def read_files(entry: Entry, views: Sequence[int]) -> tuple[dict, list[bytes]]:
    """The meta data and the files of some pictures."""
    if entry.spans is None:
        meta = parse_meta(read_bytes(entry.path / "meta.json", MOST_JSON_BYTES), entry.path)
        return meta, [read_bytes(entry.path / entry.names[index], MOST_BYTES) for index in views]
    with open_file(entry.path) as shard:
        meta = parse_meta(read_span(shard, entry.meta_span), entry.path)
        return meta, [read_span(shard, entry.spans[index]) for index in views]


def _decoded(picture: bytes) -> np.ndarray:
    check_picture(picture)
    with open_picture(io.BytesIO(picture), FORMATS) as image:
        return np.asarray(image.convert("RGBA"))


def load_points(entry: Entry) -> Points:
    """The points of an object.

    Raises:
        DataError: its set was rendered without, or the file is broken.
    """
    try:
        if entry.spans is None:
            content = read_bytes(entry.path / POINTS_FILE, MOST_BYTES)
        elif entry.points_span is None:
            raise FileNotFoundError(POINTS_FILE)
        else:
            with open_file(entry.path) as shard:
                content = read_span(shard, entry.points_span)
        table = _table(content)
        return Points(table[:, :3], table[:, 3], table[:, 4:7])
    except FileNotFoundError as error:
        raise DataError(
            f"{entry.path}: holds no points; render the set again with --set data.points=6144, in another folder"
        ) from error
    except (OSError, ValueError, IndexError) as error:
        raise DataError(f"{entry.path}: points of {entry.id} cannot be read ({reason(error)}); render it again") from error


def _table(content: bytes) -> np.ndarray:
    """The array of a NumPy file, as large as the file is: not as large as its header says."""
    file = io.BytesIO(content)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("it is of another version")
    try:
        shape, column_first, kind = np.lib.format.read_array_header_1_0(file)
    except Exception as error:  # NumPy parses the header as Python, which raises anything at all
        raise ValueError("its header cannot be read") from error
    if kind != np.float16 or column_first or len(shape) != 2 or shape[1] < 7:
        raise ValueError(f"it is {kind} of shape {shape}")
    return np.frombuffer(content, kind, offset=file.tell()).reshape(shape).copy()
