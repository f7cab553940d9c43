"""Things that people carry, give and win: umbrella, backpack, book, crown, trophy, magic wand."""

import numpy as np

from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Look, Model, both, move
from mvdream_toybox.geometry.shapes import curve, ellipsoid, lathe, plate, torus, tube
from mvdream_toybox.geometry.solids import block, loft, rod, stretched
from mvdream_toybox.geometry.tones import DARK, DARK_WOOD, GOLD, METAL, WHITE, WOOD, contrast


def umbrella(rng: np.random.Generator, look: Look) -> Model:
    """An open umbrella with a crooked handle."""
    r, tall, ribs = rng.uniform(0.86, 0.98), rng.uniform(0.42, 0.52), 8
    a = np.linspace(0.0, np.pi / 2, 18)
    canopy = lathe([(r * np.cos(t), tall * np.sin(t)) for t in a], look.paint, sides=64, smooth=True)
    angle, out = (
        np.arctan2(canopy.vertices[:, 1], canopy.vertices[:, 0]),
        np.hypot(canopy.vertices[:, 0], canopy.vertices[:, 1]) / r,
    )
    sag = np.abs(np.sin(angle * ribs / 2))
    canopy.vertices[:, 2] += 0.1 * sag * out**3 - 0.03
    canopy.vertices[:, :2] *= (1 - 0.06 * sag * out**2)[:, None]
    if not callable(look.paint) and rng.random() < 0.5:
        canopy.colors[np.floor((angle / (2 * np.pi) + 0.5) * ribs - 1e-6) % 2 == 0] = lighter(look.main, 0.22)
    lining = move([canopy], (0, 0, -0.025), (0.985, 0.985, 0.97))[0]
    lining.faces, lining.colors = lining.faces[:, ::-1], lining.colors * 0.8
    low = -rng.uniform(0.85, 1.0)
    hook = curve(
        (0, 0, low), (0, 0.02, low - 0.13), (0, 0.13, low - 0.2), (0, 0.24, low - 0.12), (0, 0.25, low - 0.02), samples=12
    )
    grip = contrast(look.main, look.second, WOOD)
    return Model(
        [
            canopy,
            lining,
            rod((0, 0, low), (0, 0, tall), 0.026, METAL),
            tube(hook, 0.05, grip, sides=12),
            rod((0, 0, low - 0.02), (0, 0, low + 0.2), 0.048, grip),
            rod((0, 0, tall - 0.05), (0, 0, tall + 0.14), 0.03, METAL),
        ]
    )


def backpack(rng: np.random.Generator, look: Look) -> Model:
    """A school bag: body and pockets of the main color, straps behind."""
    wide, high = rng.uniform(0.46, 0.54), rng.uniform(1.15, 1.3)
    trim = contrast(look.main, look.second, WHITE)
    parts = [
        loft(
            [
                (0, 0, 0, 0.28, wide * 0.92, 4),
                (0.06, 0, 0, 0.32, wide, 4),
                (high * 0.7, 0, 0, 0.3, wide, 3.5),
                (high * 0.92, -0.03, 0, 0.25, wide * 0.82, 3),
                (high, -0.05, 0, 0.12, wide * 0.45, 2.5),
            ],
            look.paint,
            "z",
            36,
            3,
        )
    ]
    parts += [
        block((0.3, 0, high * 0.26), (0.2, wide * 1.45, high * 0.4), darker(look.main, 0.85), bevel=0.3),
        block((0.39, 0, high * 0.38), (0.05, wide * 1.2, 0.05), trim, bevel=0.3),
        ellipsoid((0.42, 0.2, high * 0.33), (0.025, 0.03, 0.07), METAL, detail=8),
    ]
    parts += both(block((0, wide + 0.03, high * 0.26), (0.34, 0.14, high * 0.34), darker(look.main, 0.8), bevel=0.3))
    strap = curve(
        (-0.24, 0.22, high * 0.9), (-0.48, 0.26, high * 0.72), (-0.5, 0.3, high * 0.35), (-0.26, 0.34, high * 0.1), samples=12
    )
    parts += both(tube(strap, 0.065, trim, sides=10))
    loop = curve(
        (-0.1, -0.12, high * 0.96), (-0.1, -0.08, high + 0.13), (-0.1, 0.08, high + 0.13), (-0.1, 0.12, high * 0.96), samples=10
    )
    return Model(
        [*parts, tube(loop, 0.04, trim, sides=10), block((0.24, 0, high * 0.68), (0.14, wide * 1.5, 0.05), trim, bevel=0.3)]
    )


