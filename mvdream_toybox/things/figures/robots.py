"""Robots and aliens."""

import numpy as np

from mvdream_toybox.geometry.chibi import INK, SNOW, pick
from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Anchor, Look, Model, both, move
from mvdream_toybox.geometry.shapes import box, curve, cylinder, ellipsoid, lathe, limb, plate, torus, tube
from mvdream_toybox.kind import ANYWHERE, Kind
from mvdream_toybox.palette import natural
from mvdream_toybox.things.worn.hats import GOLD, RED

STEEL, IRON, SCREEN = (0.66, 0.68, 0.72), (0.3, 0.31, 0.34), (0.09, 0.11, 0.16)
GLOWS = ((0.3, 0.95, 1.0), (1.0, 0.85, 0.25), (0.5, 1.0, 0.45), (1.0, 0.45, 0.3))


def vary(rng: np.random.Generator, share: float = 0.08) -> float:
    """A factor near 1."""
    return float(rng.uniform(1 - share, 1 + share))


def robot(rng, look: Look) -> Model:
    """A toy robot: boxy, round or on tracks; a screen face with glowing eyes, antennas, jointed arms with claws."""
    make = look.variant or pick(rng, ("boxy robot", "round robot", "tracked robot"))
    glow, paint, dark = pick(rng, GLOWS), look.paint, darker(look.main, 0.6)
    w, h, hw = 0.56 * vary(rng), 0.52 * vary(rng), 0.6 * vary(rng)
    hip = 0.4 if make != "tracked robot" else 0.34
    top, parts = hip + h, []
    hd = 0.44 * vary(rng)
    head_z = top + 0.07 + hd / 2
    if make == "round robot":
        parts += [
            ellipsoid((0, 0, hip + h / 2), (w * 0.52, w * 0.58, h * 0.58), paint),
            ellipsoid((0, 0, head_z), (hw * 0.46, hw * 0.54, hd * 0.56), paint),
        ]
        parts += [ellipsoid((hw * 0.17, 0, head_z), (hw * 0.34, hw * 0.42, hd * 0.36), SCREEN)]
        chest_x, eye_x, half = w * 0.51, hw * 0.48, hw * 0.54
    else:
        parts += [
            box((0, 0, hip + h / 2), (w * 0.72, w, h), paint, taper=1.08),
            box((0, 0, head_z), (hw * 0.78, hw, hd), paint, bevel=0.16),
        ]
        parts += [box((hw * 0.38, 0, head_z + 0.01), (0.06, hw * 0.82, hd * 0.62), SCREEN, bevel=0.35)]
        chest_x, eye_x, half = w * 0.38, hw * 0.415, hw * 0.5
    eye = np.array([eye_x, hw * 0.2, head_z + 0.05])
    if rng.random() < 0.5:
        parts += both(
            ellipsoid(eye, (0.035, 0.085, 0.09), glow, detail=14),
            ellipsoid(eye + (0.03, 0, 0), (0.02, 0.035, 0.04), SNOW, detail=8),
        )
    else:
        parts += both(box(eye, (0.05, 0.13, 0.12), glow, bevel=0.2))
    parts += [box((eye_x, 0, head_z - hd * 0.2), (0.05, 0.22, 0.045), glow)]
    parts += both(
        cylinder((0, half, head_z), (0, half + 0.07, head_z), 0.11, STEEL),
        cylinder((0, half + 0.07, head_z), (0, half + 0.09, head_z), 0.06, look.accent),
    )
    parts += [cylinder((0, 0, top - 0.06), (0, 0, head_z - hd * 0.4), 0.13, IRON)]
    tip, crown = rng.uniform(0.16, 0.26), head_z + hd * (0.5 if make != "round robot" else 0.54)
    if rng.random() < 0.6:
        parts += [
            cylinder((0, 0, crown - 0.03), (0, 0, crown + tip), 0.025, STEEL, sides=10),
            ellipsoid((0, 0, crown + tip), 0.075, look.accent, detail=12),
        ]
    else:
        parts += both(
            cylinder((0, 0.14, crown - 0.05), (0, 0.24, crown + tip), 0.022, STEEL, sides=10),
            ellipsoid((0, 0.24, crown + tip), 0.06, look.accent, detail=12),
        )
    parts += [box((chest_x, 0, hip + h * 0.58), (0.07, w * 0.6, h * 0.42), STEEL, bevel=0.2)]
    for y, c in zip((-0.1, 0.0, 0.1), (RED, GOLD, (0.25, 0.75, 0.35))):
        parts += [ellipsoid((chest_x + 0.035, y, hip + h * 0.66), (0.03, 0.035, 0.035), c, detail=8)]
    parts += [box((chest_x + 0.035, 0, hip + h * 0.48), (0.03, 0.22, 0.05), SCREEN)]
    parts += [
        box((-chest_x, 0, hip + h * 0.55), (0.14, w * 0.6, h * 0.55), dark, bevel=0.2),
        *both(cylinder((-chest_x - 0.05, 0.09, hip + h * 0.7), (-chest_x - 0.1, 0.09, hip + h * 0.7), 0.06, STEEL)),
    ]
    shoulder = np.array([0, w * 0.54 + 0.03, top - 0.12])
    elbow = shoulder + (0.02, 0.16, -0.17)
    hand = elbow + np.array([0.18, 0.03, rng.uniform(-0.18, 0.08)])
    arm = curve(shoulder, elbow, hand, samples=10)
    parts += both(
        tube(arm, 0.055, IRON, sides=12),
        ellipsoid(shoulder, 0.12, paint, detail=14),
        cylinder(arm[-3], hand, 0.09, paint, 0.1),
        ellipsoid(elbow, 0.07, STEEL, detail=10),
    )
    for turn in (-1, 1):
        claw = curve(hand, hand + (0.08, 0.08 * turn, 0), hand + (0.19, 0.05 * turn, 0), samples=8)
        parts += both(tube(claw, np.linspace(0.045, 0.02, 8), STEEL, sides=8))
    if make == "tracked robot":
        turn = np.linspace(0, 2 * np.pi, 30, endpoint=False)
        track = np.stack([np.clip(0.47 * np.cos(turn), -0.4, 0.4), 0.15 + 0.15 * np.sin(turn)], -1)
        belt = plate(track, 0.2, IRON, (0, 0.25, 0), (0, 0, -90))
        wheels = [cylinder((x, 0.33, 0.15), (x, 0.38, 0.15), 0.095, dark) for x in (-0.24, 0.0, 0.24)]
        hubs = [cylinder((x, 0.37, 0.15), (x, 0.4, 0.15), 0.045, STEEL) for x in (-0.24, 0.0, 0.24)]
        parts += [*both(belt, *wheels, *hubs), box((0, 0, 0.24), (0.5, 0.34, 0.22), STEEL)]
    else:
        parts += both(
            cylinder((0, 0.15, 0.1), (0, 0.15, hip + 0.04), 0.075, IRON),
            torus((0, 0.15, 0.26), 0.08, 0.03, STEEL, sides=24),
            box((0.06, 0.16, 0.08), (0.34, 0.22, 0.16), paint, bevel=0.3, taper=0.8),
        )
    anchors = {
        "head": Anchor((0, 0, crown - 0.1), half * 1.02),
        "eyes": Anchor((eye_x + 0.02, 0, float(eye[2])), float(eye[1])),
        "neck": Anchor((0, 0, top + 0.03), 0.19),
        "back": Anchor((-chest_x - 0.06, 0, hip + h * 0.55), w * 0.42),
        "hand": Anchor(tuple(hand + (0.06, 0, 0)), 0.1),
    }
    return Model(parts, anchors)


