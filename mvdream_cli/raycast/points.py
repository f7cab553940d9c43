"""What is true of an object at points around it: signed distance and color, as its views show it.

Only what can be seen from somewhere counts: a point is inside where none of 16 directions leads out, and surfaces that are
buried in others are no surfaces. Open sheets get some flesh, so that a thin thing has a thickness.

Letters in shapes: K samples of the surface, P points, M faces.
"""

from dataclasses import dataclass, fields

import numpy as np

from mvdream_cli.raycast.environment import Environment
from mvdream_cli.raycast.light import Light
from mvdream_cli.raycast.mesh import Mesh
from mvdream_cli.raycast.surface import Surface, scene_of_faces

POINTS_VERSION = 1  # raise it with any change after which the same object has other points
TRUNCATION = 0.1  # distances beyond it are cut, in units of an object in [-0.5, 0.5]^3
FLESH = 0.006  # half the thickness of an open sheet
SAMPLES = 16_000  # of the surface
DIRECTIONS = 16  # in which a way out is looked for
FIRST = 4  # of them are tried before the rest: most points are outside
NEAREST = 4  # samples whose faces are asked for the exact distance
BOX = 0.55  # half the side of the box in which the points lie that are anywhere
STEP = 2e-3  # from a surface to the places on its two sides
SPREADS = ((0.3, 0.005), (0.3, 0.015), (0.2, 0.05))  # shares of points, and their distances from the surface; the rest anywhere


@dataclass(frozen=True)
class Points:
    """points (P, 3), distance (P,) in [-TRUNCATION, TRUNCATION], negative inside, colors (P, 3) in [0, 1]; float16."""

    points: np.ndarray
    distance: np.ndarray
    colors: np.ndarray

    def alone(self) -> "Points":
        """As those of a batch of one object."""
        return Points(self.points[None], self.distance[None], self.colors[None])

    @staticmethod
    def joined(parts: list["Points"]) -> "Points":
        """Of several batches, one after the other."""
        return Points(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Points)))


def draw_points(mesh: Mesh, light: Light | Environment, count: int, rng: np.random.Generator) -> Points:
    """Random points around an object, mostly close to its surface, and what is true there.

    Args:
        mesh: in [-0.5, 0.5]^3. light: that its pictures are rendered with.
    """
    surface = Surface.of(mesh, pixels_per_unit=256.0, gloss=isinstance(light, Environment))
    scene = scene_of_faces(mesh.vertices, mesh.faces)  # what is transparent is there too
    samples, face, weights = _samples(mesh, SAMPLES, rng)
    directions = _directions(rng)
    normals = _unit(np.einsum("kc,kcd->kd", weights, surface.corners[face, :, :3]))
    geometric = _face_normals(mesh)[face]
    outside = [_escapes(scene, samples + side * STEP * geometric, directions) for side in (1, -1)]
    seen = outside[0] | outside[1]
    if seen.sum() < 16:  # nothing leads out: a box around a room, say; then all of it is surface
        seen[:] = True
    samples, face, weights, normals = samples[seen], face[seen], weights[seen], normals[seen]
    sheet = (outside[0] & outside[1])[seen]

    points = _places(samples, count, rng)
    distance, nearest = _distance(mesh, samples, face, points)
    out = _escapes(scene, points, directions)
    flesh = np.where(sheet[nearest], FLESH, 0.0)
    signed = np.where(out, distance, -distance) - flesh
    away = points - samples[nearest]
    toward = np.einsum("pc,pc->p", away, normals[nearest]) * np.where(out, 1.0, -1.0)
    normal = normals[nearest] * np.where(toward < 0, -1.0, 1.0)[:, None]
    base, gloss = surface.looks(face[nearest], weights[nearest])
    colors = light.lit(base.astype(np.float64), normal, 1.0, -normal, gloss)  # reflections as they are seen head-on
    return Points(
        points.astype(np.float16),
        signed.clip(-TRUNCATION, TRUNCATION).astype(np.float16),
        colors.clip(0.0, 1.0).astype(np.float16),
    )


