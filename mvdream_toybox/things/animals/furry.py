"""Cats great and small, foxes, rabbits and mice."""

import numpy as np

from mvdream_toybox.geometry.bodies import INK, PINK, WHITE, beast, eyes, muzzle, pointed_ears, round_ears, tail, vary
from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Anchor, Look, Model, Paint, Part, both
from mvdream_toybox.geometry.shapes import curve, ellipsoid, limb
from mvdream_toybox.kind import Kind
from mvdream_toybox.palette import natural


def _whiskers(b, hair) -> list[Part]:
    return both(
        *[limb(b.on_head(0.95, 0.28, -0.3), b.on_head(0.85, 1.3, z), 0.016, 0.01, hair, sides=6) for z in (-0.12, -0.5)]
    )


def _cat_eyes(b, iris) -> list[Part]:
    """Colored irises with narrow pupils."""
    r, place = float(b.head_radii.mean()), b.on_head(0.72, 0.42, 0.18)
    pupil = ellipsoid(place + np.array([0.245, 0.095, 0.03]) * r, np.array([0.07, 0.055, 0.13]) * r, INK, detail=8)
    return eyes(place, r * 0.27, iris=iris) + both(pupil)


def cat(rng, look: Look) -> Model:
    """A cat with a long raised tail and whiskers."""
    paint, pale = look.paint, lighter(look.main, 0.7)
    shape = dict(body=(0.44, 0.23, 0.24), leg=0.24, leg_radius=0.075, head=(0.29, 0.33, 0.28), head_at=(0.42, 0.4), neck=0.15)
    b = beast(rng, paint, **shape, foot=pale)
    r, base = float(b.head_radii.mean()), b.on_body(-0.88, 0, 0.3)
    iris = (0.1, 0.45, 0.15) if rng.random() < 0.5 else (0.1, 0.2, 0.5)
    return b.model(
        _cat_eyes(b, iris),
        pointed_ears(b.on_head(-0.05, 0.55, 0.62), r * 0.8, r * 0.4, paint),
        muzzle(b, 0.3, 0.44, 0.28, pale, at=(0.86, -0.35), nose=0.13, nose_paint=PINK),
        _whiskers(b, WHITE if np.mean(look.main) < 0.4 else INK),
        tail(
            curve(base, base + [-0.26, 0, 0.08], base + [-0.3, 0, 0.4], base + [-0.16, 0, 0.66]),
            [0.065, 0.06, 0.055, 0.05],
            paint,
        ),
        eye=(0.8, 0.42, 0.18),
    )


def big_cat(rng, look: Look) -> Model:
    """A tiger or leopard: a long heavy cat with round ears; its coat comes with the paint."""
    paint = look.paint
    b = beast(
        rng,
        paint,
        body=(0.6, 0.28, 0.29),
        leg=0.26,
        leg_radius=0.11,
        head=(0.31, 0.33, 0.3),
        head_at=(0.6, 0.34),
        neck=0.2,
        foot=WHITE,
    )
    r, base = float(b.head_radii.mean()), b.on_body(-0.92, 0, 0.3)
    chest = ellipsoid(b.on_body(0.5, 0, -0.25), b.body_radii * np.array([0.5, 0.8, 0.82]), WHITE, detail=18)
    return b.model(
        _cat_eyes(b, (0.75, 0.55, 0.1)),
        round_ears(b.on_head(-0.1, 0.7, 0.75), r * 0.34, paint, WHITE),
        [chest],
        muzzle(b, 0.42, 0.52, 0.36, WHITE, at=(0.8, -0.34), nose=0.2, nose_paint=(0.85, 0.4, 0.42)),
        _whiskers(b, INK),
        tail(
            curve(base, base + [-0.3, 0, 0.0], base + [-0.5, 0, 0.22], base + [-0.46, 0, 0.5]),
            [0.075, 0.065, 0.06, 0.06],
            paint,
        ),
        eye=(0.8, 0.42, 0.18),
    )


