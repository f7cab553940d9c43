"""Dinosaurs."""

import numpy as np

from mvdream_toybox.geometry.bodies import INK, IVORY, beast, eyes, petal, tail, vary
from mvdream_toybox.geometry.paints import lighter
from mvdream_toybox.geometry.parts import Anchor, Look, Model, both
from mvdream_toybox.geometry.shapes import curve, cylinder, ellipsoid, limb, tube
from mvdream_toybox.kind import Kind
from mvdream_toybox.palette import natural
from mvdream_toybox.things.animals.dragons import spikes


def dinosaur(rng, look: Look) -> Model:
    """A tyrannosaurus: great jaws, tiny arms, strong legs, a heavy tail."""
    if look.variant == "triceratops":
        return _triceratops(rng, look)
    if look.variant == "brontosaurus":
        return _brontosaurus(rng, look)
    paint, belly = look.paint, lighter(look.main, 0.55)
    girth, r = vary(rng, 0.3, 0.26)
    points = [(-1.15, 0, 0.3), (-0.75, 0, 0.36), (-0.35, 0, 0.52), (0.0, 0, 0.7), (0.2, 0, 0.98), (0.28, 0, 1.24)]
    path = curve(*points, samples=36)
    radii = [0.03, 0.13, girth * 0.86, girth, girth * 0.82, r * 0.75]
    radius = np.interp(np.linspace(0, 1, 36), np.linspace(0, 1, 6), radii)
    head = path[-1] + np.array([0.1, 0, 0.08])
    lip = head + np.array([r * 0.8, 0, -r * 0.3])
    teeth = [
        cylinder(lip + [x * r, y * r, 0], lip + [x * r, y * r, -0.3 * r], 0.09 * r, IVORY, 0.01, sides=8)
        for x, y in ((0.15, 0.6), (0.5, 0.56), (0.82, 0.4), (0.95, 0.0), (0.82, -0.4), (0.5, -0.56), (0.15, -0.6))
    ]
    parts = [
        tube(path, radius, paint, sides=28),
        tube(path[12:34] + np.array([[0.085, 0, -0.06]]), radius[12:34] * 0.84, belly, sides=24),
        ellipsoid(head, r * np.array([1.05, 0.95, 0.95]), paint, detail=22),
        ellipsoid(head + r * np.array([0.85, 0, -0.02]), r * np.array([0.98, 0.76, 0.5]), paint, detail=18),
        ellipsoid(head + r * np.array([0.66, 0, -0.62]), r * np.array([0.95, 0.66, 0.28]), paint, (0, 12, 0), detail=16),
        ellipsoid(
            head + r * np.array([0.7, 0, -0.44]), r * np.array([0.86, 0.58, 0.2]), (0.7, 0.2, 0.22), (0, 6, 0), detail=14
        ),
        *teeth,
        *both(
            ellipsoid(head + r * np.array([1.7, 0.24, 0.28]), 0.1 * r, INK, detail=8),
            ellipsoid((-0.1, girth * 0.85, 0.5), (0.24, 0.15, 0.28), paint, detail=18),
            limb((-0.12, girth * 0.95, 0.34), (-0.1, girth * 0.95, 0.1), 0.13, 0.1, paint),
            ellipsoid((0.04, girth * 0.98, 0.07), (0.23, 0.13, 0.075), paint, detail=14),
            *[ellipsoid((0.24, girth * 0.98 + y, 0.05), 0.04, IVORY, detail=8) for y in (-0.07, 0, 0.07)],
            limb((0.28, girth * 0.68, 0.86), (0.46, girth * 0.72, 0.76), 0.065, 0.05, paint),
            limb((0.46, girth * 0.72, 0.76), (0.54, girth * 0.66, 0.84), 0.05, 0.035, paint),
        ),
        *eyes(head + r * np.array([0.48, 0.62, 0.5]), r * 0.28, outward=0.6),
        *spikes(path, radii, 0.1, look.accent),
    ]
    anchors = {
        "head": Anchor(tuple(head + r * np.array([-0.05, 0, 0.68])), r * 0.76),
        "eyes": Anchor(tuple(head + r * np.array([0.6, 0, 0.5])), r * 0.62),
        "neck": Anchor(tuple(path[31]), r * 0.85, 14.0),
        "back": Anchor(tuple(path[22] + np.array([-girth * 0.9, 0, girth * 0.35])), girth * 0.8, 25.0),
    }
    return Model(parts, anchors)


