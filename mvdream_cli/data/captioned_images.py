"""Captioned pictures for the 2D mode: folders of files, and tar shards as img2dataset writes them (MVDream, section 4.1).

Two forms, read alike and mixed freely, below any number of folders:
    files   PICTURE.jpg with PICTURE.txt beside it, or PICTURE.json that has a "caption"
    shards  NAME.tar with members KEY.jpg, KEY.txt, KEY.json (WebDataset)
A text file comes before a JSON file. Pictures without a caption, and captions whose picture could not be fetched, are left out.
"""

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from mvdream_cli.data.pictures import read_picture
from mvdream_cli.data.tar_files import files_in_tar
from mvdream_cli.doors import open_file, parse_json, read_bytes, reason
from mvdream_cli.errors import DataError
from mvdream_cli.hashes import checksum
from mvdream_cli.images import MOST_BYTES, open_picture
from mvdream_cli.texts import caption_of

PICTURES = (".jpg", ".jpeg", ".png", ".webp")
Span = tuple[int, int]  # offset and size in a shard


@dataclass(frozen=True)
class Picture:
    """Where one captioned picture lies: a file, or `span` of a shard at `path`."""

    id: str
    caption: str
    path: Path
    span: Span | None = None


def index_images(root: Path | str) -> tuple[list[Picture], list[str]]:
    """All captioned pictures of a folder in a stable order, and a sentence for each that is left out.

    Raises:
        DataError: no such folder, a shard that is cut short, or no captioned picture that can be opened.
    """
    root = Path(root)
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; give a folder of captioned pictures, or of img2dataset's shards")
    found: list[Picture] = []
    left_out: list[str] = []
    for folder in [root, *sorted(path for path in root.rglob("*") if path.is_dir())]:
        files = {path.name: path for path in sorted(folder.iterdir()) if path.is_file() and not path.name.startswith(".")}
        _collect(folder, files, read_bytes, lambda name, path: (path, None), found, left_out)
        for path in [path for path in files.values() if path.suffix == ".tar"]:
            _collect_shard(path, found, left_out)
    usable = next((picture for picture in found if _opens(picture)), None)
    if usable is None:
        why = f"; the first that is left out: {left_out[0]}" if left_out else ""
        raise DataError(
            f"{root}: holds neither a multi-view set nor captioned pictures that can be opened ({len(found)} with a caption, "
            f"{len(left_out)} left out{why}); give each picture a text file of its name, or img2dataset's shards"
        )
    return found, left_out


def images_identity(pictures: Sequence[Picture]) -> str:
    """sha256 hex over the pictures and captions, contents included, in their order; where they lie does not matter."""
    digest, shards = hashlib.sha256(), {}
    for picture in pictures:
        if picture.path not in shards or picture.span is None:
            shards[picture.path] = checksum(picture.path)
        digest.update(repr((picture.id, picture.caption, picture.span, shards[picture.path])).encode())
    return digest.hexdigest()


def load_picture(picture: Picture, size_px: int) -> tuple[np.ndarray, None]:
    """One picture as a single view: (1, size_px, size_px, 4) uint8, the middle square of it, and no camera.

    Raises:
        DataError: it cannot be read.
    """
    try:
        rgba, _ = read_picture(Path(picture.id), io.BytesIO(_content(picture)))
    except (OSError, DataError) as error:
        raise DataError(f"{picture.path}: picture {picture.id} cannot be read ({reason(error)})") from error
    side = min(rgba.size)
    left, top = (rgba.width - side) // 2, (rgba.height - side) // 2
    square = rgba.crop((left, top, left + side, top + side)).resize((size_px, size_px), Image.LANCZOS)
    return np.asarray(square)[None], None


def _collect_shard(path: Path, found: list[Picture], left_out: list[str]) -> None:
    try:
        spans = dict(files_in_tar(path))
        with open_file(path) as raw:

            def read(span: Span) -> bytes:
                raw.seek(span[0])
                return raw.read(span[1])

            _collect(path, spans, read, lambda name, span: (path, span), found, left_out)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: broken shard ({error}); get it again") from error


def _collect(
    where: Path,
    members: dict,
    read: Callable[..., bytes],
    place: Callable[..., tuple],
    found: list[Picture],
    left_out: list[str],
) -> None:
    """Sort members, by name, into pictures with captions and what is left out."""
    groups: dict[str, dict[str, str]] = {}
    for name in members:
        stem, dot, suffix = name.rpartition(".")
        groups.setdefault(stem, {})[dot + suffix.lower()] = name
    for key, names in groups.items():
        picture = next((names[suffix] for suffix in PICTURES if suffix in names), None)
        if picture is None:
            if ".txt" in names and ".json" in names:  # img2dataset keeps the texts of what it could not fetch
                left_out.append(f"{where}: {key} has no picture")
            continue
        caption = caption_of(read(members[names[".txt"]])) if ".txt" in names else ""
        if not caption and ".json" in names:
            try:
                caption = " ".join(str(parse_json(caption_of(read(members[names[".json"]]))).get("caption") or "").split())
            except (ValueError, AttributeError):
                caption = ""
        if not caption:
            left_out.append(f"{where}: {picture} has no caption")
            continue
        path, span = place(picture, members[picture])
        found.append(Picture(key, caption, path, span))


def _content(picture: Picture) -> bytes:
    if picture.span is None:
        return read_bytes(picture.path, MOST_BYTES)
    with open_file(picture.path) as shard:
        shard.seek(picture.span[0])
        return shard.read(picture.span[1])


def _opens(picture: Picture) -> bool:
    try:
        with open_picture(io.BytesIO(_content(picture))) as image:
            return min(image.size) > 0
    except (OSError, ValueError):
        return False
