"""A solid of a surface: closed, 2-manifold, without shells inside; what printers and slicers ask for."""

import numpy as np

from mvdream_cli.errors import ObjectError

_LIFT = 2e-6  # of the longest side: how far surfaces that touch at a point or an edge are taken apart


def watertight(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The solid that a surface encloses.

    Holes are closed, each around its middle; shells inside go; pieces that overlap become one (manifold3d). Each edge of the
    result has two faces that run along it in opposite directions, also when vertices at the same place are welded.

    Args:
        vertices: (N, 3). faces: (M, 3), counter-clockwise from outside.

    Returns:
        vertices (N', 3) float32, faces (M', 3) int32.

    Raises:
        ObjectError: the surface holds nothing, or numbers that are not finite.
    """
    from manifold3d import Error, Manifold, Mesh, OpType

    if not np.isfinite(vertices).all():
        raise ObjectError("export: the surface has corners that are not finite; make the object again")
    vertices, faces = close_holes(*weld(np.asarray(vertices, np.float32), faces))
    solid = Manifold(Mesh(np.ascontiguousarray(vertices, np.float32), np.ascontiguousarray(faces, np.uint32)))
    pieces = [piece for piece in solid.decompose() if piece.volume() > 0]
    if solid.status() != Error.NoError or not pieces:
        raise ObjectError("export: the surface encloses nothing, so there is no solid of it; export a GLB, or try another seed")
    mesh = Manifold.batch_boolean(pieces, OpType.Add).to_mesh()
    vertices, faces = np.array(mesh.vert_properties[:, :3], np.float32), np.array(mesh.tri_verts, np.int32)
    return _apart(vertices, faces), faces


def weld(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices at the same place become one, and faces that have no area by that go."""
    vertices, index = np.unique(vertices, axis=0, return_inverse=True)
    faces = index.reshape(-1)[faces]
    a, b, c = faces.T
    return vertices, faces[(a != b) & (b != c) & (c != a)].astype(np.int32)


def close_holes(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each loop of edges that miss a face on their other side gets a fan of triangles around its middle.

    Every face is a loop of directed edges, so what remains after opposite ones cancel are loops, too: this never fails.
    """
    count = len(vertices)
    edges = np.stack([faces, np.roll(faces, -1, 1)], -1).reshape(-1, 2).astype(np.int64)
    keys, uses = np.unique(edges.min(1) * count + edges.max(1), return_inverse=True)
    surplus = np.bincount(uses, np.where(edges[:, 0] < edges[:, 1], 1, -1), len(keys)).astype(int)
    open_edges = np.flatnonzero(surplus)
    if not len(open_edges):
        return vertices, faces
    low, high = np.divmod(keys[open_edges], count)
    missing = np.where(surplus[open_edges, None] > 0, np.stack([high, low], 1), np.stack([low, high], 1))
    missing = np.repeat(missing, abs(surplus[open_edges]), 0)
    onward: dict[int, list[int]] = {}
    for start, end in missing.tolist():
        onward.setdefault(start, []).append(end)
    middles, fans = [], []
    for start in list(onward):
        while onward[start]:
            loop = [start]
            while (end := onward[loop[-1]].pop()) != start:
                loop.append(end)
            middle = count + len(middles)
            middles.append(vertices[loop].mean(0))
            fans += [(here, there, middle) for here, there in zip(loop, [*loop[1:], start])]
    return np.concatenate([vertices, np.float32(middles)]), np.concatenate([faces, np.int32(fans)])


def _apart(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Vertices that lie at one place, each moved a little into its own part of the surface."""
    from mvdream_cli.raycast.mesh import vertex_normals

    _, index, shared = np.unique(vertices, axis=0, return_inverse=True, return_counts=True)
    doubled = shared[index.reshape(-1)] > 1
    if not doubled.any():
        return vertices
    lift = _LIFT * float((vertices.max(0) - vertices.min(0)).max())
    moved = vertices.copy()
    moved[doubled] -= lift * vertex_normals(vertices, faces)[doubled]
    return moved
