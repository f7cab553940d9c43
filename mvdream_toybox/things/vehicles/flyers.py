"""Wingless things that fly: rocket, hot air balloon, flying saucer, blimp."""

import numpy as np

from mvdream_toybox.geometry.paints import lighter
from mvdream_toybox.geometry.parts import Look, Model, both, move
from mvdream_toybox.geometry.shapes import cylinder, ellipsoid, lathe, torus
from mvdream_toybox.geometry.solids import block, loft, rod, side_plate
from mvdream_toybox.geometry.tones import DARK, LAMP, METAL, STEEL, TAIL_LAMP, WHITE, contrast, glass_for


def rocket(rng: np.random.Generator, look: Look) -> Model:
    """A space rocket that stands on its fins, with nose cone, portholes and engine bell."""
    r, high = rng.uniform(0.3, 0.36), rng.uniform(1.35, 1.6)
    t = np.linspace(0, 1, 22)
    girth = r * np.where(t < 0.45, 0.72 + 0.28 * np.sin(np.pi / 2 * t / 0.45), np.cos((t - 0.45) / 0.55 * np.pi / 2) ** 0.75)
    trim = contrast(look.main, look.second, (0.85, 0.15, 0.12))
    body = lathe([(0, 0), *zip(girth, t * high)], look.paint, sides=36, smooth=True)
    parts = [body]
    split = 0.78
    tip = t > split - 0.03
    parts.append(lathe([(0, split * high), *zip(girth[tip] * 1.02 + 0.004, t[tip] * high + 0.006)], trim, smooth=True))
    for z, s in ((0.56, 0.115), (0.34, 0.085)):
        y = np.interp(z, t, girth) * 0.96
        for side in ((1, 0, 0), (-1, 0, 0)):
            c = np.array(side) * y + (0, 0, z * high)
            parts += [torus(c, s, 0.032, METAL, axis=side, sides=28), ellipsoid(c, (0.04, s, s), (0.45, 0.75, 0.92), detail=12)]
    parts.append(torus((0, 0, 0.12 * high), np.interp(0.12, t, girth), 0.025, trim, sides=36))
    fin = [(0.2, 0.42), (0.2, 0.06), (0.52, -0.34), (0.62, -0.34), (0.6, 0.06), (0.42, 0.3)]
    count = int(rng.choice([3, 4]))
    for k in range(count):
        parts += move([side_plate(fin, 0.07, trim)], (0, 0, 0), 1, (0, 0, 360 * k / count + (45 if count == 4 else 60)))
    parts.append(lathe([(0, 0.02), (0.16, 0.02), (0.24, -0.18), (0.19, -0.18), (0.1, -0.05), (0, -0.05)], STEEL))
    if rng.random() < 0.4:
        parts.append(lathe([(0, -0.55), (0.08, -0.42), (0.17, -0.24), (0.15, -0.12), (0, -0.1)], (1.0, 0.55, 0.1), smooth=True))
        parts.append(lathe([(0, -0.44), (0.05, -0.36), (0.185, -0.2), (0, -0.1)], (1.0, 0.85, 0.3), smooth=True))
    return Model(parts)


def hot_air_balloon(rng: np.random.Generator, look: Look) -> Model:
    """A hot air balloon with a wicker basket on ropes."""
    r, tall = rng.uniform(0.68, 0.76), rng.uniform(1.0, 1.15)
    a = np.linspace(-np.pi / 2, np.pi / 2, 30)
    up, girth = np.sin(a), np.cos(a)
    girth = np.where(up < 0, girth * (1 + 0.32 * up), girth)
    keep = a > -1.28
    z = np.where(up < 0, up * tall, up) * r
    profile = np.column_stack([girth[keep], z[keep] / r]) * r
    parts = [lathe(profile, look.paint, sides=48, smooth=True)]
    if look.paint == look.main and rng.random() < 0.7:  # plain balloons get gores of a lighter shade
        v = parts[0].vertices
        gore = np.floor((np.arctan2(v[:, 1], v[:, 0]) / (2 * np.pi) + 0.5) * 12 - 0.01).astype(int) % 4 == 0
        parts[0].colors[gore] = contrast(look.main, look.second, WHITE)
    mouth, low = profile[0]
    parts.append(torus((0, 0, low), mouth, 0.03, DARK, sides=28))
    basket = low - rng.uniform(0.34, 0.42)
    parts.append(block((0, 0, basket - 0.14), (0.3, 0.3, 0.28), (0.6, 0.4, 0.2), taper=1.12))
    parts += [
        block((0, 0, basket + 0.01), (0.38, 0.38, 0.05), (0.38, 0.24, 0.12)),
        block((0, 0, basket - 0.14), (0.335, 0.335, 0.04), (0.4, 0.26, 0.13)),
    ]
    parts += both(
        *(cylinder((s * 0.15, 0.15, basket), (s * mouth * 0.7, mouth * 0.7, low), 0.013, DARK, sides=6) for s in (-1, 1))
    )
    parts.append(
        lathe([(0, basket + 0.1), (0.04, basket + 0.1), (0.07, basket + 0.2), (0, basket + 0.36)], (1.0, 0.6, 0.15), sides=12)
    )
    return Model(parts)


