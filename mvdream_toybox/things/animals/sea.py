"""Animals of the sea."""

import numpy as np

from mvdream_toybox.geometry.bodies import INK, IVORY, WHITE, eyes, petal, vary
from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Anchor, Look, Model, Part, both
from mvdream_toybox.geometry.shapes import curve, cylinder, ellipsoid, limb, torus, tube
from mvdream_toybox.kind import Kind
from mvdream_toybox.palette import natural


def fin(outline, thickness: float, paint, at) -> Part:
    """An upright fin in the x-z plane: outline [(x, z), ...] relative to `at`."""
    part = petal([(-x, z) for x, z in outline], thickness, paint, rotate_deg=(0, 0, 90))
    part.vertices = part.vertices + np.asarray(at, float)
    return part


def _swimmer(profile, sides: float, paint, belly=None) -> Part:
    """A body along x, nose first: profile [(x, radius), ...]; `sides` is the width against the height."""
    p = curve(*profile, samples=34)
    part = tube(np.column_stack([p[:, 0], 0 * p[:, 0], 0 * p[:, 0]]), np.maximum(p[:, 1], 0.005), paint, sides=36)
    part.vertices[:, 1] *= sides
    if belly is not None:
        low = part.vertices[:, 2] < -0.28 * np.interp(part.vertices[:, 0], p[::-1, 0], p[::-1, 1])
        part.colors[low] = belly
    return part


def fish(rng, look: Look) -> Model:
    """A round fish with large fins of the second color."""
    h, tail = vary(rng, 0.36, 0.4, share=0.12)
    dark = look.second if np.linalg.norm(np.subtract(look.second, look.main)) > 0.25 else darker(look.main, 0.6)
    body = _swimmer(
        [(0.52, 0.06), (0.42, h * 0.58), (0.15, h), (-0.15, h * 0.82), (-0.42, h * 0.36), (-0.55, h * 0.24)], 0.62, look.paint
    )
    parts = [
        body,
        fin(
            [
                (0.05, 0.02),
                (-0.22, tail * 0.9),
                (-0.42, tail),
                (-0.3, 0.0),
                (-0.42, -tail),
                (-0.22, -tail * 0.9),
                (0.05, -0.02),
            ],
            0.1,
            dark,
            (-0.55, 0, 0),
        ),
        fin([(0.25, -0.1), (0.1, 0.2), (-0.2, 0.25), (-0.34, 0.05), (-0.2, -0.1)], 0.08, dark, (0, 0, h * 0.92)),
        fin([(0.08, 0.1), (0.0, -0.15), (-0.2, -0.22), (-0.2, 0.06)], 0.07, dark, (-0.05, 0, -h * 0.88)),
        *both(
            petal(
                [(0, 0.08), (0.24, 0.1), (0.3, -0.12), (0.14, -0.16), (0, -0.06)],
                0.06,
                dark,
                (0.1, h * 0.56, -0.08),
                (-20, 0, 30),
            )
        ),
        torus((0.52, 0, -0.04), 0.06, 0.035, lighter(look.main, 0.3), (1, 0, -0.15), sides=20),
        *eyes((0.36, 0.17, 0.1), 0.1, outward=1.5),
    ]
    anchors = {"head": Anchor((0.2, 0, h * 0.88), h * 0.42), "eyes": Anchor((0.42, 0, 0.1), 0.24)}
    return Model(parts, anchors)


def shark(rng, look: Look) -> Model:
    """A shark: tall back fin, white belly, a mouth full of teeth."""
    (h,) = vary(rng, 0.29)
    profile = [(0.9, 0.05), (0.72, h * 0.62), (0.4, h * 0.98), (0.05, h), (-0.4, h * 0.66), (-0.8, h * 0.26), (-0.95, h * 0.18)]
    body = _swimmer(profile, 0.92, look.paint, WHITE)
    teeth = []
    for side in (0.16, 0.08, 0.0, -0.08, -0.16):
        x = 0.7 - 2.2 * side**2
        teeth.append(cylinder((x, side, -0.13), (x + 0.01, side, -0.21), 0.036, IVORY, 0.002, sides=8))
    mouth = ellipsoid((0.6, 0, -0.16), (0.15, 0.2, 0.075), (0.45, 0.08, 0.1), detail=14)
    parts = [
        body,
        mouth,
        *teeth,
        fin([(0.16, -0.05), (0.02, 0.24), (-0.16, 0.36), (-0.14, 0.1), (-0.16, -0.05)], 0.09, look.paint, (0.08, 0, h * 0.9)),
        fin(
            [(0.1, 0.0), (-0.16, 0.28), (-0.34, 0.46), (-0.24, 0.08), (-0.3, -0.3), (-0.12, -0.16)],
            0.08,
            look.paint,
            (-0.86, 0, 0),
        ),
        *both(
            petal(
                [(0, 0.12), (0.3, -0.02), (0.46, -0.22), (0.2, -0.2), (0, -0.12)],
                0.07,
                look.paint,
                (0.25, h * 0.7, -0.08),
                (-24, -70, 0),
            ),
            *[
                limb(
                    (0.44 - 0.07 * k, h * 0.86, 0.06),
                    (0.43 - 0.07 * k, h * 0.86, -0.05),
                    0.013,
                    0.013,
                    darker(look.main, 0.4),
                    sides=6,
                )
                for k in range(3)
            ],
        ),
        *eyes((0.64, h * 0.58, 0.07), 0.065, outward=1.3),
    ]
    return Model(parts, {"head": Anchor((0.5, 0, h * 0.8), h * 0.62), "eyes": Anchor((0.7, 0, 0.08), h * 0.6)})


