"""Fighters: knights, pirates, vikings, ninjas, samurai, superheroes."""

import numpy as np

from mvdream_toybox.geometry.chibi import DARK, HAIRS, INK, LEATHER, SNOW, belt, figure, pick, turned
from mvdream_toybox.geometry.faces import band, beard, cap, eyes, face, hair
from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Look, Model, both, move
from mvdream_toybox.geometry.shapes import box, curve, cylinder, ellipsoid, lathe, limb, torus, tube
from mvdream_toybox.kind import Kind
from mvdream_toybox.palette import natural
from mvdream_toybox.things.worn import outfits
from mvdream_toybox.things.worn.hats import GOLD, RED, STEEL, contrast, star
from mvdream_toybox.things.worn.headgear import viking_helmet


def knight(rng, look: Look) -> Model:
    """Full plate armour of the color: helmet with a dark slit, plume, shoulder plates."""
    steel, dark = look.paint, darker(look.main, 0.6)
    fig = figure(rng, steel, skin=look.main, shoes=dark, hands=dark, girth=1.12, leg=0.38, head=0.38)
    rx, _, rz = fig.head_radii
    slit = [tube([fig.on_face(y, 0.02, 0.03) for y in np.linspace(-0.72, 0.72, 15)], 0.05, INK, sides=10)]
    holes = both(*(ellipsoid(fig.on_face(y, z, 0.02), 0.026, INK, detail=6) for y in (0.14, 0.34) for z in (-0.34, -0.54)))
    ridge = tube(
        [fig.head + np.array([rx * 1.03 * np.cos(a), 0, rz * 1.03 * np.sin(a)]) for a in np.linspace(-0.7, np.pi, 26)],
        0.04,
        dark,
        sides=8,
    )
    plume_color = look.accent
    plume = curve(
        *(
            fig.head + np.array(p)
            for p in ((0.12, 0, rz * 0.95), (-0.05, 0, rz + 0.16), (-0.36, 0, rz + 0.04), (-0.5, 0, rz - 0.4))
        ),
        samples=14,
    )
    shoulders = both(
        ellipsoid((0, 0.27 * fig.girth, fig.neck_z - 0.09), (0.16, 0.15, 0.13), steel, detail=14),
        torus((0, 0.29 * fig.girth, fig.neck_z - 0.13), 0.13, 0.03, dark, (0, 1, 0.5), sides=24),
    )
    knees = both(ellipsoid((0.11, 0.14 * fig.girth, 0.22), (0.07, 0.09, 0.09), lighter(look.main, 0.3), detail=10))
    collar = torus((0, 0, fig.neck_z - 0.01), 0.2 * fig.girth, 0.055, dark)
    emblem = ellipsoid((0.2 * fig.girth, 0, fig.neck_z - 0.22), (0.045, 0.09, 0.11), plume_color, (0, -10, 0), detail=12)
    tail = tube(plume, np.interp(np.arange(14), [0, 5, 13], [0.07, 0.17, 0.06]), plume_color, sides=14)
    return fig.model(slit, holes, [ridge, tail, collar, emblem], shoulders, knees, belt(fig, dark, 0.12))


def pirate(rng, look: Look) -> Model:
    """A long coat of the color over a striped shirt, bandana, eye patch, hook, wooden leg."""
    tone = pick(rng, HAIRS[:3])
    fig = figure(rng, look.paint, bottom=DARK, hands=None, leg=0.36, head=0.41, cuff=0.115, skirt=(0.62, 0.33), shoes=INK)
    shirt = [
        ellipsoid((0.17 * fig.girth, 0, fig.neck_z - z), (0.075, 0.13 * fig.girth, 0.05), c, (0, -12, 0), detail=10)
        for z, c in ((0.08, RED), (0.14, SNOW), (0.2, RED), (0.26, SNOW), (0.32, RED))
    ]
    red = look.accent if sum(np.abs(np.subtract(look.accent, look.main))) > 0.5 else RED
    bandana = [
        cap(fig, red, 52, 80, 92, 1.1),
        ellipsoid(fig.head + fig.head_radii * (-0.95, 0.45, 0.15), (0.07, 0.09, 0.08), red, detail=10),
        limb(
            fig.head + fig.head_radii * (-1.0, 0.5, 0.1),
            fig.head + fig.head_radii * (-1.25, 0.7, -0.4),
            0.04,
            0.07,
            red,
            sides=10,
        ),
    ]
    patch = fig.put("eyes", outfits.eye_patch(INK))
    right = fig.hand * (1, -1, 1)
    hook = [
        cylinder(right + (0, 0, 0.03), right + (0, 0, -0.09), 0.11, STEEL, 0.08),
        tube(
            curve(
                right + (0, 0, -0.06), right + (0.02, 0, -0.22), right + (0.14, 0, -0.28), right + (0.2, 0, -0.14), samples=12
            ),
            0.03,
            STEEL,
            sides=8,
        ),
    ]
    return fig.model(face(fig, rng, tone), beard(fig, tone, 0.02), shirt, bandana, patch, hook, belt(fig, LEATHER))


