"""GLB and glTF 2.0 (the Khronos specification): y up, front along +z, metallic-roughness material, the card in `asset.extras`.

A GLB holds everything; a glTF has a .bin and PNGs beside it.
"""

import json
import struct

import numpy as np

from mvdream_cli import __version__
from mvdream_cli.mesh.formats.draco import compress
from mvdream_cli.mesh.formats.parts import Content, FileOptions, in_meters, name_beside, pictures, png, to_y_up
from mvdream_cli.mesh.texture import TexturedMesh
from mvdream_cli.raycast.paint import srgb_to_linear

_ARRAY_BUFFER, _ELEMENT_ARRAY_BUFFER = 34962, 34963
_COMPONENTS = {"float32": 5126, "uint8": 5121, "uint16": 5123, "uint32": 5125}
_TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}
_LINEAR, _MIPMAPS, _CLAMP = 9729, 9987, 33071
DRACO = "KHR_draco_mesh_compression"


def glb(mesh: TexturedMesh, stem: str, options: FileOptions) -> Content:
    """One binary file."""
    document = _Document(mesh, options)
    document.embed_images()
    tree = document.tree | {"buffers": [{"byteLength": len(document.binary)}]}
    text, body = _padded(_json(tree), b" "), _padded(bytes(document.binary), b"\0")
    length = 12 + 8 + len(text) + 8 + len(body)
    head = struct.pack("<4sII", b"glTF", 2, length)
    return head + struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(body), b"BIN\0") + body, {}


def gltf(mesh: TexturedMesh, stem: str, options: FileOptions) -> Content:
    """A JSON file, with the geometry (.bin) and the pictures (.png) beside it."""
    document = _Document(mesh, options)
    geometry = bytes(document.binary)
    beside = name_beside(f"{stem}.gltf", [geometry, *document.images.values()])
    files = {f"{beside}.bin": geometry} | {f"{beside}-{name}.png": image for name, image in document.images.items()}
    images = [{"uri": f"{beside}-{name}.png", "name": name} for name in document.images]
    tree = document.tree | {"buffers": [{"uri": f"{beside}.bin", "byteLength": len(geometry)}]}
    return _json(tree | {"images": images} if images else tree), files


