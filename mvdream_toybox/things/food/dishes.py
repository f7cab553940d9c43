"""Savoury dishes of toybox: hamburger, pizza, hot dog, fries, sushi, cheese."""

import numpy as np

from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Look, Model, Part, both, grid_faces, move
from mvdream_toybox.geometry.shapes import curve, cylinder, ellipsoid, lathe, tube
from mvdream_toybox.geometry.solids import block, loft, stretched, top_plate
from mvdream_toybox.geometry.tones import contrast

BUN = (0.85, 0.55, 0.23)
MEAT = (0.38, 0.20, 0.11)
CHEESE = (1.0, 0.76, 0.18)
LETTUCE = (0.42, 0.72, 0.22)
TOMATO = (0.85, 0.20, 0.14)


def _frill(z: float, r: float, color, rng) -> Part:
    """A wavy leaf of lettuce."""
    part = lathe(
        [(0, -0.03), (r * 0.7, -0.03), (r * 0.9, -0.02), (r, 0.0), (r * 0.9, 0.03), (0, 0.03)],
        color,
        (0, 0, z),
        sides=72,
        smooth=True,
    )
    v = part.vertices
    a, q = np.arctan2(v[:, 1], v[:, 0]), np.clip(np.hypot(v[:, 0], v[:, 1]) / r - 0.6, 0, 1)
    phase = rng.uniform(0, 6)
    v[:, 2] += 0.16 * q * np.sin(9 * a + phase) - 0.06 * q
    v[:, :2] *= (1 + 0.1 * q * np.sin(5 * a - phase))[:, None]
    part.colors[:] = part.colors * (0.9 + 0.25 * q[:, None] * 2 * (np.sin(9 * a + phase)[:, None] * 0.5 + 0.5))
    return part


def hamburger(rng: np.random.Generator, look: Look) -> Model:
    """A burger: sesame bun, patty, cheese, tomato, lettuce."""
    r = 0.82
    parts = [lathe([(0, 0), (0.7, 0), (0.82, 0.08), (0.82, 0.18), (0.76, 0.24), (0, 0.24)], BUN, sides=40, smooth=True)]
    z = 0.28
    for _ in range(2 if rng.random() < 0.35 else 1):
        parts.append(_frill(z, 0.95, LETTUCE, rng))
        z += 0.05
        parts.append(
            lathe(
                [(0, z), (0.78, z), (0.85, z + 0.06), (0.85, z + 0.13), (0.78, z + 0.19), (0, z + 0.19)],
                MEAT,
                sides=40,
                smooth=True,
            )
        )
        z += 0.19
        n = np.linspace(-1, 1, 13)
        x, y = np.meshgrid(n, n, indexing="ij")
        droop = -0.22 * np.clip(np.hypot(x, y) * 0.64 - 0.72, 0, 1) * 2.2
        square = np.stack([x * 0.64, y * 0.64, droop], -1).reshape(-1, 3)
        faces = grid_faces(13, 13, wrap=False)
        sheet = Part(
            np.concatenate([square + (0, 0, 0.035), square]),
            np.concatenate([faces, faces[:, ::-1] + 169]),
            np.tile(CHEESE, (338, 1)),
        )
        parts += move([sheet], (0, 0, z), 1, (0, 0, float(rng.uniform(20, 70))))
        z += 0.04
        parts.append(cylinder((0, 0, z), (0, 0, z + 0.09), 0.8, TOMATO))
        z += 0.1
    tall = rng.uniform(0.42, 0.52)
    dome = np.linspace(0, np.pi / 2, 12)
    parts.append(
        lathe(
            [(0, z), (r * 0.93, z), *((r * 1.03 * np.cos(a), z + 0.07 + tall * np.sin(a)) for a in dome)],
            BUN,
            sides=40,
            smooth=True,
        )
    )
    for k in range(34):
        a, q = 2.4 * k, 0.72 * np.sqrt((k + 0.5) / 34)
        up = z + 0.075 + tall * np.sqrt(max(0, 1 - (q / (r * 1.03)) ** 2))
        parts.append(
            ellipsoid((q * np.cos(a), q * np.sin(a), up), (0.045, 0.025, 0.02), (0.98, 0.92, 0.75), (0, 0, np.degrees(a)), 6)
        )
    return stretched(rng, parts)


