"""A texture layout for a mesh. What it looks like and how much work it is depend on the mesh alone."""

from typing import NamedTuple

import numpy as np

from mvdream_cli.errors import ObjectError
from mvdream_cli.mesh.aside import call_aside

BLOCK_FACES = 8000  # xatlas takes the square of that for a torn surface: 88 s for 50,000 faces at once, 2.3 s in blocks
LEAST_CHARTS, CHART_FACES = 150, 750  # charts have at most their share of the area: xatlas takes the square of that, too
PADDING_TEXELS = 3


class Layout(NamedTuple):
    """`vertices` (A,) index into the mesh's vertices, `faces` (M, 3) into the A, `uv` (A, 2) in [0, 1], v up."""

    vertices: np.ndarray
    faces: np.ndarray
    uv: np.ndarray


def unwrap(vertices: np.ndarray, faces: np.ndarray, texture_size: int) -> Layout:
    """Charts by xatlas; a cell for each pair of triangles where it aborts."""
    try:
        return Layout(**call_aside(charts, vertices=vertices, faces=faces, texture_size=texture_size))
    except ObjectError:
        return pairs_layout(faces, texture_size)


def charts(vertices: np.ndarray, faces: np.ndarray, texture_size: int) -> dict[str, np.ndarray]:
    """The arrays of a `Layout` by xatlas, block by block of the mesh, all blocks in one texture."""
    import xatlas

    vertices = np.ascontiguousarray(vertices, np.float32)
    a, b, c = vertices[faces].transpose(1, 0, 2)
    area = 0.5 * float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum())
    cutting, packing = xatlas.ChartOptions(), xatlas.PackOptions()
    cutting.max_iterations = 1
    cutting.max_chart_area = area / max(LEAST_CHARTS, len(faces) / CHART_FACES)
    # packing 2048 texels takes ten times as long
    packing.resolution, packing.padding = min(int(texture_size), 1024), PADDING_TEXELS
    atlas, parts = xatlas.Atlas(), blocks(vertices[faces].mean(1))
    used = []
    for part in parts:
        index, corners = np.unique(faces[part], return_inverse=True)
        atlas.add_mesh(vertices[index], corners.reshape(-1, 3).astype(np.uint32))
        used.append(index)
    atlas.generate(cutting, packing)
    found, places, corners, start = [], [], np.empty(faces.shape, np.int32), 0
    for number, (part, index) in enumerate(zip(parts, used)):
        mapping, block_faces, uv = atlas.get_mesh(number)
        found.append(index[mapping])
        places.append(uv)
        corners[part] = block_faces.astype(np.int32) + start
        start += len(mapping)
    return {
        "vertices": np.concatenate(found).astype(np.int32),
        "faces": corners,
        "uv": np.concatenate(places).astype(np.float32),
    }


def blocks(centres: np.ndarray, most: int = BLOCK_FACES) -> list[np.ndarray]:
    """Faces by their centres (M, 3), cut in halves along the longest side until each block has at most `most` of them."""
    waiting, done = [np.arange(len(centres))], []
    while waiting:
        block = waiting.pop()
        if len(block) <= most:
            done.append(block)
            continue
        axis = np.ptp(centres[block], axis=0).argmax()
        order = block[np.argsort(centres[block, axis], kind="stable")]
        waiting += [order[: len(order) // 2], order[len(order) // 2 :]]
    return done


def pairs_layout(faces: np.ndarray, texture_size: int) -> Layout:
    """Every two triangles share a square cell, cut along its diagonal: never fails, costs a seam at every edge."""
    count = len(faces)
    columns = int(np.ceil(np.sqrt(-(-count // 2))))
    cell = 1.0 / columns
    margin = min(1.5 / texture_size, 0.2 * cell)
    low, high, gap = margin, cell - margin, 2.0 * margin
    first = np.array([[low, low], [high - gap, low], [low, high - gap]])
    second = np.array([[high, high], [low + gap, high], [high, low + gap]])
    index = np.arange(count)
    corner = np.stack([index // 2 % columns, index // 2 // columns], 1) * cell  # (M, 2)
    uv = corner[:, None] + np.where((index % 2 == 0)[:, None, None], first, second)  # (M, 3, 2)
    corners = np.arange(3 * count, dtype=np.int32).reshape(-1, 3)
    return Layout(faces.reshape(-1).astype(np.int32), corners, uv.reshape(-1, 2).astype(np.float32))
