"""Faces, hair and beards of `chibi.Figure`."""

import numpy as np

from mvdream_toybox.geometry.chibi import INK, IRISES, SNOW, Figure, pick
from mvdream_toybox.geometry.paints import darker
from mvdream_toybox.geometry.parts import Color, Paint, Part, both, move
from mvdream_toybox.geometry.shapes import curve, cylinder, ellipsoid, limb, torus, tube
from mvdream_toybox.geometry.sheets import around, sheet


def eyes(fig: Figure, iris: Color = INK, size: float = 1.0, white: Paint = SNOW) -> list[Part]:
    """A pair of tall white eyes with large pupils and a glint."""
    r = fig.head_radii[1] * size
    p = fig.on_face(0.4, -0.05)
    parts = [
        ellipsoid(p - (0.02 * r, 0, 0), (0.13 * r, 0.2 * r, 0.27 * r), white, (0, 0, 20), detail=14),
        ellipsoid(p + (0.075 * r, 0, -0.01 * r), (0.09 * r, 0.135 * r, 0.19 * r), iris, (0, 0, 20), detail=12),
        ellipsoid(p + (0.12 * r, -0.005 * r, -0.01 * r), (0.075 * r, 0.08 * r, 0.115 * r), INK, (0, 0, 20), detail=10),
    ]
    glint = ellipsoid(p + (0.18 * r, 0.03 * r, 0.08 * r), 0.045 * r, SNOW, detail=6)
    return both(*parts, glint)


def dots(fig: Figure, color: Color = INK, size: float = 1.0) -> list[Part]:
    """Plain dark oval eyes with a glint."""
    r = fig.head_radii[1] * size
    p = fig.on_face(0.4, -0.05)
    return both(
        ellipsoid(p, (0.1 * r, 0.13 * r, 0.19 * r), color, detail=12),
        ellipsoid(p + (0.09 * r, 0.03 * r, 0.08 * r), 0.045 * r, SNOW, detail=6),
    )


def mouth(
    fig: Figure, color: Color = (0.55, 0.13, 0.15), bend: float = 0.07, width: float = 0.24, z: float = -0.5
) -> list[Part]:
    """A curved line; `bend` is how far its corners rise (a smile) in head radii."""
    points = [fig.on_face(y, z + bend * (abs(y) / width) ** 2, 0.005) for y in np.linspace(-width, width, 9)]
    return [tube(points, 0.045 * fig.head_radii[1], color, sides=8)]


def grin(fig: Figure, z: float = -0.48) -> list[Part]:
    """A wide open mouth with a row of teeth."""
    r = fig.head_radii[1]
    p = fig.on_face(0, z)
    return [
        ellipsoid(p, (0.1 * r, 0.3 * r, 0.16 * r), (0.4, 0.06, 0.09), (0, 28, 0), detail=12),
        ellipsoid(p + (0.05 * r, 0, 0.07 * r), (0.08 * r, 0.24 * r, 0.06 * r), SNOW, (0, 28, 0), detail=10),
    ]


def face(
    fig: Figure, rng: np.random.Generator, brows: Color | None = None, blush: bool = False, nose: float = 1.0
) -> list[Part]:
    """Eyes, nose, mouth, ears, and brows and blush where asked."""
    r = fig.head_radii[1]
    tint = darker(fig.skin, 0.9) if not callable(fig.skin) else INK
    parts = [*eyes(fig, pick(rng, IRISES)), *mouth(fig, bend=rng.uniform(0.05, 0.11))]
    parts.append(ellipsoid(fig.on_face(0, -0.24), np.array([0.12, 0.085, 0.08]) * r * nose, tint, detail=10))
    parts += both(ellipsoid(fig.head + fig.head_radii * (-0.02, 0.99, -0.12), (0.12 * r, 0.1 * r, 0.18 * r), tint, detail=10))
    if brows is not None:
        points = [fig.on_face(y, 0.34 + 0.05 * np.sin((y - 0.2) * 7), 0.01) for y in np.linspace(0.2, 0.58, 6)]
        parts += both(tube(points, 0.055 * r, brows, sides=8))
    if blush:
        parts += both(
            ellipsoid(fig.on_face(0.6, -0.38, -0.02), (0.05 * r, 0.14 * r, 0.09 * r), (0.96, 0.5, 0.5), (0, 0, 35), detail=10)
        )
    return parts


