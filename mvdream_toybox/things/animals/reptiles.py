"""Crocodiles, turtles and snakes."""

import numpy as np

from mvdream_toybox.geometry.bodies import INK, IVORY, beast, eyes, tail, vary
from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Anchor, Look, Model, both
from mvdream_toybox.geometry.shapes import curve, cylinder, ellipsoid, lathe, limb, torus, tube
from mvdream_toybox.kind import Kind
from mvdream_toybox.palette import natural


def crocodile(rng, look: Look) -> Model:
    """A long low crocodile: flat toothed snout, ridged back."""
    paint = look.paint
    b = beast(
        rng, paint, body=(0.44, 0.27, 0.22), leg=0.09, leg_radius=0.1, head=(0.25, 0.26, 0.2), head_at=(0.52, 0.1), neck=0.18
    )
    base, r = b.on_body(-0.75, 0, 0.1), 0.22
    sweep = curve(base, base + [-0.25, 0.0, -0.08], base + [-0.5, 0.1, -0.14], base + [-0.72, 0.24, -0.14])
    jaw = [
        limb(b.on_head(0.3, 0, z), b.on_head(2.2, 0, z), r, r * 0.66, color)
        for z, color in ((-0.1, paint), (-0.72, lighter(look.main, 0.5)))
    ]
    for part in jaw:
        part.vertices[:, 2] = (part.vertices[:, 2] - b.head[2]) * 0.55 + b.head[2]
    teeth = both(
        *[
            cylinder(b.on_head(x, 0.78 - 0.13 * x, -0.12), b.on_head(x, 0.8 - 0.13 * x, -0.55), 0.03, IVORY, 0.004, sides=8)
            for x in (0.9, 1.3, 1.7, 2.1)
        ]
    )
    bumps = [
        cylinder(
            (x, y, b.body[2] + b.body_radii[2] * 0.78),
            (x - 0.03, y * 1.1, b.body[2] + b.body_radii[2] + 0.09),
            0.06,
            darker(look.main, 0.7),
            0.01,
            sides=8,
        )
        for x in np.linspace(-0.34, 0.3, 6)
        for y in (-0.09, 0.09)
    ]
    bumps += [
        cylinder(p + [0, 0, 0.04], p + [-0.03, 0, 0.27 - 0.025 * k], 0.06, darker(look.main, 0.7), 0.01, sides=8)
        for k, p in enumerate(sweep[3:22:3])
    ]
    return b.model(
        tail(sweep, [0.2, 0.15, 0.09, 0.02], paint),
        jaw,
        teeth,
        bumps,
        both(
            ellipsoid(b.on_head(0.25, 0.5, 0.8), 0.085, paint, detail=12),
            ellipsoid(b.on_head(2.7, 0.25, 0.2), 0.03, INK, detail=8),
        ),
        eyes(b.on_head(0.42, 0.5, 1.02), 0.075, outward=0.5),
        eye=(0.6, 0.5, 1.0),
        crown=0.9,
    )


