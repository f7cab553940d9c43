"""What the simplified surface has lost, as pictures in the layout of its texture: normals, occlusion, roughness. By Embree.

Letters in shapes: N vertices, M faces, A vertices of the layout, P texels, D directions, T side of the texture in texels.
"""

import numpy as np

from mvdream_cli.mesh.unwrap import Layout
from mvdream_cli.raycast.mesh import vertex_normals
from mvdream_cli.raycast.surface import scene_of_faces

REACH = 0.02  # of the object's longest side: how far the full surface may lie from the simplified one
DIRECTIONS = 64  # of a vertex towards the sky
SKY = 0.5  # of the object's longest side: what is farther away hides nothing
LIFT = 2e-3  # of it, above the surface
MOST_VARIANCE = 0.18  # of the squared roughness that normals within a texel add (Kaplanyan et al. 2016)


def onto_surface(points: np.ndarray, normals: np.ndarray, full: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Where the full surface (vertices, faces) lies straight above or below points of another, and its normals there.

    Where it does not, within `REACH`, or looks the other way: 0, and the normals of the other.

    Args:
        normals: of the other, (P, 3) unit.

    Returns:
        height above the points, along their normals, (P,) world units, and normals (P, 3) unit.
    """
    vertices, faces = full
    full_normals, scene = vertex_normals(vertices, faces), scene_of_faces(vertices, faces)
    reach = REACH * float(np.ptp(vertices, axis=0).max())
    points, found = np.ascontiguousarray(points, np.float32), normals.astype(np.float32).copy()
    nearest, height = np.full(len(points), reach, np.float32), np.zeros(len(points), np.float32)
    for side in (1.0, -1.0):
        # a ray that starts on the surface must not miss it: it starts a hair on the other side
        directions = np.ascontiguousarray(side * normals, np.float32)
        hit = scene.run(points - 1e-4 * reach * directions, directions, output=True)
        near = np.flatnonzero((hit["primID"] >= 0) & (hit["tfar"] < nearest))
        weights = np.stack([1.0 - hit["u"][near] - hit["v"][near], hit["u"][near], hit["v"][near]], 1)
        there = np.einsum("pk,pkc->pc", weights, full_normals[faces[hit["primID"][near]]])
        alike = np.einsum("pc,pc->p", there, normals[near]) > 0.1
        near = near[alike]
        found[near] = there[alike] / np.linalg.norm(there[alike], axis=1, keepdims=True)
        nearest[near] = hit["tfar"][near]
        height[near] = side * (hit["tfar"][near] - 1e-4 * reach)
    return height, found


def tangents_of(vertices: np.ndarray, normals: np.ndarray, layout: Layout) -> np.ndarray:
    """The direction of u at each vertex of the layout, (A, 4) float32: unit, across the normal; and the side of v, 1 or -1.

    As MikkTSpace has it, of which readers know the result: the faces' tangents, weighted by their angle at the vertex.
    """
    corners, uv = vertices[layout.vertices[layout.faces]].astype(np.float64), layout.uv[layout.faces].astype(np.float64)
    edges, across = corners[:, 1:] - corners[:, :1], uv[:, 1:] - uv[:, :1]  # (M, 2, 3), (M, 2, 2)
    signed = across[:, 0, 0] * across[:, 1, 1] - across[:, 0, 1] * across[:, 1, 0]
    along_u = (across[:, 1, 1, None] * edges[:, 0] - across[:, 0, 1, None] * edges[:, 1]) * np.sign(signed)[:, None]
    sums, sides = np.zeros((len(layout.vertices), 3)), np.zeros(len(layout.vertices))
    at = normals[layout.vertices].astype(np.float64)
    for k in range(3):
        corner = layout.faces[:, k]
        one, other = (corners[:, (k + step) % 3] - corners[:, k] for step in (1, 2))
        angle = np.arctan2(np.linalg.norm(np.cross(one, other), axis=1), np.einsum("mc,mc->m", one, other))
        flat = along_u - np.einsum("mc,mc->m", along_u, at[corner])[:, None] * at[corner]
        flat *= (angle / np.maximum(np.linalg.norm(flat, axis=1), 1e-20))[:, None]
        for axis in range(3):
            sums[:, axis] += np.bincount(corner, flat[:, axis], len(sums))
        sides += np.bincount(corner, angle * np.sign(signed), len(sides))
    lost = np.linalg.norm(sums, axis=1) < 1e-12  # faces without area in the texture: any direction across the normal
    sums[lost] = np.cross(at[lost], np.eye(3)[np.abs(at[lost]).argmin(1)])
    sums /= np.linalg.norm(sums, axis=1, keepdims=True)
    return np.hstack([sums, np.where(sides < 0, -1.0, 1.0)[:, None]]).astype(np.float32)


def in_tangent_space(detailed: np.ndarray, normals: np.ndarray, tangents: np.ndarray) -> np.ndarray:
    """World normals (P, 3) in the frame of smooth normals (P, 3) and tangents (P, 4), as readers of glTF undo it; unit."""
    across = tangents[:, :3]
    up = np.cross(normals, across) * np.sign(tangents[:, 3:])
    frame = np.stack([across, up, normals], -1)  # columns; interpolated, so neither unit nor quite at right angles
    local = np.linalg.solve(frame.astype(np.float64) + 1e-9 * np.eye(3), detailed[..., None].astype(np.float64))[..., 0]
    return (local / np.maximum(np.linalg.norm(local, axis=1, keepdims=True), 1e-12)).astype(np.float32)


def sky_seen(vertices: np.ndarray, normals: np.ndarray, full: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """The share of the sky that the full surface leaves open above points (N, 3) with normals, weighted by its cosine; (N,).

    Points that lie under it, or above, look from where it is: a coarse mesh cuts corners. The directions are the same at all
    of them, but turned by the golden angle from one to the next.
    """
    size = float(np.ptp(full[0], axis=0).max())
    scene = scene_of_faces(*full)
    index = np.arange(DIRECTIONS)
    radius, turn = np.sqrt((index + 0.5) / DIRECTIONS), index * np.pi * (3 - np.sqrt(5))  # Vogel's spiral: even on the disc
    height, _ = onto_surface(vertices, normals, full)
    eyes = vertices + (height + LIFT * size)[:, None] * normals
    seen = np.empty(len(vertices), np.float32)
    for start in range(0, len(vertices), 4096):
        block = slice(start, start + 4096)
        normal = normals[block].astype(np.float32)
        across = np.cross(normal, np.eye(3, dtype=np.float32)[np.abs(normal).argmin(1)])
        across /= np.linalg.norm(across, axis=1, keepdims=True)
        angle = turn + (np.arange(len(normal)) * np.pi * (3 - np.sqrt(5)))[:, None]
        local = np.stack(
            [radius * np.cos(angle), radius * np.sin(angle), np.broadcast_to(np.sqrt(1 - radius**2), angle.shape)], -1
        )
        frame = np.stack([across, np.cross(normal, across), normal], 1)
        directions = np.einsum("ndk,nkc->ndc", local, frame).astype(np.float32).reshape(-1, 3)
        origins = np.repeat(eyes[block], DIRECTIONS, 0).astype(np.float32)
        reach = np.full(len(origins), SKY * size, np.float32)
        hidden = scene.run(origins, np.ascontiguousarray(directions), reach, query="OCCLUDED") >= 0
        seen[block] = 1.0 - hidden.reshape(-1, DIRECTIONS).mean(1)
    return seen


def roughened(normals: np.ndarray, covered: np.ndarray, base: float) -> np.ndarray:
    """How rough a surface looks whose normals (T, T, 3) vary around each texel, 0 to 1: what a filtered normal map loses.

    Args:
        covered: (T, T) bool, where there are normals. base: roughness of a smooth place.
    """
    from scipy.ndimage import uniform_filter

    share = uniform_filter(covered.astype(np.float32), 3)
    mean = uniform_filter(np.where(covered[..., None], normals, 0.0), (3, 3, 1)) / np.maximum(share, 1e-6)[..., None]
    variance = (1.0 - (mean**2).sum(-1)).clip(0.0, 1.0)
    return np.sqrt(np.sqrt(base**4 + np.minimum(2.0 * variance, MOST_VARIANCE)).clip(0.0, 1.0))
