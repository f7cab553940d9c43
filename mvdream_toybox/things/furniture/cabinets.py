"""Furniture of toybox to put things on and in: table, desk, bookshelf, wardrobe, treasure chest, barrel."""

import numpy as np

from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Look, Model, both, move
from mvdream_toybox.geometry.shapes import cylinder, ellipsoid, lathe
from mvdream_toybox.geometry.solids import block, brick, copies, side_plate
from mvdream_toybox.geometry.tones import DARK, DARK_WOOD, GOLD, METAL, STEEL, WHITE, contrast


def table(rng: np.random.Generator, look: Look) -> Model:
    """A table: round or rectangular top on four legs or a central foot."""
    high = rng.uniform(0.66, 0.78)
    if rng.random() < 0.4:
        r = rng.uniform(0.62, 0.78)
        parts = [
            lathe([(0, high - 0.08), (r, high - 0.08), (r + 0.02, high - 0.04), (r, high), (0, high)], look.paint, sides=44)
        ]
        parts.append(
            lathe(
                [
                    (0, 0),
                    (0.36, 0),
                    (0.34, 0.05),
                    (0.1, 0.12),
                    (0.07, 0.4),
                    (0.12, high - 0.12),
                    (0.24, high - 0.08),
                    (0, high - 0.08),
                ],
                look.main,
                smooth=True,
            )
        )
        return Model(parts)
    x, y = rng.uniform(0.4, 0.52), rng.uniform(0.7, 1.0)
    thick = rng.uniform(0.045, 0.075)
    parts = [block((0, 0, high), (2 * x, 2 * y, 0.1), look.paint, bevel=0.15)]
    parts += both(*(block((s * (x - 0.1), y - 0.1, high / 2), (2 * thick, 2 * thick, high), look.main) for s in (-1, 1)))
    parts += [block((0, 0, high - 0.1), (2 * x - 0.2, 2 * y - 0.2, 0.13), darker(look.main, 0.88))]
    if rng.random() < 0.4:
        vase = contrast(look.main, look.second, WHITE)
        parts.append(
            lathe(
                [
                    (0, high + 0.05),
                    (0.08, high + 0.05),
                    (0.14, high + 0.16),
                    (0.06, high + 0.3),
                    (0.08, high + 0.34),
                    (0, high + 0.34),
                ],
                vase,
                smooth=True,
            )
        )
    return Model(parts)


def desk(rng: np.random.Generator, look: Look) -> Model:
    """A writing desk with drawers on one side."""
    high, y = rng.uniform(0.66, 0.74), rng.uniform(0.78, 0.92)
    parts = [
        block((0, 0, high), (0.8, 2 * y, 0.08), look.paint, bevel=0.15),
        block((-0.32, 0, high * 0.62), (0.05, 2 * y - 0.1, high * 0.6), look.main),
    ]
    parts.append(block((0, y - 0.25, high / 2), (0.72, 0.44, high - 0.04), look.main, bevel=0.04))
    for k in range(3):
        z = high * (0.2 + 0.29 * k)
        parts += [
            block((0.36, y - 0.25, z), (0.03, 0.38, high * 0.24), lighter(look.main, 0.16), bevel=0.1),
            ellipsoid((0.39, y - 0.25, z), 0.03, contrast(look.main, GOLD, METAL), detail=8),
        ]
    parts.append(block((0, -y + 0.08, high / 2), (0.72, 0.08, high), look.main, bevel=0.1))
    return Model(parts)


def bookshelf(rng: np.random.Generator, look: Look) -> Model:
    """A bookcase of the main color full of books."""
    wide, high, depth = rng.uniform(0.5, 0.62), rng.uniform(1.5, 1.8), 0.42
    rows = int(rng.integers(3, 5))
    parts = both(block((0, wide, high / 2), (depth, 0.07, high), look.paint, rows=4))
    parts.append(block((-depth / 2 + 0.02, 0, high / 2), (0.04, 2 * wide, high), darker(look.main, 0.85), bevel=0.02))
    step = (high - 0.1) / rows
    hues = (
        (0.75, 0.18, 0.15),
        (0.2, 0.35, 0.65),
        (0.9, 0.72, 0.25),
        (0.25, 0.5, 0.3),
        (0.55, 0.3, 0.55),
        (0.92, 0.88, 0.78),
        (0.85, 0.45, 0.2),
    )
    for k in range(rows + 1):
        parts.append(block((0, 0, 0.05 + step * k), (depth, 2 * wide, 0.07), look.main))
    for k in range(rows):
        y = -wide + 0.08
        while y < wide * rng.uniform(0.55, 0.92):
            w, h = rng.uniform(0.09, 0.15), step * rng.uniform(0.6, 0.82)
            middle = (0.02, y + w / 2, 0.085 + step * k + h / 2)
            parts.append(brick(middle, (0.3, w * 0.92, h), hues[int(rng.integers(7))]))
            y += w
    return Model(parts)


