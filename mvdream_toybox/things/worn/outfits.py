"""Things on faces, necks and backs, in the anchor's frame (see `worn`): front +x, up +z, lengths in anchor radii."""

import numpy as np

from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Color, Part, both, move
from mvdream_toybox.geometry.shapes import box, curve, cylinder, ellipsoid, limb, plate, torus, tube
from mvdream_toybox.geometry.sheets import sheet
from mvdream_toybox.things.worn.hats import BLACK, GOLD, RED, STEEL, WHITE, contrast


def _temples(color: Color) -> list[Part]:
    """Bridge and side arms of spectacles."""
    bridge = tube(curve((0.45, -0.25, 0.1), (0.55, 0, 0.22), (0.45, 0.25, 0.1), samples=8), 0.1, color, sides=8)
    arm = tube(curve((0.35, 1.85, 0.1), (-0.5, 2.15, 0.12), (-2.4, 2.5, 0.1), samples=10), 0.1, color, sides=8)
    return [bridge, *both(arm)]


def glasses(color: Color) -> list[Part]:
    """Round rims in front of the eyes."""
    return [*_temples(color), *both(torus((0.42, 1.05, 0), 0.84, 0.15, color, (1, 0.12, 0)))]


def sunglasses(color: Color) -> list[Part]:
    """Dark lenses in a bold frame."""
    shape = [(0.88, 0.62), (-0.88, 0.62), (-0.92, 0.15), (-0.6, -0.55), (0.0, -0.75), (0.6, -0.55), (0.92, 0.15)]
    shape = np.array(shape)
    lens_color = (0.12, 0.13, 0.17) if sum(color) > 0.4 else (0.22, 0.25, 0.32)
    frame = plate(shape * 1.14, 0.22, color, (0.4, 1.03, 0), (0, 0, 8))
    lens = plate(shape * 0.9, 0.32, lens_color, (0.42, 1.03, 0.02), (0, 0, 8))
    glint = limb((0.62, 1.35, 0.1), (0.64, 1.1, 0.4), 0.07, 0.07, (0.75, 0.8, 0.88), sides=8)
    return [*_temples(color), *both(frame, lens), glint]


def eye_patch(color: Color) -> list[Part]:
    """A patch over the left eye, its strap across the brow."""
    patch = ellipsoid((0.3, 1.05, 0), (0.35, 0.85, 0.9), color, (0, 0, 10))
    strap = curve(
        (-2.3, 2.5, 0.35),
        (-0.4, 2.25, 0.5),
        (0.32, 1.2, 0.75),
        (0.5, 0, 1.15),
        (0.15, -1.2, 1.6),
        (-0.9, -2.2, 2.0),
        samples=20,
    )
    return [patch, tube(strap, 0.16, color, sides=8)]


def bow_tie(color: Color) -> list[Part]:
    """A big bow under the chin on a collar band."""
    wing = plate([(0.0, -0.22), (0.95, -0.6), (1.05, 0.0), (0.95, 0.6), (0.0, 0.22)], 0.34, color, (1.22, 0.1, -0.1))
    knot = ellipsoid((1.32, 0, -0.1), (0.28, 0.28, 0.32), darker(color, 0.7), detail=12)
    return [torus((0, 0, 0), 1.02, 0.13, darker(color, 0.8)), *both(wing), knot]


def tie(color: Color) -> list[Part]:
    """A necktie down the chest on a collar band."""
    blade = plate([(-0.22, 0), (-0.5, -1.7), (0, -2.3), (0.5, -1.7), (0.22, 0)], 0.24, color, (1.24, 0, -0.15), (0, -4, 0))
    knot = box((1.24, 0, -0.08), (0.44, 0.56, 0.46), darker(color, 0.75), taper=1.3)
    return [torus((0, 0, 0), 1.02, 0.13, darker(color, 0.8)), blade, knot]


