"""Tools of toybox: wrench, screwdriver, key, telescope, camera, hourglass, anchor."""

import numpy as np

from mvdream_toybox.geometry.paints import darker
from mvdream_toybox.geometry.parts import Look, Model, both, move
from mvdream_toybox.geometry.shapes import curve, cylinder, ellipsoid, lathe, plate, torus, tube
from mvdream_toybox.geometry.solids import block, rod, stretched
from mvdream_toybox.geometry.tones import DARK, GOLD, METAL, WHITE, WOOD, contrast


def wrench(rng: np.random.Generator, look: Look) -> Model:
    """A wrench with an open jaw above and a ring below."""
    a = np.linspace(0.75, 2 * np.pi - 0.75, 16) + np.pi / 2
    jaw = [(0.36 * np.cos(t), 0.75 + 0.36 * np.sin(t)) for t in a] + [
        (0.15, 0.98),
        (0.15, 0.76),
        (0.0, 0.67),
        (-0.15, 0.76),
        (-0.15, 0.98),
    ]
    parts = [
        plate(jaw, 0.17, look.paint),
        block((0, 0, -0.05), (0.13, 0.2, 1.1), look.paint, bevel=0.2),
        block((0, 0, -0.05), (0.15, 0.09, 0.8), darker(look.main, 0.8), bevel=0.2),
    ]
    ring = [(0.15, -0.09), (0.3, -0.09), (0.3, 0.09), (0.15, 0.09), (0.15, -0.09)]
    return stretched(rng, [*parts, lathe(ring, look.paint, (0, 0, -0.78), (1, 0, 0), 32)])


def screwdriver(rng: np.random.Generator, look: Look) -> Model:
    """A screwdriver, tip up; the handle has the main color."""
    t = np.linspace(0, 1, 14)
    girth = 0.2 + 0.03 * np.cos(t * 2 * np.pi) - 0.05 * np.sin(np.pi * t)
    handle = lathe(
        [(0, -0.95), (0.14, -0.95), *zip(girth, -0.9 + 0.75 * t), (0.11, -0.05), (0.11, 0.02), (0, 0.02)],
        look.paint,
        sides=48,
        smooth=True,
    )
    a = np.arctan2(handle.vertices[:, 1], handle.vertices[:, 0])
    handle.colors[np.cos(8 * a) < -0.55] *= 0.75
    return Model(
        [
            handle,
            cylinder((0, 0, 0), (0, 0, rng.uniform(0.75, 0.9)), 0.05, METAL),
            block((0, 0, 0.9), (0.04, 0.15, 0.24), METAL, taper=0.9),
            torus((0, 0, -0.03), 0.12, 0.03, DARK),
        ]
    )


def key(rng: np.random.Generator, look: Look) -> Model:
    """An old key: ornamental bow above, teeth below."""
    parts = [
        rod((0, 0, -0.9), (0, 0, 0.4), 0.08, look.main),
        torus((0, 0, 0.3), 0.1, 0.04, look.main),
        torus((0, 0, -0.35), 0.1, 0.03, look.main),
    ]
    if rng.random() < 0.5:
        parts += [
            torus((0, y, 0.42 + z), 0.19, 0.07, look.main, axis=(1, 0, 0)) for y, z in ((0, 0.42), (0.25, 0.14), (-0.25, 0.14))
        ]
    else:
        parts += [
            torus((0, 0, 0.68), 0.27, 0.085, look.main, axis=(1, 0, 0)),
            ellipsoid((0, 0, 0.68), (0.08, 0.12, 0.12), contrast(look.main, look.second, (0.8, 0.1, 0.2)), detail=12),
        ]
    teeth = [
        (0.05, -0.88),
        (0.36, -0.88),
        (0.36, -0.72),
        (0.24, -0.72),
        (0.24, -0.64),
        (0.36, -0.64),
        (0.36, -0.5),
        (0.05, -0.5),
    ]
    return stretched(rng, [*parts, plate(teeth, 0.11, look.main)])


def telescope(rng: np.random.Generator, look: Look) -> Model:
    """A telescope on a tripod that looks up to the front; the tubes have the main color."""
    trim = contrast(look.main, look.second if rng.random() < 0.5 else GOLD, DARK)
    parts, x = [], -0.75
    for r, long in ((0.12, 0.42), (0.16, 0.5), (0.21, 0.66)):
        parts += [
            cylinder((x, 0, 0), (x + long, 0, 0), r, look.paint),
            torus((x + long, 0, 0), r, 0.03, trim, axis=(1, 0, 0), sides=28),
        ]
        x += long
    parts += [
        cylinder((x, 0, 0), (x + 0.02, 0, 0), 0.19, (0.5, 0.72, 0.88)),
        cylinder((-0.87, 0, 0), (-0.74, 0, 0), 0.08, DARK),
    ]
    parts = move(parts, (0, 0, 0.35), 1, (0, -float(rng.uniform(18, 34)), 0))
    for k in range(3):
        a = 2 * np.pi * k / 3 + np.pi
        parts.append(rod((0, 0, 0.2), (0.5 * np.cos(a), 0.5 * np.sin(a), -0.75), 0.045, contrast(look.main, WOOD, DARK), 0.035))
    return Model([*parts, ellipsoid((0, 0, 0.2), 0.1, trim, detail=10)])