def lion(rng, look: Look) -> Model:
    """A lion with a great mane and a tuft on its tail."""
    paint, mane = look.paint, darker(look.main, 0.58)
    b = beast(
        rng, paint, body=(0.54, 0.26, 0.28), leg=0.28, leg_radius=0.1, head=(0.29, 0.28, 0.28), head_at=(0.56, 0.42), neck=0.22
    )
    r, base = float(b.head_radii.mean()), b.on_body(-0.92, 0, 0.35)
    ring = b.on_head(-0.3, 0, -0.08)
    around = np.arange(11) * 2 * np.pi / 11
    locks = [
        ellipsoid(ring + r * np.array([-0.1, 1.02 * np.sin(a), 1.02 * np.cos(a)]), r * 0.46, mane, detail=12) for a in around
    ]
    locks += [
        ellipsoid(ring + r * np.array([-0.42, 0.8 * np.sin(a), 0.8 * np.cos(a) - 0.1]), r * 0.5, mane, detail=10)
        for a in around[::2]
    ]
    end = base + [-0.5, 0, 0.3]
    return b.model(
        [ellipsoid(ring, r * np.array([0.7, 1.15, 1.15]), mane, detail=18)],
        locks,
        eyes(b.on_head(0.76, 0.4, 0.28), r * 0.24),
        round_ears(b.on_head(0.25, 0.78, 0.9), r * 0.3, paint, mane),
        muzzle(b, 0.46, 0.52, 0.4, lighter(look.main, 0.6), nose=0.2),
        tail(curve(base, base + [-0.28, 0, -0.02], end), [0.055, 0.045, 0.035], paint)
        + [ellipsoid(end, (0.1, 0.09, 0.14), mane, (0, -30, 0), detail=12)],
        eye=(0.82, 0.4, 0.28),
        crown=0.95,
    )


def fox(rng, look: Look) -> Model:
    """A fox: pointed snout, tall ears, dark feet, a bushy tail with a white tip."""
    paint, dark = look.paint, darker(look.main, 0.25)
    b = beast(
        rng,
        paint,
        body=(0.46, 0.22, 0.23),
        leg=0.26,
        leg_radius=0.075,
        head=(0.28, 0.31, 0.26),
        head_at=(0.48, 0.38),
        neck=0.15,
        foot=dark,
    )
    r, base = float(b.head_radii.mean()), b.on_body(-0.85, 0, 0.25)
    brush = curve(base, base + [-0.26, 0, 0.02], base + [-0.52, 0, 0.24], base + [-0.62, 0, 0.5])
    snout = limb(b.on_head(0.62, 0, -0.3), b.on_head(1.75, 0, -0.42), r * 0.44, r * 0.12, WHITE)
    bridge = limb(b.on_head(0.6, 0, -0.05), b.on_head(1.55, 0, -0.32), r * 0.34, r * 0.12, paint)
    return b.model(
        eyes(b.on_head(0.74, 0.46, 0.22), r * 0.22),
        pointed_ears(b.on_head(-0.05, 0.58, 0.62), r * 0.95, r * 0.44, paint, INK, lean=0.25),
        [snout, bridge, ellipsoid(b.on_head(1.86, 0, -0.36), r * 0.15, INK, detail=12)],
        both(ellipsoid(b.on_head(0.4, 0.62, -0.42), r * np.array([0.5, 0.42, 0.36]), WHITE, detail=14)),
        [ellipsoid(b.on_body(0.6, 0, -0.1), b.body_radii * np.array([0.46, 0.74, 0.8]), WHITE, detail=16)],
        tail(brush, [0.06, 0.14, 0.18, 0.13], paint)
        + tail(brush[17:] + (brush[23] - brush[22]) * 1.5, [0.175, 0.14, 0.05], WHITE),
    )


