"""Insects, spiders, snakes, snails and frogs."""

import numpy as np

from mvdream_toybox.geometry.bodies import INK, WHITE, disc, dots, eyes, petal, vary
from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Anchor, Look, Model, Part, both
from mvdream_toybox.geometry.shapes import curve, cylinder, ellipsoid, limb, tube
from mvdream_toybox.kind import Kind
from mvdream_toybox.palette import natural

FORE = np.array([(0.02, 0.0), (0.2, 0.42), (0.58, 0.72), (0.9, 0.66), (0.86, 0.3), (0.6, 0.04), (0.3, -0.06)])
HIND = np.array([(0.02, -0.02), (0.34, 0.0), (0.64, -0.1), (0.66, -0.42), (0.42, -0.62), (0.2, -0.42)])


def butterfly(rng, look: Look) -> Model:
    """Four large bordered wings, held up and back, with spots of the second and the accent color."""
    tilt, sweep, size = rng.uniform(-48, -34), rng.uniform(12, 24), rng.uniform(0.95, 1.08)
    edge = darker(look.main, 0.3) if np.mean(look.main) > 0.25 else lighter(look.main, 0.35)
    place, turn = (0.0, 0.04, 0.02), (0, tilt, sweep)
    wings: list[Part] = []
    for outline in (FORE * size, HIND * size * rng.uniform(0.92, 1.05)):
        middle = outline.mean(0)
        wings += [
            petal(outline, 0.05, edge, place, turn),
            petal(middle + (outline - middle) * 0.84, 0.085, look.paint, place, turn),
        ]
    marks = [
        ((0.68, 0.5), 0.1, look.second),
        ((0.46, 0.34), 0.075, look.accent),
        ((0.7, 0.26), 0.055, look.second),
        ((0.44, -0.28), 0.1, look.second),
        ((0.44, -0.28), 0.05, look.accent),
    ]
    for k, ((y, z), radius, color) in enumerate(marks):
        wings.append(disc((y * size, z * size), radius * size, 0.125 if k == 4 else 0.11, color, place, turn))
    axis = np.array([-np.sin(np.radians(tilt)), 0, np.cos(np.radians(tilt))])
    head = axis * 0.42
    body = tube(
        curve(-axis * 0.52, -axis * 0.2, axis * 0.02, axis * 0.3),
        np.interp(np.linspace(0, 1, 24), [0, 0.3, 0.7, 1], [0.03, 0.075, 0.09, 0.075]),
        INK,
    )
    feelers = curve(
        head + [0.05, 0.05, 0.05], head + axis * 0.25 + [0.0, 0.14, 0.02], head + axis * 0.36 + [0.06, 0.26, 0.06], samples=12
    )
    parts = [*both(*wings), body, ellipsoid(head, 0.115, INK, detail=16), *eyes(head + np.array([0.075, 0.05, 0.03]), 0.05)]
    parts += both(tube(feelers, 0.018, INK, sides=8), ellipsoid(feelers[-1], 0.04, INK, detail=8))
    return Model(parts)


def _feelers(head, r: float, paint=INK) -> list[Part]:
    path = curve(
        head + r * np.array([0.3, 0.3, 0.8]),
        head + r * np.array([0.4, 0.5, 1.4]),
        head + r * np.array([0.8, 0.7, 1.8]),
        samples=10,
    )
    return both(tube(path, r * 0.1, paint, sides=8), ellipsoid(path[-1], r * 0.22, paint, detail=8))


def _bug_legs(xs, y: float, z: float, reach: float, thickness: float, paint) -> list[Part]:
    """Bent legs down to the ground, one pair per x; they fan out forwards and backwards."""
    parts = []
    for x in xs:
        path = curve((x, y, z), (x * 1.5, y + reach * 0.55, z + reach * 0.35), (x * 2.0, y + reach, 0.02), samples=12)
        parts += both(tube(path, np.linspace(thickness, thickness * 0.55, 12), paint, sides=8))
    return parts


