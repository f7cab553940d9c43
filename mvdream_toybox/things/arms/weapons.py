"""Armour and heavier weapons of toybox: hammers, shields, bow, helmets, cannon."""

import numpy as np

from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Look, Model, both, move
from mvdream_toybox.geometry.shapes import curve, cylinder, ellipsoid, lathe, plate, torus, tube
from mvdream_toybox.geometry.solids import block, loft, rod, spoked_wheel, stretched
from mvdream_toybox.geometry.tones import DARK, DARK_WOOD, GOLD, METAL, STEEL, WHITE, WOOD, contrast
from mvdream_toybox.things.arms.blades import edged, wrap


def hammer(rng: np.random.Generator, look: Look) -> Model:
    """A tool hammer, or (`variant`) "war hammer"; the head has the main color."""
    if look.variant == "war hammer":
        parts = [
            rod((0, 0, -0.95), (0, 0, 0.6), 0.065, DARK_WOOD),
            block((0, 0, 0.52), (0.44, 0.9, 0.46), look.main, bevel=0.12),
        ]
        trim = contrast(look.main, look.second if rng.random() < 0.5 else GOLD, STEEL)
        parts += both(
            block((0, 0.4, 0.52), (0.5, 0.12, 0.52), trim, bevel=0.2),
            block((0, 0.49, 0.52), (0.36, 0.06, 0.38), lighter(look.main, 0.2), bevel=0.2),
        )
        parts += [ellipsoid((s * 0.21, 0, 0.52), (0.06, 0.12, 0.12), trim, detail=12) for s in (-1, 1)]
        parts += [
            cylinder((0, 0, -0.85), (0, 0, -0.35), 0.08, (0.35, 0.18, 0.1)),
            *wrap(-0.82, -0.38, 0.08, (0.2, 0.1, 0.06), 6),
            torus((0, 0, -1.02), 0.09, 0.03, trim, axis=(1, 0, 0), sides=20),
        ]
        return stretched(rng, parts)
    head = [
        (-0.5, 0, 0.6, 0.04, 0.02, 3),
        (-0.3, 0, 0.6, 0.09, 0.07, 4),
        (-0.1, 0, 0.6, 0.11, 0.11, 5),
        (0.12, 0, 0.6, 0.11, 0.11, 5),
        (0.2, 0, 0.6, 0.09, 0.09, 2),
        (0.28, 0, 0.6, 0.15, 0.15, 2),
        (0.42, 0, 0.6, 0.16, 0.16, 2),
        (0.45, 0, 0.6, 0.14, 0.14, 2),
    ]
    grip = contrast(look.main, look.second, (0.85, 0.2, 0.12))
    parts = move([loft(head, look.main)], (0, 0, 0), (1.1, 1.2, 1), (0, 0, 90))
    shaft = [
        (-0.9, 0, 0, 0.06, 0.08, 3),
        (-0.6, 0, 0, 0.075, 0.1, 3),
        (-0.3, 0, 0, 0.06, 0.08, 3),
        (0.66, 0, 0, 0.05, 0.065, 3),
    ]
    return stretched(
        rng,
        [
            *parts,
            loft(shaft, WOOD, "z"),
            loft([(-0.93, 0, 0, 0.07, 0.09, 3), (-0.6, 0, 0, 0.088, 0.115, 3), (-0.28, 0, 0, 0.075, 0.09, 3)], grip, "z"),
        ],
    )


