"""Horses, zebras and unicorns."""

import numpy as np

from mvdream_toybox.geometry.bodies import INK, beast, eyes, tail
from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Anchor, Look, Model, both
from mvdream_toybox.geometry.shapes import curve, cylinder, ellipsoid, limb, tube
from mvdream_toybox.kind import Kind
from mvdream_toybox.palette import natural


def horse(rng, look: Look) -> Model:
    """A horse with a mane and a tail of the second color."""
    hair = look.second if np.linalg.norm(np.subtract(look.second, look.main)) > 0.25 else darker(look.main, 0.4)
    return _horse(rng, look, [hair] * 6, None)


def unicorn(rng, look: Look) -> Model:
    """A horse with a golden spiral horn and a mane of many colors."""
    rainbow = [
        (0.95, 0.35, 0.5),
        (0.98, 0.62, 0.25),
        (0.98, 0.86, 0.3),
        (0.45, 0.8, 0.45),
        (0.35, 0.62, 0.95),
        (0.68, 0.45, 0.9),
    ]
    return _horse(rng, look, rainbow, (0.95, 0.77, 0.25))


def zebra(rng, look: Look) -> Model:
    """A striped horse with an upright mane."""
    return _horse(rng, look, [look.second] * 6, None, short=True)


def _horse(rng, look: Look, hair, horn, short: bool = False) -> Model:
    paint = look.paint
    b = beast(
        rng,
        paint,
        body=(0.56, 0.25, 0.27),
        leg=0.46,
        leg_radius=0.08,
        head=(0.22, 0.2, 0.24),
        head_at=(0.66, 0.64),
        neck=0.16,
        hoof=darker(look.main, 0.35),
    )
    r, base = float(b.head_radii.mean()), b.on_body(-0.95, 0, 0.5)
    nose = b.on_head(1.75, 0, -0.95)
    more = [
        eyes(b.on_head(0.62, 0.72, 0.26), r * 0.25, outward=0.9),
        [limb(b.on_head(0.3, 0, -0.1), nose, r * 0.82, r * 0.58, paint)],
        [ellipsoid(nose + [0.03, 0, -0.02], r * np.array([0.56, 0.6, 0.56]), lighter(look.main, 0.35), detail=14)],
        both(ellipsoid(nose + r * np.array([0.5, 0.3, 0.16]), r * 0.1, INK, detail=8)),
        both(cylinder(b.on_head(-0.2, 0.5, 0.6), b.on_head(-0.3, 0.68, 1.55), r * 0.27, paint, 0.01, sides=12)),
    ]
    crest = curve(
        b.on_head(0.35, 0, 0.98),
        b.on_head(-0.6, 0, 0.95),
        b.on_head(-1.3, 0, -0.2),
        b.on_head(-1.8, 0, -1.3),
        b.on_body(0.45, 0, 0.85),
        samples=6 * 3,
    )
    for k, lock in enumerate(crest[1:]):
        side = 0.0 if short else 0.05 * (-1) ** k
        size = (0.09, 0.05, 0.12) if short else (0.12, 0.1, 0.14)
        more.append([ellipsoid(lock + [0, side, 0.0 if short else -0.02], size, hair[k * 6 // 17 % 6], detail=10)])
    ends = [(-0.16, 0.07), (-0.3, 0.0), (-0.22, -0.07)]
    for k, (x, y) in enumerate(ends):
        strand = curve(base, base + [x * 0.9, y * 0.5, -0.02], base + [x * 1.2, y, -0.34], base + [x * 1.0, y * 1.2, -0.62])
        more.append(tail(strand, [0.05, 0.045] if short and k else [0.06, 0.1, 0.09, 0.03], hair[2 * k]))
    if horn is not None:
        tip, foot = b.on_head(1.15, 0, 3.0), b.on_head(0.45, 0, 0.75)
        more.append([cylinder(foot, tip, r * 0.24, horn, 0.005, sides=16)])
        rise = np.linspace(0, 0.85, 40)[:, None]
        turn = np.linspace(0, 8 * np.pi, 40)[:, None]
        ring = r * 0.22 * (1 - rise) * np.hstack([np.cos(turn), np.sin(turn), 0 * turn])
        more.append([tube(foot + (tip - foot) * rise + ring, r * 0.07 * (1 - 0.8 * rise[:, 0]), lighter(horn, 0.45), sides=6)])
    model = b.model(*more, eye=(0.72, 0.72, 0.26), crown=0.75)
    low, high = b.on_body(0.62, 0, 0.35), b.head
    model.anchors["neck"] = Anchor(tuple(low * 0.55 + high * 0.45), 0.2, 32.0)
    return model


WEARS = ("head", "eyes", "neck", "back")
KINDS: dict[str, Kind] = {
    "horse": Kind(("horse", "pony", "stallion"), horse, natural("brown"), True, WEARS, extras=(("after", "with a long mane"),)),
    "zebra": Kind(("zebra",), zebra, natural("white"), False, WEARS),
    "unicorn": Kind(
        ("unicorn",),
        unicorn,
        natural("white"),
        True,
        ("neck", "back"),
        extras=(("before", "magical"), ("after", "with a golden horn"), ("after", "with a rainbow mane")),
    ),
}
NATURAL = {"zebra": ("white", "black", "striped"), "horse": ("brown", "black")}
