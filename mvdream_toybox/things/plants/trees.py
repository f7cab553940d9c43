"""Trees of toybox: leafy tree, conifer, palm, bonsai, flower bush. The main color is the foliage's."""

import numpy as np

from mvdream_toybox.geometry.foliage import puff, shades
from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Look, Model, Part, move
from mvdream_toybox.geometry.shapes import curve, ellipsoid, lathe, plate, tube
from mvdream_toybox.geometry.solids import block, rod
from mvdream_toybox.geometry.tones import WHITE, contrast

BARK = (0.42, 0.27, 0.15)
GREEN = (0.24, 0.55, 0.20)


def tree(rng: np.random.Generator, look: Look) -> Model:
    """A broad-leaved tree; some bear apples of the second color."""
    high, crown = rng.uniform(0.6, 0.85), rng.uniform(0.42, 0.5)
    parts = [
        tube(
            curve((0, 0, 0), (0.03, 0.02, high * 0.5), (0, 0, high + 0.35), samples=8),
            np.linspace(0.16, 0.09, 8),
            BARK,
            sides=12,
            caps=False,
        )
    ]
    for k in range(4):
        a = 2 * np.pi * k / 4 + 0.4
        parts.append(rod((0, 0, 0.16), (0.2 * np.cos(a), 0.2 * np.sin(a), 0), 0.07, BARK, 0.04, 8))
        parts.append(rod((0, 0, high * 0.75), (0.36 * np.cos(a), 0.36 * np.sin(a), high + 0.15), 0.05, BARK, 0.03, 8))
    z = high + 0.4
    puffs = [((0, 0, z + 0.22), crown * 1.1)]
    for k in range(5):
        a = 2 * np.pi * k / 5 + rng.uniform(-0.2, 0.2)
        puffs.append(((0.4 * np.cos(a), 0.4 * np.sin(a), z + rng.uniform(-0.1, 0.08)), crown * rng.uniform(0.75, 0.95)))
    puffs.append(((0.05, -0.05, z + 0.55), crown * 0.75))
    parts += [puff(c, r, shades(look, k), rng) for k, (c, r) in enumerate(puffs)]
    if rng.random() < 0.3:
        fruit = contrast(look.main, (0.85, 0.1, 0.1), (0.98, 0.8, 0.2))
        for k in range(14):
            c, r = puffs[k % len(puffs)]
            d = rng.normal(size=3)
            parts.append(ellipsoid(np.array(c) + d / np.linalg.norm(d) * r * 0.97, 0.06, fruit, detail=7))
    return Model(parts)


def pine_tree(rng: np.random.Generator, look: Look) -> Model:
    """A conifer of stacked cones, or (`variant`) "christmas tree" with baubles and a star."""
    tiers, wide = int(rng.integers(3, 6)), rng.uniform(0.55, 0.66)
    parts = [lathe([(0, -0.4), (0.13, -0.4), (0.11, 0.1), (0, 0.1)], BARK, sides=14)]
    high = 1.55
    tone = look.main
    for k in range(tiers):
        s = 1 - k / tiers
        z0, z1 = high * k / tiers * 0.88, high * (k + 1.35) / tiers * 0.88 + 0.12
        r = wide * (0.3 + 0.7 * s)
        cone = lathe(
            [(0, z0 + 0.06), (r * 0.8, z0 + 0.02), (r, z0 - 0.03), (r * 0.5, (z0 + z1) * 0.5 - 0.02), (0.02, z1), (0, z1)],
            tone if k % 2 == 0 else lighter(tone, 0.08),
            sides=40,
            smooth=True,
        )
        a = np.arctan2(cone.vertices[:, 1], cone.vertices[:, 0])
        q = np.hypot(cone.vertices[:, 0], cone.vertices[:, 1])
        cone.vertices[:, 2] -= 0.07 * np.cos(10 * a + k) * (q / r) ** 2
        cone.vertices[:, :2] *= (1 + 0.05 * np.cos(10 * a + k))[:, None]
        parts.append(cone)
        if look.variant == "christmas tree":
            for j in range(int(5 + 5 * s)):
                b = 2 * np.pi * j / int(5 + 5 * s) + k
                color = ((0.85, 0.1, 0.12), (0.95, 0.75, 0.2), (0.2, 0.4, 0.9), (0.95, 0.95, 0.95))[(j + k) % 4]
                parts.append(
                    ellipsoid(
                        (0.82 * r * np.cos(b), 0.82 * r * np.sin(b), z0 + 0.13),
                        0.065,
                        contrast(look.main, color, WHITE),
                        detail=8,
                    )
                )
    if look.variant == "christmas tree":
        top = z1 + 0.08
        points = [
            (
                0.17 * (1 if j % 2 == 0 else 0.45) * np.sin(j * np.pi / 5),
                0.17 * (1 if j % 2 == 0 else 0.45) * np.cos(j * np.pi / 5),
            )
            for j in range(10)
        ]
        parts.append(plate(points[::-1], 0.06, (1.0, 0.82, 0.2), (0, 0, top)))
    elif rng.random() < 0.15:
        parts.append(lathe([(0, z1 + 0.03), (0.12, z1 - 0.2), (0, z1 - 0.16)][::-1], WHITE, sides=20))
    return Model(parts)


