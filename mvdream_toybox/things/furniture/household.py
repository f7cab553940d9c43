"""Lights and small things of toybox that stand about a house: lamp, lantern, candle, vase, mailbox."""

import numpy as np

from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Look, Model
from mvdream_toybox.geometry.shapes import cylinder, ellipsoid, lathe, plate, torus
from mvdream_toybox.geometry.solids import block, rod, round_body
from mvdream_toybox.geometry.tones import DARK, DARK_WOOD, GOLD, METAL, WOOD, contrast


def lamp(rng: np.random.Generator, look: Look) -> Model:
    """A table or floor lamp whose shade has the main color."""
    floor = rng.random() < 0.35
    high = rng.uniform(1.3, 1.5) if floor else rng.uniform(0.5, 0.65)
    foot = contrast(look.main, look.second if rng.random() < 0.5 else GOLD, METAL)
    parts = []
    if floor:
        parts += [lathe([(0, 0), (0.3, 0), (0.28, 0.04), (0.03, 0.07), (0.03, high), (0, high)], foot)]
    else:
        parts.append(
            lathe(
                [
                    (0, 0),
                    (0.3, 0),
                    (0.28, 0.05),
                    (0.08, 0.1),
                    (0.2, 0.26),
                    (0.2, 0.34),
                    (0.05, high - 0.04),
                    (0.03, high),
                    (0, high),
                ],
                foot,
                smooth=True,
            )
        )
    low, r0, r1 = high - 0.1, rng.uniform(0.46, 0.54), rng.uniform(0.22, 0.32)
    t = np.linspace(0, 1, 10)
    shade = lathe([*zip(r0 + (r1 - r0) * t, low + 0.56 * t)], look.paint, sides=40, smooth=True)
    inner = lathe([*zip((r0 + (r1 - r0) * t) * 0.96, low + 0.56 * t)][::-1], (1.0, 0.94, 0.75), sides=32, smooth=True)
    parts += [shade, inner, ellipsoid((0, 0, low + 0.26), 0.13, (1.0, 0.95, 0.7), detail=10)]
    trim = darker(look.main, 0.75)
    return Model([*parts, torus((0, 0, low), r0, 0.018, trim), torus((0, 0, low + 0.56), r1, 0.018, trim)])


def vase(rng: np.random.Generator, look: Look) -> Model:
    """A vase; some hold flowers of the second color."""
    belly, neck, high = rng.uniform(0.38, 0.52), rng.uniform(0.14, 0.22), rng.uniform(1.0, 1.25)
    body = round_body(
        [
            (0, 0),
            (0.24, 0.01),
            (belly, 0.4 * high),
            (neck * 1.2, 0.76 * high),
            (neck, 0.86 * high),
            (neck * 1.7, high),
            (neck * 1.5, high),
            (0, 0.9 * high),
        ],
        look.paint,
    )
    parts = [body]
    if not callable(look.paint):
        trim = contrast(look.main, look.second, GOLD)
        z = body.vertices[:, 2]
        for low in (0.3, 0.46):
            body.colors[(z > low * high) & (z < (low + 0.06) * high)] = trim
    if rng.random() < 0.5:
        petal = contrast(look.main, look.accent, (0.95, 0.5, 0.7))
        for k in range(5):
            a = 2.5 * k
            tip = np.array([0.32 * np.cos(a), 0.32 * np.sin(a), high + 0.4 + 0.12 * (k % 3)])
            parts += [
                rod((0, 0, high * 0.9), tip, 0.022, (0.25, 0.5, 0.2), sides=8),
                ellipsoid(tip, (0.15, 0.15, 0.13), petal, detail=10),
                ellipsoid(tip + (0, 0, 0.1), 0.07, (1.0, 0.85, 0.3), detail=8),
            ]
    return Model(parts)


