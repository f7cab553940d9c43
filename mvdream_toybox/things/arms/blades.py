"""Blades of toybox, upright, their broad side to the front (+x): axe, sword, katana, dagger, spear, trident."""

import numpy as np

from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Look, Model, Paint, Part, both, finish, merge, move
from mvdream_toybox.geometry.shapes import curve, cylinder, ellipsoid, plate, torus, tube
from mvdream_toybox.geometry.solids import block, loft, rod, stretched
from mvdream_toybox.geometry.tones import DARK, DARK_WOOD, GOLD, STEEL, WHITE, WOOD, contrast


def edged(outline, thickness: float, paint: Paint, center=(0, 0), shrink: float = 0.7) -> Part:
    """A blade: `plate`'s outline that thins from a flat middle (`shrink` of it about `center`) to a sharp rim."""
    rim = np.asarray(outline, float)
    inner = (rim - center) * shrink + center
    n = len(rim)
    flat = plate(inner, thickness, paint)
    ring = np.column_stack([np.zeros(n), rim])
    half = thickness / 2
    front = np.concatenate([np.column_stack([np.full(n, half), inner]), ring])
    i = np.arange(n)
    j = (i + 1) % n
    band = np.concatenate([np.stack([i, i + n, j + n], -1), np.stack([i, j + n, j], -1)])
    bevel = finish(np.concatenate([front, front * (-1, 1, 1)]), np.concatenate([band, band[:, ::-1] + 2 * n]), paint)
    return merge([flat, bevel])


def wrap(low: float, high: float, radius: float, color, turns: int = 7) -> list[Part]:
    """Leather rings around an upright handle."""
    return [torus((0, 0, z), radius, 0.018, color, sides=16) for z in np.linspace(low, high, turns)]


def axe(rng: np.random.Generator, look: Look) -> Model:
    """A viking battle axe: a bearded blade or two, an engraved steel head, a long wooden haft."""
    double = rng.random() < 0.35
    long = rng.uniform(0.95, 1.1)
    haft = curve((0, 0, -long), (0, 0.03, -0.3), (0, -0.02, 0.4), (0, 0, 0.78), samples=12)
    wood = WOOD if rng.random() < 0.6 else DARK_WOOD
    parts = [tube(haft, np.linspace(0.068, 0.058, 12), wood, sides=14)]
    steel, size = look.main, rng.uniform(0.92, 1.08)
    beard = rng.uniform(0.12, 0.28)
    arc = np.linspace(-1, 1, 13)
    edge_y = 0.66 * size - 0.13 * arc**2
    edge_z = 0.47 + 0.4 * size * arc - beard * (arc < 0) * arc**2
    blade = [
        (0.05, 0.34),
        (0.24, 0.3),
        (0.38, 0.16 - 0.4 * beard),
        *zip(edge_y, edge_z),
        (0.4, 0.66),
        (0.22, 0.58),
        (0.05, 0.6),
    ]
    heads = [edged(blade, 0.11, steel, (0.2, 0.46), 0.82)]
    sharp = [(y, z) for y, z in zip(edge_y, edge_z)] + [
        (y - 0.085, 0.47 + (z - 0.47) * 0.92) for y, z in list(zip(edge_y, edge_z))[::-1]
    ]
    heads.append(plate(sharp, 0.05, lighter(steel, 0.45)))
    ring = contrast(steel, look.second if rng.random() < 0.5 else GOLD, DARK)
    heads += [torus((s * 0.05, 0.3, 0.46), 0.085, 0.02, ring, axis=(1, 0, 0), sides=20) for s in (-1, 1)]
    parts += heads
    if double:
        parts += move(heads, (0, 0, 0), 1, (0, 0, 180))
    else:
        parts.append(
            edged([(-0.22, 0.34), (-0.05, 0.38), (-0.05, 0.56), (-0.22, 0.6), (-0.28, 0.47)], 0.13, steel, (-0.14, 0.47), 0.85)
        )
    parts += [
        block((0, 0, 0.47), (0.17, 0.2, 0.34), darker(steel, 0.8), bevel=0.2),
        torus((0, 0, 0.27), 0.075, 0.028, ring),
        torus((0, 0, 0.67), 0.07, 0.028, ring),
        ellipsoid((0, 0, 0.79), (0.075, 0.075, 0.06), darker(steel, 0.7), detail=10),
    ]
    leather = (0.33, 0.18, 0.1)
    parts += [
        cylinder((0, 0.015, -long * 0.92), (0, 0.02, -long * 0.45), 0.078, leather),
        *wrap(-long * 0.9, -long * 0.47, 0.078, darker(leather, 0.65), 6),
    ]
    parts.append(ellipsoid((0, 0, -long), (0.09, 0.09, 0.08), ring, detail=12))
    return stretched(rng, parts)


