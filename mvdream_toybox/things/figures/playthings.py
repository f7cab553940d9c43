"""Figures made by hand: snowmen, stuffed bears, gingerbread men."""

import numpy as np

from mvdream_toybox.geometry.chibi import INK, SNOW
from mvdream_toybox.geometry.paints import lighter
from mvdream_toybox.geometry.parts import Anchor, Look, Model, Part, both
from mvdream_toybox.geometry.shapes import curve, cylinder, ellipsoid, limb, plate, tube
from mvdream_toybox.kind import ANYWHERE, Kind
from mvdream_toybox.palette import natural
from mvdream_toybox.things.figures.robots import vary
from mvdream_toybox.things.worn.hats import RED


def snowman(rng, look: Look) -> Model:
    """Balls of snow of the color, carrot nose, coal eyes, mouth and buttons, stick arms."""
    a, b, c = 0.44 * vary(rng), 0.33 * vary(rng), 0.26 * vary(rng, 0.05)
    z0, z1 = a * 0.92, a * 1.75 + b * 0.62
    z2 = z1 + b * 0.75 + c * 0.68
    snow, wood = look.paint, (0.4, 0.26, 0.15)
    coal = INK if sum(look.main) > 0.6 else SNOW
    parts = [ellipsoid((0, 0, z), (r, r, 0.95 * r), snow) for z, r in ((z0, a), (z1, b), (z2, c))]
    parts += [cylinder((c * 0.9, 0, z2), (c * 0.9 + 0.32, 0, z2 - 0.03), 0.07, (0.96, 0.5, 0.1), 0.012, sides=14)]
    parts += both(ellipsoid((c * 0.88, c * 0.38, z2 + c * 0.3), 0.05, coal, detail=10))
    parts += [
        ellipsoid((c * 0.86 - 0.6 * y * y, y, z2 - c * 0.48 + 1.6 * y * y), 0.026, coal, detail=8)
        for y in (-0.13, -0.07, 0.0, 0.07, 0.13)
    ]
    parts += [ellipsoid((b * np.sqrt(1 - k * k), 0, z1 + k * b), 0.043, coal, detail=8) for k in (0.4, 0.05, -0.3)]
    hand = np.array([0.08, b + 0.42, z1 + rng.uniform(0.1, 0.34)])
    twig = [
        limb((0, b * 0.8, z1 + 0.04), hand, 0.035, 0.025, wood, sides=8),
        *(limb(hand, hand + d, 0.024, 0.014, wood, sides=8) for d in ((0, 0.1, 0.1), (0.05, 0.13, 0.0), (-0.02, 0.02, 0.14))),
    ]
    parts += both(*twig)
    anchors = {
        "head": Anchor((0, 0, z2 + 0.5 * c), 0.92 * c, -4.0),
        "eyes": Anchor((c * 0.9, 0, z2 + c * 0.3), c * 0.4),
        "neck": Anchor((0, 0, z2 - c * 0.84), c * 0.82),
        "hand": Anchor(tuple(hand), 0.1),
        "back": Anchor((-b, 0, z1), b * 0.8),
    }
    return Model(parts, anchors)


def teddy_bear(rng, look: Look) -> Model:
    """A seated stuffed bear of the color: round ears, pale muzzle, belly and soles, seams."""
    paint, pale = look.paint, lighter(look.main, 0.5) if sum(look.main) < 2.4 else (0.85, 0.72, 0.58)
    r = 0.37 * vary(rng, 0.05)
    head = np.array([0.05, 0, 0.66 + r * 0.8])
    parts = [
        ellipsoid((0, 0, 0.38), (0.33, 0.36, 0.4), paint, detail=26),
        ellipsoid((0.14, 0, 0.36), (0.22, 0.25, 0.28), pale),
        ellipsoid(head, (r * 0.94, r * 1.05, r * 0.95), paint, detail=26),
    ]
    parts += [
        ellipsoid(head + np.array([0.8, 0, -0.26]) * r, np.array([0.38, 0.46, 0.36]) * r, pale, detail=16),
        ellipsoid(head + np.array([1.14, 0, -0.1]) * r, np.array([0.12, 0.18, 0.13]) * r, INK, detail=12),
    ]
    parts += [
        tube(
            curve(
                head + np.array([1.08, -0.2, -0.34]) * r,
                head + np.array([1.15, 0, -0.46]) * r,
                head + np.array([1.08, 0.2, -0.34]) * r,
                samples=8,
            ),
            0.016,
            INK,
            sides=8,
        )
    ]
    eye = head + np.array([0.83, 0.36, 0.16]) * r
    parts += both(
        ellipsoid(eye, 0.14 * r, INK, detail=12), ellipsoid(eye + np.array([0.1, 0.03, 0.07]) * r, 0.045 * r, SNOW, detail=6)
    )
    ear = head + np.array([-0.05, 0.78, 0.74]) * r
    parts += both(
        ellipsoid(ear, np.array([0.2, 0.37, 0.37]) * r, paint, detail=16),
        ellipsoid(ear + np.array([0.12, 0, 0]) * r, np.array([0.14, 0.23, 0.23]) * r, pale, detail=14),
    )
    hand = np.array([0.26, 0.46, 0.36 + rng.uniform(-0.06, 0.14)])
    parts += both(
        limb((0.0, 0.26, 0.6), hand, 0.125, 0.135, paint, sides=18),
        limb((0.05, 0.22, 0.15), (0.42, 0.33, 0.15), 0.16, 0.15, paint, sides=18),
        ellipsoid((0.52, 0.35, 0.17), (0.1, 0.15, 0.18), paint, detail=14),
        ellipsoid((0.59, 0.355, 0.17), (0.05, 0.095, 0.12), pale, detail=12),
    )
    parts += [ellipsoid((-0.33, 0, 0.2), 0.1, paint, detail=12)]
    anchors = {
        "head": Anchor(tuple(head + np.array([-0.04, 0, 0.52]) * r), 0.93 * r, -8.0),
        "eyes": Anchor((float(eye[0]) + 0.02, 0, float(eye[2])), float(eye[1])),
        "neck": Anchor((0.03, 0, 0.68), 0.24),
        "back": Anchor((-0.32, 0, 0.42), 0.3),
        "hand": Anchor(tuple(hand), 0.13),
    }
    return Model(parts, anchors)


