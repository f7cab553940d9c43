"""Birds."""

import numpy as np

from mvdream_toybox.geometry.bodies import INK, IVORY, RUST, WHITE, dots, eyes, petal, vary
from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Anchor, Look, Model, Part, both
from mvdream_toybox.geometry.shapes import curve, cylinder, ellipsoid, limb, tube
from mvdream_toybox.kind import Kind
from mvdream_toybox.palette import natural

WING = [(0.0, 0.08), (0.16, 0.16), (0.42, 0.06), (0.5, -0.16), (0.34, -0.2), (0.12, -0.14)]


def _feet(x: float, y: float, leg: float, size: float, paint) -> list[Part]:
    """Two thin legs with three toes each."""
    toes = [
        limb(
            (x, y, size * 0.18),
            (x + size * np.cos(a), y + size * np.sin(a), size * 0.16),
            size * 0.17,
            size * 0.15,
            paint,
            sides=8,
        )
        for a in (-0.6, 0.0, 0.6)
    ]
    return both(limb((x, y, leg), (x, y, size * 0.2), size * 0.2, size * 0.16, paint, sides=8), *toes)


def _folded_wings(centre, radii, paint, droop: float = 0.3) -> list[Part]:
    """Wings that lie against the body's sides, their tips pointing back and `droop` down."""
    rx, ry, rz = radii
    outline = [(0.55, 0.1), (0.3, 0.45), (-0.2, 0.4), (-0.9, 0.0), (-1.15, -droop), (-0.3, -0.5), (0.3, -0.42)]
    left = petal([(-a * rx * 0.82, b * rz * 1.05) for a, b in outline], ry * 0.3, paint, rotate_deg=(0, 0, 90))
    left.vertices = left.vertices + np.array([centre[0] - rx * 0.1, centre[1] + ry * 0.97, centre[2]])
    return both(left)


def _anchors(
    head, radius: float, body, girth: float, eye: float = 0.5, front: float = 0.8, crown: float = 0.62
) -> dict[str, Anchor]:
    """Anchors of an upright bird; `eye` (half distance), `front` and `crown` in head radii."""
    x, _, z = head
    return {
        "head": Anchor((x - 0.05 * radius, 0, z + crown * radius), radius * float(np.sqrt(1 - crown**2)) * 1.04),
        "eyes": Anchor((x + front * radius, 0, z + 0.25 * radius), radius * eye),
        "neck": Anchor((x - 0.15 * radius, 0, z - radius * 0.85), radius * 0.85),
        "back": Anchor((body[0] - girth, 0, body[2] + girth * 0.2), girth * 0.8),
    }


def bird(rng, look: Look) -> Model:
    """A small round songbird; wings spread when flying."""
    paint, belly = look.paint, lighter(look.main, 0.62)
    w, r = vary(rng, 0.3, 0.25)
    body, head = np.array([0, 0, 0.48]), np.array([0.24, 0, 0.86])
    parts = [
        ellipsoid(body, (w * 1.4, w, w * 1.05), paint, (0, -22, 0), detail=24),
        ellipsoid(head, r, paint, detail=22),
        ellipsoid(body + [0.1, 0, -0.05], (w * 1.15, w * 0.86, w * 0.98), belly, (0, -22, 0), detail=20),
        limb(body + [0.12, 0, 0.12], head, w * 0.8, r * 0.9, paint),
        cylinder(head + [r * 0.8, 0, -0.02], head + [r * 1.75, 0, -0.07], r * 0.3, RUST, 0.01, sides=16),
        *eyes(head + r * np.array([0.68, 0.56, 0.25]), r * 0.27, outward=0.6),
        petal(
            [(-0.1, 0), (-0.17, -0.45), (0, -0.5), (0.17, -0.45), (0.1, 0)], 0.1, paint, body + [-w * 0.95, 0, 0.0], (0, 62, 0)
        ),
    ]
    if look.pose == "flying":
        span = rng.uniform(1.5, 1.8)
        parts += both(petal(np.array(WING) * span, 0.09, paint, body + [0.02, w * 0.6, 0.12], (24, -35, 0)))
    else:
        parts += _folded_wings(body + [-0.04, 0, 0.04], (w * 1.3, w, w), darker(look.main, 0.72)) + _feet(
            0.03, 0.12, 0.3, 0.13, RUST
        )
    return Model(parts, _anchors(head, r, body, w))


