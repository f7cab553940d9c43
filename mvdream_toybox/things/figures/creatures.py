"""Ghosts and monsters."""

import numpy as np

from mvdream_toybox.geometry.chibi import INK, SNOW
from mvdream_toybox.geometry.paints import lighter
from mvdream_toybox.geometry.parts import Anchor, Color, Look, Model, Part, both
from mvdream_toybox.geometry.shapes import curve, cylinder, ellipsoid, limb, tube
from mvdream_toybox.geometry.sheets import around, polar, sheet
from mvdream_toybox.kind import ANYWHERE, Kind
from mvdream_toybox.palette import natural
from mvdream_toybox.things.figures.robots import vary


def ball_eyes(center, radius: float, look_at: float = 0.2, iris: Color = INK) -> list[Part]:
    """Two white balls with pupils; `center` is the left one."""
    c = np.asarray(center, float)
    return both(
        ellipsoid(c, radius, SNOW, detail=14),
        ellipsoid(c + np.array([0.6, -look_at * 0.5, 0]) * radius, radius * 0.6, iris, detail=12),
        ellipsoid(c + np.array([1.08, 0.1, 0.3]) * radius, radius * 0.16, SNOW, detail=6),
    )


def ghost(rng, look: Look) -> Model:
    """A floating sheet with a wavy hem, stubs for arms, oval eyes and an open mouth."""
    h, lobes = 1.0 * vary(rng), int(rng.integers(6, 9))
    t, angle = around(16, 72)
    low = np.clip(1 - t / 0.62, 0, 1)
    radius = np.where(t < 0.62, 0.42 + 0.08 * low**1.5, 0.42 * np.sqrt(np.clip(1 - ((t - 0.62) / 0.38) ** 2, 0.0004, 1)))
    radius = radius * (1 + 0.09 * low * np.cos(lobes * angle))
    z = 0.12 + t * h + 0.09 * low**2 * np.cos(lobes * angle + 1.4)
    points = polar(radius, angle, z)
    points[..., 0] *= 0.9
    points[..., 0] -= 0.12 * low**2
    parts = [sheet(points, 0.03, look.paint, wrap=True)]
    face_z = 0.12 + 0.7 * h
    dark = INK if sum(look.main) > 0.6 else SNOW
    parts += both(
        ellipsoid((0.36, 0.15, face_z + 0.06), (0.05, 0.075, 0.115), dark, (0, -8, 20), detail=14),
        ellipsoid((0.41, 0.17, face_z + 0.1), 0.024, SNOW if dark == INK else INK, detail=6),
        ellipsoid((0.36, 0.25, face_z - 0.08), (0.02, 0.055, 0.035), (0.96, 0.6, 0.65), (0, 0, 32), detail=10),
    )
    parts += [ellipsoid((0.385, 0, face_z - 0.11), (0.03, 0.06, 0.08), dark, detail=12)]
    hand = np.array([0.16, 0.56, face_z - 0.12 + rng.uniform(-0.08, 0.14)])
    parts += both(limb((0.02, 0.32, face_z - 0.2), hand, 0.13, 0.08, look.paint, sides=16))
    anchors = {
        "head": Anchor((-0.02, 0, 0.12 + 0.84 * h), 0.36, -6.0),
        "eyes": Anchor((0.38, 0, face_z + 0.06), 0.15),
        "hand": Anchor(tuple(hand), 0.09),
        "neck": Anchor((0, 0, face_z - 0.26), 0.42),
        "back": Anchor((-0.4, 0, face_z - 0.3), 0.3),
    }
    return Model(parts, anchors)


