"""Leaves, one by one and in balls."""

import numpy as np

from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Look, Part, move
from mvdream_toybox.geometry.shapes import ellipsoid

LEAF = (0.27, 0.58, 0.18)


def leaf(foot, length: float, wide: float, tilt: float, turn: float, color=LEAF) -> list[Part]:
    """A pointed oval leaf from `foot`, raised by `tilt` and turned by `turn` degrees about z."""
    body = ellipsoid((length / 2, 0, 0), (length / 2, wide / 2, 0.025), color, detail=10)
    along = body.vertices[:, 0] / length
    body.vertices[:, 1] *= 1.25 - 0.5 * along
    body.vertices[:, 2] += 0.25 * length * (along - along**2)
    return move([body], foot, 1, (0, -tilt, turn))


def puff(center, radius: float, paint, rng, squash: float = 0.9, detail: int = 16) -> Part:
    """A lumpy ball of leaves."""
    part = ellipsoid(center, (radius, radius, radius * squash), paint, detail=detail)
    v = part.vertices - center
    p = rng.uniform(0, 6, 3)
    bump = np.sin(v[:, 0] / radius * 7 + p[0]) * np.sin(v[:, 1] / radius * 7 + p[1]) * np.sin(v[:, 2] / radius * 6 + p[2])
    part.vertices[:] = center + v * (1 + 0.09 * bump)[:, None]
    return part


def shades(look: Look, k: int):
    """Foliage in three near shades of the main color, so that leaves are seen apart."""
    return (look.main, darker(look.main, 0.86), lighter(look.main, 0.12))[k % 3]
