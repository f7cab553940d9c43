"""Light from all around: a map of radiance over the sphere, and what it does to surfaces that are rough, glossy or metallic.

Diffuse light by spherical harmonics of order 2 (Ramamoorthi and Hanrahan 2001), reflections by maps that are filtered once for
each roughness, as if seen head-on, times the response of the surface (the split sum of Karis 2013), and what is reflected
several times between facets (Fdez-Aguera 2019). Nothing throws a shadow. All numbers are linear; the picture is exposed, its
highlights are bent, and it becomes sRGB.

Letters in shapes: H rows and W columns of a map, K roughnesses, R places on surfaces. A map's row 0 is at the zenith (+z), its
columns go counter-clockwise from +x; places on it are the middles of its cells.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from mvdream_cli.raycast.mesh import MATTE
from mvdream_cli.raycast.paint import linear_to_srgb, srgb_to_linear

HEIGHT, WIDTH = 64, 128  # of a map: cells of 2.8 degrees
ROUGHNESS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)  # for which reflections are kept
REFLECTANCE = 0.04  # of what is no metal, head-on
_ANGLES = 33  # at which the response is kept
_SHOULDER = 0.8  # brighter light than this is bent below 1
_STEPS = 4096  # of the tables of curves
_MOST = 4.0  # what is brighter is as bright: the bent curve is at 1 there


@dataclass(frozen=True)
class Environment:
    """Light from all around, exposed.

    diffuse: (9, 3), harmonics of what a white matte surface sends back, by its normal. mirrored: (3, K, H, W) float32,
    reflections by their direction.
    """

    diffuse: np.ndarray
    mirrored: np.ndarray

    @staticmethod
    def of(radiance: np.ndarray, exposure: float) -> "Environment":
        """Of a map (H, W, 3), scaled so that a white matte ball is `exposure` bright on average."""
        weights = solid_angles()
        radiance = radiance * (exposure * 4 * np.pi / max(float((radiance.mean(-1) * weights).sum()), 1e-9))
        # the cosine lobe over pi is 1, 2/3, 1/4 by order
        lobe = np.repeat([1.0, 2 / 3, 1 / 4], [1, 3, 5])
        coefficients = np.einsum("khw,hwc,hw->kc", harmonics(np.moveaxis(directions(), -1, 0)), radiance, weights)
        turned = np.fft.rfft(radiance, axis=1).transpose(1, 0, 2).astype(np.complex64)  # (F, H, 3)
        mirrored = np.fft.irfft(np.matmul(_filters(), turned), n=WIDTH, axis=1).transpose(3, 0, 2, 1)
        return Environment((lobe[:, None] * coefficients).astype(np.float32), np.ascontiguousarray(mirrored, np.float32))

    def lit(
        self, color: np.ndarray, normal: np.ndarray, scale: np.ndarray | float, away: np.ndarray, gloss: np.ndarray | None
    ) -> np.ndarray:
        """sRGB (R, 3) of base colors (R, 3), sRGB.

        Args:
            normal: (R, 3); times scale (R,) it has unit length and faces the eye.
            away: (R, 3) from the eye to the place, of any length. gloss: (R, 2) roughness and metalness; None: `MATTE`.
        """
        normal, away, base = (np.ascontiguousarray(x.T, np.float32) for x in (normal, away, _linear(color)))  # (3, R) each
        normal *= np.asarray(scale, np.float32)
        away /= np.sqrt((away * away).sum(0))
        facing = (normal * away).sum(0)
        roughness, metal = gloss.T if gloss is not None else (np.full(len(facing), x, np.float32) for x in MATTE)
        level = np.searchsorted(_BETWEEN, roughness)
        head_on = base * metal + REFLECTANCE * (1 - metal)
        times, plus = response(level, np.clip(-facing, 0.0, 1.0))
        returned = head_on * times + plus
        light = base * (1 - metal) * (1 - returned) * self.scattered(normal)
        # what bounces between facets comes out too
        light += self.reflected(away - 2 * facing * normal, level) * returned * (1 + head_on * (1 / (times + plus) - 1))
        return _exposed(light.T)

    def scattered(self, normal: np.ndarray) -> np.ndarray:
        """What white matte surfaces send back, by their unit normals (3, R); (3, R)."""
        return np.maximum(self.diffuse.T @ harmonics(normal), 0.0)

    def reflected(self, direction: np.ndarray, level: np.ndarray) -> np.ndarray:
        """Filtered light (3, R) from unit directions (3, R), by the number of a roughness that is kept; bilinear."""
        row = np.arccos(np.clip(direction[2], -1.0, 1.0)) * np.float32(HEIGHT / np.pi) - np.float32(0.5)
        column = np.arctan2(direction[1], direction[0]) * np.float32(WIDTH / (2 * np.pi)) - np.float32(0.5)
        top, left = np.floor(row), np.floor(column)
        down, right = row - top, column - left
        top, left = top.astype(np.int32), left.astype(np.int32)
        rows = [(level * HEIGHT + (top + k).clip(0, HEIGHT - 1)) * WIDTH for k in (0, 1)]
        columns = [(left + k) % WIDTH for k in (0, 1)]
        cells = self.mirrored.reshape(3, -1)
        above, below = ((1 - right) * cells.take(r + columns[0], 1) + right * cells.take(r + columns[1], 1) for r in rows)
        return (1 - down) * above + down * below


_BETWEEN = np.float32([(a + b) / 2 for a, b in zip(ROUGHNESS, ROUGHNESS[1:])])


def response(level: np.ndarray, facing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(times, plus): a surface reflects `times` its head-on reflectance and `plus` of the filtered light, by the number of
    its roughness and the cosine of the angle under which it is seen."""
    place = facing * np.float32(_ANGLES - 1)
    low = np.minimum(place.astype(np.int32), _ANGLES - 2)
    table, cell = _responses().reshape(2, -1), level * _ANGLES + low
    between = place - low
    return tuple((1 - between) * table.take(cell, 1) + between * table.take(cell + 1, 1))