def pizza(rng: np.random.Generator, look: Look) -> Model:
    """A whole pizza tipped towards the viewer, or (`variant`) "slice of pizza"."""
    crust, sauce, cheese = (0.82, 0.54, 0.25), (0.75, 0.2, 0.1), (0.99, 0.83, 0.42)
    parts = []
    if look.variant == "slice of pizza":
        a = np.linspace(-0.42, 0.42, 9)
        rim = [(-0.9 + 1.75 - 1.75 * np.cos(t), 1.75 * np.sin(t)) for t in a]
        wedge = [(0.85, 0.0), *((x + 0.05, y) for x, y in rim[::-1])]
        parts += [
            top_plate(wedge, 0.08, crust),
            top_plate([(x * 0.97 + 0.01, y * 0.94) for x, y in wedge], 0.05, cheese, (0, 0, 0.05)),
        ]
        parts.append(tube([(x + 0.02, y, 0.05) for x, y in rim], 0.12, crust, sides=12))
        spots = [(-0.45, 0.3), (-0.4, -0.28), (0.0, 0.05), (0.42, 0.0), (-0.1, -0.33)]
        size = 0.16
    else:
        parts.append(
            lathe(
                [(0, -0.05), (0.9, -0.05), (0.98, 0.02), (0.96, 0.1), (0.88, 0.12), (0.82, 0.05), (0, 0.05)],
                crust,
                sides=48,
                smooth=True,
            )
        )
        parts += [
            cylinder((0, 0, 0), (0, 0, 0.06), 0.84, sauce, sides=40),
            lathe([(0, 0.06), (0.78, 0.06), (0.76, 0.085), (0, 0.09)], cheese, sides=40),
        ]
        count = int(rng.integers(8, 13))
        spots = [
            (0.66 * np.sqrt((k + 0.4) / count) * np.cos(2.4 * k), 0.66 * np.sqrt((k + 0.4) / count) * np.sin(2.4 * k))
            for k in range(count)
        ]
        size = 0.12
    for x, y in spots:
        parts.append(cylinder((x, y, 0.06), (x, y, 0.115), size, (0.72, 0.14, 0.1), size * 0.93, sides=18))
    green = rng.random() < 0.7
    for k, (x, y) in enumerate(spots):
        turn = 70 * k
        topping = ellipsoid(
            (0.75 * x + 0.1 * np.cos(turn), 0.75 * y + 0.12 * np.sin(turn), 0.11),
            (0.07, 0.035, 0.02),
            (0.25, 0.5, 0.15) if green else (0.15, 0.13, 0.12),
            (0, 0, turn),
            8,
        )
        parts.append(topping)
    return stretched(rng, move(parts, (0, 0, 0), 1, (0, 22, 0) if look.variant is None else (0, 30, 0)))


def hot_dog(rng: np.random.Generator, look: Look) -> Model:
    """A hot dog: sausage in a bun with a mustard zigzag; lies across the view from the side."""
    bun = loft(
        [
            (x, 0.2, 0, 0.2 * q, 0.26 * q, 2.4)
            for x, q in ((-0.92, 0.55), (-0.86, 0.85), (-0.7, 1), (0.7, 1), (0.86, 0.85), (0.92, 0.55))
        ],
        BUN,
    )
    inner = block((0, 0.05, 0.02), (1.6, 0.1, 0.36), (0.97, 0.85, 0.6), bevel=0.3)
    parts = both(*move([bun, inner], (0, 0.04, 0), 1, (-14, 0, 0)))
    long = rng.uniform(1.0, 1.12)
    link = curve((-long, 0, 0.2), (-0.4, 0, 0.13), (0.4, 0, 0.13), (long, 0, 0.2), samples=10)
    parts.append(tube(link, 0.18, (0.73, 0.27, 0.14), sides=18))
    t = np.linspace(-0.86, 0.86, 36)
    sauce = np.column_stack([t, 0.09 * np.sin(t * 17), 0.3 + 0.035 * t**2 - 0.02 * np.abs(np.sin(t * 17))])
    parts.append(tube(sauce, 0.042, (1.0, 0.8, 0.12) if rng.random() < 0.7 else (0.8, 0.1, 0.06), sides=8))
    return Model(parts)


def fries(rng: np.random.Generator, look: Look) -> Model:
    """French fries in a carton of the main color."""
    parts = [loft([(0, 0, 0, 0.2, 0.36, 8), (0.85, 0, 0, 0.3, 0.52, 8)], look.paint, "z", rows=3)]
    parts += both(ellipsoid((-0.26, 0.26, 0.83), (0.04, 0.27, 0.17), look.main, detail=12))
    parts.append(
        ellipsoid((0.27, 0, 0.44), (0.04, 0.17, 0.17), contrast(look.main, look.second, (1.0, 0.82, 0.2)), (0, 8, 0), 14)
    )
    for _ in range(22):
        y, x = rng.uniform(-0.42, 0.42), rng.uniform(-0.2, 0.2)
        tall = 0.45 + rng.uniform(-0.08, 0.16) - 0.25 * abs(y)
        fry = [block((0, 0, tall / 2), (0.1, 0.1, tall + 0.3), lighter((0.98, 0.78, 0.3), 0.25 * rng.random()), bevel=0.1)]
        parts += move(
            fry, (x, y, 0.82), 1, (float(rng.uniform(-6, 6) - 14 * y), float(rng.uniform(-8, 8)), float(rng.uniform(0, 90)))
        )
    return Model(parts)