def candle(rng: np.random.Generator, look: Look) -> Model:
    """A candle of the main color on a holder, alight."""
    r, high = rng.uniform(0.2, 0.26), rng.uniform(0.85, 1.15)
    parts = [
        lathe(
            [(0, 0), (r, 0), (r, high - 0.04), (r * 0.9, high), (r * 0.5, high - 0.03), (0, high - 0.03)], look.paint, sides=32
        )
    ]
    for k in range(5):
        a = 1.3 * k
        parts.append(
            rod(
                (r * np.cos(a), r * np.sin(a), high - 0.03),
                (r * 1.02 * np.cos(a), r * 1.02 * np.sin(a), high - rng.uniform(0.12, 0.4)),
                0.045,
                lighter(look.main, 0.15),
                0.055,
            )
        )
    parts += [
        rod((0, 0, high - 0.03), (0, 0, high + 0.1), 0.016, DARK, sides=6),
        lathe(
            [(0, high + 0.05), (0.07, high + 0.14), (0.06, high + 0.22), (0, high + 0.42)],
            (1.0, 0.66, 0.12),
            sides=16,
            smooth=True,
        ),
        ellipsoid((0, 0, high + 0.15), (0.04, 0.04, 0.07), (1.0, 0.93, 0.5), detail=8),
    ]
    metal = contrast(look.main, GOLD, METAL)
    parts += [
        lathe([(0, -0.07), (0.42, -0.07), (0.5, 0.02), (0.5, 0.05), (0.4, 0), (0, 0)], metal, sides=36),
        torus((0, 0.58, 0.0), 0.11, 0.03, metal, axis=(1, 0, 0), sides=20),
    ]
    return Model(parts)


def lantern(rng: np.random.Generator, look: Look) -> Model:
    """A lantern: a glowing glass between plates of the main color."""
    r, high = rng.uniform(0.36, 0.42), rng.uniform(0.66, 0.8)
    roof = [(r * 1.2, high), (r * 1.1, high + 0.06), (0.14, high + 0.3), (0.12, high + 0.4), (0, high + 0.4)]
    parts = [
        lathe([(0, -0.16), (r * 1.2, -0.16), (r * 1.2, -0.06), (r, 0.04), (0, 0.04)], look.paint, sides=6),
        lathe([(0, high), *roof], look.paint, sides=6),
    ]
    parts.append(cylinder((0, 0, 0), (0, 0, high), r * 0.78, (1.0, 0.88, 0.5), sides=24))
    for k in range(6):
        c, s = np.cos(np.pi / 3 * k), np.sin(np.pi / 3 * k)
        parts.append(rod((r * c, r * s, 0), (r * c, r * s, high), 0.065, look.main, sides=8))
    parts += [
        torus((0, 0, high / 2), r * 0.97, 0.035, look.main),
        torus((0, 0, high + 0.5), 0.14, 0.03, look.main, axis=(1, 0, 0), sides=24),
    ]
    return Model(parts)


def mailbox(rng: np.random.Generator, look: Look) -> Model:
    """A letter box on a post with a raised flag."""
    wide, long = rng.uniform(0.3, 0.36), rng.uniform(0.5, 0.6)
    t = np.linspace(0, np.pi, 14)
    outline = [(-wide, 0), (wide, 0), *((wide * np.cos(a), 0.36 + wide * np.sin(a)) for a in t)]
    parts = [
        plate(outline, 2 * long, look.paint),
        plate([(y * 0.86, 0.03 + z * 0.9) for y, z in outline], 0.03, lighter(look.main, 0.18), (long, 0, 0)),
    ]
    parts += [
        ellipsoid((long + 0.05, 0, 0.5), 0.045, METAL, detail=8),
        block((0, 0, -0.6), (0.18, 0.18, 1.2), WOOD),
        block((0, 0, -0.03), (0.7, 0.4, 0.06), DARK_WOOD),
    ]
    flag = contrast(look.main, (0.85, 0.12, 0.1), (1.0, 0.85, 0.2))
    parts += [
        block((0.1, -wide - 0.03, 0.48), (0.05, 0.03, 0.5), flag),
        block((0.2, -wide - 0.03, 0.68), (0.24, 0.03, 0.16), flag),
    ]
    return Model(parts)
