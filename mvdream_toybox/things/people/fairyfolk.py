"""Fairy folk: fairies, elves, dwarfs, gnomes, mermaids, angels."""

import numpy as np

from mvdream_toybox.geometry.chibi import DARK, HAIRS, INK, LEATHER, SNOW, belt, figure, pick
from mvdream_toybox.geometry.faces import beard, face, hair, pointed_ears
from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Look, Model, both, move
from mvdream_toybox.geometry.shapes import curve, ellipsoid, limb, plate, torus, tube
from mvdream_toybox.kind import ANYWHERE, Kind
from mvdream_toybox.palette import natural
from mvdream_toybox.things.worn import hats, headgear, outfits
from mvdream_toybox.things.worn.hats import GOLD, RED


def fairy(rng, look: Look) -> Model:
    """A petal dress of the color, butterfly wings, a wand-thin body, hair in a bun."""
    tone, skin = pick(rng, HAIRS), pick(rng, ((0.98, 0.8, 0.66), (0.66, 0.44, 0.29)))
    fig = figure(
        rng,
        look.paint,
        skin=skin,
        bottom=skin,
        sleeves=skin,
        shoes=look.main,
        leg=0.36,
        head=0.42,
        girth=0.88,
        skirt=(0.75, 0.32),
        pose="open",
    )
    petals = []
    for k in range(8):
        a = 45.0 * k
        petals += move(
            [
                ellipsoid(
                    (0.27, 0, fig.neck_z - 0.4),
                    (0.06, 0.11, 0.17),
                    look.paint if k % 2 else lighter(look.main, 0.35),
                    (0, -38, 0),
                    detail=10,
                )
            ],
            rotate_deg=(0, 0, a),
        )
    wing_color = look.accent
    return fig.model(
        face(fig, rng, tone, blush=True),
        hair(fig, rng, tone, pick(rng, ("bun", "ponytail", "long"))),
        petals,
        pointed_ears(fig, 0.15),
        fig.put("back", outfits.butterfly_wings(wing_color), 1.25),
    )


def elf(rng, look: Look) -> Model:
    """Long pointed ears, a tunic and a folded-tip hood's worth of color, curled shoes."""
    tone = pick(rng, ((0.88, 0.67, 0.3), (0.72, 0.29, 0.12), (0.5, 0.29, 0.14)))
    fig = figure(
        rng, look.paint, bottom=darker(look.main, 0.55), shoes=LEATHER, leg=0.36, head=0.42, girth=0.92, skirt=(0.68, 0.33)
    )
    toes = both(
        tube(
            curve((0.2, 0.14, 0.08), (0.32, 0.14, 0.1), (0.34, 0.14, 0.2), (0.27, 0.14, 0.22), samples=10),
            np.linspace(0.08, 0.03, 10),
            LEATHER,
            sides=10,
        )
    )
    zigzag = []
    for k in range(10):
        a = 2 * np.pi * k / 10
        zigzag += [
            plate(
                [(-0.07, 0.03), (0, -0.13), (0.07, 0.03)],
                0.04,
                SNOW if sum(look.main) < 2.4 else RED,
                (0.2 * np.cos(a), 0.24 * np.sin(a), fig.neck_z - 0.06),
                (0, -35, np.degrees(a)),
            )
        ]
    return fig.model(
        face(fig, rng, tone, blush=True),
        hair(fig, rng, tone, pick(rng, ("short", "bob", "long"))),
        pointed_ears(fig, 0.42),
        toes,
        zigzag,
        belt(fig, LEATHER),
    )


def dwarf(rng, look: Look) -> Model:
    """Short and stout, a huge beard, a tunic of the color, big boots and a wide belt."""
    tone = pick(rng, ((0.72, 0.29, 0.12), (0.5, 0.29, 0.14), (0.88, 0.62, 0.25), (0.75, 0.75, 0.77)))
    fig = figure(rng, look.paint, bottom=LEATHER, shoes=DARK, leg=0.22, head=0.42, girth=1.38, skirt=(0.75, 0.31), cuff=0.12)
    nose = ellipsoid(fig.on_face(0, -0.22, 0.05), (0.1, 0.1, 0.085), darker(fig.skin, 0.92), detail=12)
    boots = both(limb((0, 0.19, 0.08), (0, 0.19, 0.17), 0.16, 0.17, DARK, sides=14))
    braids = both(
        tube(
            curve(
                fig.on_face(0.34, -0.66, 0.12),
                fig.on_face(0.4, -0.9, 0.3) + (0, 0.02, -0.16),
                (0.36, 0.13, fig.neck_z - 0.3),
                samples=8,
            ),
            [0.09, 0.09, 0.085, 0.08, 0.075, 0.065, 0.05, 0.03],
            tone,
            sides=10,
        )
    )
    return fig.model(
        face(fig, rng, tone), [nose], hair(fig, rng, tone, "bob"), beard(fig, tone, 0.26), boots, braids, belt(fig, INK, 0.14)
    )