def camera(rng: np.random.Generator, look: Look) -> Model:
    """A photographic camera: body of the main color, big lens to the front."""
    wide, high = rng.uniform(0.7, 0.8), rng.uniform(0.92, 1.02)
    parts = [
        block((0, 0, 0), (0.42, 2 * wide, high), look.paint, bevel=0.14, rows=2),
        block((0, 0, high * 0.48), (0.4, 0.52, 0.26), look.main, taper=0.75),
    ]
    band = contrast(look.main, DARK, (0.3, 0.3, 0.32))
    parts.append(block((0.0, 0, high * 0.32), (0.44, 2 * wide + 0.02, 0.14), contrast(look.main, METAL, DARK), bevel=0.15))
    lens = 0.36
    parts += [
        cylinder((0.2, 0, -0.06), (0.42, 0, -0.06), lens, METAL),
        cylinder((0.4, 0, -0.06), (0.62, 0, -0.06), lens * 0.9, band),
        cylinder((0.6, 0, -0.06), (0.635, 0, -0.06), lens * 0.74, (0.06, 0.07, 0.1)),
        ellipsoid((0.62, 0, -0.06), (0.07, lens * 0.6, lens * 0.6), (0.25, 0.38, 0.6), detail=14),
        ellipsoid((0.67, 0.07, 0.02), (0.03, 0.06, 0.05), WHITE, detail=8),
    ]
    parts += [
        block((0.21, wide * 0.68, high * 0.33), (0.06, 0.2, 0.12), (1.0, 0.97, 0.8)),
        cylinder(
            (0.02, -wide * 0.7, high / 2 - 0.02),
            (0.02, -wide * 0.7, high / 2 + 0.09),
            0.1,
            contrast(look.main, look.second, (0.85, 0.15, 0.12)),
        ),
        cylinder((0, wide * 0.65, high / 2 - 0.02), (0, wide * 0.65, high / 2 + 0.07), 0.13, METAL),
    ]
    parts += [
        block((-0.21, 0, -0.06), (0.03, wide * 1.2, high * 0.5), (0.2, 0.25, 0.3)),
        cylinder((-0.24, 0, high * 0.5), (-0.19, 0, high * 0.5), 0.1, DARK),
    ]
    return Model(parts)


def hourglass(rng: np.random.Generator, look: Look) -> Model:
    """An hourglass: frame of the main color, sand in glass bulbs."""
    r, high = rng.uniform(0.36, 0.42), 0.62
    parts = [
        lathe(
            [
                (0, s * high),
                (r * 1.45, s * high),
                (r * 1.5, s * (high + 0.05)),
                (r * 1.35, s * (high + 0.13)),
                (0, s * (high + 0.13)),
            ][:: int(s)],
            look.main,
            sides=36,
        )
        for s in (1, -1)
    ]
    for k in range(4):
        a = np.pi / 2 * k + np.pi / 4
        x, y = r * 1.25 * np.cos(a), r * 1.25 * np.sin(a)
        parts += [rod((x, y, -high), (x, y, high), 0.07, look.main), ellipsoid((x, y, 0), 0.1, look.main, detail=8)]
    t = np.linspace(-1, 1, 30)
    bulb = 0.05 + (r - 0.05) * np.sin(np.pi * np.clip(np.abs(t), 0, 1) ** 0.8 * 0.62) ** 1.3
    glass = lathe([(0, -high), *zip(bulb, t * high), (0, high)], (0.8, 0.9, 0.94), sides=32, smooth=True)
    glass.colors[(glass.vertices[:, 2] < -0.26) | ((glass.vertices[:, 2] > 0.02) & (glass.vertices[:, 2] < 0.3))] = (
        0.93,
        0.76,
        0.42,
    )
    return Model([*parts, glass])


def anchor(rng: np.random.Generator, look: Look) -> Model:
    """A ship's anchor with a ring, a stock and two flukes."""
    parts = [
        rod((0, 0, -0.75), (0, 0, 0.62), 0.1, look.main, 0.08),
        torus((0, 0, 0.78), 0.15, 0.05, look.main, axis=(1, 0, 0)),
        rod((0, -0.42, 0.45), (0, 0.42, 0.45), 0.075, look.main),
    ]
    arm = curve((0, 0, -0.8), (0, 0.36, -0.72), (0, 0.62, -0.42), (0, 0.68, -0.2), samples=12)
    fluke = [(0.44, -0.28), (0.9, -0.34), (0.72, 0.08)]
    parts += both(
        tube(arm, 0.09, look.main, sides=12),
        plate(fluke, 0.16, look.main),
        ellipsoid((0, 0.42, 0.45), 0.1, look.main, detail=8),
    )
    if rng.random() < 0.6:
        t = np.linspace(0, 1, 40)
        rope = np.column_stack([0.16 * np.cos(9 * t), 0.16 * np.sin(9 * t) + 0.1 * t, 0.72 - 1.2 * t])
        parts.append(tube(rope, 0.04, (0.85, 0.75, 0.52), sides=8))
    return stretched(rng, parts)
