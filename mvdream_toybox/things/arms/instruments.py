"""Musical instruments of toybox: guitars, bell, drum."""

import numpy as np

from mvdream_toybox.geometry.paints import darker
from mvdream_toybox.geometry.parts import Look, Model, both
from mvdream_toybox.geometry.shapes import cylinder, ellipsoid, lathe, plate, torus
from mvdream_toybox.geometry.solids import block, rod
from mvdream_toybox.geometry.tones import DARK, DARK_WOOD, GOLD, METAL, WHITE, WOOD, contrast


def guitar(rng: np.random.Generator, look: Look) -> Model:
    """An acoustic guitar, or (`variant`) "electric guitar"; the body has the main color."""
    electric = look.variant == "electric guitar"
    t = np.linspace(0, np.pi, 20)
    half = 0.44 * np.sin(t) ** 0.6 * (1 + 0.13 * np.cos(t)) - 0.13 * np.exp(-(((t - 1.75) / 0.42) ** 2))
    z = -0.42 - 0.52 * np.cos(t)
    right = np.column_stack([half, z])
    if electric:
        outline = [
            (0.0, -0.95),
            (0.25, -0.92),
            (0.4, -0.75),
            (0.4, -0.5),
            (0.28, -0.3),
            (0.32, -0.1),
            (0.36, 0.12),
            (0.24, 0.02),
            (0.08, -0.12),
            (-0.08, -0.12),
            (-0.2, 0.04),
            (-0.33, 0.2),
            (-0.35, -0.02),
            (-0.27, -0.3),
            (-0.38, -0.52),
            (-0.38, -0.78),
            (-0.22, -0.93),
        ]
        deep = 0.13
    else:
        outline = [*right, *[(-a, b) for a, b in right[-2:0:-1]]]
        deep = 0.24
    parts = [
        plate(outline, deep, look.paint),
        plate([(a * 1.03, -0.42 + (b + 0.42) * 1.03) for a, b in outline], deep * 0.6, darker(look.main, 0.6)),
    ]
    front = deep / 2
    neck, head = 0.78, rng.uniform(0.28, 0.34)
    board = contrast(look.main, DARK_WOOD, WOOD)
    parts += [
        block((front + 0.01, 0, (neck - 0.25) / 2), (0.07, 0.1, neck + 0.28), board, bevel=0.1),
        block(
            (front - 0.02, 0, neck + head / 2),
            (0.05, 0.18, head),
            darker(look.main, 0.6) if electric else board,
            bevel=0.2,
            taper=0.9,
        ),
    ]
    parts += [block((front + 0.05, 0, s), (0.012, 0.1, 0.014), METAL) for s in np.linspace(-0.05, neck - 0.05, 9)]
    parts += [
        cylinder((front + 0.055, y, -0.68), (front + 0.055, y, neck + 0.05), 0.006, (0.9, 0.9, 0.85), sides=4)
        for y in (-0.035, -0.012, 0.012, 0.035)
    ]
    parts += both(
        *(
            rod((front - 0.02, 0.08, neck + head * q), (front - 0.02, 0.15, neck + head * q), 0.025, METAL, sides=8)
            for q in (0.25, 0.55, 0.85)
        )
    )
    if electric:
        guard = contrast(look.main, WHITE, DARK)
        parts.append(
            plate(
                [(0.05, -0.8), (0.28, -0.72), (0.24, -0.4), (0.2, -0.15), (0.0, -0.2), (0.0, -0.6)],
                0.02,
                guard,
                (front + 0.005, 0, 0),
            )
        )
        parts += [block((front + 0.02, 0, q), (0.04, 0.2, 0.07), DARK) for q in (-0.32, -0.5)] + [
            block((front + 0.02, 0, -0.68), (0.05, 0.2, 0.07), METAL)
        ]
        parts += [ellipsoid((front + 0.03, 0.22, q), 0.035, METAL, detail=8) for q in (-0.7, -0.58)]
    else:
        parts += [
            cylinder((front - 0.02, 0, -0.22), (front + 0.008, 0, -0.22), 0.14, (0.1, 0.07, 0.05)),
            torus((front + 0.005, 0, -0.22), 0.15, 0.018, contrast(look.main, look.second, WHITE), axis=(1, 0, 0)),
            block((front + 0.02, 0, -0.68), (0.05, 0.3, 0.06), DARK_WOOD),
        ]
    return Model(parts)


def bell(rng: np.random.Generator, look: Look) -> Model:
    """A bell with a ring on top and a clapper."""
    r = rng.uniform(0.6, 0.68)
    profile = [
        (0.0, -0.45),
        (r * 0.85, -0.45),
        (r, -0.5),
        (r * 1.02, -0.42),
        (r * 0.8, -0.18),
        (r * 0.66, 0.2),
        (r * 0.52, 0.46),
        (r * 0.2, 0.58),
        (0, 0.6),
    ]
    parts = [
        lathe(profile, look.paint, sides=44, smooth=True),
        torus((0, 0, -0.28), r * 0.88, 0.03, darker(look.main, 0.8)),
        torus((0, 0, 0.3), r * 0.63, 0.02, darker(look.main, 0.8)),
    ]
    parts += [
        torus((0, 0, 0.7), 0.13, 0.045, look.main, axis=(1, 0, 0), sides=24),
        ellipsoid((0, 0, -0.55), 0.13, contrast(look.main, DARK, METAL), detail=12),
    ]
    if rng.random() < 0.5:
        tie = contrast(look.main, look.second, (0.8, 0.1, 0.15))
        parts += both(ellipsoid((0.1, 0.17, 0.62), (0.08, 0.18, 0.11), tie, (20, 0, 0), 10)) + [
            ellipsoid((0.12, 0, 0.6), 0.08, tie, detail=8)
        ]
    return Model(parts)


def drum(rng: np.random.Generator, look: Look) -> Model:
    """A marching drum with ropes, rims and two sticks; the shell has the main color."""
    r, high = rng.uniform(0.6, 0.68), rng.uniform(0.75, 0.95)
    rim, rope = (contrast(look.main, look.second if rng.random() < 0.6 else GOLD, WHITE), contrast(look.main, WHITE, GOLD))
    parts = [
        cylinder((0, 0, 0), (0, 0, high), r, look.main, sides=40),
        lathe([(0, high), (r, high), (r * 0.98, high + 0.04), (0, high + 0.05)], (0.97, 0.95, 0.88), sides=40),
    ]
    parts += [torus((0, 0, z), r * 1.02, 0.07, rim) for z in (0.03, high)]
    turns = 8
    for k in range(turns):
        a, b, c = (2 * np.pi * (k + q) / turns for q in (0, 0.5, 1))
        q = r * 1.05
        parts += [
            cylinder((q * np.cos(a), q * np.sin(a), 0.06), (q * np.cos(b), q * np.sin(b), high - 0.04), 0.022, rope, sides=6),
            cylinder((q * np.cos(b), q * np.sin(b), high - 0.04), (q * np.cos(c), q * np.sin(c), 0.06), 0.022, rope, sides=6),
        ]
    for s in (-1, 1):
        foot, tip = np.array([0.35, s * 0.5, high + 0.22]), np.array([-0.3, -s * 0.15, high + 0.13])
        parts += [rod(foot, tip, 0.032, WOOD), ellipsoid(tip, 0.07, WOOD, detail=10)]
    return Model(parts)