def mecha(rng, look: Look) -> Model:
    """A giant fighting robot: broad shoulders, a crest on a small head, thrusters, heavy feet, a cannon arm."""
    paint, dark, glow = look.paint, darker(look.main, 0.5), pick(rng, GLOWS)
    second = look.second if sum(np.abs(np.subtract(look.second, look.main))) > 0.4 else STEEL
    s = vary(rng)
    parts = [
        box((0, 0, 0.98), (0.42, 0.62 * s, 0.42), paint, taper=1.2),
        box((0.24, 0, 1.02), (0.14, 0.3, 0.26), second, (0, -12, 0), taper=1.3),
        box((0, 0, 0.72), (0.3, 0.34, 0.18), IRON),
        box((0, 0, 0.6), (0.34, 0.44, 0.16), paint, taper=1.15),
        *both(box((0.27, 0.2, 1.06), (0.1, 0.16, 0.1), GOLD, (0, -12, 0))),
        box((0, 0, 1.34), (0.28, 0.26, 0.26), paint, bevel=0.22),
        box((0.12, 0, 1.28), (0.12, 0.16, 0.12), STEEL),
        box((0.14, 0, 1.37), (0.06, 0.22, 0.06), SCREEN),
        *both(
            box((0.16, 0.06, 1.37), (0.05, 0.075, 0.04), glow),
            plate([(0.0, 0), (0.27, 0.28), (0.3, 0.26), (0.06, -0.05)], 0.05, GOLD, (0.15, 0.0, 1.45)),
        ),
        box((0.16, 0, 1.46), (0.06, 0.07, 0.1), RED),
        cylinder((0, 0, 1.15), (0, 0, 1.25), 0.12, IRON),
        box((-0.3, 0, 1.02), (0.26, 0.44, 0.42), dark, bevel=0.2),
        *both(
            cylinder((-0.38, 0.13, 0.72), (-0.36, 0.13, 0.9), 0.12, STEEL, 0.07),
            ellipsoid((-0.385, 0.13, 0.7), (0.085, 0.085, 0.1), (1.0, 0.6, 0.15), detail=10),
            plate([(0.05, 0), (0.5, 0.3), (0.56, 0.46), (0.12, 0.22)], 0.06, second, (-0.34, 0.05, 1.05)),
        ),
    ]
    parts += both(
        box((0, 0.5 * s, 1.12), (0.4, 0.34, 0.3), paint, (-10, 0, 0), taper=0.75),
        box((0.0, 0.52 * s, 1.0), (0.36, 0.36, 0.07), second, (-10, 0, 0)),
        limb((0, 0.5 * s, 1.05), (0.02, 0.56 * s, 0.8), 0.09, 0.08, IRON, sides=12),
        box((0.05, 0.57 * s, 0.66), (0.24, 0.24, 0.34), paint, (0, -8, 0), taper=0.85),
        limb((0, 0.17, 0.58), (0.03, 0.22, 0.4), 0.11, 0.1, IRON, sides=12),
        box((0.02, 0.24, 0.28), (0.3, 0.26, 0.36), paint, taper=0.78),
        box((0.14, 0.23, 0.42), (0.14, 0.18, 0.16), second, (0, -10, 0)),
        box((0.08, 0.25, 0.08), (0.48, 0.3, 0.16), dark, taper=0.75),
        box((0.26, 0.25, 0.09), (0.16, 0.26, 0.14), second, taper=0.7),
    )
    hand = np.array([0.12, 0.58 * s, 0.44])
    parts += [box(hand, (0.16, 0.15, 0.14), IRON, bevel=0.25)]
    muzzle = hand * (1, -1, 1)
    parts += [
        cylinder(muzzle - (0.1, 0, -0.04), muzzle + (0.36, 0, 0.04), 0.12, IRON, 0.09),
        cylinder(muzzle + (0.36, 0, 0.04), muzzle + (0.44, 0, 0.04), 0.12, STEEL),
        ellipsoid(muzzle + (0.43, 0, 0.04), (0.04, 0.07, 0.07), glow, detail=10),
    ]
    return Model(parts, {"hand": Anchor(tuple(hand), 0.1)})