def scarf(color: Color) -> list[Part]:
    """Two thick windings and two hanging ends with pale bands."""
    band = contrast(color, dark=darker(color, 0.6), bright=lighter(color, 0.6))
    parts = [torus((0, 0, 0.1), 1.02, 0.4, color), torus((0.05, 0, -0.3), 1.05, 0.36, darker(color, 0.88), (0.1, 0.1, 1))]
    for y, length, turn in ((0.45, 2.4, 8), (-0.1, 1.7, -6)):
        strip = [box((0, 0, -length / 2), (0.3, 0.75, length), color, bevel=0.3)]
        strip += [box((0, 0, z), (0.34, 0.78, 0.2), band) for z in (-length + 0.2, -length + 0.6)]
        parts += move(strip, (1.3, y, -0.2), rotate_deg=(turn, -6, 0))
    return parts


def necklace(color: Color) -> list[Part]:
    """A string of big beads."""
    angles = np.arange(18) * 2 * np.pi / 18
    return [
        ellipsoid((1.12 * np.cos(a) + 0.1, 1.12 * np.sin(a), -0.1 - 0.4 * np.cos(a)), 0.21, color, detail=8) for a in angles
    ]


def medal(color: Color) -> list[Part]:
    """A disc on a ribbon that hangs on the chest."""
    disc = [
        cylinder((1.2, 0, -1.55), (1.45, 0, -1.55), 0.72, color),
        cylinder((1.45, 0, -1.55), (1.5, 0, -1.55), 0.5, darker(color, 0.75)),
        ellipsoid((1.5, 0, -1.55), (0.1, 0.28, 0.28), lighter(color, 0.3), detail=10),
    ]
    ribbon = limb((1.3, 0.05, -1.0), (0.75, 0.85, 0.05), 0.18, 0.18, RED, sides=8)
    loop = torus((0, 0, 0.05), 1.03, 0.14, RED)
    return [*disc, *both(ribbon), loop]


def cape(color: Color) -> list[Part]:
    """A cloth from the shoulders down, wide and wavy at its hem, with a collar and two clasps."""
    t, u = np.meshgrid(np.linspace(0, 1, 14), np.linspace(-1, 1, 29), indexing="ij")
    half_width = 1.15 + 1.05 * (1 - t) ** 1.2
    wrap = 0.9 * t**3 * u**2  # the upper edge curls forward around the shoulders
    wave = 0.16 * (1 - t) * np.cos(5.5 * u * np.pi / 2)
    x = -0.22 - 1.25 * (1 - t) ** 1.3 + wrap + wave + 0.5 * (1 - t) * u**2
    points = np.stack([x, -half_width * u, -2.1 + 3.1 * t], -1)
    cloth = sheet(points, 0.1, color)
    collar = tube(curve(*points[-1, ::7], samples=16) + (0, 0, 0.02), 0.17, darker(color, 0.8), sides=10)
    clasp = ellipsoid(points[-1, 0] + (0.08, 0, 0), 0.2, GOLD, detail=10)
    return [cloth, collar, *both(clasp)]


def saddlecloth(color: Color) -> list[Part]:
    """A cape for those on four legs, in the untilted frame of their back: over the back and down both sides."""
    t, turn = np.meshgrid(np.linspace(0, 1, 12), np.deg2rad(np.linspace(-112, 112, 29)), indexing="ij")
    radius = 1.4 + 0.25 * (1 - t) * np.abs(np.sin(turn)) + 0.05 * np.cos(10 * turn) * (1 - t)
    points = np.stack([-1.7 + 2.8 * t, -radius * np.sin(turn), -1.2 + radius * np.cos(turn)], -1)
    collar = tube(points[-1], 0.14, darker(color, 0.8), sides=10)
    return [sheet(points, 0.1, color), collar, *both(ellipsoid(points[-1, 0], 0.2, GOLD, detail=10))]


