"""Tall landmarks of toybox: lighthouse, windmill, temple, skyscraper, Ferris wheel."""

import numpy as np

from mvdream_toybox.geometry.paints import darker
from mvdream_toybox.geometry.parts import Look, Model, both, move
from mvdream_toybox.geometry.shapes import cylinder, ellipsoid, lathe, plate, torus
from mvdream_toybox.geometry.solids import block, brick, copies, rod
from mvdream_toybox.geometry.tones import DARK, DARK_WOOD, GOLD, METAL, WHITE, contrast
from mvdream_toybox.things.buildings.houses import STONE


def lighthouse(rng: np.random.Generator, look: Look) -> Model:
    """A banded lighthouse on a rock; the main color is most of the tower's and its cap's."""
    r, high = rng.uniform(0.32, 0.38), rng.uniform(1.35, 1.55)
    band = contrast(look.main, WHITE, (0.85, 0.15, 0.12))
    parts = []
    count = int(rng.choice([5, 7]))
    edges = np.cumsum([0] + [1.5 if k % 2 == 0 else 0.9 for k in range(count)])
    edges = edges / edges[-1]
    for k in range(count):
        a, b = edges[k], edges[k + 1]
        parts.append(
            cylinder(
                (0, 0, a * high),
                (0, 0, b * high),
                r * (1 - 0.38 * a),
                look.main if k % 2 == 0 else band,
                r * (1 - 0.38 * b),
                32,
            )
        )
    top = r * 0.62
    parts += [cylinder((0, 0, high), (0, 0, high + 0.06), top * 1.5, DARK), torus((0, 0, high + 0.2), top * 1.42, 0.02, DARK)]
    post = [cylinder((top * 1.42, 0, high), (top * 1.42, 0, high + 0.2), 0.015, DARK, sides=6)]
    parts += [p for k in range(10) for p in move(post, (0, 0, 0), 1, (0, 0, 36 * k))]
    parts += [
        cylinder((0, 0, high + 0.05), (0, 0, high + 0.36), top * 0.85, (1.0, 0.93, 0.55)),
        lathe([(0, high + 0.36), (top * 1.2, high + 0.36), (top * 0.7, high + 0.52), (0, high + 0.62)], look.main),
    ]
    parts += [ellipsoid((0, 0, high + 0.65), 0.05, look.main, detail=8)]
    for k in range(4):
        a = 90 * k
        parts += move(
            [
                block(
                    (r * (1 - 0.38 * (0.28 + 0.17 * k)), 0, high * (0.28 + 0.17 * k)),
                    (0.06, 0.11, 0.17),
                    (0.2, 0.22, 0.28),
                    bevel=0.2,
                )
            ],
            (0, 0, 0),
            1,
            (0, 0, a),
        )
    parts.append(block((r * 0.98, 0, 0.15), (0.1, 0.2, 0.32), DARK_WOOD, bevel=0.15))
    for k in range(7):
        a = 0.9 * k
        parts.append(
            ellipsoid(
                (0.36 * np.cos(a), 0.36 * np.sin(a), -0.06),
                (0.26, 0.22, 0.13),
                darker(STONE, 0.75 + 0.08 * (k % 3)),
                (0, 0, 50 * k),
                8,
            )
        )
    return Model(parts)


