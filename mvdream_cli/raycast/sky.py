"""Where light comes from all around: skies that are drawn, and panoramas of files; maps of `environment`.

A drawn sky goes from one color at the zenith to another at the horizon, has a sun that is small and hard or wide and soft, and
stands over an even ground.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from mvdream_cli.doors import door, read_bytes
from mvdream_cli.errors import DataError
from mvdream_cli.raycast.environment import HEIGHT, WIDTH, directions, solid_angles

PANORAMAS = (".hdr", ".exr")
_MOST_FILE_BYTES = 1 << 30
_MOST_PIXELS = 1 << 28
# linear colors of equal brightness, about: a clear sky, haze, a warm horizon, a studio
_ZENITHS = np.array([[0.65, 0.95, 1.75], [0.90, 1.00, 1.15], [0.85, 0.98, 1.30], [1.0, 1.0, 1.0]])
_HORIZONS = np.array([[0.95, 1.00, 1.10], [1.00, 1.00, 1.00], [1.35, 1.00, 0.62], [1.0, 1.0, 1.0]])
_SUNS = np.array([[1.15, 1.00, 0.80], [1.05, 1.00, 0.92], [1.50, 0.95, 0.50], [1.0, 1.0, 1.0]])


def draw_sky(rng: np.random.Generator) -> np.ndarray:
    """Radiance (H, W, 3) of a sky, its scale without meaning."""
    kind = int(rng.integers(len(_ZENITHS)))
    steepness = rng.uniform(0.3, 1.2)
    ground = rng.uniform(0.2, 0.7) * (1 + rng.uniform(-0.12, 0.12, 3))
    horizon = _HORIZONS[kind] * rng.uniform(0.9, 1.6)
    azimuth, elevation = rng.uniform(0, 2 * np.pi), np.deg2rad(rng.uniform(15, 75))
    radius = np.deg2rad(np.exp(rng.uniform(np.log(2.0), np.log(25.0))))  # half the angle of the disc
    share = rng.uniform(0.15, 0.55)  # of all light that comes down, that comes from the sun
    sun = np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)
    return sky(_ZENITHS[kind], horizon, steepness, ground, sun, radius, share, _SUNS[kind])


def sky(
    zenith: np.ndarray, horizon: np.ndarray, steepness: float, ground: np.ndarray, sun: tuple, radius: float, share: float,
    sun_color: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """A map (H, W, 3) of `radiance`, and a sun in it.

    Args:
        zenith, horizon, ground, sun_color: (3,), linear. sun: unit vector towards it. radius: half its angle, radians.
        share: of what falls on a level surface, that comes from the sun.
    """
    toward = directions()
    height = toward[..., 2]
    up = np.clip(height, 0.0, 1.0)[..., None] ** steepness
    result = np.where(height[..., None] > 0, zenith * up + horizon * (1 - up), ground)
    # a soft edge of a cell, so that the disc does not jump from cell to cell
    beside = np.arccos(np.clip(toward @ np.array(sun), -1.0, 1.0))
    disc = np.clip((radius - beside) / (np.pi / HEIGHT) + 0.5, 0.0, 1.0) * (height > 0)
    falls = solid_angles() * np.maximum(height, 0.0)
    strength = share / (1 - share) * (result.mean(-1) * falls).sum() / max((disc * falls).sum(), 1e-6)
    return result + strength * disc[..., None] * sun_color


def read_panorama(path: Path) -> np.ndarray:
    """Radiance (H, W, 3) of a file that shows all directions (equirectangular), the horizon in the middle.

    Raises:
        DataError: it cannot be read, or what it says is no light.
    """
    with door(path, DataError, "give panoramas as .hdr (Radiance) or .exr files", RuntimeError, KeyError):
        pixels = _read_exr(path) if path.suffix.lower() == ".exr" else read_hdr(read_bytes(path, _MOST_FILE_BYTES))
        pixels = np.asarray(pixels, np.float32)[..., :3]
        if not np.isfinite(pixels).all() or (pixels < 0).any() or not pixels.any():
            raise ValueError("it holds numbers that are no light")
        channels = [Image.fromarray(np.ascontiguousarray(pixels[..., k])).resize((WIDTH, HEIGHT), Image.BOX) for k in range(3)]
        return np.stack([np.asarray(channel) for channel in channels], -1)[:, ::-1]  # columns go counter-clockwise


def read_hdr(content: bytes) -> np.ndarray:
    """Pixels (h, w, 3) float32 of a Radiance picture (.hdr), plain or run-length encoded.

    Raises:
        ValueError: it is no such picture, or cut short.
    """
    head, _, rest = content.partition(b"\n\n")
    size, _, data = rest.partition(b"\n")
    words = size.split()
    if not head.startswith(b"#?") or len(words) != 4 or words[0] != b"-Y" or words[2] != b"+X":
        raise ValueError("it is no Radiance picture with rows from the top")
    height, width = int(words[1]), int(words[3])
    if not 0 < height * width <= _MOST_PIXELS:
        raise ValueError(f"it says that it has {width} x {height} pixels")
    rgbe = np.empty((height, width, 4), np.uint8)
    if not 8 <= width < 32768 or data[:2] != b"\x02\x02":
        if len(data) < height * width * 4:
            raise ValueError("it is cut short")
        rgbe[:] = np.frombuffer(data, np.uint8, height * width * 4).reshape(rgbe.shape)
    else:
        position = 0
        for row in rgbe:
            if data[position : position + 4] != bytes([2, 2, width >> 8, width & 255]):
                raise ValueError("it is cut short, or its rows are mixed")
            position += 4
            for channel in range(4):
                position = _read_runs(data, position, row[:, channel])
    scale = np.ldexp(np.float32(1.0), rgbe[..., 3:].astype(np.int32) - 136)
    return np.where(rgbe[..., 3:] > 0, rgbe[..., :3] * scale, np.float32(0.0)).astype(np.float32)


def _read_runs(data: bytes, position: int, out: np.ndarray) -> int:
    """Fill one channel of a row; where the next one begins."""
    done = 0
    while done < len(out):
        if position + 1 >= len(data):
            raise ValueError("it is cut short")
        count = data[position]
        if count > 128:
            count -= 128
            out[done : done + count] = data[position + 1]
            position += 2
        else:
            given = data[position + 1 : position + 1 + count]
            position += 1 + count
            if len(given) < count:
                raise ValueError("it is cut short")
            out[done : done + count] = np.frombuffer(given, np.uint8)[: len(out) - done]
        if not count or done + count > len(out):
            raise ValueError("a run is longer than its row")
        done += count
    return position


def _read_exr(path: Path) -> np.ndarray:
    try:
        import OpenEXR
    except ImportError:
        raise DataError(f"{path}: .exr files need OpenEXR; pip install OpenEXR, or give .hdr files") from None
    with OpenEXR.File(str(path)) as file:
        channels = file.channels()
        if "RGB" in channels or "RGBA" in channels:
            return channels["RGB" if "RGB" in channels else "RGBA"].pixels
        return np.stack([channels[name].pixels for name in "RGB"], -1)
