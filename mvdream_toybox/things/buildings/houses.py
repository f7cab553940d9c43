"""Houses of toybox: house, barn, church, mushroom house. The walls have the main color, a cap roof has it too."""

import numpy as np

from mvdream_toybox.geometry.paints import darker
from mvdream_toybox.geometry.parts import Look, Model, Part, both, move
from mvdream_toybox.geometry.shapes import cylinder, ellipsoid, lathe, plate
from mvdream_toybox.geometry.solids import block
from mvdream_toybox.geometry.tones import DARK_WOOD, GOLD, WHITE, WOOD, contrast

GRASS = (0.42, 0.65, 0.28)
STONE = (0.64, 0.62, 0.58)
GLASS = (0.55, 0.76, 0.88)
TILES = (0.66, 0.25, 0.17)


def gable(center, length: float, half: float, rise: float, walls, roof, over: float = 0.12, thick: float = 0.08) -> list[Part]:
    """A gabled top over walls that end at center's height: triangles in front and behind, two slopes along x."""
    x, y, z = center
    parts = [plate([(y - half, z), (y + half, z), (y, z + rise)], length, walls, (x, 0, 0))]
    drop = over * rise / half
    slope = [(y, z + rise), (y, z + rise + thick), (y - half - over, z - drop + thick), (y - half - over, z - drop)]
    parts.append(plate(slope, length + 2 * over, roof, (x, 0, 0)))
    parts.append(plate([(2 * y - q, h) for q, h in reversed(slope)], length + 2 * over, roof, (x, 0, 0)))
    return parts


def window(center, width: float, height: float, side: str, frame=WHITE, glass=GLASS) -> list[Part]:
    """A framed window with a cross, in a wall that faces "x" (front or back) or "y" (left or right)."""
    flat = (lambda a, b, c: (a, b, c)) if side == "x" else (lambda a, b, c: (b, a, c))
    parts = [
        block(center, flat(0.05, width, height), frame, bevel=0.1),
        block(center, flat(0.06, width * 0.78, height * 0.8), glass, bevel=0.1),
    ]
    parts += [
        block(center, flat(0.07, width * 0.08, height * 0.8), frame),
        block(center, flat(0.07, width * 0.78, height * 0.07), frame),
    ]
    return parts


def stamp(parts: list[Part], *places) -> list[Part]:
    """Copies of the parts shifted to each place."""
    return [p for place in places for p in move(parts, place)]


def house(rng: np.random.Generator, look: Look) -> Model:
    """A gabled house whose walls have the main color."""
    deep, half, high = rng.uniform(0.62, 0.76), rng.uniform(0.6, 0.74), rng.uniform(0.72, 0.95)
    roof = contrast(look.main, TILES if rng.random() < 0.5 else (0.3, 0.32, 0.37), look.second)
    frame = contrast(look.main, WHITE, DARK_WOOD)
    parts = [block((0, 0, high / 2), (2 * deep, 2 * half, high), look.paint, bevel=0.02, rows=2)]
    if rng.random() < 0.4:
        parts += move(gable((0, 0, high), 2 * half, deep, rng.uniform(0.45, 0.6), look.main, roof), (0, 0, 0), 1, (0, 0, 90))
    else:
        parts += gable((0, 0, high), 2 * deep, half, rng.uniform(0.5, 0.7), look.main, roof)
        parts += [
            cylinder((s * (deep - 0.01), 0, high + 0.2), (s * (deep + 0.02), 0, high + 0.2), 0.11, frame) for s in (-1, 1)
        ]
        parts += [cylinder((s * deep, 0, high + 0.2), (s * (deep + 0.03), 0, high + 0.2), 0.08, GLASS) for s in (-1, 1)]
    door = contrast(look.main, look.second, (0.45, 0.2, 0.12))
    parts += [
        block((deep, 0, 0.25), (0.06, 0.32, 0.5), frame, bevel=0.1),
        block((deep, 0, 0.24), (0.09, 0.25, 0.46), door, bevel=0.1),
        ellipsoid((deep + 0.055, 0.08, 0.24), 0.02, GOLD, detail=6),
        block((deep + 0.12, 0, 0.03), (0.24, 0.42, 0.06), STONE),
    ]
    front, flank = window((0, 0, 0), 0.3, 0.32, "x", frame), window((0, 0, 0), 0.32, 0.34, "y", frame)
    z = high * 0.55
    parts += stamp(front, (deep, half * 0.6, z), (deep, -half * 0.6, z), (-deep, half * 0.5, z), (-deep, -half * 0.5, z))
    parts += stamp(flank, (deep * 0.45, half, z), (-deep * 0.45, half, z), (deep * 0.45, -half, z), (-deep * 0.45, -half, z))
    stack = (-deep * 0.35, half * 0.45, high + 0.5)
    parts += [
        block(stack, (0.18, 0.18, 0.62), (0.62, 0.33, 0.25)),
        block((stack[0], stack[1], stack[2] + 0.3), (0.23, 0.23, 0.06), STONE),
    ]
    if rng.random() < 0.7:
        parts.append(block((0.08, 0, -0.03), (2 * deep + 0.7, 2 * half + 0.5, 0.07), GRASS, bevel=0.3))
        parts += both(ellipsoid((deep + 0.14, half * 0.65, 0.09), (0.12, 0.2, 0.13), darker(GRASS, 0.75), detail=10))
    return Model(parts)


