"""Baked sweets of toybox: pancakes, doughnut, cupcake, cake, croissant."""

import numpy as np

from mvdream_toybox.geometry.paints import lighter
from mvdream_toybox.geometry.parts import Look, Model, Part, both, frame_along, move
from mvdream_toybox.geometry.shapes import cylinder, ellipsoid, lathe, tube
from mvdream_toybox.geometry.solids import block, copies, rod, stretched, top_plate
from mvdream_toybox.geometry.tones import WHITE, contrast

BUTTER = (0.99, 0.88, 0.42)
DOUGH = (0.87, 0.62, 0.32)
CRUST = (0.76, 0.47, 0.20)
CHOCOLATE = (0.33, 0.18, 0.10)
SYRUP = (0.55, 0.23, 0.05)
CHERRY = (0.80, 0.06, 0.12)
SPRINKLES = ((0.95, 0.25, 0.3), (0.25, 0.6, 0.95), (1.0, 0.85, 0.2), (0.35, 0.8, 0.4), (0.98, 0.98, 0.95))


def dish(radius: float, z: float, color=WHITE) -> Part:
    """A round plate whose floor is at z."""
    r = radius
    return lathe([(0, z - 0.05), (0.6 * r, z - 0.05), (r, z + 0.04), (r, z + 0.06), (0.66 * r, z), (0, z)], color, sides=40)


def _pancake(z: float, r: float, thick: float, offset, wobble: float, phase: float) -> Part:
    """One golden pancake: browned faces, a pale rim."""
    a = np.linspace(-np.pi / 2, np.pi / 2, 9)
    edge = [(r - thick / 2 * (1 - np.cos(t)), thick / 2 * np.sin(t)) for t in a]
    profile = [(0, -thick / 2), (0.5 * r, -thick / 2), *edge, (0.86 * r, thick / 2), (0.5 * r, thick / 2), (0, thick / 2)]
    part = lathe(profile, DOUGH, sides=40, smooth=True)
    v = part.vertices
    radius, angle = np.hypot(v[:, 0], v[:, 1]), np.arctan2(v[:, 1], v[:, 0])
    browned = (
        np.clip((np.abs(v[:, 2]) / (thick / 2) - 0.55) / 0.35, 0, 1)[:, None] * np.where(radius < r * 0.995, 1, 0)[:, None]
    )
    part.colors[:] = np.array((0.94, 0.74, 0.42)) * (1 - browned) + np.array((0.78, 0.46, 0.16)) * browned
    v[:, :2] *= (1 + wobble * np.sin(2 * angle + phase) + wobble * 0.6 * np.sin(3 * angle - phase))[:, None]
    v[:, 2] += z
    v[:, :2] += offset
    return part