def wardrobe(rng: np.random.Generator, look: Look) -> Model:
    """A wardrobe with two doors, knobs and a cornice."""
    wide, high = rng.uniform(0.52, 0.62), rng.uniform(1.5, 1.7)
    parts = [
        block((0, 0, high / 2 + 0.08), (0.62, 2 * wide, high), look.paint, bevel=0.04, rows=4),
        block((0, 0, high + 0.1), (0.7, 2 * wide + 0.1, 0.09), darker(look.main, 0.85)),
    ]
    panel = lighter(look.main, 0.14)
    parts += both(
        block((0.31, wide / 2, high * 0.68), (0.04, wide * 0.78, high * 0.5), panel, bevel=0.2),
        block((0.31, wide / 2, high * 0.26), (0.04, wide * 0.78, high * 0.24), panel, bevel=0.2),
    )
    knob = contrast(look.main, GOLD, METAL)
    parts += both(
        ellipsoid((0.35, 0.07, high * 0.5), 0.04, knob, detail=8),
        *(ellipsoid((s * 0.24, wide - 0.08, 0.05), 0.08, darker(look.main, 0.7), detail=8) for s in (-1, 1)),
    )
    parts.append(block((0.31, 0, high / 2 + 0.08), (0.02, 0.02, high * 0.94), darker(look.main, 0.5)))
    return Model(parts)


def treasure_chest(rng: np.random.Generator, look: Look) -> Model:
    """A chest with a round lid and iron bands; open ones show gold."""
    wide, deep, high = rng.uniform(0.66, 0.78), 0.46, rng.uniform(0.5, 0.6)
    band = contrast(look.main, GOLD, STEEL)
    t = np.linspace(0, np.pi, 14)

    def lid(r, w, paint):
        outline = [(r * np.cos(a), 0.78 * r * np.sin(a)) for a in t]
        return side_plate(outline, w, paint)

    parts = [block((0, 0, high / 2), (2 * deep, 2 * wide, high), look.paint, bevel=0.04, rows=3)]
    parts += [block((0, y, high / 2), (2 * deep + 0.04, 0.12, high + 0.01), band, bevel=0.1) for y in (-wide + 0.1, wide - 0.1)]
    parts.append(block((0, 0, high - 0.04), (2 * deep + 0.03, 2 * wide + 0.03, 0.08), band, bevel=0.2))
    top = [lid(deep, 2 * wide, look.paint)]
    for y in (-wide + 0.1, wide - 0.1):
        top += move([lid(deep + 0.025, 0.12, band)], (0, y, 0))
    top += [
        brick((0, 0, -0.01), (2 * deep - 0.1, 2 * wide - 0.1, 0.04), DARK_WOOD),
        block((0, 0, 0.025), (2 * deep + 0.03, 2 * wide + 0.03, 0.06), band, bevel=0.2),
        block((deep + 0.02, 0, 0.0), (0.07, 0.2, 0.22), lighter(band, 0.25)),
    ]
    top.append(ellipsoid((deep + 0.06, 0, -0.03), (0.02, 0.035, 0.05), DARK, detail=8))
    if rng.random() < 0.5:
        hinge = move(top, (deep, 0, 0))
        parts += move(hinge, (-deep, 0, high), 1, (0, -58, 0))
        parts.append(ellipsoid((0.0, 0, high - 0.05), (deep * 0.92, wide * 0.93, 0.26), (0.95, 0.74, 0.2), detail=16))
        k = np.arange(34)
        a, q = 2.4 * k, np.sqrt((k + 0.5) / 34)
        heap = np.column_stack(
            [q * np.cos(a) * deep * 0.82, q * np.sin(a) * wide * 0.84, high - 0.05 + 0.26 * np.sqrt(1 - q * q * 0.8)]
        )
        for lean, rest in ((0, heap[::3]), (35, heap[1::3]), (-30, heap[2::3])):
            coin = move(
                [cylinder((0, 0, -0.012), (0, 0, 0.012), 0.085, (1.0, 0.83, 0.3), sides=12)], rotate_deg=(lean, lean / 2, 0)
            )[0]
            parts.append(copies(coin, rest, 40 * np.arange(len(rest))))
        parts += [
            ellipsoid((0.2, 0.2, high + 0.17), 0.08, (0.85, 0.1, 0.2), detail=6),
            ellipsoid((0.15, -0.3, high + 0.15), 0.08, (0.15, 0.7, 0.4), detail=6),
        ]
    else:
        parts += move(top, (0, 0, high))
    return Model(parts)


def barrel(rng: np.random.Generator, look: Look) -> Model:
    """A wooden barrel with iron hoops."""
    r, high = rng.uniform(0.48, 0.56), rng.uniform(0.62, 0.74)
    t = np.linspace(-1, 1, 16)
    girth = r * (1 - 0.22 * t**2)
    body = lathe(
        [
            (0, -high * 0.94),
            (girth[0] * 0.9, -high * 0.94),
            *zip(girth, t * high),
            (girth[-1] * 0.9, high * 0.94),
            (0, high * 0.94),
        ],
        look.paint,
        sides=60,
        smooth=False,
    )
    a = np.arctan2(body.vertices[:, 1], body.vertices[:, 0])
    body.colors[np.abs(np.sin(a * 10)) < 0.2] *= 0.72
    hoop = contrast(look.main, STEEL, DARK)
    parts = [body]
    for s in (-0.82, -0.36, 0.36, 0.82):
        q0, q1 = r * (1 - 0.22 * (s - 0.07) ** 2) + 0.012, r * (1 - 0.22 * (s + 0.07) ** 2) + 0.012
        parts.append(
            lathe(
                [
                    (q0 - 0.02, (s - 0.07) * high),
                    (q0 + 0.01, (s - 0.07) * high),
                    (q1 + 0.01, (s + 0.07) * high),
                    (q1 - 0.02, (s + 0.07) * high),
                ],
                hoop,
                sides=36,
            )
        )
    return Model(parts)
