"""Fewer, smoother, connected triangles. All functions take and return (vertices (N, 3) float32, faces (M, 3) int32)."""

import numpy as np

from mvdream_cli.errors import ObjectError
from mvdream_cli.mesh.lattice import volume
from mvdream_cli.mesh.watertight import watertight


def drop_floaters(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The surface without what is no part of the object, see `of_the_object`."""
    return compact(vertices, faces[of_the_object(vertices, faces)])


def of_the_object(vertices: np.ndarray, faces: np.ndarray, smallest: float = 0.02) -> np.ndarray:
    """Faces of the connected pieces with at least `smallest` times the area of the largest one that look outwards, (M,) bool.

    Smaller ones are floaters. A closed piece that looks inwards is a shell inside of another: nobody sees it.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    rows, columns = faces[:, [0, 1]].ravel(), faces[:, [1, 2]].ravel()
    linked = coo_matrix((np.ones(len(rows), bool), (rows, columns)), shape=(len(vertices),) * 2)
    _, piece = connected_components(linked, directed=False)
    piece = piece[faces[:, 0]]
    a, b, c = vertices[faces].astype(np.float64).transpose(1, 0, 2)
    area = np.bincount(piece, np.linalg.norm(np.cross(b - a, c - a), axis=1))
    enclosed = np.bincount(piece, np.einsum("mc,mc->m", a, np.cross(b, c)))
    keeps = (area >= smallest * area.max()) & (enclosed >= 0)
    return keeps[piece]


def compact(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Without the vertices that no face uses."""
    used = np.zeros(len(vertices), bool)
    used[faces] = True
    renumbered = np.cumsum(used, dtype=np.int32) - 1
    return vertices[used], renumbered[faces]


def smooth(vertices: np.ndarray, faces: np.ndarray, rounds: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Taubin smoothing (SIGGRAPH 1995): takes the steps of the lattice away, keeps the volume."""
    mean = links(faces, len(vertices))
    for _ in range(rounds):
        for factor in (0.5, -0.53):
            vertices = vertices + factor * (mean @ vertices - vertices)
    return vertices.astype(np.float32), faces


def links(faces: np.ndarray, count: int):
    """A sparse matrix (N, N) that takes the mean over the neighbours of each of `count` vertices."""
    from scipy.sparse import coo_matrix, diags

    rows, columns = faces[:, [0, 1, 2, 1, 2, 0]].ravel(), faces[:, [1, 2, 0, 0, 1, 2]].ravel()
    linked = coo_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(count, count)).tocsr()
    return diags((1.0 / np.maximum(linked.sum(1).A1, 1.0)).astype(np.float32)) @ linked


def simplify(vertices: np.ndarray, faces: np.ndarray, max_faces: int) -> tuple[np.ndarray, np.ndarray]:
    """Quadric edge collapse down to at most about `max_faces` triangles; a smaller mesh comes back as it is.

    What was closed stays closed: where the collapse folds the surface onto itself, the folds are taken apart, and where too
    few triangles are left to enclose anything, there may be twice as many, and so on.
    """
    if len(faces) <= max_faces:
        return vertices, faces
    made = collapse(vertices, faces, max_faces)
    if not is_closed(faces) or volume(vertices, faces) <= 0:
        return made
    while not (is_closed(made[1]) and volume(*made) > 0):
        try:
            return watertight(*made)
        except ObjectError:
            max_faces *= 2  # at last the surface itself, which does
        made = collapse(vertices, faces, max_faces)
    return made


def collapse(vertices: np.ndarray, faces: np.ndarray, max_faces: int) -> tuple[np.ndarray, np.ndarray]:
    """Quadric edge collapse (Garland and Heckbert 1997)."""
    import fast_simplification

    if len(faces) <= max_faces:
        return vertices, faces
    vertices, faces = fast_simplification.simplify(
        np.ascontiguousarray(vertices, np.float32), np.ascontiguousarray(faces, np.int32), target_count=max_faces
    )
    faces = np.asarray(faces, np.int32)
    a, b, c = faces.T
    return compact(np.asarray(vertices, np.float32), faces[(a != b) & (b != c) & (c != a)])


def is_closed(faces: np.ndarray) -> bool:
    """Whether each edge has two faces, which run along it in opposite directions."""
    edges = np.stack([faces, np.roll(faces, -1, 1)], -1).reshape(-1, 2).astype(np.int64)
    forward = np.sort(edges[:, 0] << 32 | edges[:, 1])
    return bool((forward[1:] != forward[:-1]).all() and np.array_equal(forward, np.sort(edges[:, 1] << 32 | edges[:, 0])))