def bee(rng, look: Look) -> Model:
    """A plump bee: bands in black on the captioned color, clear wings, a sting."""
    r, w = vary(rng, 0.24, 0.3)
    dark = INK if np.mean(look.main) > 0.2 else (0.95, 0.85, 0.2)
    centre, head = np.array([-0.1, 0, 0.46]), np.array([0.42, 0, 0.52])
    body = ellipsoid(centre, (w * 1.5, w, w), look.paint, detail=40)
    bands = ((body.vertices[:, 0] - centre[0]) / (w * 1.5) * 2.2 + 0.2) % 1.0 < 0.45
    body.colors[bands] = dark
    wing = [(0.0, 0.0), (0.12, 0.28), (0.38, 0.52), (0.56, 0.4), (0.46, 0.12), (0.2, -0.04)]
    parts = [
        body,
        ellipsoid(head, r, look.paint, detail=20),
        cylinder(centre + [-w * 1.42, 0, 0], centre + [-w * 1.95, 0, -0.02], 0.06, INK, 0.004, sides=12),
        *_feelers(head, r),
        *both(
            petal(np.array(wing) * 1.15, 0.05, (0.84, 0.93, 0.98), (0.02, 0.08, 0.7), (0, -30, 15)),
            petal(np.array(wing) * 0.8, 0.05, (0.78, 0.88, 0.96), (-0.14, 0.08, 0.68), (0, -45, 35)),
            *[limb((x, w * 0.6, 0.26), (x + 0.04, w * 0.75, 0.1), 0.035, 0.025, INK, sides=8) for x in (0.12, -0.06, -0.24)],
        ),
        *eyes(head + r * np.array([0.7, 0.46, 0.18]), r * 0.32),
        tube(
            curve(
                head + r * np.array([0.92, -0.3, -0.35]),
                head + r * np.array([1.0, 0, -0.46]),
                head + r * np.array([0.92, 0.3, -0.35]),
                samples=8,
            ),
            0.014,
            INK,
            sides=6,
        ),
    ]
    return Model(
        parts,
        {
            "head": Anchor((head[0] - 0.02, 0, head[2] + r * 0.66), r * 0.78),
            "eyes": Anchor(tuple(head + r * np.array([0.82, 0, 0.18])), r * 0.46),
        },
    )


def ladybug(rng, look: Look) -> Model:
    """A round beetle with black dots on its wing cases."""
    (w,) = vary(rng, 0.46)
    dark = INK if np.mean(look.main) > 0.2 else (0.9, 0.15, 0.12)
    dome = ellipsoid((0, 0, 0.16), (w * 1.1, w, w * 0.82), look.paint, detail=28)
    dome.vertices[:, 2] = np.maximum(dome.vertices[:, 2], 0.12)
    marks = []
    for x, y in ((0.5, 0.4), (0.02, 0.66), (-0.1, 0.27), (-0.55, 0.5), (-0.6, 0.12)):
        z = np.sqrt(1 - x * x - y * y)
        marks.append(ellipsoid((x * w * 1.1, y * w, 0.16 + z * w * 0.82), (0.09, 0.09, 0.075), dark, detail=12))
    seam = tube(
        np.array([(w * 1.105 * np.cos(a), 0, 0.16 + w * 0.825 * np.sin(a)) for a in np.linspace(0.5, np.pi, 20)]),
        0.016,
        dark,
        sides=8,
    )
    head, r = np.array([w * 1.12, 0, 0.28]), 0.2
    parts = [
        dome,
        *both(*marks),
        seam,
        ellipsoid(head, r, INK, detail=20),
        *_feelers(head, r),
        *eyes(head + r * np.array([0.66, 0.46, 0.3]), r * 0.34),
        *_bug_legs((0.2, 0.0, -0.2), w * 0.8, 0.12, 0.2, 0.045, INK),
    ]
    return Model(
        parts,
        {
            "head": Anchor((head[0] - 0.03, 0, head[2] + r * 0.68), r * 0.76),
            "eyes": Anchor(tuple(head + r * np.array([0.8, 0, 0.3])), r * 0.46),
        },
    )