def alien(rng, look: Look) -> Model:
    """A slim little body and a huge head of the color, black almond eyes, antennas."""
    paint, r = look.paint, 0.46 * vary(rng, 0.05)
    head = np.array([0.02, 0, 0.98 + r * 0.3])
    skull = lathe(
        [
            (0, -0.9),
            (0.16, -0.86),
            (0.34, -0.68),
            (0.62, -0.35),
            (0.9, 0.05),
            (1.0, 0.4),
            (0.93, 0.72),
            (0.66, 0.98),
            (0.32, 1.09),
            (0, 1.12),
        ],
        paint,
        sides=36,
        smooth=True,
    )
    parts = move([skull], head, r * np.array([0.92, 1.0, 0.88]))
    eye = head + r * np.array([0.7, 0.42, 0.06])
    parts += both(
        ellipsoid(eye, (0.17 * r, 0.29 * r, 0.4 * r), INK, (32, -10, 24), detail=16),
        ellipsoid(eye + np.array([0.17, 0.1, 0.16]) * r, 0.07 * r, SNOW, detail=8),
    )
    parts += [
        tube(
            curve(
                head + r * np.array([0.44, -0.12, -0.52]),
                head + r * np.array([0.5, 0, -0.56]),
                head + r * np.array([0.44, 0.12, -0.52]),
                samples=8,
            ),
            0.02,
            darker(look.main, 0.4),
            sides=8,
        )
    ]
    bend = rng.uniform(0.1, 0.22)
    stalk = curve(
        head + r * np.array([0, 0.35, 0.85]),
        head + r * np.array([0.05, 0.5, 1.2]),
        head + r * np.array([bend, 0.66, 1.45]),
        samples=10,
    )
    parts += both(tube(stalk, 0.028, paint, sides=10), ellipsoid(stalk[-1], 0.075, look.accent, detail=12))
    g = vary(rng)
    parts += [
        lathe(
            [(0, 0.3), (0.14, 0.3), (0.19 * g, 0.38), (0.16 * g, 0.55), (0.13, 0.68), (0.07, 0.74), (0, 0.76)],
            paint,
            smooth=True,
        ),
        ellipsoid((0.13, 0, 0.46), (0.07, 0.12, 0.13), lighter(look.main, 0.5), detail=14),
    ]
    hand = np.array([0.1, 0.4, 0.4 + rng.uniform(-0.02, 0.2)])
    parts += both(
        limb((0, 0.12, 0.64), hand, 0.06, 0.05, paint, sides=14),
        ellipsoid(hand, 0.075, paint, detail=12),
        limb((0, 0.09, 0.36), (0, 0.12, 0.08), 0.075, 0.06, paint, sides=14),
        ellipsoid((0.06, 0.125, 0.06), (0.16, 0.1, 0.065), paint, detail=12),
        *(limb(hand, hand + (0.08, d, -0.07), 0.03, 0.025, paint, sides=8) for d in (-0.05, 0.0, 0.06)),
    )
    anchors = {
        "head": Anchor(tuple(head + (-0.02, 0, 0.52 * r)), 0.98 * r, -6.0),
        "eyes": Anchor((float(eye[0]) + 0.05, 0, float(eye[2])), float(eye[1])),
        "neck": Anchor((0, 0, 0.71), 0.13),
        "back": Anchor((-0.16, 0, 0.54), 0.2),
        "hand": Anchor(tuple(hand), 0.09),
    }
    return Model(parts, anchors)


KINDS: dict[str, Kind] = {
    "robot": Kind(
        ("robot", "android", "toy robot", "droid"),
        robot,
        patterns=True,
        wears=ANYWHERE,
        variants={
            "boxy robot": ("boxy robot", "square robot"),
            "round robot": ("round robot",),
            "tracked robot": ("robot on tracks", "tracked robot"),
        },
        extras=(("after", "with antennas"), ("after", "with glowing eyes")),
    ),
    "mecha": Kind(
        ("mecha", "battle robot", "giant robot", "mech"), mecha, wears=("hand",), extras=(("after", "with a cannon arm"),)
    ),
    "alien": Kind(
        ("alien", "martian", "extraterrestrial"),
        alien,
        natural("green"),
        True,
        ANYWHERE,
        extras=(("after", "with big black eyes"), ("after", "with antennas")),
    ),
}