def pancakes(rng: np.random.Generator, look: Look) -> Model:
    """A stack of pancakes, syrup running down its side, a butter cube melting on top."""
    count = int(rng.integers(4, 8))
    r, thick = rng.uniform(0.72, 0.8), rng.uniform(0.14, 0.17)
    parts, z = [], 0.0
    for _ in range(count):
        parts.append(
            _pancake(z + thick / 2, r * rng.uniform(0.95, 1.04), thick, rng.uniform(-0.035, 0.035, 2), 0.015, rng.uniform(0, 6))
        )
        z += thick * 0.93
    top = z + thick * 0.07
    pool = lathe(
        [(0, 0.045), (0.4, 0.04), (0.52, 0.028), (0.57, 0.0), (0.55, -0.02)][::-1], SYRUP, (0, 0, top), sides=48, smooth=True
    )
    angle = np.arctan2(pool.vertices[:, 1], pool.vertices[:, 0])
    phase = rng.uniform(0, 6)
    spread = 1.08 + 0.1 * np.sin(3 * angle + phase) + 0.07 * np.sin(5 * angle - phase)
    pool.vertices[:, :2] *= (spread * r / 0.76)[:, None]
    parts.append(pool)
    runs = int(rng.integers(5, 8))
    for k in range(runs):
        a = 2 * np.pi * (k + rng.uniform(-0.2, 0.2)) / runs
        drop = rng.uniform(0.3, 0.85) * top
        path = [
            (0.55 * r, top + 0.01),
            (0.85 * r, top + 0.012),
            (r * 0.99, top - 0.03),
            (r * 1.03, top - 0.12),
            (r * 1.035, top - 0.5 * drop - 0.06),
            (r * 1.035, top - drop),
        ]
        points = np.array([(q * np.cos(a), q * np.sin(a), h) for q, h in path])
        w = rng.uniform(0.055, 0.085)
        parts.append(tube(points, [w * 1.25, w * 1.1, w, w * 0.85, w * 0.8, w * 1.05], SYRUP, sides=10))
    turn = rng.uniform(0, 90)
    butter = [
        block((0, 0, top + 0.13), (0.3, 0.3, 0.2), BUTTER, bevel=0.12),
        ellipsoid((0, 0, top + 0.035), (0.26, 0.23, 0.035), lighter(BUTTER, 0.15), detail=12),
    ]
    parts += move(butter, (rng.uniform(-0.06, 0.06), rng.uniform(-0.06, 0.06), 0), 1, (0, 0, turn))
    if rng.random() < 0.5:
        parts.append(dish(1.1, -0.005))
    return stretched(rng, parts)


def _glazed_ring(r: float, thick: float, look: Look, waves: float) -> Part:
    """A doughnut ring painted with icing down to a wavy line."""
    a = np.linspace(0, 2 * np.pi, 41) - np.pi / 2
    part = lathe([(r + thick * np.cos(t), thick * 0.85 * np.sin(t)) for t in a], DOUGH, sides=64, smooth=True)
    v = part.vertices
    angle, inward = np.arctan2(v[:, 1], v[:, 0]), np.hypot(v[:, 0], v[:, 1]) < r
    line = -0.1 * thick + 0.22 * thick * np.sin(6 * angle + waves) * ~inward
    iced = v[:, 2] > line
    color = look.paint(v) if callable(look.paint) else look.paint
    part.colors[:] = np.where(iced[:, None], color, part.colors)
    out = np.column_stack(
        [np.cos(angle) * (np.hypot(v[:, 0], v[:, 1]) - r), np.sin(angle) * (np.hypot(v[:, 0], v[:, 1]) - r), v[:, 2]]
    )
    v[iced] += 0.06 * out[iced]
    return part


def donut(rng: np.random.Generator, look: Look) -> Model:
    """A doughnut whose icing has the main color, standing on its edge or lying, with sprinkles."""
    thick, r = rng.uniform(0.3, 0.36), 0.62
    parts = [_glazed_ring(r, thick, look, rng.uniform(0, 6))]
    count, grain = int(rng.integers(34, 50)), []
    for k in range(count):
        a, b = 2 * np.pi * (k + rng.uniform(-0.3, 0.3)) / count * 7 % (2 * np.pi), rng.uniform(0.15, np.pi - 0.45)
        reach = thick * 1.06
        place = np.array([(r + reach * np.cos(b)) * np.cos(a), (r + reach * np.cos(b)) * np.sin(a), reach * 0.85 * np.sin(b)])
        color = contrast(look.main, SPRINKLES[int(rng.integers(5))], WHITE if sum(look.main) < 2 else CHOCOLATE)
        out = np.array([np.cos(a) * np.cos(b), np.sin(a) * np.cos(b), np.sin(b)])
        along = np.cross(out, rng.normal(size=3))
        grain.append((place, along, color))
    bead = rod((0, 0, -0.045), (0, 0, 0.045), 0.021, WHITE, sides=6)
    for place, along, color in grain:
        vertices = bead.vertices @ frame_along(along).T + place
        parts.append(Part(vertices, bead.faces, np.tile(color, (len(vertices), 1))))
    lean = rng.choice([0.0, 25.0, 70.0])
    return stretched(rng, move(parts, (0, 0, 0), 1, (0, float(lean), 0)))


