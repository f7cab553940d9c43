"""Winged and rotor aircraft of toybox: airliner, propeller plane, biplane, fighter jet, helicopter."""

import numpy as np

from mvdream_toybox.geometry.paints import darker
from mvdream_toybox.geometry.parts import Look, Model, both, move
from mvdream_toybox.geometry.shapes import cylinder, ellipsoid, torus
from mvdream_toybox.geometry.solids import block, loft, rod, side_plate, top_plate, wheel
from mvdream_toybox.geometry.tones import DARK, GOLD, METAL, STEEL, WHITE, contrast, glass_for


def _wing(
    root_x: float, root: float, tip: float, span: float, sweep: float, z: float, paint, thick: float = 0.06, rise: float = 0.0
):
    """Both wings as one flat loft across y: chords `root` and `tip`, swept back by `sweep`, tips raised by `rise`."""
    rows = []
    for y in (-1, -0.97, -0.5, 0, 0.5, 0.97, 1):
        a = abs(y)
        chord = (root + (tip - root) * a) * (0.8 if a == 1 else 1)
        rows.append(
            (y * span, z + rise * a, root_x - sweep * a, thick * (1 - 0.55 * a) * (0.3 if a == 1 else 1), chord / 2, 2.2)
        )
    return loft(rows, paint, "y", rows=2)


def _propeller(center, radius: float, blades: int, color, axis: str = "x"):
    """Blades and a spinner, facing +x, or lying flat for axis "z"."""
    parts = []
    for k in range(blades):
        a = 360 * k / blades + 20
        blade = [ellipsoid((0, radius * 0.52, 0), (0.025, radius * 0.5, 0.07), color, (12, 0, 0), 10)]
        parts += move(blade, (0, 0, 0), 1, (a, 0, 0))
    return move(parts, center, 1, (0, -90 if axis == "z" else 0, 0))


def airplane(rng: np.random.Generator, look: Look) -> Model:
    """An airliner, or as `variant` says "propeller plane", "biplane", "fighter jet"."""
    make = look.variant
    if make in ("propeller plane", "biplane"):
        return _prop_plane(rng, look, make == "biplane")
    if make == "fighter jet":
        return _fighter(rng, look)
    length, r = rng.uniform(0.95, 1.08), rng.uniform(0.15, 0.18)
    t = np.array([-1, -0.97, -0.7, -0.4, 0, 0.5, 0.75, 0.9, 0.98, 1])
    girth = np.array([0.1, 0.25, 0.65, 0.95, 1, 1, 0.93, 0.68, 0.33, 0.05]) * r
    lift = np.array([0.6, 0.6, 0.32, 0.06, 0, 0, -0.03, -0.15, -0.25, -0.28]) * r
    parts = [loft([(a * length, 0, z, g, g, 2) for a, g, z in zip(t, girth, lift)], look.paint, rows=2)]
    span, trim = rng.uniform(0.9, 1.05), contrast(look.main, look.second, WHITE)
    parts.append(_wing(0.15, 0.5, 0.18, span, 0.42, -0.06, look.paint, 0.05, 0.1))
    parts.append(_wing(-length * 0.86, 0.28, 0.12, 0.4, 0.18, 0.08, look.paint, 0.03))
    back = -length
    parts.append(side_plate([(back - 0.02, 0.08), (back + 0.38, 0.1), (back + 0.1, 0.52), (back - 0.1, 0.52)], 0.045, trim))
    for y in (0.36,):
        parts += both(
            cylinder((-0.08, y, -0.15), (0.28, y, -0.15), 0.07, trim, 0.09),
            cylinder((0.27, y, -0.15), (0.285, y, -0.15), 0.07, DARK),
        )
    glass = glass_for(look.main)
    for x in np.linspace(-0.55, 0.6, 11) * length:
        parts += both(ellipsoid((x, r * 0.955, 0.045), (0.03, 0.03, 0.035), glass, detail=6))
    parts.append(ellipsoid((length * 0.84, 0, r * 0.42), (0.09, r * 0.68, 0.055), glass, (0, 25, 0), 12))
    return Model(parts)


