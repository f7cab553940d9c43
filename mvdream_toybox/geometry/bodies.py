"""Body plans that animals share: eyes, ears, legs, the four-legged beast. Ground is z = 0, front is +x."""

from dataclasses import dataclass

import numpy as np

from mvdream_toybox.geometry.parts import Anchor, Model, Paint, Part, both, rotation
from mvdream_toybox.geometry.shapes import curve, cylinder, ellipsoid, limb, tube

WHITE, INK, PINK, IVORY, RUST = ((0.97, 0.97, 0.96), (0.04, 0.04, 0.05), (0.95, 0.62, 0.66), (0.96, 0.92, 0.8), (0.9, 0.5, 0.1))


def vary(rng: np.random.Generator, *values: float, share: float = 0.07) -> list[float]:
    """The values, each times its own factor in [1 - share, 1 + share]."""
    return [float(v * rng.uniform(1 - share, 1 + share)) for v in values]


def eyes(center, radius: float, outward: float = 0.35, iris: Paint = INK, upward: float = 0.1) -> list[Part]:
    """A pair of white eyes with large pupils and a glint; `center` is the left one, `outward` turns them sideways."""
    center = np.asarray(center, float)
    gaze = np.array([1.0, outward, upward])
    gaze /= np.linalg.norm(gaze)
    glint = gaze + np.array([0.1, -0.1, 0.42])
    return both(
        ellipsoid(center, radius, WHITE, detail=12),
        ellipsoid(center + gaze * radius * 0.46, radius * 0.68, iris, detail=12),
        ellipsoid(center + glint / np.linalg.norm(glint) * radius * 0.98, radius * 0.2, WHITE, detail=6),
    )


def dots(center, radius: float) -> list[Part]:
    """A pair of plain black eyes with a glint; `center` is the left one."""
    center = np.asarray(center, float)
    return both(
        ellipsoid(center, radius, INK, detail=10),
        ellipsoid(center + radius * np.array([0.66, 0.3, 0.5]), radius * 0.3, WHITE, detail=6),
    )


def pointed_ears(base, height: float, width: float, paint: Paint, inner: Paint = PINK, lean: float = 0.3) -> list[Part]:
    """Standing triangular ears, a darker or pink cone inside."""
    base = np.asarray(base, float)
    tip = base + np.array([-0.12 * height, lean * height, height])
    front = np.array([width * 0.42, 0, -0.03 * height])
    return both(
        cylinder(base - (tip - base) * 0.2, tip, width, paint, 0.04 * width, sides=16),
        cylinder(base + front, tip * 0.75 + base * 0.25 + front * 0.5, width * 0.68, inner, 0.02 * width, sides=12),
    )


def round_ears(center, radius: float, paint: Paint, inner: Paint = PINK, turn_deg: float = 0.0) -> list[Part]:
    """Disc-like ears facing forward, turned outwards by `turn_deg`."""
    center, a = np.asarray(center, float), np.deg2rad(turn_deg)
    front = np.array([np.cos(a), np.sin(a), 0]) * radius * 0.24
    return both(
        ellipsoid(center, (radius * 0.38, radius, radius), paint, (0, 0, turn_deg), detail=14),
        ellipsoid(center + front, (radius * 0.26, radius * 0.66, radius * 0.66), inner, (0, 0, turn_deg), detail=12),
    )


def floppy_ears(top, length: float, width: float, paint: Paint, out: float = 0.3) -> list[Part]:
    """Flat ears that hang down beside the head from `top`."""
    top = np.asarray(top, float)
    tilt = np.degrees(np.arctan(out))
    center = top + np.array([0, np.sin(np.radians(tilt)), -np.cos(np.radians(tilt))]) * length * 0.45
    return both(ellipsoid(center, (width, width * 0.42, length / 2), paint, (tilt, 0, 0), detail=14))


def legs(x_front: float, x_back: float, y: float, top: float, radius: float, paint: Paint, foot: Paint) -> list[Part]:
    """Four tapered legs with rounded feet."""
    parts = []
    for x in (x_front, x_back):
        parts.append(limb((x, y, top), (x, y, radius * 0.8), radius * 1.12, radius * 0.9, paint, sides=16))
        parts.append(
            ellipsoid((x + radius * 0.25, y, radius * 0.62), (radius * 1.3, radius * 1.1, radius * 0.72), foot, detail=12)
        )
    return both(*parts)


