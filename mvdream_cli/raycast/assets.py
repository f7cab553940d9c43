"""Meshes from glTF and OBJ files, with the traps of real files handled.

World axes of this project: z up, front along +x. glTF and OBJ files: y up, front along +z, so that
(x, y, z)_world = (z, x, y)_file.
"""

import json
import logging
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import numpy as np

from mvdream_cli.errors import DataError
from mvdream_cli.raycast.mesh import Mesh, vertex_normals

EXTENSIONS = (".glb", ".gltf", ".obj")
_MAX_TEXTURE_PX = 1024


def linear_to_srgb(linear: np.ndarray) -> np.ndarray:
    """The sRGB curve; values are clipped to [0, 1]."""
    linear = np.clip(np.asarray(linear, np.float64), 0.0, 1.0)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)


def load_asset(path: Path | str) -> Mesh:
    """Read a .glb, .gltf or .obj file into one mesh in world axes (front +x, z up), not yet normalised.

    Colour = base colour texture x base colour factor x vertex colours. Skins, animations and transparency are ignored.

    Raises:
        DataError: the file is missing, broken, empty, not a model, or compressed in a way that cannot be read.
    """
    path = Path(path)
    return mesh_of_scene(open_scene(path), path)


def mesh_of_scene(scene, path: Path) -> Mesh:
    """One mesh of a scene of `open_scene`, in world axes; `path` is its file.

    Raises:
        DataError: no triangles, or vertices that cannot be used.
    """
    pieces = []
    for node in scene.graph.nodes_geometry:
        transform, name = scene.graph[node]
        geometry = scene.geometry[name]
        if hasattr(geometry, "faces") and len(geometry.faces):
            pieces.append(_piece(geometry, np.asarray(transform, np.float64), linear=path.suffix.lower() != ".obj"))
    if not pieces:
        raise DataError(f"{path}: no triangles in this file; nothing to render")
    mesh = _join(pieces)
    used = mesh.vertices[np.unique(mesh.faces)]
    if not np.isfinite(used).all():
        raise DataError(f"{path}: vertices are not finite; re-export the model")
    if not float(np.ptp(used, axis=0).max()) > 0:
        raise DataError(
            f"{path}: all vertices are at one point, as when Draco compression cannot be read; "
            "install DracoPy or export the model without compression"
        )
    return mesh


def open_scene(path: Path):
    """trimesh's scene of a .glb, .gltf or .obj file.

    Raises:
        DataError: the file is missing, broken or not a model.
    """
    import trimesh

    if path.suffix.lower() not in EXTENSIONS:
        raise DataError(f"{path}: unknown kind of model file; use {', '.join(EXTENSIONS)}")
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error
    if head.lstrip()[:15].lower().startswith((b"<!doctype", b"<html", b"version https:")):
        raise DataError(f"{path}: a web page or a Git LFS pointer, not a model; download the file itself")
    if not head:
        raise DataError(f"{path}: the file is empty; download it again")
    log = logging.getLogger("trimesh")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        return trimesh.load_scene(str(path), process=False)
    except Exception as error:  # trimesh and its readers raise anything at all on broken files
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise DataError(f"{path}: cannot be read as a model ({reason}); the file is broken or cut short") from error
    finally:
        log.setLevel(level)


def referenced_files(path: Path) -> list[Path]:
    """The files beside a model from which its mesh is read too: buffers and images of glTF, materials and textures of OBJ.

    Only those that are there; broken and missing files refer to nothing. As for the reader, names lead nowhere above the
    model's folder.
    """
    try:
        if not path.is_file():  # a pipe would be read for ever
            return []
        if path.suffix.lower() == ".obj":
            lines = path.read_bytes().replace(b"\\\n", b"")  # a backslash continues a line
            libraries = _beside(path, [_decoded(name) for name in re.findall(rb"mtllib([^\r\n]*)", lines)])
            textures = [name for file in libraries for name in re.findall(rb"(?i)map_kd([^\r\n]*)", file.read_bytes())]
            return libraries + _beside(path, [_decoded(name) for name in textures])
        tree = gltf_tree(path)
        return _beside(path, [item.get("uri") for key in ("buffers", "images") for item in tree.get(key) or []])
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return []


def gltf_tree(path: Path) -> dict:
    """The JSON of a .gltf or .glb file. Raises OSError or ValueError if there is none."""
    with path.open("rb") as file:
        if path.suffix.lower() == ".gltf":
            return json.loads(file.read())
        head = file.read(20)  # "glTF", version, length, length of the JSON, "JSON"
        if head[:4] != b"glTF" or head[16:] != b"JSON":
            raise ValueError(f"{path}: not a binary glTF 2 file")
        return json.loads(file.read(int.from_bytes(head[12:16], "little")))