def book(rng: np.random.Generator, look: Look) -> Model:
    """A thick closed book that stands up; cover of the main color, golden title and clasps."""
    wide, high, deep = rng.uniform(0.52, 0.6), rng.uniform(0.78, 0.88), rng.uniform(0.24, 0.38)
    trim = contrast(look.main, look.second if rng.random() < 0.4 else GOLD, WHITE)
    parts = [block((x, 0.02, 0), (0.06, 2 * wide, 2 * high), look.paint, bevel=0.2, rows=3) for x in (-deep / 2, deep / 2)]
    parts += [
        block((0, -0.01, 0), (deep, 2 * wide - 0.12, 2 * high - 0.1), (0.96, 0.93, 0.84), bevel=0.03),
        loft([(-high, 0, -wide, deep / 2 + 0.03, 0.07, 4), (high, 0, -wide, deep / 2 + 0.03, 0.07, 4)], look.paint, "z"),
    ]
    front = deep / 2 + 0.03
    for s in (-1, 1):
        x = s * front
        parts += [
            torus((x, 0.04, 0.15), 0.26, 0.03, trim, axis=(1, 0, 0)),
            block((x, 0.04, -0.45), (0.03, 0.6, 0.06), trim),
            block((x, 0.04, -0.57), (0.03, 0.4, 0.05), trim),
        ]
        parts += [ellipsoid((x, 0.04, 0.15), (0.03, 0.13, 0.13), contrast(look.main, look.accent, trim), detail=12)]
        parts += [
            block((x, y, z), (0.04, 0.18, 0.18), trim, bevel=0.2)
            for y in (-wide + 0.16, wide - 0.07)
            for z in (-high + 0.09, high - 0.09)
        ]
    parts += [block((0, -wide - 0.06, z), (deep + 0.08, 0.04, 0.06), trim) for z in (-high * 0.6, 0, high * 0.6)]
    return Model(parts)


def crown(rng: np.random.Generator, look: Look) -> Model:
    """A crown of the main color with points and jewels."""
    r, points = 0.62, int(rng.choice([5, 6, 8]))
    cols = points * 12
    phi = np.linspace(0, 2 * np.pi, cols, endpoint=False)
    saw = np.abs(((phi / (2 * np.pi) * points) % 1) - 0.5) * 2
    height = 0.42 + rng.uniform(0.34, 0.46) * saw
    parts = []
    for q, shade in ((1.0, 1.0), (0.95, 0.75)):
        wall = lathe([(r * q, 0), (r * q * 1.12, 1)], darker(look.main, shade), sides=cols, smooth=True)
        wall.vertices[:, 2] *= np.tile(height, 2)
        if q < 1:
            wall.faces = wall.faces[:, ::-1]
        parts.append(wall)
    parts += [torus((0, 0, 0.03), r * 0.985, 0.065, look.main), torus((0, 0, 0.3), r * 1.01, 0.035, look.main)]
    jewel = ((0.82, 0.08, 0.15), (0.1, 0.35, 0.85), (0.1, 0.65, 0.35))
    for k in range(points):
        a = 2 * np.pi * k / points
        top = float(height.max())
        place = np.array([np.cos(a), np.sin(a), 0])
        parts.append(ellipsoid(place * r * 1.12 + (0, 0, top + 0.04), 0.075, contrast(look.main, WHITE, GOLD), detail=10))
        parts.append(
            ellipsoid(
                place * r * 1.02 + (0, 0, 0.17),
                (0.05, 0.08, 0.08),
                contrast(look.main, jewel[k % 3], WHITE),
                (0, 0, np.degrees(a)),
                8,
            )
        )
    if rng.random() < 0.5:
        parts.append(
            ellipsoid((0, 0, 0.18), (r * 0.9, r * 0.9, 0.4), contrast(look.main, look.second, (0.6, 0.08, 0.15)), detail=16)
        )
    return Model(parts)


