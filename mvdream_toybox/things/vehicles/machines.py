"""Working and two-wheeled vehicles of toybox: tractor, locomotive, tank, motorcycle, bicycle."""

import numpy as np

from mvdream_toybox.geometry.paints import darker
from mvdream_toybox.geometry.parts import Look, Model, both
from mvdream_toybox.geometry.shapes import curve, cylinder, ellipsoid, lathe, torus, tube
from mvdream_toybox.geometry.solids import block, loft, rod, side_plate, spoked_wheel, wheel
from mvdream_toybox.geometry.tones import DARK, GOLD, LAMP, METAL, STEEL, TAIL_LAMP, TYRE, WHITE, contrast, glass_for


def tractor(rng: np.random.Generator, look: Look) -> Model:
    """A farm tractor: huge rear wheels, a hood, an exhaust pipe and a roofed seat."""
    big, small = rng.uniform(0.44, 0.5), rng.uniform(0.24, 0.28)
    hub = contrast(TYRE, look.second, (0.93, 0.8, 0.2))
    parts = both(*wheel((-0.45, 0.42, big), big, 0.26, hub), *wheel((0.6, 0.38, small), small, 0.18, hub))
    lugs = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    parts += both(
        *(block((-0.45 + big * np.cos(a), 0.42, big + big * np.sin(a)), (0.09, 0.26, 0.09), TYRE, bevel=0.2) for a in lugs[::2])
    )
    base = big + 0.02
    hood = [
        (-0.25, 0, base + 0.12, 0.25, 0.24, 5),
        (0.3, 0, base + 0.11, 0.24, 0.23, 5),
        (0.74, 0, base + 0.08, 0.21, 0.2, 4),
        (0.8, 0, base + 0.08, 0.18, 0.17, 4),
    ]
    parts.append(loft(hood, look.paint))
    parts.append(block((0.1, 0, base - 0.12), (1.2, 0.26, 0.2), DARK))
    parts.append(block((0.79, 0, base + 0.08), (0.05, 0.26, 0.24), DARK))
    parts += both(ellipsoid((0.77, 0.15, base + 0.16), (0.05, 0.06, 0.06), LAMP, detail=10))
    parts.append(block((-0.55, 0, base + 0.04), (0.66, 0.46, 0.24), look.paint))
    fender = [(0.5 * np.cos(a), 0.5 * np.sin(a)) for a in np.linspace(0.25, 2.9, 10)]
    fender += [(0.44 * np.cos(a), 0.44 * np.sin(a)) for a in np.linspace(2.9, 0.25, 10)]
    scale = (big + 0.07) / 0.5
    parts += both(side_plate([(x * scale - 0.45, z * scale + big) for x, z in fender], 0.3, look.paint, (0, 0.4, 0)))
    roof = base + rng.uniform(0.8, 0.9)
    parts.append(block((-0.5, 0, roof), (0.72, 0.66, 0.09), look.paint, taper=0.9))
    parts += both(
        rod((-0.22, 0.26, base), (-0.28, 0.26, roof), 0.03, DARK), rod((-0.8, 0.26, base), (-0.74, 0.26, roof), 0.03, DARK)
    )
    parts.append(block((-0.6, 0, base + 0.24), (0.28, 0.3, 0.1), DARK))
    parts.append(block((-0.73, 0, base + 0.38), (0.08, 0.3, 0.26), DARK))
    parts.append(rod((-0.25, 0, base + 0.3), (-0.33, 0, base + 0.45), 0.025, DARK))
    parts.append(torus((-0.34, 0, base + 0.47), 0.12, 0.02, DARK, axis=(-0.5, 0, 1), sides=20))
    parts += [
        rod((0.4, 0.0, base + 0.3), (0.4, 0, base + 0.68), 0.04, STEEL),
        rod((0.4, 0, base + 0.5), (0.4, 0, base + 0.62), 0.055, DARK),
    ]
    return Model(parts)


