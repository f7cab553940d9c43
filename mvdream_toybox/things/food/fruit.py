"""Fruit of toybox."""

import numpy as np

from mvdream_toybox.geometry.foliage import LEAF, leaf
from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Look, Model, move
from mvdream_toybox.geometry.shapes import curve, ellipsoid, lathe, tube
from mvdream_toybox.geometry.solids import rod, round_body, side_plate, stretched

STEM = (0.35, 0.23, 0.11)


def apple(rng: np.random.Generator, look: Look) -> Model:
    """An apple with stem and leaf."""
    w, h = rng.uniform(0.94, 1.06), rng.uniform(0.92, 1.05)
    body = round_body(
        [(0, -0.46), (0.16, -0.54), (0.42, -0.46), (0.6, -0.1), (0.62, 0.18), (0.46, 0.45), (0.2, 0.5), (0, 0.34)], look.paint
    )
    body.vertices *= (w, w, h)
    parts = [
        body,
        rod((0, 0, 0.32 * h), (0.05, 0.04, 0.72 * h), 0.032, STEM, 0.04),
        *leaf((0.03, 0, 0.58 * h), 0.46, 0.24, 20, float(rng.uniform(0, 360))),
    ]
    return Model(parts)


def pear(rng: np.random.Generator, look: Look) -> Model:
    """A pear with stem and leaf."""
    neck = rng.uniform(0.24, 0.3)
    body = round_body(
        [(0, -0.56), (0.3, -0.55), (0.56, -0.25), (0.5, 0.05), (neck, 0.42), (neck * 0.8, 0.62), (0, 0.72)], look.paint
    )
    return stretched(
        rng,
        [
            body,
            rod((0, 0, 0.66), (0.05, 0.05, 0.98), 0.03, STEM, 0.038),
            *leaf((0.02, 0, 0.82), 0.42, 0.22, 15, float(rng.uniform(0, 360))),
        ],
    )


def orange(rng: np.random.Generator, look: Look) -> Model:
    """An orange with a green navel and a leaf."""
    body = ellipsoid((0, 0, 0), (0.62, 0.62, 0.6), look.paint, detail=26)
    parts = [body, ellipsoid((0, 0, 0.58), (0.1, 0.1, 0.05), LEAF, detail=8), rod((0, 0, 0.58), (0, 0.02, 0.72), 0.03, STEM)]
    for k in range(int(rng.integers(1, 3))):
        parts += leaf((0, 0, 0.64), 0.5, 0.28, 12, float(rng.uniform(0, 180) + 180 * k))
    return stretched(rng, parts)


def lemon(rng: np.random.Generator, look: Look) -> Model:
    """A lemon lying on its side, tips to the left and right."""
    tip = rng.uniform(0.85, 0.95)
    body = round_body(
        [
            (0, -tip),
            (0.09, -tip + 0.05),
            (0.18, -0.7),
            (0.46, -0.42),
            (0.55, 0),
            (0.46, 0.42),
            (0.2, 0.68),
            (0.1, tip - 0.1),
            (0, tip - 0.04),
        ],
        look.paint,
    )
    return stretched(
        rng, [*move([body], (0, 0, 0), 1, (90, 0, 0)), *leaf((0, -tip + 0.04, 0.02), 0.5, 0.26, 25, float(rng.uniform(0, 90)))]
    )


