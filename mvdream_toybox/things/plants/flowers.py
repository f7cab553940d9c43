"""Small plants of toybox: cactus, flowers, mushroom, potted plant. The main color is the petals', cap's or leaves'."""

from dataclasses import replace

import numpy as np

from mvdream_toybox.geometry.foliage import leaf, puff, shades
from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Look, Model, Part, move
from mvdream_toybox.geometry.shapes import curve, ellipsoid, lathe, limb, tube
from mvdream_toybox.geometry.solids import rod, round_body
from mvdream_toybox.geometry.tones import WHITE, contrast
from mvdream_toybox.things.plants.trees import GREEN

TERRACOTTA = (0.76, 0.40, 0.24)
SOIL = (0.24, 0.16, 0.10)


def _ribbed(a, b, radius: float, look: Look) -> Part:
    """A cactus limb with ribs and spines."""
    part = limb(a, b, radius, radius * 0.92, look.paint, sides=32)
    rib = np.tile(np.cos(np.linspace(0, 2 * np.pi, 32, endpoint=False) * 8), len(part.vertices) // 32)
    part.colors[rib < -0.5] *= 0.78
    return part


def cactus(rng: np.random.Generator, look: Look) -> Model:
    """A saguaro with raised arms, often in a pot, with a flower on top."""
    r, high = rng.uniform(0.2, 0.25), rng.uniform(1.15, 1.35)
    parts = [_ribbed((0, 0, 0), (0, 0, high), r, look)]
    for s, z in ((1, rng.uniform(0.4, 0.55)), (-1, rng.uniform(0.6, 0.75))):
        elbow = (0, s * 0.5, z + 0.04)
        parts += [
            _ribbed((0, 0, z), elbow, r * 0.6, look),
            _ribbed(elbow, (0, s * 0.52, z + rng.uniform(0.35, 0.5)), r * 0.6, look),
        ]
    petal = contrast(look.main, (0.95, 0.35, 0.6), (1.0, 0.85, 0.3))
    for k in range(6):
        parts += leaf((0, 0, high + r * 0.85), 0.2, 0.13, 40, 60 * k, petal)
    for k in range(40):
        a, z = 2.4 * k, 0.1 + (high - 0.1) * k / 40
        out = np.array([np.cos(a), np.sin(a), 0])
        parts.append(ellipsoid(out * r * 1.02 + (0, 0, z), (0.03, 0.03, 0.012), (0.97, 0.95, 0.8), detail=4))
    if rng.random() < 0.6:
        parts += pot(0.42, -0.1, contrast(look.main, TERRACOTTA, WHITE))
    else:
        parts.append(ellipsoid((0, 0, -0.1), (0.55, 0.55, 0.1), (0.88, 0.73, 0.47), detail=14))
    return Model(parts)


def pot(r: float, top: float, color, high: float = 0.5) -> list[Part]:
    """A flower pot whose soil is at `top`."""
    body = lathe([(0, top - high), (r * 0.68, top - high), (r * 0.92, top - 0.06), (0, top - 0.06)], color, sides=36)
    rim = lathe(
        [(r * 0.9, top - 0.1), (r * 1.06, top - 0.1), (r * 1.08, top + 0.06), (r * 0.94, top + 0.06), (r * 0.92, top)],
        color,
        sides=36,
    )
    return [body, rim, lathe([(0, top - 0.02), (r * 0.95, top - 0.02), (0, top + 0.03)], SOIL, sides=24)]


def _bloom(look: Look, center, petals: int, length: float, wide: float, heart: float, tilt: float, heart_color) -> list[Part]:
    """A flower head that looks to the front, tipped up by `tilt` degrees."""
    parts = []
    for layer in (0, 1):
        for k in range(petals):
            a = 360 * (k + 0.5 * layer) / petals
            petal = ellipsoid(
                (0, 0, heart * 0.8 + length * 0.5),
                (0.045, wide, length * 0.6),
                look.paint if layer == 0 else darker(look.main, 0.88),
                detail=12,
            )
            petal.vertices[:, 0] += 0.15 * petal.vertices[:, 2] ** 2 - 0.06 * layer
            parts += move([petal], (0, 0, 0), 1, (a, 0, 0))
    parts.append(ellipsoid((0.03, 0, 0), (0.13, heart, heart), heart_color, detail=16))
    return move(parts, center, 1, (0, -tilt, 0))


def flower(rng: np.random.Generator, look: Look) -> Model:
    """A daisy-like flower on a leafy stem; (`variant`) "sunflower", "rose"."""
    high = rng.uniform(0.8, 1.0)
    stem = curve((0, 0, -high), (-0.05, 0.04, -high * 0.4), (-0.06, 0, -0.06), samples=9)
    parts = [tube(stem, 0.05, GREEN, sides=10)]
    for s in (0, 1):
        parts += leaf((-0.04, 0.0, -high * (0.5 + 0.18 * s)), 0.5, 0.24, 30, 80 + 190 * s, lighter(GREEN, 0.06))
    if look.variant == "rose":
        turn = 0.0
        for ring, (count, r, wide, h) in enumerate(
            ((6, 0.33, 0.25, 0.25), (5, 0.24, 0.22, 0.3), (4, 0.15, 0.17, 0.34), (3, 0.07, 0.11, 0.36))
        ):
            for k in range(count):
                petal = ellipsoid(
                    (r, 0, h * 0.75),
                    (0.06, wide, h),
                    (look.paint, darker(look.main, 0.85), look.paint, darker(look.main, 0.75))[ring],
                    (0, (26, 15, 8, 3)[ring], 0),
                    12,
                )
                parts += move([petal], (-0.06, 0, -0.08), 1, (0, 0, turn + 360 * k / count))
            turn += 31
        parts += move([ellipsoid((0, 0, 0), (0.18, 0.18, 0.1), GREEN, detail=10)], (-0.06, 0, -0.06))
        return Model(parts)
    sun = look.variant == "sunflower"
    heart = contrast(look.main, (0.30, 0.18, 0.08) if sun else (1.0, 0.80, 0.15), (0.35, 0.2, 0.1) if not sun else WHITE)
    count = int(rng.integers(11, 14)) if sun else int(rng.choice([6, 7, 8]))
    size = rng.uniform(0.36, 0.44)
    parts += _bloom(look, (0, 0, 0), count, size, 0.1 if sun else 0.15, 0.27 if sun else 0.17, float(rng.uniform(5, 30)), heart)
    return Model(parts)


def tulip(rng: np.random.Generator, look: Look) -> Model:
    """A tulip: a cup of petals on a stem with long leaves."""
    high = rng.uniform(0.75, 0.95)
    parts = [rod((0, 0, -high), (0, 0, 0), 0.055, GREEN)]
    for k in range(6):
        petal = ellipsoid((0.2, 0, 0.32), (0.07, 0.24, 0.42), look.paint if k % 2 else lighter(look.main, 0.1), detail=16)
        z = petal.vertices[:, 2]
        petal.vertices[:, 0] += 0.12 * np.sin(np.pi * np.clip(z / 0.74, 0, 1)) - 0.08 + 0.05 * np.clip(z - 0.5, 0, 1)
        petal.vertices[:, 0] -= 0.9 * petal.vertices[:, 1] ** 2
        parts += move([petal], (0, 0, 0), (1, 1, 1 if k % 2 else 1.06), (0, 0, 60 * k))
    for s in (0, 1):
        blade = ellipsoid((0.12, 0, -high + 0.45), (0.03, 0.11, 0.5), lighter(GREEN, 0.06 * s), detail=12)
        blade.vertices[:, 0] += 0.3 * np.clip(blade.vertices[:, 2] + high, 0, 2) ** 2
        parts += move([blade], (0, 0, 0), 1, (0, 0, 70 + 180 * s))
    return Model(parts)


def mushroom(rng: np.random.Generator, look: Look) -> Model:
    """A toadstool: cap of the main color with pale dots, a thick stem."""
    r, tall = rng.uniform(0.68, 0.8), rng.uniform(0.48, 0.62)
    cream = (0.96, 0.92, 0.82)
    stem = round_body([(0, -0.8), (0.26, -0.8), (0.3, -0.62), (0.2, -0.25), (0.22, 0.1), (0, 0.12)], cream)
    a = np.linspace(0, np.pi / 2, 16)
    cap = lathe(
        [
            (0.16, 0.03),
            (r * 0.9, -0.06),
            (r * 1.0, -0.05),
            *((r * np.cos(t) ** 0.85 if t < 1.57 else 0, tall * np.sin(t)) for t in a),
        ],
        look.paint,
        sides=44,
        smooth=True,
    )
    gills = lathe([(0.15, 0.0), (r * 0.93, -0.075), (r * 0.9, -0.04), (0.1, 0.03)], darker(cream, 0.86), sides=36)
    parts = [stem, cap, gills, lathe([(0.2, -0.25), (0.34, -0.34), (0.2, -0.2)], lighter(cream, 0.4), sides=24)]
    if not callable(look.paint):
        dot = contrast(look.main, WHITE, (0.8, 0.2, 0.15))
        for k in range(int(rng.integers(12, 17))):
            b = 2.4 * k
            up = 1.45 - 1.25 * np.sqrt(k / 15)
            n = np.array([r * np.cos(up) ** 0.85 * np.cos(b), r * np.cos(up) ** 0.85 * np.sin(b), tall * np.sin(up)])
            s = rng.uniform(0.06, 0.12)
            parts.append(ellipsoid(n, (s, s, 0.035), dot, (0, np.degrees(np.pi / 2 - up * 0.85), np.degrees(b)), 8))
    if rng.random() < 0.35:
        parts += [ellipsoid((0, 0, -0.8), (0.5, 0.5, 0.08), (0.35, 0.6, 0.25), detail=12)]
    return Model(parts)


def potted_plant(rng: np.random.Generator, look: Look) -> Model:
    """A leafy house plant in a pot of the second color."""
    parts = pot(0.4, -0.1, contrast(look.main, look.second, TERRACOTTA))
    kind = int(rng.integers(3))
    if kind == 0:
        for k in range(4):
            parts.append(
                puff((0.16 * np.cos(1.6 * k), 0.16 * np.sin(1.6 * k), 0.28 + 0.16 * k), 0.42 - 0.05 * k, shades(look, k), rng)
            )
        return Model(parts)
    for k in range(int(rng.integers(13, 18))):
        a, tilt = 137.5 * k, (35 + 45 * rng.random()) if kind == 1 else 62 + 24 * rng.random()
        long = rng.uniform(0.7, 0.95)
        blade = ellipsoid((long / 2, 0, 0), (long / 2, 0.15 if kind == 1 else 0.12, 0.022), shades(look, k), detail=10)
        s = blade.vertices[:, 0] / long
        blade.vertices[:, 2] -= 0.32 * long * s**2 * (1 if kind == 1 else 0.2)
        parts += move([blade], (0, 0, -0.1), 1, (0, -tilt, a))
    return Model(parts)


def sunflower(rng: np.random.Generator, look: Look) -> Model:
    """A sunflower: many petals round a dark heart."""
    return flower(rng, replace(look, variant="sunflower"))


def rose(rng: np.random.Generator, look: Look) -> Model:
    """A rose: whorls of petals."""
    return flower(rng, replace(look, variant="rose"))
