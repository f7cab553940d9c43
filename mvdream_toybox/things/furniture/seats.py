"""Furniture of toybox to sit or lie on: chair, armchair, sofa, stool, bed, bathtub."""

import numpy as np

from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Look, Model, both, move
from mvdream_toybox.geometry.shapes import cylinder, ellipsoid, lathe, torus
from mvdream_toybox.geometry.solids import block, loft, rod
from mvdream_toybox.geometry.tones import DARK_WOOD, GOLD, METAL, STEEL, WHITE, WOOD, contrast


def _legs(half_x: float, half_y: float, top: float, radius: float, paint, splay: float = 0.06) -> list:
    """Four round legs from the floor (z = 0) to `top`."""
    return both(
        *(
            rod((s * (half_x + splay), half_y + splay, radius), (s * half_x, half_y, top), radius * 0.8, paint, radius, 10)
            for s in (-1, 1)
        )
    )


def chair(rng: np.random.Generator, look: Look) -> Model:
    """A chair with slats, bars or a solid back, or (`variant`) "office chair"."""
    seat, half, back = rng.uniform(0.46, 0.54), rng.uniform(0.3, 0.35), rng.uniform(0.62, 0.8)
    if look.variant == "office chair":
        parts = [block((0, 0, seat), (2 * half + 0.08, 2 * half + 0.08, 0.16), look.paint, bevel=0.3, rows=2)]
        parts.append(block((-half, 0, seat + 0.5), (0.14, 2 * half, 0.72), look.paint, bevel=0.3, rows=4))
        parts += both(
            block((0.0, half + 0.1, seat + 0.26), (0.4, 0.1, 0.07), STEEL, bevel=0.3),
            rod((-0.05, half + 0.1, seat + 0.24), (-0.05, half, seat), 0.035, STEEL),
        )
        parts += [rod((-half, 0, seat), (-half, 0, seat + 0.3), 0.05, STEEL), cylinder((0, 0, 0.12), (0, 0, seat), 0.06, METAL)]
        for k in range(5):
            a = 2 * np.pi * k / 5
            tip = (0.42 * np.cos(a), 0.42 * np.sin(a), 0.11)
            parts += [
                rod((0, 0, 0.16), tip, 0.045, STEEL, sides=8),
                ellipsoid((tip[0], tip[1], 0.06), 0.06, (0.1, 0.1, 0.1), detail=8),
            ]
        return Model(parts)
    parts = [block((0, 0, seat), (2 * half, 2 * half, 0.1), look.paint, bevel=0.2, rows=2)]
    thick = rng.uniform(0.035, 0.05)
    parts += _legs(half - 0.06, half - 0.06, seat, thick, look.paint, rng.uniform(0.0, 0.06))
    x, top = -half + 0.05, seat + back
    parts += both(rod((x, half - 0.05, seat), (x - 0.1, half - 0.05, top), thick, look.paint))
    style = int(rng.integers(3))
    lean = [(x - 0.1 * (z - seat) / back, z) for z in (seat + 0.45 * back, seat + 0.7 * back, seat + 0.92 * back)]
    if style == 0:
        parts += [block((px, 0, z), (0.05, 2 * half - 0.1, 0.13), look.paint) for px, z in lean]
    elif style == 1:
        parts.append(block((x - 0.1, 0, top - 0.02), (0.07, 2 * half, 0.13), look.paint, bevel=0.3))
        parts += [
            rod((x, y, seat), (x - 0.09, y, top - 0.04), 0.026, look.paint, sides=8) for y in np.linspace(-0.5, 0.5, 4) * half
        ]
    else:
        panel = [block((0, 0, 0), (0.06, 2 * half - 0.04, back * 0.72), look.paint, bevel=0.25, rows=4)]
        parts += move(panel, (x - 0.07, 0, seat + 0.62 * back), 1, (0, -7, 0))
    if rng.random() < 0.5:
        cushion = contrast(look.main, look.second, WHITE)
        parts.append(block((0.02, 0, seat + 0.08), (2 * half - 0.1, 2 * half - 0.1, 0.09), cushion, bevel=0.4))
    return Model(parts)


def _couch(wide: float, rng, look: Look) -> Model:
    depth, seat, back = rng.uniform(0.78, 0.88), rng.uniform(0.38, 0.44), rng.uniform(0.85, 1.0)
    x = -depth / 2
    parts = [block((0, 0, seat / 2 + 0.07), (depth, wide, seat - 0.1), look.paint, bevel=0.15)]
    parts.append(block((x + 0.12, 0, back / 2 + 0.08), (0.26, wide, back - 0.1), look.paint, bevel=0.4, rows=3))
    round_arms = rng.random() < 0.5
    arm = seat + rng.uniform(0.16, 0.24)
    y = wide / 2
    parts += both(block((0.02, y, arm / 2 + 0.05), (depth * 0.98, 0.2, arm - 0.06), look.paint, bevel=0.3, rows=2))
    if round_arms:
        parts += both(cylinder((x + 0.06, y, arm), (depth / 2 + 0.03, y, arm), 0.15, look.paint))
    count = max(1, round((wide - 0.2) / 0.62))
    step = (wide - 0.2) / count
    soft = lighter(look.main, 0.1) if not callable(look.paint) else look.paint
    for k in range(count):
        c = -(wide - 0.2) / 2 + step * (k + 0.5)
        parts.append(block((0.1, c, seat + 0.07), (depth * 0.78, step * 0.97, 0.18), soft, bevel=0.4))
        parts += move(
            [block((0, 0, 0), (0.2, step * 0.94, back - seat - 0.12), soft, bevel=0.4)],
            (x + 0.28, c, (back + seat) / 2 + 0.12),
            1,
            (0, -9, 0),
        )
    leg = contrast(look.main, DARK_WOOD, METAL)
    parts += both(
        *(
            cylinder((s * (depth / 2 - 0.1), y - 0.02, 0), (s * (depth / 2 - 0.1), y - 0.02, 0.1), 0.04, leg, 0.06)
            for s in (-1, 1)
        )
    )
    if count > 1 and rng.random() < 0.6:
        pillow = contrast(look.main, look.second, WHITE)
        for s in (-1, 1):
            parts += move(
                [block((0, 0, 0), (0.13, 0.34, 0.34), pillow, bevel=0.45)],
                (0.08, s * (y - 0.32), seat + 0.32),
                1,
                (12 * s, -22, 0),
            )
    return Model(parts)


