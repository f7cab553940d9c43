"""A handful of photographs of one subject, made square for training."""

import hashlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from mvdream_cli.data.pictures import read_picture
from mvdream_cli.errors import DataError
from mvdream_cli.hashes import checksum
from mvdream_cli.images import composite
from mvdream_cli.texts import read_caption

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".heic", ".heif", ".avif")
MOST_PHOTOGRAPHS = 200
SUBJECT_MARGIN = 0.1  # around what alpha says is the subject, as a share of its longer side
SMALLEST_PX = 8  # of a side: less is a tracking pixel or a broken export
STRIP = 4  # sides in a larger ratio than this make a strip
MASK = ".mask.png"  # beside x.jpg, x.mask.png is white where the subject is


def load_photographs(folder: Path, size_px: int, background: float) -> tuple[torch.Tensor, list[str | None], list[str]]:
    """Photographs of a folder: turned upright, cropped to a square around the subject or the centre, scaled.

    The subject is what alpha, or the mask `NAME.mask.png` beside NAME.jpg, says; what is around it is taken away.

    Args:
        background: gray in [0, 1] behind what is transparent or masked.

    Returns:
        (N, size_px, size_px, 3) in [0, 1], sRGB; the caption of each (a text file beside it) or None; a sentence for each file
        that was passed over, and for what one should know of the others.

    Raises:
        DataError: no folder, no photograph that can be read, or more than a handful.
    """
    paths = photograph_files(folder)
    images, captions, passed_over = [], [], _in_subfolders(folder)
    for path in paths:
        try:
            image, mask = _open(path, passed_over), path.with_suffix(MASK)
            if mask.is_file():
                image.putalpha(_open(mask, passed_over).convert("L").resize(image.size))
            images.append(_square(image, size_px, background))
        except DataError as error:
            passed_over.append(str(error))
            continue
        if max(image.size) > STRIP * min(image.size) and image.getchannel("A").getextrema()[0] == 255:
            passed_over.append(f"{path.name}: {image.width} x {image.height} is a strip, of which the middle square is learnt")
        text = path.with_suffix(".txt")
        captions.append(read_caption(text) or None if text.is_file() else None)
    if not images:
        raise DataError(f"{folder}: holds no photograph that can be read ({'; '.join(passed_over)}).")
    return torch.stack(images), captions, passed_over


def photograph_files(folder: Path) -> list[Path]:
    """The pictures of a folder by name, without masks.

    Raises:
        DataError: no folder, none in it, or more than a handful.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: is no folder; give --images a folder with 3 to 20 photographs of the subject.")
    pictures = (path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES)
    paths = [path for path in pictures if not path.name.endswith(MASK)]
    if not paths:
        below = "; ".join(_in_subfolders(folder)) or "it has no picture files"
        raise DataError(f"{folder}: holds no photograph that can be read ({below}).")
    if len(paths) > MOST_PHOTOGRAPHS:
        raise DataError(
            f"{folder}: holds {len(paths)} pictures and dreambooth wants 3 to 20 of one subject; take a handful, or use "
            "`mvdream train` for a whole set."
        )
    return paths


def _in_subfolders(folder: Path) -> list[str]:
    """A sentence if there are pictures in the folders below, which are not read."""
    below = [
        place.name
        for place in sorted(folder.iterdir())
        if place.is_dir() and not place.name.startswith(".") and any(p.suffix.lower() in SUFFIXES for p in place.iterdir())
    ]
    if not below:
        return []
    named = ", ".join(below[:5]) + (", ..." if len(below) > 5 else "")
    return [f"{folder}: pictures in its folders ({named}) are not read; put those that are meant into {folder} itself"]


def photographs_identity(folder: Path) -> str:
    """A short hash of the pictures, masks and captions in a folder, contents included. Raises as `photograph_files`."""
    photograph_files(folder)
    digest = hashlib.sha256()
    kinds = (*SUFFIXES, ".txt")
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in kinds and path.is_file():
            digest.update(path.name.encode() + bytes.fromhex(checksum(path)))
    return digest.hexdigest()[:16]


def _open(path: Path, notes: list[str]) -> Image.Image:
    """The picture, upright, as RGBA; raises DataError with one sentence."""
    if path.suffix.lower() in (".heic", ".heif"):
        raise DataError(f"{path.name}: HEIC is not read; save it as JPEG or PNG")
    image, found = read_picture(path)
    notes += found
    width, height = image.size
    if min(width, height) < SMALLEST_PX:
        raise DataError(f"{path.name}: has {width} x {height} pixels, which show nothing; take it away or give a larger one")
    return image


def _square(image: Image.Image, size_px: int, background: float) -> torch.Tensor:
    """A square around the opaque part with a margin, else the centre square; (size_px, size_px, 3)."""
    width, height = image.size
    box = image.getchannel("A").getbbox()
    if box and box != (0, 0, width, height):
        side = max(box[2] - box[0], box[3] - box[1]) * (1 + 2 * SUBJECT_MARGIN)
        centre = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    else:
        side, centre = min(width, height), (width / 2, height / 2)
    left, top = centre[0] - side / 2, centre[1] - side / 2
    corners = (left, top, left + side, top + side)
    rgba = image.crop(tuple(round(c) for c in corners)).resize((size_px, size_px), Image.LANCZOS)
    return torch.from_numpy(composite(np.asarray(rgba), background)).float()