def whale(rng, look: Look) -> Model:
    """A round whale: pale grooved belly, upturned flukes, a spout of water."""
    (h,) = vary(rng, 0.38)
    pale = lighter(look.main, 0.72)
    body = _swimmer(
        [(0.62, 0.12), (0.5, h * 0.72), (0.15, h), (-0.25, h * 0.84), (-0.6, h * 0.4), (-0.82, h * 0.2)], 0.95, look.paint, pale
    )
    body.vertices[:, 2] += 0.75 * np.maximum(0, -body.vertices[:, 0] - 0.3) ** 2 * 1.6
    rise = 0.75 * 0.52**2 * 1.6
    fluke = [(0.0, 0.1), (0.24, 0.2), (0.42, 0.36), (0.44, 0.1), (0.2, -0.1), (0.0, -0.1)]
    drops = [
        tube(
            curve((0.12, 0, h * 0.9), (0.12, y * 0.3, h + 0.25), (0.12, y, h + 0.36), (0.12, y * 1.4, h + 0.2), samples=12),
            np.linspace(0.05, 0.035, 12),
            (0.72, 0.9, 0.98),
            sides=10,
        )
        for y in (0.14, -0.14)
    ]
    parts = [
        body,
        *drops,
        *both(
            petal(fluke, 0.08, look.paint, (-0.86, 0, rise), (0, 60, 0)),
            petal(
                [(0, 0.1), (0.28, 0.0), (0.38, -0.2), (0.16, -0.18), (0, -0.08)],
                0.07,
                look.paint,
                (0.2, h * 0.8, -0.14),
                (-30, -60, 0),
            ),
        ),
        *eyes((0.42, h * 0.7, -0.02), 0.062, outward=1.6),
    ]
    return Model(parts, {"head": Anchor((0.26, 0, h * 0.84), h * 0.5)})


def octopus(rng, look: Look) -> Model:
    """An octopus: a dome, large eyes, eight curling arms with pale suckers."""
    r, reach = vary(rng, 0.4, 0.62)
    pale, parts = lighter(look.main, 0.55), []
    for k in range(8):
        a = (k + 0.5) * np.pi / 4
        out, wave = np.array([np.cos(a), np.sin(a), 0]), np.array([-np.sin(a), np.cos(a), 0]) * 0.12 * (-1) ** k
        up = np.array([0, 0, 1.0])
        path = curve(
            0.12 * out + 0.34 * up,
            0.36 * out + 0.14 * up,
            reach * 0.95 * out + wave + 0.08 * up,
            reach * 1.3 * out - wave + 0.1 * up,
            reach * 1.38 * out - wave * 2 + 0.26 * up,
            samples=20,
        )
        parts.append(tube(path, np.linspace(0.14, 0.045, 20), look.paint, sides=14))
        parts.append(
            tube(path[4:] - 0.028 * up + 0.03 * out * np.linspace(0, 1, 16)[:, None], np.linspace(0.1, 0.03, 16), pale, sides=8)
        )
    head = np.array([0, 0, 0.42 + r * 0.8])
    parts += [
        ellipsoid(head, (r, r, r * 1.05), look.paint, detail=26),
        limb((0, 0, 0.28), head, r * 0.72, r * 0.8, look.paint),
        *eyes((r * 0.78, r * 0.42, 0.42 + r * 0.66), r * 0.26),
        torus((r * 0.93, 0, 0.42 + r * 0.24), 0.05, 0.025, darker(look.main, 0.5), (1, 0, 0), sides=18),
    ]
    anchors = {
        "head": Anchor((0, 0, head[2] + r * 0.68), r * 0.82),
        "eyes": Anchor((r * 0.88, 0, 0.42 + r * 0.66), r * 0.42),
        "hand": Anchor((reach * 1.2 * 0.92, reach * 0.5, 0.3), 0.06),
    }
    return Model(parts, anchors)


