"""People of a trade: astronauts, cooks, firefighters, police officers, doctors."""

import numpy as np

from mvdream_toybox.geometry.chibi import DARK, HAIRS, INK, SNOW, belt, figure, pick, turned
from mvdream_toybox.geometry.faces import face, hair
from mvdream_toybox.geometry.paints import darker
from mvdream_toybox.geometry.parts import Look, Model, both, move
from mvdream_toybox.geometry.shapes import box, curve, cylinder, ellipsoid, lathe, plate, torus, tube
from mvdream_toybox.kind import Kind
from mvdream_toybox.palette import natural
from mvdream_toybox.things.worn import outfits
from mvdream_toybox.things.worn.hats import GOLD, RED, STEEL, chef_hat, star
from mvdream_toybox.things.worn.headgear import hard_hat


def astronaut(rng, look: Look) -> Model:
    """A space suit of the color, a round helmet with a dark visor, a life-support backpack."""
    grey, dark = (0.62, 0.64, 0.68), (0.1, 0.14, 0.28)
    fig = figure(rng, look.paint, skin=look.main, shoes=grey, hands=grey, girth=1.2, leg=0.32, head=0.45, cuff=0.12)
    rx, ry, rz = fig.head_radii
    visor = [
        ellipsoid(fig.head + (0.3 * rx, 0, 0), (0.8 * rx, 0.8 * ry, 0.66 * rz), dark),
        torus(fig.head + (0.62 * rx, 0, 0), 1.0, 0.11, grey, (1, 0, 0)),
    ]
    rim = visor[1]
    rim.vertices[:] = (rim.vertices - fig.head) * (0.9, 0.72 * ry, 0.6 * rz) + fig.head + (0.1 * rx, 0, 0)
    glint = both(
        ellipsoid(
            fig.head + np.array([1.0 * rx, 0.33 * ry, 0.3 * rz]),
            (0.03, 0.06, 0.045),
            (0.75, 0.85, 0.97),
            (0, -20, 20),
            detail=8,
        )
    )[:1]
    ears = both(
        cylinder(fig.head + (0, 0.95 * ry, 0), fig.head + (0, 1.12 * ry, 0), 0.14, grey),
        ellipsoid(fig.head + (0, 1.12 * ry, 0), (0.07, 0.03, 0.07), RED, detail=8),
    )
    chest = [box((0.24 * fig.girth, 0, fig.neck_z - 0.22), (0.12, 0.26, 0.18), grey)]
    chest += [
        ellipsoid((0.24 * fig.girth + 0.06, y, fig.neck_z - 0.2), 0.035, c, detail=8)
        for y, c in ((-0.07, RED), (0.0, (0.25, 0.7, 0.3)), (0.07, (0.2, 0.4, 0.9)))
    ]
    rings = both(torus((0, 0.135 * fig.girth, 0.2), 0.115 * fig.girth, 0.035, look.second))
    pack = [
        box((-0.36, 0, fig.neck_z - 0.18), (0.26, 0.52, 0.56), look.paint, bevel=0.25),
        *both(tube([(-0.5, 0.13, fig.neck_z - 0.36), (-0.5, 0.13, fig.neck_z - 0.04)], 0.07, grey, sides=12)),
    ]
    return fig.model(
        visor,
        glint,
        ears,
        chest,
        rings,
        pack,
        [torus((0, 0, fig.neck_z), 0.24 * fig.girth, 0.06, grey)],
        belt(fig, grey, 0.1, None),
    )


def chef(rng, look: Look) -> Model:
    """A double-breasted jacket of the color, a tall white hat, an apron, a moustache."""
    tone = pick(rng, HAIRS)
    fig = figure(rng, look.paint, bottom=DARK, leg=0.34, girth=1.12, head=0.41)
    apron = [
        ellipsoid(
            (0.22 * fig.girth, 0, fig.neck_z - 0.42),
            (0.08, 0.2, 0.2),
            SNOW if sum(look.main) < 2.5 else (0.8, 0.2, 0.2),
            (0, 6, 0),
        )
    ]
    knobs = both(*(ellipsoid((0.2 * fig.girth, 0.07, fig.neck_z - z), 0.026, GOLD, detail=8) for z in (0.12, 0.2)))
    neckerchief = [torus((0, 0, fig.neck_z - 0.03), 0.17 * fig.girth, 0.05, RED)]
    tash = both(
        tube(
            curve(fig.on_face(0.02, -0.36, 0.04), fig.on_face(0.22, -0.42, 0.05), fig.on_face(0.42, -0.34, 0.02), samples=8),
            [0.05, 0.06, 0.06, 0.055, 0.05, 0.04, 0.03, 0.015],
            tone,
            sides=8,
        )
    )
    return fig.model(
        face(fig, rng, tone), hair(fig, rng, tone, "short"), tash, apron, knobs, neckerchief, fig.put("head", chef_hat(SNOW))
    )


