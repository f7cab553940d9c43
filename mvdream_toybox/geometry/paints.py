"""Paints: colors that are darker, lighter, striped or spotted."""

import numpy as np

from mvdream_toybox.geometry.parts import Color, Paint


def stripes(first: Color, second: Color, period: float = 0.25, axis=(1, 0, 0), share: float = 0.5) -> Paint:
    """Bands of two colors across `axis`; `share` of each period (in builder units) is the second color."""
    direction = np.asarray(axis, float) / np.linalg.norm(axis)
    return lambda p: np.where((((p @ direction) / period) % 1.0 < share)[:, None], second, first)


def spots(first: Color, second: Color, period: float = 0.3, radius: float = 0.32, seed: int = 0) -> Paint:
    """Round spots of the second color on the first, one in each jittered cell of a grid with `period`."""

    def paint(p: np.ndarray) -> np.ndarray:
        cell = np.floor(p / period - 0.5).astype(np.int64)  # centres keep off the cells' borders: 8 cells suffice
        nearest = np.full(len(p), np.inf)
        for offset in np.ndindex(2, 2, 2):
            c = cell + np.array(offset)
            h = (c * np.array([73856093, 19349663, 83492791])).sum(1) ^ (seed * 2654435761)
            jitter = np.stack([(h >> s) & 255 for s in (0, 8, 16)], -1) / 255.0
            centre = (c + 0.25 + 0.5 * jitter) * period
            nearest = np.minimum(nearest, np.linalg.norm(p - centre, axis=1))
        return np.where((nearest < radius * period)[:, None], second, first)

    return paint


def darker(color: Paint, factor: float = 0.7) -> Paint:
    """The color (or paint) times a factor in [0, 1]."""
    if callable(color):
        return lambda p: color(p) * factor
    return tuple(float(c) * factor for c in color)


def lighter(color: Paint, share: float = 0.4) -> Paint:
    """The color (or paint) mixed with white; `share` in [0, 1] is white's part."""
    if callable(color):
        return lambda p: color(p) * (1 - share) + share
    return tuple(float(c) + (1 - float(c)) * share for c in color)