def spider(rng, look: Look) -> Model:
    """A friendly spider: eight long legs, a big round abdomen, four eyes."""
    r, w, reach = vary(rng, 0.24, 0.36, 0.62)
    leg = darker(look.main, 0.72)
    head = np.array([0.3, 0, 0.42])
    parts = [
        ellipsoid((-0.26, 0, 0.5), (w * 1.1, w, w * 0.95), look.paint, detail=26),
        ellipsoid(head, r, look.paint, detail=20),
        *eyes(head + r * np.array([0.72, 0.36, 0.22]), r * 0.3),
        *dots(head + r * np.array([0.5, 0.62, 0.62]), r * 0.16),
    ]
    for k, a in enumerate((0.75, 0.28, -0.22, -0.72)):
        d = np.array([np.sin(a), np.cos(a), 0])
        path = curve(
            head + [-0.06 - 0.06 * k, 0.1, 0],
            head * [0.4, 1, 1] + d * reach * 0.7 + [0, 0, 0.34],
            head * [0.4, 1, 0] + d * reach * 1.45 + [0, 0, 0.02],
            samples=16,
        )
        parts += both(tube(path, np.linspace(0.06, 0.03, 16), leg, sides=10))
    parts += both(
        cylinder(
            head + r * np.array([0.8, 0.16, -0.45]), head + r * np.array([0.9, 0.14, -0.85]), r * 0.1, WHITE, 0.004, sides=8
        )
    )
    return Model(
        parts,
        {
            "head": Anchor((head[0] - 0.02, 0, head[2] + r * 0.72), r * 0.74),
            "eyes": Anchor(tuple(head + r * np.array([0.84, 0, 0.22])), r * 0.36),
        },
    )


def snail(rng, look: Look) -> Model:
    """A snail: spiral shell of the captioned color, eyes on stalks."""
    skin = (0.86, 0.76, 0.56) if np.linalg.norm(np.subtract(look.main, (0.86, 0.76, 0.56))) > 0.3 else (0.5, 0.6, 0.4)
    turns = np.linspace(0, 2.6 * 2 * np.pi, 90)
    grow = np.exp(-0.155 * turns)
    centre, size = np.array([-0.14, 0, 0.5]), float(rng.uniform(0.24, 0.28))
    spiral = centre + np.column_stack(
        [-size * 1.05 * grow * np.sin(turns + 0.5), 0 * turns, -size * 1.05 * grow * np.cos(turns + 0.5)]
    )
    parts = both(tube(spiral + np.outer(1 - grow, [0, 0.16, 0]), size * 0.66 * grow, look.paint, sides=16))
    groove = spiral + np.outer(1 - grow, [0, 0.16, 0]) + np.outer(grow, [0, size * 0.645, 0])
    parts += both(tube(groove[8:], 0.028 * grow[8:] + 0.006, darker(look.main, 0.55), sides=6))
    foot = curve((-0.85, 0, 0.06), (-0.3, 0, 0.11), (0.2, 0, 0.12), (0.46, 0, 0.24), (0.58, 0, 0.5), samples=24)
    head = foot[-1]
    parts += [
        tube(foot, np.interp(np.linspace(0, 1, 24), [0, 0.4, 1], [0.03, 0.15, 0.15]), skin, sides=20),
        ellipsoid(head, (0.17, 0.17, 0.16), skin, detail=18),
    ]
    parts += both(
        limb(head + [0.03, 0.07, 0.1], head + [0.08, 0.12, 0.3], 0.035, 0.03, skin, sides=10),
        limb(head + [0.12, 0.05, -0.02], head + [0.24, 0.07, 0.0], 0.025, 0.02, skin, sides=8),
    )
    parts += eyes(head + [0.09, 0.125, 0.36], 0.085) + [
        tube(
            curve(head + [0.15, -0.06, -0.05], head + [0.17, 0, -0.075], head + [0.15, 0.06, -0.05], samples=8),
            0.012,
            INK,
            sides=6,
        )
    ]
    return Model(parts, {"eyes": Anchor(tuple(head + [0.13, 0, 0.36]), 0.125), "neck": Anchor((0.5, 0, 0.32), 0.16, 25.0)})


