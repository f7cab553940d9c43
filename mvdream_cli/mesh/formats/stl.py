"""STL, binary: a solid without colors in millimeters, z up, standing on z = 0, all coordinates from 0 on."""

import numpy as np

from mvdream_cli.mesh.formats.parts import Content, FileOptions, on_the_printer
from mvdream_cli.mesh.texture import TexturedMesh
from mvdream_cli.mesh.watertight import watertight


def stl(mesh: TexturedMesh, stem: str, options: FileOptions) -> Content:
    """One file.

    Raises:
        ObjectError: the surface encloses nothing.
    """
    vertices, faces = watertight(mesh.vertices, mesh.faces)
    corners = on_the_printer(vertices, options)[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]).astype(np.float64)
    rows = np.zeros(len(faces), [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("unused", "<u2")])
    rows["normal"] = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
    rows["corners"] = corners
    return b"mvdream: millimeters, z up".ljust(80) + len(rows).to_bytes(4, "little") + rows.tobytes(), {}