def barn(rng: np.random.Generator, look: Look) -> Model:
    """A barn with a bent roof, white trim and crossed doors; the walls have the main color."""
    deep, half, high = rng.uniform(0.75, 0.9), rng.uniform(0.56, 0.64), rng.uniform(0.52, 0.6)
    trim = contrast(look.main, WHITE, WOOD)
    knee, top = (half * 0.68, high + 0.36), high + 0.62
    end = [(-half, 0), (half, 0), (half, high), knee, (0, top), (-knee[0], knee[1]), (-half, high)]
    parts = [plate(end, 2 * deep, look.paint)]
    roof = contrast(look.main, (0.36, 0.37, 0.40), look.second)
    for side in (1, -1):
        for (y0, z0), (y1, z1) in (
            ((half + 0.1, high - 0.1), (knee[0] + 0.02, knee[1] + 0.02)),
            ((knee[0] + 0.04, knee[1] - 0.02), (0, top + 0.02)),
        ):
            n = np.array([z1 - z0, y0 - y1]) / np.hypot(z1 - z0, y0 - y1) * 0.07
            outline = [(y0, z0), (y0 + n[0], z0 + n[1]), (y1 + n[0], z1 + n[1]), (y1, z1)]
            parts.append(plate(outline if side > 0 else [(-y, z) for y, z in reversed(outline)], 2 * deep + 0.2, roof))
    for x in (deep, -deep):
        parts += [
            block((x, 0, 0.27), (0.05, 0.66, 0.54), trim, bevel=0.05),
            block((x, 0, 0.26), (0.07, 0.58, 0.48), darker(look.main, 0.8), bevel=0.05),
        ]
        for s in (-1, 1):
            parts += move([block((0, 0, 0), (0.09, 0.06, 0.72), trim, bevel=0.1)], (x, 0, 0.26), 1, (s * 50, 0, 0))
        parts += [
            block((x, 0, high + 0.22), (0.06, 0.26, 0.26), trim, bevel=0.1),
            block((x, 0, high + 0.22), (0.08, 0.19, 0.19), (0.2, 0.16, 0.14), bevel=0.1),
        ]
    pane = window((0, 0, 0), 0.24, 0.24, "y", trim)
    parts += stamp(pane, *((x, y, high * 0.55) for x in (-0.45, 0, 0.45) for y in (half, -half)))
    return Model(parts)


