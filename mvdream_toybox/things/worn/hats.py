"""Hats. Each builder works in the head's own frame: brim at the origin, head radius 1 there, front +x, up +z.

The head may rise to about 0.75 above the brim, so every crown is at least that high and as wide as the head.
"""

import numpy as np

from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Color, Part, both, move
from mvdream_toybox.geometry.shapes import box, curve, cylinder, ellipsoid, lathe, plate, torus, tube
from mvdream_toybox.geometry.sheets import around, polar, sheet

WHITE, BLACK = (0.97, 0.97, 0.95), (0.07, 0.07, 0.09)
GOLD, RED, STEEL = (0.95, 0.74, 0.2), (0.85, 0.12, 0.14), (0.72, 0.75, 0.8)


def contrast(color: Color, dark: Color = BLACK, bright: Color = WHITE) -> Color:
    """The dark color for a light one, the bright color for a dark one."""
    return dark if sum(color) > 1.5 else bright


def star(radius: float, paint: Color, center=(0, 0, 0), rotate_deg=(0, 0, 0), points: int = 5) -> Part:
    """A flat star facing +x."""
    angle = np.pi / 2 + np.arange(2 * points) * np.pi / points
    reach = np.where(np.arange(2 * points) % 2 == 0, radius, 0.45 * radius)
    outline = np.stack([reach * np.cos(angle), reach * np.sin(angle)], -1)
    return plate(outline, 0.3 * radius, paint, center, rotate_deg)


def skull_and_bones(center, size: float, tilt_deg: float = 0.0) -> list[Part]:
    """A white skull over crossed bones, facing +x; `size` is half of its width."""
    parts = []
    for sign in (-1, 1):
        start, end = np.array([0, -0.95, -0.62 * sign]), np.array([0, 0.95, 0.62 * sign])
        parts.append(tube([start, end], 0.12, WHITE, sides=10))
        for tip, side in ((start, -1), (end, 1)):
            knobs = np.array([[0, 0.02 * side, 0.13], [0, 0.1 * side, -0.08]])
            parts += [ellipsoid(tip + k, (0.14, 0.16, 0.16), WHITE, detail=8) for k in knobs]
    parts += [ellipsoid((0.1, 0, 0.16), (0.2, 0.54, 0.5), WHITE), box((0.12, 0, -0.32), (0.26, 0.56, 0.4), WHITE)]
    parts += both(ellipsoid((0.27, 0.21, 0.1), (0.08, 0.16, 0.18), BLACK, detail=10))
    parts += [ellipsoid((0.29, 0, -0.14), (0.06, 0.07, 0.09), BLACK, detail=8)]
    parts += [box((0.25, y, -0.42), (0.05, 0.05, 0.2), BLACK) for y in (-0.12, 0.0, 0.12)]
    return move(parts, center, size, (0, tilt_deg, 0))


def pirate_hat(color: Color) -> list[Part]:
    """A tricorne: corners left, right and behind; the front flap stands up and bears skull and crossbones."""
    t, angle = around(7, 60)
    degrees = np.rad2deg(angle)
    # from the middle of a flap (0) to its corner (1); the front flap spans 160 degrees, the rear two 100 each
    front = np.abs((degrees + 180) % 360 - 180)
    s = np.where(front <= 80, front / 80, np.abs(front - 130) / 50)
    rise = np.deg2rad(84 - 62 * s**3)
    width = np.where(front <= 80, 1.3 - 0.1 * s, 1.0 + 0.2 * s)
    radius = 1.06 + width * t * np.cos(rise) + 0.12 * np.sin(np.pi * t)
    points = polar(radius, angle, width * t * np.sin(rise))
    trim = contrast(color, dark=BLACK, bright=GOLD)
    edge = np.concatenate([points[-1], points[-1, :2]])
    parts = [
        sheet(points, 0.1, color, wrap=True),
        tube(edge, 0.085, trim, sides=8, caps=False),
        ellipsoid((-0.02, 0, 0.05), (1.08, 1.08, 1.02), darker(color, 0.85)),
        torus((0, 0, 0.02), 1.05, 0.1, darker(color, 0.8)),
    ]
    return parts + skull_and_bones((1.3, 0, 0.72), 0.78, tilt_deg=6)