def gingerbread_man(rng, look: Look) -> Model:
    """A flat biscuit of the color: a round head, four stubs, icing along the limbs, a face, candy buttons."""
    flat, paint, ice = 0.16, look.paint, SNOW if sum(look.main) < 2.5 else (0.85, 0.3, 0.4)
    r, hand = 0.3 * vary(rng), np.array([0.0, 0.5, 0.66 + rng.uniform(0, 0.14)])

    def slab(part: Part, color_x: float = flat) -> Part:
        part.vertices[:, 0] = np.tanh(part.vertices[:, 0] * 8) * color_x / 2
        return part

    foot = np.array([0.0, 0.26, 0.12])
    top = 0.82 + r * 0.85
    parts = [
        slab(ellipsoid((0, 0, top), (0.3, r, r), paint, detail=26)),
        slab(limb((0, 0, 0.78), (0, 0, 0.46), 0.22, 0.24, paint, sides=36)),
        *(
            slab(p)
            for p in both(
                limb((0, 0.1, 0.7), hand, 0.16, 0.14, paint, sides=32), limb((0, 0.1, 0.45), foot, 0.18, 0.14, paint, sides=32)
            )
        ),
    ]
    x = flat / 2 + 0.005
    for tip, a in ((hand, np.array([0, 0.1, 0.7])), (foot, np.array([0, 0.1, 0.45]))):
        along = (tip - a) / np.linalg.norm(tip - a)
        across = np.array([0, -along[2], along[1]])
        for front in (x, -x):
            zig = [tip + along * 0.04 * (-1) ** k + across * (k - 2) * 0.055 + (front, 0, 0) for k in range(5)]
            parts += both(tube(np.array(zig), 0.022, ice, sides=8))
    parts += both(
        ellipsoid((x, 0.1, top + 0.06), (0.03, 0.045, 0.055), INK, detail=10),
        ellipsoid((x, 0.19, top - 0.06), (0.015, 0.045, 0.035), (0.95, 0.55, 0.55), detail=8),
    )
    parts += [
        tube(curve((x, -0.14, top - 0.08), (x + 0.01, 0, top - 0.15), (x, 0.14, top - 0.08), samples=10), 0.022, ice, sides=8)
    ]
    parts += [
        ellipsoid((x, 0, z), (0.04, 0.05, 0.05), c, detail=10) for z, c in ((0.66, RED), (0.55, (0.25, 0.65, 0.3)), (0.44, RED))
    ]
    tie = plate([(0, -0.03), (0.12, -0.08), (0.12, 0.08), (0, 0.03)], 0.05, RED, (x, 0, top - 0.9 * r))
    return Model([*parts, *both(tie)], {"hand": Anchor(tuple(hand), 0.1), "head": Anchor((0, 0, top + 0.5 * r), 0.86 * r)})


KINDS: dict[str, Kind] = {
    "snowman": Kind(("snowman",), snowman, ("white",), wears=ANYWHERE, extras=(("after", "with a carrot nose"),)),
    "teddy bear": Kind(("teddy bear", "stuffed bear", "plush bear", "teddy"), teddy_bear, natural("brown"), True, ANYWHERE),
    "gingerbread man": Kind(
        ("gingerbread man", "gingerbread cookie man"), gingerbread_man, natural("brown"), wears=("head", "hand")
    ),
}
