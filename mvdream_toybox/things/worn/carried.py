"""Things held in a hand, which is at the origin with radius 1; front +x, up +z. `side`: +1 a left hand, -1 a right."""

import numpy as np

from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Color, Part, move
from mvdream_toybox.geometry.shapes import box, curve, cylinder, ellipsoid, lathe, limb, plate, torus, tube
from mvdream_toybox.geometry.sheets import around, polar, sheet
from mvdream_toybox.things.worn.hats import BLACK, GOLD, WHITE, contrast, star

WOOD = (0.5, 0.31, 0.16)


def balloon(color: Color, side: float) -> list[Part]:
    """A big balloon on a string that leans away from the body."""
    top = np.array([0.0, 2.6 * side, 11.5])
    string = curve((0, 0, 0), (0.25, 0.3 * side, 3), (-0.15, 1.4 * side, 6), top - (0, 0, 3.5), samples=20)
    return [
        tube(string, 0.13, (0.9, 0.9, 0.88), sides=6),
        lathe(
            [
                (0.1, -0.9),
                (0.55, -0.75),
                (0.2, -0.35),
                (1.1, 0.35),
                (2.35, 1.9),
                (2.85, 3.5),
                (2.55, 4.9),
                (1.5, 6.0),
                (0.6, 6.35),
                (0, 6.4),
            ],
            color,
            top - (0, 0, 3.2),
            smooth=True,
        ),
        ellipsoid(top + (1.7, 0.9 * side, 1.6), (0.3, 0.35, 0.6), lighter(color, 0.7), (0, -40, 0), detail=10),
    ]


def sword(color: Color) -> list[Part]:
    """A broad blade held upright; the color is the blade's."""
    blade = plate([(-0.55, 0), (0.55, 0), (0.5, 6.6), (0, 7.8), (-0.5, 6.6)], 0.4, color, (0, 0, 1.3))
    parts = [
        blade,
        box((0, 0, 4.2), (0.5, 0.22, 5.2), lighter(color, 0.45)),
        box((0, 0, 1.25), (0.8, 3.2, 0.55), GOLD, bevel=0.3),
        cylinder((0, 0, -1.5), (0, 0, 1.2), 0.42, WOOD),
        ellipsoid((0, 0, -1.7), 0.62, GOLD, detail=12),
    ]
    return move(parts, rotate_deg=(0, 14, 0))


def shield(color: Color) -> list[Part]:
    """A round shield that faces forward, with a rim, a boss and a cross of bands."""
    trim = contrast(color, dark=(0.45, 0.35, 0.25), bright=(0.85, 0.85, 0.88))
    face = lathe([(0, 0.9), (1.8, 1.15), (3.1, 0.75), (3.3, 0.5), (3.1, 0.3), (0, 0.3)][::-1], color, axis=(1, 0, 0), sides=40)
    bands = [box((1.15, 0, 0), (0.3, 0.6, 5.6), trim), box((1.15, 0, 0), (0.3, 5.6, 0.6), trim)]
    return [
        face,
        *bands,
        torus((0.6, 0, 0), 3.2, 0.34, trim, (1, 0, 0)),
        ellipsoid((1.1, 0, 0), (0.75, 1.0, 1.0), GOLD, detail=14),
    ]


def magic_wand(color: Color) -> list[Part]:
    """A stick with a star, which has the color, on both faces."""
    stick = limb((0, 0, -1.2), (0, 0, 4.2), 0.24, 0.24, contrast(color, dark=BLACK, bright=WHITE), sides=10)
    return move([stick, star(2.0, color, (0, 0, 5.3))], rotate_deg=(0, 18, 0))


def staff(color: Color) -> list[Part]:
    """A tall gnarled stick with a crystal of the color in its fork."""
    stick = curve((0, 0, -4.8), (0.1, 0.05, -1), (-0.1, 0, 3), (0, 0, 6.2), samples=14)
    claws = [
        tube(
            curve((0, 0, 6), (1.1 * c, 1.1 * s, 6.9), (0.9 * c, 0.9 * s, 8.2), samples=8),
            np.linspace(0.3, 0.16, 8),
            WOOD,
            sides=8,
        )
        for c, s in ((1, 0), (-0.5, 0.87), (-0.5, -0.87))
    ]
    crystal = lathe([(0, -1.15), (0.95, 0), (0, 1.5)], color, (0, 0, 7.6), sides=8)
    return [tube(stick, 0.34, WOOD, sides=12), *claws, crystal]