def top_hat(color: Color) -> list[Part]:
    """A tall cylinder with a ribbon."""
    ribbon = contrast(color, dark=BLACK, bright=RED)
    return [
        lathe(
            [(0, 0), (1.62, 0.02), (1.66, 0.08), (1.62, 0.14), (1.03, 0.12), (1.0, 0.8), (1.14, 1.75), (1.1, 1.8), (0, 1.8)],
            color,
        ),
        lathe([(1.0, 0.12), (1.09, 0.14), (1.08, 0.5), (1.0, 0.52)], ribbon),
    ]


def crown(color: Color) -> list[Part]:
    """A ring with eight spikes, a ball on each, and gems around."""
    t, angle = around(4, 64)
    zigzag = np.abs((angle * 8 / (2 * np.pi)) % 1 - 0.5) * 2  # 1 at a spike, 0 between
    radius = 1.06 + 0.22 * t
    wall = sheet(polar(radius, angle, t * (0.52 + 0.62 * zigzag)), 0.1, color, wrap=True)
    parts = [wall, torus((0, 0, 0.06), 1.09, 0.11, darker(color, 0.85))]
    gems = (RED, (0.15, 0.35, 0.85), (0.1, 0.6, 0.35), (0.6, 0.2, 0.7))
    for k in range(8):
        a = 2 * np.pi * k / 8
        side = np.array([np.cos(a), np.sin(a), 0])
        parts.append(ellipsoid(1.29 * side + (0, 0, 1.2), 0.13, lighter(color, 0.25), detail=10))
        parts.append(ellipsoid(1.18 * side + (0, 0, 0.4), 0.15, gems[k % 4], detail=10))
    return parts


def party_hat(color: Color) -> list[Part]:
    """A cone with dots and a pompom."""
    dots = contrast(color, dark=RED, bright=(1.0, 0.88, 0.25))
    slope = np.degrees(np.arctan2(0.96, 2.1))
    parts = [cylinder((0, 0, 0.05), (0, 0, 2.15), 0.96, color, 0.03, sides=36)]
    for row, (height, count) in enumerate(((0.42, 6), (0.95, 5), (1.45, 3))):
        for k in range(count):
            a = 360 * (k + 0.5 * (row % 2)) / count
            radius = 0.96 * (1 - (height - 0.05) / 2.1)
            spot = ellipsoid((radius, 0, height), (0.05, 0.15, 0.15), dots, (0, -slope, 0), detail=8)
            parts += move([spot], rotate_deg=(0, 0, a))
    ball = ellipsoid((0, 0, 2.2), 0.3, WHITE, detail=14)
    return [*parts, ball, torus((0, 0, 0.08), 0.96, 0.1, WHITE)]


def _pointed(color: Color, brim: float, height: float, bend: float) -> list[Part]:
    """A brim and a cone whose tip bends backwards."""
    t, angle = around(5, 48)
    wave = 0.1 * np.sin(3 * angle + 0.6)
    rim = sheet(polar(0.95 + (brim - 0.95) * t, angle, 0.04 + t * (wave - 0.08)), 0.1, color, wrap=True)
    spine = curve((0, 0, -0.02), (0, 0, 0.4 * height), (-0.12, 0, 0.75 * height), (-bend, 0.05, height), samples=16)
    radii = np.array([1.07, 1.04, 1.0, 0.95, 0.88, 0.82, 0.75, 0.68, 0.6, 0.52, 0.44, 0.36, 0.28, 0.2, 0.13, 0.08])
    return [rim, tube(spine, radii, color, sides=28, caps=False), ellipsoid(spine[-1], 0.1, color, detail=8)]


