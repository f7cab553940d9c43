"""Clocks, keyboards and screens of toybox."""

import numpy as np

from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Look, Model, both, move
from mvdream_toybox.geometry.shapes import cylinder, ellipsoid, lathe, torus
from mvdream_toybox.geometry.solids import block, brick, copies, loft, rod
from mvdream_toybox.geometry.tones import DARK, GOLD, METAL, WHITE, WOOD, contrast


def alarm_clock(rng: np.random.Generator, look: Look) -> Model:
    """A twin-bell alarm clock whose case has the main color."""
    r, deep = 0.62, rng.uniform(0.34, 0.42)
    metal = contrast(look.main, GOLD, METAL)
    case = [
        (0, -deep / 2),
        (r * 0.94, -deep / 2),
        (r, -deep * 0.35),
        (r, deep * 0.4),
        (r * 0.97, deep / 2),
        (r * 0.86, deep / 2),
        (r * 0.85, deep * 0.36),
        (0, deep * 0.36),
    ]
    parts = [
        lathe(case, look.paint, axis=(1, 0, 0), sides=44),
        cylinder((0, 0, 0), (deep * 0.4, 0, 0), r * 0.855, WHITE, sides=40),
    ]
    x = deep * 0.4 + 0.01
    for k in range(12):
        a = np.pi / 6 * k
        size = (0.02, 0.055, 0.13) if k % 3 == 0 else (0.02, 0.035, 0.08)
        parts += move([block((x, 0, r * 0.72), size, DARK)], (0, 0, 0), 1, (np.degrees(a), 0, 0))
    for a, long, w in ((rng.uniform(0, 360), 0.3, 0.07), (30 * rng.integers(12), 0.44, 0.05)):
        parts += move([block((x + 0.015, 0, long / 2), (0.02, w, long), DARK)], (0, 0, 0), 1, (float(a), 0, 0))
    parts.append(ellipsoid((x + 0.02, 0, 0), 0.06, (0.85, 0.15, 0.12), detail=8))
    bell = lathe([(0.23, 0), (0.22, 0.06), (0.14, 0.16), (0, 0.2)], metal, smooth=True)
    parts += both(*move([bell, ellipsoid((0, 0, 0.21), 0.05, metal, detail=8)], (0, 0.34, 0.6), 1, (-32, 0, 0)))
    parts += both(rod((0, 0.34, -0.46), (0, 0.5, -0.74), 0.06, metal), rod((0, 0.1, 0.62), (0, 0.1, 0.9), 0.022, metal))
    parts += [rod((0, -0.1, 0.9), (0, 0.1, 0.9), 0.03, metal), rod((0, 0, 0.6), (0, 0, 0.76), 0.04, metal)]
    return Model(parts)


def grandfather_clock(rng: np.random.Generator, look: Look) -> Model:
    """A tall pendulum clock."""
    high = rng.uniform(1.6, 1.8)
    parts = [
        block((0, 0, 0.16), (0.5, 0.68, 0.32), look.paint, bevel=0.1),
        block((0, 0, high * 0.44), (0.4, 0.5, high * 0.6), look.paint, bevel=0.05),
        block((0, 0, high * 0.83), (0.48, 0.66, 0.6), look.paint, bevel=0.06),
    ]
    parts += [
        block((0, 0, high * 0.83 + 0.32), (0.56, 0.76, 0.07), darker(look.main, 0.8)),
        loft([(-0.22, 0, high * 0.83 + 0.34, 0.3, 0.16, 2.5), (0.22, 0, high * 0.83 + 0.34, 0.3, 0.16, 2.5)], look.paint),
    ]
    z = high * 0.83
    parts += [cylinder((0.2, 0, z), (0.26, 0, z), 0.25, WHITE), torus((0.255, 0, z), 0.25, 0.03, GOLD, axis=(1, 0, 0))]
    for k in range(12):
        parts += move([block((0.265, 0, 0.2), (0.01, 0.025, 0.05), DARK)], (0, 0, z), 1, (30.0 * k, 0, 0))
    for a, long in ((float(rng.uniform(0, 360)), 0.12), (30.0 * rng.integers(12), 0.18)):
        parts += move([block((0.275, 0, long / 2), (0.01, 0.03, long), DARK)], (0, 0, z), 1, (a, 0, 0))
    parts += [
        block((0.2, 0, high * 0.42), (0.02, 0.34, high * 0.44), (0.2, 0.14, 0.1)),
        rod((0.22, 0, high * 0.6), (0.22, 0.05, high * 0.34), 0.016, GOLD),
        ellipsoid((0.22, 0.05, high * 0.32), (0.03, 0.1, 0.1), GOLD, detail=12),
    ]
    return Model(parts)


