"""Fewer, smoother, connected triangles. All functions take and return (vertices (N, 3) float32, faces (M, 3) int32)."""

import numpy as np


def drop_floaters(vertices: np.ndarray, faces: np.ndarray, smallest: float = 0.02) -> tuple[np.ndarray, np.ndarray]:
    """Keep the connected pieces with at least `smallest` times the faces of the largest one."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    rows, columns = faces[:, [0, 1]].ravel(), faces[:, [1, 2]].ravel()
    linked = coo_matrix((np.ones(len(rows), bool), (rows, columns)), shape=(len(vertices),) * 2)
    _, piece = connected_components(linked, directed=False)
    sizes = np.bincount(piece[faces[:, 0]])
    return compact(vertices, faces[(sizes >= smallest * sizes.max())[piece[faces[:, 0]]]])


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
    """Quadric edge collapse down to at most about `max_faces` triangles; a smaller mesh comes back as it is."""
    import fast_simplification

    if len(faces) <= max_faces:
        return vertices, faces
    vertices, faces = fast_simplification.simplify(
        np.ascontiguousarray(vertices, np.float32), np.ascontiguousarray(faces, np.int32), target_count=max_faces
    )
    faces = np.asarray(faces, np.int32)
    a, b, c = faces.T
    return compact(np.asarray(vertices, np.float32), faces[(a != b) & (b != c) & (c != a)])