def church(rng: np.random.Generator, look: Look) -> Model:
    """A village church: nave, bell tower with a spire, a cross; the walls have the main color."""
    half, high = rng.uniform(0.4, 0.46), rng.uniform(0.62, 0.72)
    roof = contrast(look.main, look.second if rng.random() < 0.5 else (0.32, 0.34, 0.4), TILES)
    parts = [
        block((-0.25, 0, high / 2), (1.4, 2 * half, high), look.paint, bevel=0.02),
        *gable((-0.25, 0, high), 1.4, half, 0.46, look.main, roof, 0.07),
    ]
    tall = rng.uniform(1.15, 1.3)
    parts += [
        block((0.6, 0, tall / 2), (0.5, 0.5, tall), look.paint, bevel=0.03),
        block((0.6, 0, tall), (0.58, 0.58, 0.06), darker(look.main, 0.85)),
    ]
    parts.append(lathe([(0, tall), (0.42, tall), (0, tall + rng.uniform(0.65, 0.8))], roof, (0.6, 0, 0), sides=4))
    v = parts[-1].vertices
    v[:, :2] = (v[:, :2] - (0.6, 0)) @ np.array([[0.7071, 0.7071], [-0.7071, 0.7071]]) + (0.6, 0)
    z = float(v[:, 2].max())
    parts += [block((0.6, 0, z + 0.1), (0.035, 0.035, 0.3), GOLD), block((0.6, 0, z + 0.14), (0.035, 0.17, 0.035), GOLD)]
    arch = [(-0.08, 0), (0.08, 0), (0.08, 0.2), (0, 0.32), (-0.08, 0.2)]
    pane, frame = contrast(look.main, (0.3, 0.42, 0.62), GLASS), contrast(look.main, WHITE, STONE)
    glass = [plate(arch, 0.04, pane), plate([(y * 1.35, z * 1.18 - 0.03) for y, z in arch], 0.025, frame)]
    for side in (90, -90):
        for x in (-0.75, -0.4, -0.05):
            parts += move(glass, (x, half * np.sign(side), high * 0.32), 1, (0, 0, side))
        parts += move(glass, (0.6, 0.25 * np.sign(side), tall - 0.42), 1, (0, 0, side))
    parts += (
        move(glass, (0.85, 0, tall - 0.42))
        + move(glass, (-0.95, 0, high * 0.45), 1, (0, 0, 180))
        + move(glass, (0.34, 0, tall - 0.42), 1, (0, 0, 180))
    )
    parts += [
        plate([(y * 1.6, z * 1.35) for y, z in arch], 0.06, DARK_WOOD, (0.86, 0, 0)),
        plate([(y * 2.1, z * 1.5) for y, z in arch], 0.04, frame, (0.855, 0, 0)),
    ]
    return Model(parts)


def cottage(rng: np.random.Generator, look: Look) -> Model:
    """A mushroom cottage: a cap roof of the main color over a round pale house."""
    wide, tall = rng.uniform(0.88, 0.98), rng.uniform(0.7, 0.85)
    a = np.linspace(0, np.pi / 2, 16)
    cap = lathe(
        [(0.2, 0.72), (wide * 0.97, 0.62), *((wide * max(np.cos(t), 0) ** 0.85, 0.66 + tall * np.sin(t)) for t in a)],
        look.paint,
        sides=44,
        smooth=True,
    )
    parts = [lathe([(0, 0), (0.6, 0), (0.52, 0.3), (0.5, 0.8), (0, 0.8)], (0.95, 0.9, 0.78), smooth=False), cap]
    dot = contrast(look.main, WHITE, (0.8, 0.2, 0.15))
    for k in range(13 if not callable(look.paint) else 0):
        b, up = 2.4 * k, 1.4 - 1.15 * np.sqrt(k / 13)
        q = wide * np.cos(up) ** 0.85
        parts.append(
            ellipsoid(
                (q * np.cos(b), q * np.sin(b), 0.66 + tall * np.sin(up)),
                (0.11, 0.11, 0.04),
                dot,
                (0, np.degrees(np.pi / 2 - 0.85 * up), np.degrees(b)),
                10,
            )
        )
    arch = [
        (-0.16, 0),
        (0.16, 0),
        (0.16, 0.3),
        *((0.16 * np.cos(t), 0.3 + 0.16 * np.sin(t)) for t in np.linspace(0.3, np.pi - 0.3, 7)),
        (-0.16, 0.3),
    ]
    parts += [
        plate(arch, 0.12, DARK_WOOD, (0.55, 0, 0)),
        plate([(y * 1.2, z * 1.1) for y, z in arch], 0.1, WOOD, (0.54, 0, 0)),
        ellipsoid((0.62, 0.08, 0.22), 0.025, GOLD, detail=6),
    ]
    for turn in (75, 150, 210, 285):
        parts += move(
            [
                cylinder((0.48, 0, 0.36), (0.56, 0, 0.36), 0.13, WOOD),
                cylinder((0.5, 0, 0.36), (0.575, 0, 0.36), 0.1, (1.0, 0.86, 0.45)),
            ],
            (0, 0, 0),
            1,
            (0, 0, turn),
        )
    parts += [
        cylinder((-0.3, 0.3, 1.2), (-0.3, 0.3, 1.65), 0.09, STONE),
        ellipsoid((0, 0, -0.02), (0.95, 0.95, 0.07), GRASS, detail=16),
    ]
    return Model(parts)