def _prop_plane(rng, look: Look, double: bool) -> Model:
    length, r = rng.uniform(0.78, 0.88), rng.uniform(0.19, 0.22)
    t = np.array([-1, -0.98, -0.5, 0.1, 0.6, 0.88, 0.93])
    girth = np.array([0.15, 0.25, 0.65, 1, 1, 0.9, 0.7]) * r
    lift = np.array([0.5, 0.5, 0.2, 0, 0, 0, 0]) * r
    parts = [loft([(a * length, 0, z, g, g * 1.05, 2.4) for a, g, z in zip(t, girth, lift)], look.paint, rows=2)]
    trim, span = contrast(look.main, look.second, WHITE), rng.uniform(0.88, 1.0)
    low, high = -0.1, r + 0.26
    for z in (low, high) if double else (low,):
        parts.append(_wing(0.28, 0.38, 0.32, span, 0.02, z, look.paint, 0.045, 0.06))
        parts += both(block((0.26, span * 0.78, z + 0.05), (0.36, 0.12, 0.075), trim))
    if double:
        parts += both(*(cylinder((x, y, low), (x, y, high), 0.016, DARK, sides=8) for x in (0.15, 0.4) for y in (0.3, 0.68)))
    parts.append(_wing(-length * 0.88, 0.24, 0.16, 0.36, 0.04, 0.1, look.paint, 0.03))
    back = -length
    parts.append(side_plate([(back - 0.06, 0.06), (back + 0.28, 0.14), (back + 0.12, 0.44), (back - 0.06, 0.46)], 0.045, trim))
    glass = glass_for(look.main)
    parts.append(ellipsoid((0.0, 0, r * 0.95), (0.22, 0.13, 0.15), glass, detail=14))
    nose = length * 0.93
    parts += [
        cylinder((nose - 0.1, 0, 0), (nose, 0, 0), r * 0.96, trim),
        ellipsoid((nose + 0.03, 0, 0), (0.13, 0.07, 0.07), METAL, detail=12),
    ]
    parts += _propeller((nose + 0.06, 0, 0), 0.38, int(rng.choice([2, 3])), (0.3, 0.2, 0.12))
    parts += both(rod((0.36, 0.12, -0.1), (0.38, 0.28, -0.34), 0.025, METAL, sides=8), *wheel((0.38, 0.28, -0.36), 0.1, 0.07))
    parts.append(ellipsoid((back + 0.06, 0, -0.06), (0.06, 0.025, 0.06), DARK, detail=8))
    return Model(parts)


def _fighter(rng, look: Look) -> Model:
    length = rng.uniform(0.98, 1.08)
    t = np.array([-0.9, -0.85, -0.3, 0.2, 0.6, 0.92, 1.0])
    parts = [
        loft(
            [
                (a * length, 0, z, w, h, 2.5)
                for a, z, w, h in zip(
                    t,
                    [0, 0, 0, 0, 0, -0.02, -0.03],
                    [0.14, 0.17, 0.2, 0.17, 0.11, 0.04, 0.005],
                    [0.1, 0.12, 0.13, 0.13, 0.1, 0.035, 0.005],
                )
            ],
            look.paint,
        )
    ]
    wing = [(0.35, 0.12), (-0.35, 0.78), (-0.58, 0.78), (-0.6, 0.12)]
    tail = [(-0.62, 0.12), (-0.9, 0.42), (-1.06, 0.42), (-0.98, 0.1)]
    parts += both(top_plate(wing, 0.04, look.paint), top_plate(tail, 0.035, look.paint))
    fin = side_plate([(-0.98, 0.06), (-0.5, 0.06), (-0.85, 0.46), (-1.05, 0.46)], 0.035, look.paint)
    parts += both(*move([fin], (0, 0.13, 0), 1, (-14, 0, 0)))
    parts.append(
        ellipsoid(
            (0.36 * length, 0, 0.12),
            (0.25, 0.085, 0.1),
            (0.85, 0.65, 0.25) if rng.random() < 0.4 else glass_for(look.main),
            detail=14,
        )
    )
    parts += both(
        block((0.1, 0.2, -0.03), (0.4, 0.12, 0.17), darker(look.main, 0.85)), block((0.3, 0.2, -0.03), (0.02, 0.1, 0.14), DARK)
    )
    parts += both(
        cylinder((-0.98, 0.09, 0), (-0.85, 0.09, 0), 0.075, STEEL, 0.1),
        ellipsoid((-0.98, 0.09, 0), (0.02, 0.06, 0.06), (1.0, 0.55, 0.15), detail=8),
    )
    trim = contrast(look.main, look.second, WHITE)
    for y in (0.5, 0.68):
        parts += both(
            rod((-0.45, y, -0.06), (0.0 - (y - 0.5), y, -0.06), 0.035, WHITE),
            cylinder((-0.5, y, -0.06), (-0.42, y, -0.06), 0.06, trim),
        )
    return Model(parts)


