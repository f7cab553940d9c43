"""The undead: vampires, zombies, skeletons, mummies."""

import numpy as np

from mvdream_toybox.geometry.chibi import BONE, INK, Figure, figure, pick
from mvdream_toybox.geometry.faces import band, eyes, fangs, hair, mouth, pointed_ears
from mvdream_toybox.geometry.paints import darker
from mvdream_toybox.geometry.parts import Look, Model, both, move
from mvdream_toybox.geometry.shapes import box, ellipsoid, limb, plate, torus, tube
from mvdream_toybox.geometry.sheets import sheet
from mvdream_toybox.kind import Kind
from mvdream_toybox.palette import natural
from mvdream_toybox.things.worn import headgear, outfits


def vampire(rng, look: Look) -> Model:
    """Pale, black hair with a peak, fangs, red eyes; a suit of the color, a black cape with a high red collar."""
    girl = look.variant == "vampire girl"
    skin = (0.9, 0.88, 0.9)
    fig = figure(
        rng,
        look.paint,
        skin=skin,
        bottom=INK,
        leg=0.38,
        head=0.42,
        girth=0.92 if girl else 1.0,
        skirt=(0.5, 0.4) if girl else None,
    )
    lining = (0.75, 0.08, 0.12) if sum(np.abs(np.subtract(look.main, (0.75, 0.08, 0.12)))) > 0.4 else (0.4, 0.1, 0.5)
    angle = np.deg2rad(np.linspace(55, 305, 25))
    rows = [
        np.stack(
            [r * np.cos(angle), r * np.sin(angle) * 1.1, fig.neck_z + z + 0 * angle + dz * np.abs(np.cos(angle / 2)) * 0.2], -1
        )
        for r, z, dz in ((0.2, -0.1, 0), (0.3, 0.02, 0), (0.42, 0.2, 1))
    ]
    collar = [sheet(np.array(rows), 0.03, INK), sheet(np.array(rows) * (0.97, 0.97, 1) + (0.012, 0, 0), 0.02, lining)]
    locks = hair(fig, rng, (0.1, 0.08, 0.12), pick(rng, ("pigtails", "long", "bob")) if girl else "short")
    if girl:
        locks += fig.put("head", headgear.bow(lining), 0.75)
    peak = [] if girl else [ellipsoid(fig.on_face(0, 0.58, 0.02), (0.04, 0.1, 0.12), (0.1, 0.08, 0.12), (0, -35, 0), detail=10)]
    tie = [ellipsoid((0.19 * fig.girth, 0, fig.neck_z - 0.08), (0.05, 0.07, 0.08), lining, detail=10)]
    brows = both(tube([fig.on_face(y, 0.26 + 0.22 * (y - 0.2), 0.02) for y in np.linspace(0.16, 0.58, 6)], 0.024, INK, sides=8))
    return fig.model(
        eyes(fig, (0.8, 0.08, 0.1)),
        brows,
        mouth(fig),
        fangs(fig),
        pointed_ears(fig, 0.16),
        locks,
        peak,
        collar,
        tie,
        fig.put("back", outfits.cape(INK), 1.0),
    )