def cap(
    fig: Figure, paint: Paint, front: float = 50, side: float = 96, back: float = 128, swell: float = 1.08, fringe: float = 0.0
) -> Part:
    """A shell over the skull: hair, hoods, caps.

    Its rim lies `front`, `side` and `back` degrees from the crown; `fringe` makes the front edge jagged, in degrees.
    """
    t, angle = around(12, 56, -180, 180)
    at = np.abs(np.rad2deg(angle))
    rim = np.interp(
        at, [0, 30, 58, 95, 135, 180], [front, front + 3, 0.4 * front + 0.6 * side, side + 6, 0.4 * side + 0.6 * back, back]
    )
    rim = rim + fringe * np.where(at < 70, np.abs((at / 24) % 1 - 0.5) * 2 - 0.5, 0)
    theta = np.deg2rad(rim) * (1 - t) + 0.01
    unit = np.stack([np.sin(theta) * np.cos(angle), np.sin(theta) * np.sin(angle), np.cos(theta)], -1)
    return sheet(fig.head + unit * fig.head_radii * swell, 0.07, paint, wrap=True)


def long_hair(fig: Figure, paint: Paint, length: float = 0.5) -> list[Part]:
    """A curtain behind the face that falls `length` below the head's centre."""
    t, angle = around(10, 33, 68, 292)
    drop = np.where(t < 0.35, 0.0, (t - 0.35) / 0.65)
    theta = np.deg2rad(40 + 55 * np.minimum(t / 0.35, 1))
    wave = 1 + 0.025 * np.cos(9 * angle)
    radius = np.sin(theta) * (1.1 + 0.06 * drop) * wave
    z = np.cos(theta) * 1.05 * fig.head_radii[2] - drop * length
    points = (
        np.stack([fig.head_radii[0] * radius * np.cos(angle), fig.head_radii[1] * radius * np.sin(angle), z], -1) + fig.head
    )
    return [sheet(points[::-1], 0.09, paint)]


def hair(fig: Figure, rng: np.random.Generator, color: Paint, style: str) -> list[Part]:
    """Hair of a style: "short", "spiky", "long", "bob", "bun", "ponytail", "pigtails" or "curly"."""
    rx, ry, rz = fig.head_radii
    if style == "curly":
        i = np.arange(46) + 0.5
        z, phi = 1 - 1.35 * i / 46, np.pi * (1 + 5**0.5) * i
        unit = np.stack([np.sqrt(1 - z**2) * np.cos(phi), np.sqrt(1 - z**2) * np.sin(phi), z], -1)
        keep = (unit[:, 0] < 0.62) | (unit[:, 2] > 0.72)
        return [ellipsoid(fig.head + u * fig.head_radii, 0.12 * rng.uniform(0.9, 1.15), color, detail=8) for u in unit[keep]]
    fringe = {"short": 9, "spiky": 16}.get(style, 6)
    parts = [cap(fig, color, rng.uniform(46, 56), 92, 124, 1.08, fringe)]
    if style == "spiky":
        for a in np.linspace(0, 2 * np.pi, 9, endpoint=False):
            root = fig.head + fig.head_radii * np.array([0.5 * np.cos(a), 0.5 * np.sin(a), 0.82])
            parts.append(limb(root, root + np.array([0.13 * np.cos(a), 0.13 * np.sin(a), 0.15]), 0.13, 0.02, color, sides=10))
    if style in ("long", "bob"):
        parts += long_hair(fig, color, rng.uniform(0.4, 0.6) if style == "long" else 0.3)
    if style == "bun":
        parts.append(ellipsoid(fig.head + (-0.4 * rx, 0, 1.12 * rz), 0.19, color, detail=14))
    if style == "ponytail":
        root = fig.head + (-0.95 * rx, 0, 0.62 * rz)
        tail = curve(root, root + (-0.22, 0, 0.02), root + (-0.3, 0, -0.3), root + (-0.2, 0, -0.62), samples=12)
        parts += [
            tube(tail, np.interp(np.arange(12), [0, 3, 11], [0.07, 0.14, 0.03]), color, sides=14),
            torus(root + (-0.06, 0, 0.01), 0.08, 0.035, (0.9, 0.3, 0.4), (1, 0, 0)),
        ]
    if style == "pigtails":
        root = fig.head + np.array([-0.1 * rx, 0.98 * ry, 0.4 * rz])
        tail = curve(root, root + (0, 0.14, 0.03), root + (0, 0.2, -0.22), root + (0, 0.14, -0.45), samples=12)
        parts += both(
            tube(tail, np.interp(np.arange(12), [0, 4, 11], [0.06, 0.13, 0.03]), color, sides=14),
            ellipsoid(root + (0, 0.04, 0.01), 0.08, (0.9, 0.3, 0.4), detail=10),
        )
    return parts