def hooves(x_front: float, x_back: float, y: float, top: float, radius: float, paint: Paint, hoof: Paint) -> list[Part]:
    """Four straight legs on hooves."""
    parts = []
    for x in (x_front, x_back):
        parts.append(limb((x, y, top), (x, y, radius * 1.2), radius * 1.25, radius * 0.85, paint, sides=16))
        parts.append(cylinder((x, y, 0), (x, y, radius * 1.3), radius * 1.15, hoof, radius * 0.95, sides=18))
    return both(*parts)


def puffs(rng: np.random.Generator, center, radii, size: float, count: int, paint: Paint) -> list[Part]:
    """Wool: `count` balls spread evenly over an ellipsoid."""
    i = np.arange(count) + 0.5
    z, phi = 1 - 2 * i / count, np.pi * (1 + 5**0.5) * i + rng.uniform(0, 6)
    unit = np.stack([np.sqrt(1 - z**2) * np.cos(phi), np.sqrt(1 - z**2) * np.sin(phi), z], -1)
    return [ellipsoid(np.asarray(center) + u * np.asarray(radii), size * rng.uniform(0.9, 1.12), paint, detail=8) for u in unit]


@dataclass
class Beast:
    """A four-legged body without ears, tail and face: its parts, and where the rest goes; radii are along x, y, z."""

    parts: list[Part]
    body: np.ndarray
    body_radii: np.ndarray
    head: np.ndarray
    head_radii: np.ndarray
    neck_radius: float

    def on_head(self, x: float, y: float, z: float) -> np.ndarray:
        """A point relative to the head's centre in head radii: (1, 0, 0) is its front."""
        return self.head + self.head_radii * np.array([x, y, z])

    def on_body(self, x: float, y: float, z: float) -> np.ndarray:
        """A point relative to the body's centre in body radii."""
        return self.body + self.body_radii * np.array([x, y, z])

    def model(self, *more: list[Part], eye=(0.74, 0.42, 0.3), crown: float = 0.62) -> Model:
        """The beast with its other parts and anchors; in head radii, `eye` is the left eye, `crown` a brim's height."""
        girth = float(self.head_radii[1])
        neck_top = np.array([self.head[0] - self.head_radii[0] * 0.45, 0, self.head[2] - self.head_radii[2] * 0.5])
        neck_base = self.on_body(0.62, 0, 0.35)
        slope = neck_top - neck_base
        anchors = {
            "head": Anchor(tuple(self.on_head(-0.08, 0, crown)), girth * max(float(np.sqrt(1 - crown**2)) * 1.04, 0.7)),
            "eyes": Anchor(tuple(self.on_head(eye[0], 0, eye[2])), girth * eye[1]),
            "neck": Anchor(
                tuple(neck_base * 0.4 + neck_top * 0.6),
                self.neck_radius * 1.05,
                float(np.degrees(np.arctan2(slope[0], max(slope[2], 1e-6)))),
            ),
            "back": Anchor(tuple(self.on_body(0.0, 0, 0.95)), float(self.body_radii[1]) * 0.8, 90.0),
        }
        return Model(self.parts + [part for group in more for part in group], anchors)


def beast(
    rng: np.random.Generator,
    paint: Paint,
    *,
    body=(0.5, 0.3, 0.3),
    leg=0.26,
    leg_radius=0.1,
    head=(0.32, 0.32, 0.3),
    head_at=(0.5, 0.42),
    neck=0.2,
    foot: Paint | None = None,
    hoof: Paint | None = None,
    hips=0.94,
) -> Beast:
    """A four-legged body: `body` and `head` radii, `leg` the free length below the belly, `head_at` (x, z) of the
    head's centre from the body's, `neck` its radius, `hips` the width of the hind part relative to the chest's.
    """
    bx, by, bz, hx, hy, hz, leg, leg_radius = vary(rng, *body, *head, leg, leg_radius)
    centre = np.array([0.0, 0, leg + bz * 0.92])
    top = centre + np.array([head_at[0] * rng.uniform(0.96, 1.04), 0, head_at[1] * rng.uniform(0.95, 1.06)])
    xs = np.linspace(-bx + by * 0.8, bx - by * 0.8, 9) if bx > by else np.array([-0.01, 0.01])
    widths = np.interp(np.linspace(0, 1, len(xs)), [0, 0.5, 1], [hips, 0.97, 1.0])
    trunk = tube(np.column_stack([xs, 0 * xs, centre[2] + 0 * xs]), by * widths, paint, sides=32)
    trunk.vertices[:, 2] = centre[2] + (trunk.vertices[:, 2] - centre[2]) * bz / by
    base = centre + np.array([bx * 0.55, 0, bz * 0.1])
    parts = [
        trunk,
        limb(base, top - np.array([hx * 0.2, 0, hz * 0.1]), neck * 1.25, neck, paint, sides=24),
        ellipsoid(top, (hx, hy, hz), paint, detail=22),
    ]
    place = (bx * 0.6, -bx * 0.64, by * 0.6, centre[2] - bz * 0.25, leg_radius, paint)
    parts += hooves(*place, hoof) if hoof is not None else legs(*place, paint if foot is None else foot)
    return Beast(parts, centre, np.array([bx, by, bz]), top, np.array([hx, hy, hz]), neck)


