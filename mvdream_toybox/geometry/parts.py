"""What every builder takes and gives: looks, colored meshes and models; and how meshes are moved and joined.

Axes of every builder: the object's front faces +x, its left side +y, up is +z. Units are free; `world` normalises.
A color is an sRGB triple in [0, 1] or a paint: a function points (N, 3) -> colors (N, 3), see `paints`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

Color = tuple[float, float, float]
Paint = Color | Callable[[np.ndarray], np.ndarray]


@dataclass
class Part:
    """A triangle mesh: vertices (N, 3) float, faces (M, 3) int, colors (N, 3) sRGB in [0, 1]."""

    vertices: np.ndarray
    faces: np.ndarray
    colors: np.ndarray


@dataclass
class Anchor:
    """A place where something is worn or carried: its centre, the radius there, and the tilt about y (forward) in degrees."""

    position: tuple[float, float, float]
    radius: float
    tilt_deg: float = 0.0


@dataclass
class Model:
    """What a builder returns. Anchor names: head (crown of the head), eyes, neck, back, hand."""

    parts: list[Part]
    anchors: dict[str, Anchor] = field(default_factory=dict)


@dataclass(frozen=True)
class Look:
    """What the caption says of an object's surface: main paint, plain main color, a second and an accent color.

    `variant` names a breed or make (or None), `pose` a pose (or None).
    """

    paint: Paint
    main: Color
    second: Color
    accent: Color
    variant: str | None = None
    pose: str | None = None


def rotation(x_deg: float = 0.0, y_deg: float = 0.0, z_deg: float = 0.0) -> np.ndarray:
    """Rotation matrix (3, 3): about x, then y, then z, right-handed, degrees."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(a := np.deg2rad([x_deg, y_deg, z_deg])), np.sin(a)
    rx = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    ry = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    rz = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return rz @ ry @ rx


def frame_along(direction) -> np.ndarray:
    """Rotation (3, 3) that takes +z to `direction`."""
    z = np.asarray(direction, float)
    z = z / (np.linalg.norm(z) + 1e-12)
    helper = np.array([1.0, 0, 0]) if abs(z[0]) < 0.9 else np.array([0, 1.0, 0])
    y = np.cross(z, helper)
    y /= np.linalg.norm(y)
    return np.stack([np.cross(y, z), y, z], axis=1)


def finish(vertices, faces, paint: Paint) -> Part:
    """A part whose vertices have been painted."""
    vertices = np.asarray(vertices, np.float64)
    colors = paint(vertices) if callable(paint) else np.broadcast_to(np.asarray(paint, float), vertices.shape)
    return Part(vertices, np.asarray(faces, np.int64), np.clip(np.array(colors, np.float64), 0, 1))


@cache
def grid_faces(rows: int, columns: int, wrap: bool) -> np.ndarray:
    """Triangles of a (rows, columns) vertex grid whose last column joins the first if `wrap`."""
    i, j = np.meshgrid(np.arange(rows - 1), np.arange(columns if wrap else columns - 1), indexing="ij")
    a, b = i * columns + j, i * columns + (j + 1) % columns
    c, d = a + columns, b + columns
    faces = np.concatenate([np.stack([a, b, d], -1).reshape(-1, 3), np.stack([a, d, c], -1).reshape(-1, 3)])
    faces.setflags(write=False)
    return faces


def move(parts: list[Part], offset=(0, 0, 0), scale=1.0, rotate_deg=(0, 0, 0)) -> list[Part]:
    """Scale (number or triple), turn, then shift parts."""
    turn = rotation(*rotate_deg)
    return [replace(p, vertices=(p.vertices * scale) @ turn.T + np.asarray(offset, float)) for p in parts]


def mirror(parts: list[Part]) -> list[Part]:
    """The same parts on the other side of the x-z plane (left to right)."""
    return [replace(p, vertices=p.vertices * np.array([1.0, -1, 1]), faces=p.faces[:, ::-1]) for p in parts]


def both(*parts: Part) -> list[Part]:
    """The parts and their mirror images: legs, ears, wheels, wings."""
    return [*parts, *mirror(list(parts))]


def merge(parts: list[Part]) -> Part:
    """Parts as one mesh."""
    starts = np.cumsum([0] + [len(p.vertices) for p in parts])
    return Part(
        np.concatenate([p.vertices for p in parts]),
        np.concatenate([p.faces + start for p, start in zip(parts, starts)]),
        np.concatenate([p.colors for p in parts]),
    )
