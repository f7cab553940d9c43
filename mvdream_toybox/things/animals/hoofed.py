"""Animals on hooves, and the elephant."""

import numpy as np

from mvdream_toybox.geometry.bodies import INK, IVORY, PINK, WHITE, beast, eyes, petal, puffs, tail
from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Anchor, Look, Model, Part, both
from mvdream_toybox.geometry.shapes import curve, cylinder, ellipsoid, limb, tube
from mvdream_toybox.kind import Kind
from mvdream_toybox.palette import natural


def _side_ears(b, paint, size: float = 0.5, z: float = 0.5) -> list[Part]:
    """Leaf ears that stand out sideways, pink inside."""
    r = float(b.head_radii.mean())
    outer = ellipsoid(
        b.on_head(-0.1, 1.0, z) + [0, size * r * 0.6, 0], r * size * np.array([0.4, 1.0, 0.55]), paint, (15, 0, 0), detail=12
    )
    inner = ellipsoid(
        b.on_head(0.0, 1.0, z) + [r * size * 0.16, size * r * 0.62, 0],
        r * size * np.array([0.32, 0.7, 0.36]),
        PINK,
        (15, 0, 0),
        detail=10,
    )
    return both(outer, inner)


def _tuft_tail(b, paint, tuft, length: float = 0.5) -> list[Part]:
    base = b.on_body(-0.97, 0, 0.45)
    end = base + [-0.2, 0, -length]
    return tail(curve(base, base + [-0.16, 0, -length * 0.3], end), [0.04, 0.035, 0.025], paint) + [
        ellipsoid(end, (0.07, 0.07, 0.12), tuft, detail=10)
    ]


def pig(rng, look: Look) -> Model:
    """A round pig with a flat snout and a curled tail."""
    paint, rose = look.paint, darker(look.main, 0.8)
    b = beast(
        rng,
        paint,
        body=(0.5, 0.36, 0.35),
        leg=0.13,
        leg_radius=0.11,
        head=(0.32, 0.34, 0.32),
        head_at=(0.52, 0.22),
        neck=0.28,
        foot=rose,
    )
    r, snout = float(b.head_radii.mean()), b.on_head(0.85, 0, -0.15)
    turns = np.linspace(0, 2.6 * np.pi, 30)
    coil = b.on_body(-0.97, 0, 0.2) + np.column_stack([-turns * 0.02, 0.075 * np.sin(turns), 0.075 * (1 - np.cos(turns))])
    return b.model(
        eyes(b.on_head(0.72, 0.44, 0.36), r * 0.2),
        [cylinder(snout, snout + [r * 0.42, 0, 0], r * 0.44, lighter(look.main, 0.25), r * 0.4)],
        both(ellipsoid(snout + [r * 0.43, r * 0.16, 0], (0.03 * r, 0.09 * r, 0.14 * r), darker(look.main, 0.35), detail=8)),
        both(ellipsoid(b.on_head(0.2, 0.62, 0.86), np.array([0.2, 0.34, 0.42]) * r, rose, (-25, 45, 0), detail=12)),
        tail(coil, [0.035, 0.025], paint),
        eye=(0.8, 0.44, 0.36),
        crown=0.72,
    )


def cow(rng, look: Look) -> Model:
    """A cow with horns, a pink muzzle and udder."""
    paint = look.paint
    b = beast(
        rng,
        paint,
        body=(0.62, 0.32, 0.33),
        leg=0.24,
        leg_radius=0.09,
        head=(0.29, 0.27, 0.29),
        head_at=(0.68, 0.28),
        neck=0.2,
        hoof=INK,
    )
    r = float(b.head_radii.mean())
    horn = curve(b.on_head(-0.05, 0.5, 0.75), b.on_head(-0.05, 0.95, 1.05), b.on_head(0.0, 1.05, 1.55), samples=10)
    return b.model(
        eyes(b.on_head(0.78, 0.5, 0.3), r * 0.24),
        _side_ears(b, paint, 0.5, 0.42),
        both(tube(horn, np.linspace(0.2, 0.05, 10) * r, IVORY, sides=12)),
        [ellipsoid(b.on_head(0.82, 0, -0.45), r * np.array([0.62, 0.74, 0.48]), PINK, detail=18)],
        both(ellipsoid(b.on_head(1.4, 0.3, -0.3), r * np.array([0.07, 0.1, 0.1]), darker(PINK, 0.45), detail=8)),
        [ellipsoid(b.on_body(-0.45, 0, -0.92), (0.17, 0.15, 0.12), PINK, detail=14)],
        _tuft_tail(b, paint, INK),
        eye=(0.84, 0.5, 0.3),
    )