def _samples(mesh: Mesh, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points evenly over the surface (K, 3), their faces (K,) and weights of the faces' corners (K, 3)."""
    a, b, c = mesh.vertices[mesh.faces].astype(np.float64).transpose(1, 0, 2)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    ends = np.cumsum(area)
    at = (np.arange(count) + rng.random(count)) / count * ends[-1]
    face = np.searchsorted(ends, at, side="right").clip(0, len(area) - 1)
    u, v = rng.random((2, count))
    turned = u + v > 1
    u, v = np.where(turned, 1 - u, u), np.where(turned, 1 - v, v)
    weights = np.stack([1 - u - v, u, v], 1)
    points = weights[:, :1] * a[face] + weights[:, 1:2] * b[face] + weights[:, 2:] * c[face]
    return points.astype(np.float32), face, weights.astype(np.float32)


def _places(samples: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Points (P, 3) around the samples at several scales, and anywhere, in random order."""
    near = [(int(share * count), spread) for share, spread in SPREADS]
    parts = [samples[rng.integers(len(samples), size=n)] + spread * rng.normal(size=(n, 3)) for n, spread in near]
    parts.append(rng.uniform(-BOX, BOX, (count - sum(n for n, _ in near), 3)))
    return rng.permutation(np.concatenate(parts)).clip(-BOX, BOX).astype(np.float32)


def _directions(rng: np.random.Generator) -> np.ndarray:
    """Unit vectors (16, 3), evenly over the sphere, turned at random; the first few lie far apart."""
    height = 1 - 2 * (np.arange(DIRECTIONS) + 0.5) / DIRECTIONS
    angle = np.pi * (1 + 5**0.5) * np.arange(DIRECTIONS)
    radius = np.sqrt(1 - height**2)
    even = np.stack([radius * np.cos(angle), radius * np.sin(angle), height], 1)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    order = np.arange(DIRECTIONS).reshape(FIRST, -1).T.ravel()
    return (even @ turn.T)[order].astype(np.float32)


def _escapes(scene, points: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Whether a straight way out of the object begins at each point, (P,) bool."""
    out = np.zeros(len(points), bool)
    left = np.arange(len(points))
    for some in (directions[:FIRST], directions[FIRST:]):
        origins = np.repeat(points[left], len(some), 0)
        hit = scene.run(np.ascontiguousarray(origins, np.float32), np.tile(some, (len(left), 1)), query="OCCLUDED")
        out[left] = (hit < 0).reshape(len(left), len(some)).any(1)
        left = left[~out[left]]
    return out


def _distance(mesh: Mesh, samples: np.ndarray, face: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance (P,) to the faces of the nearest samples, and which sample's it was (P,)."""
    from scipy.spatial import cKDTree

    distance, index = cKDTree(samples).query(points, k=NEAREST, distance_upper_bound=2 * TRUNCATION)
    index = np.minimum(index, len(samples) - 1)  # beyond the bound there is none
    near = np.flatnonzero(distance[:, 0] < 1.2 * TRUNCATION)
    exact = np.full(len(points), 2 * TRUNCATION)
    nearest = index[:, 0].copy()
    corners = mesh.vertices[mesh.faces[face[index[near]]]].astype(np.float64)  # (p, NEAREST, 3, 3)
    found = point_to_triangle(points[near, None].astype(np.float64), corners)
    best = found.argmin(1)
    exact[near] = found[np.arange(len(near)), best]
    nearest[near] = index[near, best]
    far = np.setdiff1d(np.arange(len(points)), near)
    nearest[far] = cKDTree(samples).query(points[far])[1] if len(far) else nearest[far]
    return exact, nearest


def point_to_triangle(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Distance from points (..., 3) to triangles (..., 3, 3), shape (...)."""
    a, b, c = np.moveaxis(corners, -2, 0)
    normal = np.cross(b - a, c - a)
    area = np.maximum((normal**2).sum(-1), 1e-24)
    beside = np.zeros(np.broadcast_shapes(points.shape, a.shape)[:-1], bool)
    edges = np.full(beside.shape, np.inf)
    for p, q in ((a, b), (b, c), (c, a)):
        edge, away = q - p, points - p
        along = ((away * edge).sum(-1) / np.maximum((edge**2).sum(-1), 1e-24)).clip(0, 1)
        edges = np.minimum(edges, ((away - along[..., None] * edge) ** 2).sum(-1))
        beside |= (np.cross(edge, away) * normal).sum(-1) < 0
    above = ((points - a) * normal).sum(-1) ** 2 / area
    return np.sqrt(np.where(beside, edges, above))


def _face_normals(mesh: Mesh) -> np.ndarray:
    a, b, c = mesh.vertices[mesh.faces].astype(np.float64).transpose(1, 0, 2)
    return _unit(np.cross(b - a, c - a)).astype(np.float32)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