def _triceratops(rng, look: Look) -> Model:
    """Three horns and a frilled shield on a heavy four-legged body."""
    b = beast(
        rng,
        look.paint,
        body=(0.6, 0.36, 0.36),
        leg=0.14,
        leg_radius=0.13,
        head=(0.3, 0.27, 0.26),
        head_at=(0.74, 0.12),
        neck=0.22,
    )
    r, base = float(b.head_radii.mean()), b.on_body(-0.8, 0, 0.1)
    shield = [(0.0, -0.3), (0.42, -0.2), (0.62, 0.25), (0.5, 0.62), (0.0, 0.78), (-0.5, 0.62), (-0.62, 0.25), (-0.42, -0.2)]
    at = b.on_head(-0.35, 0, 0.25)
    rim = [
        ellipsoid(at + r * np.array([-0.25 * z - 0.1, y * 1.75, z * 1.75]), r * 0.17, look.accent, detail=8)
        for y, z in ((0.0, 0.78), (0.3, 0.72), (-0.3, 0.72), (0.54, 0.48), (-0.54, 0.48), (0.6, 0.1), (-0.6, 0.1))
    ]
    more = [
        [
            petal(np.array(shield) * r * 1.9, 0.14, look.paint, at, (0, -14, 0)),
            petal(np.array(shield) * r * 1.45, 0.18, lighter(look.main, 0.45), at, (0, -14, 0)),
        ],
        rim,
        eyes(b.on_head(0.6, 0.72, 0.3), r * 0.22, outward=0.7),
        both(cylinder(b.on_head(0.35, 0.5, 0.7), b.on_head(1.2, 0.75, 2.0), r * 0.22, IVORY, 0.005, sides=14)),
        [
            cylinder(b.on_head(1.1, 0, -0.05), b.on_head(1.5, 0, 0.6), r * 0.2, IVORY, 0.005, sides=14),
            limb(b.on_head(0.6, 0, -0.35), b.on_head(1.4, 0, -0.55), r * 0.6, r * 0.26, look.paint),
        ],
        tail(curve(base, base + [-0.35, 0, -0.05], base + [-0.7, 0, -0.16]), [0.22, 0.12, 0.02], look.paint),
    ]
    return b.model(*more, eye=(0.75, 0.72, 0.3))


def _brontosaurus(rng, look: Look) -> Model:
    """A very long neck and tail on a heavy body."""
    b = beast(
        rng,
        look.paint,
        body=(0.48, 0.3, 0.31),
        leg=0.2,
        leg_radius=0.12,
        head=(0.2, 0.17, 0.16),
        head_at=(0.86, 0.86),
        neck=0.12,
    )
    r, base = float(b.head_radii.mean()), b.on_body(-0.7, 0, 0.1)
    neck = curve(b.on_body(0.4, 0, 0.1), b.on_body(1.05, 0, 0.5), b.head + [-0.16, 0, -0.3], b.head)
    return b.model(
        tail(neck, [0.26, 0.18, 0.13, 0.11], look.paint),
        tail(
            curve(base, base + [-0.4, 0, -0.08], base + [-0.9, 0, -0.1], base + [-1.2, 0, 0.1]),
            [0.24, 0.14, 0.06, 0.02],
            look.paint,
        ),
        eyes(b.on_head(0.5, 0.8, 0.4), r * 0.28, outward=0.8),
        [limb(b.on_head(0.4, 0, -0.2), b.on_head(1.3, 0, -0.3), r * 0.66, r * 0.5, look.paint)],
        both(ellipsoid(b.on_head(1.78, 0.25, 0.1), r * 0.08, INK, detail=8)),
        eye=(0.65, 0.8, 0.4),
        crown=0.75,
    )


KINDS: dict[str, Kind] = {
    "dinosaur": Kind(
        ("dinosaur", "t-rex", "tyrannosaurus", "dino"),
        dinosaur,
        natural("green"),
        True,
        ("head", "eyes", "neck", "back"),
        {"triceratops": ("triceratops",), "brontosaurus": ("brontosaurus", "long neck dinosaur")},
    )
}
