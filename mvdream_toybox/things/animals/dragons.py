"""Dragons."""

import numpy as np

from mvdream_toybox.geometry.bodies import INK, IVORY, eyes, petal, vary
from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Anchor, Look, Model, Part, both, move
from mvdream_toybox.geometry.shapes import curve, cylinder, ellipsoid, limb, tube
from mvdream_toybox.kind import Kind
from mvdream_toybox.palette import natural

BAT_WING = np.array(
    [
        (0.0, -0.1),
        (0.02, 0.12),
        (0.3, 0.62),
        (0.62, 0.74),
        (1.18, 0.42),
        (1.0, 0.22),
        (0.94, -0.12),
        (0.72, 0.02),
        (0.5, -0.26),
        (0.34, -0.1),
    ]
)


def spikes(path: np.ndarray, radii, size: float, paint) -> list[Part]:
    """A row of cones along the back of a spine."""
    parts = []
    radius = np.interp(np.linspace(0, 1, len(path)), np.linspace(0, 1, len(radii)), radii)
    for k in range(3, len(path) - 3, 3):
        along = path[k + 1] - path[k - 1]
        up = np.array([-along[2], 0, along[0]]) / np.linalg.norm(along)
        height = size * (0.35 + 0.65 * min(1.0, radius[k] / max(radius)))
        parts.append(
            cylinder(
                path[k] + up * radius[k] * 0.8,
                path[k] + up * (radius[k] + height) - along * 0.3,
                height * 0.5,
                paint,
                0.0,
                sides=10,
            )
        )
    return parts


def _dragon_head(head, r: float, look: Look, horn) -> list[Part]:
    return [
        ellipsoid(head, np.array([1.1, 0.95, 0.9]) * r, look.paint, detail=20),
        ellipsoid(head + r * np.array([0.95, 0, -0.18]), np.array([0.85, 0.62, 0.48]) * r, look.paint, detail=16),
        ellipsoid(head + r * np.array([0.78, 0, -0.48]), np.array([0.78, 0.5, 0.26]) * r, lighter(look.main, 0.55), detail=14),
        *both(
            ellipsoid(head + r * np.array([1.62, 0.26, 0.12]), 0.16 * r, look.paint, detail=10),
            ellipsoid(head + r * np.array([1.74, 0.28, 0.14]), 0.08 * r, INK, detail=8),
        ),
        *eyes(head + r * np.array([0.52, 0.56, 0.5]), r * 0.3, outward=0.6, iris=INK),
        *both(
            tube(
                curve(
                    head + r * np.array([-0.3, 0.45, 0.6]),
                    head + r * np.array([-0.7, 0.62, 1.15]),
                    head + r * np.array([-0.75, 0.75, 1.75]),
                    samples=12,
                ),
                np.linspace(0.24, 0.03, 12) * r,
                horn,
                sides=12,
            )
        ),
        *both(
            limb(
                head + r * np.array([-0.35, 0.8, 0.1]),
                head + r * np.array([-0.8, 1.35, 0.35]),
                0.2 * r,
                0.03 * r,
                look.paint,
                sides=10,
            )
        ),
    ]