def duck(rng, look: Look) -> Model:
    """A bath duck: low round body, upturned tail, flat bill."""
    paint = look.paint
    w, r = vary(rng, 0.34, 0.27)
    body, head = np.array([-0.05, 0, 0.36]), np.array([0.26, 0, 0.86])
    bill = head + r * np.array([1.05, 0, -0.16])
    parts = [
        ellipsoid(body, (w * 1.5, w, w * 0.92), paint, detail=24),
        limb(body + [0.22, 0, 0.1], head, w * 0.66, r * 0.7, paint),
        ellipsoid(head, r, paint, detail=22),
        limb(body + [-0.34, 0, 0.12], body + [-0.62, 0, 0.34], w * 0.55, 0.04, paint),
        ellipsoid(bill, r * np.array([0.62, 0.5, 0.14]), RUST, (0, -8, 0), detail=14),
        ellipsoid(bill - [0.02, 0, 0.06], r * np.array([0.5, 0.42, 0.12]), darker(RUST, 0.8), (0, 8, 0), detail=12),
        *eyes(head + r * np.array([0.66, 0.52, 0.34]), r * 0.25, outward=0.6),
        *both(ellipsoid((body[0] + 0.12, 0.16, 0.05), (0.17, 0.12, 0.045), RUST, detail=10)),
        *_folded_wings(body + [-0.06, 0, 0.1], (w * 1.25, w * 0.95, w * 0.85), darker(look.main, 0.86), droop=-0.35),
    ]
    return Model(parts, _anchors(head, r, body, w, eye=0.52))


def chicken(rng, look: Look) -> Model:
    """A hen: red comb and wattle, upright tail fan."""
    paint, red = look.paint, (0.85, 0.1, 0.1) if look.main[0] < 0.7 or look.main[1] > 0.4 else (0.98, 0.8, 0.2)
    w, r = vary(rng, 0.33, 0.2)
    body, head = np.array([0, 0, 0.58]), np.array([0.3, 0, 1.06])
    fan = [
        petal(
            [(0.06, 0.0), (0.15, 0.3), (0.0, 0.5), (-0.15, 0.3), (-0.06, 0.0)], 0.1, color, body + [-0.3, 0, 0.1], (x, -42, 0)
        )
        for x, color in ((0, paint), (24, darker(look.main, 0.7)), (-24, darker(look.main, 0.7)))
    ]
    comb = [
        ellipsoid(head + r * np.array([a, 0, 1.0 + h]), r * np.array([0.26, 0.15, 0.36]), red, detail=10)
        for a, h in ((0.45, -0.08), (0.08, 0.14), (-0.3, 0.02))
    ]
    parts = [
        ellipsoid(body, (w * 1.25, w, w * 1.0), paint, detail=24),
        limb(body + [0.1, 0, 0.08], head, w * 0.86, r * 0.85, paint),
        ellipsoid(head, r, paint, detail=20),
        cylinder(head + [r * 0.75, 0, -0.02], head + [r * 1.65, 0, -0.08], r * 0.36, (0.98, 0.75, 0.2), 0.01, sides=14),
        *fan,
        *comb,
        *both(ellipsoid(head + r * np.array([0.92, 0.18, -0.7]), r * np.array([0.17, 0.14, 0.34]), red, detail=10)),
        *eyes(head + r * np.array([0.62, 0.58, 0.28]), r * 0.27, outward=0.7),
        *_folded_wings(body + [-0.02, 0, 0.02], (w * 1.1, w, w), darker(look.main, 0.84)),
        *_feet(0.0, 0.13, 0.36, 0.14, (0.98, 0.7, 0.15)),
    ]
    return Model(parts, _anchors(head, r, body, w, eye=0.55, crown=0.8))