def piano(rng: np.random.Generator, look: Look) -> Model:
    """An upright piano, keys to the front."""
    wide, high = rng.uniform(0.82, 0.92), rng.uniform(1.0, 1.15)
    parts = [
        block((-0.2, 0, high / 2), (0.44, 2 * wide, high), look.paint, bevel=0.05),
        block((-0.2, 0, high), (0.52, 2 * wide + 0.08, 0.06), look.main),
    ]
    parts += [
        block((0.16, 0, 0.55), (0.4, 2 * wide, 0.14), look.main),
        block((0.2, 0, 0.635), (0.28, 2 * wide - 0.16, 0.05), WHITE, bevel=0.05),
    ]
    parts += both(
        block((0.2, wide - 0.04, 0.6), (0.36, 0.1, 0.18), look.main),
        block((0.28, wide - 0.08, 0.26), (0.1, 0.1, 0.54), look.main),
    )
    keys = 21
    span = 2 * wide - 0.18
    gaps = [(k, -span / 2 + span * (k + 1) / keys) for k in range(keys - 1)]
    sharps = [(0.13, y, 0.67) for k, y in gaps if k % 7 not in (2, 6)]
    parts.append(copies(brick((0, 0, 0), (0.18, 0.045, 0.05), (0.06, 0.06, 0.07)), sharps))
    parts.append(copies(brick((0, 0, 0), (0.285, 0.012, 0.06), (0.6, 0.6, 0.58)), [(0.2, y, 0.634) for _, y in gaps]))
    parts += move([block((0, 0, 0), (0.04, 0.62, 0.3), WHITE)], (0.06, 0, high * 0.8), 1, (0, -14, 0))
    parts += [block((0.02, 0, 0.12), (0.1, 0.36, 0.06), GOLD)]
    return Model(parts)


def television(rng: np.random.Generator, look: Look) -> Model:
    """An old television set: case of the main color, rounded screen, knobs, antennas."""
    wide, high = rng.uniform(0.72, 0.82), rng.uniform(0.55, 0.62)
    parts = [
        loft(
            [
                (-0.5, 0, 0, wide * 0.7, high * 0.7, 6),
                (-0.2, 0, 0, wide, high, 7),
                (0.4, 0, 0, wide, high, 7),
                (0.44, 0, 0, wide * 0.95, high * 0.94, 7),
            ],
            look.paint,
            rows=2,
        )
    ]
    screen = contrast(look.main, (0.45, 0.65, 0.72), (0.16, 0.2, 0.22))
    parts.append(block((0.42, -0.16, 0), (0.08, wide * 1.4, high * 1.6), DARK))
    parts.append(ellipsoid((0.44, -0.16, 0), (0.07, wide * 0.62, high * 0.7), screen, detail=20))
    knob = contrast(look.main, look.second, METAL)
    for z in (0.3, 0.08):
        parts.append(cylinder((0.42, wide * 0.77, z), (0.52, wide * 0.77, z), 0.075, knob))
    parts += [block((0.44, wide * 0.77, -0.14 - 0.08 * k), (0.03, 0.2, 0.03), DARK) for k in range(4)]
    parts += both(
        rod((0, 0.04, high), (0, 0.42, high + rng.uniform(0.4, 0.55)), 0.018, METAL, sides=8),
        ellipsoid((0, 0.42, high + 0.47), 0.035, METAL, detail=8),
    )
    parts.append(ellipsoid((0, 0, high), (0.12, 0.12, 0.07), DARK, detail=10))
    parts += both(
        *(rod((x, wide * 0.7, -high + 0.03), (x * 1.3, wide * 0.82, -high - 0.28), 0.045, WOOD, 0.03) for x in (-0.25, 0.3))
    )
    return Model(parts)


def computer(rng: np.random.Generator, look: Look) -> Model:
    """A laptop, its lid and shell of the main color."""
    parts = [
        block((0, 0, 0), (0.9, 1.3, 0.07), look.paint, bevel=0.3),
        block((0.0, 0, 0.036), (0.5, 1.16, 0.012), DARK, bevel=0.2),
    ]
    parts[1].vertices[:, 0] -= 0.1
    keys = [(-0.3 + 0.12 * k, -0.52 + 0.104 * j, 0.046) for k in range(4) for j in range(11)]
    parts.append(copies(brick((0, 0, 0), (0.09, 0.08, 0.014), lighter(DARK, 0.25)), keys))
    parts.append(block((0.31, 0, 0.038), (0.2, 0.4, 0.008), darker(look.main, 0.8)))
    screen = (0.35, 0.65, 0.9)
    lid = [
        block((0, 0, 0.42), (0.06, 1.3, 0.84), look.paint, bevel=0.3),
        block((0.03, 0, 0.43), (0.012, 1.18, 0.7), screen, bevel=0.1),
    ]
    lid += [
        ellipsoid((0.036, -0.2, 0.3), (0.006, 0.3, 0.16), (0.3, 0.7, 0.35), detail=10),
        ellipsoid((0.036, 0.3, 0.62), (0.006, 0.09, 0.09), (1.0, 0.9, 0.4), detail=10),
    ]
    lid.append(ellipsoid((-0.03, 0, 0.42), (0.012, 0.1, 0.1), contrast(look.main, WHITE, DARK), detail=10))
    return Model(parts + move(lid, (-0.44, 0, 0.03), 1, (0, -float(rng.uniform(8, 25)), 0)))
