"""A mesh as the page's viewer takes it: numbers of 8 and 16 bits, compressed; a tenth of what the floats of its file take.

Letters in shapes: A vertices, M faces.
"""

from __future__ import annotations

import base64
import gzip
import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:  # they bring torch, which a page does not need
    from mvdream_cli.mesh.texture import TexturedMesh
    from mvdream_cli.raycast.mesh import Mesh

MOST_FACES = 400_000  # more would make a page that no phone opens
MOST_TEXTURE_PX = 2048


def of_textured(mesh: TexturedMesh) -> dict | None:
    """For the page, as JSON values; None for more than `MOST_FACES`."""
    if len(mesh.faces) > MOST_FACES:
        return None
    if mesh.layout is None:
        return _packed(mesh.vertices, mesh.faces, mesh.normals, colors=mesh.colors)
    index = mesh.layout.vertices
    packed = _packed(mesh.vertices[index], mesh.layout.faces, mesh.normals[index], mesh.layout.uv, tangents=mesh.tangents)
    packed["texture"] = picture_url(mesh.texture, MOST_TEXTURE_PX)
    if mesh.normal_map is not None and mesh.tangents is not None:
        packed["normal_map"] = picture_url(mesh.normal_map, MOST_TEXTURE_PX, quality=92)
    return packed


def of_asset(mesh: Mesh) -> dict | None:
    """As `of_textured`, of a mesh that was read from a file: with its texture if it has one, else with its colors."""
    if len(mesh.faces) > MOST_FACES:
        return None
    if len(mesh.textures) != 1:
        return _packed(mesh.vertices, mesh.faces, mesh.normals, colors=(255 * mesh.colors + 0.5).astype(np.uint8))
    packed = _packed(mesh.vertices, mesh.faces, mesh.normals, mesh.uv % (1.0 + 1e-6))
    return packed | {"texture": picture_url(mesh.textures[0][..., :3], MOST_TEXTURE_PX)}


def picture_url(image: np.ndarray, most_px: int, quality: int = 86) -> str:
    """A uint8 picture (H, W, 3), made smaller if need be, as a WebP inside of a page."""
    picture = Image.fromarray(image)
    picture.thumbnail((most_px, most_px))
    buffer = io.BytesIO()
    picture.save(buffer, format="WEBP", quality=quality, method=4)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def _packed(vertices, faces, normals, uv=None, colors=None, tangents=None) -> dict:
    low = vertices.min(0)
    size = np.maximum(vertices.max(0) - low, 1e-9)
    columns = {  # name: (numbers of a vertex, bits), in the order of `data`
        "index": faces.reshape(-1, 1).astype(np.uint32),
        "position": np.rint((vertices - low) / size * 65535).astype(np.uint16),
        "normal": _signed(normals),
    }
    if uv is not None:
        columns["uv"] = np.rint(np.clip(uv, 0.0, 1.0) * 65535).astype(np.uint16)
    if colors is not None:
        columns["color"] = colors.astype(np.uint8)
    if tangents is not None:
        columns["tangent"] = _signed(tangents)
    data = gzip.compress(b"".join(_planes(values) for values in columns.values()), 9, mtime=0)
    return {
        "low": low.tolist(), "size": size.tolist(), "vertices": len(vertices), "faces": len(faces),
        "columns": [[name, values.shape[1], values.itemsize] for name, values in columns.items()],
        "data": base64.b64encode(data).decode(),
    }  # fmt: skip


def _signed(vectors: np.ndarray) -> np.ndarray:
    """Numbers in [-1, 1] as signed bytes, which travel as unsigned ones."""
    return np.rint(np.clip(vectors, -1.0, 1.0) * 127).astype(np.int8).view(np.uint8)


def _planes(values: np.ndarray) -> bytes:
    """(A, C) unsigned: each column as differences from row to row, and of these all lowest bytes first: gzip likes it."""
    difference = np.diff(values, axis=0, prepend=np.zeros((1, values.shape[1]), values.dtype))  # modulo the type's size
    return difference.T.astype(f"<u{values.itemsize}").copy().view(np.uint8).reshape(-1, values.itemsize).T.tobytes()