def shield(rng: np.random.Generator, look: Look) -> Model:
    """A round viking shield or a pointed knight's shield, its face in the main color and an emblem."""
    trim = contrast(look.main, GOLD if rng.random() < 0.5 else METAL, DARK)
    mark = contrast(look.main, look.second, WHITE)
    if look.variant == "round shield" or (look.variant is None and rng.random() < 0.4):
        t = np.linspace(0, 1, 12)
        parts = [
            lathe(
                [(0, -0.05), *((0.8 * a, 0.1 * (1 - a**2) + 0.02) for a in t[::-1]), (0, 0.12)],
                look.paint,
                axis=(1, 0, 0),
                sides=60,
                smooth=True,
            )
        ]
        if not callable(look.paint):
            v = parts[0].vertices
            quarter = (np.floor((np.arctan2(v[:, 1], v[:, 2]) / (2 * np.pi) + 0.01) * 4) % 2 == 0) & (v[:, 0] > 0)
            parts[0].colors[quarter & (np.hypot(v[:, 1], v[:, 2]) < 0.55)] = mark
        parts += [
            torus((0.02, 0, 0), 0.8, 0.06, trim, axis=(1, 0, 0)),
            ellipsoid((0.1, 0, 0), (0.16, 0.22, 0.22), trim, detail=14),
        ]
        for k in range(12):
            a = np.pi / 6 * k
            parts.append(ellipsoid((0.075, 0.8 * np.cos(a), 0.8 * np.sin(a)), 0.035, lighter(trim, 0.4), detail=6))
        parts.append(rod((-0.1, -0.3, 0), (-0.1, 0.3, 0), 0.05, DARK_WOOD))
        return stretched(rng, parts)
    z = np.linspace(0, 1, 10)
    side = 0.62 * np.cos(z**1.6 * np.pi / 2) ** 0.8
    right = [*zip(side, 0.35 - 1.15 * z)]
    outline = [(0.62, 0.72), (0.3, 0.68), (0, 0.76), (-0.3, 0.68), (-0.62, 0.72), *((-a, b) for a, b in right), *right[-2::-1]]
    body, rim = (edged(outline, 0.16, look.paint, (0, 0), 0.75), plate([(a * 1.1, b * 1.08) for a, b in outline], 0.09, trim))
    cross = (
        [block((0.05, 0, -0.03), (0.1, 0.17, 1.36), mark), block((0.05, 0, 0.22), (0.1, 1.1, 0.17), mark)]
        if rng.random() < 0.5
        else [
            plate(
                [
                    (0.3 * np.cos(a) * (1 if k % 2 == 0 else 0.42), 0.1 + 0.34 * np.sin(a) * (1 if k % 2 == 0 else 0.42))
                    for k, a in enumerate(np.pi / 2 + np.arange(10) * np.pi / 5)
                ],
                0.1,
                mark,
                (0.05, 0, 0),
            )
        ]
    )
    parts = [rim, body, *cross]
    return stretched(rng, [*parts, rod((-0.09, -0.25, 0.1), (-0.09, 0.25, 0.1), 0.045, DARK_WOOD)])


def bow(rng: np.random.Generator, look: Look) -> Model:
    """A recurve bow of the main color with a nocked arrow."""
    high = rng.uniform(0.95, 1.1)
    arc = curve(
        (0, -0.12, -high),
        (0, 0.04, -high * 0.85),
        (0, 0.34, -0.4 * high),
        (0, 0.28, 0),
        (0, 0.34, 0.4 * high),
        (0, 0.04, high * 0.85),
        (0, -0.12, high),
        samples=34,
    )
    s = np.abs(np.linspace(-1, 1, 34))
    parts = [tube(arc, 0.085 - 0.045 * s, look.paint, sides=14)]
    tips = arc[[2, -3]]
    parts.append(cylinder(tips[0], tips[1], 0.013, WHITE, sides=6))
    grip = contrast(look.main, look.second, DARK_WOOD)
    parts += [
        cylinder((0, 0.28, -0.16), (0, 0.28, 0.16), 0.1, grip),
        *(torus((0, 0.28, z), 0.1, 0.025, GOLD, sides=18) for z in (-0.16, 0.16)),
    ]
    string = float(tips[0][1])
    parts += [
        rod((0, string, 0.02), (0, 1.0, 0.02), 0.024, (0.85, 0.7, 0.45), sides=8),
        lathe([(0, 0), (0.085, 0), (0, 0.22)], STEEL, (0, 0.98, 0.02), (0, 1, 0), 12),
    ]
    feather = contrast(look.main, look.accent, (0.85, 0.15, 0.15))
    parts += [
        block((x, string + 0.12, 0.02 + z), (0.06 if x else 0.015, 0.2, 0.015 if x else 0.07), feather)
        for x, z in ((0, 0.05), (0, -0.05), (0.05, 0), (-0.05, 0))
    ]
    return Model(parts)


