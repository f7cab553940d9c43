"""Small glTF files written by hand: what trimesh cannot write, byte by byte."""

import io
import json

import numpy as np
from PIL import Image

KINDS = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}
NUMBERS = {"int8": 5120, "uint8": 5121, "int16": 5122, "uint16": 5123, "uint32": 5125, "float32": 5126}
SQUARE = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], np.float32)  # looks to the front
SQUARE_UV = np.array([[0, 1], [1, 1], [1, 0], [0, 0]], np.float32)  # v down, as in the file
SQUARE_FACES = np.array([0, 1, 2, 0, 2, 3], np.uint16)


class Glb:
    """A file with one scene. `tree` is its JSON, to be changed at will; `add`, `image` and `square` return indices."""

    def __init__(self, **tree):
        self.blob, self.tree = b"", {
            "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}], "meshes": [],
            "accessors": [], "bufferViews": [], "images": [], "textures": [], "materials": [], **tree,
        }  # fmt: skip

    def view(self, content: bytes, **more) -> int:
        self.blob += b"\0" * (-len(self.blob) % 4)
        self.tree["bufferViews"].append({"buffer": 0, "byteOffset": len(self.blob), "byteLength": len(content), **more})
        self.blob += content
        return len(self.tree["bufferViews"]) - 1

    def add(self, values: np.ndarray, **more) -> int:
        values = np.atleast_2d(values.T).T
        accessor = {"componentType": NUMBERS[values.dtype.name], "count": len(values), "type": KINDS[values.shape[1]]}
        self.tree["accessors"].append({"bufferView": self.view(values.tobytes()), **accessor, **more})
        return len(self.tree["accessors"]) - 1

    def image(self, pixels, form: str = "PNG") -> int:
        """A texture of an array, or of the bytes of a picture."""
        if not isinstance(pixels, bytes):
            buffer = io.BytesIO()
            Image.fromarray(np.asarray(pixels, np.uint8)).save(buffer, form)
            pixels = buffer.getvalue()
        self.tree["images"].append({"bufferView": self.view(pixels), "mimeType": f"image/{form.lower()}"})
        self.tree["textures"].append({"source": len(self.tree["images"]) - 1})
        return len(self.tree["textures"]) - 1

    def square(self, material: dict | None = None, at=(0, 0, 0), size: float = 1.0, **attributes) -> dict:
        """A primitive; `attributes` are arrays or indices of accessors."""
        given = {"POSITION": (SQUARE * size + np.array(at)).astype(np.float32), "TEXCOORD_0": SQUARE_UV, **attributes}
        given = {name: self.add(value) if isinstance(value, np.ndarray) else value for name, value in given.items()}
        primitive = {"attributes": {k: v for k, v in given.items() if v is not None}, "indices": self.add(SQUARE_FACES)}
        if material is not None:
            self.tree["materials"].append(material)
            primitive["material"] = len(self.tree["materials"]) - 1
        return primitive

    def mesh(self, *primitives: dict, **more) -> "Glb":
        self.tree["meshes"].append({"primitives": list(primitives), **more})
        return self

    def save(self, path):
        """As .glb, or as .gltf with its buffer in a file beside it."""
        tree = {key: value for key, value in self.tree.items() if value != []}
        blob = self.blob + b"\0" * (-len(self.blob) % 4)
        if path.suffix == ".gltf":
            path.with_suffix(".bin").write_bytes(blob)
            tree["buffers"] = [{"byteLength": len(blob), "uri": path.with_suffix(".bin").name}]
            path.write_text(json.dumps(tree))
            return path
        tree["buffers"] = [{"byteLength": len(blob)}]
        text = json.dumps(tree).encode()
        text += b" " * (-len(text) % 4)
        chunks = len(text).to_bytes(4, "little") + b"JSON" + text + len(blob).to_bytes(4, "little") + b"BIN\0" + blob
        path.write_bytes(b"glTF" + (2).to_bytes(4, "little") + (12 + len(chunks)).to_bytes(4, "little") + chunks)
        return path


def base(color=(1, 1, 1, 1), texture: int | None = None, **texture_info) -> dict:
    """pbrMetallicRoughness of a color (linear) and a texture."""
    found = {"baseColorFactor": list(color)}
    return found if texture is None else found | {"baseColorTexture": {"index": texture, **texture_info}}
