"""The body that people share: a large head, short limbs. Feet at z = 0, about 1.6 high, front +x."""

from dataclasses import dataclass

import numpy as np

from mvdream_toybox.geometry.parts import Anchor, Color, Model, Paint, Part, both, move
from mvdream_toybox.geometry.shapes import ellipsoid, lathe, limb

INK, SNOW, BONE = (0.06, 0.05, 0.07), (0.97, 0.97, 0.96), (0.93, 0.91, 0.85)
LEATHER, DARK = (0.36, 0.22, 0.13), (0.16, 0.16, 0.19)
SKINS = ((0.98, 0.8, 0.66), (0.95, 0.74, 0.58), (0.85, 0.62, 0.44), (0.66, 0.44, 0.29), (0.45, 0.29, 0.2))
HAIRS = ((0.13, 0.1, 0.1), (0.3, 0.18, 0.1), (0.5, 0.29, 0.14), (0.88, 0.67, 0.3), (0.72, 0.29, 0.12), (0.2, 0.13, 0.09))
IRISES = ((0.2, 0.4, 0.75), (0.2, 0.5, 0.3), (0.35, 0.2, 0.1), (0.1, 0.09, 0.1))
HANDS = {"down": (0.1, 0.43, 0.1), "open": (0.12, 0.52, 0.26), "forward": (0.46, 0.24, 0.3), "wave": (0.12, 0.6, 0.52)}


def pick(rng: np.random.Generator, choices):
    """One of the choices, all equally likely."""
    return choices[int(rng.integers(len(choices)))]


@dataclass
class Figure:
    """A body with a bare head.

    `head` and `head_radii` are its centre and radii (x, y, z), `neck_z` the neck's height, `girth` the body's width
    relative to an average one, `hand` the left hand's centre.
    """

    parts: list[Part]
    head: np.ndarray
    head_radii: np.ndarray
    neck_z: float
    girth: float
    hand: np.ndarray
    skin: Paint

    def on_face(self, y: float, z: float, out: float = 0.0) -> np.ndarray:
        """The point of the face at shares y, z of the head's radii, `out` radii in front of it."""
        x = np.sqrt(max(1 - y * y - z * z, 0))
        return self.head + self.head_radii * np.array([x, y, z]) * (1 + out)

    def anchors(self) -> dict[str, Anchor]:
        """All five anchors: head, eyes, neck, back, hand."""
        _, ry, rz = self.head_radii
        eye = self.on_face(0.4, -0.05)
        return {
            "head": Anchor(tuple(self.head + (-0.02, 0, 0.46 * rz)), float(0.97 * ry), -7.0),
            "eyes": Anchor((float(eye[0]) + 0.03, 0.0, float(eye[2])), float(eye[1])),
            "neck": Anchor((0.0, 0.0, self.neck_z - 0.02), 0.2 * self.girth),
            "back": Anchor((-0.2 * self.girth, 0.0, self.neck_z - 0.2), 0.27 * self.girth),
            "hand": Anchor(tuple(self.hand), 0.1),
        }

    def put(self, anchor: str, parts: list[Part], scale: float = 1.0) -> list[Part]:
        """Parts in the frame of a worn thing (see `worn`), moved to the figure's anchor."""
        at = self.anchors()[anchor]
        return move(parts, at.position, at.radius * scale, (0, at.tilt_deg, 0))

    def model(self, *more: list[Part]) -> Model:
        """The figure with its other parts, and its anchors."""
        return Model(self.parts + [part for group in more for part in group], self.anchors())


def turned(profile, paint: Paint, flat: float = 0.86, smooth: bool = True) -> Part:
    """A lathe around z, flattened along x: torsos, skirts, robes, coats."""
    return move([lathe(profile, paint, sides=36, smooth=smooth)], scale=(flat, 1.0, 1.0))[0]