def dragon(rng, look: Look) -> Model:
    """A winged dragon; sitting on four legs with half-open wings, or flying level with its wings spread wide."""
    paint, belly = look.paint, lighter(look.main, 0.55)
    membrane = look.second if np.linalg.norm(np.subtract(look.second, look.main)) > 0.3 else darker(look.main, 0.6)
    fly = look.pose == "flying"
    r, span, girth = vary(rng, 0.235, 1.0, 0.28)
    if fly:
        points = [
            (-1.12, 0, 0.2),
            (-0.8, 0, 0.05),
            (-0.4, 0, 0.0),
            (0.0, 0, 0.04),
            (0.36, 0, 0.14),
            (0.6, 0, 0.34),
            (0.74, 0, 0.44),
        ]
    else:
        points = [
            (-1.0, 0, 0.14),
            (-0.8, 0, 0.08),
            (-0.4, 0, 0.3),
            (0.0, 0, 0.52),
            (0.3, 0, 0.72),
            (0.4, 0, 1.05),
            (0.52, 0, 1.22),
        ]
    radii = [0.02, 0.1, girth * 0.82, girth, girth * 0.8, 0.15, 0.14]
    path = curve(*points, samples=40)
    radius = np.interp(np.linspace(0, 1, 40), np.linspace(0, 1, 7), radii)
    head = path[-1] + np.array([0.06, 0, 0.04])
    under = path[9:38] + np.array([[0.075, 0, -0.075]]) * (radius[9:38, None] / girth)
    parts = [tube(path, radius, paint, sides=28), tube(under, radius[9:38] * 0.86, belly, sides=24)]
    parts += _dragon_head(head, r, look, IVORY) + spikes(path, radii, 0.13, look.accent)
    fork = path[0]
    parts += [petal([(0, -0.14), (0.16, 0.02), (0, 0.22), (-0.16, 0.02)], 0.07, look.accent, fork, (0, -80 if fly else -70, 0))]
    shoulder = path[23] + np.array([-0.04, 0, 0.12])
    turn = (rng.uniform(2, 16), -38, -8) if fly else (rng.uniform(-4, 8), -8, 30)
    size = span * (1.12 if fly else 0.95)
    bones = [curve((0, 0.0, 0.06), (0, 0.3, 0.64), (0, 0.62, 0.76), (0, 1.2, 0.42), samples=16)] + [
        np.linspace((0, 0.3, 0.62), tip, 4) for tip in ((0, 0.94, -0.1), (0, 0.5, -0.24))
    ]
    wing = [petal(BAT_WING, 0.06, membrane, samples=44)] + [
        tube(b, np.linspace(0.055, 0.02, len(b)), paint, sides=10) for b in bones
    ]
    wing = move(wing, shoulder + np.array([0, girth * 0.5, 0]), size, turn)
    parts += both(*wing)
    if fly:
        for x in (0.12, -0.42):
            parts += both(
                limb((x, girth * 0.7, -0.1), (x - 0.22, girth * 0.85, -0.3), 0.11, 0.07, paint, sides=14),
                ellipsoid((x - 0.25, girth * 0.86, -0.34), (0.12, 0.09, 0.07), paint, detail=12),
            )
    else:
        parts += both(
            ellipsoid((-0.38, girth * 0.8, 0.24), (0.25, 0.16, 0.24), paint, detail=16),
            ellipsoid((-0.2, girth * 0.95, 0.07), (0.2, 0.12, 0.08), paint, detail=12),
            limb((0.2, girth * 0.6, 0.5), (0.34, girth * 0.75, 0.08), 0.11, 0.08, paint, sides=14),
            ellipsoid((0.4, girth * 0.76, 0.07), (0.14, 0.1, 0.075), paint, detail=12),
        )
    neck = path[35]
    anchors = {
        "head": Anchor(tuple(head + r * np.array([0.1, 0, 0.66])), r * 0.8),
        "eyes": Anchor(tuple(head + r * np.array([0.66, 0, 0.5])), r * 0.56),
        "neck": Anchor(tuple(neck), 0.17, 35.0),
        "back": Anchor(tuple(path[22] + np.array([-0.12, 0, girth])), girth),
    }
    return Model(parts, anchors)


KINDS: dict[str, Kind] = {
    "dragon": Kind(
        ("dragon", "wyvern", "drake"),
        dragon,
        natural("green", "red"),
        True,
        ("head", "eyes", "neck"),
        poses=("flying", "sitting"),
        extras=(
            ("before", "majestic"),
            ("after", "with wings and horns"),
            ("before", "fantasy"),
            ("before", "mythical"),
            ("before", "winged"),
        ),
    )
}
