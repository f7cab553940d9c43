"""Candy and ices of toybox: ice cream cone, ice lolly, lollipop, candy cane, cookie."""

import numpy as np

from mvdream_toybox.geometry.paints import darker
from mvdream_toybox.geometry.parts import Look, Model, both, move
from mvdream_toybox.geometry.shapes import ellipsoid, lathe, torus, tube
from mvdream_toybox.geometry.solids import block, loft, rod, stretched
from mvdream_toybox.geometry.tones import WHITE, contrast
from mvdream_toybox.things.food.sweets import BUTTER, CHERRY, CHOCOLATE


def ice_cream(rng: np.random.Generator, look: Look) -> Model:
    """An ice cream cone: one to three scoops of the main color, sauce, a wafer."""
    high, mouth = rng.uniform(0.95, 1.1), 0.36
    t = np.linspace(0, 1, 26)
    cone = lathe([(0, 0), *zip(0.03 + (mouth - 0.03) * t, t * high)], (0.87, 0.62, 0.30), sides=48, smooth=True)
    angle = np.arctan2(cone.vertices[:, 1], cone.vertices[:, 0]) / (2 * np.pi)
    up = cone.vertices[:, 2] / high
    groove = (np.abs(((angle * 12 + up * 7) % 1) - 0.5) > 0.36) | (np.abs(((angle * 12 - up * 7) % 1) - 0.5) > 0.36)
    cone.colors[groove] = (0.66, 0.42, 0.17)
    parts = [cone, torus((0, 0, high), mouth, 0.04, (0.87, 0.62, 0.30))]
    scoops = int(rng.integers(1, 4))
    z = high + 0.2
    for k in range(scoops):
        r = 0.43 - 0.04 * k
        parts.append(ellipsoid((0, 0, z), (r, r, r * 0.95), look.paint, detail=24))
        skirt = torus((0, 0, z - r * 0.45), r * 0.9, 0.075, look.paint)
        a = np.arctan2(skirt.vertices[:, 1], skirt.vertices[:, 0])
        skirt.vertices[:, 2] += 0.03 * np.sin(9 * a + k)
        parts.append(skirt)
        z += r * 1.25
    top = z - (0.43 - 0.04 * (scoops - 1)) * 0.3
    if rng.random() < 0.6:
        parts.append(ellipsoid((0, 0, top + 0.08), 0.11, contrast(look.main, CHERRY, BUTTER), detail=12))
    if rng.random() < 0.6:
        parts.append(rod((-0.1, 0.12, top - 0.2), (-0.2, 0.32, top + 0.35), 0.05, (0.72, 0.45, 0.2)))
    return Model(parts)


def lollipop(rng: np.random.Generator, look: Look) -> Model:
    """A spiral lollipop on a stick: main color and a white spiral."""
    r = rng.uniform(0.5, 0.58)
    t = np.linspace(0, 1, 20)
    shell = [(r * q, -0.11 * np.sqrt(1 - q**3)) for q in t] + [(r * q, 0.11 * np.sqrt(1 - q**3)) for q in t[-2::-1]]
    swirl = contrast(look.main, look.second, WHITE)

    def spiral(p):
        turn = np.arctan2(p[:, 2], p[:, 1] * np.where(p[:, 0] > 0, 1, -1)) / (2 * np.pi) + 2.5 * np.hypot(p[:, 1], p[:, 2]) / r
        return np.where(((turn * (1 if callable(look.paint) else 2)) % 1 < 0.38)[:, None], swirl, look.main)

    parts = [lathe(shell, spiral, axis=(1, 0, 0), sides=72, smooth=True)]
    parts.append(rod((0, 0, -0.5), (0, 0, -r - rng.uniform(0.75, 0.95)), 0.04, WHITE))
    if rng.random() < 0.5:
        bow = contrast(look.main, look.accent, CHERRY)
        parts += both(ellipsoid((0.04, 0.12, -r - 0.06), (0.05, 0.13, 0.08), bow, (25, 0, 0), 10))
        parts.append(ellipsoid((0.05, 0, -r - 0.06), 0.06, bow, detail=8))
    return stretched(rng, parts)