@cache
def _responses() -> np.ndarray:
    """For each roughness and cosine (2, K, _ANGLES): the integral of GGX with Smith's shadowing over all light, by the half
    vectors that GGX draws; apart what Schlick's Fresnel term takes and what it adds."""
    facing = np.linspace(0.0, 1.0, _ANGLES).clip(1e-3)[:, None, None]
    share, turn = np.meshgrid((np.arange(64) + 0.5) / 64, (np.arange(32) + 0.5) * np.pi / 32, indexing="ij")
    table = []
    for roughness in ROUGHNESS:
        alpha2 = roughness**4
        half_z = np.sqrt((1 - share) / (1 + (alpha2 - 1) * share))
        between = np.maximum(np.sqrt(1 - facing**2) * np.sqrt(1 - half_z**2) * np.cos(turn) + facing * half_z, 1e-6)
        light = np.maximum(2 * between * half_z - facing, 0.0)
        masks = facing * np.sqrt(alpha2 + (1 - alpha2) * light**2) + light * np.sqrt(alpha2 + (1 - alpha2) * facing**2)
        passed = 2 * light * facing / masks * between / (half_z * facing)
        fresnel = (1 - between) ** 5
        table.append(np.stack([((1 - fresnel) * passed).mean((1, 2)), (fresnel * passed).mean((1, 2))]))
    return np.float32(np.stack(table, 1))


def harmonics(direction: np.ndarray) -> np.ndarray:
    """The real spherical harmonics of order 0, 1 and 2 at unit vectors (3, ...); (9, ...)."""
    x, y, z = direction
    first = [np.full_like(x, 0.28209479), *(0.48860251 * v for v in (y, z, x))]
    second = [1.09254843 * x * y, 1.09254843 * y * z, 0.31539157 * (3 * z * z - 1), 1.09254843 * x * z]
    return np.stack([*first, *second, 0.54627422 * (x * x - y * y)])


@cache
def directions() -> np.ndarray:
    """Unit vectors to the middles of a map's cells, (H, W, 3)."""
    polar, around = np.meshgrid(
        (np.arange(HEIGHT) + 0.5) * np.pi / HEIGHT, (np.arange(WIDTH) + 0.5) * 2 * np.pi / WIDTH, indexing="ij"
    )
    return np.stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], -1)


@cache
def solid_angles() -> np.ndarray:
    """Of the cells, (H, W); they add up to 4 pi."""
    edges = np.cos(np.arange(HEIGHT + 1) * np.pi / HEIGHT)
    return np.repeat((edges[:-1] - edges[1:])[:, None] * 2 * np.pi / WIDTH, WIDTH, 1)


def reflection_lobe(cosine: np.ndarray, roughness: float) -> np.ndarray:
    """How much light counts that comes from an angle beside the mirrored direction, for a surface that is seen head-on:
    the density of GGX at the half vector over 4, times the cosine at the surface; not yet normalised."""
    alpha2 = roughness**4
    half2 = (1 + cosine) / 2  # the square of the cosine of half the angle
    return np.maximum(cosine, 0.0) * alpha2 / (np.pi * (half2 * (alpha2 - 1) + 1) ** 2) / 4


@cache
def _filters() -> np.ndarray:
    """The filters of all roughnesses (K, F, H, H), complex: a filter turns with the columns, so it is a product of their
    Fourier coefficients for each pair of rows."""
    polar = (np.arange(HEIGHT) + 0.5) * np.pi / HEIGHT
    turn = np.arange(WIDTH) * 2 * np.pi / WIDTH
    cosine = np.cos(polar)[:, None, None] * np.cos(polar)[:, None] + (
        np.sin(polar)[:, None, None] * np.sin(polar)[:, None] * np.cos(turn)
    )  # (H, H, W): from a row, to a row, by the difference of columns
    lobes = np.stack([reflection_lobe(cosine, roughness) * solid_angles()[:, :1] for roughness in ROUGHNESS])
    lobes /= lobes.sum((2, 3), keepdims=True)
    return np.fft.rfft(lobes, axis=-1).transpose(0, 3, 1, 2).astype(np.complex64)


def _linear(srgb: np.ndarray) -> np.ndarray:
    return _linear_table().take((srgb * np.float32(_STEPS) + np.float32(0.5)).astype(np.int32), mode="clip")


def _exposed(light: np.ndarray) -> np.ndarray:
    """sRGB of light; what is brighter than `_SHOULDER` is bent so that it stays below 1."""
    return _srgb_table().take((light * np.float32(_STEPS * 4 / _MOST) + np.float32(0.5)).astype(np.int32), mode="clip")


@cache
def _linear_table() -> np.ndarray:
    return srgb_to_linear(np.linspace(0.0, 1.0, _STEPS + 1)).astype(np.float32)


@cache
def _srgb_table() -> np.ndarray:
    light = np.linspace(0.0, _MOST, 4 * _STEPS + 1)
    rest = 1 - _SHOULDER
    bent = np.where(light > _SHOULDER, _SHOULDER + rest * np.tanh((light - _SHOULDER) / rest), light)
    return linear_to_srgb(bent).astype(np.float32)