def ufo(rng: np.random.Generator, look: Look) -> Model:
    """A flying saucer: disk, glass dome, lights around the rim, landing legs."""
    r = rng.uniform(0.88, 1.0)
    thick = rng.uniform(0.2, 0.27)
    profile = [
        (0, -thick),
        (0.35 * r, -thick * 0.95),
        (0.75 * r, -thick * 0.45),
        (r, -0.03),
        (1.02 * r, 0),
        (r, 0.03),
        (0.7 * r, thick * 0.5),
        (0.42 * r, thick * 0.85),
        (0, thick),
    ]
    parts = [lathe(profile, look.paint, sides=48)]
    dome = rng.uniform(0.36, 0.42) * r
    parts += [
        ellipsoid((0, 0, thick * 0.8), (dome, dome, dome * 0.95), (0.62, 0.88, 0.95), detail=20),
        torus((0, 0, thick * 0.9), dome, 0.04, contrast(look.main, look.second, METAL)),
    ]
    lights = int(rng.choice([8, 10, 12]))
    glow = [(1.0, 0.9, 0.3), (0.3, 1.0, 0.5), (1.0, 0.35, 0.3)]
    for k in range(lights):
        a = 2 * np.pi * k / lights
        place = (0.86 * r * np.cos(a), 0.86 * r * np.sin(a), thick * 0.3)
        parts.append(ellipsoid(place, 0.065, glow[k % 2 if lights == 10 else k % 3 if lights == 12 else 0], detail=8))
    parts.append(lathe([(0, -thick - 0.05), (0.2, -thick - 0.05), (0.3, -thick + 0.03), (0, -thick + 0.03)], LAMP))
    for k in range(3):
        a = 2 * np.pi * (k / 3 + 1 / 6)
        foot = np.array([0.62 * np.cos(a), 0.62 * np.sin(a), -thick - 0.34])
        parts += [
            rod((0.42 * np.cos(a), 0.42 * np.sin(a), -thick * 0.7), foot, 0.035, STEEL, sides=8),
            ellipsoid(foot, (0.11, 0.11, 0.04), STEEL, detail=8),
        ]
    return Model(parts)


def blimp(rng: np.random.Generator, look: Look) -> Model:
    """An airship: a long envelope, a gondola and four tail fins."""
    r = rng.uniform(0.34, 0.4)
    t = np.linspace(-1, 1, 25)
    girth = r * np.sqrt(np.clip(1 - np.abs(t) ** 2.3, 0, 1)) * (1 - 0.12 * (t < 0) * t**2) + 0.001
    parts = [loft([(x, 0, 0, g, g, 2) for x, g in zip(t, girth)], look.paint, sides=40)]
    trim = contrast(look.main, look.second, WHITE)
    parts.append(
        loft(
            [
                (-0.28, 0, -r - 0.07, 0.08, 0.07, 4),
                (-0.2, 0, -r - 0.06, 0.11, 0.11, 4),
                (0.3, 0, -r - 0.06, 0.11, 0.11, 4),
                (0.38, 0, -r - 0.05, 0.06, 0.06, 4),
            ],
            trim,
        )
    )
    glass = glass_for(trim)
    parts.append(block((0.06, 0, -r - 0.06), (0.44, 0.235, 0.08), glass, bevel=0.1))
    fin = [(-0.98, 0.12), (-0.6, 0.18), (-0.78, 0.5), (-1.04, 0.5)]
    for angle in (0, 90, 180, 270):
        parts += move([side_plate(fin, 0.04, trim)], (0, 0, 0), 1, (angle, 0, 0))
    parts += both(
        cylinder((-0.1, 0.2, -r - 0.02), (0.06, 0.2, -r - 0.02), 0.05, DARK),
        rod((-0.02, 0.08, -r), (-0.02, 0.2, -r - 0.02), 0.02, STEEL, sides=8),
    )
    parts += [
        torus((x, 0, 0), float(np.interp(x, t, girth)), 0.014, lighter(look.main, 0.35), axis=(1, 0, 0))
        for x in (-0.5, 0.0, 0.5)
    ]
    parts.append(ellipsoid((1.0, 0, 0), (0.04, 0.06, 0.06), TAIL_LAMP, detail=8))
    return Model(parts)