def popsicle(rng: np.random.Generator, look: Look) -> Model:
    """An ice lolly on a wooden stick with a bite or a glaze of the second color."""
    wide, high = rng.uniform(0.34, 0.4), rng.uniform(0.95, 1.1)
    rows = [
        (z * high, 0, 0, 0.17 * q, wide * q, 3.2)
        for z, q in ((0, 0.9), (0.03, 1), (0.35, 1), (0.6, 1), (0.8, 0.94), (0.92, 0.72), (0.98, 0.42), (1, 0.1))
    ]
    body = loft(rows, look.paint, "z", rows=3)
    if not callable(look.paint) and rng.random() < 0.5:
        body.colors[body.vertices[:, 2] > 0.74 * high] = contrast(look.main, look.second, CHOCOLATE)
    parts = [body, block((0, 0, -0.22), (0.07, 0.18, 0.5), (0.88, 0.7, 0.45), bevel=0.4)]
    for y in (-0.42, 0.42):
        parts += [
            rod((x, y * wide, 0.18 * high), (x, y * wide, 0.72 * high), 0.035, darker(look.main, 0.85)) for x in (-0.155, 0.155)
        ]
    return Model(parts)


def candy_cane(rng: np.random.Generator, look: Look) -> Model:
    """A striped candy cane with a hook and a bow."""
    a = np.linspace(0, np.pi * 0.95, 22)
    straight = np.linspace(-1.0, 0.35, 26)
    points = np.concatenate(
        [
            np.column_stack([0 * straight, 0 * straight - 0.28, straight]),
            np.column_stack([0 * a, -0.28 * np.cos(a), 0.37 + 0.28 * np.sin(a)]),
        ]
    )
    part = tube(points, 0.11, WHITE, sides=20)
    along = np.repeat(np.linspace(0, 1, len(part.vertices) // 20), 20) * 9
    around = np.tile(np.linspace(0, 1, 20, endpoint=False), len(part.vertices) // 20)
    part.colors[((along + around) % 1) < 0.6] = look.main
    bow = contrast(look.main, look.second, (0.1, 0.5, 0.2))
    parts = [
        part,
        *(ellipsoid((0.1, -0.28 + s * 0.14, 0.1), (0.06, 0.15, 0.09), bow, (s * 25, 0, 0), 10) for s in (1, -1)),
        ellipsoid((0.13, -0.28, 0.1), 0.07, bow, detail=8),
    ]
    return stretched(rng, parts)


def cookie(rng: np.random.Generator, look: Look) -> Model:
    """A chocolate chip cookie that leans back so that its face is seen."""
    r, thick = 0.8, rng.uniform(0.16, 0.22)
    a = np.linspace(-np.pi / 2, np.pi / 2, 9)
    profile = [
        (0, -thick / 2),
        *((r - thick / 2 * (1 - np.cos(t)), thick / 2 * np.sin(t)) for t in a),
        (0.5 * r, thick * 0.62),
        (0, thick * 0.7),
    ]
    body = lathe(profile, look.paint, sides=40, smooth=True)
    angle = np.arctan2(body.vertices[:, 1], body.vertices[:, 0])
    body.vertices[:, :2] *= (1 + 0.02 * np.sin(5 * angle + rng.uniform(0, 6)) + 0.015 * np.sin(9 * angle))[:, None]
    parts = [body]
    for k in range(int(rng.integers(13, 20))):
        b, q = 2.4 * k, r * 0.88 * np.sqrt((k + 0.4) / 20)
        for side in (1, -1):
            parts.append(
                ellipsoid((q * np.cos(b), q * np.sin(b), side * thick * 0.58), (0.085, 0.075, 0.06), CHOCOLATE, detail=8)
            )
    return stretched(rng, move(parts, (0, 0, 0), 1, (0, float(rng.uniform(55, 80)), 0)))