def turtle(rng, look: Look) -> Model:
    """A turtle: domed shell of the captioned color with plates, pale green skin."""
    skin = (0.62, 0.78, 0.4) if abs(look.main[1] - 0.6) + look.main[0] > 0.5 else (0.85, 0.78, 0.45)
    w, h = vary(rng, 0.46, 0.34)
    shell = ellipsoid((0, 0, 0.24), (w * 1.12, w, h), look.paint, detail=28)
    shell.vertices[:, 2] = np.maximum(shell.vertices[:, 2], 0.2)
    plates = []
    for x, y, size in [(0, 0, 0.15)] + [(0.6 * np.cos(a), 0.6 * np.sin(a), 0.125) for a in np.arange(6) * np.pi / 3]:
        z = np.sqrt(max(0, 1 - x * x - y * y))
        normal = np.array([x / 1.12, y, z * w / h])
        tip = np.array([x * w * 1.12, y * w, 0.24 + z * h])
        plates.append(
            lathe([(0, -0.02), (size, -0.012), (size * 0.9, 0.022), (0, 0.03)], darker(look.main, 0.68), tip, normal, sides=6)
        )
    head, r = np.array([w * 1.12 + 0.2, 0, 0.36]), 0.18
    parts = [
        shell,
        *plates,
        torus((0, 0, 0.22), 1.0, 0.07, lighter(look.main, 0.45)),
        ellipsoid(head, (r * 1.1, r, r), skin, detail=20),
        limb((w * 0.8, 0, 0.22), head, 0.11, 0.11, skin),
        *both(*[limb((x * 0.8, w * 0.62, 0.18), (x, w * 0.92, 0.06), 0.12, 0.1, skin) for x in (0.36, -0.36)]),
        limb((-w, 0, 0.18), (-w * 1.4, 0, 0.12), 0.06, 0.02, skin),
        *eyes(head + r * np.array([0.62, 0.52, 0.36]), r * 0.28, outward=0.5),
        tube(
            curve(
                head + r * np.array([0.9, -0.5, -0.35]),
                head + r * np.array([1.1, 0, -0.45]),
                head + r * np.array([0.9, 0.5, -0.35]),
                samples=8,
            ),
            0.012,
            INK,
            sides=6,
        ),
    ]
    ring = parts[1 + len(plates)]
    ring.vertices = (ring.vertices - [0, 0, 0.22]) * np.array([w * 1.1, w * 0.99, 1.0]) + [0, 0, 0.22]
    anchors = {
        "head": Anchor((head[0] - 0.01, 0, head[2] + r * 0.68), r * 0.78),
        "eyes": Anchor(tuple(head + r * np.array([0.75, 0, 0.36])), r * 0.52),
        "neck": Anchor((w * 1.05, 0, 0.28), 0.125, 55.0),
        "back": Anchor((0, 0, 0.24 + h * 0.96), w * 0.6, 90.0),
    }
    return Model(parts, anchors)


def snake(rng, look: Look) -> Model:
    """A coiled snake with a raised head and a forked tongue."""
    turns = np.linspace(0, 2.3 * 2 * np.pi, 90)
    coil = np.column_stack(
        [(0.52 - 0.017 * turns) * np.cos(turns), (0.52 - 0.017 * turns) * np.sin(turns), 0.1 + 0.026 * turns]
    )
    rise = curve(coil[-1], coil[-1] + [-0.06, 0.02, 0.16], (-0.05, 0, 0.78), (0.16, 0, 1.0), (0.3, 0, 1.02), samples=26)[1:]
    path = np.concatenate([coil, rise])
    radius = np.interp(np.linspace(0, 1, len(path)), [0, 0.12, 0.3, 0.8, 1], [0.015, 0.07, 0.115, 0.115, 0.09])
    head, r = np.array([0.36, 0, 1.03]), float(rng.uniform(0.15, 0.18))
    bands = look.paint
    if not callable(bands):
        light = lighter(look.main, 0.5) if np.mean(look.main) < 0.6 else darker(look.main, 0.6)

        def bands(p: np.ndarray) -> np.ndarray:
            along = np.arange(len(p)) // 16
            return np.where((along % 8 < 3)[:, None], light, look.main)

    body = tube(path, radius, bands, sides=16)
    fork = [limb(head + [r * 1.0, 0, -0.03], head + [r * 1.75, 0, -0.05], 0.018, 0.018, (0.85, 0.1, 0.15), sides=6)]
    fork += both(limb(head + [r * 1.75, 0, -0.05], head + [r * 2.3, 0.06, -0.03], 0.016, 0.01, (0.85, 0.1, 0.15), sides=6))
    parts = [
        body,
        ellipsoid(head, (r * 1.3, r, r * 0.75), look.paint, detail=20),
        *fork,
        *eyes(head + r * np.array([0.55, 0.58, 0.4]), r * 0.32, outward=0.6),
    ]
    anchors = {
        "head": Anchor((head[0] - 0.03, 0, head[2] + r * 0.5), r * 0.8),
        "eyes": Anchor(tuple(head + r * np.array([0.7, 0, 0.4])), r * 0.58),
        "neck": Anchor((-0.02, 0, 0.82), 0.13, 30.0),
    }
    return Model(parts, anchors)


WEARS = ("head", "eyes", "neck", "back")
KINDS: dict[str, Kind] = {
    "crocodile": Kind(("crocodile", "alligator"), crocodile, natural("green"), True, WEARS),
    "turtle": Kind(("turtle", "tortoise"), turtle, natural("green"), True, WEARS, extras=(("after", "with a hard shell"),)),
    "snake": Kind(
        ("snake", "serpent", "cobra"), snake, natural("green"), True, ("head", "eyes", "neck"), extras=(("before", "coiled"),)
    ),
}
