"""How training views are drawn: the cameras of an object, and one random stream for each object."""

import hashlib
from dataclasses import dataclass

import numpy as np

from mvdream_cli.cameras import orbit

BORDER = 0.02  # of a picture's side, that an object keeps clear of


@dataclass(frozen=True)
class CameraDistribution:
    """Ranges from which the cameras of an object are drawn, uniformly; the defaults are the paper's.

    fovy_deg: vertical field of view. elevation_deg: above the horizon. distance_scale: distance times 2 tan(fov / 2), for an
    object in [-0.5, 0.5]^3. An object that would touch the picture's border is seen from farther away (`whole_distance`).
    """

    fovy_deg: tuple[float, float] = (15.0, 60.0)
    elevation_deg: tuple[float, float] = (0.0, 30.0)
    distance_scale: tuple[float, float] = (0.9, 1.1)


def object_rng(seed: int, object_id: str) -> np.random.Generator:
    """The random stream of one object: a function of the seed and its id, whatever is rendered before it."""
    digest = hashlib.sha256(object_id.encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "little")])


def draw_training_cameras(
    rng: np.random.Generator, num_views: int, law: CameraDistribution = CameraDistribution()
) -> tuple[np.ndarray, float, float, float]:
    """One draw of training cameras for an object in [-0.5, 0.5]^3 (MVDream, appendix on the data).

    Distance 0.5 / tan(fov / 2) * U(distance_scale): the object is about as large in every picture. Azimuths are evenly
    spaced from 0, so that with a multiple of four views the front (90) is one of them.

    Returns:
        azimuth_deg (V,) float32, then elevation_deg, fovy_deg and distance, shared by all views.
    """
    fovy_deg = rng.uniform(*law.fovy_deg)
    elevation_deg = rng.uniform(*law.elevation_deg)
    distance = 0.5 / np.tan(np.deg2rad(fovy_deg) / 2) * rng.uniform(*law.distance_scale)
    azimuth_deg = np.arange(num_views, dtype=np.float32) * (360.0 / num_views)
    return azimuth_deg, float(elevation_deg), float(fovy_deg), float(distance)


def whole_distance(vertices: np.ndarray, azimuth_deg: np.ndarray, elevation_deg: float, fovy_deg: float) -> float:
    """The smallest distance from which every view shows the whole object, with `BORDER` to spare.

    A point p is inside the picture where |right . p| and |up . p| are at most tan(fov / 2) (distance - backward . p).

    Args:
        vertices: (N, 3), of an object in [-0.5, 0.5]^3.
        azimuth_deg: (V,).
    """
    c2w = orbit(azimuth_deg, elevation_deg).numpy().astype(np.float64)  # (V, 4, 4)
    right, up, backward = np.moveaxis(vertices @ c2w[:, :3, :3], -1, 0)  # (V, N) each
    slope = np.tan(np.deg2rad(fovy_deg) / 2) * (1 - 2 * BORDER)
    return float((backward + np.maximum(np.abs(right), np.abs(up)) / slope).max())
