"""Road vehicles of toybox: car, bus, truck."""

from dataclasses import replace

import numpy as np

from mvdream_toybox.geometry.chibi import LEATHER
from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Look, Model, Part, both, move
from mvdream_toybox.geometry.shapes import cylinder, ellipsoid, torus
from mvdream_toybox.geometry.solids import block, loft, rod, side_plate, wheel
from mvdream_toybox.geometry.tones import DARK, LAMP, METAL, STEEL, TAIL_LAMP, TYRE, WHITE, contrast, glass_for


def _axles(places, radius: float, half_width: float, width: float = 0.17, hub=METAL) -> list[Part]:
    """Wheels on both sides at the places x, each under a dark arch."""
    parts = []
    for x in places:
        y = half_width - 0.35 * width
        parts += both(*wheel((x, y, radius), radius, width, hub))
        parts += both(cylinder((x, y - 0.1, radius * 1.04), (x, half_width + 0.004, radius * 1.04), radius * 1.12, DARK))
    return parts


def _cabin(rear, front, half_width, low, high, lean_rear, lean_front, look: Look) -> list[Part]:
    """A glass house with a painted roof and pillars; `lean` is how far the roof's ends stand in from the foot's."""
    top_rear, top_front = rear + lean_rear, front - lean_front
    foot, head = ((rear + front) / 2, (front - rear) / 2), ((top_rear + top_front) / 2, (top_front - top_rear) / 2)
    narrow = 0.84 * half_width
    glass = loft([(low, foot[0], 0, foot[1], half_width, 7), (high, head[0], 0, head[1], narrow, 7)], glass_for(look.main), "z")
    roof = loft(
        [
            (high - 0.02, head[0], 0, head[1] + 0.03, narrow + 0.02, 7),
            (high + 0.02, head[0], 0, head[1] + 0.03, narrow + 0.02, 7),
            (high + 0.06, head[0], 0, head[1] * 0.85, narrow * 0.85, 6),
        ],
        look.paint,
        "z",
    )
    pillars = []
    corner = 0.93
    for s, bottom, top in ((-1, rear, top_rear), (1, front, top_front)):
        inward = -s * 0.045
        pillars.append(
            rod((bottom + inward, half_width * corner, low), (top + inward, narrow * corner, high), 0.035, look.paint, sides=8)
        )
    middle = (foot[0] + head[0]) / 2 - 0.03
    pillars.append(rod((middle, half_width * 0.985, low), (middle, narrow * 0.985, high), 0.03, look.paint, sides=8))
    return [glass, roof, *both(*pillars)]


def _open_top(wide: float, belt: float, look: Look) -> list[Part]:
    """No roof: a dark hollow with a pale seat behind a windscreen."""
    rim = both(rod((-0.62, wide * 0.8, belt + 0.015), (0.4, wide * 0.8, belt + 0.015), 0.045, look.paint))
    screen = [(belt - 0.02, 0.44, 0, 0.025, wide * 0.82, 7), (belt + 0.24, 0.3, 0, 0.025, wide * 0.74, 7)]
    return [
        block((-0.1, 0, belt + 0.005), (1.0, wide * 1.6, 0.03), DARK),
        block((-0.6, 0, belt + 0.08), (0.1, wide * 1.5, 0.18), LEATHER, bevel=0.3),
        loft(screen, glass_for(look.main), "z"),
        *rim,
    ]