def sword(rng: np.random.Generator, look: Look) -> Model:
    """A knight's sword, point up. The main color is the blade's."""
    long, wide = rng.uniform(1.15, 1.35), rng.uniform(0.1, 0.14)
    outline = [(-wide, 0), (wide, 0), (wide * 0.82, long * 0.82), (0, long), (-wide * 0.82, long * 0.82)]
    parts = [edged(outline, 0.07, look.main, (0, long * 0.45), 0.62)]
    parts.append(block((0, 0, long * 0.36), (0.075, 0.04, long * 0.62), darker(look.main, 0.72), bevel=0.2))
    trim = contrast(look.main, look.second if rng.random() < 0.4 else GOLD, STEEL)
    guard = rng.uniform(0.32, 0.42)
    bend = rng.uniform(-0.06, 0.1)
    parts.append(tube(curve((0, -guard, bend), (0, 0, -0.03), (0, guard, bend), samples=11), 0.055, trim, sides=12))
    parts += both(ellipsoid((0, guard, bend), 0.075, trim, detail=10))
    parts.append(block((0, 0, -0.02), (0.16, 0.24, 0.14), trim, bevel=0.3))
    grip = (0.35, 0.16, 0.1) if rng.random() < 0.6 else contrast(trim, look.accent, DARK)
    parts += [
        cylinder((0, 0, -0.4), (0, 0, -0.05), 0.058, grip),
        *wrap(-0.37, -0.1, 0.056, darker(grip, 0.6), 5),
        ellipsoid((0, 0, -0.46), 0.1, trim, detail=12),
    ]
    parts += [
        ellipsoid((s * 0.085, 0, -0.46), (0.03, 0.05, 0.05), contrast(trim, look.accent, (0.8, 0.1, 0.15)), detail=8)
        for s in (-1, 1)
    ]
    return Model(parts)


def katana(rng: np.random.Generator, look: Look) -> Model:
    """A katana, point up: curved blade, round guard, wrapped grip of the main color's contrast."""
    long, bend = rng.uniform(1.25, 1.4), rng.uniform(0.13, 0.2)
    t = np.linspace(0, 1, 14)
    y = -bend * t**2
    back = list(zip(y - 0.055, t * long))
    front = list(zip(y + 0.06 - 0.1 * np.clip((t - 0.9) / 0.1, 0, 1) ** 1.5, t * long))
    spine, cut = [*front, *back[::-1]], [(a - 0.005, b) for a, b in front] + [(a - 0.035, b) for a, b in front[::-1]]
    parts = [plate(spine, 0.05, look.main), plate(cut, 0.054, lighter(look.main, 0.55))]
    guard = contrast(look.main, GOLD, DARK)
    parts += [cylinder((0, 0, -0.03), (0, 0, 0.03), 0.16, guard), cylinder((0, 0, 0.0), (0, 0, 0.09), 0.08, guard)]
    grip = contrast(look.main, look.second, DARK)
    handle = curve((0, 0, -0.03), (0, 0.0, -0.25), (0, -0.03, -0.52), samples=10)
    parts.append(tube(handle, 0.065, grip, sides=14))
    for z in np.linspace(-0.09, -0.46, 6):
        parts += [block((x, -0.01, z), (0.03, 0.07, 0.045), WHITE, bevel=0.4) for x in (-0.055, 0.055)]
    return Model([*parts, cylinder((0, -0.03, -0.56), (0, -0.03, -0.5), 0.075, guard)])


