"""Images: load, save, tile. Arrays are (H, W, 3 or 4), channels last; float in [0, 1] or uint8; sRGB."""

from pathlib import Path

import numpy as np
from PIL import Image

from mvdream_cli.atomic import written_whole

# What Pillow may open here. Its other readers are for files that nobody means, and the one for EPS starts Ghostscript.
FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "BMP", "DIB", "TIFF", "GIF", "AVIF")
MOST_PIXELS = 120_000_000  # of one picture: what a small machine can still hold decoded


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


def open_picture(source, formats: tuple[str, ...] = FORMATS) -> Image.Image:
    """Pillow's picture of a path or an open file, by its contents; not yet decoded. Close it, or use it in a `with`.

    Raises:
        OSError: cannot be read, or none of `formats`. ValueError: more than `MOST_PIXELS`, told before they are decoded.
    """
    Image.init()
    image = Image.open(source, formats=[name for name in formats if name in Image.OPEN])
    if image.width * image.height > MOST_PIXELS:
        size = f"{image.width} x {image.height}"
        image.close()
        raise ValueError(f"{size} pixels are more than {MOST_PIXELS // 10**6} million; make the picture smaller")
    return image


def load_image(path: Path | str) -> np.ndarray:
    """uint8 (H, W, 4), EXIF rotation applied."""
    from PIL import ImageOps

    with open_picture(path) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGBA"))


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
