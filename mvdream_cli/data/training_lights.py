"""How training views are lit: a soft lamp, or light from all around, drawn for each object."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mvdream_cli.errors import DataError
from mvdream_cli.raycast.environment import Environment
from mvdream_cli.raycast.light import Light, draw_light
from mvdream_cli.raycast.sky import PANORAMAS, draw_sky, read_panorama

EXPOSURE = (0.6, 0.9)  # of a white matte ball, on average


@dataclass(frozen=True)
class LightDistribution:
    """environment: how often light comes from all around, and not from a lamp under a bright sky.

    panoramas: maps (H, W, 3) of which each is taken as often, turned at random; none: skies that are drawn.
    """

    environment: float = 0.0
    panoramas: tuple[np.ndarray, ...] = field(default=(), repr=False)

    def described(self) -> dict:
        """What decides the light of an object; empty where there are lamps only, as it was before there was anything else."""
        if not self.environment:
            return {}
        contents = hashlib.sha256(b"".join(panorama.tobytes() for panorama in self.panoramas)).hexdigest()
        return {"environment": self.environment, "panoramas": contents if self.panoramas else ""}


def draw_training_light(rng: np.random.Generator, law: LightDistribution = LightDistribution()) -> Light | Environment:
    """The light of one object."""
    if not law.environment or rng.random() >= law.environment:
        return draw_light(rng)
    if law.panoramas:
        radiance = np.roll(law.panoramas[int(rng.integers(len(law.panoramas)))], int(rng.integers(1 << 16)), axis=1)
    else:
        radiance = draw_sky(rng)
    return Environment.of(radiance, rng.uniform(*EXPOSURE))


def read_panoramas(folder: Path) -> tuple[np.ndarray, ...]:
    """The panoramas of a folder, by name.

    Raises:
        DataError: there are none, or one cannot be read.
    """
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in PANORAMAS) if folder.is_dir() else []
    if not paths:
        raise DataError(f"{folder}: holds no panoramas ({', '.join(PANORAMAS)}); leave data.light.hdri empty for drawn skies")
    return tuple(read_panorama(path) for path in paths)