def backpack(color: Color) -> list[Part]:
    """A rounded bag with a pocket, a flap and shoulder straps."""
    dark = darker(color, 0.65)
    strap = curve(
        (-0.25, 0.6, 0.75),
        (0.35, 0.66, 1.15),
        (1.25, 0.66, 0.85),
        (1.5, 0.66, 0.0),
        (0.9, 0.72, -0.9),
        (-0.25, 0.66, -0.95),
        samples=20,
    )
    return [
        box((-0.6, 0, 0), (1.2, 1.9, 2.3), color, bevel=0.32),
        box((-1.2, 0, -0.45), (0.6, 1.4, 1.0), dark, bevel=0.3),
        box((-0.68, 0, 0.85), (1.25, 1.96, 0.75), dark, bevel=0.4),
        box((-1.34, 0, 0.45), (0.14, 0.32, 0.32), GOLD),
        torus((-0.4, 0, 1.2), 0.25, 0.09, dark, (1, 0, 0), sides=20),
        *both(tube(strap, 0.16, dark, sides=8), ellipsoid((-0.55, 0.98, -0.4), (0.42, 0.25, 0.55), dark, detail=12)),
    ]


def jetpack(color: Color) -> list[Part]:
    """Two rocket tanks with red tips and flames."""
    flame = ellipsoid((-0.55, 0.58, -1.65), (0.28, 0.28, 0.7), (1.0, 0.6, 0.1), detail=12)
    core = ellipsoid((-0.55, 0.58, -1.5), (0.33, 0.33, 0.42), (1.0, 0.85, 0.3), detail=12)
    nozzle = cylinder((-0.55, 0.58, -1.3), (-0.55, 0.58, -0.95), 0.46, (0.3, 0.3, 0.33), 0.3)
    tank = tube([(-0.55, 0.58, -0.8), (-0.55, 0.58, 0.8)], 0.5, color)
    tip = ellipsoid((-0.55, 0.58, 1.15), (0.42, 0.42, 0.5), RED, detail=14)
    strap = curve((-0.25, 0.58, 0.75), (0.35, 0.62, 1.1), (1.3, 0.62, 0.7), (1.4, 0.62, -0.2), (-0.2, 0.6, -0.9), samples=18)
    return [*both(flame, core, nozzle, tank, tip, tube(strap, 0.14, BLACK, sides=8)), box((-0.5, 0, 0), (0.4, 0.9, 0.9), STEEL)]


def wings(color: Color) -> list[Part]:
    """Spread feathered wings, three rows of rounded feathers each."""
    parts = []
    for row, (reach, tint, count) in enumerate(((3.0, 1.0, 6), (2.15, 0.93, 5), (1.35, 1.0, 4))):
        for k in range(count):
            angle = np.deg2rad(62 - 24 * k * (6 / (count + 1)) * 0.82)
            tip = np.array([-0.55 - 0.1 * k, 0.25 + np.cos(angle) * reach, 0.35 + np.sin(angle) * reach * 0.8])
            root = np.array([-0.15, 0.25, 0.3])
            length = np.linalg.norm(tip - root)
            feather = ellipsoid((0, 0, 0), (0.12, 0.36 - 0.03 * row, length * 0.53), darker(color, tint), detail=10)
            roll = np.degrees(np.arctan2(-(tip - root)[1], (tip - root)[2]))
            parts += move([feather], (root + tip) / 2 + (0.1 * row, 0, 0), rotate_deg=(roll, 0, 8))
    return both(*parts)


def butterfly_wings(color: Color) -> list[Part]:
    """Two pairs of flat rounded wings with bright spots: what a fairy has."""
    parts = []
    for center, radii, roll in (((-0.3, 1.65, 1.1), (0.08, 0.95, 1.75), -52), ((-0.3, 1.25, -0.7), (0.08, 0.75, 1.2), -122)):
        parts.append(ellipsoid(center, radii, lighter(color, 0.25), (roll, 0, 0)))
        inner = np.array(radii) * (1.4, 0.62, 0.62)
        parts.append(ellipsoid(center, inner, lighter(color, 0.65), (roll, 0, 0), detail=14))
        parts.append(ellipsoid(np.array(center) * (1, 1.3, 1.3), (0.13, 0.2, 0.2), WHITE, detail=8))
    return both(*parts)