def figure(
    rng: np.random.Generator,
    top: Paint,
    *,
    skin: Paint | None = None,
    bottom: Paint | None = None,
    shoes: Paint = DARK,
    sleeves: Paint | None = None,
    hands: Paint | None = None,
    leg: float = 0.36,
    girth: float = 1.0,
    head: float = 0.42,
    skirt: tuple[float, float] | None = None,
    cuff: float = 0.095,
    pose: str | None = None,
) -> Figure:
    """Trunk, limbs and a bare head.

    `top` paints the trunk, `bottom` the legs and `sleeves` the arms (both default to `top`), `hands` default to `skin`.
    `leg` is the free length of the legs. `skirt` (hem height as a share of `leg`, hem radius) hangs from the waist and
    has `top`'s paint. `cuff` is the sleeves' end radius. `pose` is a key of `HANDS`; None draws "down" or "open".
    """
    leg, girth, head = leg * rng.uniform(0.9, 1.12), girth * rng.uniform(0.93, 1.08), head * rng.uniform(0.96, 1.05)
    skin = pick(rng, SKINS) if skin is None else skin
    pose = pose or pick(rng, ("down", "open"))
    bottom, sleeves, hands = (
        (top if bottom is None else bottom),
        (top if sleeves is None else sleeves),
        (skin if hands is None else hands),
    )
    neck_z = leg + 0.47
    trunk = [(0, -0.05), (0.17, -0.04), (0.26, 0.06), (0.25, 0.2), (0.215, 0.36), (0.14, 0.47), (0, 0.52)]
    parts = [turned([(r * girth, leg + z) for r, z in trunk], top)]
    if bottom is not top:
        parts.append(
            turned(
                [
                    (r * girth * 1.03, leg + z)
                    for r, z in [(0, -0.06), (0.19, -0.055), (0.265, 0.04), (0.262, 0.12), (0.24, 0.13)]
                ],
                bottom,
            )
        )
    y = 0.135 * girth
    parts += both(
        limb((0, y, leg + 0.04), (0, y + 0.01, 0.1), 0.125 * girth, 0.105 * girth, bottom, sides=18),
        ellipsoid((0.05, y + 0.015, 0.085), (0.19, 0.125 * girth, 0.095), shoes, detail=14),
    )
    if skirt is not None:
        hem_z, hem = leg * skirt[0], skirt[1] * girth
        waist = leg + 0.24
        steps = np.linspace(0, 1, 7)
        bell = 0.225 * girth + (hem - 0.225 * girth) * (1 - steps) ** 0.8
        profile = [(0.6 * hem, hem_z + 0.04), *zip(bell, hem_z + (waist - hem_z) * steps)]
        parts.append(turned(profile, top, 0.92))
    jitter = rng.uniform(-0.03, 0.03, 3)
    hand = (np.array(HANDS[pose]) + jitter) * (1, girth, 1) + (0, 0, leg)
    shoulder = np.array([0, 0.19 * girth, leg + 0.38])
    wrist = shoulder + (hand - shoulder) * 0.86
    parts += both(limb(shoulder, wrist, 0.1, cuff, sleeves, sides=16), ellipsoid(hand, (0.1, 0.095, 0.1), hands, detail=12))
    radii = head * np.array([0.92, 1.0, 0.95]) * rng.uniform(0.97, 1.03, 3)
    center = np.array([0.02, 0, neck_z + radii[2] * 0.82])
    parts.append(ellipsoid(center, radii, skin))
    return Figure(parts, center, radii, neck_z, girth, hand, skin)


def belt(fig: Figure, color: Paint, z: float = 0.21, buckle: Color | None = (0.93, 0.74, 0.22)) -> list[Part]:
    """A band around the waist with a buckle; `z` is below the neck, minus 0.47, as in `figure`."""
    base = fig.neck_z - 0.47 + z
    r = 0.262 * fig.girth
    parts = [
        turned(
            [(r * 0.9, base - 0.045), (r * 1.02, base - 0.045), (r * 0.99, base + 0.045), (r * 0.88, base + 0.045)],
            color,
            smooth=False,
        )
    ]
    if buckle is not None:
        parts.append(ellipsoid((r * 0.87, 0, base), (0.04, 0.075, 0.06), buckle, detail=10))
    return parts


def buttons(fig: Figure, color: Color, count: int = 3) -> list[Part]:
    """A row of buttons down the chest."""
    z = np.linspace(0.34, 0.12, count)
    x = np.interp(z, [0.06, 0.2, 0.36], [0.26, 0.25, 0.215]) * fig.girth * 0.87
    return [ellipsoid((a, 0, fig.neck_z - 0.47 + b), (0.025, 0.035, 0.035), color, detail=8) for a, b in zip(x, z)]
