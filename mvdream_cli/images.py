"""Images: load, save, tile. Arrays are (H, W, 3 or 4), channels last; float in [0, 1] or uint8; sRGB."""

import warnings
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from mvdream_cli.atomic import written_whole
from mvdream_cli.doors import door, open_file, read_bytes, reason
from mvdream_cli.errors import DataError, MVDreamError

# What Pillow may open here. Its other readers are for files that nobody means, and the one for EPS starts Ghostscript.
FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "BMP", "DIB", "TIFF", "GIF", "AVIF")
MOST_PIXELS = 40_000_000  # of one picture: decoded, turned and converted it takes some sixteen bytes a pixel
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_BYTES = 1 << 29  # of its file
Image.MAX_IMAGE_PIXELS = 4 * MOST_PIXELS  # of a JPEG, which can be decoded at half of its size
warnings.filterwarnings("ignore", module=r"PIL\.")  # its remarks on broken files; what matters is raised
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


def to_uint8(image) -> np.ndarray:
    """Float array or tensor in [0, 1], any shape, to uint8 by rounding; uint8 passes through."""
    array = image.detach().cpu().float().numpy() if hasattr(image, "detach") else np.asarray(image)
    if array.dtype == np.uint8:
        return array
    return (np.clip(array, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


def save_image(path: Path | str, image) -> Path:
    """Write one image under its final name only when it is whole (a temporary file beside it, renamed last)."""
    path = Path(path)
    with written_whole(path) as partial:
        Image.fromarray(to_uint8(image)).save(partial)
    return path


@contextmanager
def open_picture(source: Path | str | BinaryIO, formats: tuple[str, ...] = FORMATS) -> Iterator[Image.Image]:
    """Pillow's picture of a file, by its contents; decoded when its pixels are first asked for, which belongs into the `with`.

    A JPEG that is too large is decoded at half of its size, as its format allows.

    Raises:
        ValueError: no file, none of `formats`, broken, or more than `MOST_PIXELS`, told before they are decoded; in short.
    """
    Image.init()
    with ExitStack() as opened:
        try:
            file = opened.enter_context(open_file(source, MOST_BYTES)) if isinstance(source, (str, Path)) else source
            image = opened.enter_context(Image.open(file, formats=[name for name in formats if name in Image.OPEN]))
            too_large = image.width * image.height > MOST_PIXELS
            if too_large and image.format in ("JPEG", "MPO") and "progressive" not in image.info:  # which is held whole
                image.draft(None, (max(1, image.width // 2), max(1, image.height // 2)))
            if image.width * image.height > MOST_PIXELS:
                size = f"{image.width} x {image.height}"
                raise ValueError(f"{size} pixels are more than {MOST_PIXELS // 10**6} million; make the picture smaller")
            yield image
        except MVDreamError:
            raise
        except UnidentifiedImageError as error:  # its words hold an address in memory
            raise ValueError("no picture of a kind that is read") from error
        except Exception as error:  # a broken picture makes Pillow raise anything at all
            raise ValueError(reason(error)) from error


def upright(image: Image.Image) -> Image.Image:
    """The picture itself, turned as its EXIF says; as it is where that cannot be read."""
    image.load()
    with suppress(Exception):  # broken EXIF makes Pillow raise anything at all, and the picture is there without
        ImageOps.exif_transpose(image, in_place=True)
    return image


def check_picture(content: bytes) -> None:
    """Compare the chunks of a PNG with their checksums, which decoders do not; other pictures have none.

    Raises:
        ValueError: a chunk is not what was written, or the end is missing.
    """
    if not content.startswith(PNG_SIGNATURE):
        return
    position, name = 8, b""
    while name != b"IEND":
        length, name = int.from_bytes(content[position : position + 4], "big"), content[position + 4 : position + 8]
        end = position + 12 + length
        if end > len(content):
            raise ValueError("a picture is cut short")
        if zlib.crc32(content[position + 4 : end - 4]) != int.from_bytes(content[end - 4 : end], "big"):
            raise ValueError("a picture is not what was written")
        position = end


def is_whole(path: Path) -> bool:
    """Whether a PNG is there as it was written, by the checksums in it: what a cache holds is made again if not."""
    try:
        content = read_bytes(path, MOST_BYTES)
        check_picture(content)
    except (OSError, ValueError):
        return False
    return content.startswith(PNG_SIGNATURE)


def load_image(path: Path | str) -> np.ndarray:
    """uint8 (H, W, 4), EXIF rotation applied.

    Raises:
        DataError: it cannot be read.
    """
    with door(path, DataError, "save it again, as PNG or JPEG"), open_picture(path) as image:
        return np.asarray(upright(image).convert("RGBA"))


def composite(rgba: np.ndarray, background: float | np.ndarray) -> np.ndarray:
    """Straight-alpha RGBA uint8 (..., H, W, 4) over a color in [0, 1] (broadcast against (..., 3)); float32 (..., H, W, 3)."""
    rgba = rgba.astype(np.float32) / 255.0
    alpha = rgba[..., 3:]
    return rgba[..., :3] * alpha + np.asarray(background, np.float32) * (1.0 - alpha)


def grid(images, columns: int) -> np.ndarray:
    """Tile (N, H, W, C) images row by row into one uint8 sheet; missing last cells are white."""
    images = to_uint8(images)
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    sheet = np.full((rows * columns, height, width, channels), 255, np.uint8)
    sheet[:count] = images
    return (
        sheet.reshape(rows, columns, height, width, channels).swapaxes(1, 2).reshape(rows * height, columns * width, channels)
    )


def read_tiles(path: Path | str, columns: int, size_px: int) -> np.ndarray:
    """The square tiles of a sheet written by `grid`, scaled; uint8 (N, size_px, size_px, 3)."""
    image = Image.fromarray(load_image(path)[..., :3])
    rows = round(image.height * columns / image.width)
    sheet = np.asarray(image.resize((columns * size_px, rows * size_px), Image.LANCZOS))
    return sheet.reshape(rows, size_px, columns, size_px, 3).swapaxes(1, 2).reshape(-1, size_px, size_px, 3)
