"""Cheap solids for made things: lofts, blocks, rods and sheets. All are single vectorised passes.

Conventions as in `parts`; a wheel's or hull's front is +x.
"""

import numpy as np

from mvdream_toybox.geometry.parts import Color, Model, Paint, Part, finish, grid_faces, move
from mvdream_toybox.geometry.shapes import curve, cylinder, lathe, plate
from mvdream_toybox.geometry.tones import METAL, TYRE

# where x, y and z are found in (s, u, v)
_AXES = {"x": (0, 1, 2), "y": (2, 0, 1), "z": (1, 2, 0)}


def loft(sections, paint: Paint, axis: str = "x", sides: int = 28, rows: int = 1) -> Part:
    """A skin over cross-sections strung along `axis` ("x", "y" or "z").

    Each section is (s, u, v, half_u, half_v, squareness): its place along the axis, the centre and half sizes across
    it, and the superellipse's exponent (2 round, 8 nearly a box). (u, v) is (y, z) for axis x, (z, x) for y,
    (x, y) for z. Listing a section twice makes a hard edge there. Ends are closed flat. `rows` splits every segment,
    for fine paint.
    """
    p = np.asarray(sections, float)
    p = np.concatenate([p[:1], p[:1], p, p[-1:], p[-1:]])
    p[[0, -1], 3:5] = 0
    if rows > 1:
        t = np.arange(rows)[:, None] / rows
        inner = p[2:-3, None] * (1 - t) + p[3:-2, None] * t
        p = np.concatenate([p[:2], inner.reshape(-1, 6), p[-3:]])
    phi = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    c, s = np.cos(phi)[None], np.sin(phi)[None]
    power = 2 / p[:, 5:]
    u = p[:, 1:2] + p[:, 3:4] * np.sign(c) * np.abs(c) ** power
    v = p[:, 2:3] + p[:, 4:5] * np.sign(s) * np.abs(s) ** power
    vertices = np.stack([np.broadcast_to(p[:, :1], u.shape), u, v], -1).reshape(-1, 3)
    return finish(vertices[:, _AXES[axis]], grid_faces(len(p), sides, wrap=True), paint)


def block(center, size, paint: Paint, bevel: float = 0.12, taper: float = 1.0, rows: int = 1) -> Part:
    """A box with softened edges, as `shapes.box` but several times quicker to make.

    `bevel` is a share of the smallest side, `taper` scales the top's x and y, `rows` splits the sides into bands.
    """
    (x, y, z), (a, b, c) = center, np.asarray(size, float) / 2
    soft = bevel * 2 * min(a, b, c)
    low, high = 1 - soft / max(a, b), taper * (1 - soft / max(a, b))
    square = 14
    sections = [
        (z - c, x, y, a * low, b * low, square),
        (z - c + soft, x, y, a, b, square),
        (z - c + soft, x, y, a, b, square),
        (z + c - soft, x, y, a * taper, b * taper, square),
        (z + c - soft, x, y, a * taper, b * taper, square),
        (z + c, x, y, a * high, b * high, square),
    ]
    return loft(sections, paint, "z", 32, rows)


def rod(start, end, radius: float, paint: Paint, radius_end: float | None = None, sides: int = 14) -> Part:
    """A straight round bar with rounded ends."""
    start, end = np.asarray(start, float), np.asarray(end, float)
    length, last = float(np.linalg.norm(end - start)), radius if radius_end is None else radius_end
    bend = np.linspace(0, np.pi / 2, 4)
    profile = [(radius * np.sin(a), -radius * np.cos(a)) for a in bend]
    profile += [(last * np.cos(a), length + last * np.sin(a)) for a in bend]
    return lathe(profile, paint, start, end - start, sides, smooth=True)


def side_plate(outline, thickness: float, paint: Paint, center=(0, 0, 0)) -> Part:
    """A sheet seen from the right side: outline [(x, z), ...] counter-clockwise (x right, z up), thick along y."""
    return plate([(-x, z) for x, z in reversed(list(outline))], thickness, paint, center, (0, 0, 90))


