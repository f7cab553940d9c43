"""Clowns, cowboys and dancers."""

import numpy as np

from mvdream_toybox.geometry.chibi import HAIRS, LEATHER, SNOW, belt, figure, pick
from mvdream_toybox.geometry.faces import eyes, face, hair, mouth
from mvdream_toybox.geometry.paints import lighter
from mvdream_toybox.geometry.parts import Look, Model, both
from mvdream_toybox.geometry.shapes import cylinder, ellipsoid, torus
from mvdream_toybox.geometry.sheets import sheet
from mvdream_toybox.kind import Kind
from mvdream_toybox.palette import natural
from mvdream_toybox.things.worn.hats import GOLD, RED, cowboy_hat, star


def clown(rng, look: Look) -> Model:
    """White face, red ball nose, tufts of bright hair, a suit of the color with pompoms, a ruff."""
    tuft = look.accent
    fig = figure(
        rng, look.paint, skin=(0.97, 0.93, 0.9), shoes=RED, hands=SNOW, girth=1.15, leg=0.34, head=0.42, cuff=0.13, pose="open"
    )
    puffs = both(
        *(
            ellipsoid(fig.head + fig.head_radii * p, 0.16, tuft, detail=10)
            for p in ((-0.1, 1.02, 0.35), (-0.35, 0.95, 0.1), (-0.05, 1.08, 0.0), (-0.4, 0.8, 0.55))
        )
    )
    lips = [
        *mouth(fig, RED, 0.14, 0.42, -0.5),
        *mouth(fig, RED, 0.1, 0.36, -0.54),
        ellipsoid(fig.on_face(0, -0.16, 0.06), 0.105, RED, detail=14),
    ]
    marks = both(ellipsoid(fig.on_face(0.4, 0.3, -0.005), (0.03, 0.05, 0.08), (0.2, 0.4, 0.9), detail=8))
    ruff = []
    for k in range(14):
        a = 2 * np.pi * k / 14
        ruff.append(
            ellipsoid(
                (0.24 * np.cos(a), 0.26 * np.sin(a), fig.neck_z - 0.03),
                (0.09, 0.09, 0.07),
                SNOW if k % 2 else look.second,
                detail=8,
            )
        )
    bobbles = [ellipsoid((x * fig.girth, 0, fig.neck_z - z), 0.06, tuft, detail=10) for x, z in ((0.21, 0.2), (0.24, 0.38))]
    shoes = both(ellipsoid((0.13, 0.17 * fig.girth, 0.09), (0.29, 0.14, 0.1), RED, detail=14))
    hat = [cylinder((0.0, 0, 0.45), (0, 0, 1.75), 0.6, look.main, 0.03), ellipsoid((0, 0, 1.8), 0.2, tuft, detail=10)]
    return fig.model(eyes(fig), puffs, lips, marks, ruff, bobbles, shoes, fig.put("head", hat))


def cowboy(rng, look: Look) -> Model:
    """A shirt of the color, leather vest, neckerchief, star badge, jeans and a cowboy hat."""
    tone, hide = pick(rng, HAIRS), (0.5, 0.31, 0.17)
    fig = figure(rng, look.paint, bottom=(0.25, 0.35, 0.6), shoes=LEATHER, leg=0.4, head=0.4)
    vest = both(ellipsoid((0.06, 0.14 * fig.girth, fig.neck_z - 0.22), (0.185 * fig.girth, 0.115, 0.24), hide))
    vest.append(ellipsoid((-0.09, 0, fig.neck_z - 0.22), (0.15, 0.23, 0.24), hide))
    kerchief = [
        torus((0, 0, fig.neck_z - 0.02), 0.17, 0.055, RED),
        ellipsoid((0.19, 0, fig.neck_z - 0.09), (0.05, 0.1, 0.09), RED, detail=10),
    ]
    badge = [star(0.07, GOLD, (0.245 * fig.girth, 0.13, fig.neck_z - 0.18), (0, -5, 10))]
    return fig.model(
        face(fig, rng, tone),
        hair(fig, rng, tone, "short"),
        vest,
        kerchief,
        badge,
        fig.put("head", cowboy_hat((0.6, 0.4, 0.22))),
        belt(fig, LEATHER, 0.12),
    )


def ballerina(rng, look: Look) -> Model:
    """A tutu of the color, hair in a bun, raised arms of skin."""
    tone, skin = pick(rng, HAIRS), pick(rng, ((0.98, 0.8, 0.66), (0.66, 0.44, 0.29)))
    fig = figure(
        rng,
        look.paint,
        skin=skin,
        bottom=lighter(skin, 0.3),
        sleeves=skin,
        shoes=look.main,
        leg=0.44,
        head=0.39,
        girth=0.85,
        pose="wave",
    )
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    rows = [
        np.stack([r * np.cos(angle), r * np.sin(angle), fig.neck_z - 0.34 + (r - 0.2) * (0.3 * np.cos(12 * angle) - 0.25)], -1)
        for r in (0.55, 0.45, 0.3, 0.19)
    ]
    tutu = [
        sheet(np.array(rows), 0.05, look.paint, wrap=True),
        sheet(np.array(rows) * (0.85, 0.85, 1) - (0, 0, 0.05), 0.05, lighter(look.main, 0.5), wrap=True),
    ]
    return fig.model(face(fig, rng, tone, blush=True), hair(fig, rng, tone, "bun"), tutu)


KINDS: dict[str, Kind] = {
    "clown": Kind(("clown", "circus clown"), clown, patterns=True, wears=("hand",), extras=(("after", "with a red nose"),)),
    "cowboy": Kind(("cowboy",), cowboy, wears=("eyes", "back", "hand"), extras=(("after", "with a cowboy hat"),)),
    "ballerina": Kind(
        ("ballerina", "ballet dancer"),
        ballerina,
        natural("pink"),
        wears=("head", "eyes", "neck", "hand"),
        extras=(("after", "in a tutu"),),
    ),
}