def sheep(rng, look: Look) -> Model:
    """A sheep in a fluffy fleece of the captioned color, dark face and legs."""
    skin = (0.2, 0.18, 0.18) if np.mean(look.main) > 0.3 else (0.85, 0.75, 0.65)
    b = beast(
        rng,
        look.paint,
        body=(0.42, 0.28, 0.28),
        leg=0.24,
        leg_radius=0.07,
        head=(0.22, 0.2, 0.24),
        head_at=(0.52, 0.26),
        neck=0.14,
        hoof=INK,
    )
    for part in b.parts[2:]:  # head and legs
        part.colors = np.broadcast_to(np.array(skin), part.colors.shape).copy()
    r = float(b.head_radii.mean())
    fleece = puffs(rng, b.body, b.body_radii * np.array([0.98, 0.92, 0.9]), 0.15, 46, look.paint)
    cap = puffs(rng, b.on_head(-0.3, 0, 0.75), b.head_radii * np.array([0.5, 0.65, 0.35]), 0.095, 10, look.paint)
    return b.model(
        fleece,
        cap,
        eyes(b.on_head(0.76, 0.5, 0.22), r * 0.27),
        _side_ears(b, skin, 0.6, 0.3),
        [ellipsoid(b.on_head(0.9, 0, -0.45), r * np.array([0.3, 0.34, 0.28]), lighter(skin, 0.2), detail=12)],
        [ellipsoid(b.on_body(-1.15, 0, 0.2), 0.12, look.paint, detail=10)],
        crown=1.0,
    )


def giraffe(rng, look: Look) -> Model:
    """A giraffe: very long neck, two horn knobs, a spotted coat."""
    paint = look.paint
    shape = dict(body=(0.42, 0.22, 0.24), leg=0.58, leg_radius=0.07, head=(0.2, 0.17, 0.17), head_at=(0.56, 1.08), neck=0.105)
    b = beast(rng, paint, **shape, hoof=darker(look.main, 0.35))
    r = float(b.head_radii.mean())
    knob = both(
        limb(b.on_head(-0.1, 0.45, 0.7), b.on_head(-0.2, 0.5, 1.75), r * 0.14, r * 0.12, look.main, sides=10),
        ellipsoid(b.on_head(-0.2, 0.5, 1.85), r * 0.22, darker(look.main, 0.4), detail=10),
    )
    ridge = limb(b.on_body(0.45, 0, 0.95), b.on_head(-0.8, 0, 0.0), 0.045, 0.045, darker(look.main, 0.5), sides=10)
    snout = limb(b.on_head(0.4, 0, -0.2), b.on_head(1.7, 0, -0.55), r * 0.66, r * 0.52, lighter(look.main, 0.5))
    nostril = both(ellipsoid(b.on_head(2.15, 0.3, -0.35), r * 0.09, INK, detail=8))
    model = b.model(
        knob,
        [ridge, snout],
        nostril,
        eyes(b.on_head(0.55, 0.75, 0.35), r * 0.3, outward=0.9),
        _side_ears(b, look.main, 0.7, 0.45),
        _tuft_tail(b, paint, INK, 0.4),
        eye=(0.7, 0.75, 0.35),
        crown=0.85,
    )
    model.anchors["neck"] = Anchor(tuple(b.on_body(0.62, 0, 0.35) * 0.6 + b.head * 0.4), 0.14, 20.0)
    return model


