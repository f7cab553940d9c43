"""Mesh files.

GLB, OBJ and USDZ are y up with the front along +z, as their readers expect; PLY and STL keep the world's axes, z up.
"""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from mvdream_cli.errors import UsageError
from mvdream_cli.mesh.texture import TexturedMesh
from mvdream_cli.mesh.usdz import usda, write_usdz


def to_y_up(vectors: np.ndarray) -> np.ndarray:
    """World axes (z up, front +x) to glTF axes (y up, front +z): (x, y, z) -> (y, z, x)."""
    return np.ascontiguousarray(vectors[:, [1, 2, 0]])


def _y_up_mesh(mesh: TexturedMesh):
    """A trimesh with texture and normals, or with vertex colors."""
    import trimesh
    from PIL import Image

    if mesh.layout is None:
        return trimesh.Trimesh(
            to_y_up(mesh.vertices),
            mesh.faces,
            vertex_normals=to_y_up(mesh.normals),
            vertex_colors=mesh.colors,
            process=False,
        )
    material = trimesh.visual.material.PBRMaterial(
        name="object",
        baseColorTexture=Image.fromarray(mesh.texture),
        metallicFactor=0.0,
        roughnessFactor=1.0,
        doubleSided=False,
    )
    return trimesh.Trimesh(
        to_y_up(mesh.vertices[mesh.layout.vertices]),
        mesh.layout.faces,
        vertex_normals=to_y_up(mesh.normals[mesh.layout.vertices]),
        visual=trimesh.visual.TextureVisuals(uv=mesh.layout.uv, material=material),
        process=False,
    )


def scene_of(mesh: TexturedMesh):
    """trimesh's scene of a mesh, y up."""
    from trimesh import Scene

    return Scene({"object": _y_up_mesh(mesh)})


def _glb(mesh: TexturedMesh, path: Path) -> None:
    from trimesh.exchange.gltf import export_glb

    path.write_bytes(export_glb(scene_of(mesh), include_normals=True))


def _obj(mesh: TexturedMesh, path: Path) -> None:
    """OBJ, with MTL and PNG of the same stem beside it. Positions and normals are welded, texture corners are not."""
    from PIL import Image

    stem = path.stem
    lines = ["# y up, front along +z"]
    positions, normals = to_y_up(mesh.vertices), to_y_up(mesh.normals)
    if mesh.layout is None:
        rows = np.hstack([positions, mesh.colors / 255.0])
        lines += ["v {:.6f} {:.6f} {:.6f} {:.4f} {:.4f} {:.4f}".format(*row) for row in rows.tolist()]
    else:
        lines[1:] = [f"mtllib {stem}.mtl", f"o {stem}"]
        lines += ["v {:.6f} {:.6f} {:.6f}".format(*row) for row in positions.tolist()]
        lines += ["vt {:.6f} {:.6f}".format(*row) for row in mesh.layout.uv.tolist()]
        lines.append("usemtl object")
        Image.fromarray(mesh.texture).save(path.with_name(f"{stem}.png"))
        path.with_name(f"{stem}.mtl").write_text(
            f"newmtl object\nKa 0 0 0\nKd 1 1 1\nKs 0 0 0\nillum 1\nmap_Kd {stem}.png\n", encoding="utf-8"
        )
    lines += ["vn {:.4f} {:.4f} {:.4f}".format(*row) for row in normals.tolist()]
    corners = mesh.faces + 1
    if mesh.layout is None:
        lines += ["f {0}//{0} {1}//{1} {2}//{2}".format(*row) for row in corners.tolist()]
    else:
        rows = np.hstack([corners, mesh.layout.faces + 1])
        lines += ["f {0}/{3}/{0} {1}/{4}/{1} {2}/{5}/{2}".format(*row) for row in rows.tolist()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _ply(mesh: TexturedMesh, path: Path) -> None:
    import trimesh

    solid = trimesh.Trimesh(mesh.vertices, mesh.faces, vertex_normals=mesh.normals, vertex_colors=mesh.colors, process=False)
    path.write_bytes(solid.export(file_type="ply"))


def _stl(mesh: TexturedMesh, path: Path) -> None:
    import trimesh

    path.write_bytes(trimesh.Trimesh(mesh.vertices, mesh.faces, process=False).export(file_type="stl"))


def _usdz(mesh: TexturedMesh, path: Path) -> None:
    if mesh.layout is None:
        raise UsageError("export: USDZ holds its colors in a texture; give --texture-size a size above 0")
    index = mesh.layout.vertices
    text = usda(to_y_up(mesh.vertices[index]), mesh.layout.faces, to_y_up(mesh.normals[index]), mesh.layout.uv)
    write_usdz(path, text, mesh.texture)


WRITERS = {"glb": _glb, "obj": _obj, "ply": _ply, "stl": _stl, "usdz": _usdz}


def write_mesh(mesh: TexturedMesh, path: Path | str, file_format: str | None = None) -> list[Path]:
    """Write a mesh; every file appears under its name only when it is whole.

    Args:
        path: the file; its folder is made. file_format: a key of `WRITERS`; None takes the path's extension.

    Returns:
        The files written, `path` first; OBJ brings its .mtl and .png.

    Raises:
        UsageError: the format is unknown.
    """
    path = Path(path)
    file_format = (file_format or path.suffix[1:]).lower()
    if file_format not in WRITERS:
        raise UsageError(f"export: unknown mesh format '{file_format}'; choose one of {', '.join(WRITERS)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".mesh-", dir=path.parent) as folder:
        WRITERS[file_format](mesh, Path(folder) / path.name)
        # The main file last: whoever sees it finds what it refers to.
        made = sorted(Path(folder).iterdir(), key=lambda file: file.name == path.name)
        for file in made:
            os.replace(file, path.with_name(file.name))
    return [path.with_name(file.name) for file in reversed(made)]


def write_formats(mesh: TexturedMesh, folder: Path, formats: Iterable[str]) -> dict[str, Path]:
    """Write mesh.FORMAT for each of the formats, and mesh.glb in any case: turntable and page show that file.

    Returns {"mesh": mesh.glb, "mesh_obj": mesh.obj, ...}.
    """
    made = {"mesh": write_mesh(mesh, folder / "mesh.glb")[0]}
    for name in formats:
        if name != "glb":
            made[f"mesh_{name}"] = write_mesh(mesh, folder / f"mesh.{name}", name)[0]
    return made