def zombie(rng, look: Look) -> Model:
    """Green skin, torn clothes of the color, arms stretched forward, uneven eyes, stitches."""
    skin = pick(rng, ((0.5, 0.68, 0.4), (0.55, 0.7, 0.5), (0.42, 0.6, 0.42)))
    fig = figure(
        rng, look.paint, skin=skin, bottom=darker(look.second, 0.6), sleeves=look.paint, pose="forward", leg=0.36, head=0.42
    )
    p, r = fig.on_face(0.4, -0.05), fig.head_radii[1]
    odd = []
    for side, size in ((1, 0.27), (-1, 0.2)):
        q = p * (1, side, 1)
        odd += [
            ellipsoid(q, size * r, (0.98, 0.96, 0.75), detail=12),
            ellipsoid(q + (size * r * 0.85, 0, 0.01), size * r * 0.38, (0.65, 0.1, 0.1), detail=10),
        ]
    jaw = [box(fig.on_face(0, -0.5), (0.05, 0.3, 0.1), (0.25, 0.08, 0.1), (0, 28, 0))]
    jaw += [box(fig.on_face(y, -0.46, 0.04), (0.04, 0.05, 0.05), BONE, (0, 28, 0)) for y in (-0.22, 0.05, 0.26)]
    seam = [tube([fig.on_face(y, 0.45 + 0.1 * y, 0.01) for y in np.linspace(-0.1, 0.5, 6)], 0.014, INK, sides=6)]
    seam += [
        tube([fig.on_face(y, 0.37 + 0.1 * y, 0.01), fig.on_face(y, 0.53 + 0.1 * y, 0.01)], 0.012, INK, sides=6)
        for y in (0.0, 0.2, 0.4)
    ]
    tufts = [
        limb(
            fig.head + fig.head_radii * np.array([x, y, 0.8]),
            fig.head + fig.head_radii * np.array([1.5 * x, 1.5 * y, 1.2]),
            0.1,
            0.02,
            (0.2, 0.22, 0.15),
            sides=8,
        )
        for x, y in ((0.3, 0.1), (0.0, -0.35), (-0.3, 0.3), (-0.5, -0.1), (0.05, 0.4), (-0.1, 0.0))
    ]
    rags = [ellipsoid((0.22 * fig.girth, 0.08, fig.neck_z - 0.27), (0.05, 0.06, 0.08), skin, detail=10)]
    rags += [
        plate(
            [(-0.06, 0), (0, -0.13), (0.06, 0)],
            0.04,
            look.paint,
            (0.24 * np.cos(a) * fig.girth, 0.27 * np.sin(a) * fig.girth, fig.neck_z - 0.42),
            (0, 0, np.degrees(a)),
        )
        for a in np.arange(9) * 0.7
    ]
    return fig.model(odd, jaw, seam, tufts, rags)


def skeleton(rng, look: Look) -> Model:
    """Bones of the color: skull with dark sockets, rib cage, spine, hips, thin limbs."""
    bone, dark = look.paint, INK
    leg, girth = 0.44 * rng.uniform(0.92, 1.1), rng.uniform(0.95, 1.08)
    neck = leg + 0.52
    r = 0.38 * rng.uniform(0.95, 1.05)
    head = np.array([0.02, 0, neck + r * 0.85])
    radii = r * np.array([0.95, 1.0, 0.9])
    parts = [ellipsoid(head, radii, bone), box(head + (0.13, 0, -0.72 * r), (0.7 * r, 1.05 * r, 0.55 * r), bone, bevel=0.3)]
    parts += both(ellipsoid(head + (0.82 * r, 0.37 * r, -0.08 * r), (0.2 * r, 0.25 * r, 0.29 * r), dark, (0, 0, 22), detail=14))
    parts += [ellipsoid(head + (0.94 * r, 0, -0.36 * r), (0.08 * r, 0.1 * r, 0.12 * r), dark, detail=10)]
    parts += [
        box(head + (0.13 + 0.33 * r, y * r, -0.78 * r), (0.1 * r, 0.05 * r, 0.34 * r), dark) for y in (-0.32, -0.11, 0.11, 0.32)
    ]
    parts += [box(head + (0.13 + 0.33 * r, 0, -0.78 * r), (0.09 * r, 0.9 * r, 0.045 * r), dark)]
    parts += [ellipsoid((-0.02, 0, z), (0.06, 0.06, 0.045), bone, detail=8) for z in np.arange(leg + 0.05, neck + 0.02, 0.075)]
    for k, width in enumerate((0.2, 0.24, 0.23, 0.18)):
        parts += move(
            [torus((0, 0, 0), 1.0, 0.15, bone, sides=28)], (0.02, 0, neck - 0.1 - 0.085 * k), (0.17, width * girth, 0.2)
        )
    parts += [
        ellipsoid((0.18, 0, neck - 0.2), (0.035, 0.045, 0.15), bone, detail=10),
        *both(ellipsoid((0, 0.11, leg + 0.05), (0.1, 0.13, 0.09), bone, (20, 0, 0), detail=12)),
    ]
    pose = rng.uniform(0.08, 0.3)
    hand = np.array([0.1, 0.46 * girth, leg + pose])
    shoulder, elbow = (np.array([0, 0.25 * girth, neck - 0.06]), np.array([-0.02, 0.4 * girth, (neck - 0.06 + hand[2]) / 2]))
    hip, knee, ankle = np.array([0, 0.14, leg]), np.array([0.03, 0.15, leg / 2 + 0.03]), np.array([0, 0.15, 0.08])
    for a, b in ((shoulder, elbow), (elbow, hand), (hip, knee), (knee, ankle)):
        parts += both(
            limb(a, b, 0.042, 0.042, bone, sides=10), ellipsoid(b, 0.062, bone, detail=10), ellipsoid(a, 0.06, bone, detail=10)
        )
    parts += both(
        limb((0, 0.05, neck - 0.05), shoulder, 0.035, 0.035, bone, sides=10),
        ellipsoid((0.06, 0.15, 0.05), (0.15, 0.08, 0.055), bone, detail=10),
        ellipsoid(hand, (0.075, 0.07, 0.085), bone, detail=10),
    )
    anchors = Figure([], head, radii, neck, girth, hand, (1, 1, 1)).anchors()
    return Model(parts, anchors)