def wizard_hat(color: Color) -> list[Part]:
    """A tall pointed hat with golden stars and a band."""
    mark = contrast(color, dark=(0.25, 0.2, 0.6), bright=GOLD)
    parts = [*_pointed(color, 1.75, 2.5, 0.5), lathe([(1.0, 0.06), (1.13, 0.06), (1.11, 0.3), (1.0, 0.3)], mark)]
    for a, height, radius, size in (
        (0, 0.85, 0.98, 0.34),
        (95, 0.75, 1.0, 0.28),
        (180, 0.95, 0.96, 0.32),
        (265, 0.7, 1.0, 0.28),
        (45, 1.4, 0.74, 0.22),
        (215, 1.5, 0.78, 0.2),
        (310, 1.25, 0.8, 0.22),
    ):
        parts += move([star(size, mark, (radius, 0, height), (0, -17, 0))], rotate_deg=(0, 0, a))
    return parts


def witch_hat(color: Color) -> list[Part]:
    """A wide brim, a crooked cone, a band with a buckle."""
    band = contrast(color, dark=(0.35, 0.15, 0.5), bright=(0.62, 0.25, 0.75))
    buckle = [box((1.16, 0, 0.24), (0.12, 0.62, 0.46), GOLD), box((1.2, 0, 0.24), (0.1, 0.32, 0.2), band)]
    return [*_pointed(color, 2.0, 2.3, 0.95), lathe([(1.0, 0.04), (1.14, 0.06), (1.1, 0.42), (1.0, 0.42)], band), *buckle]


def cowboy_hat(color: Color) -> list[Part]:
    """A wide brim rolled up at the sides and a pinched crown."""
    t, angle = around(7, 48)
    roll = np.sin(angle) ** 2
    points = polar(1.0 + t * (1.05 - 0.35 * roll), angle, 0.02 + t**2 * (0.85 * roll - 0.25))
    brim = sheet(points, 0.11, color, wrap=True)
    crown_part = lathe(
        [(1.06, 0), (1.05, 0.35), (0.98, 0.9), (0.86, 1.16), (0.6, 1.24), (0.0, 1.08)], color, sides=40, smooth=True
    )
    v = crown_part.vertices
    v[:, 2] -= 0.32 * np.exp(-((v[:, 1] / 0.25) ** 2)) * np.clip(v[:, 2] - 0.8, 0, 1) / 0.4  # the crease along the top
    band = contrast(color, dark=(0.25, 0.14, 0.08), bright=(0.9, 0.75, 0.5))
    return [
        brim,
        crown_part,
        lathe([(1.0, 0.03), (1.11, 0.04), (1.09, 0.3), (1.0, 0.3)], band),
        star(0.24, GOLD, (1.12, 0, 0.3)),
    ]


def santa_hat(color: Color) -> list[Part]:
    """A soft cone that flops to the side, with a white fur edge and ball."""
    spine = curve((0, 0, 0), (0, 0, 0.7), (-0.1, 0.12, 1.3), (-0.25, 0.75, 1.55), (-0.3, 1.35, 1.0), samples=18)
    radii = 1.05 * (1 - np.linspace(0, 1, 18) ** 1.3 * 0.82)
    return [
        tube(spine, radii, color, sides=28, caps=False),
        torus((0, 0, 0.08), 1.06, 0.26, WHITE),
        ellipsoid(spine[-1] + (0, 0.05, -0.12), 0.34, WHITE),
    ]


def chef_hat(color: Color) -> list[Part]:
    """A straight band and a puffed top."""
    parts = [cylinder((0, 0, 0), (0, 0, 0.9), 1.06, color, 1.1, sides=36)]
    for k in range(7):
        a = 2 * np.pi * k / 7
        parts.append(ellipsoid((0.8 * np.cos(a), 0.8 * np.sin(a), 1.25), (0.62, 0.62, 0.56), color, detail=14))
    parts.append(ellipsoid((0, 0, 1.45), (0.9, 0.9, 0.55), color))
    return [*parts, torus((0, 0, 0.9), 1.08, 0.05, darker(color, 0.8))]