def viking(rng, look: Look) -> Model:
    """A tunic of the color, fur collar, braided beard, horned helmet."""
    tone = pick(rng, ((0.88, 0.62, 0.25), (0.72, 0.29, 0.12), (0.5, 0.29, 0.14)))
    fig = figure(rng, look.paint, bottom=LEATHER, girth=1.18, leg=0.32, head=0.42, skirt=(0.7, 0.32), shoes=LEATHER)
    fur = []
    for k in range(12):
        a = 2 * np.pi * k / 12
        fur.append(
            ellipsoid((0.2 * np.cos(a), 0.25 * np.sin(a), fig.neck_z - 0.06), (0.1, 0.1, 0.09), (0.45, 0.33, 0.22), detail=8)
        )
    return fig.model(
        face(fig, rng, tone),
        hair(fig, rng, tone, "bob"),
        beard(fig, tone, 0.18),
        fig.put("head", viking_helmet((0.55, 0.56, 0.6)), 1.02),
        fur,
        belt(fig, LEATHER),
    )


def ninja(rng, look: Look) -> Model:
    """A suit and hood of the color with a slit for the eyes, a headband and a sword on the back."""
    ribbon = look.accent if sum(np.abs(np.subtract(look.accent, look.main))) > 0.5 else contrast(look.main)
    skin = pick(rng, ((0.98, 0.8, 0.66), (0.95, 0.74, 0.58), (0.66, 0.44, 0.29)))
    fig = figure(rng, look.paint, skin=look.main, shoes=darker(look.main, 0.5), hands=skin, leg=0.34, head=0.43, girth=0.95)
    rx, ry, rz = fig.head_radii
    ring = move([torus((0, 0, 0), 1.0, 0.07, ribbon)], fig.head + (0, 0, 0.34 * rz), (rx * 0.97, ry * 0.97, 0.75))
    knot = fig.head + np.array([-0.97 * rx, 0, 0.34 * rz])
    tails = both(limb(knot, knot + (-0.2, 0.12, -0.22), 0.05, 0.07, ribbon, sides=10))
    back = fig.anchors()["back"].position
    blade = [
        limb(np.add(back, (-0.05, -0.3, -0.3)), np.add(back, (-0.05, 0.26, 0.22)), 0.045, 0.045, DARK, sides=10),
        limb(np.add(back, (-0.05, 0.26, 0.22)), np.add(back, (-0.05, 0.44, 0.39)), 0.035, 0.035, RED, sides=10),
        ellipsoid(np.add(back, (-0.05, 0.27, 0.23)), 0.08, GOLD, detail=10),
    ]
    return fig.model([band(fig, -0.26, 0.2, 0.74, skin)], eyes(fig), ring, tails, blade, belt(fig, ribbon, 0.2, None))


