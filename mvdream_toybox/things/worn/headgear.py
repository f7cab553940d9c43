"""Helmets, caps and other things on heads, in the frame of `hats`."""

import numpy as np

from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Color, Part, both, move
from mvdream_toybox.geometry.shapes import curve, cylinder, ellipsoid, lathe, limb, torus, tube
from mvdream_toybox.geometry.sheets import around, polar, sheet
from mvdream_toybox.things.worn.hats import BLACK, GOLD, RED, contrast


def baseball_cap(color: Color) -> list[Part]:
    """A dome with a visor to the front, seams and a button."""
    t, angle = around(6, 21, -62, 62)
    reach = 0.98 + t * (0.25 + 0.85 * np.cos(angle))
    visor = sheet(polar(reach, angle, 0.12 + 0.02 * t - 0.25 * t * np.sin(angle) ** 2), 0.1, darker(color, 0.75))
    parts = [ellipsoid((0, 0, 0.02), (1.08, 1.08, 0.95), color), torus((0, 0, 0.03), 1.05, 0.06, darker(color, 0.75)), visor]
    for turn in (0, 60, 120):
        arc = [(1.09 * np.cos(a), 0, 0.02 + 0.96 * np.sin(a)) for a in np.linspace(0, np.pi, 22)]
        parts += move([tube(arc, 0.025, darker(color, 0.7), sides=6, caps=False)], rotate_deg=(0, 0, turn))
    patch = ellipsoid((0.96, 0, 0.48), (0.08, 0.3, 0.3), contrast(color), (0, -28, 0), detail=14)
    return [*parts, patch, ellipsoid((0, 0, 0.98), 0.12, darker(color, 0.75), detail=10)]


def viking_helmet(color: Color) -> list[Part]:
    """A steel dome with bands and two horns."""
    trim = contrast(color, dark=(0.55, 0.36, 0.16), bright=GOLD)
    parts = [
        ellipsoid((0, 0, 0.02), (1.1, 1.1, 1.02), color),
        lathe([(1.0, -0.06), (1.18, -0.06), (1.18, 0.2), (1.0, 0.2)], trim),
    ]
    for turn in (0, 90):
        arc = [(1.1 * np.cos(a), 0, 0.02 + 1.02 * np.sin(a)) for a in np.linspace(0, np.pi, 22)]
        parts += move([tube(arc, 0.09, trim, sides=8, caps=False)], rotate_deg=(0, 0, turn))
    for k in range(8):
        a = 2 * np.pi * (k + 0.5) / 8
        parts.append(ellipsoid((1.18 * np.cos(a), 1.18 * np.sin(a), 0.07), 0.08, darker(trim, 0.7), detail=8))
    horn = curve((0, 0.95, 0.4), (0, 1.5, 0.5), (0.02, 1.85, 0.95), (0.05, 1.8, 1.55), samples=14)
    return [
        *parts,
        *both(
            tube(horn, np.linspace(0.3, 0.05, 14), (0.95, 0.9, 0.76), sides=14),
            torus((0, 1.08, 0.42), 0.27, 0.08, trim, (0, 1, 0.2)),
        ),
    ]


def knight_helmet(color: Color) -> list[Part]:
    """A steel dome with a raised visor and a red plume."""
    plume = curve((0.75, 0, 1.0), (0.2, 0, 1.7), (-0.7, 0, 1.6), (-1.4, 0, 0.8), samples=14)
    t, angle = around(6, 21, -80, 80)
    visor = sheet(polar(1.16 + 0.12 * np.sin(np.pi * t), angle, 0.1 + 0.55 * t), 0.1, darker(color, 0.8))
    return [
        ellipsoid((0, 0, 0.02), (1.1, 1.1, 1.05), color),
        lathe([(1.0, -0.1), (1.17, -0.1), (1.17, 0.12), (1.0, 0.12)], darker(color, 0.7)),
        *move([visor], (-0.05, 0, 0), rotate_deg=(0, -12, 0)),
        *both(ellipsoid((0, 1.14, 0.3), (0.2, 0.12, 0.2), GOLD, detail=10)),
        tube(plume, 0.12 + 0.22 * np.sin(np.linspace(0.4, np.pi - 0.3, 14)), contrast(color, dark=RED, bright=RED), sides=14),
    ]


