"""People of every day and of courts."""

import numpy as np

from mvdream_toybox.geometry.chibi import DARK, HAIRS, INK, LEATHER, SNOW, Figure, belt, buttons, figure, pick
from mvdream_toybox.geometry.faces import beard, dots, face, hair
from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Color, Look, Model, Part, both, move
from mvdream_toybox.geometry.shapes import ellipsoid, limb, torus, tube
from mvdream_toybox.kind import ANYWHERE, Kind
from mvdream_toybox.things.worn import outfits
from mvdream_toybox.things.worn.hats import GOLD, contrast, crown


def man(rng, look: Look) -> Model:
    """Short hair, a shirt of the color, trousers of the second, shoes."""
    tone = pick(rng, HAIRS)
    fig = figure(rng, look.paint, bottom=look.second, leg=0.42, head=0.4)
    return fig.model(
        face(fig, rng, tone),
        hair(fig, rng, tone, pick(rng, ("short", "spiky", "curly", "short"))),
        buttons(fig, contrast(look.main)),
        belt(fig, LEATHER, 0.12),
    )


def woman(rng, look: Look) -> Model:
    """Long hair and a dress of the color."""
    tone = pick(rng, HAIRS)
    skin = pick(rng, ((0.98, 0.8, 0.66), (0.95, 0.74, 0.58), (0.66, 0.44, 0.29), (0.45, 0.29, 0.2)))
    fig = figure(rng, look.paint, skin=skin, bottom=skin, shoes=look.second, leg=0.4, head=0.4, girth=0.92, skirt=(0.42, 0.4))
    return fig.model(
        face(fig, rng, tone, blush=True),
        hair(fig, rng, tone, pick(rng, ("long", "bob", "bun", "ponytail"))),
        belt(fig, look.second, 0.24, None),
    )


def boy(rng, look: Look) -> Model:
    """A T-shirt of the color, shorts, sneakers."""
    tone = pick(rng, HAIRS)
    skin = pick(rng, ((0.98, 0.8, 0.66), (0.95, 0.74, 0.58), (0.66, 0.44, 0.29)))
    fig = figure(rng, look.paint, skin=skin, bottom=look.second, sleeves=skin, shoes=(0.92, 0.92, 0.92), leg=0.28, head=0.44)
    sleeves = both(
        limb(
            (0, 0.19 * fig.girth, fig.neck_z - 0.09),
            (0.04, 0.29 * fig.girth, fig.neck_z - 0.2),
            0.12,
            0.13,
            look.paint,
            sides=14,
        )
    )
    return fig.model(face(fig, rng, tone, blush=True), hair(fig, rng, tone, pick(rng, ("spiky", "short", "curly"))), sleeves)


def girl(rng, look: Look) -> Model:
    """Pigtails or a ponytail and a short dress of the color."""
    tone = pick(rng, HAIRS)
    skin = pick(rng, ((0.98, 0.8, 0.66), (0.95, 0.74, 0.58), (0.66, 0.44, 0.29)))
    fig = figure(rng, look.paint, skin=skin, bottom=skin, shoes=look.second, leg=0.3, head=0.44, girth=0.92, skirt=(0.6, 0.4))
    collar = torus((0, 0, fig.neck_z - 0.03), 0.15 * fig.girth, 0.04, SNOW)
    return fig.model(
        face(fig, rng, tone, blush=True),
        hair(fig, rng, tone, pick(rng, ("pigtails", "ponytail", "pigtails", "long"))),
        [collar],
    )


def baby(rng, look: Look) -> Model:
    """A big head with one curl, a romper of the color, a pacifier."""
    fig = figure(rng, look.paint, leg=0.16, head=0.5, girth=1.12, shoes=look.main, pose="open")
    curl = [
        fig.head + (0.05 + 0.09 * np.cos(a) * a / 7, 0.02, fig.head_radii[2] + 0.02 + 0.07 * np.sin(a) * a / 7 + 0.03)
        for a in np.linspace(0, 7, 18)
    ]
    mouth_at = fig.on_face(0, -0.48)
    pacifier = [
        ellipsoid(mouth_at, (0.035, 0.12, 0.085), lighter(look.main, 0.3), (0, 28, 0), detail=12),
        torus(mouth_at + (0.07, 0, -0.05), 0.06, 0.02, SNOW, (1, 0, 0.3), sides=20),
    ]
    blush = both(ellipsoid(fig.on_face(0.62, -0.36, -0.02), (0.04, 0.07, 0.05), (0.96, 0.5, 0.5), (0, 0, 38), detail=10))
    ears = both(ellipsoid(fig.head + fig.head_radii * (0, 0.99, -0.12), (0.06, 0.05, 0.085), darker(fig.skin, 0.92), detail=10))
    bib = ellipsoid((0.2 * fig.girth, 0, fig.neck_z - 0.13), (0.06, 0.13, 0.12), SNOW, (0, -18, 0), detail=12)
    return fig.model(dots(fig, size=1.15), blush, ears, [tube(curl, 0.028, pick(rng, HAIRS), sides=8), bib], pacifier)


