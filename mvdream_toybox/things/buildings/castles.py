"""Castles of toybox: castle, tower, pagoda, stepped pyramid."""

import numpy as np

from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Look, Model, Part, both, move
from mvdream_toybox.geometry.shapes import cylinder, lathe, plate
from mvdream_toybox.geometry.solids import block, loft, rod
from mvdream_toybox.geometry.tones import DARK, DARK_WOOD, GOLD, WHITE, contrast
from mvdream_toybox.things.buildings.houses import GRASS, STONE, stamp


def _battlements(center, radius: float, top: float, paint, count: int = 8) -> list[Part]:
    """A ring of merlons."""
    piece = [block((radius, 0, 0.06), (0.09, 0.13, 0.14), paint, bevel=0.05)]
    return move(
        [p for k in range(count) for p in move(piece, (0, 0, 0), 1, (0, 0, 360 * k / count))], (center[0], center[1], top)
    )


def _cone_tower(x, y, r, high, walls, roof, flag, cap: float) -> list[Part]:
    parts = [
        cylinder((x, y, 0), (x, y, high), r, walls),
        cylinder((x, y, high - 0.06), (x, y, high + 0.03), r * 1.15, darker(walls, 0.88)),
    ]
    parts.append(lathe([(0, high), (r * 1.3, high), (r * 0.62, high + cap * 0.45), (0, high + cap)], roof, (x, y, 0)))
    parts += [
        rod((x, y, high + cap - 0.03), (x, y, high + cap + 0.22), 0.015, GOLD, sides=6),
        plate([(y, high + cap + 0.1), (y + 0.22, high + cap + 0.155), (y, high + cap + 0.21)], 0.02, flag, (x, 0, 0)),
    ]
    opening = block((0, 0, 0), (0.05, 0.09, 0.18), (0.2, 0.18, 0.2), bevel=0.2)
    for a in (0, 90, 180, 270):
        piece = move([opening], (r, 0, high * 0.78), 1)
        parts += move(move(piece, (0, 0, 0), 1, (0, 0, a)), (x, y, 0))
    return parts


def castle(rng: np.random.Generator, look: Look) -> Model:
    """A castle of the main color: corner towers with cone roofs, walls, a keep, a gate."""
    s, wall = rng.uniform(0.66, 0.74), rng.uniform(0.45, 0.55)
    walls, roof, flag = (
        look.main,
        contrast(look.main, look.second, (0.25, 0.35, 0.65)),
        contrast(look.main, look.accent, (0.85, 0.15, 0.15)),
    )
    parts = []
    cap, high = rng.uniform(0.42, 0.55), wall + rng.uniform(0.3, 0.4)
    for x in (-s, s):
        for y in (-s, s):
            parts += _cone_tower(x, y, 0.22, high, walls, roof, flag, cap)
    parts += [block((x, 0, wall / 2), (0.16, 2 * s, wall), walls, bevel=0.03) for x in (-s, s)]
    parts += both(block((0, s, wall / 2), (2 * s, 0.16, wall), walls, bevel=0.03))
    tooth = [block((0, 0, wall + 0.05), (0.16, 0.13, 0.13), walls, bevel=0.05)]
    spread = np.linspace(-0.56, 0.56, 5) * s
    parts += stamp(tooth, *((x, y, 0) for x in (-s, s) for y in spread), *((x, y, 0) for x in spread for y in (-s, s)))
    keep = high + rng.uniform(0.15, 0.3)
    parts += [block((-0.12, 0, keep / 2), (0.62, 0.62, keep), lighter(walls, 0.06), bevel=0.03)]
    parts += stamp(
        [block((0, 0, keep + 0.05), (0.13, 0.13, 0.13), walls, bevel=0.05)],
        *((-0.12 + a, b, 0) for a in (-0.25, 0.0, 0.25) for b in (-0.25, 0, 0.25) if a or b),
    )
    parts += move(_cone_tower(0, 0, 0.18, 0.42, walls, roof, flag, cap), (-0.12, 0, keep))
    arch = [
        (-0.17, 0),
        (0.17, 0),
        (0.17, 0.22),
        *((0.17 * np.cos(a), 0.22 + 0.17 * np.sin(a)) for a in np.linspace(0.2, np.pi - 0.2, 8)),
        (-0.17, 0.22),
    ]
    parts += [
        block((s + 0.02, 0, 0.3), (0.3, 0.56, 0.6), walls, bevel=0.05),
        plate(arch, 0.06, DARK_WOOD, (s + 0.16, 0, 0)),
        plate([(y * 1.25, z * 1.15) for y, z in arch], 0.04, darker(walls, 0.75), (s + 0.155, 0, 0)),
    ]
    if rng.random() < 0.5:
        parts.append(block((0, 0, -0.05), (2 * s + 0.9, 2 * s + 0.9, 0.12), GRASS, bevel=0.4))
    return Model(parts)