def hard_hat(color: Color) -> list[Part]:
    """A builder's helmet: dome, ridge and short brim."""
    t, angle = around(4, 48)
    brim = sheet(polar(1.0 + t * (0.25 + 0.25 * np.cos(angle).clip(0)), angle, 0.06 - 0.05 * t), 0.1, color, wrap=True)
    arc = [(1.1 * np.cos(a), 0, 0.05 + 1.0 * np.sin(a)) for a in np.linspace(0, np.pi, 24)]
    ridges = [
        move([tube(arc, 0.1, lighter(color, 0.15), sides=8, caps=False)], (0, y, 0), (k, 1, k))
        for y, k in ((0, 1), (0.42, 0.9), (-0.42, 0.9))
    ]
    return [ellipsoid((0, 0, 0.05), (1.1, 1.1, 0.98), color), brim, *(p for r in ridges for p in r)]


def beret(color: Color) -> list[Part]:
    """A flat soft disc pulled to one side."""
    disc = [
        ellipsoid((-0.1, -0.18, 0.5), (1.45, 1.5, 0.48), color, (14, 0, 0)),
        ellipsoid((0, 0, 0.15), (1.08, 1.08, 0.6), color),
        torus((0, 0, 0.03), 1.04, 0.1, darker(color, 0.7)),
        limb((-0.1, -0.1, 0.9), (-0.16, -0.16, 1.22), 0.1, 0.08, darker(color, 0.8), sides=10),
    ]
    return disc


def headphones(color: Color) -> list[Part]:
    """A band over the head and a thick cup on each ear."""
    arc = [(0, 1.18 * np.cos(a), -0.2 + 1.12 * np.sin(a)) for a in np.linspace(0, np.pi, 26)]
    cup = [
        cylinder((0, 1.0, -0.4), (0, 1.2, -0.4), 0.5, BLACK if sum(color) > 0.6 else (0.4, 0.4, 0.42)),
        cylinder((0, 1.2, -0.4), (0, 1.45, -0.4), 0.56, color, 0.46),
        cylinder((0, 1.45, -0.4), (0, 1.48, -0.4), 0.26, contrast(color)),
    ]
    return [tube(arc, 0.15, color, sides=12), *both(*cup)]


def halo(color: Color) -> list[Part]:
    """A glowing ring that floats above the head."""
    return [torus((0, 0, 1.2), 0.95, 0.15, lighter(color, 0.15))]


def flower_crown(color: Color) -> list[Part]:
    """A green ring with blossoms all around."""
    parts = [torus((0, 0, 0.1), 1.08, 0.12, (0.25, 0.55, 0.25))]
    for k in range(8):
        blossom = [
            ellipsoid((0.1, 0.17 * np.cos(a), 0.17 * np.sin(a)), (0.08, 0.14, 0.14), color, detail=6)
            for a in np.arange(5) * 1.2566
        ]
        blossom.append(
            ellipsoid((0.16, 0, 0), 0.11, contrast(color, dark=(0.95, 0.65, 0.1), bright=(1.0, 0.85, 0.2)), detail=8)
        )
        parts += move(blossom, (1.1 * np.cos(k * np.pi / 4), 1.1 * np.sin(k * np.pi / 4), 0.16), 1.15, (0, -10, 45 * k))
    return parts


def bow(color: Color) -> list[Part]:
    """A ribbon bow on top of the head."""
    loop = ellipsoid((0, 0.48, 0.1), (0.24, 0.46, 0.36), color, (22, 0, 0), detail=14)
    tail = limb((0, 0.15, -0.05), (0.05, 0.55, -0.5), 0.12, 0.16, darker(color, 0.85), sides=10)
    return move([*both(loop, tail), ellipsoid((0.1, 0, 0.05), 0.22, darker(color, 0.8), detail=12)], (0.25, 0.1, 0.85), 1.25)