def windmill(rng: np.random.Generator, look: Look) -> Model:
    """A tower windmill with four lattice sails; the tower has the main color."""
    r, high = rng.uniform(0.44, 0.5), rng.uniform(1.0, 1.15)
    roof = contrast(look.main, look.second if rng.random() < 0.5 else (0.5, 0.2, 0.14), DARK)
    parts = [
        lathe([(0, 0), (r, 0), (r * 0.66, high), (0, high)], look.paint, sides=8 if rng.random() < 0.5 else 32),
        lathe([(0, high - 0.02), (r * 0.8, high - 0.02), (r * 0.55, high + 0.22), (0, high + 0.4)], roof),
    ]
    hub = np.array([r * 0.66 + 0.2, 0, high + 0.04])
    parts += [
        rod((0, 0, high + 0.02), hub + (0.06, 0, 0), 0.06, DARK_WOOD),
        ellipsoid(hub + (0.05, 0, 0), 0.1, DARK_WOOD, detail=10),
    ]
    sail = [
        rod((0, 0, 0), (0, 0, 0.92), 0.03, DARK_WOOD, sides=8),
        block((0, 0.11, 0.54), (0.02, 0.2, 0.68), (0.95, 0.91, 0.8), bevel=0.05),
    ]
    sail += [block((0, 0.1, z), (0.03, 0.22, 0.025), DARK_WOOD) for z in (0.22, 0.38, 0.54, 0.7, 0.86)]
    sail.append(block((0, 0.21, 0.54), (0.03, 0.025, 0.68), DARK_WOOD))
    turn = rng.uniform(0, 90)
    for k in range(4):
        parts += move(sail, hub, 1, (turn + 90 * k, 0, 0))
    frame = contrast(look.main, WHITE, STONE)
    for a in (180, 90, 270):
        parts += move(
            [
                block((r * 0.84, 0, high * 0.5), (0.07, 0.2, 0.24), frame, bevel=0.1),
                block((r * 0.85, 0, high * 0.5), (0.08, 0.15, 0.19), (0.5, 0.7, 0.82), bevel=0.1),
            ],
            (0, 0, 0),
            1,
            (0, 0, a),
        )
    parts += [
        block((r * 0.95, 0, 0.2), (0.12, 0.26, 0.4), frame, bevel=0.1),
        block((r * 0.97, 0, 0.18), (0.12, 0.2, 0.34), DARK_WOOD, bevel=0.1),
        torus((0, 0, 0.48 * high * 0.5), r * 0.9, 0.03, darker(look.main, 0.8)),
    ]
    return Model(parts)


def temple(rng: np.random.Generator, look: Look) -> Model:
    """A Greek temple: steps, columns all round, a pediment."""
    long, half, high = rng.uniform(0.85, 1.0), rng.uniform(0.56, 0.64), rng.uniform(0.6, 0.7)
    parts = [
        block(
            (0, 0, 0.05 + 0.09 * k),
            (2 * long - 0.16 * k + 0.2, 2 * half - 0.16 * k + 0.2, 0.1),
            darker(look.main, 0.86 + 0.05 * k),
            bevel=0.1,
        )
        for k in range(3)
    ]
    base = 0.28
    column = lathe(
        [(0, 0), (0.1, 0), (0.1, 0.05), (0.075, 0.08), (0.065, high - 0.1), (0.1, high - 0.04), (0.1, high), (0, high)],
        look.paint,
        sides=16,
    )
    x, y = long - 0.12, half - 0.12
    places = [(q, s * y) for q in np.linspace(-x, x, 6) for s in (-1, 1)] + [
        (s * x, q) for q in np.linspace(-y, y, 4)[1:-1] for s in (-1, 1)
    ]
    for a, b in places:
        parts += move([column], (a, b, base))
    parts.append(block((0, 0, base + high / 2), (2 * long - 0.62, 2 * half - 0.6, high), darker(look.main, 0.75)))
    parts.append(block((long - 0.3, 0, base + 0.2), (0.04, 0.22, 0.42), DARK_WOOD))
    top = base + high
    parts.append(block((0, 0, top + 0.06), (2 * long, 2 * half, 0.13), look.main, bevel=0.1))
    parts.append(plate([(-half - 0.05, top + 0.12), (half + 0.05, top + 0.12), (0, top + 0.42)], 2 * long + 0.04, look.paint))
    inner = contrast(look.main, look.second, GOLD)
    parts += [plate([(-half * 0.72, top + 0.15), (half * 0.72, top + 0.15), (0, top + 0.35)], 2 * long + 0.06, inner)]
    parts += [ellipsoid((s * long, 0, top + 0.45), 0.06, GOLD, detail=8) for s in (-1, 1)]
    return Model(parts)