def helmet(rng: np.random.Generator, look: Look) -> Model:
    """A viking helmet of the main color with two horns, or (`variant`) "knight helmet" with a visor and plume."""
    metal, trim = look.paint, contrast(look.main, GOLD, DARK)
    a = np.linspace(0, np.pi / 2, 14)
    dome = lathe([(0.5, -0.12), *((0.56 * np.cos(t), 0.6 * np.sin(t)) for t in a)], metal, sides=40, smooth=True)
    if look.variant == "knight helmet":
        shell = lathe(
            [(0, -0.62), (0.46, -0.62), (0.5, -0.5), (0.5, 0), *((0.5 * np.cos(q), 0.56 * np.sin(q)) for q in a[1:])],
            metal,
            sides=40,
            smooth=True,
        )
        parts = [
            shell,
            block((0.47, 0, 0.08), (0.1, 0.74, 0.09), (0.05, 0.05, 0.06), bevel=0.2),
            loft([(-0.5, 0.32, 0, 0.24, 0.32, 2.5), (-0.02, 0.34, 0, 0.26, 0.36, 2.5)], darker(look.main, 0.88), "z"),
        ]
        parts += both(
            *(ellipsoid((0.57, 0.12 + 0.07 * (k % 2), -0.12 - 0.11 * k), (0.03, 0.03, 0.03), DARK, detail=6) for k in range(3)),
            cylinder((0, 0.48, 0), (0, 0.56, 0), 0.1, trim),
        )
        plume = contrast(look.main, look.second, (0.85, 0.12, 0.12))
        feather = curve((0.1, 0, 0.55), (-0.1, 0, 0.85), (-0.5, 0, 0.72), (-0.72, 0, 0.2), samples=14)
        parts += [
            tube(feather, 0.13 * np.sin(np.pi * np.linspace(0.18, 0.95, 14)) + 0.02, plume, sides=12),
            torus((0, 0, -0.6), 0.47, 0.045, trim),
            block((0, 0, 0.5), (0.7, 0.05, 0.1), trim, bevel=0.3),
        ]
        return stretched(rng, parts)
    parts = [
        dome,
        torus((0, 0, -0.08), 0.53, 0.075, trim),
        tube(
            np.column_stack([0.58 * np.cos(np.linspace(0, np.pi, 14)), np.zeros(14), 0.61 * np.sin(np.linspace(0, np.pi, 14))]),
            0.055,
            trim,
            sides=10,
        ),
    ]
    reach = rng.uniform(0.62, 0.75)
    horn = curve((0, 0.44, 0.12), (0.02, 0.78, 0.2), (0.05, 0.95, 0.48), (0.08, 0.86, 0.2 + reach), samples=14)
    parts += both(
        tube(horn, np.linspace(0.16, 0.015, 14), (0.95, 0.9, 0.78), sides=14),
        torus((0, 0.5, 0.13), 0.16, 0.04, trim, axis=(0, 1, 0.25), sides=20),
    )
    for k in range(9):
        b = 2 * np.pi * k / 9 + 0.2
        parts.append(ellipsoid((0.6 * np.cos(b), 0.6 * np.sin(b), -0.08), 0.035, lighter(trim, 0.5), detail=6))
    parts.append(block((0.56, 0, -0.24), (0.06, 0.13, 0.3), trim, bevel=0.3))
    return stretched(rng, parts)


def cannon(rng: np.random.Generator, look: Look) -> Model:
    """A ship's cannon of the main color on a wheeled carriage."""
    long = rng.uniform(0.95, 1.1)
    barrel = [
        (0, -0.62),
        (0.1, -0.6),
        (0.1, -0.52),
        (0.25, -0.46),
        (0.26, -0.3),
        (0.23, -0.28),
        (0.21, 0.1),
        (0.24, 0.1),
        (0.24, 0.16),
        (0.2, 0.16),
        (0.16, long - 0.12),
        (0.22, long - 0.06),
        (0.22, long),
        (0.13, long),
        (0.11, long - 0.1),
        (0, long - 0.1),
    ]
    parts = move(
        [
            lathe(barrel, look.paint, axis=(1, 0, 0.0)),
            ellipsoid((-0.64, 0, 0), 0.09, look.main, detail=10),
            cylinder((long - 0.14, 0, 0), (long + 0.004, 0, 0), 0.125, (0.05, 0.05, 0.05)),
        ],
        (0, 0, 0.55),
        1,
        (0, -float(rng.uniform(5, 16)), 0),
    )
    wood = contrast(look.main, WOOD, DARK_WOOD)
    parts += both(
        block((-0.22, 0.24, 0.4), (0.8, 0.08, 0.26), wood),
        block((-0.62, 0.2, 0.18), (0.7, 0.08, 0.16), wood),
        *spoked_wheel((0.06, 0.36, 0.4), 0.4, 0.1, wood, 10),
    )
    return Model([*parts, rod((0.06, -0.46, 0.4), (0.06, 0.46, 0.4), 0.06, METAL)])