def _swirl(base: float, r: float, high: float, look: Look, turns: int = 4) -> list[Part]:
    """Piped frosting: stacked rings that shrink to a tip."""
    parts = []
    for k in range(turns):
        s = 1 - k / turns
        thick = high / turns * 0.68
        z = base + high * (k + 0.5) / turns
        ring = lathe(
            [
                (0, -thick),
                (r * s * 0.75, -thick * 0.9),
                (r * s, -thick * 0.2),
                (r * s * 0.93, thick * 0.5),
                (r * s * 0.55, thick),
                (0, thick * 1.05),
            ],
            look.paint,
            sides=36,
            smooth=True,
        )
        angle = np.arctan2(ring.vertices[:, 1], ring.vertices[:, 0])
        ring.vertices[:, :2] *= (1 + 0.035 * np.cos(10 * angle + k * 1.3))[:, None]
        parts += move([ring], (0.012 * (-1) ** k, 0.012, z), 1, (5 * (-1) ** k, 4, 0))
    return parts


def cupcake(rng: np.random.Generator, look: Look) -> Model:
    """A cupcake: pleated wrapper, frosting of the main color, a cherry or sprinkles."""
    wrap = contrast(look.main, look.second, WHITE)
    cup = lathe([(0, 0), (0.42, 0), (0.6, 0.58), (0, 0.58)], wrap, sides=72)
    angle = np.arctan2(cup.vertices[:, 1], cup.vertices[:, 0])
    fold = np.round(angle / (2 * np.pi / 72)).astype(int) % 4 < 2
    cup.vertices[:, :2] *= np.where(fold, 1.0, 0.955)[:, None]
    cup.colors[~fold] *= 0.82
    parts = [cup, ellipsoid((0, 0, 0.56), (0.6, 0.6, 0.13), CRUST, detail=16)]
    high = rng.uniform(0.62, 0.78)
    parts += _swirl(0.6, 0.66, high, look, int(rng.choice([3, 4])))
    if rng.random() < 0.6:
        top = 0.6 + high
        parts += [
            ellipsoid((0, 0, top + 0.1), 0.13, contrast(look.main, CHERRY, (0.99, 0.9, 0.3)), detail=14),
            rod((0, 0, top + 0.2), (0.06, 0.03, top + 0.36), 0.014, (0.25, 0.4, 0.12), sides=6),
        ]
    for _ in range(26):
        a, s = rng.uniform(0, 2 * np.pi), rng.uniform(0.15, 0.85)
        place = np.array([0.64 * s * np.cos(a), 0.64 * s * np.sin(a), 0.6 + high * (1 - s) + 0.1])
        parts.append(ellipsoid(place, 0.026, contrast(look.main, SPRINKLES[int(rng.integers(5))], WHITE), detail=5))
    return Model(parts)


