"""glTF 2 files as they lie on the disk: the JSON, buffers, and accessors as arrays. What they mean is said in `gltf_scene`.

Files of the world are broken in every way, so nothing that a file says is believed before it is checked: counts against the
bytes that are there, indices against the lists that they point into.
"""

import base64
import binascii
import importlib.util
from pathlib import Path
from urllib.parse import unquote_to_bytes

import numpy as np

from mvdream_cli.doors import open_file, parse_json, read_bytes
from mvdream_cli.errors import DataError
from mvdream_cli.raycast.beside import MOST_BYTES, find_beside

MOST_TREE_BYTES = 1 << 28  # of the JSON, which may hold buffers
MOST_ELEMENTS = 50_000_000  # of one accessor
_COMPONENTS = {5120: np.int8, 5121: np.uint8, 5122: np.int16, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}

DRACO = "KHR_draco_mesh_compression"
MESHOPT = ("EXT_meshopt_compression", "KHR_meshopt_compression")
# Whose meaning for a still picture is kept, or which have none.
UNDERSTOOD = {
    "KHR_texture_transform", "KHR_mesh_quantization", "KHR_materials_unlit", "KHR_materials_pbrSpecularGlossiness",
    "KHR_materials_emissive_strength", "KHR_materials_transmission", "KHR_materials_volume", "KHR_materials_ior",
    "KHR_materials_specular", "KHR_materials_clearcoat", "KHR_materials_sheen", "KHR_materials_iridescence",
    "KHR_materials_anisotropy", "KHR_materials_dispersion", "KHR_materials_variants", "KHR_lights_punctual",
    "KHR_animation_pointer", "KHR_node_visibility", "KHR_xmp", "KHR_xmp_json_ld", "EXT_mesh_gpu_instancing", "EXT_texture_webp",
    "EXT_texture_avif", "EXT_lights_image_based", "EXT_mesh_manifold", "MSFT_texture_dds", "MSFT_lod", "CESIUM_RTC",
    "CESIUM_primitive_outline", "AGI_articulations", "AGI_stk_metadata",
}  # fmt: skip
# What helps where a compression or a format cannot be read.
CURES = {
    DRACO: "install DracoPy, or export the model without compression",
    **dict.fromkeys(MESHOPT, "undo it with `npx @gltf-transform/cli dequantize` or export the model without compression"),
    "KHR_texture_basisu": "convert its textures to PNG (`npx @gltf-transform/cli ktxdecompress`)",
}


def gltf_tree(path: Path) -> dict:
    """The JSON of a .gltf or .glb file, told apart by what is in it. Raises OSError or ValueError if there is none."""
    return _read(path)[0]


def _read(path: Path, with_body: bool = False) -> tuple[dict, bytes | None]:
    """The JSON, and the binary chunk of a .glb file or None."""
    with open_file(path) as file:
        head = file.read(20)  # "glTF", version, length, length of the JSON, "JSON"
        if head[:4] != b"glTF":
            if path.suffix.lower() == ".glb" and not head.lstrip().startswith(b"{"):
                raise ValueError("it does not begin as a binary glTF file")
            tree, body = parse_json(head + file.read(MOST_TREE_BYTES)), None
        else:
            if head[16:] != b"JSON" or head[4:8] != b"\2\0\0\0":
                raise ValueError("it is no binary glTF 2 file")
            length, size = int.from_bytes(head[12:16], "little"), path.stat().st_size
            if length > size:
                raise ValueError("it is cut short")
            tree, body = parse_json(file.read(min(length, MOST_TREE_BYTES))), None
            chunk = file.read(8) if with_body else b""
            if len(chunk) == 8:
                body = file.read(min(int.from_bytes(chunk[:4], "little"), MOST_BYTES))
    if not isinstance(tree, dict):
        raise ValueError("its JSON is no object")
    return tree, body