def skyscraper(rng: np.random.Generator, look: Look) -> Model:
    """A stepped skyscraper with bands of windows and a spire."""
    glass = contrast(look.main, (0.55, 0.75, 0.9), (0.18, 0.24, 0.34))
    parts, z = [], 0.0
    wide = rng.uniform(0.36, 0.42)
    for tier, share in enumerate((1.0, 0.78, 0.56)):
        w, high = wide * share, rng.uniform(0.62, 0.75) * (1 if tier == 0 else 0.75)
        parts += [
            block((0, 0, z + high / 2), (2 * w, 2 * w, high), look.paint, bevel=0.03, rows=3),
            block((0, 0, z + high), (2 * w + 0.05, 2 * w + 0.05, 0.05), darker(look.main, 0.8)),
        ]
        floors, panes = int(high / 0.13), 4 if tier == 0 else 3
        rows = z + high * (np.arange(floors) + 0.6) / (floors + 0.2)
        columns = w * (2 * (np.arange(panes) + 0.5) / panes - 1) * 0.92
        size, tall = 1.2 * w / panes, 0.65 * high / (floors + 0.2)
        grid = [(q, up) for q in columns for up in rows]
        parts.append(copies(brick((0, 0, 0), (2 * w + 0.02, size, tall), glass), [(0, q, up) for q, up in grid]))
        parts.append(copies(brick((0, 0, 0), (size, 2 * w + 0.02, tall), glass), [(q, 0, up) for q, up in grid]))
        z += high
    return Model(
        [
            *parts,
            cylinder((0, 0, z), (0, 0, z + 0.5), 0.05, METAL, 0.01, 12),
            block((wide, 0, 0.08), (0.06, 0.26, 0.17), (0.2, 0.22, 0.26)),
        ]
    )


def ferris_wheel(rng: np.random.Generator, look: Look) -> Model:
    """A Ferris wheel that faces the front: rim and stand of the main color, gondolas in many colors."""
    r, count = rng.uniform(0.72, 0.8), int(rng.choice([8, 10]))
    parts = [torus((x, 0, 0), q, 0.035, look.main, axis=(1, 0, 0)) for x in (-0.16, 0.16) for q in (r, r * 0.55)]
    turn = rng.uniform(0, 2 * np.pi)
    spoke = [cylinder((x, 0, 0), (x, 0, r), 0.024, look.main, sides=8) for x in (-0.16, 0.16)] + [
        cylinder((-0.16, 0, r), (0.16, 0, r), 0.024, look.main, sides=8)
    ]
    hues = ((0.9, 0.2, 0.2), (0.95, 0.78, 0.2), (0.25, 0.5, 0.9), (0.3, 0.7, 0.35), (0.95, 0.55, 0.75))
    car = [(-0.26, 0.11), (-0.2, 0.13), (-0.07, 0.12)]
    for k in range(count):
        a = turn + 2 * np.pi * k / count
        parts += move(spoke, (0, 0, 0), 1, (np.degrees(a), 0, 0))
        y, z = -r * np.sin(a), r * np.cos(a)
        parts.append(
            lathe(
                [(0, -0.26), *((q, h) for h, q in car), (0, -0.07)],
                contrast(look.main, hues[k % 5], WHITE),
                (0, y, z),
                sides=16,
            )
        )
    parts += [
        cylinder((-0.24, 0, 0), (0.24, 0, 0), 0.1, contrast(look.main, look.second, WHITE)),
        block((0, 0, -r - 0.36), (0.8, 1.3, 0.08), STONE),
    ]
    parts += both(*(rod((x, 0, 0), (x * 1.3, 0.45, -r - 0.34), 0.05, look.main, sides=10) for x in (-0.24, 0.24)))
    return Model(parts)
