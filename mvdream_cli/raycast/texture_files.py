"""Pictures of materials: decoded whatever they are, kept small, with their opacity where it is used."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from mvdream_cli.images import FORMATS, open_picture

MAX_TEXTURE_PX = 1024
TEXTURE_FORMATS = (*FORMATS, "DDS")


def decode_texture(content: bytes | Path, with_alpha: bool = False) -> np.ndarray:
    """uint8 (h, w, 3), or (h, w, 4) straight alpha; sides of at most `MAX_TEXTURE_PX`.

    Raises:
        ValueError: it cannot be decoded; one short reason.
    """
    formats = TEXTURE_FORMATS
    if isinstance(content, Path) and content.suffix.lower() == ".tga":  # whose contents look like anything: by its name only
        formats = ("TGA", *formats)
    with open_picture(content if isinstance(content, Path) else io.BytesIO(content), formats) as image:
        if image.mode.startswith(("I", "F")):  # 16 bits a channel
            values = np.asarray(image, np.float64)
            image = Image.fromarray((values / max(float(values.max()), 1.0) * 255).astype(np.uint8))
        rgba = image.convert("RGBA")  # for RGB too: palettes with transparency
    if 0 in rgba.size:
        raise ValueError("it has no pixels")
    if max(rgba.size) > MAX_TEXTURE_PX:
        factor = -(-max(rgba.size) // MAX_TEXTURE_PX)
        rgba = rgba.convert("RGBa").reduce(factor).convert("RGBA") if with_alpha else rgba.convert("RGB").reduce(factor)
    return np.asarray(rgba if with_alpha else rgba.convert("RGB"))