def samurai(rng, look: Look) -> Model:
    """Lacquered armour of the color in bands, with a crested helmet."""
    tone, dark = HAIRS[0], darker(look.main, 0.55)
    fig = figure(rng, look.paint, bottom=DARK, girth=1.08, leg=0.34, head=0.4, shoes=DARK)
    bands = [
        turned([(0.2, z), (r, z), (r + 0.03, z - 0.06), (0.2, z - 0.06)], p, smooth=False)
        for k, (r, z) in enumerate(((0.25, 0.44), (0.27, 0.36), (0.29, 0.28)))
        for p in ((look.paint if k % 2 == 0 else dark),)
    ]
    bands = move(bands, (0, 0, fig.neck_z - 0.55), (fig.girth, fig.girth, 1))
    skirt = [
        move(
            [box((0.27, 0, 0), (0.05, 0.2, 0.24), look.paint if k % 2 else dark, (0, -14, 0))],
            (0, 0, fig.neck_z - 0.44),
            rotate_deg=(0, 0, 45 * k),
        )
        for k in range(8)
    ]
    guards = both(
        *(
            box(
                (0, 0.3 * fig.girth + 0.035 * k, fig.neck_z - 0.08 - 0.075 * k),
                (0.24, 0.06, 0.1),
                look.paint if k % 2 == 0 else dark,
                (-28, 0, 0),
            )
            for k in range(3)
        )
    )
    helmet = [
        ellipsoid((0, 0, 0), (1.1, 1.1, 1.0), look.paint),
        lathe([(1.02, -0.55), (1.42, -0.7), (1.12, 0.1), (1.02, 0.1)], dark),
    ]
    brow = helmet[1].vertices
    brow[:, 2] += np.where(brow[:, 0] > 0.3, (brow[:, 0] - 0.3) * 0.5, 0)
    brow[:, 0] = np.where(brow[:, 0] > 0.5, 0.5 + (brow[:, 0] - 0.5) * 0.72, brow[:, 0])
    horn = curve((1.05, 0.08, 0.4), (1.1, 0.5, 0.85), (1.1, 0.75, 1.65), samples=10)
    helmet += [
        *both(tube(horn, np.linspace(0.15, 0.04, 10), GOLD, sides=10)),
        ellipsoid((1.08, 0, 0.4), (0.1, 0.22, 0.22), GOLD, detail=12),
    ]
    tash = both(
        tube(
            curve(fig.on_face(0.02, -0.36, 0.03), fig.on_face(0.25, -0.44, 0.03), fig.on_face(0.34, -0.62, 0.02), samples=8),
            0.03,
            tone,
            sides=8,
        )
    )
    return fig.model(
        face(fig, rng, tone),
        fig.put("head", helmet),
        bands,
        [p for s in skirt for p in s],
        guards,
        tash,
        belt(fig, DARK, 0.14, None),
    )


def superhero(rng, look: Look) -> Model:
    """A tight suit of the color, cape, mask, emblem, boots and belt."""
    tone = pick(rng, HAIRS)
    away = look.accent if sum(np.abs(np.subtract(look.accent, look.main))) > 0.5 else contrast(look.main)
    fig = figure(rng, look.paint, shoes=away, hands=away, girth=1.1, leg=0.42, head=0.38, pose="open")
    boots = both(limb((0, 0.14 * fig.girth, 0.1), (0, 0.138 * fig.girth, 0.24), 0.125, 0.135, away, sides=16))
    mask = band(fig, -0.3, 0.24, 0.85, away, 0.02)
    emblem = [
        ellipsoid((0.19 * fig.girth, 0, fig.neck_z - 0.2), (0.05, 0.12, 0.11), SNOW, (0, -10, 0), detail=14),
        star(0.1, away, (0.235 * fig.girth, 0, fig.neck_z - 0.2), (0, -10, 0)),
    ]
    return fig.model(
        face(fig, rng, None),
        eyes(fig),
        hair(fig, rng, tone, pick(rng, ("short", "spiky", "long"))),
        boots,
        [mask],
        emblem,
        fig.put("back", outfits.cape(away), 1.02),
        belt(fig, away, 0.14),
    )


KINDS: dict[str, Kind] = {
    "knight": Kind(
        ("knight", "knight in armor", "armored knight"),
        knight,
        natural("silver"),
        wears=("neck", "back", "hand"),
        extras=(("after", "with a plume on the helmet"),),
    ),
    "pirate": Kind(
        ("pirate", "buccaneer"),
        pirate,
        wears=("head", "back", "hand"),
        extras=(("after", "with an eye patch"), ("after", "with a hook")),
    ),
    "viking": Kind(
        ("viking", "viking warrior", "norseman"),
        viking,
        wears=("eyes", "back", "hand"),
        extras=(("after", "with a horned helmet"),),
    ),
    "ninja": Kind(
        ("ninja", "shinobi"), ninja, natural("black"), wears=("hand",), extras=(("after", "with a sword on the back"),)
    ),
    "samurai": Kind(
        ("samurai", "samurai warrior"), samurai, natural("red"), wears=("back", "hand"), extras=(("after", "in armor"),)
    ),
    "superhero": Kind(
        ("superhero", "super hero", "masked superhero"), superhero, wears=("head", "hand"), extras=(("after", "with a cape"),)
    ),
}