def car(rng: np.random.Generator, look: Look) -> Model:
    """A car: sedan or hatchback, or as `variant` says "sports car", "pickup truck", "taxi", "police car", "convertible"."""
    make = look.variant
    sporty, pickup = make == "sports car", make == "pickup truck"
    length = rng.uniform(0.98, 1.1) * (1.08 if pickup else 1.0)
    wide = rng.uniform(0.42, 0.47)
    r = rng.uniform(0.19, 0.22) * (1.15 if pickup else 0.88 if sporty else 1.0)
    floor, belt = (0.10, 0.40) if sporty else (0.24, 0.66) if pickup else (0.15, rng.uniform(0.52, 0.57))
    middle, half = (floor + belt) / 2, (belt - floor) / 2
    nose = 0.55 if sporty else 0.82
    sections = [
        (-length, 0, middle + 0.02, wide * 0.86, half * 0.72, 4),
        (-length * 0.95, 0, middle, wide * 0.96, half * 0.95, 5),
        (-length * 0.6, 0, middle, wide, half, 5.5),
        (length * 0.3, 0, middle, wide, half, 5.5),
        (length * 0.75, 0, middle - half * (1 - nose) * 0.6, wide * 0.98, half * (1 - (1 - nose) * 0.6), 5),
        (length * 0.96, 0, middle - half * (1 - nose), wide * 0.92, half * nose, 4),
        (length, 0, middle - half * (1 - nose), wide * 0.8, half * nose * 0.75, 4),
    ]
    parts = [loft(sections, look.paint, rows=2)]
    hub = METAL if rng.random() < 0.7 else contrast(TYRE, look.second, METAL)
    parts += _axles((-length * 0.6, length * 0.62), r, wide, hub=hub)
    high = belt + rng.uniform(0.25, 0.31) * (0.78 if sporty else 1.0)
    if pickup:
        parts += _cabin(-0.12, 0.5, wide * 0.9, belt - 0.04, high, 0.08, 0.22, look)
        bed = (-length * 0.55, 0, belt + 0.004)
        parts.append(block(bed, (length * 0.72, wide * 1.6, 0.02), DARK))
        parts += both(block((bed[0], wide * 0.9, belt + 0.06), (length * 0.8, 0.07, 0.14), look.paint))
        parts.append(block((-length * 0.94, 0, belt + 0.06), (0.07, wide * 1.8, 0.14), look.paint))
    elif make == "convertible":
        parts += _open_top(wide, belt, look)
    elif sporty:
        parts += _cabin(-0.62, 0.38, wide * 0.86, belt - 0.05, high, 0.34, 0.42, look)
        parts.append(block((-length * 0.92, 0, belt + 0.17), (0.2, wide * 1.9, 0.035), look.paint))
        parts += both(block((-length * 0.9, wide * 0.6, belt + 0.07), (0.1, 0.04, 0.2), DARK))
        parts += both(block((length * 0.84, wide * 0.93, floor + 0.03), (0.26, 0.12, 0.05), DARK))
        if rng.random() < 0.5:
            band = contrast(look.main, look.second, WHITE)
            parts += both(block((-0.12, 0.09, high + 0.055), (0.3, 0.07, 0.02), band))
            parts += both(loft([(0.42, 0.09, belt - 0.028, 0.04, 0.03, 6), (0.92, 0.09, belt - 0.115, 0.03, 0.02, 6)], band))
    else:
        hatch = make is None and rng.random() < 0.4
        rear = -length * (0.9 if hatch else 0.68)
        parts += _cabin(rear, 0.42, wide * 0.9, belt - 0.04, high, 0.16 if hatch else 0.24, 0.26, look)
    if make == "taxi":
        parts.append(block((-0.08, 0, high + 0.11), (0.14, 0.34, 0.1), WHITE, taper=0.85))
        parts.append(block((-0.08, 0, high + 0.065), (0.18, 0.38, 0.03), DARK))
        for i in range(10):
            z = middle + 0.045 * (1 if i % 2 else -1)
            parts += both(block((-0.36 + 0.08 * i, wide, z), (0.08, 0.016, 0.08), DARK if i % 2 else DARK, bevel=0.02))
            parts += both(block((-0.36 + 0.08 * i, wide, 2 * middle - z), (0.08, 0.014, 0.08), WHITE, bevel=0.02))
    if make == "police car":
        door = contrast(look.main, WHITE, DARK)
        parts += both(block((0.02, wide - 0.01, middle + 0.03), (length * 0.78, 0.05, half * 1.75), door, bevel=0.05))
        parts += both(ellipsoid((0.02, wide + 0.015, middle + 0.03), (0.09, 0.012, 0.09), (0.93, 0.72, 0.2), detail=10))
        for side, color in ((1, (0.05, 0.2, 0.95)), (-1, (0.95, 0.05, 0.05))):
            parts.append(block((-0.1, side * 0.17, high + 0.1), (0.14, 0.3, 0.1), color, taper=0.85))
        parts.append(block((-0.1, 0, high + 0.06), (0.18, 0.68, 0.03), DARK))
    lamp_z = middle - half * (1 - nose) + 0.35 * half * nose
    parts += both(ellipsoid((length * 0.965, wide * 0.62, lamp_z), (0.05, 0.1, 0.06 if sporty else 0.085), LAMP, detail=10))
    parts += both(block((-length * 0.975, wide * 0.66, middle + half * 0.35), (0.06, 0.2, 0.1), TAIL_LAMP))
    parts.append(block((length * 0.985, 0, lamp_z - 0.02), (0.05, wide * 0.7, 0.1 if not sporty else 0.06), DARK))
    bumper = METAL if rng.random() < 0.5 and not sporty else DARK
    parts += [block((s * length * 0.97, 0, floor + 0.05), (0.14, wide * 1.86, 0.08), bumper) for s in (-1, 1)]
    parts += both(block((0.3, wide * 1.03, belt + 0.02), (0.07, 0.1, 0.07), look.paint))
    return Model(parts)