def tail(points, radii, paint: Paint) -> list[Part]:
    """A tail along a curve's points."""
    return [tube(points, np.interp(np.linspace(0, 1, len(points)), np.linspace(0, 1, len(radii)), radii), paint, sides=14)]


def petal(outline, thickness: float, paint: Paint, center=(0, 0, 0), rotate_deg=(0, 0, 0), samples: int = 36) -> Part:
    """A cushion-like sheet for wings and fins: a smooth closed outline [(y, z), ...] that its mean point sees whole.

    Lies in the y-z plane, front +x, thick in the middle and thin at the rim, before `rotate_deg`.
    """
    p = np.asarray(outline, float)
    if np.sum(p[:, 0] * np.roll(p[:, 1], -1) - p[:, 1] * np.roll(p[:, 0], -1)) < 0:
        p = p[::-1]
    rim = curve(*np.concatenate([p[-2:], p, p[:2]]), samples=samples * (len(p) + 3) // len(p))
    share = samples * (len(p) + 3) // len(p)
    at = np.linspace(0, len(p) + 3, share)
    rim = rim[(at >= 2) & (at < len(p) + 2)]
    middle, n = rim.mean(0), len(rim)
    rings = np.concatenate([middle + (rim - middle) * s for s in (0.04, 0.45, 0.8, 1.0)])
    bulge = np.repeat([1.0, 0.92, 0.6, 0.0], n)[:, None] * thickness / 2
    front, back = np.hstack([bulge, rings]), np.hstack([-bulge, rings])[: 3 * n]
    i, j = np.arange(n), (np.arange(n) + 1) % n
    faces = []
    for k in range(3):
        a, b, c, d = i + k * n, j + k * n, j + (k + 1) * n, i + (k + 1) * n
        faces += [np.stack([a, d, c], 1), np.stack([a, c, b], 1)]
        a, b = a + 4 * n, b + 4 * n
        c, d = (c, d) if k == 2 else (c + 4 * n, d + 4 * n)
        faces += [np.stack([a, c, d], 1), np.stack([a, b, c], 1)]
    faces += [
        np.stack([i[1:-1], i[2:], 0 * i[2:]], 1)[:, [2, 0, 1]],
        np.stack([i[1:-1], i[2:], 0 * i[2:]], 1)[:, [2, 1, 0]] + 4 * n,
    ]
    vertices = np.concatenate([front, back]) @ rotation(*rotate_deg).T + np.asarray(center, float)
    colors = paint(vertices) if callable(paint) else np.broadcast_to(np.asarray(paint, float), vertices.shape)
    return Part(vertices, np.concatenate(faces), np.array(colors, float))


def disc(center, radius: float, thickness: float, paint: Paint, place=(0, 0, 0), rotate_deg=(0, 0, 0)) -> Part:
    """A round mark on a sheet: centre (y, z) in the sheet's plane, then placed as the sheet is."""
    part = ellipsoid((0, center[0], center[1]), (thickness / 2, radius, radius), paint, detail=10)
    part.vertices = part.vertices @ rotation(*rotate_deg).T + np.asarray(place, float)
    return part


def muzzle(
    b: Beast,
    length: float,
    width: float,
    height: float,
    paint: Paint,
    at=(0.98, -0.3),
    nose: float = 0.25,
    nose_paint: Paint = INK,
) -> list[Part]:
    """A snout with a nose on its tip; sizes in head radii."""
    r = float(b.head_radii.mean())
    centre = b.on_head(at[0], 0, at[1])
    size = np.array([length, width, height]) * r
    tip = centre + np.array([size[0] * 0.9, 0, size[2] * 0.42])
    return [
        ellipsoid(centre, size, paint, detail=16),
        ellipsoid(tip, np.array([0.7, 1.15, 0.8]) * nose * r, nose_paint, detail=12),
    ]