def banana(rng: np.random.Generator, look: Look) -> Model:
    """A banana, or (`variant`) "bunch of bananas"."""
    bend = rng.uniform(0.5, 0.62)
    a = np.linspace(-1.05, 1.0, 20)
    points = np.column_stack([np.zeros(20), 0.95 * np.sin(a), -bend * 1.6 * np.cos(a)])
    s = np.linspace(-1, 1, 20)
    radii = 0.2 * (1 - 0.55 * np.abs(s) ** 3.5)
    body = tube(points, radii, look.paint, sides=12)
    part = [
        body,
        rod(points[0], points[0] + (0, -0.06, 0.2), 0.09, (0.5, 0.42, 0.12), 0.06),
        rod(points[-1] - (0, 0.02, 0.03), points[-1] + (0, 0.05, 0.06), 0.085, (0.25, 0.17, 0.08)),
    ]
    if look.variant != "bunch of bananas":
        return Model(move(part, (0, 0, 0), 1, (float(rng.uniform(-8, 8)), 0, 0)))
    fan = []
    hub = points[0] + (0, -0.06, 0.2)
    count = int(rng.integers(3, 6))
    for k in range(count):
        fan += move(move(part, -hub), (0, 0, 0), 1, (0, 0, 28 * (k - (count - 1) / 2)))
    return Model([*fan, rod((0, 0, -0.04), (0, -0.06, 0.16), 0.14, (0.4, 0.33, 0.1), 0.1)])


def strawberry(rng: np.random.Generator, look: Look) -> Model:
    """A strawberry, point down, with seeds and a green crown."""
    outline = [(0, -0.72), (0.16, -0.66), (0.42, -0.2), (0.58, 0.2), (0.5, 0.46), (0.25, 0.54), (0, 0.5)]
    body = round_body(outline, look.paint)
    parts = [body]
    rows = ((-0.5, 4), (-0.28, 7), (-0.05, 9), (0.17, 11), (0.36, 10))
    profile = curve(*[(r, 0, z) for r, z in outline], samples=60)
    seed = (1.0, 0.87, 0.4)
    for k, (z, count) in enumerate(rows):
        r = np.interp(z, profile[:, 2], profile[:, 0])
        for j in range(count):
            a = 2 * np.pi * (j + 0.5 * (k % 2)) / count
            parts.append(ellipsoid((r * np.cos(a), r * np.sin(a), z), (0.028, 0.028, 0.045), seed, detail=5))
    for k in range(7):
        parts += leaf((0, 0, 0.52), 0.5, 0.2, float(rng.uniform(-14, 8)), 360 / 7 * k)
    return stretched(rng, [*parts, rod((0, 0, 0.5), (0.06, 0.03, 0.8), 0.04, LEAF)])


def watermelon(rng: np.random.Generator, look: Look) -> Model:
    """A watermelon slice: half a disk with rind and seeds; or (`variant`) "whole watermelon"."""
    if look.variant == "whole watermelon":
        body = ellipsoid((0, 0, 0), (0.68, 0.78, 0.66), (0.45, 0.7, 0.3), detail=40)
        a = np.arctan2(body.vertices[:, 2], body.vertices[:, 0])
        band = np.cos(9 * a + 0.8 * np.sin(9 * body.vertices[:, 1])) > 0.15
        body.colors[band] = (0.13, 0.36, 0.14)
        return stretched(rng, [body, rod((0, -0.75, 0), (0.03, -0.9, 0.08), 0.04, (0.4, 0.45, 0.2))])
    t = np.linspace(np.pi, 2 * np.pi, 20)
    thick = rng.uniform(0.3, 0.42)

    def half_disk(r, d):
        outline = [(r * np.cos(a), r * np.sin(a)) for a in t]
        return move([side_plate(outline, d, (0, 0, 0))], (0, 0, 0), 1, (0, 0, 90))[0]

    parts = []
    for r, d, color in (
        (0.95, thick, (0.16, 0.45, 0.17)),
        (0.88, thick + 0.012, (0.9, 0.95, 0.78)),
        (0.82, thick + 0.024, (0.93, 0.24, 0.24)),
    ):
        piece = half_disk(r, d)
        piece.vertices[:, 2] += (0.95 - r) * 0.02
        piece.colors[:] = color
        parts.append(piece)
    parts[2].vertices[:, 2] += 0.012
    for k in range(9):
        a, q = np.pi * (1.12 + 0.76 * (k % 5) / 4), 0.6 if k < 5 else 0.36
        for side in (-1, 1):
            parts.append(
                ellipsoid(
                    (side * (thick / 2 + 0.014), q * np.cos(a), q * np.sin(a)),
                    (0.015, 0.035, 0.06),
                    (0.12, 0.08, 0.07),
                    (np.degrees(a) + 90, 0, 0),
                    8,
                )
            )
    return stretched(rng, parts)