def armchair(rng: np.random.Generator, look: Look) -> Model:
    """A padded armchair."""
    return _couch(rng.uniform(0.84, 0.92), rng, look)


def sofa(rng: np.random.Generator, look: Look) -> Model:
    """A sofa for two or three."""
    return _couch(float(rng.choice([1.5, 2.05])), rng, look)


def stool(rng: np.random.Generator, look: Look) -> Model:
    """A round stool with three or four legs."""
    high, r, legs = rng.uniform(0.7, 0.95), rng.uniform(0.36, 0.42), int(rng.integers(3, 5))
    parts = [
        lathe(
            [(0, high - 0.1), (r * 0.9, high - 0.1), (r, high - 0.05), (r, high), (r * 0.92, high + 0.04), (0, high + 0.05)],
            look.paint,
            smooth=True,
        )
    ]
    for k in range(legs):
        a = 2 * np.pi * (k + 0.5) / legs
        c, s = np.cos(a), np.sin(a)
        parts.append(rod((0.46 * c, 0.46 * s, 0.03), (0.24 * c, 0.24 * s, high - 0.08), 0.045, look.paint, 0.055, 10))
    parts.append(torus((0, 0, high * 0.36), 0.37, 0.03, darker(look.main, 0.8)))
    return Model(parts)


def bed(rng: np.random.Generator, look: Look) -> Model:
    """A bed whose blanket has the main color; headboard behind, foot to the front."""
    long, wide = rng.uniform(0.95, 1.05), rng.uniform(0.52, 0.72)
    wood = WOOD if rng.random() < 0.6 else contrast(look.main, look.second, DARK_WOOD)
    head, board = rng.uniform(0.62, 0.8), darker(look.main, 0.88)
    parts = [
        block((0, 0, 0.25), (2 * long, 2 * wide, 0.16), wood),
        block((-long, 0, head / 2), (0.1, 2 * wide + 0.08, head), board, bevel=0.3),
        block((long, 0, 0.17), (0.08, 2 * wide + 0.08, 0.34), wood, bevel=0.3),
    ]
    parts.append(block((0, 0, 0.39), (2 * long - 0.1, 2 * wide - 0.04, 0.18), WHITE, bevel=0.4))
    parts.append(block((0.2, 0, 0.36), (2 * long * 0.8, 2 * wide + 0.07, 0.36), look.paint, bevel=0.35, rows=3))
    parts.append(block((-long * 0.56, 0, 0.5), (0.2, 2 * wide + 0.06, 0.12), lighter(look.main, 0.45), bevel=0.4))
    for y in (-wide / 2, wide / 2):
        parts += move([block((0, 0, 0), (0.36, wide * 0.84, 0.16), WHITE, bevel=0.48)], (-long * 0.74, y, 0.54), 1, (0, -16, 0))
    return Model(parts)


def bathtub(rng: np.random.Generator, look: Look) -> Model:
    """A claw-foot bathtub with water and a tap."""
    long, wide = rng.uniform(0.85, 0.98), rng.uniform(0.42, 0.5)
    outer = loft(
        [(0.14, 0, 0, wide * 0.6, long * 0.75, 3), (0.3, 0, 0, wide * 0.9, long * 0.9, 3), (0.62, 0, 0, wide, long, 3)],
        look.paint,
        "z",
        40,
        2,
    )
    rim = loft([(0.6, 0, 0, wide * 1.07, long * 1.04, 3), (0.68, 0, 0, wide * 1.07, long * 1.04, 3)], look.paint, "z", 40)
    water = loft(
        [(0.6, 0, 0, wide * 0.94, long * 0.94, 3), (0.685, 0, 0, wide * 0.94, long * 0.94, 3)], (0.62, 0.83, 0.92), "z", 40
    )
    parts = [outer, rim, water]
    parts += both(
        *(rod((s * wide * 0.55, long * 0.65, 0.2), (s * wide * 0.75, long * 0.72, 0.04), 0.06, GOLD, 0.075) for s in (-1, 1))
    )
    parts += [
        rod((0, long + 0.02, 0.66), (0, long + 0.02, 0.95), 0.04, METAL),
        rod((0, long + 0.02, 0.95), (0, long - 0.2, 0.9), 0.04, METAL),
    ]
    for _ in range(12):
        parts.append(
            ellipsoid(
                (rng.uniform(-0.55, 0.55) * wide, rng.uniform(-0.8, 0.3) * long, 0.7), rng.uniform(0.07, 0.13), WHITE, detail=8
            )
        )
    return Model(parts)
