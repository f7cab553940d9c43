"""A mesh made ready for rays: Embree's scenes, what is known at the corners of its faces, and its textures.

Letters in shapes: R rays that hit, N vertices, M faces, C numbers at a corner.
"""

import math
import mmap
from dataclasses import dataclass

import numpy as np
from PIL import Image

from mvdream_cli.raycast.mesh import CLAMP, MIRROR, OPAQUE, REPEAT, Mesh

EMBREE_BYTES = 1 << 28  # what it takes at its start, and then some
_used_embree = False


def used_embree() -> bool:
    """Whether this process has made a scene: Embree's threads are not in a copy of it, which may wait for them for ever."""
    return _used_embree


def scene_of_faces(vertices: np.ndarray, faces: np.ndarray):
    """Embree's scene of a mesh (N, 3), (M, 3)."""
    from embreex.mesh_construction import TriangleMesh
    from embreex.rtcore_scene import EmbreeScene

    global _used_embree
    _check_room()
    _used_embree = True
    scene = EmbreeScene()
    TriangleMesh(scene, np.ascontiguousarray(vertices, np.float32), np.ascontiguousarray(faces, np.int32))
    return scene


def _check_room() -> None:
    """Raise MemoryError where Embree, which asks for memory of its own, would crash for want of it."""
    try:
        mmap.mmap(-1, EMBREE_BYTES).close()
    except OSError as error:
        raise MemoryError from error


@dataclass
class Layer:
    """A texture on some of the faces: (pixels, wrap) of each, which of them a face has, and where its corner's places lie."""

    textures: list[np.ndarray]
    wraps: list[tuple[str, str]]
    face_texture: np.ndarray
    columns: slice