def top_plate(outline, thickness: float, paint: Paint, center=(0, 0, 0)) -> Part:
    """A sheet seen from above: outline [(x, y), ...] counter-clockwise, thick along z."""
    return plate([(y, -x) for x, y in outline], thickness, paint, center, (0, -90, 0))


def wheel(center, radius: float, width: float, hub: Color = METAL, tyre: Color = TYRE) -> list[Part]:
    """A wheel that rolls along x: a rounded tyre, a hub on both faces."""
    x, y, z = center
    half, r = width / 2, radius
    tread = [(0, -half), (0.8 * r, -half), (r, -0.6 * half), (r, 0.6 * half), (0.8 * r, half), (0, half)]
    rim = 1.06 * half
    cap = [(0, -rim * 1.1), (0.25 * r, -rim * 1.1), (0.6 * r, -rim), (0.6 * r, rim), (0.25 * r, rim * 1.1), (0, rim * 1.1)]
    place = {"center": (x, y, z), "axis": (0, 1, 0)}
    return [lathe(tread, tyre, sides=24, **place), lathe(cap, hub, sides=16, **place)]


def spoked_wheel(center, radius: float, width: float, paint: Paint, spokes: int = 8) -> list[Part]:
    """An open wheel that rolls along x: a rim, spokes and a hub of one paint."""
    x, y, z = center
    half = width / 2
    inner = 0.8 * radius
    rim = [(inner, -half), (radius, -half), (radius, half), (inner, half), (inner, -half)]
    parts = [lathe(rim, paint, center, (0, 1, 0), 28), cylinder((x, y - half, z), (x, y + half, z), 0.2 * radius, paint)]
    for angle in np.arange(0, np.pi, 2 * np.pi / spokes):
        tip = 0.9 * radius * np.array([np.cos(angle), 0, np.sin(angle)])
        parts.append(cylinder(np.array(center) - tip, np.array(center) + tip, 0.07 * radius, paint, sides=8))
    return parts


def stretched(rng: np.random.Generator, parts: list[Part], share: float = 0.1) -> Model:
    """The parts as a model whose length, width and height are each drawn within `share` of what they were."""
    return Model(move(parts, scale=1 + rng.uniform(-share, share, 3)))


def copies(part: Part, places, spin_deg=None) -> Part:
    """One mesh of many copies of a part, shifted to `places` (N, 3) after turning about z by `spin_deg` (N,)."""
    places = np.asarray(places, float)
    n, count = len(part.vertices), len(places)
    a = np.deg2rad(np.zeros(count) if spin_deg is None else np.asarray(spin_deg, float))[:, None]
    x, y, z = part.vertices.T
    vertices = np.stack([x * np.cos(a) - y * np.sin(a), x * np.sin(a) + y * np.cos(a), z + 0 * a], -1) + places[:, None]
    faces = part.faces[None] + n * np.arange(count)[:, None, None]
    return Part(vertices.reshape(-1, 3), faces.reshape(-1, 3), np.tile(part.colors, (count, 1)))


def brick(center, size, paint: Paint) -> Part:
    """A box with sharp edges, the cheapest solid: books, keys, panes."""
    corners = np.array([(x, y, z) for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)]) * size + np.asarray(center)
    quads = np.array([(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)])
    index = np.arange(24).reshape(6, 4)
    return finish(corners[quads.ravel()], np.concatenate([index[:, [0, 1, 2]], index[:, [0, 2, 3]]]), paint)


def round_body(profile, paint, sides: int = 40) -> Part:
    """A smooth body through (radius, height) points, finely sampled."""
    points = curve(*[(r, 0, z) for r, z in profile], samples=30)
    points[:, 0] = np.maximum(points[:, 0], 0)
    points[[0, -1], 0] = 0
    return lathe(points[:, [0, 2]], paint, sides=sides, smooth=True)
