"""Gifts and games of toybox: gift box, ball, balloons."""

from dataclasses import replace

import numpy as np

from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Look, Model, move
from mvdream_toybox.geometry.shapes import curve, cylinder, ellipsoid, lathe, plate, torus, tube
from mvdream_toybox.geometry.solids import block
from mvdream_toybox.geometry.tones import DARK, WHITE, contrast


def gift(rng: np.random.Generator, look: Look) -> Model:
    """A gift box with a ribbon of the second color and a bow."""
    half, high = rng.uniform(0.5, 0.6), rng.uniform(0.7, 1.0)
    ribbon = contrast(look.main, look.second, WHITE)
    parts = [
        block((0, 0, high / 2), (2 * half, 2 * half, high), look.paint, bevel=0.03, rows=4),
        block((0, 0, high - 0.05), (2 * half + 0.09, 2 * half + 0.09, 0.2), look.main, bevel=0.12),
    ]
    parts += [
        block((0, 0, high / 2 + 0.015), (2 * half + 0.03, 0.2, high + 0.01), ribbon, bevel=0.03),
        block((0, 0, high / 2 + 0.015), (0.2, 2 * half + 0.03, high + 0.01), ribbon, bevel=0.03),
    ]
    parts += [
        block((0, 0, high - 0.05), (2 * half + 0.11, 0.2, 0.22), ribbon, bevel=0.06),
        block((0, 0, high - 0.05), (0.2, 2 * half + 0.11, 0.22), ribbon, bevel=0.06),
    ]
    top = high + 0.06
    for k in range(4):
        loop = torus((0.24, 0, 0.15), 0.17, 0.05, ribbon, axis=(0, 1, 0), sides=20)
        loop.vertices[:, 1] *= 2.0
        parts += move([loop], (0, 0, top), 1, (0, 0, 45 + 90 * k))
    return Model([*parts, ellipsoid((0, 0, top + 0.12), 0.12, ribbon, detail=10)])


def ball(rng: np.random.Generator, look: Look) -> Model:
    """A ball with a pattern or gores; (`variant`) "soccer ball", "basketball"."""
    body = ellipsoid((0, 0, 0), 0.8, look.paint, detail=56 if look.variant or callable(look.paint) else 48)
    n = body.vertices / 0.8
    if look.variant == "soccer ball":
        g = (1 + 5**0.5) / 2
        centres = np.array([(0, a, b * g) for a in (-1, 1) for b in (-1, 1)])
        centres = np.concatenate([np.roll(centres, k, 1) for k in range(3)]) / np.hypot(1, g)
        near = np.sort(n @ centres.T, axis=1)
        body.colors[near[:, -1] > 0.925] = contrast(look.main, DARK, WHITE)
        seam = (near[:, -1] - near[:, -2] < 0.03) & (near[:, -1] < 0.925)
        body.colors[seam] = darker(look.main, 0.55)
    elif look.variant == "basketball":
        line = (
            (np.abs(n[:, 0]) < 0.03) | (np.abs(n[:, 2]) < 0.03) | (np.abs(np.abs(n[:, 1]) - 0.35 - 0.35 * n[:, 2] ** 2) < 0.035)
        )
        body.colors[line] = contrast(look.main, DARK, WHITE)
    elif not callable(look.paint):
        band = contrast(look.main, look.second, WHITE)
        if rng.random() < 0.5:
            body.colors[np.abs(n[:, 2]) < 0.2] = band
            return Model(
                [
                    body,
                    plate(
                        [
                            (0.22 * np.cos(a) * (1 if k % 2 == 0 else 0.45), 0.22 * np.sin(a) * (1 if k % 2 == 0 else 0.45))
                            for k, a in enumerate(np.pi / 2 + np.arange(10) * np.pi / 5)
                        ],
                        0.1,
                        contrast(band, look.accent, look.main),
                        (0.77, 0, 0),
                    ),
                ]
            )
        gore = np.floor((np.arctan2(n[:, 1], n[:, 0]) / (2 * np.pi) + 0.5) * 6 - 1e-6) % 2 == 0
        body.colors[gore] = band
        turned = move(
            [body, ellipsoid((0, 0, 0.8), (0.2, 0.2, 0.03), look.main, detail=10)],
            (0, 0, 0),
            1,
            (0, float(rng.uniform(15, 40)), 0),
        )
        return Model(turned)
    return Model(
        move([body], (0, 0, 0), 1, (float(rng.uniform(-20, 20)), float(rng.uniform(-20, 20)), float(rng.uniform(0, 90))))
    )


def balloon(rng: np.random.Generator, look: Look) -> Model:
    """A party balloon on a string; (`variant`) "bunch of balloons"."""
    a = np.linspace(-np.pi / 2, np.pi / 2, 34)
    r, tall = rng.uniform(0.52, 0.6), rng.uniform(0.62, 0.7)
    girth = r * np.cos(a) * (1 + 0.17 * np.sin(a))

    def one(paint, color):
        return [
            lathe([*zip(girth, tall * np.sin(a))], paint, sides=44, smooth=True),
            lathe([(0.03, -tall + 0.01), (0.1, -tall - 0.09), (0, -tall - 0.06)][::-1], darker(color, 0.85), sides=16),
            ellipsoid((r * 0.55, 0.2, tall * 0.42), (0.05, 0.07, 0.12), lighter(color, 0.7), (0, -25, 20), 8),
        ]

    if look.variant != "bunch of balloons":
        string = curve(
            (0, 0, -tall - 0.05), (0, 0.06, -tall - 0.4), (0, -0.05, -tall - 0.8), (0, 0.03, -tall - 1.1), samples=14
        )
        return Model([*one(look.paint, look.main), tube(string, 0.016, WHITE, sides=6)])
    parts = []
    shades = (look.main, look.main, contrast(look.main, look.second, WHITE), look.main, lighter(look.main, 0.3))
    for k, color in enumerate(shades):
        place = np.array([0.3 * np.cos(2.4 * k), 0.5 * np.sin(2.4 * k), 0.28 * (k % 3)]) if k else np.array([0.1, 0, 0.75])
        parts += move(one(look.paint if color == look.main else color, color), place, 0.75)
        parts.append(cylinder(place - (0, 0, 0.75 * tall + 0.05), (0, 0, -1.5), 0.012, WHITE, sides=5))
    return Model(parts)


def soccer_ball(rng: np.random.Generator, look: Look) -> Model:
    """A football with twelve dark patches."""
    return ball(rng, replace(look, variant="soccer ball"))


def basketball(rng: np.random.Generator, look: Look) -> Model:
    """A basketball with dark seams."""
    return ball(rng, replace(look, variant="basketball"))