class Gltf:
    """An open file.

    tree: its JSON. losses: sentences on what could not be used, as they are found.

    Raises:
        DataError: it cannot be read, or needs an extension that is not understood.
    """

    def __init__(self, path: Path):
        self.path, self.losses = path, []
        try:
            self.tree, self._body = _read(path, with_body=True)
        except (OSError, ValueError, RecursionError) as error:
            reason = " ".join(str(error).split())[:120]
            raise DataError(f"{path}: cannot be read as a model ({reason}); the file is broken or cut short") from error
        self._buffers: dict[int, bytes] = {}
        self._draco: dict[int, dict] = {}
        self._refuse_extensions()

    def _refuse_extensions(self) -> None:
        required = self.tree.get("extensionsRequired") or []
        understood = UNDERSTOOD | ({DRACO} if importlib.util.find_spec("DracoPy") else set())
        strange = [str(name) for name in required if name not in understood] if isinstance(required, list) else []
        if strange:
            cure = CURES.get(strange[0], "export the model without it")
            raise DataError(f"{self.path}: needs the extension {', '.join(strange[:3])}, which is not understood here; {cure}")

    def broken(self, what: str) -> DataError:
        return DataError(f"{self.path}: {what}; the file is broken or cut short, export the model again")

    def lost(self, what: str) -> None:
        """Note something that could not be used."""
        self.losses.append(what)

    def item(self, kind: str, index) -> dict:
        """One entry of a list of the tree. Raises DataError if there is none."""
        items = self.tree.get(kind)
        if not isinstance(index, int) or not isinstance(items, list) or not 0 <= index < len(items):
            raise self.broken(f"{kind}[{index!r}] is not there"[:80])
        if not isinstance(items[index], dict):
            raise self.broken(f"{kind}[{index}] is no object")
        return items[index]

    def view(self, index) -> tuple[memoryview, int | None]:
        """The bytes of a buffer view, and the stride of its elements if it says one."""
        view = self.item("bufferViews", index)
        if extensions := view.get("extensions"):
            for name in MESHOPT:
                if name in extensions and self._is_placeholder(view.get("buffer")):
                    raise DataError(
                        f"{self.path}: is compressed with meshopt ({name}), which cannot be read here; {CURES[name]}"
                    )
        content = self._buffer(view.get("buffer"))
        start, length = _whole(view.get("byteOffset", 0)), _whole(view.get("byteLength"))
        if start is None or length is None or start + length > len(content):
            raise self.broken(f"bufferViews[{index}] reaches beyond its buffer")
        return memoryview(content)[start : start + length], _whole(view.get("byteStride"))

    def _is_placeholder(self, index) -> bool:
        buffer = self.item("buffers", index)
        return "uri" not in buffer and not (index == 0 and self._body)

    def _buffer(self, index) -> bytes:
        buffer = self.item("buffers", index)
        if index not in self._buffers:
            uri = buffer.get("uri")
            if uri is None and index == 0 and self._body is not None:
                self._buffers[index] = self._body
            else:
                self._buffers[index] = self.resource(uri, f"buffers[{index}]")
        return self._buffers[index]

    def resource(self, uri, what: str) -> bytes:
        """The bytes of a URI: inside the file, or of a file beside it; never from anywhere else.

        Raises:
            DataError: there are none.
        """
        if isinstance(uri, str) and uri.startswith("data:"):
            head, comma, content = uri.partition(",")
            try:
                if comma and head.endswith(";base64"):
                    return base64.b64decode(unquote_to_bytes(content) if "%" in content else content)
                return unquote_to_bytes(content)
            except (ValueError, binascii.Error) as error:
                raise self.broken(f"{what} is not readable ({error})") from error
        file = find_beside(self.path, uri, decode_percent=True)
        if file is None:
            named = f"{uri[:80]!r}" if isinstance(uri, str) else "which names no file,"
            raise DataError(f"{self.path}: {what} {named} is not beside the model; put it there, or export as .glb")
        try:
            return read_bytes(file, MOST_BYTES)
        except OSError as error:
            raise self.broken(f"{what} cannot be read ({error.strerror})") from error

    def array(self, index, width: str | tuple[str, ...]) -> np.ndarray:
        """The values of an accessor, (count, width) in the file's number type; normalised ones as float32.

        Args:
            width: the kinds of elements that are meant, such as "VEC3".

        Raises:
            DataError: it is of another kind, or its bytes are not there.
        """
        accessor = self.item("accessors", index)
        kind, count = accessor.get("type"), _whole(accessor.get("count"))
        if kind not in ((width,) if isinstance(width, str) else width) or accessor.get("componentType") not in _COMPONENTS:
            raise self.broken(f"accessors[{index}] is of another kind than {width}")
        if count is None or count > MOST_ELEMENTS:
            raise self.broken(f"accessors[{index}] has a count that cannot be: {accessor.get('count')!r}"[:120])
        number = np.dtype(_COMPONENTS[accessor["componentType"]])
        if accessor.get("bufferView") is None:
            if count > MOST_ELEMENTS // 10:
                raise self.broken(f"accessors[{index}] has {count} elements and no data")
            values = np.zeros((count, _WIDTHS[kind]), number)
        else:
            values = self._strided(accessor["bufferView"], accessor.get("byteOffset", 0), count, _WIDTHS[kind], number, index)
        if accessor.get("sparse") is not None:
            values = self._sparse(values, accessor["sparse"], number, index)
        if accessor.get("normalized") is True and number.kind in "ui":
            values = np.maximum(values.astype(np.float32) / np.iinfo(number).max, -1.0)
        return values

    def _strided(self, view_index, offset, count: int, width: int, number: np.dtype, index) -> np.ndarray:
        content, stride = self.view(view_index)
        offset, element = _whole(offset), number.itemsize * width
        stride = stride or element
        if offset is None or stride < element or (count and offset + stride * (count - 1) + element > len(content)):
            raise self.broken(f"accessors[{index}] reaches beyond its buffer")
        number = number.newbyteorder("<")
        return np.ndarray((count, width), number, content, offset, (stride, number.itemsize)).copy()

    def _sparse(self, values: np.ndarray, sparse, number: np.dtype, index) -> np.ndarray:
        try:
            count, where, what = _whole(sparse["count"]), sparse["indices"], sparse["values"]
            kind = np.dtype(_COMPONENTS[where["componentType"]])
            if count is None or count > len(values) or kind.kind != "u":
                raise KeyError("count")
            rows = self._strided(where["bufferView"], where.get("byteOffset", 0), count, 1, kind, index)[:, 0]
            new = self._strided(what["bufferView"], what.get("byteOffset", 0), count, values.shape[1], number, index)
            values[rows] = new
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise self.broken(f"accessors[{index}] has sparse values that cannot be used") from error
        return values

    def draco(self, data: dict) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """The attributes by name and the faces (M, 3) of a primitive that is compressed with Draco.

        Raises:
            DataError: DracoPy is not installed, or cannot read it.
        """
        try:
            import DracoPy
        except ImportError:
            raise DataError(f"{self.path}: is compressed with Draco ({DRACO}); {CURES[DRACO]}") from None
        try:
            decoded = DracoPy.decode(bytes(self.view(data["bufferView"])[0]))
            names = {ident: name for name, ident in data["attributes"].items()}
            found = {names[a["unique_id"]]: np.asarray(a["data"]) for a in decoded.attributes if a["unique_id"] in names}
            return found, np.asarray(decoded.faces, np.int64).reshape(-1, 3)
        except DataError:
            raise
        except Exception as error:  # whatever a broken file makes the reader raise
            raise self.broken(f"its Draco data cannot be read ({type(error).__name__})") from error


def _whole(value) -> int | None:
    """A count, an offset or a length; None if it is none."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None