def pineapple(rng: np.random.Generator, look: Look) -> Model:
    """A pineapple: scaly body, a tuft of leaves."""
    h, r = rng.uniform(0.62, 0.72), rng.uniform(0.42, 0.48)
    t = np.linspace(-np.pi / 2, np.pi / 2, 44)
    body = lathe(
        [(r * np.cos(a) ** 0.7 if abs(np.cos(a)) > 1e-6 else 0, h * np.sin(a)) for a in t], look.paint, sides=60, smooth=True
    )
    v = body.vertices
    a, z = np.arctan2(v[:, 1], v[:, 0]) / (2 * np.pi) * 10, v[:, 2] / h * 4.2
    scale = np.minimum(np.abs((a + z) % 1 - 0.5), np.abs((a - z) % 1 - 0.5))
    groove = scale > 0.3
    body.colors[np.maximum(np.abs((a + z) % 1 - 0.5), np.abs((a - z) % 1 - 0.5)) > 0.38] *= 0.68
    v[:, :2] *= (1 + 0.04 * groove)[:, None]
    parts = [body]
    for ring, (count, tilt, long) in enumerate(((7, 38, 0.55), (6, 60, 0.62), (4, 78, 0.68))):
        for k in range(count):
            parts += leaf(
                (0, 0, h * 0.93), long, 0.18, tilt, 360 * k / count + 25 * ring, lighter((0.2, 0.5, 0.2), 0.08 * ring)
            )
    return Model(parts)


def grapes(rng: np.random.Generator, look: Look) -> Model:
    """A bunch of grapes with a leaf."""
    parts, r = [], 0.17
    for row in range(6):
        q, count = 0.42 * (1 - row / 6) + 0.02, max(1, 9 - 2 * row)
        for k in range(count):
            a = 2 * np.pi * (k + 0.5 * (row % 2)) / count + rng.uniform(-0.1, 0.1)
            tone = lighter(look.main, 0.12) if (k + row) % 3 == 0 else look.main
            parts.append(ellipsoid((q * np.cos(a), q * np.sin(a), 0.35 - 0.2 * row), r, tone, detail=10))
    parts += [
        lathe([(0, 0.4), (0.36, 0.3), (0.1, -0.5), (0, -0.6)][::-1], darker(look.main, 0.8)),
        rod((0, 0, 0.4), (0.05, 0, 0.8), 0.035, STEM),
    ]
    parts += leaf((0.02, 0, 0.62), 0.5, 0.4, 5, float(rng.uniform(0, 360))) + leaf(
        (0.02, 0, 0.6), 0.45, 0.36, 0, float(rng.uniform(0, 360))
    )
    return stretched(rng, parts)


def cherries(rng: np.random.Generator, look: Look) -> Model:
    """Two cherries joined at the stem."""
    gap = rng.uniform(0.36, 0.44)
    parts = []
    for s in (-1, 1):
        drop = -0.42 + 0.1 * s * rng.random()
        parts += [ellipsoid((0, s * gap, drop), (0.35, 0.35, 0.33), look.paint, detail=20)]
        parts.append(
            tube(
                curve((0, s * gap, drop + 0.28), (0, s * gap * 0.8, 0.25), (0, 0, 0.75), samples=9),
                0.028,
                (0.3, 0.42, 0.14),
                sides=8,
            )
        )
    return Model([*parts, rod((0, -0.03, 0.76), (0, 0.05, 0.8), 0.05, STEM), *leaf((0, 0, 0.76), 0.55, 0.26, 10, 100)])
