"""What a surface looks like, in one form for all kinds of files, and meshes that are joined out of painted pieces."""

from dataclasses import dataclass, replace

import numpy as np

from mvdream_cli.raycast.mesh import MATTE, OPAQUE, REPEAT, Emission, Mesh, vertex_normals


def linear_to_srgb(linear: np.ndarray) -> np.ndarray:
    """The sRGB curve; values are clipped to [0, 1]."""
    linear = np.clip(np.asarray(linear, np.float64), 0.0, 1.0)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)


def srgb_to_linear(srgb: np.ndarray) -> np.ndarray:
    """The inverse of `linear_to_srgb`, for values in [0, 1]."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


@dataclass(frozen=True)
class Texture:
    """pixels: uint8 (h, w, 3 or 4), sRGB. wrap: along u and v, see `Mesh.wraps`. place: `uv` set and affine map of a file."""

    pixels: np.ndarray
    wrap: tuple[str, str] = (REPEAT, REPEAT)
    uv_set: int = 0
    transform: np.ndarray | None = None  # (2, 3): of (u, v down, 1), as glTF has it


@dataclass(frozen=True)
class Paint:
    """color: (3,) sRGB. opacity: in [0, 1]. cutoff: see `Mesh.cutoff`. emission: (3,) linear, from 0 on.

    gloss: roughness and metalness.
    """

    color: np.ndarray
    opacity: float = 1.0
    texture: Texture | None = None
    cutoff: float = OPAQUE
    emission: np.ndarray | None = None
    emission_texture: Texture | None = None
    gloss: tuple[float, float] = MATTE


WHITE = Paint(np.ones(3))


def to_world(vectors: np.ndarray) -> np.ndarray:
    """(x, y, z) of glTF and OBJ files (y up, front along +z) to world axes (z up, front along +x)."""
    return vectors[:, [2, 0, 1]]


def painted(
    vertices: np.ndarray,
    faces: np.ndarray,
    normals: np.ndarray | None,
    paint: Paint,
    *,
    colors: np.ndarray | None = None,
    alpha: np.ndarray | None = None,
    uv: np.ndarray | None = None,
    emission_uv: np.ndarray | None = None,
) -> Mesh:
    """One piece of a mesh with one paint.

    Args:
        vertices: (N, 3) float64, file axes. normals: (N, 3) file axes, any length; None or broken ones are computed.
        colors: (N, 3) sRGB, and alpha: (N,), of the vertices. uv, emission_uv: (N, 2), v up, of the two textures.
    """
    vertices, faces = to_world(np.asarray(vertices, np.float64)), np.ascontiguousarray(faces, np.int32)
    count = len(vertices)
    shown = np.broadcast_to(np.asarray(paint.color, np.float64), (count, 3)) * (1.0 if colors is None else colors)
    opacity = None
    if paint.cutoff != OPAQUE:
        opacity = np.full(count, paint.opacity) * (1.0 if alpha is None else np.clip(alpha, 0.0, 1.0))
    mesh = Mesh(vertices, faces, _usable_normals(normals, vertices, faces), np.clip(shown, 0, 1).astype(np.float32))
    mesh = _with_texture(mesh, paint.texture, uv)
    emission = None
    if paint.emission is not None and np.any(paint.emission > 0):
        emission = Emission(np.tile(np.asarray(paint.emission, np.float32), (count, 1)))
        emission = _with_texture(emission, paint.emission_texture, emission_uv, len(faces))
    return replace(
        mesh,
        alpha=None if opacity is None else opacity.astype(np.float32),
        cutoff=None if paint.cutoff == OPAQUE else np.full(len(faces), paint.cutoff, np.float32),
        emission=emission,
        gloss=np.tile(np.float32(paint.gloss), (count, 1)),
    )


def _with_texture(surface, texture: Texture | None, uv: np.ndarray | None, faces: int | None = None):
    """A mesh or an emission with a texture on all its faces, if the places on it are usable."""
    if texture is None or uv is None or len(uv) != len(surface.colors) or not np.isfinite(uv).all():
        return surface
    count = len(surface.faces) if faces is None else faces
    which = np.zeros(count, np.int32)
    return replace(surface, uv=np.asarray(uv, np.float32), textures=[texture.pixels], face_texture=which, wraps=[texture.wrap])


def _usable_normals(normals: np.ndarray | None, vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """World axes, unit; computed ones where the file has none or has broken ones."""
    if normals is None or np.shape(normals) != vertices.shape:
        return vertex_normals(vertices, faces)
    normals = to_world(np.array(normals, np.float64))
    with np.errstate(over="ignore", invalid="ignore"):
        length = np.linalg.norm(normals, axis=1, keepdims=True)
    usable = np.isfinite(length[:, 0]) & (length[:, 0] > 1e-12)
    normals[usable] /= length[usable]
    normals = normals.astype(np.float32)
    if not usable.all():
        normals[~usable] = vertex_normals(vertices, faces)[~usable]
    return normals


def join(pieces: list[Mesh], losses: list[str] | tuple[str, ...] = ()) -> Mesh:
    """One mesh out of several; equal textures are kept once."""
    offsets = np.cumsum([0] + [len(piece.vertices) for piece in pieces])
    emission = None
    if any(piece.emission for piece in pieces):
        parts = [piece.emission or Emission(np.zeros((len(piece.vertices), 3), np.float32)) for piece in pieces]
        emission = Emission(np.concatenate([part.colors for part in parts]), **_joined_textures(parts, pieces))
    alpha = cutoff = None
    if any(piece.cutoff is not None for piece in pieces):
        alpha = np.concatenate([_or_full(piece.alpha, len(piece.vertices), 1.0) for piece in pieces])
        cutoff = np.concatenate([_or_full(piece.cutoff, len(piece.faces), OPAQUE) for piece in pieces])
    return Mesh(
        vertices=np.concatenate([piece.vertices for piece in pieces]),
        faces=np.concatenate([piece.faces + offset for piece, offset in zip(pieces, offsets)]).astype(np.int32),
        normals=np.concatenate([piece.normals for piece in pieces]),
        colors=np.concatenate([piece.colors for piece in pieces]),
        alpha=alpha,
        cutoff=cutoff,
        emission=emission,
        gloss=np.concatenate([_or_matte(piece) for piece in pieces]),
        losses=tuple(dict.fromkeys(losses)),
        **_joined_textures(pieces, pieces),
    )


def _or_full(values: np.ndarray | None, count: int, value: float) -> np.ndarray:
    return np.full(count, value, np.float32) if values is None else values


def _or_matte(piece: Mesh) -> np.ndarray:
    return np.tile(np.float32(MATTE), (len(piece.vertices), 1)) if piece.gloss is None else piece.gloss


def _joined_textures(surfaces: list, pieces: list[Mesh]) -> dict:
    """uv, textures, face_texture and wraps of several meshes or emissions, which lie on `pieces`."""
    textures, wraps, face_texture, uv, known, same = [], [], [], [], {}, {}
    for surface, piece in zip(surfaces, pieces):
        index = -1
        if surface.textures:
            pixels, wrap = surface.textures[0], surface.wraps[0]
            if (id(pixels), wrap) not in same:  # many pieces share one array: it is compared once
                same[id(pixels), wrap] = known.setdefault((pixels.shape, wrap, pixels.tobytes()), len(textures))
            index = same[id(pixels), wrap]
            if index == len(textures):
                textures.append(pixels)
                wraps.append(wrap)
        face_texture.append(np.full(len(piece.faces), index, np.int32))
        uv.append(surface.uv if surface.uv is not None else np.zeros((len(piece.vertices), 2), np.float32))
    if not textures:
        return {}
    return {
        "uv": np.concatenate(uv), "textures": textures, "face_texture": np.concatenate(face_texture), "wraps": wraps
    }  # fmt: skip