@dataclass
class Surface:
    """A mesh made ready: its ray-casting scenes and the attributes of the three corners of each face (M, 3, C).

    scene: the opaque faces, None if there are none. solid, clear: which faces of the mesh those of the two scenes are; None for
    all of them in order. clear_scene: faces with opacity, None if there are none.
    """

    scene: object
    vertices: np.ndarray
    corners: np.ndarray
    base: Layer | None
    solid: np.ndarray | None = None
    clear_scene: object = None
    clear: np.ndarray | None = None
    alpha: int = 0  # column of the opacity
    cutoff: np.ndarray | None = None
    emission: int = 0  # column of the emission's color, 0 for none
    glow: Layer | None = None
    gloss: int = 0  # first of two columns, 0 for none

    @staticmethod
    def of(mesh: Mesh, pixels_per_unit: float, gloss: bool = False) -> "Surface":
        """Args: gloss: roughness and metalness are wanted, if the mesh has them."""
        vertices = np.ascontiguousarray(mesh.vertices, np.float32)
        faces = np.ascontiguousarray(mesh.faces, np.int32)
        columns = [mesh.normals, mesh.colors]
        where = {}

        def add(name: str, values: np.ndarray) -> slice:
            start = sum(column.shape[1] for column in columns)
            columns.append(values)
            where[name] = slice(start, start + values.shape[1])
            return where[name]

        def layer(name: str, item) -> Layer | None:
            if not item.textures:
                return None
            place = add(name, item.uv)
            textures = [fitting_level(mesh, item, k, pixels_per_unit) for k in range(len(item.textures))]
            wraps = item.wraps or [(REPEAT, REPEAT)] * len(textures)
            return Layer(textures, wraps, item.face_texture, place)

        surface = Surface(None, vertices, np.zeros(0), layer("uv", mesh), cutoff=mesh.cutoff)
        if mesh.emission:
            surface.emission = add("emission", mesh.emission.colors).start
            surface.glow = layer("emission uv", mesh.emission)
        if gloss and mesh.gloss is not None:
            surface.gloss = add("gloss", mesh.gloss).start
        if mesh.cutoff is None or (mesh.cutoff == OPAQUE).all():
            surface.scene = scene_of_faces(vertices, faces)
        else:
            surface.alpha = add("alpha", mesh.alpha[:, None]).start
            surface.solid, surface.clear = (np.flatnonzero(mask) for mask in (mesh.cutoff == OPAQUE, mesh.cutoff != OPAQUE))
            surface.scene = scene_of_faces(vertices, faces[surface.solid]) if len(surface.solid) else None
            surface.clear_scene = scene_of_faces(vertices, faces[surface.clear])
        surface.corners = np.concatenate(columns, axis=1).astype(np.float32)[faces]
        return surface

    def looks(self, face: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Colors (R, 3) without light, and roughness and metalness (R, 2), at places on faces (R,), by weights (R, 3) of
        their corners."""
        attributes = np.einsum("rk,rkc->rc", weights, self.corners.take(face, 0))
        colors = attributes[:, 3:6]
        gloss = attributes[:, self.gloss : self.gloss + 2] if self.gloss else None
        return colors if self.base is None else colors * sample_textures(self.base, face, attributes)[:, :3], gloss


def fitting_level(mesh: Mesh, item, index: int, pixels_per_unit: float) -> np.ndarray:
    """One texture of the mesh or its emission, reduced until a texel is about as large as a pixel (one mip level an object)."""
    texture = item.textures[index]
    faces = mesh.faces[item.face_texture == index]
    (a, b, c), (p, q, r) = item.uv[faces].transpose(1, 0, 2), mesh.vertices[faces].transpose(1, 0, 2)
    texels = np.abs((b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]))
    texels = texels * texture.shape[0] * texture.shape[1]
    area = np.linalg.norm(np.cross(q - p, r - p), axis=1)
    order = np.argsort(texels / np.maximum(area, 1e-12))
    middle = order[np.searchsorted(np.cumsum(area[order]), 0.5 * area.sum())]  # median over the surface: faces may tile
    density = math.sqrt(texels[middle] / max(area[middle], 1e-12)) / pixels_per_unit  # texels along a pixel
    factor = 2 ** max(0, round(math.log2(max(density, 1.0))))
    factor = min(factor, *texture.shape[:2])
    if factor == 1:
        return texture
    if texture.shape[-1] == 4:  # what is transparent has no say in the color
        return np.asarray(Image.fromarray(texture).convert("RGBa").reduce(factor).convert("RGBA"))
    return np.asarray(Image.fromarray(texture).reduce(factor))


def sample_textures(layer: Layer, face: np.ndarray, attributes: np.ndarray) -> np.ndarray:
    """Bilinear texture lookup; (R, 4), ones where a face has no texture. v points up, as trimesh has it."""
    result = np.ones((len(face), 4), np.float32)
    uv, which = attributes[:, layer.columns], layer.face_texture[face]
    for index, (texture, (wrap_u, wrap_v)) in enumerate(zip(layer.textures, layer.wraps)):
        here = np.flatnonzero(which == index)
        if not len(here):
            continue
        height, width, channels = texture.shape
        x, (x0, x1) = _texels(uv[here, 0], width, wrap_u)
        y, (y0, y1) = _texels(1.0 - uv[here, 1], height, wrap_v)
        fx, fy = x - np.floor(x), y - np.floor(y)
        # component by component: numpy is slow where the last axis is short
        flat = texture.reshape(-1, channels)
        corners = [np.ascontiguousarray(flat.take(rows * width + columns, 0).T) for rows in (y0, y1) for columns in (x0, x1)]
        if channels == 4:  # what is transparent has no say in the color
            corners = [np.concatenate([c[:3] * (c[3:] / 255.0), c[3:]]) for c in corners]
        above = corners[0] * (1 - fx) + corners[1] * fx  # of 255
        below = corners[2] * (1 - fx) + corners[3] * fx
        found = (above * (1 - fy) + below * fy) / 255.0
        if channels == 4:
            found[:3] /= np.maximum(found[3:], 1e-6)
        result[here, :channels] = found.T
    return result


def _texels(places: np.ndarray, size: int, wrap: str) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Places along a side in texels from the middle of the first, and the two texels around each."""
    if wrap == CLAMP:
        places = np.clip(places, 0.0, 1.0)
    elif wrap == MIRROR:
        places = 1.0 - np.abs(1.0 - places % 2.0)
    else:
        places = places % 1.0
    x = places * size - 0.5
    first = np.floor(x).astype(np.int64)
    if wrap == REPEAT:
        return x, (first % size, (first + 1) % size)
    return x, (first.clip(0, size - 1), (first + 1).clip(0, size - 1))
