"""Small shelters of toybox: tents, igloo, wishing well."""

from dataclasses import replace

import numpy as np

from mvdream_toybox.geometry.paints import darker
from mvdream_toybox.geometry.parts import Look, Model, Part, both, grid_faces, move
from mvdream_toybox.geometry.shapes import cylinder, ellipsoid, lathe, plate
from mvdream_toybox.geometry.solids import block, rod
from mvdream_toybox.geometry.tones import DARK_WOOD, GOLD, METAL, WHITE, WOOD, contrast
from mvdream_toybox.things.buildings.houses import STONE


def tent(rng: np.random.Generator, look: Look) -> Model:
    """A ridge tent open to the front, or (`variant`) "circus tent", "tipi"."""
    if look.variant == "circus tent":
        r = rng.uniform(0.8, 0.92)
        second = contrast(look.main, look.second, WHITE) if not callable(look.paint) else None
        body = lathe(
            [
                (0, 0),
                *((r, 0.55 * t) for t in np.linspace(0, 1, 5)),
                *((r * (1 - t) ** 1.0 * 1.12 + 0.02, 0.56 + 0.75 * t**1.25) for t in np.linspace(0, 1, 14)),
            ],
            look.paint,
            sides=96,
            smooth=True,
        )
        if second:
            a = (np.arctan2(body.vertices[:, 1], body.vertices[:, 0]) / (2 * np.pi) * 12 + 0.25) % 1
            body.colors[a < 0.42] = second
        parts = [body]
        for k in range(24):
            a = 2 * np.pi * k / 24
            parts.append(
                ellipsoid(
                    (r * 1.12 * np.cos(a), r * 1.12 * np.sin(a), 0.52),
                    (0.05, 0.1, 0.1),
                    look.main if k % 2 else (second or look.main),
                    (0, 0, np.degrees(a)),
                    6,
                )
            )
        parts += [
            rod((0, 0, 1.28), (0, 0, 1.7), 0.02, GOLD, sides=6),
            plate([(0, 1.48), (0.32, 1.58), (0, 1.68)], 0.02, contrast(look.main, look.accent, GOLD)),
        ]
        parts.append(plate([(-0.2, 0), (0.2, 0), (0.06, 0.5), (-0.06, 0.5)], 0.1, (0.15, 0.1, 0.12), (r - 0.02, 0, 0)))
        return Model(parts)
    if look.variant == "tipi":
        r, high = rng.uniform(0.62, 0.7), rng.uniform(1.25, 1.4)
        body = lathe([(r * (1 - 0.9 * t), high * t) for t in np.linspace(0, 1, 24)], look.paint, sides=40, smooth=True)
        if not callable(look.paint):
            z = body.vertices[:, 2] / high
            body.colors[((z > 0.16) & (z < 0.24)) | ((z > 0.6) & (z < 0.66))] = contrast(
                look.main, look.second, (0.7, 0.25, 0.15)
            )
        parts = [body]
        for k in range(6):
            a = np.pi / 3 * k
            parts.append(
                rod(
                    (0.12 * np.cos(a), 0.12 * np.sin(a), high * 0.85),
                    (-0.2 * np.cos(a), -0.2 * np.sin(a), high * 1.22),
                    0.025,
                    DARK_WOOD,
                    sides=8,
                )
            )
        door = plate([(-0.19, 0), (0.19, 0), (0, 0.68)], 0.04, (0.2, 0.13, 0.1))
        parts += move([door], (r + 0.01, 0, 0), 1, (0, -np.degrees(np.arctan2(0.9 * r, high)), 0))
        return Model(parts)
    long, half, high = rng.uniform(0.85, 1.0), rng.uniform(0.62, 0.7), rng.uniform(0.85, 0.98)
    t = np.linspace(0, 1, 12)
    sag = 0.1 * np.sin(np.pi * t)
    edge = np.column_stack([half * (1 - t) - sag * 0.5, high * t - sag * 0.5])
    rows = np.linspace(-1, 1, 14)
    sheet = np.concatenate([[(long * x, y, z) for y, z in edge] for x in rows])
    faces = grid_faces(len(rows), len(t), wrap=False)
    colors = look.paint(sheet) if callable(look.paint) else np.tile(np.asarray(look.paint, float), (len(sheet), 1))
    slope = Part(
        np.concatenate([sheet, sheet - (0, 0.03, 0.02)]),
        np.concatenate([faces, faces[:, ::-1] + len(sheet)]),
        np.concatenate([colors, colors * 0.8]),
    )
    parts = both(slope)
    parts.append(plate([(-half, 0), (half, 0), (0, high)], 0.02, look.main, (-long + 0.03, 0, 0)))
    flap = darker(look.main, 0.86)
    for s in (1, -1):
        wing = [(s * half * 0.98, 0), (s * half * 0.42, 0), (0.0, high * 0.98)]
        parts.append(plate(wing[::-1] if s > 0 else wing, 0.025, flap, (long - 0.02, 0, 0)))
    parts.append(plate([(-half * 0.5, 0), (half * 0.5, 0), (0, high * 0.96)], 0.02, (0.14, 0.12, 0.14), (long - 0.1, 0, 0)))
    parts += [rod((x, 0, 0), (x, 0, high + 0.08), 0.026, WOOD) for x in (-long, long)]
    parts.append(block((0, 0, -0.02), (2 * long, 2 * half, 0.03), contrast(look.main, look.second, (0.35, 0.4, 0.3))))
    parts += both(
        *(cylinder((x, half * 0.55, high * 0.42), (x * 1.15, half + 0.25, 0), 0.01, WHITE, sides=4) for x in (-long, long))
    )
    return Model(parts)


