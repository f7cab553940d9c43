"""People riding horses, each one kind: "an astronaut riding a horse"."""

from functools import partial

import numpy as np

from mvdream_toybox.geometry.chibi import INK, LEATHER, pick
from mvdream_toybox.geometry.paints import darker
from mvdream_toybox.geometry.parts import Color, Look, Model, Part, both, move
from mvdream_toybox.geometry.shapes import box, curve, cylinder, ellipsoid, limb, tube
from mvdream_toybox.kind import Kind
from mvdream_toybox.palette import natural
from mvdream_toybox.things.people import performers, trades, warriors
from mvdream_toybox.things.worn.hats import RED

COATS = ((0.55, 0.34, 0.18), (0.93, 0.92, 0.9), (0.36, 0.22, 0.13), (0.8, 0.62, 0.4), (0.25, 0.22, 0.22))


def steed(rng: np.random.Generator, saddle: Color) -> list[Part]:
    """A saddled horse: 1.1 high at the back, its back's middle at x = 0."""
    coat = pick(rng, COATS)
    mane = darker(coat, 0.4) if sum(coat) > 0.9 and rng.random() < 0.7 else (0.93, 0.9, 0.82)
    hoof, pale = (0.2, 0.17, 0.15), (0.95, 0.78, 0.7)
    head = np.array([0.98, 0, 1.42])
    parts = [
        tube(
            curve((-0.5, 0, 0.78), (-0.2, 0, 0.77), (0.15, 0, 0.76), (0.5, 0, 0.8), samples=16),
            np.interp(np.arange(16), [0, 4, 9, 15], [0.3, 0.32, 0.31, 0.3]),
            coat,
            sides=28,
        ),
        tube(
            curve((0.5, 0, 0.85), (0.72, 0, 1.15), (0.82, 0, 1.42), samples=12),
            np.interp(np.arange(12), [0, 11], [0.28, 0.19]),
            coat,
            sides=22,
        ),
        ellipsoid(head + (-0.06, 0, 0.02), (0.25, 0.22, 0.24), coat, detail=14),
        limb(head, head + (0.26, 0, -0.16), 0.19, 0.15, coat),
        ellipsoid(head + (0.3, 0, -0.18), (0.15, 0.17, 0.15), darker(coat, 0.8), detail=14),
    ]
    ear = head + (-0.14, 0.1, 0.2)
    parts += both(
        ellipsoid(head + (0.08, 0.185, 0.06), (0.075, 0.04, 0.085), INK, detail=12),
        ellipsoid(head + (0.12, 0.215, 0.1), 0.022, (1, 1, 1), detail=6),
        ellipsoid(head + (0.43, 0.07, -0.15), (0.025, 0.03, 0.03), INK, detail=8),
        cylinder(ear, ear + (0, 0.05, 0.2), 0.08, coat, 0.01, sides=12),
        cylinder(ear + (0.03, 0, 0), ear + (0.02, 0.045, 0.15), 0.05, pale, 0.01, sides=10),
    )
    for x, lean in ((0.45, 0.06), (-0.52, -0.06)):
        parts += both(
            limb((x, 0.17, 0.66), (x + lean, 0.18, 0.16), 0.14, 0.095, coat, sides=16),
            cylinder((x + lean, 0.18, 0.0), (x + lean, 0.18, 0.15), 0.12, hoof, 0.1, sides=18),
        )
    crest = curve((0.98, 0, 1.7), (0.78, 0, 1.68), (0.6, 0, 1.4), (0.4, 0, 1.1), samples=12)
    parts += [tube(crest, np.interp(np.arange(12), [0, 4, 11], [0.06, 0.12, 0.07]), mane, sides=14)]
    parts += [
        tube(
            curve((-0.76, 0, 0.9), (-1.0, 0, 0.95), (-1.1, 0, 0.6), (-1.06, 0, 0.3), samples=14),
            np.interp(np.arange(14), [0, 5, 13], [0.07, 0.14, 0.03]),
            mane,
            sides=14,
        )
    ]
    blanket = tube(curve((-0.3, 0, 0.77), (0.0, 0, 0.765), (0.3, 0, 0.775), samples=8), 0.335, saddle, sides=28, caps=False)
    bridle = tube(curve(head + (0.22, 0.16, -0.1), (0.75, 0.27, 1.15), (0.36, 0.26, 1.32), samples=12), 0.022, LEATHER, sides=8)
    strap = [
        tube(
            [
                head + np.array([0.18 + 0.09 * np.cos(a) * 0.6, 0.175 * np.sin(a), -0.11 + 0.17 * np.cos(a)])
                for a in np.linspace(0, 2 * np.pi, 20)
            ],
            0.022,
            LEATHER,
            sides=8,
            caps=False,
        )
    ]
    return parts + [blanket, box((-0.02, 0, 1.08), (0.5, 0.36, 0.12), LEATHER, bevel=0.4), *both(bridle), *strap]


def ride(build, rng: np.random.Generator, look: Look) -> Model:
    """The person of `build` on a saddled horse; the look is the person's."""
    model = build(rng, look)
    saddle = look.accent if sum(np.abs(np.subtract(look.accent, look.main))) > 0.5 else RED
    # the short legs vanish in the horse; these hang down its sides
    legs = both(
        limb((0.02, 0.16, 1.14), (0.16, 0.4, 0.86), 0.15, 0.125, look.paint, sides=16),
        limb((0.16, 0.4, 0.86), (0.1, 0.42, 0.6), 0.125, 0.11, look.paint, sides=16),
        ellipsoid((0.17, 0.42, 0.5), (0.19, 0.11, 0.1), (0.2, 0.2, 0.23), detail=14),
    )
    return Model(steed(rng, saddle) + legs + move(model.parts, (-0.02, 0, 0.78)))


KINDS: dict[str, Kind] = {
    "astronaut riding a horse": Kind(
        ("astronaut riding a horse", "astronaut on a horse"), partial(ride, trades.astronaut), natural("white")
    ),
    "knight riding a horse": Kind(
        ("knight riding a horse", "knight on horseback", "knight on a horse"), partial(ride, warriors.knight), natural("silver")
    ),
    "cowboy riding a horse": Kind(("cowboy riding a horse", "cowboy on a horse"), partial(ride, performers.cowboy)),
}