def palm_tree(rng: np.random.Generator, look: Look) -> Model:
    """A palm: a leaning ringed trunk, drooping fronds, coconuts."""
    lean = rng.uniform(-0.35, 0.35)
    path = curve((0, 0, 0), (0, lean * 0.25, 0.6), (0, lean, 1.3), samples=14)
    parts = [tube(path, np.linspace(0.15, 0.085, 14) + 0.012 * (np.arange(14) % 2), (0.58, 0.42, 0.26), sides=12, caps=False)]
    top = path[-1]
    count = int(rng.integers(7, 10))
    t = np.linspace(0, 1, 9)
    for k in range(count):
        a = 2 * np.pi * k / count
        droop = rng.uniform(0.75, 1.0)
        wide = 0.15 * np.sin(np.pi * np.clip(t * 0.92 + 0.08, 0, 1)) ** 0.7
        spine = np.column_stack([0.75 * t, 0 * t, 0.42 * t - droop * t**2])
        left, right = (spine + np.column_stack([0 * t, wide, -0.6 * wide]), spine - np.column_stack([0 * t, wide, 0.6 * wide]))
        notch = np.where(np.arange(9) % 2 == 0, 1.0, 0.62)[:, None]
        left, right = spine + (left - spine) * notch, spine + (right - spine) * notch
        strip = np.stack([left, spine, right], 1).reshape(-1, 3)
        i = np.arange(8)[:, None] * 3 + np.array([0, 1])
        quads = np.concatenate([np.stack([i, i + 1, i + 4], -1).reshape(-1, 3), np.stack([i, i + 4, i + 3], -1).reshape(-1, 3)])
        vertices = np.concatenate([strip, strip - (0, 0, 0.03)])
        tone = np.tile(np.asarray(shades(look, k)), (len(vertices), 1))
        frond = Part(vertices, np.concatenate([quads, quads[:, ::-1] + len(strip)]), tone)
        parts += move([frond], top, 1, (0, 0, np.degrees(a)))
    for k in range(3):
        a = 2 * np.pi * k / 3 + 0.5
        parts.append(ellipsoid(top + (0.11 * np.cos(a), 0.11 * np.sin(a), -0.08), 0.095, (0.36, 0.22, 0.12), detail=10))
    if rng.random() < 0.5:
        parts.append(ellipsoid((0, 0, -0.02), (0.5, 0.5, 0.1), (0.93, 0.82, 0.55), detail=14))
    return Model(parts)


def bonsai(rng: np.random.Generator, look: Look) -> Model:
    """A bonsai: a bent trunk with flat clouds of leaves in a shallow tray."""
    side = 1 if rng.random() < 0.5 else -1
    path = curve((0, 0, 0), (0.05, side * 0.16, 0.25), (0, -side * 0.08, 0.55), (0, side * 0.14, 0.85), samples=14)
    parts = [tube(path, np.linspace(0.15, 0.06, 14), BARK, sides=12)]
    clouds = (
        (0.0, side * 0.18, 1.0, 0.42),
        (0.05, -side * 0.48, 0.66, 0.34),
        (-0.05, side * 0.55, 0.6, 0.33),
        (0.28, 0.0, 0.8, 0.27),
        (-0.26, 0.02, 0.84, 0.26),
    )
    for k, (x, y, z, r) in enumerate(clouds):
        parts += [
            puff((x, y, z), r, shades(look, k), rng, 0.5),
            rod(path[7 + k % 3], (x * 0.8, y * 0.8, z - 0.05), 0.045, BARK, 0.03, 8),
        ]
    tray = contrast(look.main, look.second, (0.25, 0.32, 0.5))
    parts += [
        block((0, 0, -0.12), (0.7, 1.0, 0.2), tray, taper=1.08),
        block((0, 0, -0.02), (0.66, 0.96, 0.04), (0.3, 0.42, 0.18)),
    ]
    parts += [block((x, y, -0.25), (0.1, 0.14, 0.08), darker(tray, 0.8)) for x in (-0.22, 0.22) for y in (-0.35, 0.35)]
    return Model(parts)


def flower_bush(rng: np.random.Generator, look: Look) -> Model:
    """A round bush covered with flowers of the main color."""
    parts = [puff((0, 0, 0.35), 0.66, GREEN, rng, 0.85, 22)]
    for k in range(52):
        z = 1 - 1.35 * (k + 0.5) / 52
        a, q = 2.4 * k, np.sqrt(1 - z * z)
        place = np.array([0.66 * q * np.cos(a), 0.66 * q * np.sin(a), 0.35 + 0.57 * z])
        parts.append(ellipsoid(place, rng.uniform(0.1, 0.14), look.main if k % 3 else lighter(look.main, 0.18), detail=8))
    return Model([*parts, rod((0, 0, -0.3), (0, 0, 0.1), 0.12, BARK)])
