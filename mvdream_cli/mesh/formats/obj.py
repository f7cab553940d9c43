"""OBJ with an MTL and PNGs beside it: y up, front along +z, as its readers expect.

Positions and normals are shared across the seams of the texture, texture corners are not; quadrilaterals stay whole.
"""

import numpy as np

from mvdream_cli.mesh.formats.parts import Content, FileOptions, name_beside, pictures, png, quads_and_triangles, to_y_up
from mvdream_cli.mesh.texture import TexturedMesh

# What MTL calls a picture; `norm` and `map_Pr` are of its PBR extension. A normal map is no `map_Bump`, which is a height:
# Blender takes one for it, but as sRGB, and shades all of the object wrongly.
_MAPS = {"color": "map_Kd", "normal": "norm", "roughness": "map_Pr"}


def obj(mesh: TexturedMesh, stem: str, options: FileOptions) -> Content:
    """Without a texture, colors stand behind the positions, sRGB in [0, 1]."""
    positions, normals = to_y_up(mesh.vertices), to_y_up(mesh.normals)
    lines, files = ["# y up, front along +z"], {}
    if mesh.layout is None:
        lines.append(_rows("v {:.6f} {:.6f} {:.6f} {:.4f} {:.4f} {:.4f}", np.hstack([positions, mesh.colors / 255.0])))
    else:
        images = {name: png(picture) for name, picture in pictures(mesh).items() if name in _MAPS}
        beside = name_beside(f"{stem}.obj", list(images.values()))
        files = {f"{beside}-{name}.png": image for name, image in images.items()}
        files[f"{beside}.mtl"] = _material(beside, images)
        lines += [f"mtllib {beside}.mtl", "o object", _rows("v {:.6f} {:.6f} {:.6f}", positions)]
        lines += [_rows("vt {:.6f} {:.6f}", mesh.layout.uv), "usemtl object"]
    lines.append(_rows("vn {:.4f} {:.4f} {:.4f}", normals))
    if mesh.layout is None:
        corner, corners = "{}//{}", np.stack([mesh.faces] * 2, -1)
    else:
        corner, corners = "{}/{}/{}", np.stack([mesh.faces, mesh.layout.faces, mesh.faces], -1)
    for faces in quads_and_triangles(corners + 1, mesh.quads):
        lines.append(_rows("f " + " ".join([corner] * faces.shape[1]), faces.reshape(len(faces), -1)))
    return ("\n".join(line for line in lines if line) + "\n").encode(), files


def _material(beside: str, images: dict[str, bytes]) -> bytes:
    lines = ["newmtl object", "Ka 0 0 0", "Kd 1 1 1", "Ks 0 0 0", "d 1", "illum 1", "Pr 1", "Pm 0"]
    lines += [f"{_MAPS[name]} {beside}-{name}.png" for name in images]
    return ("\n".join(lines) + "\n").encode()


def _rows(pattern: str, values: np.ndarray) -> str:
    return "\n".join(pattern.format(*row) for row in values.tolist())