def helicopter(rng: np.random.Generator, look: Look) -> Model:
    """A helicopter: glass nose, tail boom, rotors, skids."""
    r, boom = rng.uniform(0.32, 0.36), rng.uniform(1.0, 1.15)
    glass, trim = glass_for(look.main), contrast(look.main, look.second, WHITE)
    parts = [ellipsoid((0.15, 0, 0), (0.56, r, r * 1.08), look.paint, detail=24)]
    parts.append(ellipsoid((0.4, 0, 0.05), (0.335, r * 0.9, r * 0.86), glass, detail=18))
    parts.append(cylinder((0.7, 0, 0.04), (0.745, 0, 0.04), 0.015, DARK))
    body = [
        (-boom, 0, 0.16, 0.05, 0.05, 2),
        (-0.5, 0, 0.12, 0.1, 0.11, 2),
        (-0.1, 0, 0.08, r * 0.75, r * 0.75, 2),
        (0.1, 0, 0.05, r * 0.8, r * 0.8, 2),
    ]
    parts.append(loft(body, look.paint, rows=2))
    parts += both(block((0.0, r * 0.93, 0.04), (0.24, 0.07, 0.26), glass, bevel=0.3))
    parts.append(torus((-0.55, 0, 0.12), 0.1, 0.03, trim, axis=(1, 0, 0), sides=20))
    parts.append(
        side_plate([(-boom - 0.16, 0.46), (-boom - 0.08, 0.1), (-boom + 0.14, 0.14), (-boom - 0.02, 0.46)], 0.045, look.paint)
    )
    parts.append(
        side_plate([(-boom - 0.1, -0.06), (-boom + 0.05, -0.06), (-boom + 0.14, 0.14), (-boom - 0.06, 0.12)], 0.04, trim)
    )
    tail = [ellipsoid((0, 0, s * 0.12), (0.035, 0.012, 0.13), DARK, detail=8) for s in (-1, 1)]
    parts += move(tail, (-boom - 0.02, 0.07, 0.26), 1, (0, float(rng.uniform(0, 180)), 0))
    parts.append(block((0.05, 0, r + 0.04), (0.46, 0.26, 0.14), look.paint, bevel=0.3))
    mast = r + 0.2
    parts += [rod((0.08, 0, r), (0.08, 0, mast), 0.04, STEEL), ellipsoid((0.08, 0, mast), (0.1, 0.1, 0.05), STEEL, detail=10)]
    reach, turn = rng.uniform(0.95, 1.08), rng.uniform(0, 90)
    blades = int(rng.choice([2, 4, 3]))
    for k in range(blades):
        blade = [block((reach / 2, 0, 0), (reach, 0.09, 0.025), DARK), block((reach - 0.08, 0, 0), (0.12, 0.092, 0.028), GOLD)]
        parts += move(blade, (0.08, 0, mast), 1, (0, 0, turn + 360 * k / blades))
    parts += both(
        rod((-0.35, 0.32, -0.52), (0.6, 0.32, -0.52), 0.032, STEEL),
        *(rod((x, 0.2, -0.22), (x, 0.32, -0.52), 0.025, STEEL, sides=8) for x in (-0.05, 0.35)),
    )
    return Model(parts)