def frog(rng, look: Look) -> Model:
    """A sitting frog: eyes on top of a wide head, folded hind legs, a long mouth."""
    paint, pale = look.paint, lighter(look.main, 0.62)
    w, r = vary(rng, 0.38, 0.36)
    head = np.array([0.2, 0, 0.56])
    mouth = curve(
        head + r * np.array([0.42, -0.98, -0.12]),
        head + r * np.array([0.98, -0.5, -0.26]),
        head + r * np.array([1.1, 0, -0.3]),
        head + r * np.array([0.98, 0.5, -0.26]),
        head + r * np.array([0.42, 0.98, -0.12]),
        samples=16,
    )
    parts = [
        ellipsoid((-0.08, 0, 0.32), (0.46, w, 0.28), paint, (0, -25, 0), detail=24),
        ellipsoid((0.08, 0, 0.27), (0.34, w * 0.84, 0.25), pale, (0, -25, 0), detail=18),
        ellipsoid(head, (r * 1.08, r * 1.18, r * 0.72), paint, detail=24),
        tube(mouth, 0.02, darker(look.main, 0.4), sides=6),
        *both(
            ellipsoid(head + r * np.array([0.3, 0.62, 0.6]), r * 0.4, paint, detail=16),
            ellipsoid((-0.2, w * 0.95, 0.22), (0.28, 0.13, 0.2), paint, (0, 30, 0), detail=16),
            ellipsoid((0.08, w * 1.12, 0.045), (0.28, 0.1, 0.045), paint, (0, 0, 20), detail=12),
            limb((0.2, w * 0.72, 0.34), (0.36, w * 0.78, 0.06), 0.085, 0.07, paint),
            *[
                ellipsoid((0.44 + 0.06 * (y == 0), w * 0.78 + y, 0.04), (0.09, 0.04, 0.04), paint, detail=8)
                for y in (-0.08, 0, 0.08)
            ],
        ),
        *eyes(head + r * np.array([0.42, 0.64, 0.7]), r * 0.3, outward=0.35),
    ]
    anchors = {
        "head": Anchor((head[0] - r * 0.25, 0, head[2] + r * 0.66), r * 0.66),
        "eyes": Anchor(tuple(head + r * np.array([0.55, 0, 0.7])), r * 0.64),
        "neck": Anchor((0.12, 0, 0.38), 0.36, 15.0),
        "back": Anchor((-0.26, 0, 0.52), 0.28, 60.0),
    }
    return Model(parts, anchors)


KINDS: dict[str, Kind] = {
    "butterfly": Kind(
        ("butterfly", "moth"),
        butterfly,
        natural("orange", "blue"),
        False,
        extras=(("after", "with spread wings"), ("before", "delicate")),
    ),
    "bee": Kind(("bee", "bumblebee", "honey bee"), bee, natural("yellow"), False, ("head", "eyes")),
    "ladybug": Kind(
        ("ladybug", "beetle", "ladybird"), ladybug, natural("red"), False, ("head", "eyes"), extras=(("after", "with dots"),)
    ),
    "spider": Kind(
        ("spider", "tarantula"), spider, natural("black"), True, ("head", "eyes"), extras=(("after", "with eight legs"),)
    ),
    "snail": Kind(
        ("snail", "garden snail"), snail, natural("brown"), False, ("eyes", "neck"), extras=(("after", "with a spiral shell"),)
    ),
    "frog": Kind(("frog", "toad", "tree frog"), frog, natural("green"), True, ("head", "neck", "back")),
}