def mummy(rng, look: Look) -> Model:
    """A body wound in bandages of the color, two eyes in a dark gap."""
    gap = darker(look.main, 0.25)
    fig = figure(rng, look.paint, skin=look.main, shoes=look.main, girth=1.05, leg=0.38, head=0.42, pose="forward")
    edge, wraps = darker(look.main, 0.62), []
    rx, ry, rz = fig.head_radii
    for z, tilt in ((0.55, 10), (0.3, -8), (-0.42, 7), (-0.62, -10), (0.78, -6)):
        s = np.sqrt(1 - z * z) * 1.01
        wraps += move(
            [torus((0, 0, 0), 1.0, 0.03, edge, sides=36)], fig.head + (0, 0, z * rz), (rx * s, ry * s, 0.6), (tilt, 0, 0)
        )
    for z, r, tilt in ((0.42, 0.18, 10), (0.32, 0.225, -8), (0.2, 0.25, 8), (0.08, 0.262, -8)):
        wraps += move(
            [torus((0, 0, 0), 1.0, 0.05, edge, sides=36)],
            (0, 0, fig.neck_z - 0.47 + z),
            (r * 0.87 * fig.girth, r * fig.girth, 0.3),
            (tilt, 0, 0),
        )
    wraps += both(
        *(torus((0, 0.14 * fig.girth, z), 0.112 * fig.girth, 0.018, edge, (0.1, 0.15, 1), sides=24) for z in (0.14, 0.22, 0.3))
    )
    slot = band(fig, -0.28, 0.2, 0.78, gap)
    tail = limb(fig.hand + (-0.06, 0, -0.05), fig.hand + (-0.1, 0.02, -0.32), 0.045, 0.05, look.main, sides=8)
    return fig.model(wraps, [slot, tail], eyes(fig, (0.85, 0.7, 0.1), 0.78))


KINDS: dict[str, Kind] = {
    "vampire": Kind(
        ("vampire", "dracula"),
        vampire,
        wears=("hand",),
        variants={"vampire girl": ("vampire girl", "cute vampire girl")},
        extras=(("after", "with a black cape"), ("after", "with fangs")),
    ),
    "zombie": Kind(("zombie", "undead"), zombie, wears=("head", "neck", "back"), extras=(("after", "with green skin"),)),
    "skeleton": Kind(("skeleton",), skeleton, ("white",), wears=("head", "neck", "back", "hand")),
    "mummy": Kind(
        ("mummy", "egyptian mummy"),
        mummy,
        natural("cream"),
        wears=("head", "neck", "back"),
        extras=(("after", "wrapped in bandages"),),
    ),
}