def dagger(rng: np.random.Generator, look: Look) -> Model:
    """A short broad dagger, point up; the blade has the main color."""
    long, wide = rng.uniform(0.8, 0.95), rng.uniform(0.15, 0.19)
    t = np.linspace(0, 1, 9)
    half = wide * (1 - 0.25 * np.sin(np.pi * t * 0.9)) * (1 - t**2.4)
    outline = [*zip(half, t * long), *list(zip(-half, t * long))[-2::-1]]
    parts = [edged(outline, 0.09, look.main, (0, long * 0.35), 0.6)]
    trim = contrast(look.main, look.second if rng.random() < 0.5 else GOLD, STEEL)
    parts.append(
        loft(
            [
                (-0.34, 0, -0.0, 0.05, 0.05, 3),
                (-0.26, 0, 0, 0.06, 0.06, 3),
                (0.26, 0, 0, 0.06, 0.06, 3),
                (0.34, 0, 0, 0.05, 0.05, 3),
            ],
            trim,
            "y",
        )
    )
    parts += both(ellipsoid((0, 0.33, 0), 0.085, trim, detail=10))
    grip = (0.3, 0.15, 0.1)
    parts += [
        cylinder((0, 0, -0.42), (0, 0, -0.04), 0.075, grip),
        *wrap(-0.38, -0.1, 0.073, GOLD, 4),
        ellipsoid((0, 0, -0.48), 0.12, trim, detail=12),
        ellipsoid((0.1, 0, -0.48), 0.05, (0.8, 0.1, 0.15), detail=8),
        ellipsoid((-0.1, 0, -0.48), 0.05, (0.8, 0.1, 0.15), detail=8),
    ]
    return Model(parts)


def spear(rng: np.random.Generator, look: Look) -> Model:
    """A spear with a broad leaf-shaped point of the main color and feathers, or (`variant`) "trident"."""
    parts = [rod((0, 0, -1.1), (0, 0, 0.6), 0.055, WOOD)]
    if look.variant == "trident":
        parts[0] = rod((0, 0, -1.1), (0, 0, 0.5), 0.065, look.main)
        arm = curve((0, 0, 0.42), (0, 0.26, 0.48), (0, 0.32, 0.66), (0, 0.32, 0.9), samples=12)
        parts += both(
            tube(arm, 0.065, look.main, sides=12),
            move([edged([(-0.11, 0), (0.11, 0), (0, 0.32)], 0.1, look.main, (0, 0.1))], (0, 0.32, 0.86))[0],
        )
        parts += [
            rod((0, 0, 0.4), (0, 0, 1.0), 0.065, look.main),
            *move([edged([(-0.12, 0), (0.12, 0), (0, 0.36)], 0.1, look.main, (0, 0.1))], (0, 0, 0.96)),
            ellipsoid((0, 0, 0.43), 0.12, contrast(look.main, look.second, GOLD), detail=12),
        ]
        return stretched(rng, [*parts, ellipsoid((0, 0, -1.12), 0.1, contrast(look.main, look.second, GOLD), detail=10)])
    t = np.linspace(0, 1, 9)
    half = 0.24 * np.sin(np.pi * (0.12 + 0.88 * t)) ** 0.8
    half[-1] = 0
    parts.append(
        edged([*zip(half, 0.55 + 0.75 * t), *list(zip(-half, 0.55 + 0.75 * t))[-2::-1]], 0.12, look.main, (0, 0.85), 0.6)
    )
    cord, plume = (contrast(look.main, look.second, (0.7, 0.2, 0.15)), contrast(look.main, look.accent, (0.85, 0.15, 0.15)))
    parts += [cylinder((0, 0, 0.36), (0, 0, 0.6), 0.085, cord), *wrap(0.38, 0.58, 0.085, darker(cord, 0.7), 3)]
    for k in range(4):
        parts += move(
            [ellipsoid((0.02, 0, -0.15), (0.025, 0.07, 0.19), plume, detail=10)],
            (0.07 * np.cos(1.57 * k), 0.07 * np.sin(1.57 * k), 0.4),
            1,
            (0, -18, 90 * k),
        )
    return stretched(rng, parts)