def igloo(rng: np.random.Generator, look: Look) -> Model:
    """An igloo of snow blocks with an entrance tunnel."""
    r, squash = rng.uniform(0.72, 0.82), rng.uniform(0.86, 0.98)
    snow = (0.93, 0.96, 0.99)
    t = np.linspace(0, np.pi / 2, 40)
    dome = lathe([(r * max(np.cos(a), 0), r * squash * np.sin(a)) for a in t], snow, sides=96, smooth=True)
    v = dome.vertices
    row = np.arcsin(np.clip(v[:, 2] / (r * squash), 0, 1)) / (np.pi / 2) * 7
    count = np.maximum(np.round(16 * np.cos(np.floor(row) / 7 * np.pi / 2)), 3)
    along = np.arctan2(v[:, 1], v[:, 0]) / (2 * np.pi) * count + 0.5 * (np.floor(row) % 2)
    joint = (row % 1 < 0.17) | (along % 1 < 0.13)
    dome.colors[joint] = (0.62, 0.76, 0.88)
    parts = [dome]
    b = np.linspace(0, np.pi, 12)
    arch = [(0.34 * np.cos(a), 0.44 * np.sin(a)) for a in b]
    parts += [
        plate(arch, 0.5, (0.88, 0.93, 0.97), (r + 0.05, 0, 0)),
        plate([(y * 1.15, z * 1.12) for y, z in arch], 0.1, snow, (r + 0.28, 0, 0)),
        plate([(y * 0.72, z * 0.76) for y, z in arch], 0.12, (0.14, 0.2, 0.32), (r + 0.285, 0, 0)),
    ]
    return Model([*parts, ellipsoid((0.1, 0, -0.03), (r * 1.45, r * 1.3, 0.07), (0.97, 0.98, 1.0), detail=16)])


def well(rng: np.random.Generator, look: Look) -> Model:
    """A stone wishing well under a small roof of the main color, with a bucket."""
    r, high = 0.5, rng.uniform(0.42, 0.5)
    ring = lathe([(r * 0.78, 0.1), (r * 0.78, high), (r * 1.04, high), (r, high - 0.06), (r, 0), (0, 0)][::-1], STONE, sides=36)
    parts = [ring, cylinder((0, 0, 0.1), (0, 0, high - 0.12), r * 0.8, (0.25, 0.5, 0.68))]
    for k in range(26):
        a, z = 2 * np.pi * (k % 13 + 0.5 * (k // 13)) / 13, 0.12 + 0.2 * (k // 13)
        parts.append(
            ellipsoid(
                (r * 0.97 * np.cos(a), r * 0.97 * np.sin(a), z),
                (0.06, 0.1, 0.08),
                darker(STONE, 0.85 + 0.1 * (k % 3)),
                (0, 0, np.degrees(a)),
                6,
            )
        )
    top = high + rng.uniform(0.62, 0.75)
    parts += both(block((0, r * 0.86, (high + top) / 2), (0.09, 0.09, top - high + 0.1), WOOD))
    for side in (1, -1):
        slope = [block((0, 0, 0), (0.68, 1.3, 0.08), look.paint, bevel=0.1)]
        parts += move(slope, (side * 0.25, 0, top + 0.12), 1, (0, side * 38, 0))
    parts += [
        rod((0, -r * 0.95, high + 0.4), (0, r * 1.15, high + 0.4), 0.05, DARK_WOOD),
        rod((0, 0, high + 0.4), (0, 0, high + 0.1), 0.018, (0.85, 0.75, 0.5), sides=6),
    ]
    parts += [
        lathe([(0, high - 0.12), (0.1, high - 0.12), (0.14, high + 0.1), (0, high + 0.1)], WOOD, sides=20),
        rod((0, r * 1.15, high + 0.4), (0.16, r * 1.15, high + 0.5), 0.03, METAL),
    ]
    return Model(parts)


def circus_tent(rng: np.random.Generator, look: Look) -> Model:
    """A round striped big top with a flag."""
    return tent(rng, replace(look, variant="circus tent"))
