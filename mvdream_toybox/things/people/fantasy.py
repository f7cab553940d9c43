"""Magicians and little beasts of tales: wizards, witches, devils, goblins, orcs."""

import numpy as np

from mvdream_toybox.geometry.chibi import BONE, DARK, INK, LEATHER, SKINS, SNOW, belt, figure, pick
from mvdream_toybox.geometry.faces import beard, eyes, face, fangs, grin, hair, mouth, pointed_ears
from mvdream_toybox.geometry.paints import darker
from mvdream_toybox.geometry.parts import Look, Model, both, move
from mvdream_toybox.geometry.shapes import curve, cylinder, ellipsoid, limb, plate, torus, tube
from mvdream_toybox.kind import ANYWHERE, Kind
from mvdream_toybox.palette import natural
from mvdream_toybox.things.worn import hats
from mvdream_toybox.things.worn.hats import GOLD, RED, contrast

GREEN = (0.5, 0.68, 0.35)


def wizard(rng, look: Look) -> Model:
    """A long robe of the color, white hair and a white beard to the waist. Bare-headed, so that hats fit."""
    white = pick(rng, ((0.96, 0.96, 0.95), (0.9, 0.91, 0.93)))
    fig = figure(rng, look.paint, skirt=(0.04, 0.4), leg=0.44, head=0.4, cuff=0.16, skin=pick(rng, SKINS[:4]))
    trim = move([torus((0, 0, 0.05), 0.385 * fig.girth, 0.04, GOLD)], scale=(0.92, 1, 1))
    stars = []
    for a, z, r in (
        (35, 0.2, 0.335),
        (-40, 0.26, 0.32),
        (95, 0.24, 0.32),
        (150, 0.18, 0.34),
        (-100, 0.16, 0.345),
        (-150, 0.3, 0.31),
        (180, 0.42, 0.27),
    ):
        stars += move([hats.star(0.07, GOLD, (r * fig.girth * 0.97, 0, z), (0, -20, 0))], rotate_deg=(0, 0, a))
    cuffs = both(torus(fig.hand * (0.9, 0.92, 1) + (0, 0, 0.04), 0.13, 0.03, GOLD, fig.hand - (0, 0.19, fig.neck_z - 0.09)))
    return fig.model(
        face(fig, rng, white, nose=1.3),
        hair(fig, rng, white, "bob"),
        beard(fig, white, 0.34),
        trim,
        stars,
        cuffs,
        belt(fig, GOLD),
    )


def witch(rng, look: Look) -> Model:
    """A ragged dress and a pointed hat of the color, long nose, bright hair, a broom's friend."""
    tone = pick(rng, ((0.85, 0.4, 0.12), (0.45, 0.2, 0.6), (0.13, 0.1, 0.1), (0.75, 0.75, 0.78)))
    skin = pick(rng, (GREEN, (0.98, 0.8, 0.66), (0.62, 0.78, 0.45)))
    fig = figure(rng, look.paint, skin=skin, bottom=SNOW, skirt=(0.25, 0.42), leg=0.42, head=0.4, cuff=0.14, shoes=INK)
    stripes = both(*(torus((0, 0.14 * fig.girth, z), 0.115 * fig.girth, 0.022, look.main) for z in (0.12, 0.2)))
    nose = [limb(fig.on_face(0, -0.15), fig.on_face(0, -0.32, 0.28), 0.075, 0.025, darker(skin, 0.9), sides=12)]
    return fig.model(
        face(fig, rng, tone),
        hair(fig, rng, tone, "long"),
        stripes,
        nose,
        fig.put("head", hats.witch_hat(look.main), 1.04),
        belt(fig, contrast(look.main, bright=(0.55, 0.25, 0.7)), 0.22),
    )


def devil(rng, look: Look) -> Model:
    """A little devil with skin of the color: horns, bat wings, arrow-tipped tail."""
    dark = darker(look.main, 0.6) if sum(look.main) > 0.6 else RED
    fig = figure(rng, look.paint, skin=look.main, shoes=dark, leg=0.32, head=0.43)
    horn = fig.head + fig.head_radii * (0.2, 0.5, 0.8)
    horns = both(
        tube(
            curve(horn, horn + (0.02, 0.08, 0.14), horn + (0.06, 0.06, 0.3), samples=10),
            np.linspace(0.09, 0.012, 10),
            BONE,
            sides=12,
        )
    )
    tail = curve((-0.2, 0, 0.4), (-0.45, 0, 0.25), (-0.6, 0, 0.5), (-0.5, 0, 0.75), samples=16)
    outline = [(0, 0), (0.15, 0.02), (0.25, -0.16), (0.36, 0.0), (0.5, -0.1), (0.58, 0.16), (0.5, 0.42), (0.2, 0.3), (0, 0.12)]
    wings = both(plate(outline, 0.05, dark, (-0.24, 0.06, fig.neck_z - 0.3), (0, 0, 12)))
    tip = plate([(-0.12, -0.03), (0.12, -0.03), (0, 0.2)], 0.08, dark, tail[-1], (0, 0, 90))
    brows = both(tube([fig.on_face(y, 0.24 + 0.28 * (y - 0.2), 0.02) for y in np.linspace(0.14, 0.58, 6)], 0.026, INK, sides=8))
    return fig.model(
        eyes(fig, (0.95, 0.75, 0.1)),
        brows,
        mouth(fig, INK, 0.12, 0.34),
        fangs(fig, -0.46, 0.2),
        pointed_ears(fig, 0.22),
        horns,
        wings,
        [tube(tail, 0.045, look.paint, sides=12), tip],
    )