def umbrella(color: Color, side: float) -> list[Part]:
    """An open umbrella of eight panels, every other one paler, held a little outwards."""
    t, angle = around(10, 64)
    bulge = np.abs(np.sin(4 * angle))  # 0 at a rib
    height = 2.3 * np.cos(t * np.pi / 2) + 0.35 * t**3 * bulge
    panel = np.floor(angle / (np.pi / 4)).astype(int) % 2
    tints = np.where(panel.reshape(-1, 1) == 0, np.array(color), np.array(lighter(color, 0.45)))
    roof = sheet(polar(4.6 * np.sin(t * np.pi / 2) ** 1.0, angle, height)[::-1], 0.15, color, wrap=True)
    roof.colors[:] = np.tile(tints.reshape(10, 64, 3)[::-1].reshape(-1, 3), (4, 1))
    hook = curve((0, 0, -1.6), (0.1, 0, -2.2), (0.6, 0, -2.5), (1.05, 0, -2.1), samples=10)
    parts = [
        *move([roof], (0, 0, 7.6)),
        cylinder((0, 0, -1.7), (0, 0, 10.4), 0.18, (0.35, 0.35, 0.38), sides=10),
        tube(hook, 0.28, WOOD, sides=8),
    ]
    return move(parts, rotate_deg=(-12 * side, 0, 0))


def lantern(color: Color, side: float) -> list[Part]:
    """A glowing lantern on a ring, hanging from the hand."""
    glow = (1.0, 0.85, 0.35)
    parts = [
        torus((0, 0, -0.5), 0.9, 0.16, darker(color, 0.8), (0.2, 1, 0), sides=24),
        cylinder((0, 0, -1.9), (0, 0, -1.2), 1.45, color, 0.35),
        cylinder((0, 0, -4.0), (0, 0, -1.9), 1.05, glow),
        cylinder((0, 0, -4.5), (0, 0, -4.0), 1.45, color),
        ellipsoid((0, 0, -3.0), (1.12, 1.12, 0.75), (1.0, 0.95, 0.65), detail=12),
    ]
    parts += [cylinder((x, y, -4.0), (x, y, -1.9), 0.16, color, sides=8) for x in (-0.85, 0.85) for y in (-0.85, 0.85)]
    return move(parts, (0.3, 0.5 * side, 0))


def flag(color: Color) -> list[Part]:
    """A pole with a waving cloth that has a bright disc."""
    t, u = np.meshgrid(np.linspace(0, 1, 10), np.linspace(0, 1, 20), indexing="ij")
    cloth = sheet(np.stack([-4.6 * u, 0.45 * np.sin(6 * u), 5.2 + 3.0 * t - 0.3 * u], -1), 0.16, color)
    disc = contrast(color, dark=(0.2, 0.3, 0.7), bright=WHITE)
    spot = cylinder((-2.3, -0.02, 6.55), (-2.3, 0.74, 6.55), 0.85, disc)
    return [
        cylinder((0, 0, -3.2), (0, 0, 8.6), 0.24, WOOD, sides=10),
        ellipsoid((0, 0, 8.8), 0.45, GOLD, detail=10),
        cloth,
        *move([spot], (0, 0.06, 0), (1, 0.75, 1)),
    ]


def flower(color: Color) -> list[Part]:
    """A large blossom that faces forward on a green stem with two leaves."""
    green = (0.25, 0.55, 0.22)
    petals = [
        ellipsoid((0, 1.25 * np.cos(a), 1.25 * np.sin(a)), (0.35, 0.85, 0.85), color, detail=10)
        for a in np.arange(6) * np.pi / 3
    ]
    middle = ellipsoid(
        (0.2, 0, 0), (0.5, 0.85, 0.85), contrast(color, dark=(0.85, 0.5, 0.1), bright=(1.0, 0.85, 0.2)), detail=12
    )
    leaves = [ellipsoid((0, 0.75 * s, 1.6), (0.18, 0.85, 0.35), green, (32 * s, 0, 0), detail=10) for s in (-1, 1)]
    stem = tube(curve((0, 0, -1.3), (0, 0, 1.5), (0.1, 0, 3.6), samples=10), 0.24, green, sides=8)
    return [stem, *leaves, *move([*petals, middle], (0.15, 0, 4.3), 1.15, (0, -10, 0))]


def broom(color: Color) -> list[Part]:
    """A broom, bristles up; the color is the handle's."""
    straw = (0.9, 0.74, 0.38)
    brush = lathe([(0, 0), (0.5, 0), (1.35, 1.5), (1.15, 3.6), (0, 3.8)], straw, (0, 0, 4.6), sides=20, smooth=True)
    return [cylinder((0, 0, -4.6), (0, 0, 5.2), 0.28, color, sides=12), brush, torus((0, 0, 5.1), 0.72, 0.2, (0.75, 0.2, 0.2))]
