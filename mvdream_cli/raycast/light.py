"""The one soft light of all pictures. It belongs to the world and not to the camera, so that all views of an object agree.

Shades multiply sRGB values: with the display curve close to a power law this equals shading in linear light, and base colors
stay recognisable.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Light:
    """A bright sky, a ground that reflects a little, and one large soft lamp; factors of the base color.

    direction: unit vector towards the lamp, world axes. A surface that looks away from everything keeps `ground`.
    """

    direction: tuple[float, float, float] = (0.55, -0.45, 0.70)
    ground: float = 0.60
    sky: float = 0.14
    lamp: float = 0.32
    wrap: float = 0.5

    def lit(
        self, color: np.ndarray, normal: np.ndarray, scale: np.ndarray | float, away: np.ndarray, gloss: np.ndarray | None
    ) -> np.ndarray:
        """sRGB (R, 3) of base colors (R, 3), sRGB, on surfaces with normals as `shade` has them; all are matte here."""
        return color * shade(self, normal, scale).astype(color.dtype)[:, None]


def draw_light(rng: np.random.Generator) -> Light:
    """A lamp anywhere around the object, 25 to 65 degrees above the horizon, stronger or weaker."""
    azimuth, elevation = rng.uniform(0, 2 * np.pi), np.deg2rad(rng.uniform(25, 65))
    direction = np.cos(elevation) * np.sin(azimuth), -np.cos(elevation) * np.cos(azimuth), np.sin(elevation)
    lamp = rng.uniform(0.24, 0.36)
    wrap = rng.uniform(0.3, 0.7)
    return Light(tuple(float(x) for x in direction), ground=0.92 - lamp, sky=0.14, lamp=lamp, wrap=wrap)


def shade(light: Light, normal: np.ndarray, scale: np.ndarray | float = 1.0) -> np.ndarray:
    """How bright surfaces with normals (R, 3) times scale (R,), of unit length, are in a light; (R,)."""
    lamp_x, lamp_y, lamp_z = light.direction
    toward = normal[:, 0] * lamp_x + normal[:, 1] * lamp_y + normal[:, 2] * lamp_z
    toward = (toward * scale + light.wrap) / (1.0 + light.wrap)
    return light.ground + light.sky * (0.5 + 0.5 * normal[:, 2] * scale) + light.lamp * np.clip(toward, 0.0, 1.0)