def elephant(rng, look: Look) -> Model:
    """An elephant with a curved trunk, tusks and fan ears."""
    paint = look.paint
    b = beast(
        rng, paint, body=(0.52, 0.38, 0.4), leg=0.18, leg_radius=0.15, head=(0.33, 0.33, 0.34), head_at=(0.56, 0.34), neck=0.3
    )
    r = float(b.head_radii.mean())
    start = b.on_head(0.75, 0, -0.1)
    up = rng.uniform(0.1, 0.4)
    trunk = curve(
        start, start + [0.2, 0, -0.22], start + [0.27, 0, -0.5], start + [0.42, 0, -0.62], start + [0.58, 0, -0.62 + up]
    )
    fan = [(0.0, 0.4), (0.35, 0.62), (0.8, 0.45), (0.86, -0.1), (0.6, -0.62), (0.2, -0.5), (0.0, -0.3)]
    place, turn = b.on_head(-0.1, 0.8, 0.15), (0, -8, -22)
    ears = both(
        petal(np.array(fan) * r * 1.2, 0.12, paint, place, turn),
        petal(np.array(fan) * r * 0.95 + [0.03, 0.0], 0.14, lighter(look.main, 0.35), place + [0.02, 0.01, 0], turn),
    )
    tusk = curve(b.on_head(0.75, 0.5, -0.5), b.on_head(1.2, 0.55, -0.95), b.on_head(1.65, 0.55, -0.8), samples=10)
    toes = [
        ellipsoid((x + 0.13 * np.cos(a) + 0.02, b.body_radii[1] * 0.6 + 0.13 * np.sin(a), 0.06), 0.045, IVORY, detail=6)
        for x in (b.body_radii[0] * 0.6, -b.body_radii[0] * 0.64)
        for a in (-0.7, 0, 0.7)
    ]
    return b.model(
        eyes(b.on_head(0.8, 0.46, 0.3), r * 0.18),
        ears,
        tail(trunk, [0.16, 0.13, 0.1, 0.09, 0.09], paint),
        both(*toes),
        both(tube(tusk, np.linspace(0.07, 0.025, 10), IVORY, sides=12)),
        _tuft_tail(b, paint, INK, 0.36),
        eye=(0.88, 0.46, 0.3),
        crown=0.72,
    )


def deer(rng, look: Look) -> Model:
    """A deer with branching antlers."""
    paint = look.paint
    b = beast(
        rng,
        paint,
        body=(0.46, 0.21, 0.23),
        leg=0.44,
        leg_radius=0.06,
        head=(0.21, 0.19, 0.2),
        head_at=(0.52, 0.56),
        neck=0.12,
        hoof=INK,
    )
    r, horn = float(b.head_radii.mean()), (0.52, 0.36, 0.22)
    beam = curve(
        b.on_head(-0.1, 0.35, 0.8), b.on_head(-0.5, 1.2, 1.8), b.on_head(-0.3, 1.7, 2.9), b.on_head(0.2, 1.5, 3.7), samples=14
    )
    tines = [
        limb(beam[k], beam[k] + np.array(d) * r, r * 0.12, r * 0.07, horn, sides=8)
        for k, d in ((4, (0.8, 0.1, 0.7)), (8, (0.8, -0.2, 0.8)), (9, (-0.6, 0.5, 0.8)))
    ]
    return b.model(
        eyes(b.on_head(0.66, 0.68, 0.3), r * 0.28, outward=0.8),
        _side_ears(b, paint, 0.75, 0.35),
        [
            limb(b.on_head(0.4, 0, -0.15), b.on_head(1.5, 0, -0.5), r * 0.66, r * 0.42, lighter(look.main, 0.5)),
            ellipsoid(b.on_head(1.95, 0, -0.4), r * 0.22, INK, detail=10),
        ],
        both(tube(beam, np.linspace(0.15, 0.07, 14) * r, horn, sides=10), *tines),
        [ellipsoid(b.on_body(-1.0, 0, 0.45), (0.08, 0.08, 0.12), WHITE, detail=10)],
        [ellipsoid(b.on_body(0.5, 0, -0.2), b.body_radii * np.array([0.5, 0.78, 0.84]), lighter(look.main, 0.6), detail=16)],
        eye=(0.74, 0.68, 0.3),
    )


WEARS = ("head", "eyes", "neck", "back")
KINDS: dict[str, Kind] = {
    "pig": Kind(("pig", "piglet", "piggy"), pig, natural("pink"), True, WEARS, extras=(("after", "with a curly tail"),)),
    "cow": Kind(("cow", "bull", "calf"), cow, natural("white"), True, WEARS),
    "sheep": Kind(("sheep", "lamb"), sheep, natural("white"), True, WEARS, extras=(("before", "woolly"),)),
    "giraffe": Kind(("giraffe",), giraffe, natural("yellow"), False, WEARS, extras=(("after", "with a long neck"),)),
    "elephant": Kind(
        ("elephant", "baby elephant"), elephant, natural("gray"), True, WEARS, extras=(("after", "with a long trunk"),)
    ),
    "deer": Kind(
        ("deer", "stag", "reindeer"), deer, natural("tan"), True, ("neck", "back"), extras=(("after", "with antlers"),)
    ),
}
NATURAL = {"cow": ("white", "black", "spotted"), "giraffe": ("yellow", "brown", "spotted")}