def monster(rng, look: Look) -> Model:
    """A furry round monster: horns, one to three eyes, a wide mouth with teeth, stubby limbs, a tail."""
    count = {"one-eyed monster": 1, "three-eyed monster": 3}.get(look.variant, 2)
    paint, w, h = look.paint, 0.46 * vary(rng, 0.12), 0.54 * vary(rng, 0.1)
    c = np.array([0, 0, 0.22 + h])
    parts = [
        ellipsoid(c, (w * 0.92, w, h), paint, detail=30),
        ellipsoid(c + (w * 0.25, 0, -0.16), (w * 0.72, w * 0.68, h * 0.66), lighter(look.main, 0.5), detail=22),
    ]
    parts[1:] = [] if callable(paint) else parts[1:]
    i = np.arange(40) + 0.5
    z, phi = 1 - 1.5 * i / 40, np.pi * (1 + 5**0.5) * i
    for zz, p in zip(z, phi):  # tufts of fur behind and on top
        u = np.array([np.sqrt(1 - zz * zz) * np.cos(p), np.sqrt(1 - zz * zz) * np.sin(p), zz])
        if u[0] < 0.2:
            root = c + u * (w * 0.9, w * 0.98, h * 0.98)
            parts.append(cylinder(root - u * 0.02, root + u * 0.09 + (0, 0, -0.04), 0.075, paint, 0.004, sides=8))
    horn = c + np.array([0, w * 0.55, h * 0.72])
    parts += both(
        tube(
            curve(horn, horn + (0, 0.14, 0.1), horn + (0.02, 0.16, 0.3), samples=10),
            np.linspace(0.1, 0.012, 10),
            (0.95, 0.9, 0.75),
            sides=12,
        )
    )
    eye_z, front = c[2] + h * 0.36, w * 0.8
    if count == 1:
        parts += [
            ellipsoid((front, 0, eye_z), (0.15, 0.2, 0.21), SNOW),
            ellipsoid((front + 0.09, 0, eye_z), (0.1, 0.125, 0.13), look.accent, detail=14),
            ellipsoid((front + 0.15, 0, eye_z), (0.06, 0.07, 0.075), INK, detail=12),
            ellipsoid((front + 0.2, 0.04, eye_z + 0.05), 0.03, SNOW, detail=6),
        ]
    else:
        parts += ball_eyes((front - 0.02, 0.16 if count == 2 else 0.2, eye_z), 0.135 if count == 2 else 0.11)
    if count == 3:
        parts += [
            ellipsoid((front + 0.02, 0, eye_z + 0.14), 0.11, SNOW, detail=14),
            ellipsoid((front + 0.09, 0, eye_z + 0.14), 0.066, INK, detail=12),
        ]
    mouth_z = c[2] - h * 0.12
    mx = w * 0.9 * np.sqrt(1 - 0.12**2)
    parts += [
        ellipsoid((mx - 0.02, 0, mouth_z), (0.08, 0.25, 0.115), (0.4, 0.05, 0.1), detail=16),
        ellipsoid((mx + 0.02, 0, mouth_z - 0.06), (0.06, 0.13, 0.05), (0.95, 0.45, 0.5), detail=12),
    ]
    parts += [
        cylinder(
            (mx + 0.045 - 0.3 * y * y, y, mouth_z + 0.1),
            (mx + 0.055 - 0.3 * y * y, y, mouth_z + 0.0),
            0.04,
            SNOW,
            0.006,
            sides=10,
        )
        for y in (-0.14, -0.05, 0.05, 0.14)
    ]
    hand = np.array([0.14, w + 0.22, c[2] - 0.12 + rng.uniform(-0.05, 0.25)])
    parts += both(
        limb((0, w * 0.85, c[2]), hand, 0.11, 0.1, paint, sides=16),
        ellipsoid(hand, 0.12, paint, detail=14),
        *(
            cylinder(hand + (0.07, d, -0.03), hand + (0.17, d * 1.4, -0.07), 0.035, SNOW, 0.004, sides=8)
            for d in (-0.06, 0.0, 0.06)
        ),
        limb((0, w * 0.42, 0.3), (0.02, w * 0.46, 0.12), 0.15, 0.13, paint, sides=16),
        ellipsoid((0.09, w * 0.48, 0.085), (0.22, 0.16, 0.09), paint, detail=14),
        *(ellipsoid((0.27, w * 0.48 + d, 0.06), (0.06, 0.035, 0.045), SNOW, detail=8) for d in (-0.08, 0.0, 0.08)),
    )
    parts += [
        tube(
            curve((-w * 0.7, 0, 0.3), (-w - 0.2, 0, 0.2), (-w - 0.36, 0, 0.42), samples=12),
            np.linspace(0.13, 0.03, 12),
            paint,
            sides=14,
        )
    ]
    anchors = {
        "head": Anchor((0, 0, c[2] + h * 0.68), w * 0.74),
        "neck": Anchor((0.02, 0, c[2] - h * 0.36), w * 0.94),
        "back": Anchor((-w * 0.92, 0, c[2]), w * 0.62),
        "hand": Anchor(tuple(hand), 0.11),
    }
    return Model(parts, anchors)


KINDS: dict[str, Kind] = {
    "ghost": Kind(("ghost", "spirit", "spook"), ghost, natural("white"), wears=ANYWHERE),
    "monster": Kind(
        ("monster", "furry monster", "beast"),
        monster,
        natural("purple"),
        True,
        ("head", "back", "hand"),
        variants={"one-eyed monster": ("one-eyed monster", "cyclops"), "three-eyed monster": ("three-eyed monster",)},
        extras=(("after", "with horns"),),
    ),
}