def owl(rng, look: Look) -> Model:
    """An upright owl: huge eyes in pale discs, ear tufts, a chequered breast."""
    paint, pale = look.paint, lighter(look.main, 0.6)
    (w,) = vary(rng, 0.36)
    head, r = np.array([0.02, 0, 0.98]), w * 1.02
    marks = [
        ellipsoid(
            (w * 0.92 - 0.08 * abs(z - 0.5) - 0.3 * y * y, y, z),
            (0.04, 0.06, 0.035),
            darker(look.main, 0.62),
            (0, 0, 60 * y),
            detail=8,
        )
        for z, ys in ((0.62, (-0.14, 0, 0.14)), (0.48, (-0.2, -0.07, 0.07, 0.2)), (0.34, (-0.14, 0, 0.14)))
        for y in ys
    ]
    parts = [
        ellipsoid((0, 0, 0.5), (w * 0.92, w, 0.48), paint, detail=24),
        ellipsoid(head, (r * 0.92, r * 1.04, r * 0.84), paint, detail=24),
        ellipsoid((w * 0.24, 0, 0.46), (w * 0.72, w * 0.74, 0.38), pale, detail=20),
        *marks,
        *both(
            ellipsoid(head + r * np.array([0.66, 0.4, 0.06]), r * np.array([0.3, 0.46, 0.46]), pale, (0, 0, 18), detail=16),
            cylinder(
                head + r * np.array([0.1, 0.52, 0.5]), head + r * np.array([0.1, 0.86, 1.28]), r * 0.24, paint, 0.01, sides=14
            ),
        ),
        *eyes(head + r * np.array([0.8, 0.4, 0.08]), r * 0.31, outward=0.3, iris=(0.08, 0.06, 0.04)),
        cylinder(head + r * np.array([0.9, 0, 0.02]), head + r * np.array([1.1, 0, -0.38]), r * 0.17, RUST, 0.01, sides=12),
        *_folded_wings((-0.03, 0.0, 0.52), (w * 0.95, w * 0.98, 0.5), darker(look.main, 0.75)),
        *_feet(0.14, 0.14, 0.1, 0.13, RUST),
        petal(
            [(-0.12, 0), (-0.16, -0.3), (0, -0.36), (0.16, -0.3), (0.12, 0)],
            0.09,
            darker(look.main, 0.75),
            (-w * 0.8, 0, 0.3),
            (0, 30, 0),
        ),
    ]
    return Model(parts, _anchors(head, r, (0, 0, 0.6), w, eye=0.4, front=0.95))


def penguin(rng, look: Look) -> Model:
    """An upright penguin: white front, flippers, orange feet."""
    paint = look.paint
    w, tall = vary(rng, 0.34, 0.5)
    white = WHITE if min(look.main) < 0.8 else (0.75, 0.8, 0.88)
    head, r = np.array([0.03, 0, tall * 1.95]), w * 0.84
    flipper = [(0.0, 0.06), (0.16, 0.0), (0.3, -0.32), (0.3, -0.52), (0.16, -0.42), (0.02, -0.14)]
    out = rng.uniform(-10, 25)
    parts = [
        ellipsoid((0, 0, tall), (w * 0.95, w, tall * 0.98), paint, detail=24),
        ellipsoid(head, r, paint, detail=22),
        limb((0, 0, tall), head, w * 0.8, r * 0.8, paint),
        ellipsoid((w * 0.24, 0, tall * 0.94), (w * 0.78, w * 0.8, tall * 0.84), white, detail=20),
        *both(
            ellipsoid(head + r * np.array([0.5, 0.36, -0.02]), r * np.array([0.5, 0.44, 0.56]), white, detail=16),
            petal(np.array(flipper) * 1.05, 0.1, paint, (0.02, w * 0.8, tall * 1.45), (out, 0, 0)),
            ellipsoid((0.16, 0.16, 0.05), (0.2, 0.13, 0.055), RUST, (0, 0, 14), detail=12),
        ),
        limb(head + r * np.array([0.85, 0, -0.14]), head + r * np.array([1.42, 0, -0.24]), r * 0.22, r * 0.07, RUST),
        *eyes(head + r * np.array([0.82, 0.36, 0.2]), r * 0.21),
    ]
    anchors = _anchors(head, r, (0, 0, tall * 1.1), w, eye=0.36, front=0.92)
    return Model(parts, anchors)


def parrot(rng, look: Look) -> Model:
    """An upright parrot: hooked beak, wings of the second and the accent color, a long tail."""
    paint = look.paint
    w, r = vary(rng, 0.25, 0.23)
    body, head = np.array([0, 0, 0.72]), np.array([0.12, 0, 1.16])
    blue = look.second if np.linalg.norm(np.subtract(look.second, look.main)) > 0.3 else look.accent
    hook = curve(head + [r * 0.7, 0, 0.05], head + [r * 1.35, 0, 0.02], head + [r * 1.5, 0, -0.2], samples=10)
    feathers = [
        petal(
            [(-0.07, 0.0), (-0.09, -0.4), (0, -0.74 + 0.1 * k), (0.09, -0.4), (0.07, 0.0)],
            0.07,
            color,
            body + [-0.16, 0, -0.1],
            (0, 32, 12 * k),
        )
        for k, color in ((0, paint), (1, blue), (-1, blue))
    ]
    parts = [
        ellipsoid(body, (w * 0.98, w, w * 1.5), paint, (0, 16, 0), detail=24),
        ellipsoid(head, r, paint, detail=22),
        limb(body + [0, 0, 0.1], head, w * 0.86, r * 0.9, paint),
        tube(hook, np.linspace(0.55, 0.08, 10) * r, INK if np.mean(look.main) > 0.2 else IVORY, sides=16),
        ellipsoid(head + r * np.array([0.85, 0, -0.42]), r * 0.26, INK, detail=10),
        *feathers,
        *both(ellipsoid(head + r * np.array([0.5, 0.55, 0.08]), r * np.array([0.42, 0.4, 0.42]), WHITE, detail=14)),
        *dots(head + r * np.array([0.66, 0.84, 0.16]), r * 0.2),
        *_upright_wings(body, w, blue, look.accent),
        limb((0.06, -0.34, 0.3), (0.06, 0.34, 0.3), 0.05, 0.05, (0.5, 0.33, 0.18)),
        *both(*[ellipsoid((0.1, y, 0.33), (0.06, 0.03, 0.05), (0.35, 0.33, 0.32), detail=8) for y in (0.06, 0.12, 0.18)]),
    ]
    return Model(parts, _anchors(head, r, body, w, eye=0.7, front=0.6))