def train(rng: np.random.Generator, look: Look) -> Model:
    """A steam locomotive: boiler, domes, chimney, cab, spoked wheels, cowcatcher."""
    length, r = rng.uniform(1.05, 1.2), rng.uniform(0.27, 0.31)
    trim = contrast(look.main, look.second, GOLD)
    height = 0.36 + r
    parts = [block((0, 0, 0.34), (2 * length - 0.2, 0.5, 0.13), DARK)]
    boiler = [
        (-0.35, 0, height, r, r, 2),
        (length - 0.22, 0, height, r, r, 2),
        (length - 0.16, 0, height, r * 0.92, r * 0.92, 2),
    ]
    parts.append(loft(boiler, look.paint, rows=3))
    parts += [torus((x, 0, height), r, 0.022, trim, axis=(1, 0, 0)) for x in (0.0, 0.4, length - 0.24)]
    parts.append(cylinder((length - 0.2, 0, height), (length - 0.12, 0, height), r * 0.72, DARK))
    lamp = (length - 0.16, 0, height + r * 0.85)
    parts += [
        cylinder(lamp, (lamp[0] + 0.14, 0, lamp[2]), 0.1, trim),
        ellipsoid((lamp[0] + 0.13, 0, lamp[2]), (0.04, 0.08, 0.08), LAMP, detail=10),
    ]
    top = height + r
    flare = rng.uniform(0.15, 0.2)
    chimney = [(0, -0.08), (0.1, -0.08), (0.09, 0.16), (flare, 0.3), (flare, 0.36), (flare * 0.75, 0.36), (0.07, 0.3), (0, 0.3)]
    parts.append(lathe(chimney, DARK, (length - 0.42, 0, top), sides=24))
    for x in (0.28, -0.05):
        parts.append(ellipsoid((x, 0, top), (0.13, 0.13, 0.16), trim, detail=12))
    cab_x, cab_top = -0.68, height + rng.uniform(0.5, 0.58)
    glass = glass_for(look.main)
    middle = (0.38 + cab_top) / 2
    parts.append(block((cab_x, 0, middle), (0.6, 0.74, cab_top - 0.38), look.paint, bevel=0.06, rows=2))
    parts.append(block((cab_x, 0, cab_top - 0.24), (0.32, 0.77, 0.26), glass, bevel=0.1))
    parts += both(block((cab_x, 0.19, cab_top - 0.22), (0.63, 0.2, 0.22), glass, bevel=0.1))
    roof = [(cab_x - 0.4, 0, cab_top, 0.44, 0.05, 3), (cab_x + 0.4, 0, cab_top, 0.44, 0.05, 3)]
    parts.append(loft(roof, darker(trim, 0.9)))
    for x in (-0.72, -0.12, 0.36):
        parts += both(*spoked_wheel((x, 0.32, 0.26), 0.26, 0.09, contrast(DARK, look.accent, TAIL_LAMP), 10))
    parts += both(rod((-0.75, 0.4, 0.2), (0.4, 0.4, 0.2), 0.03, METAL, sides=8))
    parts += both(cylinder((length - 0.25, 0.28, 0.14), (length - 0.25, 0.36, 0.14), 0.14, STEEL))
    catcher = [(length - 0.12, 0.04), (length + 0.16, 0.04), (length - 0.1, 0.36), (length - 0.12, 0.36)]
    for y in (0.0, 0.12, 0.24):
        pieces = [side_plate([(x - y * 0.4, z) for x, z in catcher], 0.05, darker(trim, 0.8), (0, y, 0))]
        parts += both(*pieces) if y else pieces
    return Model(parts)