def crab(rng, look: Look) -> Model:
    """A crab: wide shell, raised claws, eyes on stalks, eight legs."""
    (w,) = vary(rng, 0.42)
    paint, legs_ = look.paint, darker(look.main, 0.8)
    parts = [
        ellipsoid((0, 0, 0.3), (0.32, w, 0.22), paint, detail=24),
        ellipsoid((0.03, 0, 0.24), (0.3, w * 0.95, 0.16), lighter(look.main, 0.5), detail=18),
    ]
    for k, x in enumerate((0.14, 0.0, -0.13, -0.25)):
        path = curve((x, w * 0.7, 0.24), (x * 1.5, w * 1.25, 0.38), (x * 1.9 - 0.02 * k, w * 1.6, 0.02), samples=12)
        parts += both(tube(path, np.linspace(0.055, 0.02, 12), legs_, sides=10))
    arm = curve((0.2, w * 0.7, 0.3), (0.34, w * 1.15, 0.36), (0.42, w * 1.1, 0.6), samples=12)
    parts += both(
        tube(arm, 0.065, legs_, sides=12),
        ellipsoid(arm[-1] + [0.0, 0.02, 0.12], (0.11, 0.17, 0.2), paint, (-12, 0, 0), detail=16),
        limb(arm[-1] + [0, 0.12, 0.2], arm[-1] + [0.02, 0.06, 0.42], 0.085, 0.025, paint),
        limb(arm[-1] + [0, -0.08, 0.2], arm[-1] + [0.02, -0.03, 0.38], 0.06, 0.02, paint),
        limb((0.2, 0.12, 0.42), (0.24, 0.14, 0.6), 0.035, 0.03, legs_),
    )
    smile = tube(curve((0.31, -0.12, 0.28), (0.345, 0, 0.24), (0.31, 0.12, 0.28), samples=10), 0.018, INK, sides=6)
    return Model(
        [*parts, smile, *eyes((0.25, 0.145, 0.66), 0.09)],
        {"eyes": Anchor((0.29, 0, 0.66), 0.145), "head": Anchor((-0.04, 0, 0.47), 0.22)},
    )


def starfish(rng, look: Look) -> Model:
    """A five-armed star that stands on two arms, with a face."""
    angle = np.pi / 2 + np.arange(10) * np.pi / 5
    reach = np.where(np.arange(10) % 2 == 0, 0.62, 0.27) * rng.uniform(0.95, 1.05, 10)
    bumps = []
    for k in range(5):
        direction = np.array([0, np.cos(angle[2 * k]), np.sin(angle[2 * k])])
        bumps += [
            ellipsoid(direction * d + [0.17 - 0.2 * d, 0, 0], 0.034, lighter(look.main, 0.5), detail=8)
            for d in (0.34, 0.44, 0.53)
        ]
        bumps.append(limb((0, 0, 0), direction * 0.5, 0.2, 0.09, look.paint))
    parts = [
        petal(np.stack([reach * np.cos(angle), reach * np.sin(angle)], -1), 0.26, look.paint),
        *bumps,
        *eyes((0.19, 0.1, 0.07), 0.075),
        tube(curve((0.19, -0.1, -0.08), (0.21, 0, -0.13), (0.19, 0.1, -0.08), samples=10), 0.018, INK, sides=6),
    ]
    return Model(parts, {"eyes": Anchor((0.23, 0, 0.07), 0.1), "head": Anchor((0, 0, 0.46), 0.14)})


KINDS: dict[str, Kind] = {
    "fish": Kind(
        ("fish", "goldfish", "tropical fish"), fish, natural("orange"), True, ("head",), extras=(("before", "swimming"),)
    ),
    "shark": Kind(
        ("shark", "great white shark"), shark, natural("gray"), True, ("head",), extras=(("after", "with sharp teeth"),)
    ),
    "whale": Kind(("whale", "blue whale"), whale, natural("blue"), False, ("head",), extras=(("after", "spouting water"),)),
    "octopus": Kind(
        ("octopus", "kraken", "squid"),
        octopus,
        natural("purple"),
        True,
        ("head", "eyes", "hand"),
        extras=(("after", "with eight arms"), ("after", "with tentacles")),
    ),
    "crab": Kind(("crab", "sea crab"), crab, natural("red"), True, ("head", "eyes"), extras=(("after", "with big claws"),)),
    "starfish": Kind(("starfish", "sea star"), starfish, natural("orange", "pink"), False, ("head", "eyes")),
}