def gnome(rng, look: Look) -> Model:
    """A garden gnome: a tall pointed cap and jacket of the color, white beard, round nose."""
    fig = figure(rng, look.paint, bottom=(0.25, 0.3, 0.5), shoes=LEATHER, leg=0.2, head=0.38, girth=1.15)
    cone = [
        tube(
            curve((0, 0, -0.05), (0, 0, 0.9), (-0.08, 0, 1.7), (-0.3, 0, 2.3), samples=14),
            np.linspace(1.1, 0.07, 14),
            look.paint,
            sides=28,
            caps=False,
        ),
        torus((0, 0, 0), 1.07, 0.14, look.paint),
    ]
    nose = ellipsoid(fig.on_face(0, -0.22, 0.08), 0.1, (0.95, 0.62, 0.5), detail=12)
    return fig.model(
        face(fig, rng, SNOW, blush=True),
        [nose],
        hair(fig, rng, SNOW, "short"),
        beard(fig, SNOW, 0.2),
        fig.put("head", cone),
        belt(fig, INK),
    )


def mermaid(rng, look: Look) -> Model:
    """A fish tail of the color with a wide fin, long hair, a shell top."""
    tone = pick(rng, ((0.72, 0.2, 0.12), (0.88, 0.67, 0.3), (0.3, 0.18, 0.1), (0.2, 0.55, 0.5)))
    skin = pick(rng, ((0.98, 0.8, 0.66), (0.66, 0.44, 0.29)))
    fig = figure(rng, skin, skin=skin, bottom=skin, leg=0.62, head=0.4, girth=0.86, pose="open")
    fig.parts = fig.parts[:1] + fig.parts[5:]  # no legs and shoes
    z = fig.neck_z - 0.47
    spine = curve((0, 0, z + 0.14), (0.02, 0, z - 0.15), (0.0, 0, z - 0.4), (-0.18, 0, 0.12), (-0.42, 0, 0.1), samples=18)
    tail = tube(spine, np.interp(np.arange(18), [0, 4, 17], [0.225, 0.23, 0.07]) * fig.girth, look.paint, sides=24)
    fluke = both(ellipsoid((-0.6, 0.17, 0.14), (0.26, 0.12, 0.035), lighter(look.main, 0.3), (0, 10, -38), detail=14))
    scales = [
        torus(
            spine[k], 0.2 * fig.girth * (1 - 0.045 * k), 0.015, darker(look.main, 0.75), spine[k + 1] - spine[k - 1], sides=28
        )
        for k in (2, 4, 6, 8, 10)
    ]
    shells = both(
        ellipsoid((0.16 * fig.girth, 0.095, fig.neck_z - 0.17), (0.075, 0.09, 0.08), lighter(look.accent, 0.2), detail=12)
    )
    star = hats.star(0.09, (0.98, 0.6, 0.3), fig.head + fig.head_radii * (0.45, 0.72, 0.72), (0, -40, 50))
    return fig.model(face(fig, rng, tone, blush=True), hair(fig, rng, tone, "long"), [tail], fluke, scales, shells, [star])


def angel(rng, look: Look) -> Model:
    """A long robe of the color, feathered wings, a halo, curly hair."""
    tone = pick(rng, ((0.88, 0.67, 0.3), (0.5, 0.29, 0.14), (0.13, 0.1, 0.1)))
    fig = figure(rng, look.paint, skirt=(0.05, 0.38), leg=0.36, head=0.42, girth=0.95, cuff=0.14)
    return fig.model(
        face(fig, rng, tone, blush=True),
        hair(fig, rng, tone, pick(rng, ("curly", "bob", "long"))),
        fig.put("back", outfits.wings(SNOW), 1.05),
        fig.put("head", headgear.halo(GOLD)),
        belt(fig, GOLD, 0.23, None),
    )


KINDS: dict[str, Kind] = {
    "fairy": Kind(
        ("fairy", "pixie"),
        fairy,
        natural("pink"),
        wears=("head", "eyes", "neck", "hand"),
        extras=(("after", "with butterfly wings"),),
    ),
    "elf": Kind(("elf",), elf, natural("green"), wears=ANYWHERE, extras=(("after", "with pointed ears"),)),
    "dwarf": Kind(
        ("dwarf", "dwarf warrior"), dwarf, wears=("head", "eyes", "back", "hand"), extras=(("after", "with a big beard"),)
    ),
    "gnome": Kind(
        ("gnome", "garden gnome"),
        gnome,
        natural("red"),
        wears=("eyes", "back", "hand"),
        extras=(("after", "with a white beard"), ("after", "with a pointed hat")),
    ),
    "mermaid": Kind(
        ("mermaid",),
        mermaid,
        natural("turquoise"),
        wears=("head", "eyes", "neck", "hand"),
        extras=(("after", "with a fish tail"),),
    ),
    "angel": Kind(
        ("angel",), angel, natural("white"), wears=("eyes", "neck", "hand"), extras=(("after", "with wings and a halo"),)
    ),
}