def tank(rng: np.random.Generator, look: Look) -> Model:
    """A battle tank: tracks, sloped hull, turret with a long gun."""
    length, gun = rng.uniform(0.85, 1.0), rng.uniform(0.85, 1.1)
    hull = [
        (-length, 0.3),
        (-length * 0.8, 0.16),
        (length * 0.8, 0.16),
        (length, 0.34),
        (length * 0.55, 0.5),
        (-length * 0.95, 0.5),
    ]
    parts = [side_plate(hull, 0.8, look.paint)]
    track = [(-length * 0.8, 0.0), (length * 0.75, 0.0), (length * 1.0, 0.2), (length * 0.98, 0.34), (length * 0.85, 0.42)]
    track += [(-length * 0.85, 0.42), (-length, 0.32), (-length * 0.98, 0.16)]
    parts += both(side_plate(track, 0.24, DARK, (0, 0.45, 0)))
    for x in np.linspace(-0.72, 0.72, 5) * length:
        parts += both(
            cylinder((x, 0.55, 0.18), (x, 0.6, 0.18), 0.15, darker(look.main, 0.8)),
            cylinder((x, 0.6, 0.18), (x, 0.62, 0.18), 0.06, STEEL),
        )
    parts += both(block((0, 0.47, 0.46), (2 * length * 0.96, 0.3, 0.06), look.paint))
    turret = [
        (0.48, -0.08, 0, 0.48, 0.36, 3),
        (0.62, -0.08, 0, 0.5, 0.38, 3),
        (0.76, -0.12, 0, 0.36, 0.28, 3),
        (0.8, -0.12, 0, 0.3, 0.22, 3),
    ]
    parts.append(loft(turret, look.paint, "z", rows=2))
    parts.append(cylinder((0.3, 0, 0.62), (0.48, 0, 0.62), 0.13, darker(look.main, 0.85)))
    parts.append(cylinder((0.4, 0, 0.62), (0.35 + gun, 0, 0.66), 0.06, look.paint, 0.05))
    parts.append(cylinder((0.26 + gun, 0, 0.658), (0.42 + gun, 0, 0.664), 0.085, DARK))
    parts.append(cylinder((-0.2, 0.1, 0.78), (-0.2, 0.1, 0.88), 0.13, darker(look.main, 0.75)))
    parts.append(rod((-0.42, -0.2, 0.74), (-0.48, -0.22, 1.15), 0.012, DARK, sides=6))
    star = [
        (0.1 * (1 if k % 2 == 0 else 0.42) * np.sin(k * np.pi / 5), 0.1 * (1 if k % 2 == 0 else 0.42) * np.cos(k * np.pi / 5))
        for k in range(10)
    ]
    parts += both(side_plate([(x - 0.12, z + 0.62) for x, z in star[::-1]], 0.06, WHITE, (0, 0.35, 0)))
    return Model(parts)


def motorcycle(rng: np.random.Generator, look: Look) -> Model:
    """A motorcycle: fat wheels, tank, seat, engine, fork and exhaust."""
    r, base = rng.uniform(0.31, 0.35), rng.uniform(0.68, 0.76)
    parts = []
    for x in (-base, base):
        parts += [
            torus((x, 0, r), r * 0.8, r * 0.24, TYRE, axis=(0, 1, 0)),
            *spoked_wheel((x, 0, r), r * 0.68, 0.07, look.main, 10),
        ]
        arc = np.linspace(0.5, 2.5, 7) + (0.35 if x < 0 else -0.15)
        fender = np.column_stack([x + 1.14 * r * np.cos(arc), 0 * arc, r + 1.14 * r * np.sin(arc)])
        parts.append(tube(fender, 0.085, look.paint, sides=10, caps=False))
    head = np.array([base - 0.26, 0, 2 * r + 0.28])
    parts += both(rod((base, 0.11, r), (head[0], 0.11, head[2]), 0.035, METAL))
    parts += both(
        rod((head[0] - 0.02, 0, head[2] + 0.06), (head[0] - 0.14, 0.32, head[2] + 0.14), 0.025, DARK),
        rod((head[0] - 0.14, 0.32, head[2] + 0.14), (head[0] - 0.26, 0.38, head[2] + 0.12), 0.04, DARK),
    )
    parts += [
        ellipsoid(head + (0.08, 0, -0.03), (0.1, 0.13, 0.13), DARK, detail=12),
        ellipsoid(head + (0.12, 0, -0.03), (0.07, 0.11, 0.11), LAMP, detail=12),
    ]
    body = [
        (-0.72, 0, 2 * r + 0.14, 0.06, 0.04, 2.5),
        (-0.6, 0, 2 * r + 0.08, 0.13, 0.1, 2.5),
        (-0.15, 0, 2 * r + 0.02, 0.14, 0.13, 2.5),
        (0.05, 0, 2 * r + 0.12, 0.19, 0.19, 2.3),
        (0.28, 0, 2 * r + 0.15, 0.19, 0.18, 2.3),
        (0.46, 0, 2 * r + 0.12, 0.1, 0.1, 2),
    ]
    parts.append(loft(body, look.paint, rows=3))
    seat = [
        (-0.68, 0, 2 * r + 0.22, 0.1, 0.05, 3),
        (-0.4, 0, 2 * r + 0.16, 0.16, 0.07, 3),
        (-0.08, 0, 2 * r + 0.17, 0.13, 0.06, 3),
    ]
    parts.append(loft(seat, (0.22, 0.13, 0.09)))
    parts += [
        block((0, 0, r + 0.1), (0.5, 0.26, 0.36), STEEL),
        block((-0.36, 0, r + 0.2), (0.34, 0.32, 0.34), look.main, bevel=0.25),
        cylinder((0.0, -0.2, r), (0.0, 0.2, r), 0.17, METAL),
    ]
    for z in (0.16, 0.24, 0.32):
        parts.append(block((0.12, 0, r + z), (0.26, 0.34, 0.035), METAL))
    parts += both(rod((0.1, 0.19, r - 0.1), (-base - 0.2, 0.2, r - 0.02), 0.055, METAL, 0.075))
    parts.append(block((-0.8, 0, 2 * r + 0.12), (0.06, 0.12, 0.07), TAIL_LAMP))
    return Model(parts)


