"""A triangle mesh with colors, in world axes (z up, front along +x), ready for ray casting."""

from dataclasses import dataclass, field, replace

import numpy as np

from mvdream_cli.errors import DataError

OPAQUE, BLEND = -1.0, 0.0  # of `Mesh.cutoff`; a value above 0 is the opacity from which on a point is there, and opaque
MATTE = (0.9, 0.0)  # roughness and metalness of what does not tell them
REPEAT, CLAMP, MIRROR = "repeat", "clamp", "mirror"


@dataclass
class Emission:
    """Light that the surface of a mesh gives off, whatever shines on it.

    colors: (N, 3) float32, linear, from 0 on; they multiply the texture where a face has one. uv, textures, face_texture and
    wraps: as those of `Mesh`, with places in textures of their own.
    """

    colors: np.ndarray
    uv: np.ndarray | None = None
    textures: list[np.ndarray] = field(default_factory=list)
    face_texture: np.ndarray | None = None
    wraps: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Mesh:
    """A triangle mesh with colors, ready to be rendered.

    vertices: (N, 3) float32; float64 from a file, until `normalise` has centred them. faces: (M, 3) int32.
    normals: (N, 3) float32, unit, smooth where vertices are shared.
    colors: (N, 3) float32, sRGB in [0, 1]; they multiply the texture where a face has one.
    uv: (N, 2) float32, v up. textures: uint8 (h, w, 3 or 4) sRGB, straight alpha. face_texture: (M,) int32, -1 for none.
    wraps: for each texture, what is beyond its sides along u and v: REPEAT, CLAMP or MIRROR; all repeat if there are none.
    alpha: (N,) float32 in [0, 1], opacity, which multiplies that of the texture; None: 1.
    cutoff: (M,) float32, what the opacity of a face means: OPAQUE (nothing), BLEND, or the least that is seen; None: OPAQUE.
    gloss: (N, 2) float32 in [0, 1], roughness and metalness, which only light from all around shows; None: not told.
    losses: one sentence for each thing of the file that could not be used.
    """

    vertices: np.ndarray
    faces: np.ndarray
    normals: np.ndarray
    colors: np.ndarray
    uv: np.ndarray | None = None
    textures: list[np.ndarray] = field(default_factory=list)
    face_texture: np.ndarray | None = None
    wraps: list[tuple[str, str]] = field(default_factory=list)
    alpha: np.ndarray | None = None
    cutoff: np.ndarray | None = None
    emission: Emission | None = None
    gloss: np.ndarray | None = None
    losses: tuple[str, ...] = ()

    @staticmethod
    def from_part(vertices: np.ndarray, faces: np.ndarray, colors: np.ndarray) -> "Mesh":
        """A mesh with vertex colors (N, 3) sRGB in [0, 1]; normals are smooth where faces share vertices."""
        vertices = np.ascontiguousarray(vertices, np.float32)
        faces = np.ascontiguousarray(faces, np.int32)
        return Mesh(vertices, faces, vertex_normals(vertices, faces), np.ascontiguousarray(colors, np.float32))

    def normalise(self) -> "Mesh":
        """The same mesh with its bounding box centred at the origin and its longest side 1: it fits [-0.5, 0.5]^3."""
        used = self.vertices[np.unique(self.faces)]
        low, high = used.min(0), used.max(0)
        extent = float((high - low).max())
        if not np.isfinite(extent) or extent <= 0:
            raise DataError("the mesh has no extent; its file is broken or compressed in a way that cannot be read")
        return replace(self, vertices=((self.vertices - (low + high) / 2) / extent).astype(np.float32))


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals (N, 3) float32: the sum of the adjacent faces' normals, weighted by area.

    Where the faces are folded onto each other and their sum is nothing, that of the largest of them; where there is none, up.
    """
    a, b, c = vertices[faces].astype(np.float64).transpose(1, 0, 2)
    face_normals = np.cross(b - a, c - a)
    corner = faces.T.reshape(-1)
    sums = [np.bincount(corner, np.tile(face_normals[:, axis], 3), len(vertices)) for axis in range(3)]
    normals = np.stack(sums, 1)
    folded = np.linalg.norm(normals, axis=1) < 1e-18
    if folded.any():
        area = np.linalg.norm(face_normals, axis=1)
        ascending = np.argsort(area, kind="stable")  # of several faces at a vertex, the last one written is the largest
        largest = np.full(len(vertices), -1)
        largest[faces[ascending].reshape(-1)] = np.repeat(ascending, 3)
        has_face = folded & (largest >= 0)
        normals[folded] = (0.0, 0.0, 1.0)
        usable = has_face & (area[np.maximum(largest, 0)] > 0)
        normals[usable] = face_normals[largest[usable]]
    return (normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)).astype(np.float32)
