"""Tableware of toybox: teapot, mug, bottle, egg in its cup."""

import numpy as np

from mvdream_toybox.geometry.paints import lighter
from mvdream_toybox.geometry.parts import Look, Model
from mvdream_toybox.geometry.shapes import curve, cylinder, ellipsoid, lathe, plate, torus, tube
from mvdream_toybox.geometry.solids import block
from mvdream_toybox.geometry.tones import GOLD, WHITE, WOOD, contrast
from mvdream_toybox.things.food.sweets import CHERRY, CHOCOLATE


def teapot(rng: np.random.Generator, look: Look) -> Model:
    """A round teapot: spout to the front, handle behind, lid with a knob."""
    r, tall = 0.58, rng.uniform(0.42, 0.5)
    a = np.linspace(-1.25, 1.2, 28)
    parts = [
        lathe(
            [(0, tall * np.sin(a[0])), *((r * np.cos(t), tall * np.sin(t)) for t in a), (0, tall * np.sin(a[-1]))],
            look.paint,
            sides=40,
            smooth=True,
        )
    ]
    parts.append(lathe([(0, -tall * 1.05), (0.3, -tall * 1.05), (0.26, -tall * 0.9), (0, -tall * 0.9)], look.main))
    trim = contrast(look.main, look.second, GOLD)
    lid = tall * 0.9
    parts += [
        lathe([(0.28, lid), (0.24, lid + 0.09), (0.1, lid + 0.14), (0, lid + 0.15)], look.main, sides=28, smooth=True),
        torus((0, 0, lid), 0.28, 0.028, trim),
    ]
    parts.append(ellipsoid((0, 0, lid + 0.2), 0.08, trim, detail=12))
    spout = curve((0.42, 0, -0.12), (0.72, 0, -0.02), (0.82, 0, 0.22), (1.02, 0, 0.38), samples=12)
    parts.append(tube(spout, np.linspace(0.17, 0.07, 12), look.main, sides=14, caps=False))
    parts.append(torus(spout[-1], 0.065, 0.022, trim, axis=(1, 0, 0.8), sides=16))
    handle = curve((-0.46, 0, 0.26), (-0.85, 0, 0.34), (-0.95, 0, 0.0), (-0.72, 0, -0.26), (-0.46, 0, -0.2), samples=16)
    parts.append(tube(handle, 0.06, look.main, sides=12))
    if rng.random() < 0.5 and not callable(look.paint):
        for k in range(6):
            b = np.pi / 3 * k + 0.5
            parts.append(ellipsoid((r * 0.98 * np.cos(b), r * 0.98 * np.sin(b), 0.02), (0.09, 0.09, 0.09), trim, detail=8))
    return Model(parts)


def mug(rng: np.random.Generator, look: Look) -> Model:
    """A mug of coffee or cocoa with a handle on the left."""
    r, high = rng.uniform(0.42, 0.5), rng.uniform(0.85, 1.0)
    t = np.linspace(0, 1, 20)
    outer = lathe(
        [(0, 0), (0.92 * r, 0), *zip(r * (0.95 + 0.05 * t), 0.03 + t * (high - 0.03)), (0.9 * r, high)],
        look.paint,
        sides=48,
        smooth=True,
    )
    parts = [
        outer,
        lathe([(0.9 * r, high), (0.9 * r, 0.84 * high)][::-1], lighter(look.main, 0.5)),
        cylinder((0, 0, 0.8 * high), (0, 0, 0.86 * high), 0.9 * r, CHOCOLATE),
    ]
    parts.append(torus((0, 0, high), 0.95 * r, 0.05 * r + 0.008, look.main))
    handle = curve(
        (0, r * 0.92, 0.78 * high),
        (0, r + 0.3, 0.74 * high),
        (0, r + 0.33, 0.38 * high),
        (0, r * 0.92, 0.22 * high),
        samples=14,
    )
    parts.append(tube(handle, 0.065, look.main, sides=12))
    if rng.random() < 0.4:
        for k in range(5):
            parts.append(block((0.2 * np.cos(2.5 * k), 0.2 * np.sin(2.5 * k), 0.9 * high), (0.13, 0.13, 0.1), WHITE, bevel=0.3))
    if rng.random() < 0.4 and not callable(look.paint):
        heart = contrast(look.main, look.second, CHERRY)
        s = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        outline = np.column_stack(
            [0.014 * 16 * np.sin(s) ** 3, 0.014 * (13 * np.cos(s) - 5 * np.cos(2 * s) - 2 * np.cos(3 * s) - np.cos(4 * s))]
        )[::-1]
        badge = plate(outline, 0.1, heart, (0, 0, 0.5 * high))
        badge.vertices[:, 0] += np.sqrt(r**2 - badge.vertices[:, 1] ** 2) - 0.04
        parts.append(badge)
    return Model(parts)


def bottle(rng: np.random.Generator, look: Look) -> Model:
    """A glass bottle with a label and a cork."""
    r, high = rng.uniform(0.27, 0.33), rng.uniform(0.85, 1.0)
    profile = [
        (0, 0),
        (r * 0.93, 0),
        (r, 0.05),
        (r, high * 0.5),
        (r, high),
        (r * 0.85, high + 0.14),
        (0.12, high + 0.3),
        (0.1, high + 0.36),
        (0.1, high + 0.6),
        (0.13, high + 0.6),
        (0.13, high + 0.66),
        (0, high + 0.66),
    ]
    parts = [lathe(profile, look.paint, sides=36, smooth=True), cylinder((0, 0, high + 0.64), (0, 0, high + 0.78), 0.09, WOOD)]
    label = contrast(look.main, (0.97, 0.94, 0.86), look.second)
    parts.append(
        lathe([(r, 0.32 * high), (r + 0.012, 0.32 * high), (r + 0.012, 0.75 * high), (r, 0.75 * high)], label, sides=36)
    )
    parts.append(ellipsoid((r, 0, 0.54 * high), (0.03, 0.1, 0.1), contrast(label, look.second, CHERRY), detail=10))
    return Model(parts)


def egg(rng: np.random.Generator, look: Look) -> Model:
    """An egg of the main color in a small cup."""
    r, high = rng.uniform(0.46, 0.52), rng.uniform(0.62, 0.7)
    a = np.linspace(-np.pi / 2, np.pi / 2, 30)
    body = lathe([(r * np.cos(t) * (1 - 0.16 * np.sin(t)), high * np.sin(t)) for t in a], look.paint, sides=44, smooth=True)
    cup = contrast(look.main, look.second, WHITE)
    z = -high * 0.5
    stand = lathe(
        [
            (0, z - 0.5),
            (0.32, z - 0.5),
            (0.3, z - 0.44),
            (0.09, z - 0.36),
            (0.12, z - 0.24),
            (0.4, z - 0.1),
            (0.5, z + 0.1),
            (0.46, z + 0.1),
            (0, z - 0.1),
        ],
        cup,
        sides=32,
    )
    return Model([body, stand])
