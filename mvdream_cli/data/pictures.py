"""Pictures of people's cameras and programs: the first of several, upright, in sRGB, with 8 bits a channel."""

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from mvdream_cli.doors import door
from mvdream_cli.errors import DataError
from mvdream_cli.images import open_picture, upright

MOST_PROFILE_BYTES = 1 << 22  # those of printers have two million
_SEVERAL = ("MPO", "TIFF")  # whose further pictures are previews, the other eye, or pages; of other formats, frames
_DEEP = {1023: "10", 4095: "12"}  # brightest value -> bits that some cameras put into 16


def read_picture(path: Path, source=None) -> tuple[Image.Image, list[str]]:
    """The picture as RGBA, and a sentence for each thing about it that one should know.

    Args:
        path: its name in sentences, and the file if `source` is None. source: an open file.

    Raises:
        DataError: it cannot be read, is of a kind that is not meant, or an animation; one sentence that begins with its name.
    """
    notes: list[str] = []
    with door(path.name, DataError, "save it again, as PNG or JPEG"), open_picture(path if source is None else source) as image:
        if image.format not in _SEVERAL and getattr(image, "is_animated", False):
            raise DataError(f"{path.name}: an animation, not a photograph; save one frame of it")
        image.seek(0)
        profile = image.info.get("icc_profile")
        image = upright(image)
        if image.mode.startswith(("I", "F")):
            return _eight_bits(image, path.name, notes).convert("RGBA"), notes
        return _in_srgb(image, profile, path.name, notes), notes


def _in_srgb(image: Image.Image, profile: bytes | None, name: str, notes: list[str]) -> Image.Image:
    """RGBA with the colors that the embedded ICC profile means."""
    if image.mode in ("P", "1", "PA"):
        image = image.convert("RGBA" if "transparency" in image.info or image.mode == "PA" else "RGB")
    if profile and len(profile) > MOST_PROFILE_BYTES:
        notes.append(f"{name}: its color profile has {len(profile)} bytes and is not used; its colors are taken as sRGB")
    elif profile:
        alpha = image.getchannel("A") if "A" in image.getbands() else None
        colors = image.convert(image.mode.removesuffix("A")) if alpha else image
        try:
            embedded = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            srgb = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(
                colors, embedded, srgb, renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC, outputMode="RGB"
            )
            if alpha:
                converted.putalpha(alpha)
            return converted.convert("RGBA")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            notes.append(f"{name}: its color profile cannot be used; its colors are taken as sRGB")
    return image.convert("RGB").convert("RGBA") if image.mode == "CMYK" else image.convert("RGBA")


def _eight_bits(image: Image.Image, name: str, notes: list[str]) -> Image.Image:
    """A gray picture of 16 bits, or of numbers up to 1 or 255, as 8 bits."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float32))
    brightest = float(values.max(initial=0.0))
    top = 65535.0 if brightest > 255 else 255.0
    if image.mode.startswith("F") and brightest <= 1.0:
        top = 1.0
    elif 255 < brightest <= 4095:
        top = 1023.0 if brightest <= 1023 else 4095.0
        bits = _DEEP[int(top)]
        notes.append(f"{name}: nothing in it is brighter than {brightest:.0f} of 65535; it is taken as {bits} bits in 16")
    return Image.fromarray((values.clip(0, None) * (255 / max(brightest, top))).astype(np.uint8))