def rabbit(rng, look: Look) -> Model:
    """A sitting rabbit with long ears and a round white tail."""
    paint, pale = look.paint, lighter(look.main, 0.65)
    w, r, ear = *vary(rng, 0.32, 0.29), float(rng.uniform(0.62, 0.85))
    face = np.array([0.26, 0, 0.82])
    lop = rng.uniform(0.1, 0.28)
    ears = [
        tube_ear(face + [-0.04, r * 0.42, r * 0.7], (-0.12, lop, 1.0), ear, r * 0.3, paint),
        tube_ear(face + [0.0, r * 0.42, r * 0.75], (-0.12, lop, 1.0), ear * 0.86, r * 0.17, PINK, 0.07),
    ]
    parts = [
        ellipsoid((-0.06, 0, 0.36), (w * 1.15, w, w * 1.12), paint, (0, -18, 0), detail=24),
        ellipsoid(face, (r, r * 1.02, r * 0.95), paint, detail=22),
        ellipsoid((0.12, 0, 0.34), (w * 0.85, w * 0.76, w * 0.86), pale, (0, -18, 0), detail=18),
        ellipsoid((-0.44, 0, 0.2), 0.13, WHITE, detail=14),
        ellipsoid(face + r * np.array([0.8, 0, -0.3]), r * np.array([0.32, 0.42, 0.3]), pale, detail=14),
        ellipsoid(face + r * np.array([1.08, 0, -0.1]), r * np.array([0.12, 0.15, 0.11]), PINK, detail=10),
        ellipsoid(face + r * np.array([1.0, 0, -0.52]), r * np.array([0.1, 0.15, 0.14]), WHITE, detail=8),
        *both(
            ellipsoid((-0.1, w * 0.82, 0.22), (0.26, 0.13, 0.22), paint, detail=16),
            ellipsoid((0.12, w * 0.86, 0.07), (0.25, 0.1, 0.075), pale, detail=12),
            limb((0.24, w * 0.5, 0.42), (0.34, w * 0.5, 0.08), 0.09, 0.08, paint),
            *ears,
        ),
        *eyes(face + r * np.array([0.74, 0.5, 0.22]), r * 0.25, outward=0.5),
    ]
    anchors = {
        "head": Anchor((face[0] - 0.02, 0, face[2] + r * 0.68), r * 0.74),
        "eyes": Anchor(tuple(face + r * np.array([0.84, 0, 0.22])), r * 0.5),
        "neck": Anchor((0.18, 0, 0.58), r * 0.8, 15.0),
        "back": Anchor((-0.3, 0, 0.56), w * 0.7, 40.0),
    }
    return Model(parts, anchors)


def tube_ear(base, direction, length: float, width: float, paint: Paint, forward: float = 0.0) -> Part:
    """A long flat ear that stands along `direction`."""
    d = np.asarray(direction, float) / np.linalg.norm(direction)
    tilt = np.degrees(np.arctan2(d[0], d[2])), np.degrees(np.arctan2(-d[1], d[2]))
    centre = np.asarray(base, float) + d * length * 0.42 + np.array([forward, 0, 0])
    return ellipsoid(centre, (width * 0.45, width, length / 2), paint, (tilt[1], tilt[0], 0), detail=14)


def mouse(rng, look: Look) -> Model:
    """A mouse with huge round ears and a long thin tail."""
    paint, pale = look.paint, lighter(look.main, 0.6)
    b = beast(
        rng,
        paint,
        body=(0.4, 0.28, 0.27),
        leg=0.06,
        leg_radius=0.07,
        head=(0.29, 0.27, 0.26),
        head_at=(0.42, 0.2),
        neck=0.22,
        foot=PINK,
        hips=1.1,
    )
    r, base = float(b.head_radii.mean()), b.on_body(-0.92, 0, -0.3)
    thread = curve(base, base + [-0.3, 0.1, -0.02], base + [-0.55, -0.1, 0.12], base + [-0.8, 0.0, 0.34])
    snout = limb(b.on_head(0.6, 0, -0.18), b.on_head(1.35, 0, -0.3), r * 0.45, r * 0.2, pale)
    return b.model(
        eyes(b.on_head(0.72, 0.48, 0.28), r * 0.24),
        round_ears(b.on_head(-0.2, 1.0, 1.0), r * 0.66, paint, PINK, 10),
        [snout, ellipsoid(b.on_head(1.55, 0, -0.25), r * 0.17, PINK, detail=12)],
        tail(thread, [0.04, 0.03, 0.02], PINK),
        _whiskers(b, INK),
        crown=0.7,
    )


WEARS = ("head", "eyes", "neck", "back")
KINDS: dict[str, Kind] = {
    "cat": Kind(("cat", "kitten", "kitty"), cat, natural("orange"), True, WEARS, extras=(("after", "with whiskers"),)),
    "tiger": Kind(("tiger", "bengal tiger"), big_cat, natural("orange"), False, WEARS),
    "leopard": Kind(("leopard", "cheetah", "jaguar"), big_cat, natural("yellow"), False, WEARS),
    "lion": Kind(("lion",), lion, natural("tan"), True, WEARS, extras=(("after", "with a big mane"), ("before", "majestic"))),
    "fox": Kind(("fox", "red fox"), fox, natural("orange"), False, WEARS, extras=(("after", "with a bushy tail"),)),
    "rabbit": Kind(("rabbit", "bunny", "hare"), rabbit, natural("white"), True, WEARS, extras=(("after", "with long ears"),)),
    "mouse": Kind(("mouse", "rat"), mouse, natural("gray"), True, WEARS, extras=(("after", "with big ears"),)),
}
# Colors (main, second) and pattern of what has a coat of its own.
NATURAL = {"tiger": ("orange", "black", "striped"), "leopard": ("yellow", "black", "spotted")}