def grandmother(rng, look: Look) -> Model:
    """White hair in a bun, round glasses, a long dress of the color with an apron."""
    grey = (0.86, 0.86, 0.88)
    fig = figure(rng, look.paint, leg=0.3, head=0.43, girth=1.05, skirt=(0.2, 0.36), shoes=DARK)
    spectacles = fig.put("eyes", outfits.glasses((0.55, 0.42, 0.2)))
    apron = ellipsoid((0.24 * fig.girth, 0, fig.neck_z - 0.34), (0.07, 0.17, 0.26), SNOW, (0, -18, 0))
    return fig.model(face(fig, rng, grey, blush=True), hair(fig, rng, grey, "bun"), spectacles, [apron])


def _robe(rng, look: Look, **more) -> Figure:
    return figure(rng, look.paint, skirt=(0.04, 0.38), leg=0.38, head=0.41, cuff=0.13, **more)


def _mantle(fig: Figure, color: Color) -> list[Part]:
    """White fur with black flecks around the shoulders."""
    parts = [torus((0, 0, fig.neck_z - 0.05), 0.21 * fig.girth, 0.09, color)]
    for k in range(10):
        a = 2 * np.pi * (k + 0.5) / 10
        parts.append(
            ellipsoid(
                (0.29 * fig.girth * np.cos(a), 0.29 * fig.girth * np.sin(a), fig.neck_z - 0.05),
                (0.02, 0.02, 0.04),
                INK,
                detail=6,
            )
        )
    return parts


def king(rng, look: Look) -> Model:
    """A robe and cape of the color with fur, a beard and a golden crown."""
    tone = pick(rng, ((0.5, 0.29, 0.14), (0.85, 0.85, 0.86), (0.3, 0.18, 0.1)))
    fig = _robe(rng, look, girth=1.12)
    cape = fig.put("back", outfits.cape(darker(look.main, 0.75)), 0.95)
    hem = torus((0, 0, 0.07), 0.37 * fig.girth, 0.07, SNOW)
    return fig.model(
        face(fig, rng, tone),
        hair(fig, rng, tone, "short"),
        beard(fig, tone, 0.1),
        fig.put("head", crown(GOLD), 0.98),
        _mantle(fig, SNOW),
        belt(fig, GOLD),
        move([hem], scale=(0.92, 1, 1)),
        cape,
    )


def queen(rng, look: Look) -> Model:
    """A wide gown of the color with fur, long hair and a golden crown."""
    tone = pick(rng, HAIRS)
    fig = figure(rng, look.paint, skirt=(0.04, 0.52), leg=0.42, head=0.4, girth=0.95)
    trim = move([torus((0, 0, 0.06), 0.5 * fig.girth, 0.04, GOLD)], scale=(0.92, 1, 1))
    pearls = move(outfits.necklace(GOLD), (0, 0, fig.neck_z + 0.02), 0.17 * fig.girth)
    return fig.model(
        face(fig, rng, tone, blush=True),
        hair(fig, rng, tone, "long"),
        fig.put("head", crown(GOLD), 0.92),
        _mantle(fig, SNOW),
        belt(fig, GOLD, 0.24),
        trim,
        pearls,
    )


def princess(rng, look: Look) -> Model:
    """A ball gown of the color with puffed sleeves, long hair and a small tiara."""
    tone = pick(rng, HAIRS)
    fig = figure(
        rng, look.paint, skirt=(0.04, 0.58), leg=0.4, head=0.42, girth=0.9, sleeves=(0.98, 0.8, 0.66), skin=(0.98, 0.8, 0.66)
    )
    puffs = both(ellipsoid((0.02, 0.24 * fig.girth, fig.neck_z - 0.1), (0.13, 0.13, 0.12), lighter(look.main, 0.3), detail=14))
    ruffles = []
    for k in range(14):
        a = 2 * np.pi * k / 14
        ruffles.append(
            ellipsoid(
                (0.5 * np.cos(a) * fig.girth, 0.54 * np.sin(a) * fig.girth, 0.06),
                (0.09, 0.09, 0.07),
                lighter(look.main, 0.55),
                detail=8,
            )
        )
    tiara = move(crown(GOLD), (0.1, 0, 0.52), (0.5, 0.5, 0.6))
    return fig.model(
        face(fig, rng, tone, blush=True),
        hair(fig, rng, tone, "long"),
        puffs,
        ruffles,
        belt(fig, lighter(look.main, 0.55), 0.24, None),
        fig.put("head", tiara),
    )


KINDS: dict[str, Kind] = {
    "man": Kind(("man", "guy", "gentleman"), man, wears=ANYWHERE),
    "woman": Kind(("woman", "lady"), woman, wears=ANYWHERE),
    "boy": Kind(("boy", "little boy", "young boy"), boy, wears=ANYWHERE),
    "girl": Kind(("girl", "little girl", "young girl"), girl, wears=ANYWHERE),
    "baby": Kind(("baby", "toddler", "infant"), baby, wears=("head", "hand"), extras=(("after", "with a pacifier"),)),
    "grandmother": Kind(
        ("grandmother", "granny", "old woman", "old lady"),
        grandmother,
        wears=("head", "neck", "hand"),
        extras=(("after", "with glasses and white hair"),),
    ),
    "king": Kind(
        ("king", "monarch"), king, wears=("eyes", "hand"), extras=(("after", "with a golden crown"), ("after", "with a beard"))
    ),
    "queen": Kind(("queen",), queen, wears=("eyes", "hand"), extras=(("after", "with a golden crown"),)),
    "princess": Kind(
        ("princess",), princess, wears=("eyes", "neck", "hand"), extras=(("after", "with a tiara"), ("after", "in a ball gown"))
    ),
}