def bus(rng: np.random.Generator, look: Look) -> Model:
    """A city or school bus."""
    length, wide, high = rng.uniform(1.0, 1.2), 0.38, rng.uniform(0.82, 0.92)
    glass, trim = glass_for(look.main), contrast(look.main, look.second, WHITE)
    z = 0.14 + high / 2
    body = [
        (-length, 0, z, wide * 0.9, high * 0.46, 6),
        (-length + 0.06, 0, z, wide, high / 2, 7),
        (length - 0.06, 0, z, wide, high / 2, 7),
        (length, 0, z, wide * 0.9, high * 0.46, 6),
    ]
    parts = [loft(body, look.paint, rows=3, sides=32)]
    parts += _axles((-length * 0.6, length * 0.62), 0.19, wide)
    top = 0.14 + high * 0.7
    panes = 6
    step = 1.72 * length / panes
    for i in range(panes):
        x = -0.86 * length + step * (i + 0.5)
        parts.append(block((x, 0, top), (step * 0.8, wide * 2 + 0.03, high * 0.3), glass, bevel=0.05))
    parts.append(block((length - 0.01, 0, top - 0.03), (0.05, wide * 1.66, high * 0.4), glass))
    parts.append(block((-length + 0.01, 0, top), (0.05, wide * 1.4, high * 0.28), glass))
    parts.append(block((0, 0, 0.14 + high * 0.38), (length * 1.92, wide * 2 + 0.02, 0.06), trim, bevel=0.05))
    parts.append(block((length * 0.3, -wide, z - 0.1), (0.26, 0.03, high * 0.68), darker(glass, 0.8), bevel=0.05))
    parts += both(ellipsoid((length, wide * 0.68, 0.14 + high * 0.22), (0.03, 0.075, 0.075), LAMP, detail=10))
    parts += both(block((-length, wide * 0.72, 0.14 + high * 0.25), (0.04, 0.12, 0.12), TAIL_LAMP))
    parts += [block((s * length, 0, 0.2), (0.1, wide * 1.9, 0.08), DARK) for s in (-1, 1)]
    parts.append(block((-0.2, 0, 0.14 + high + 0.01), (0.5, 0.4, 0.06), darker(look.main, 0.8)))
    return Model(parts)


def _lorry_front(x: float, wide: float, look: Look) -> list[Part]:
    """A cab whose nose is at x."""
    glass = glass_for(look.main)
    parts = [
        loft(
            [
                (0.2, x - 0.24, 0, 0.24, wide, 7),
                (0.55, x - 0.24, 0, 0.24, wide, 7),
                (0.95, x - 0.29, 0, 0.18, wide * 0.94, 7),
                (1.0, x - 0.29, 0, 0.14, wide * 0.85, 6),
            ],
            look.paint,
            "z",
            rows=2,
        )
    ]
    parts.append(block((x - 0.055, 0, 0.74), (0.07, wide * 1.6, 0.27), glass, bevel=0.1))
    parts += both(block((x - 0.27, wide * 0.96, 0.74), (0.22, 0.06, 0.24), glass, bevel=0.1))
    parts.append(block((x, 0, 0.42), (0.05, wide * 0.9, 0.16), METAL))
    parts.append(block((x, 0, 0.22), (0.1, wide * 2, 0.1), DARK))
    parts += both(ellipsoid((x, wide * 0.74, 0.42), (0.04, 0.08, 0.08), LAMP, detail=10))
    return parts


