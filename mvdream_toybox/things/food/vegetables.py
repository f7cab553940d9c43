"""Vegetables of toybox: tomato, eggplant, carrot, corn, pepper, pumpkin."""

import numpy as np

from mvdream_toybox.geometry.foliage import LEAF, leaf
from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Look, Model, move
from mvdream_toybox.geometry.shapes import curve, ellipsoid, lathe, plate, tube
from mvdream_toybox.geometry.solids import rod, round_body, stretched
from mvdream_toybox.geometry.tones import contrast


def tomato(rng: np.random.Generator, look: Look) -> Model:
    """A ribbed tomato with a green star on top."""
    body = round_body([(0, -0.42), (0.36, -0.42), (0.64, -0.1), (0.6, 0.25), (0.34, 0.44), (0, 0.36)], look.paint)
    a = np.arctan2(body.vertices[:, 1], body.vertices[:, 0])
    body.vertices[:, :2] *= (1 + 0.03 * np.cos(6 * a + rng.uniform(0, 6)))[:, None]
    parts = [body, rod((0, 0, 0.36), (0.03, 0, 0.6), 0.04, LEAF)]
    for k in range(6):
        parts += leaf((0, 0, 0.42), 0.4, 0.13, -8, 60 * k + 15)
    return stretched(rng, parts)


def eggplant(rng: np.random.Generator, look: Look) -> Model:
    """An aubergine standing upright with a green cap."""
    body = round_body([(0, -0.8), (0.28, -0.76), (0.42, -0.4), (0.36, 0.05), (0.23, 0.45), (0.16, 0.66), (0, 0.7)], look.paint)
    body.vertices[:, 0] += 0.12 * body.vertices[:, 2] ** 2
    parts = [body, rod((0.06, 0, 0.68), (0.14, 0, 0.98), 0.05, (0.3, 0.5, 0.2))]
    for k in range(6):
        parts += leaf((0.06, 0, 0.74), 0.38, 0.2, -48, 60 * k)
    return stretched(rng, parts)


def carrot(rng: np.random.Generator, look: Look) -> Model:
    """A carrot, point down, with a feathery green top."""
    thick = rng.uniform(0.24, 0.3)
    body = round_body(
        [(0, -1.0), (0.05, -0.9), (thick * 0.6, -0.3), (thick * 0.95, 0.2), (thick, 0.42), (thick * 0.7, 0.56), (0, 0.58)],
        look.paint,
    )
    ring = np.sin(body.vertices[:, 2] * 26 + 2 * np.sin(np.arctan2(body.vertices[:, 1], body.vertices[:, 0])))
    body.vertices[:, :2] *= (1 - 0.03 * (ring > 0.75))[:, None]
    body.colors[ring > 0.75] *= 0.85
    parts = [body]
    for k in range(7):
        lean = rng.uniform(8, 30) if k else 0.0
        turn = 60 * k
        top = np.array(
            [
                np.sin(np.radians(lean)) * np.cos(np.radians(turn)),
                np.sin(np.radians(lean)) * np.sin(np.radians(turn)),
                np.cos(np.radians(lean)),
            ]
        )
        foot = np.array([0, 0, 0.52])
        parts.append(rod(foot, foot + 0.5 * top, 0.035, LEAF, 0.02, sides=8))
        parts.append(ellipsoid(foot + 0.46 * top, (0.09, 0.09, 0.2), lighter(LEAF, 0.12 * (k % 3)), (0, float(lean), turn), 8))
    return Model(parts)


