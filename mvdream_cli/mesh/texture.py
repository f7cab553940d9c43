"""Colors of the surface: at its vertices, and baked into a texture.

Letters in shapes: N vertices, M faces, A vertices of the layout, T pixels of a side of the texture, P points.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from mvdream_cli.mesh.projection import Overlay
from mvdream_cli.mesh.unwrap import Layout, unwrap
from mvdream_cli.raycast.mesh import vertex_normals

ColorOf = Callable[[np.ndarray, np.ndarray], np.ndarray]  # points (P, 3), normals (P, 3) -> colors (P, 3) in [0, 1]

_BLOCK = 1 << 17  # surface points at a time


@dataclass
class TexturedMesh:
    """A closed surface with colors, in world axes (z up, front +x). Writers turn it as each format wants.

    vertices (N, 3) float32, faces (M, 3) int32, counter-clockwise from outside, normals (N, 3) float32, unit;
    colors (N, 3) uint8, sRGB; layout and texture (T, T, 3) uint8, sRGB, row 0 at v = 1, or None without a texture.

    Further pictures in the layout of the texture, linear, each None where it was not asked for:
    normal_map (T, T, 3) uint8: normals of the unsimplified surface in glTF's tangent space: x along u, y along v, z out;
    tangents (A, 4) float32: of the layout's vertices, world axes, unit; the fourth number, 1 or -1, times normal x tangent is
    the direction of y.
    occlusion (T, T) uint8: the share of the sky that the surface sees, 255 for all of it.
    roughness (T, T) uint8: 255 is dull. Nothing is metal.
    quads: for k below it, the faces 2k and 2k + 1 are the halves (a, b, c) and (a, c, d) of a quadrilateral; 0: there are none.
    """

    vertices: np.ndarray
    faces: np.ndarray
    normals: np.ndarray
    colors: np.ndarray
    layout: Layout | None = None
    texture: np.ndarray | None = None
    normal_map: np.ndarray | None = None
    tangents: np.ndarray | None = None
    occlusion: np.ndarray | None = None
    roughness: np.ndarray | None = None
    quads: int = 0


def paint(
    color_of: ColorOf,
    vertices: np.ndarray,
    faces: np.ndarray,
    texture_size: int = 1024,
    overlay: Overlay | None = None,
) -> TexturedMesh:
    """Color a surface.

    Args:
        color_of: the color at points with normals.
        texture_size: side of the texture; 0 for vertex colors alone.
        overlay: pictures over these colors, which are then asked for at the vertices only.
    """
    normals = vertex_normals(vertices, faces)
    base = color_of(vertices, normals)
    colors = _to_uint8(overlay.colors(vertices, overlay.weights, base) if overlay else base)
    if texture_size == 0:
        return TexturedMesh(vertices, faces, normals, colors)
    layout = unwrap(vertices, faces, texture_size)
    texel_face, texel_weights, texels = rasterize(layout.uv, layout.faces, texture_size)
    corners = faces[texel_face]  # (P, 3); layout faces keep the order of the mesh's

    def between(values: np.ndarray) -> np.ndarray:  # of the vertices (N, C) -> at the texels (P, C)
        return np.einsum("pk,pkc->pc", texel_weights, values[corners])

    points = between(vertices)
    baked = overlay.colors(points, between(overlay.weights), between(base)) if overlay else color_of(points, between(normals))
    texture = np.zeros((texture_size * texture_size, 3), np.uint8)
    texture[texels] = _to_uint8(baked)
    covered = np.zeros(texture_size * texture_size, bool)
    covered[texels] = True
    texture = fill_gaps(texture.reshape(texture_size, texture_size, 3), covered.reshape(texture_size, texture_size))
    return TexturedMesh(vertices, faces, normals, colors, layout, texture)


@torch.no_grad()
def visible_color(field, points: np.ndarray, normals: np.ndarray, depth: float = 0.06, steps: int = 6) -> np.ndarray:
    """Color of the surface as a camera straight above it sees it: a short ray from outside in, composited.

    The level set cuts the field somewhere in the fog that a radiance field calls a surface; the color at that very
    point may be one that no view ever saw. (P, 3) points and normals -> (P, 3) float32 in [0, 1].

    Args:
        depth: how far around the surface the field is asked for its color, in world units.
    """
    parameters = list(field.parameters()) if hasattr(field, "parameters") else []
    device = parameters[0].device if parameters else torch.device("cpu")
    offsets = torch.linspace(0.5, -1.0, steps, device=device) * depth
    length = 1.5 * depth / (steps - 1)
    out = np.empty((len(points), 3), np.float32)
    for start in range(0, len(points), _BLOCK):
        place = torch.as_tensor(points[start : start + _BLOCK], dtype=torch.float32, device=device)
        normal = torch.as_tensor(normals[start : start + _BLOCK], dtype=torch.float32, device=device)
        normal = torch.nn.functional.normalize(normal, dim=-1)
        samples = (place[:, None] + offsets[:, None] * normal[:, None]).clamp(-1.0, 1.0)
        density, rgb = field(samples)
        light = torch.exp(-(density * length).cumsum(1))
        weights = torch.cat([1.0 - light[:, :1], light[:, :-1] - light[:, 1:]], 1)
        weights[:, -1] += light[:, -1] + 1e-6  # what passes all of them takes the innermost color
        color = (weights[..., None] * rgb).sum(1) / weights.sum(1, keepdim=True)
        out[start : start + _BLOCK] = color.cpu().numpy()
    return out


def rasterize(uv: np.ndarray, faces: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The texels whose centres lie in a triangle.

    Args:
        uv: (A, 2) in [0, 1], v up. faces: (M, 3).

    Returns:
        face (P,), barycentric weights (P, 3) and texel (P,), a flat index into the image with row 0 at v = 1.
    """
    corners = uv[faces].astype(np.float64) * size - 0.5  # (M, 3, 2), integers are texel centres
    corners[..., 1] = size - 1.0 - corners[..., 1]
    low = np.clip(np.ceil(corners.min(1) - 1e-9), 0, size - 1).astype(np.int64)
    high = np.clip(np.floor(corners.max(1) + 1e-9), -1, size - 1).astype(np.int64)
    extent = np.maximum(high - low + 1, 0)
    counts = extent[:, 0] * extent[:, 1]
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    determinant = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    counts[np.abs(determinant) < 1e-12] = 0
    found = []
    blocks = np.searchsorted(np.cumsum(counts), np.arange(0, counts.sum() + 1, 4 * _BLOCK), side="right")
    for begin, end in zip(blocks, [*blocks[1:], len(faces)]):
        face = np.repeat(np.arange(begin, end), counts[begin:end])
        if len(face) == 0:
            continue
        start = np.cumsum(counts[begin:end]) - counts[begin:end]
        inside_box = np.arange(len(face)) - np.repeat(start, counts[begin:end])
        row, column = np.divmod(inside_box, extent[face, 0])
        x, y = low[face, 0] + column, low[face, 1] + row
        dx, dy = x - corners[face, 0, 0], y - corners[face, 0, 1]
        v = (dx * second[face, 1] - dy * second[face, 0]) / determinant[face]
        w = (dy * first[face, 0] - dx * first[face, 1]) / determinant[face]
        kept = (v >= -1e-6) & (w >= -1e-6) & (v + w <= 1.0 + 1e-6)
        weights = np.stack([1.0 - v - w, v, w], 1)[kept].astype(np.float32)
        found.append((face[kept], weights, (y * size + x)[kept]))
    if not found:
        return np.zeros(0, np.int64), np.zeros((0, 3), np.float32), np.zeros(0, np.int64)
    return tuple(np.concatenate(parts) for parts in zip(*found))


def fill_gaps(texture: np.ndarray, covered: np.ndarray) -> np.ndarray:
    """Give every uncovered texel (T, T) the color of the nearest covered one: no seams under filtering or mipmaps."""
    from scipy.ndimage import distance_transform_edt

    if covered.all() or not covered.any():
        return texture
    rows, columns = distance_transform_edt(~covered, return_distances=False, return_indices=True)
    return texture[rows, columns]


def _to_uint8(colors: np.ndarray) -> np.ndarray:
    return (np.clip(colors, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