def truck(rng: np.random.Generator, look: Look) -> Model:
    """A delivery truck with a box, or as `variant` says "dump truck"."""
    wide, length = rng.uniform(0.38, 0.42), rng.uniform(1.0, 1.15)
    parts = _lorry_front(length, wide, look)
    parts.append(block((-0.05, 0, 0.24), (2 * length - 0.3, wide * 1.4, 0.12), DARK))
    rear, front = -length, length - 0.56
    middle, span = (rear + front) / 2, front - rear
    if look.variant == "dump truck":
        outline = [(rear, 0.45), (rear + 0.12, 0.36), (front, 0.36), (front, 0.95), (front - 0.05, 0.95), (rear - 0.1, 0.82)]
        parts.append(side_plate(outline, wide * 2.1, look.paint))
        parts.append(block((middle, 0, 0.89), (span * 0.86, wide * 1.9, 0.06), (0.42, 0.29, 0.18)))
        heap = ellipsoid((middle, 0, 0.88), (span * 0.4, wide * 0.86, 0.2), (0.45, 0.31, 0.19), detail=14)
        parts.append(heap)
        for x in np.linspace(rear + 0.2, front - 0.15, 4):
            parts.append(block((x, 0, 0.62), (0.06, wide * 2.2, 0.5), darker(look.main, 0.75)))
        parts.append(block((front + 0.1, 0, 1.03), (0.34, wide * 1.9, 0.05), look.paint))
    else:
        high = rng.uniform(0.82, 0.95)
        parts.append(block((middle, 0, 0.3 + high / 2), (span, wide * 2.1, high), look.paint, bevel=0.04, rows=3))
        trim = contrast(look.main, look.second, WHITE)
        parts.append(block((middle, 0, 0.3 + high * 0.5), (span * 0.9, wide * 2.12, high * 0.22), trim, bevel=0.05))
        parts += both(block((rear, wide * 0.5, 0.3 + high / 2), (0.03, wide * 0.85, high * 0.86), lighter(look.main, 0.15)))
    parts += both(block((rear + 0.01, wide * 0.8, 0.3), (0.05, 0.14, 0.08), TAIL_LAMP))
    for x in (length - 0.3, rear + 0.28, rear + 0.72):
        parts += both(*wheel((x, wide - 0.04, 0.2), 0.2, 0.18))
    return Model(parts)


def fire_truck(rng: np.random.Generator, look: Look) -> Model:
    """A fire engine: ladder on the roof, lights, hose reels, a white band."""
    wide, length = 0.4, rng.uniform(1.08, 1.2)
    parts = _lorry_front(length, wide, look)
    rear, front = -length, length - 0.5
    middle, span, high = (rear + front) / 2, front - rear, rng.uniform(0.55, 0.62)
    parts.append(block((middle, 0, 0.22 + high / 2), (span, wide * 2.04, high), look.paint, bevel=0.06))
    parts.append(block((0, 0, 0.5), (2 * length - 0.04, wide * 2.07, 0.07), WHITE, bevel=0.1))
    for x in np.linspace(rear + 0.25, front - 0.2, 3):
        parts.append(block((x, 0, 0.66), (span * 0.22, wide * 2.07, 0.17), METAL, bevel=0.05))
    turn = (middle + 0.1, 0, 0.22 + high)
    parts.append(cylinder(turn, (turn[0], 0, turn[2] + 0.14), 0.2, STEEL))
    rise = rng.uniform(6, 14)
    ladder = [rod((-1.0, y, 0), (1.05, y, 0), 0.03, METAL) for y in (-0.13, 0.13)]
    ladder += [rod((x, -0.13, 0), (x, 0.13, 0), 0.022, METAL, sides=8) for x in np.linspace(-0.95, 1.0, 12)]
    parts += move(ladder, (turn[0], 0, turn[2] + 0.2), 1, (0, -rise, 0))
    parts += both(block((length - 0.28, 0.2, 1.03), (0.12, 0.26, 0.09), (0.1, 0.25, 0.95), taper=0.85))
    for x in (length - 0.32, rear + 0.42):
        parts += both(*wheel((x, wide - 0.04, 0.21), 0.21, 0.18))
    parts += both(block((rear, wide * 0.75, 0.36), (0.04, 0.14, 0.1), TAIL_LAMP))
    reel = torus((rear - 0.01, 0, 0.6), 0.13, 0.05, (0.93, 0.8, 0.3), axis=(1, 0, 0), sides=20)
    return Model([*parts, reel])


def taxi(rng: np.random.Generator, look: Look) -> Model:
    """A taxi: a chequered band and a roof sign."""
    return car(rng, replace(look, variant="taxi"))


def police_car(rng: np.random.Generator, look: Look) -> Model:
    """A police car: doors of another color, a light bar."""
    return car(rng, replace(look, variant="police car"))