def sushi(rng: np.random.Generator, look: Look) -> Model:
    """A piece of salmon nigiri, or (`variant`) "sushi roll"."""
    rice, fish, nori = (0.97, 0.96, 0.92), (0.98, 0.52, 0.28), (0.10, 0.18, 0.13)
    if look.variant == "sushi roll":
        high = rng.uniform(0.6, 0.75)
        parts = [
            cylinder((0, 0, 0), (0, 0, high), 0.62, nori, sides=40),
            cylinder((0, 0, -0.012), (0, 0, high + 0.02), 0.56, rice, sides=40),
        ]
        parts += [
            cylinder((0, 0, -0.02), (0, 0, high + 0.05), 0.25, fish),
            block((0.1, 0.12, high + 0.03), (0.16, 0.16, 0.06), LETTUCE),
        ]
        for k in range(30):
            a, q = 2.4 * k, 0.3 + 0.22 * (k % 5) / 4
            parts.append(ellipsoid((q * np.cos(a), q * np.sin(a), high + 0.015), (0.05, 0.03, 0.025), rice, (0, 0, 40 * k), 5))
        return stretched(rng, move(parts, (0, 0, 0), 1, (0, 35, 0)))
    parts = [loft([(0.0, 0, 0, 0.72, 0.3, 2.6), (0.12, 0, 0, 0.78, 0.35, 2.6), (0.34, 0, 0, 0.74, 0.31, 2.6)], rice, "z")]
    t = np.linspace(-1, 1, 16)
    slab = [(0.92 * a, 0, 0.4 - 0.13 * a**2 + 0.02, 0.34 * (1 - 0.4 * abs(a) ** 4), 0.085, 3) for a in t]
    top = loft(slab, fish)
    stripe = (np.abs(((top.vertices[:, 0] + 0.7 * top.vertices[:, 1]) * 3.2) % 1 - 0.5) < 0.17) & (top.vertices[:, 2] > 0.2)
    top.colors[stripe] = (1.0, 0.8, 0.65)
    parts.append(top)
    if rng.random() < 0.5:
        parts.append(loft([(-0.09, 0, 0.25, 0.38, 0.29, 3), (0.09, 0, 0.25, 0.38, 0.29, 3)], nori))
    for k in range(40):
        a = 2.4 * k
        parts.append(
            ellipsoid(
                (0.77 * np.cos(a), 0.33 * np.sin(a), 0.05 + 0.006 * k),
                (0.06, 0.035, 0.03),
                lighter(rice, 0.5),
                (0, 0, 50 * k),
                5,
            )
        )
    return stretched(rng, parts)


def cheese(rng: np.random.Generator, look: Look) -> Model:
    """A wedge of holed cheese."""
    high = rng.uniform(0.55, 0.68)
    parts = [top_plate([(0.95, 0), (-0.6, 0.62), (-0.78, 0), (-0.6, -0.62)], high, CHEESE, (0, 0, high / 2))]
    edge, hole = np.array([-1.55, 0.62]) / np.hypot(1.55, 0.62), darker(CHEESE, 0.75)
    for k, s in enumerate(rng.permutation([0.18, 0.36, 0.54, 0.72, 0.88])):
        size = (0.13, 0.09, 0.11, 0.075, 0.1)[k] * (0.6 + 0.5 * s)
        spot = np.array([0.95, 0]) + edge * 1.67 * s
        parts += both(
            ellipsoid(
                (*spot, high * rng.uniform(0.3, 0.7)),
                (size, 0.012, size),
                hole,
                (0, 0, np.degrees(np.arctan2(edge[1], edge[0]))),
                12,
            )
        )
    for k in range(5):
        x = 0.45 - 0.22 * k
        parts.append(ellipsoid((x, rng.uniform(-0.3, 0.3) * (0.95 - x) * 0.5, high), (0.09, 0.09, 0.012), hole, detail=10))
        parts.append(ellipsoid((-0.69, 0.4 - 0.2 * k, high * (0.35 + 0.3 * (k % 2))), (0.03, 0.085, 0.085), hole, detail=10))
    return Model(parts)