def goblin(rng, look: Look) -> Model:
    """Huge ears, a long nose, a toothy grin; skin of the color, a leather vest."""
    fig = figure(
        rng,
        LEATHER,
        skin=look.paint,
        sleeves=look.paint,
        bottom=look.paint,
        shoes=look.paint,
        leg=0.26,
        head=0.45,
        girth=1.0,
        skirt=(0.75, 0.3),
    )
    nose = limb(fig.on_face(0, -0.12), fig.on_face(0, -0.3, 0.3), 0.09, 0.045, look.paint, sides=14)
    root = fig.head + fig.head_radii * (-0.05, 0.85, -0.02)
    ears = both(
        limb(root, root + (-0.1, 0.42, 0.16), 0.16, 0.015, look.paint, sides=14),
        limb(root + (0.1, 0.02, 0), root + (0.0, 0.3, 0.12), 0.08, 0.01, darker(look.main, 0.7), sides=12),
    )
    return fig.model(eyes(fig, (0.85, 0.65, 0.1)), grin(fig, -0.52), [nose], ears, belt(fig, (0.7, 0.55, 0.3)))


def orc(rng, look: Look) -> Model:
    """A broad warrior with tusks; skin of the color, leather straps and a metal shoulder."""
    fig = figure(
        rng,
        look.paint,
        skin=look.paint,
        bottom=LEATHER,
        shoes=DARK,
        leg=0.32,
        head=0.38,
        girth=1.4,
        skirt=None,
        cuff=0.14,
        pose="open",
    )
    jaw = ellipsoid(fig.head + fig.head_radii * (0.42, 0, -0.55), fig.head_radii * (0.62, 0.82, 0.45), look.paint)
    tusks = both(
        cylinder(
            fig.head + fig.head_radii * (0.92, 0.42, -0.45),
            fig.head + fig.head_radii * (1.02, 0.45, -0.02),
            0.06,
            BONE,
            0.008,
            sides=12,
        )
    )
    brows = both(
        tube(
            [fig.on_face(y, 0.2 + 0.25 * (y - 0.2), 0.03) for y in np.linspace(0.1, 0.62, 6)],
            0.045,
            darker(look.main, 0.55),
            sides=10,
        )
    )
    line = tube(
        [fig.head + fig.head_radii * np.array([1.0, y, -0.5 - 0.12 * abs(y)]) * (1.0, 1, 1) for y in np.linspace(-0.3, 0.3, 7)],
        0.022,
        INK,
        sides=8,
    )
    strap = tube(
        [
            (0.24 * fig.girth * 0.87 + 0.015, -0.17, fig.neck_z - 0.36),
            (0.2 * fig.girth, 0.02, fig.neck_z - 0.2),
            (0.1 * fig.girth, 0.2 * fig.girth, fig.neck_z - 0.04),
        ],
        0.045,
        LEATHER,
        sides=10,
    )
    plate_part = ellipsoid((0, 0.3 * fig.girth, fig.neck_z - 0.06), (0.17, 0.16, 0.14), (0.45, 0.46, 0.5), detail=14)
    spikes = [
        cylinder(
            (x, 0.33 * fig.girth, fig.neck_z), (1.6 * x, 0.42 * fig.girth, fig.neck_z + 0.18), 0.045, BONE, 0.005, sides=10
        )
        for x in (-0.08, 0.08)
    ]
    knot = [
        ellipsoid(fig.head + (-0.05, 0, fig.head_radii[2]), (0.1, 0.1, 0.12), INK, detail=10),
        limb(
            fig.head + (-0.05, 0, fig.head_radii[2] + 0.08),
            fig.head + (-0.35, 0, fig.head_radii[2] - 0.02),
            0.08,
            0.03,
            INK,
            sides=10,
        ),
    ]
    return fig.model(
        eyes(fig, (0.75, 0.15, 0.1), 0.8),
        [jaw, line],
        tusks,
        brows,
        pointed_ears(fig, 0.26),
        [strap, plate_part],
        spikes,
        knot,
        belt(fig, DARK, 0.12),
    )


KINDS: dict[str, Kind] = {
    "wizard": Kind(
        ("wizard", "old wizard", "sorcerer"),
        wizard,
        natural("blue"),
        wears=("head", "back", "hand"),
        extras=(("after", "with a long white beard"), ("after", "with white hair"), ("after", "in a long robe")),
    ),
    "witch": Kind(
        ("witch", "sorceress"),
        witch,
        natural("black"),
        wears=("neck", "back", "hand"),
        extras=(("after", "with a pointed hat"),),
    ),
    "devil": Kind(
        ("devil", "little devil", "demon", "imp"),
        devil,
        natural("red"),
        wears=("eyes", "neck", "hand"),
        extras=(("after", "with horns"),),
    ),
    "goblin": Kind(("goblin",), goblin, natural("green"), wears=ANYWHERE, extras=(("after", "with big ears"),)),
    "orc": Kind(
        ("orc", "orc warrior", "ogre"),
        orc,
        natural("green"),
        wears=("head", "eyes", "back", "hand"),
        extras=(("after", "with tusks"),),
    ),
}
