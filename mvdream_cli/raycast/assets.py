"""Meshes from glTF and OBJ files, with the traps of real files handled.

World axes of this project: z up, front along +x. glTF and OBJ files: y up, front along +z, so that
(x, y, z)_world = (z, x, y)_file.
"""

from pathlib import Path

import numpy as np

from mvdream_cli.doors import open_file
from mvdream_cli.errors import DataError
from mvdream_cli.raycast.beside import find_beside
from mvdream_cli.raycast.gltf import gltf_tree
from mvdream_cli.raycast.gltf_scene import mesh_of_gltf
from mvdream_cli.raycast.mesh import Mesh
from mvdream_cli.raycast.obj import mesh_of_obj, obj_files

EXTENSIONS = (".glb", ".gltf", ".obj")


def load_asset(path: Path | str) -> Mesh:
    """Read a .glb, .gltf or .obj file into one mesh in world axes (front +x, z up), not yet normalised.

    Color = base color texture x base color factor x vertex colors, with opacity and emission. Skins stand at rest, morph
    targets at their default weights. What the file names and cannot be used is among the mesh's `losses`.

    Raises:
        DataError: the file is missing, broken, empty, not a model, or needs something that cannot be read.
    """
    path = Path(path)
    _check_head(path)
    with np.errstate(all="ignore"):  # numbers that are not finite are told below
        mesh = mesh_of_obj(path) if path.suffix.lower() == ".obj" else mesh_of_gltf(path)
    used = mesh.vertices[np.unique(mesh.faces)]
    if not np.isfinite(used).all():
        raise DataError(f"{path}: vertices are not finite; re-export the model")
    with np.errstate(over="ignore"):
        extent = float(np.ptp(used, axis=0).max())
    if not 0 < extent < np.inf:
        raise DataError(f"{path}: all vertices are at one point or infinitely far apart; re-export the model")
    return mesh


def _check_head(path: Path) -> None:
    """Refuse what is plainly no model, by its name and its first bytes."""
    if path.suffix.lower() not in EXTENSIONS:
        raise DataError(f"{path}: unknown kind of model file; use {', '.join(EXTENSIONS)}")
    try:
        with open_file(path) as file:
            head = file.read(512)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error
    if head.lstrip()[:15].lower().startswith((b"<!doctype", b"<html", b"version https:")):
        raise DataError(f"{path}: a web page or a Git LFS pointer, not a model; download the file itself")
    if not head:
        raise DataError(f"{path}: the file is empty; download it again")


def referenced_files(path: Path) -> list[Path]:
    """The files beside a model from which its mesh is read too: buffers and images of glTF, materials and textures of OBJ.

    Only those that are there; broken and missing files refer to nothing.
    """
    try:
        if not path.is_file():  # a pipe would be read for ever
            return []
        if path.suffix.lower() == ".obj":
            return obj_files(path)
        tree = gltf_tree(path)
        names = [item.get("uri") for key in ("buffers", "images") for item in tree.get(key) or []]
        names = [name for name in names if isinstance(name, str) and not name.startswith("data:")]
        return list(dict.fromkeys(file for name in names if (file := find_beside(path, name, decode_percent=True))))
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return []
