"""PLY, binary: the world's axes and lengths, z up; normals and sRGB colors at the vertices.

Triangles alone: of readers, several know no mixture of triangles and quadrilaterals.
"""

import numpy as np

from mvdream_cli.mesh.formats.parts import Content, FileOptions
from mvdream_cli.mesh.texture import TexturedMesh

_HEAD = """ply
format binary_little_endian 1.0
comment z up, front along +x
element vertex {vertices}
property float x
property float y
property float z
property float nx
property float ny
property float nz
property uchar red
property uchar green
property uchar blue
element face {faces}
property list uchar int vertex_indices
end_header
"""


def ply(mesh: TexturedMesh, stem: str, options: FileOptions) -> Content:
    """One file; colors are those of the vertices, whether there is a texture or not."""
    vertices = np.empty(len(mesh.vertices), [("position", "<f4", 3), ("normal", "<f4", 3), ("color", "u1", 3)])
    vertices["position"], vertices["normal"], vertices["color"] = mesh.vertices, mesh.normals, mesh.colors
    faces = np.empty(len(mesh.faces), [("count", "u1"), ("corners", "<i4", 3)])
    faces["count"], faces["corners"] = 3, mesh.faces
    head = _HEAD.format(vertices=len(vertices), faces=len(faces)).encode()
    return head + vertices.tobytes() + faces.tobytes(), {}
