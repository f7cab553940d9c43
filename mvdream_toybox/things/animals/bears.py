"""Bears, pandas and monkeys: animals that sit like a teddy."""

import numpy as np

from mvdream_toybox.geometry.bodies import INK, WHITE, beast, eyes, muzzle, round_ears, tail, vary
from mvdream_toybox.geometry.paints import lighter
from mvdream_toybox.geometry.parts import Anchor, Look, Model, both
from mvdream_toybox.geometry.shapes import curve, ellipsoid, limb
from mvdream_toybox.kind import Kind
from mvdream_toybox.palette import natural


def bear(rng, look: Look) -> Model:
    """A bear on four paws, or sitting like a teddy."""
    paint, pale = look.paint, lighter(look.main, 0.55)
    if look.pose == "sitting":
        return _sitting(rng, paint, pale, paint, paint)
    b = beast(
        rng, paint, body=(0.52, 0.36, 0.37), leg=0.16, leg_radius=0.15, head=(0.33, 0.34, 0.31), head_at=(0.56, 0.36), neck=0.28
    )
    r = float(b.head_radii.mean())
    return b.model(
        eyes(b.on_head(0.76, 0.36, 0.3), r * 0.2),
        round_ears(b.on_head(-0.05, 0.72, 0.8), r * 0.36, paint, pale),
        muzzle(b, 0.5, 0.5, 0.4, pale, nose=0.2),
        [ellipsoid(b.on_body(-1.0, 0, 0.3), 0.1, paint, detail=12)],
        eye=(0.82, 0.36, 0.3),
    )


def panda(rng, look: Look) -> Model:
    """A sitting panda: pale body, limbs, ears and eye patches of the captioned (naturally black) color."""
    return _sitting(rng, WHITE, WHITE, look.paint, look.paint, look.paint)


def monkey(rng, look: Look) -> Model:
    """A sitting monkey with a pale face, large ears and a long tail."""
    pale = lighter(look.main, 0.62)
    model = _sitting(rng, look.paint, pale, look.paint, look.paint, ear_at=(0.0, 1.12, 0.1), ear=0.42)
    x, _, z = model.anchors["eyes"].position
    r = model.anchors["head"].radius / 0.84
    curl = curve((-0.26, 0, 0.2), (-0.6, 0, 0.16), (-0.72, 0, 0.5), (-0.52, 0, 0.72), (-0.4, 0, 0.56))
    mask = both(ellipsoid((x - 0.27 * r, 0.36 * r, z), r * np.array([0.3, 0.4, 0.42]), pale, detail=14))
    mouth = ellipsoid((x - 0.1 * r, 0, z - 0.56 * r), r * np.array([0.42, 0.62, 0.42]), pale, detail=16)
    return Model([*model.parts, *tail(curl, [0.07, 0.06, 0.05], look.paint), *mask, mouth], model.anchors)


def _sitting(rng, paint, pale, limbs, ears, patches=None, ear_at=(-0.05, 0.78, 0.74), ear=0.36) -> Model:
    """A teddy-like animal that sits, its legs forward; `ear_at` and `ear` in head radii."""
    w, h, r = vary(rng, 0.34, 0.4, 0.34)
    face = np.array([0.04, 0, h * 1.62 + r * 0.62])

    def on_face(x: float, y: float, z: float) -> np.ndarray:
        return face + r * np.array([x, y, z])

    arm_end = (0.3, w * 1.2, h * 0.95)
    parts = [
        ellipsoid((0, 0, h * 0.95), (w * 0.95, w, h), paint, detail=22),
        ellipsoid((w * 0.3, 0, h * 0.85), (w * 0.72, w * 0.7, h * 0.72), pale, detail=18),
        ellipsoid(face, r * np.array([0.96, 1.06, 0.94]), paint, detail=22),
        ellipsoid(on_face(0.84, 0, -0.26), r * np.array([0.4, 0.46, 0.36]), pale, detail=16),
        ellipsoid(on_face(1.18, 0, -0.08), r * np.array([0.14, 0.2, 0.14]), INK, detail=10),
        *both(
            limb((0.05, w * 0.6, 0.13), (0.5, w * 0.85, 0.13), 0.15, 0.14, limbs),
            ellipsoid((0.6, w * 0.86, 0.17), (0.1, 0.145, 0.19), limbs, detail=14),
            ellipsoid((0.66, w * 0.86, 0.17), (0.07, 0.09, 0.12), pale, detail=12),
            limb((0.0, w * 0.8, h * 1.45), arm_end, 0.12, 0.11, limbs),
        ),
        *round_ears(on_face(*ear_at), r * ear, ears, pale if ears is paint else ears),
        *eyes(on_face(0.82 + 0.1 * (patches is not None), 0.38, 0.26), r * 0.19),
    ]
    if patches is not None:
        parts += both(ellipsoid(on_face(0.76, 0.4, 0.2), r * np.array([0.24, 0.27, 0.33]), patches, (25, 0, 0), detail=12))
    if limbs is not paint:
        parts.append(ellipsoid((0, 0, h * 1.42), (w * 0.86, w * 0.93, h * 0.3), limbs, detail=18))
    anchors = {
        "head": Anchor(tuple(on_face(-0.05, 0, 0.62)), r * 0.84),
        "eyes": Anchor(tuple(on_face(0.94, 0, 0.26)), r * 0.4),
        "neck": Anchor((0.02, 0, h * 1.72), w * 0.66),
        "back": Anchor((-w * 0.85, 0, h * 1.1), w * 0.8),
        "hand": Anchor(arm_end, 0.11),
    }
    return Model(parts, anchors)


WEARS = ("head", "eyes", "neck", "back")
KINDS: dict[str, Kind] = {
    "bear": Kind(("bear", "grizzly bear", "bear cub"), bear, natural("brown"), True, WEARS, poses=("sitting",)),
    "panda": Kind(("panda", "panda bear", "giant panda"), panda, natural("black"), False, (*WEARS, "hand")),
    "monkey": Kind(("monkey", "chimpanzee", "ape"), monkey, natural("brown"), False, (*WEARS, "hand")),
}
NATURAL = {"panda": ("black", "white")}