def corn(rng: np.random.Generator, look: Look) -> Model:
    """A cob of corn in half-open green husks."""
    h = rng.uniform(0.82, 0.95)
    t = np.linspace(-1, 1, 60)
    cob = lathe([(0.27 * np.sqrt(max(0, 1 - abs(z) ** 2.6)), h * z) for z in t], look.paint, sides=64, smooth=True)
    v = cob.vertices
    a, z = np.arctan2(v[:, 1], v[:, 0]) / (2 * np.pi) * 14, v[:, 2] * 11
    bump = np.abs(np.sin(np.pi * a)) * np.abs(np.sin(np.pi * z))
    cob.colors[:] = cob.colors * (0.78 + 0.22 * np.clip(bump * 1.8, 0, 1))[:, None]
    v[:, :2] *= (1 + 0.07 * bump)[:, None]
    parts = [cob]
    for k in range(4):
        husk = ellipsoid((0.12, 0, -0.05), (0.13, 0.27, 0.72), lighter((0.42, 0.66, 0.24), 0.1 * (k % 2)), detail=12)
        husk.vertices[:, 0] += 0.35 * np.clip(husk.vertices[:, 2], 0, 1) ** 2
        parts += move([husk], (0.07 * np.cos(np.pi / 2 * k), 0.07 * np.sin(np.pi / 2 * k), -0.42), 1, (0, 0, 90 * k))
    return Model([*parts, rod((0, 0, -1.0), (0, 0, -1.22), 0.09, darker((0.42, 0.66, 0.24), 0.8))])


def pepper(rng: np.random.Generator, look: Look) -> Model:
    """A bell pepper with lobes and a green stalk."""
    body = round_body([(0, -0.5), (0.3, -0.58), (0.46, -0.4), (0.52, 0.1), (0.5, 0.4), (0.3, 0.55), (0, 0.42)], look.paint)
    a = np.arctan2(body.vertices[:, 1], body.vertices[:, 0])
    body.vertices[:, :2] *= (1 + 0.1 * np.abs(np.cos(2 * a + rng.uniform(0, 3))) - 0.05)[:, None]
    return stretched(
        rng,
        [
            body,
            ellipsoid((0, 0, 0.47), (0.17, 0.17, 0.06), LEAF, detail=10),
            rod((0, 0, 0.48), (0.08, 0.04, 0.82), 0.06, LEAF, 0.07),
        ],
    )


def pumpkin(rng: np.random.Generator, look: Look) -> Model:
    """A pumpkin, or (`variant`) "jack-o'-lantern" with a carved face."""
    squash, lobes = rng.uniform(0.72, 0.92), int(rng.integers(8, 11))
    body = ellipsoid((0, 0, 0), (0.78, 0.78, 0.78 * squash), look.paint, detail=36)
    v = body.vertices
    a = np.arctan2(v[:, 1], v[:, 0])
    lobe = np.abs(np.sin(a * lobes / 2))
    v[:, :2] *= (0.9 + 0.12 * lobe**0.6)[:, None]
    v[:, 2] *= 1 - 0.25 * np.exp(-((np.hypot(v[:, 0], v[:, 1]) / 0.28) ** 2))
    body.colors[:] *= (0.82 + 0.18 * np.clip(lobe * 1.6, 0, 1))[:, None]
    green = (0.36, 0.42, 0.16)
    top = 0.56 * squash
    parts = [
        body,
        tube(
            curve((0, 0, top), (0.02, 0, top + 0.22), (0.12, 0.06, top + 0.42), samples=7),
            np.linspace(0.13, 0.08, 7),
            green,
            sides=10,
        ),
    ]
    if look.variant == "jack-o'-lantern":
        glow = contrast(look.main, (0.16, 0.08, 0.04), (1.0, 0.85, 0.3))
        shapes = [[(s * 0.27 - 0.15, 0.1), (s * 0.27 + 0.15, 0.1), (s * 0.27, 0.34)] for s in (-1, 1)] + [
            [(-0.08, -0.04), (0.08, -0.04), (0, 0.08)]
        ]
        x = np.linspace(-0.45, 0.45, 9)
        lower = [(q, -0.38 + 0.6 * q * q) for q in x]
        upper = [(q, -0.17 + 0.28 * q * q - (0.09 if k % 2 else 0)) for k, q in enumerate(x)][::-1]
        shapes.append(lower[:-1] + upper[:-1])
        for outline in shapes:
            piece = plate([(q, h * squash) for q, h in outline], 0.1, glow)
            w = piece.vertices
            w[:, 0] = np.sqrt(np.maximum(0.8**2 - w[:, 1] ** 2 - (w[:, 2] / squash) ** 2, 0.02)) + np.sign(w[:, 0]) * 0.03
            parts.append(piece)
    elif rng.random() < 0.7:
        parts += leaf((0.05, 0.05, top + 0.04), 0.42, 0.34, 8, float(rng.uniform(0, 360)))
    return Model(parts)
