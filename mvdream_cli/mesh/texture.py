"""Colors of the surface: at its vertices, and baked into a texture.

Letters in shapes: N vertices, M faces, A vertices of the layout, T pixels of a side of the texture, P points.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from mvdream_cli.mesh.projection import SURE, Overlay
from mvdream_cli.mesh.unwrap import Layout
from mvdream_cli.raycast.embree import sample_pattern
from mvdream_cli.raycast.mesh import vertex_normals

ColorOf = Callable[[np.ndarray, np.ndarray], np.ndarray]  # points (P, 3), normals (P, 3) -> colors (P, 3) in [0, 1]

_BLOCK = 1 << 17  # surface points at a time
_SAMPLES = 4  # of a texel whose neighbours differ by more than
_DIFFERENT = 8 / 255


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
    facts: what was measured while it was made, numbers and short texts, for run.json.
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
    facts: dict = field(default_factory=dict)


@dataclass
class Texels:
    """The texels of a texture that show the surface.

    face (P,), barycentric weights (P, 3), and flat index (P,), row 0 at v = 1; rightward, downward (P, 3): how the weights
    change from a texel to the next.
    """

    face: np.ndarray
    weights: np.ndarray
    index: np.ndarray
    rightward: np.ndarray
    downward: np.ndarray
    size: int

    @staticmethod
    def of(layout: Layout, size: int) -> "Texels":
        face, weights, index = rasterize(layout.uv, layout.faces, size)
        index, first = np.unique(index, return_index=True)  # a texel on the edge between two faces has one of them
        face, weights = face[first], weights[first]
        a, b, c = layout.uv[layout.faces].astype(np.float64).transpose(1, 0, 2) * size * (1, -1)
        (bx, by), (cx, cy) = (b - a).T, (c - a).T
        determinant = bx * cy - by * cx
        determinant[np.abs(determinant) < 1e-12] = np.inf
        steps = []
        for v, w in ((cy, -by), (-cx, bx)):
            v, w = v / determinant, w / determinant
            steps.append(np.stack([-v - w, v, w], 1).astype(np.float32)[face])
        return Texels(face, weights, index, *steps, size)

    def picture(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values of the texels (P, ...) as a picture (T, T, ...), and where it has any, (T, T) bool."""
        picture = np.zeros((self.size * self.size, *values.shape[1:]), values.dtype)
        covered = np.zeros(self.size * self.size, bool)
        picture[self.index], covered[self.index] = values, True
        return picture.reshape(self.size, self.size, *values.shape[1:]), covered.reshape(self.size, self.size)


def paint(color_of: ColorOf, vertices: np.ndarray, faces: np.ndarray, texels: Texels | None, overlay: Overlay | None = None):
    """Colors of the vertices (N, 3) uint8, and of the texels as a texture (T, T, 3) uint8, None without texels.

    Where a texel differs visibly from a neighbour in the texture, it gets the mean of four places in it.

    Args:
        color_of: the color at points with normals.
        overlay: pictures over these colors, which are then asked for where no picture is sure.
    """
    normals = vertex_normals(vertices, faces)

    def color_at(points: np.ndarray, normals: np.ndarray, shares: np.ndarray | None) -> np.ndarray:
        if shares is None:
            return color_of(points, normals)
        base, unsure = np.zeros((len(points), 3), np.float32), np.flatnonzero(shares.sum(1) < SURE)
        base[unsure] = color_of(points[unsure], normals[unsure])
        return overlay.colors(points, shares, base)

    colors = to_uint8(color_at(vertices, normals, overlay.weights if overlay else None))
    if texels is None:
        return colors, None

    def baked(which: np.ndarray, weights: np.ndarray) -> np.ndarray:
        corners = faces[texels.face[which]]  # layout faces keep the order of the mesh's

        def between(values: np.ndarray) -> np.ndarray:
            return np.einsum("pk,pkc->pc", weights, values[corners])

        return color_at(between(vertices), between(normals), between(overlay.weights).clip(0) if overlay else None)

    everywhere = baked(np.arange(len(texels.index)), texels.weights)
    picture, covered = texels.picture(everywhere)
    mixed = np.flatnonzero(_differs(picture, covered).reshape(-1)[texels.index])
    if len(mixed):
        places = [
            texels.weights[mixed] + (x - 0.5) * texels.rightward[mixed] + (y - 0.5) * texels.downward[mixed]
            for y, x in sample_pattern(_SAMPLES)
        ]
        everywhere[mixed] = np.mean([baked(mixed, weights) for weights in places], 0)
        picture, covered = texels.picture(everywhere)
    return colors, fill_gaps(to_uint8(picture), covered)


def _differs(picture: np.ndarray, covered: np.ndarray) -> np.ndarray:
    """Where a texel (T, T, 3) differs by more than `_DIFFERENT` from a covered one beside it; (T, T) bool."""
    differs = np.zeros(covered.shape, bool)
    for one, other in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        edge = (np.abs(picture[one] - picture[other]).max(-1) > _DIFFERENT) & covered[one] & covered[other]
        differs[one] |= edge
        differs[other] |= edge
    return differs


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


def to_uint8(colors: np.ndarray) -> np.ndarray:
    return (np.clip(colors, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