def beard(fig: Figure, color: Paint, length: float = 0.3) -> list[Part]:
    """A full beard that ends `length` below the chin, and a moustache."""
    rx, ry, rz = fig.head_radii
    chin = fig.head + np.array([0.66 * rx, 0, -0.6 * rz])
    spine = curve(chin + (0.02, 0, 0.06), chin + (0.1, 0, -0.14), chin + (0.04, 0, -0.2 - length), samples=12)
    chest = tube(
        (spine - chin) * (1, 1, 1), np.interp(np.arange(12), [0, 4, 11], [0.26, 0.24, 0.04]) * ry / 0.42, color, sides=20
    )
    parts = move([chest], chin, (0.75, 1.0, 1.0))
    jaw = curve(
        *(fig.head + fig.head_radii * np.array(p) for p in ((0.12, 0.98, -0.1), (0.4, 0.86, -0.45), (0.74, 0.4, -0.66))),
        samples=8,
    )
    tash = tube(
        curve(fig.on_face(0.02, -0.36, 0.06), fig.on_face(0.22, -0.4, 0.08), fig.on_face(0.42, -0.5, 0.04), samples=8),
        [0.06, 0.075, 0.08, 0.08, 0.075, 0.065, 0.05, 0.02],
        color,
        sides=12,
    )
    return parts + both(tube(jaw, np.linspace(0.07, 0.15, 8), color, sides=14), tash)


def band(fig: Figure, low: float, high: float, reach: float, paint: Paint, out: float = 0.01) -> Part:
    """A strip on the face between two heights (shares of the head's z radius), `reach` to each side: masks."""
    t, u = np.meshgrid(np.linspace(0, 1, 7), np.linspace(-reach, reach, 19), indexing="ij")
    z = low + (high - low) * t
    unit = np.stack([np.sqrt(np.maximum(1 - u**2 - z**2, 0.0)), u, z], -1)
    return sheet(fig.head + unit * fig.head_radii * (1 + out), 0.03, paint)


def pointed_ears(fig: Figure, length: float = 0.3, color: Color | None = None) -> list[Part]:
    """Long ears that point outwards and a little up."""
    root = fig.head + fig.head_radii * (-0.05, 0.92, -0.05)
    color = fig.skin if color is None else color
    ear = limb(root, root + np.array([-0.1, 0.82, 0.42]) * length, 0.1, 0.015, color, sides=12)
    inner = limb(
        root + (0.06, 0.02, 0),
        root + np.array([0.02, 0.6, 0.3]) * length + (0.04, 0, 0),
        0.05,
        0.01,
        darker(color, 0.8),
        sides=10,
    )
    return both(ear, inner)


def fangs(fig: Figure, z: float = -0.52, spread: float = 0.14) -> list[Part]:
    """Two white teeth that point down."""
    top = fig.on_face(spread, z, 0.03)
    return both(cylinder(top + (0, 0, 0.02), top + (0.01, 0, -0.1), 0.035, SNOW, 0.004, sides=10))