def _upright_wings(body, w: float, first, tips) -> list[Part]:
    wing = petal(
        [(-0.14, 0.2), (0.0, 0.32), (0.14, 0.2), (0.13, -0.2), (0.02, -0.56), (-0.12, -0.2)],
        0.11,
        first,
        body + [-0.06, w * 0.95, 0.02],
        (0, 22, 90),
    )
    tip = petal(
        [(-0.09, 0.0), (0.1, 0.0), (0.1, -0.26), (0.02, -0.52), (-0.08, -0.26)],
        0.13,
        tips,
        body + [-0.06, w * 0.96, 0.0],
        (0, 22, 90),
    )
    return both(wing, tip)


def flamingo(rng, look: Look) -> Model:
    """A flamingo: one long S-shaped neck, bent beak, stilts for legs."""
    paint = look.paint
    body, (r, leg) = np.array([0, 0, 0.9]), vary(rng, 0.13, 0.62)
    neck = curve(
        body + [0.24, 0, 0.06], body + [0.46, 0, 0.28], body + [0.28, 0, 0.58], body + [0.36, 0, 0.86], body + [0.5, 0, 0.86]
    )
    head = neck[-1]
    beak = curve(head + [0.06, 0, -0.01], head + [0.26, 0, -0.06], head + [0.3, 0, -0.2], samples=12)
    parts = [
        ellipsoid(body, (0.36, 0.23, 0.24), paint, (0, -10, 0), detail=24),
        tube(neck, np.linspace(0.1, 0.075, 24), paint, sides=18),
        ellipsoid(head, r, paint, detail=16),
        tube(beak[:8], np.linspace(0.09, 0.06, 8), IVORY, sides=12),
        tube(beak[6:], np.linspace(0.065, 0.025, 6), INK, sides=12),
        *dots(head + [0.06, r * 0.78, 0.04], r * 0.26),
        *_folded_wings(body + [-0.04, 0, 0.05], (0.36, 0.22, 0.24), darker(look.main, 0.85)),
        limb(body + [-0.26, 0, 0.04], body + [-0.5, 0, 0.0], 0.14, 0.03, paint),
        *[
            p
            for y in (-0.09, 0.09)
            for p in (
                limb((0, y, body[2]), (0, y, 0.05), 0.035, 0.03, darker(look.main, 0.75), sides=8),
                ellipsoid((0, y, body[2] - leg * 0.62), 0.055, darker(look.main, 0.75), detail=8),
                ellipsoid((0.08, y, 0.03), (0.14, 0.08, 0.03), darker(look.main, 0.75), detail=8),
            )
        ],
    ]
    return Model(parts, _anchors(head, r, body, 0.24, eye=0.8))


WEARS = ("head", "eyes", "neck")
KINDS: dict[str, Kind] = {
    "bird": Kind(("bird", "little bird", "songbird", "birdie"), bird, natural("light blue"), True, WEARS, poses=("flying",)),
    "duck": Kind(("duck", "rubber duck", "duckling"), duck, natural("yellow"), True, WEARS),
    "chicken": Kind(("chicken", "hen", "rooster"), chicken, natural("white"), True, WEARS),
    "owl": Kind(("owl", "wise owl"), owl, natural("brown"), False, (*WEARS, "back"), extras=(("after", "with big eyes"),)),
    "penguin": Kind(("penguin", "little penguin"), penguin, natural("black"), False, (*WEARS, "back")),
    "parrot": Kind(
        ("parrot", "macaw"),
        parrot,
        natural("red", "green"),
        False,
        WEARS,
        extras=(("before", "tropical"), ("after", "on a perch")),
    ),
    "flamingo": Kind(("flamingo",), flamingo, natural("pink"), False, ("head",), extras=(("after", "with long legs"),)),
}