def _decoded(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name.decode("latin-1")


def _beside(path: Path, names: list) -> list[Path]:
    """The files that the names in a model may mean: as trimesh looks for them, and with percent signs decoded."""
    folder, found = path.parent.resolve(), {}
    for name in names:
        if not isinstance(name, str) or "base64," in name:
            continue
        for written in (name.strip(), unquote(name.strip())):
            for candidate in (written, written.lstrip("/"), written.rsplit("/", 1)[-1]):
                try:
                    file = (folder / candidate).resolve()
                    if file.is_relative_to(folder) and file.is_file():
                        found[file] = None
                except (OSError, ValueError, RuntimeError):  # too long, a zero byte, links in a circle
                    continue
    return list(found)


def _piece(geometry, transform: np.ndarray, linear: bool) -> Mesh:
    """One geometry of a scene in world axes."""
    vertices = np.asarray(geometry.vertices, np.float64) @ transform[:3, :3].T + transform[:3, 3]
    faces = np.asarray(geometry.faces, np.int32)
    if np.linalg.det(transform[:3, :3]) < 0:
        faces = faces[:, ::-1]
    vertices = np.ascontiguousarray(vertices[:, [2, 0, 1]], np.float32)
    normals = _normals(geometry, transform, vertices, faces)
    factor, texture = _material(geometry, linear)
    colours = np.broadcast_to(factor, vertices.shape) * _vertex_colours(geometry, linear)
    uv = getattr(geometry.visual, "uv", None)
    mesh = Mesh(vertices, faces, normals, colours.astype(np.float32))
    if texture is None or uv is None or len(uv) != len(vertices) or not np.isfinite(uv).all():
        return mesh
    return replace(mesh, uv=np.asarray(uv, np.float32), textures=[texture], face_texture=np.zeros(len(faces), np.int32))


def _normals(geometry, transform: np.ndarray, vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """The file's normals in world axes; computed ones where the file has none or has broken ones."""
    normals = np.asarray(geometry.vertex_normals, np.float64) @ np.linalg.pinv(transform[:3, :3])
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    usable = np.isfinite(length[:, 0]) & (length[:, 0] > 1e-12)
    normals[usable] /= length[usable]
    normals = normals[:, [2, 0, 1]].astype(np.float32)
    if not usable.all():
        normals[~usable] = vertex_normals(vertices, faces)[~usable]
    return normals


def _material(geometry, linear: bool) -> tuple[np.ndarray, np.ndarray | None]:
    """The base colour factor as sRGB (3,) and the base colour texture uint8 (h, w, 3) or None."""
    material = getattr(geometry.visual, "material", None)
    if material is None:
        return np.ones(3), None
    image = getattr(material, "baseColorTexture", None)
    factor = getattr(material, "baseColorFactor", None)
    if not hasattr(material, "baseColorFactor"):  # OBJ: most programs write Kd as sRGB, and beside a texture a grey
        image = getattr(material, "image", None)
        factor = None if image is not None else getattr(material, "diffuse", None)
    if factor is None:
        factor = np.ones(3)
    factor = np.asarray(factor)[:3] / (255.0 if np.asarray(factor).dtype.kind in "ui" else 1.0)
    factor = linear_to_srgb(factor) if linear else np.clip(factor, 0.0, 1.0)
    if image is None:
        return factor, None
    try:
        image = image.convert("RGBA").convert("RGB")  # by way of RGBA: palettes with transparency
        if max(image.size) > _MAX_TEXTURE_PX:
            image = image.reduce(-(-max(image.size) // _MAX_TEXTURE_PX))
    except (OSError, ValueError, SyntaxError):  # a texture that Pillow cannot decode: the factor alone is the colour
        return factor, None
    return factor, np.asarray(image)


def _vertex_colours(geometry, linear: bool) -> np.ndarray:
    """Vertex colours as sRGB (N, 3), ones if there are none; beside a material trimesh hides them in the attributes."""
    visual = geometry.visual
    if visual.kind == "vertex":
        colours = np.asarray(visual.vertex_colors)
    else:
        attributes = getattr(visual, "vertex_attributes", None) or {}
        colours = attributes.get("color", geometry.vertex_attributes.get("color"))
        if colours is None or len(colours) != len(geometry.vertices):
            return np.ones((len(geometry.vertices), 3))
        colours = np.asarray(colours)
    top = np.iinfo(colours.dtype).max if colours.dtype.kind == "u" else 1.0
    colours = colours[:, :3].astype(np.float64) / top
    return linear_to_srgb(colours) if linear else np.clip(colours, 0.0, 1.0)


def _join(pieces: list[Mesh]) -> Mesh:
    """One mesh out of several; equal textures are kept once."""
    offsets = np.cumsum([0] + [len(piece.vertices) for piece in pieces])
    textures, face_texture, uv, known = [], [], [], {}
    for piece in pieces:
        index = -1
        if piece.textures:
            key = (piece.textures[0].shape, piece.textures[0].tobytes())
            index = known.setdefault(key, len(textures))
            if index == len(textures):
                textures.append(piece.textures[0])
        face_texture.append(np.full(len(piece.faces), index, np.int32))
        uv.append(piece.uv if piece.uv is not None else np.zeros((len(piece.vertices), 2), np.float32))
    return Mesh(
        vertices=np.concatenate([piece.vertices for piece in pieces]),
        faces=np.concatenate([piece.faces + offset for piece, offset in zip(pieces, offsets)]).astype(np.int32),
        normals=np.concatenate([piece.normals for piece in pieces]),
        colours=np.concatenate([piece.colours for piece in pieces]),
        uv=np.concatenate(uv) if textures else None,
        textures=textures,
        face_texture=np.concatenate(face_texture) if textures else None,
    )