def firefighter(rng, look: Look) -> Model:
    """A jacket of the color with bright bands, a helmet of the color with a badge, air tank."""
    bright = (0.95, 0.9, 0.25) if sum(np.abs(np.subtract(look.main, (0.95, 0.9, 0.25)))) > 0.6 else SNOW
    fig = figure(rng, look.paint, bottom=look.paint, shoes=INK, hands=DARK, girth=1.1, leg=0.36, head=0.41, skirt=(0.75, 0.3))
    stripes = [
        turned(
            [
                (r * fig.girth, fig.neck_z - z),
                ((r + 0.015) * fig.girth, fig.neck_z - z - 0.03),
                (r * fig.girth, fig.neck_z - z - 0.06),
            ],
            bright,
            smooth=False,
        )
        for r, z in ((0.25, 0.2), (0.29, 0.46))
    ]
    cuffs = both(torus((0, 0.135 * fig.girth, 0.2), 0.115 * fig.girth, 0.035, bright))
    helmet = hard_hat(look.main) + [
        plate(
            [(-0.3, -0.25), (0.0, -0.4), (0.3, -0.25), (0.34, 0.3), (0, 0.42), (-0.34, 0.3)],
            0.12,
            GOLD,
            (1.12, 0, 0.42),
            (0, -20, 0),
        )
    ]
    tank = [tube([(-0.3, 0, fig.neck_z - 0.4), (-0.3, 0, fig.neck_z - 0.1)], 0.12, (0.95, 0.75, 0.15))]
    return fig.model(face(fig, rng, pick(rng, HAIRS)), fig.put("head", helmet, 1.04), stripes, cuffs, tank, belt(fig, DARK))


def police_officer(rng, look: Look) -> Model:
    """A uniform of the color, a peaked cap, a golden badge, a black belt."""
    tone, dark = pick(rng, HAIRS), darker(look.main, 0.6)
    fig = figure(rng, look.paint, bottom=dark, leg=0.4, head=0.4)
    hat = [
        lathe([(1.0, 0), (1.08, 0), (1.1, 0.35), (1.45, 0.75), (1.38, 0.95), (0, 1.05)], look.main),
        lathe([(1.0, 0.02), (1.12, 0.02), (1.12, 0.28), (1.0, 0.28)], INK),
        ellipsoid((1.05, 0, 0.02), (0.62, 0.8, 0.09), INK, (0, 14, 0)),
        star(0.32, GOLD, (1.3, 0, 0.56), (0, -25, 0)),
    ]
    badge = [star(0.09, GOLD, (0.195 * fig.girth, 0.09, fig.neck_z - 0.19), (0, -10, 24))]
    tie = move(outfits.tie(INK), (0, 0, fig.neck_z - 0.02), 0.15)
    epaulettes = both(box((0, 0.2 * fig.girth, fig.neck_z - 0.03), (0.12, 0.14, 0.04), GOLD, (-30, 0, 0)))
    return fig.model(
        face(fig, rng, tone), hair(fig, rng, tone, "short"), fig.put("head", hat), badge, tie, epaulettes, belt(fig, INK, 0.12)
    )


def doctor(rng, look: Look) -> Model:
    """Scrubs of the color under a white coat, a stethoscope."""
    tone = pick(rng, HAIRS)
    fig = figure(rng, SNOW, bottom=look.main, leg=0.4, head=0.4, skirt=(0.55, 0.31))
    shirt = ellipsoid((0.1 * fig.girth, 0, fig.neck_z - 0.2), (0.14 * fig.girth, 0.11, 0.24), look.paint, (0, -8, 0))
    lower = ellipsoid((0.16 * fig.girth, 0, fig.neck_z - 0.46), (0.13, 0.1, 0.2), look.paint, (0, -6, 0))
    hose = curve(
        (0.02, 0.15, fig.neck_z + 0.02),
        (0.2, 0.13, fig.neck_z - 0.1),
        (0.27, 0.02, fig.neck_z - 0.24),
        (0.2, -0.13, fig.neck_z - 0.1),
        (0.02, -0.15, fig.neck_z + 0.02),
        samples=20,
    )
    disc = ellipsoid((0.29 * fig.girth, 0.02, fig.neck_z - 0.3), (0.03, 0.055, 0.055), STEEL, detail=10)
    return fig.model(
        face(fig, rng, tone),
        hair(fig, rng, tone, pick(rng, ("short", "bun", "bob"))),
        [shirt, lower, tube(hose, 0.025, DARK, sides=8), disc],
    )


KINDS: dict[str, Kind] = {
    "astronaut": Kind(
        ("astronaut", "spaceman", "cosmonaut"),
        astronaut,
        natural("white"),
        wears=("neck", "hand"),
        extras=(("after", "in a space suit"),),
    ),
    "chef": Kind(
        ("chef", "cook"),
        chef,
        natural("white"),
        wears=("eyes", "hand"),
        extras=(("after", "with a chef's hat"), ("after", "with a moustache")),
    ),
    "firefighter": Kind(
        ("firefighter", "fireman"), firefighter, natural("red"), wears=("eyes", "hand"), extras=(("after", "with a helmet"),)
    ),
    "police officer": Kind(
        ("police officer", "policeman", "cop"),
        police_officer,
        natural("navy"),
        wears=("eyes", "back", "hand"),
        extras=(("after", "in uniform"),),
    ),
    "doctor": Kind(
        ("doctor", "physician"),
        doctor,
        natural("turquoise"),
        wears=("head", "eyes", "back", "hand"),
        extras=(("after", "with a stethoscope"), ("after", "in a white coat")),
    ),
}