def bicycle(rng: np.random.Generator, look: Look) -> Model:
    """A bicycle with a painted frame, rims and basket."""
    r, base = rng.uniform(0.42, 0.47), rng.uniform(0.66, 0.72)
    parts = []
    for x in (-base, base):
        parts += [
            torus((x, 0, r), r * 0.93, r * 0.085, TYRE, axis=(0, 1, 0)),
            torus((x, 0, r), r * 0.82, 0.03, look.paint, axis=(0, 1, 0)),
        ]
        for angle in np.arange(6) * np.pi / 6:
            tip = 0.85 * r * np.array([np.cos(angle), 0, np.sin(angle)])
            parts.append(cylinder(np.array([x, 0, r]) - tip, np.array([x, 0, r]) + tip, 0.011, METAL, sides=6))
    crank, seat = np.array([-0.08, 0, r - 0.06]), np.array([-0.26, 0, 2 * r + 0.1])
    neck = np.array([base - 0.2, 0, 2 * r + 0.16])
    low = np.array([base - 0.16, 0, 2 * r])
    for a, b in ((crank, seat), (seat - (0, 0, 0.06), low), (crank, low)):
        parts.append(rod(a, b, 0.05, look.paint))
    for a, b in ((crank, (-base, 0, r)), (seat - (0, 0, 0.08), (-base, 0, r)), (low, (base, 0, r))):
        parts += both(rod(np.array(a) + (0, 0.035, 0), np.array(b) + (0, 0.055, 0), 0.035, look.paint))
    parts.append(rod(low, neck, 0.05, look.paint))
    fender = np.linspace(0.7, 2.9, 9)
    parts.append(
        tube(
            np.column_stack([-base + 1.1 * r * np.cos(fender), 0 * fender, r + 1.1 * r * np.sin(fender)]), 0.05, look.paint, 10
        )
    )
    parts += [
        rod(seat, seat + (-0.02, 0, 0.1), 0.03, METAL),
        ellipsoid(seat + (-0.05, 0, 0.14), (0.19, 0.11, 0.055), (0.25, 0.14, 0.08), detail=12),
    ]
    top = neck + (-0.03, 0, 0.1)
    parts.append(rod(neck, top, 0.03, METAL))
    bar = curve(
        (top[0] - 0.2, 0.34, top[2] + 0.06),
        (top[0] + 0.04, 0.2, top[2] + 0.04),
        (*top,),
        (top[0] + 0.04, -0.2, top[2] + 0.04),
        (top[0] - 0.2, -0.34, top[2] + 0.06),
        samples=12,
    )
    parts.append(tube(bar, 0.026, METAL, 10))
    parts += both(rod(bar[0], bar[0] + (0.09, -0.03, -0.01), 0.04, DARK))
    parts += [
        torus(crank, 0.13, 0.025, METAL, axis=(0, 1, 0), sides=20),
        rod(crank + (0, 0.08, 0), crank + (0.12, 0.09, -0.14), 0.02, METAL),
        rod(crank - (0, 0.08, 0), crank + (-0.12, -0.09, 0.14), 0.02, METAL),
    ]
    parts += [
        block(crank + (0.12, 0.15, -0.15), (0.12, 0.12, 0.035), DARK),
        block(crank + (-0.12, -0.15, 0.15), (0.12, 0.12, 0.035), DARK),
    ]
    if rng.random() < 0.6:
        parts.append(block((base + 0.04, 0, 2 * r + 0.22), (0.26, 0.34, 0.22), (0.72, 0.55, 0.33), taper=1.2))
    return Model(parts)