def tower(rng: np.random.Generator, look: Look) -> Model:
    """A round fairy-tale tower of the main color with a pointed roof."""
    r, high = rng.uniform(0.34, 0.4), rng.uniform(1.2, 1.4)
    roof = contrast(look.main, look.second, (0.55, 0.2, 0.2))
    shaft = [
        (0, 0),
        (r * 1.2, 0),
        (r * 1.02, 0.3),
        (r * 0.95, 0.7),
        (r * 0.95, high - 0.2),
        (r * 1.25, high - 0.05),
        (r * 1.25, high + 0.22),
        (0, high + 0.22),
    ]
    parts = [
        lathe(shaft, look.paint, sides=36),
        lathe([(0, high + 0.2), (r * 1.5, high + 0.2), (r * 0.7, high + 0.6), (0, high + 1.05)], roof, sides=36),
    ]
    parts += _battlements((0, 0), r * 1.24, high - 0.08, darker(look.main, 0.85), 12)
    frame, dark = contrast(look.main, STONE, WHITE), (0.95, 0.8, 0.4)
    for k in range(6):
        z, a = 0.55 + 0.16 * k, 70 * k
        parts += move(
            [
                block((r * 0.95, 0, z), (0.06, 0.17, 0.26), frame, bevel=0.2),
                block((r * 0.96, 0, z), (0.07, 0.11, 0.19), dark, bevel=0.2),
            ],
            (0, 0, 0),
            1,
            (0, 0, a),
        )
    parts += [
        block((r * 1.08, 0, 0.22), (0.16, 0.36, 0.46), frame, bevel=0.2),
        block((r * 1.12, 0, 0.2), (0.16, 0.26, 0.4), DARK_WOOD, bevel=0.2),
    ]
    parts += [
        rod((0, 0, high + 1.0), (0, 0, high + 1.3), 0.018, GOLD, sides=6),
        plate([(0, high + 1.12), (0.28, high + 1.2), (0, high + 1.28)], 0.02, contrast(roof, look.accent, GOLD)),
    ]
    return Model(parts)


def pyramid(rng: np.random.Generator, look: Look) -> Model:
    """A stepped pyramid with a stair and a small shrine on top."""
    steps, half = int(rng.integers(6, 9)), 0.95
    rise = rng.uniform(0.95, 1.1) / steps
    parts = []
    for k in range(steps):
        w = half * (1 - 0.85 * k / steps)
        parts.append(
            block(
                (0, 0, rise * (k + 0.5)),
                (2 * w, 2 * w, rise),
                look.paint if k % 2 == 0 else darker(look.main, 0.88),
                bevel=0.06,
            )
        )
    top = rise * steps
    shrine = contrast(look.main, look.second, STONE)
    parts += [
        block((0, 0, top + 0.09), (0.26, 0.26, 0.2), look.main),
        block((0, 0, top + 0.21), (0.34, 0.34, 0.06), shrine),
        block((0.12, 0, top + 0.07), (0.05, 0.1, 0.14), DARK),
    ]
    slant = np.degrees(np.arctan2(top, half * 0.85))
    run = np.hypot(top, half * 0.85)
    for turn in (0, 180):
        ramp = [
            block((0, 0, 0), (run, 0.26, 0.1), lighter(look.main, 0.2)),
            *(block((0, y, 0.04), (run, 0.06, 0.12), shrine) for y in (-0.15, 0.15)),
        ]
        parts += move(move(ramp, (half * 0.57 + 0.03, 0, top / 2), 1, (0, slant, 0)), (0, 0, 0), 1, (0, 0, turn))
    return Model(parts)


def pagoda(rng: np.random.Generator, look: Look) -> Model:
    """A pagoda: storeys with wide upturned roofs of the main color."""
    storeys = int(rng.integers(3, 6))
    walls = contrast(look.main, (0.93, 0.88, 0.78), (0.75, 0.2, 0.15))
    parts, z = [block((0, 0, 0.05), (1.3, 1.3, 0.12), STONE, bevel=0.1)], 0.1
    for k in range(storeys):
        s = 1 - 0.6 * k / storeys
        w, high = 0.4 * s, 0.26
        parts.append(block((0, 0, z + high / 2), (2 * w, 2 * w, high), walls, bevel=0.03))
        parts += both(*(rod((x, w, z), (x, w, z + high), 0.035, (0.55, 0.16, 0.12), sides=8) for x in (-w, w)))
        door = block((w, 0, z + high * 0.45), (0.04, w * 0.6, high * 0.8), DARK_WOOD, bevel=0.1)
        parts += [q for a in (0, 90, 180, 270) for q in move([door], (0, 0, 0), 1, (0, 0, a))]
        z += high
        eave = 0.72 * s + 0.06
        roof = loft(
            [
                (z - 0.03, 0, 0, eave * 0.97, eave * 0.97, 14),
                (z + 0.02, 0, 0, eave, eave, 14),
                (z + 0.09, 0, 0, eave * 0.72, eave * 0.72, 14),
                (z + 0.19, 0, 0, w * 0.86, w * 0.86, 14),
            ],
            look.paint,
            "z",
            48,
        )
        v = roof.vertices
        corner = np.abs(v[:, 0] * v[:, 1]) / eave**2
        v[:, 2] += 0.13 * corner**2 * s
        parts.append(roof)
        z += 0.15
    parts += [lathe([(0, z), (0.1, z), (0.05, z + 0.12), (0.08, z + 0.16), (0.03, z + 0.22), (0, z + 0.45)], GOLD, sides=16)]
    return Model(parts)
