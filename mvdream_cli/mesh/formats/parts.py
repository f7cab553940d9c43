"""What several formats share: options, axes, colors, pictures, names of files that lie beside others."""

import hashlib
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mvdream_cli.mesh.texture import TexturedMesh

PRINT_SIZE_MM = 100.0  # of formats in millimeters, where no size is asked for


@dataclass(frozen=True)
class FileOptions:
    """What a file is to be, beside the mesh.

    size_mm: longest side in formats with a unit of length: GLB, glTF, USDZ (meters), STL, 3MF (millimeters). None:
    `PRINT_SIZE_MM` in STL and 3MF, in the others the lengths of the scene's box, 2 m at most. OBJ and PLY have no unit and
    always those lengths.
    draco: compress the geometry of GLB and glTF.
    about: JSON values on the object (prompt, model), for formats that have a place for them.
    """

    size_mm: float | None = None
    draco: bool = False
    about: Mapping[str, Any] = field(default_factory=dict)


Content = tuple[bytes, dict[str, bytes]]  # of the file, and of those beside it by name
Writer = Callable[[TexturedMesh, str, FileOptions], Content]


def to_y_up(vectors: np.ndarray) -> np.ndarray:
    """World axes (z up, front +x) to those of glTF (y up, front +z): (x, y, z) -> (y, z, x), a rotation."""
    return np.ascontiguousarray(vectors[:, [1, 2, 0]])


def in_meters(vertices: np.ndarray, options: FileOptions) -> np.ndarray:
    """Vertices (N, 3) in world lengths, scaled to the size that is asked for."""
    return vertices if options.size_mm is None else _scaled(vertices, options.size_mm / 1000.0)


def on_the_printer(vertices: np.ndarray, options: FileOptions) -> np.ndarray:
    """World axes, millimeters, all coordinates from 0 on: the object stands on the plate."""
    vertices = vertices - vertices.min(0)
    return _scaled(vertices, options.size_mm or PRINT_SIZE_MM)


def _scaled(vertices: np.ndarray, longest: float) -> np.ndarray:
    return (vertices * (longest / float(np.ptp(vertices, axis=0).max()))).astype(np.float32)


def quads_and_triangles(corners: np.ndarray, quads: int) -> list[np.ndarray]:
    """The quadrilaterals (Q, 4, C) of corners (M, 3, C), as `TexturedMesh.quads` tells, and the other triangles (M', 3, C).

    Of the two, what there is none of is left out. Halves that do not agree in the corners of their diagonal, because a seam of
    the texture runs there, stay triangles.
    """
    first, second = corners[0 : 2 * quads : 2], corners[1 : 2 * quads : 2]
    whole = ((first[:, 0] == second[:, 0]) & (first[:, 2] == second[:, 1])).all(-1)
    joined = np.concatenate([first, second[:, 2:]], 1)[whole]
    rest = np.concatenate([first[~whole], second[~whole], corners[2 * quads :]])
    return [group for group in (joined, rest) if len(group)]


def pictures(mesh: TexturedMesh) -> dict[str, np.ndarray]:
    """The pictures that a textured mesh has: "color", "normal", "occlusion", "roughness", each (T, T) or (T, T, 3) uint8."""
    found = {"color": mesh.texture, "normal": mesh.normal_map, "occlusion": mesh.occlusion, "roughness": mesh.roughness}
    return {name: picture for name, picture in found.items() if mesh.layout is not None and picture is not None}


def png(picture: np.ndarray) -> bytes:
    """A (T, T) or (T, T, 3) uint8 picture as a PNG."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="PNG")
    return file.getvalue()


def name_beside(file_name: str, contents: list[bytes]) -> str:
    """The stem of files that lie beside `file_name`, named by what is in them: those of an older export have other names.

    So a file can be replaced together with those that it refers to, and at no moment does it refer to others. It has ASCII
    letters, digits and "_.-" alone: names in MTL files must not have spaces, in glTF they are URIs.
    """
    digest = hashlib.sha256(file_name.encode())
    for content in contents:
        digest.update(content)
    stem = re.sub(r"[^A-Za-z0-9_.-]+", "_", file_name.rpartition(".")[0])
    return f"{stem}-{digest.hexdigest()[:8]}"


def digest_in_name(file_name: str, name: str) -> str | None:
    """The digest in the name of a file that `name_beside` named for `file_name`; None if it did not."""
    stem = re.sub(r"[^A-Za-z0-9_.-]+", "_", file_name.rpartition(".")[0])
    found = re.fullmatch(re.escape(stem) + r"-([0-9a-f]{8})(-[a-z-]+)?\.(png|mtl|bin)", name)
    return found[1] if found else None