class _Document:
    """A mesh as glTF's JSON `tree`, without buffers and images; its geometry in `binary`; its PNGs by name in `images`."""

    def __init__(self, mesh: TexturedMesh, options: FileOptions):
        self.binary, self.images = bytearray(), {}
        self.tree = {
            "asset": {"version": "2.0", "generator": f"mvdream {__version__}"},
            "scene": 0,
            "scenes": [{"nodes": [0]}],
            "nodes": [{"mesh": 0, "name": "object"}],
            "meshes": [{"name": "object", "primitives": []}],
            "materials": [],
            "accessors": [],
            "bufferViews": [],
        }
        if options.about:
            self.tree["asset"]["extras"] = dict(options.about)
        material = self._material(mesh)
        attributes, faces = _attributes(mesh, options)
        primitive = self._compressed(attributes, faces) if options.draco else self._plain(attributes, faces)
        self.tree["materials"].append(material)
        self.tree["meshes"][0]["primitives"].append(primitive | {"material": 0})

    def embed_images(self) -> None:
        """Put the pictures behind the geometry."""
        for name, image in self.images.items():
            view = self._view(image)
            self.tree.setdefault("images", []).append({"bufferView": view, "mimeType": "image/png", "name": name})

    def _plain(self, attributes: dict[str, np.ndarray], faces: np.ndarray) -> dict:
        indices = self._accessor(faces.reshape(-1), target=_ELEMENT_ARRAY_BUFFER)
        return {"attributes": {name: self._accessor(values) for name, values in attributes.items()}, "indices": indices}

    def _compressed(self, attributes: dict[str, np.ndarray], faces: np.ndarray) -> dict:
        content, identifiers, attributes, faces = compress(attributes, faces)
        self.tree |= {"extensionsUsed": [DRACO], "extensionsRequired": [DRACO]}
        indices = self._accessor(faces.reshape(-1), stored=False)
        names = {name: self._accessor(values, stored=False) for name, values in attributes.items()}
        extension = {"bufferView": self._view(content), "attributes": identifiers}
        return {"attributes": names, "indices": indices, "extensions": {DRACO: extension}}

    def _material(self, mesh: TexturedMesh) -> dict:
        found, surface = pictures(mesh), {"metallicFactor": 0.0, "roughnessFactor": 1.0}
        material = {"name": "object", "pbrMetallicRoughness": surface}
        if "color" in found:
            surface["baseColorTexture"] = self._texture("color", found["color"])
        if "normal" in found:
            material["normalTexture"] = self._texture("normal", found["normal"])
        if "occlusion" in found or "roughness" in found:
            full = np.full_like(next(found[name] for name in ("occlusion", "roughness") if name in found), 255)
            channels = [found.get("occlusion", full), found.get("roughness", full), full - 255]  # the last: metal, nowhere
            packed = self._texture("occlusion-roughness-metallic", np.stack(channels, -1))
            material |= {"occlusionTexture": packed} if "occlusion" in found else {}
            surface |= {"metallicRoughnessTexture": packed} if "roughness" in found else {}
        return material

    def _texture(self, name: str, picture: np.ndarray) -> dict:
        textures = self.tree.setdefault("textures", [])
        self.tree["samplers"] = [{"magFilter": _LINEAR, "minFilter": _MIPMAPS, "wrapS": _CLAMP, "wrapT": _CLAMP}]
        textures.append({"sampler": 0, "source": len(self.images)})
        self.images[name] = png(picture)
        return {"index": len(textures) - 1}

    def _accessor(self, values: np.ndarray, target: int = _ARRAY_BUFFER, stored: bool = True) -> int:
        """Values (N,) or (N, C); `stored` False: their bytes are elsewhere, compressed."""
        described = {"componentType": _COMPONENTS[values.dtype.name], "count": len(values)}
        described["type"] = _TYPES[values.shape[1] if values.ndim == 2 else 1]
        if values.dtype == np.uint16 and values.ndim == 2:  # colors
            described["normalized"] = True
        if described["type"] == "VEC3" and target == _ARRAY_BUFFER:  # demanded of positions
            described |= {"min": values.min(0).tolist(), "max": values.max(0).tolist()}
        if stored:
            described["bufferView"] = self._view(np.ascontiguousarray(values).tobytes(), target)
        self.tree["accessors"].append(described)
        return len(self.tree["accessors"]) - 1

    def _view(self, content: bytes, target: int | None = None) -> int:
        self.binary += bytes(-len(self.binary) % 4)
        view = {"buffer": 0, "byteOffset": len(self.binary), "byteLength": len(content)}
        self.binary += content
        self.tree["bufferViews"].append(view | ({"target": target} if target else {}))
        return len(self.tree["bufferViews"]) - 1


def _attributes(mesh: TexturedMesh, options: FileOptions) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """glTF's attributes by name, (A, C) each, and faces (M, 3)."""
    positions = to_y_up(in_meters(mesh.vertices, options))
    if mesh.layout is None:
        colors = np.full((len(positions), 4), 65535, np.uint16)  # rows of 8 bytes; alpha is 1
        colors[:, :3] = srgb_to_linear(mesh.colors / 255.0) * 65535 + 0.5
        return {"POSITION": positions, "NORMAL": to_y_up(mesh.normals), "COLOR_0": colors}, _indices(mesh.faces, len(positions))
    index, uv = mesh.layout.vertices, mesh.layout.uv
    attributes = {"POSITION": positions[index], "NORMAL": to_y_up(mesh.normals[index])}
    if mesh.normal_map is not None and mesh.tangents is not None:
        attributes["TANGENT"] = np.hstack([to_y_up(mesh.tangents[:, :3]), mesh.tangents[:, 3:]]).astype(np.float32)
    attributes["TEXCOORD_0"] = np.stack([uv[:, 0], 1.0 - uv[:, 1]], 1).astype(np.float32)  # glTF counts v downwards
    return attributes, _indices(mesh.layout.faces, len(index))


def _indices(faces: np.ndarray, count: int) -> np.ndarray:
    return faces.astype(np.uint16 if count < 65535 else np.uint32)


def _json(tree: dict) -> bytes:
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _padded(content: bytes, filler: bytes) -> bytes:
    return content + filler * (-len(content) % 4)