def cake(rng: np.random.Generator, look: Look) -> Model:
    """A birthday cake frosted in the main color, with glaze and candles; variants "slice of cake", "wedding cake"."""
    glaze = contrast(look.main, look.second, CHOCOLATE if sum(look.main) > 1.2 else WHITE)
    if look.variant == "slice of cake":
        return _slice(rng, look, glaze)
    tiers = ((0.8, 0.4), (0.56, 0.36), (0.34, 0.32)) if look.variant == "wedding cake" else ((0.8, rng.uniform(0.5, 0.6)),)
    if look.variant is None and rng.random() < 0.4:
        tiers = ((0.8, 0.42), (0.52, 0.36))
    parts, z = [dish(1.05, 0.0, WHITE)], 0.0
    for r, high in tiers:
        parts.append(
            lathe(
                [(0, z), (r, z), (r, z + high - 0.05), (r - 0.05, z + high), (0, z + high)], look.paint, sides=48, smooth=False
            )
        )
        beads = int(22 * r + 6)
        a = 2 * np.pi * np.arange(beads) / beads
        ring = np.column_stack([r * np.cos(a), r * np.sin(a), 0 * a + z + 0.05])
        parts.append(copies(ellipsoid((0, 0, 0), 0.065, glaze, detail=6), ring))
        z += high
        if look.variant != "wedding cake":
            parts.append(lathe([(r + 0.015, z - 0.05), (r - 0.03, z + 0.02), (0, z + 0.025)], glaze, sides=40))
            for k in range(14):
                a = 2 * np.pi * (k + 0.5) / 14
                foot = (np.cos(a) * (r + 0.005), np.sin(a) * (r + 0.005))
                parts.append(rod((*foot, z - 0.04), (*foot, z - rng.uniform(0.1, 0.26)), 0.055, glaze, sides=10))
    r = tiers[-1][0]
    if look.variant == "wedding cake":
        parts += both(ellipsoid((0, 0.07, z + 0.12), (0.07, 0.1, 0.12), CHERRY, (30, 0, 0), 12))
        return stretched(rng, parts)
    candles = int(rng.integers(3, 8))
    for k in range(candles):
        a, q = 2 * np.pi * k / candles, r * 0.55
        foot = np.array([q * np.cos(a), q * np.sin(a), z])
        parts += [
            cylinder(foot, foot + (0, 0, 0.28), 0.035, lighter(SPRINKLES[k % 4], 0.2), sides=10),
            ellipsoid(foot + (0, 0, 0.35), (0.035, 0.035, 0.07), (1.0, 0.7, 0.15), detail=8),
        ]
    return stretched(rng, parts)


def _slice(rng, look: Look, glaze) -> Model:
    """A wedge of layer cake that points to the front."""
    outline = [(0.75, 0.0), (-0.55, 0.5), (-0.68, 0.0), (-0.55, -0.5)]
    parts, z = [], 0.0
    for k in range(5):
        thick = 0.2 if k % 2 == 0 else 0.08
        sponge = (0.96, 0.83, 0.55) if sum(look.main) < 2.2 else CHOCOLATE
        parts.append(top_plate(outline, thick, sponge if k % 2 == 0 else look.paint, (0, 0, z + thick / 2)))
        z += thick
    parts.append(top_plate([(x * 1.03, y * 1.04) for x, y in outline], 0.12, look.paint, (0, 0, z + 0.05)))
    back = [(-0.6, -0.52), (-0.5, -0.52), (-0.62, 0.0), (-0.5, 0.52), (-0.6, 0.52), (-0.74, 0.0)]
    parts.append(top_plate(back, z + 0.1, look.paint, (0, 0, (z + 0.1) / 2)))
    for k in range(5):
        parts.append(ellipsoid((-0.3, 0.28 - 0.14 * k, z + 0.15), 0.09, glaze, detail=8))
    parts.append(ellipsoid((0.0, 0, z + 0.2), (0.13, 0.13, 0.15), contrast(look.main, CHERRY, BUTTER), detail=12))
    parts.append(dish(1.0, -0.01))
    return stretched(rng, parts)


def croissant(rng: np.random.Generator, look: Look) -> Model:
    """A crescent of rolled pastry."""
    parts, n = [], 9
    for k in range(n):
        s = (k - (n - 1) / 2) / ((n - 1) / 2)
        a = s * 1.35
        r = 0.3 * (1 - 0.8 * abs(s) ** 1.6) + 0.03
        place = np.array([0.62 * np.cos(a), 0.75 * np.sin(a), r * 0.85])
        tone = lighter((0.80, 0.50, 0.20), 0.1 * (k % 2)) if k % 2 else (0.72, 0.42, 0.15)
        parts.append(ellipsoid(place, (r, 0.17, r * 0.9), tone, (0, 0, np.degrees(a)), 14))
    return stretched(rng, parts)