def trophy(rng: np.random.Generator, look: Look) -> Model:
    """A trophy cup with two handles on a plinth; the cup has the main color."""
    r, high = rng.uniform(0.4, 0.48), rng.uniform(0.72, 0.85)
    cup = [
        (0, 0),
        (0.24, 0),
        (0.2, 0.06),
        (0.07, 0.14),
        (0.06, 0.24),
        (0.12, 0.3),
        (0.3, 0.42),
        (r * 0.95, 0.3 + 0.6 * high),
        (r * 1.06, 0.3 + high),
        (r * 0.96, 0.3 + high),
        (0, 0.26 + high),
    ]
    parts = [
        lathe(cup, look.paint, sides=40, smooth=True),
        torus((0, 0, 0.3 + high), r * 1.02, 0.035, lighter(look.main, 0.25)),
    ]
    top = 0.3 + high
    handle = curve(
        (0, r * 0.98, top - 0.12), (0, r + 0.3, top - 0.1), (0, r + 0.26, top - 0.42), (0, r * 0.68, top - 0.52), samples=14
    )
    parts += both(tube(handle, 0.05, look.main, sides=12))
    base = contrast(look.main, DARK_WOOD, DARK)
    parts += [
        block((0, 0, -0.14), (0.56, 0.56, 0.28), base, taper=0.88),
        block((0.26, 0, -0.14), (0.05, 0.3, 0.13), contrast(base, GOLD, WHITE)),
    ]
    star = [
        (0.17 * np.cos(a) * (1 if k % 2 == 0 else 0.42), 0.17 * np.sin(a) * (1 if k % 2 == 0 else 0.42))
        for k, a in enumerate(np.pi / 2 + np.arange(10) * np.pi / 5)
    ]
    return stretched(rng, [*parts, plate(star, 0.08, contrast(look.main, look.second, WHITE), (r * 0.9, 0, 0.3 + 0.62 * high))])


def magic_wand(rng: np.random.Generator, look: Look) -> Model:
    """A wand with a big star of the main color and ribbons."""
    star = [
        (0.42 * np.cos(a) * (1 if k % 2 == 0 else 0.48), 0.62 + 0.42 * np.sin(a) * (1 if k % 2 == 0 else 0.48))
        for k, a in enumerate(np.pi / 2 + np.arange(10) * np.pi / 5)
    ]
    stick = contrast(look.main, look.second, WHITE)
    parts = [
        plate(star, 0.16, look.paint),
        plate([(y * 1.12, 0.62 + (z - 0.62) * 1.12) for y, z in star], 0.09, darker(look.main, 0.8)),
        rod((0, 0, -0.95), (0, 0, 0.35), 0.05, stick),
        ellipsoid((0, 0, -0.97), 0.08, look.main, detail=10),
    ]
    tie = contrast(look.main, look.accent, stick)
    for s in (-1, 1):
        parts.append(
            tube(
                curve((0.03, 0, 0.22), (0.06, s * 0.16, 0.05), (0.04, s * 0.1, -0.15), (0.06, s * 0.26, -0.36), samples=10),
                0.028,
                tie,
                sides=8,
            )
        )
    return stretched(rng, parts)
