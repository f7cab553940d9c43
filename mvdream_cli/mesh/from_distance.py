"""From a signed distance to a colored mesh, with the pictures that it was made from as its texture."""

import zlib
from dataclasses import replace
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch

from mvdream_cli.atomic import written_whole
from mvdream_cli.doors import check_file, door
from mvdream_cli.errors import CheckpointError, ObjectError
from mvdream_cli.images import to_uint8
from mvdream_cli.mesh.finish import finish
from mvdream_cli.mesh.lattice import close_holes, polygonise, round_off
from mvdream_cli.mesh.likeness import likeness, over_white, pictures_of_mesh
from mvdream_cli.mesh.projection import Overlay, Pictures
from mvdream_cli.mesh.simplify import of_the_object
from mvdream_cli.mesh.texture import TexturedMesh, paint
from mvdream_cli.raycast.mesh import vertex_normals
from mvdream_cli.scene.distance import DistanceGrid, colors_at

RECONSTRUCTION = "reconstruction.npz"  # in a run folder, what `mvdream export` makes other files of


def distance_to_mesh(
    grid: DistanceGrid,
    pictures: Pictures | None = None,
    **finishing,
) -> TexturedMesh:
    """Surface, and what `finish` does; the mesh's `facts` say how like the lattice at full resolution, and the pictures, it is.

    Where pieces were dropped as floaters, also how like the rest.

    Args:
        pictures: of the object; None: all colors are those of the lattice.
        finishing: arguments of `finish`.

    Raises:
        ObjectError: the object is empty, or fills the box.
    """

    def color_of(points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        return colors_at(grid, torch.from_numpy(points.astype(np.float32)).to(grid.distance.device)).cpu().numpy()

    surface = distance_surface(grid)
    mesh = finish(surface, color_of, pictures, **finishing)
    overlay = Overlay(pictures, *surface) if pictures is not None else None
    full = TexturedMesh(*surface, vertex_normals(*surface), paint(color_of, *surface, None, overlay)[0])
    mesh.facts |= likeness(mesh, pictures_of_mesh(full))
    kept = of_the_object(*surface)
    if not kept.all():  # floaters are dropped on purpose, so the file is not to look like them
        mesh.facts["psnr_without_floaters_db"] = likeness(mesh, pictures_of_mesh(replace(full, faces=full.faces[kept])))[
            "psnr_db"
        ]
    if pictures is not None:
        mesh.facts["psnr_to_views_db"] = likeness(mesh, over_white(pictures))["psnr_db"]
    return mesh


def distance_surface(grid: DistanceGrid) -> tuple[np.ndarray, np.ndarray]:
    """The closed outer surface of a distance, cavities filled, rounded off at the box: vertices (N, 3), faces (M, 3).

    Raises:
        ObjectError: nothing of the box is inside, or nearly all of it.
    """
    cell = 2.0 / (len(grid.distance) - 1)
    depth = -grid.distance.float().cpu().numpy() / cell
    share = (depth > 0).mean()
    if share == 0:
        raise ObjectError("the reconstructed object is empty; try another --seed, or --method views")
    if share > 0.9:
        raise ObjectError("the reconstructed object fills the whole box; try another --seed, or --method views")
    depth = close_holes(depth.clip(-2.0, 2.0), cells=1 if cell < 2 / 100 else 0)
    depth, before = round_off(depth, cell, walls=np.ones((3, 2), bool))
    return polygonise(depth, -1.0 - before * cell, cell)


def save_reconstruction(path: Path, grid: DistanceGrid, pictures: Pictures | None) -> None:
    """Keep what a mesh is made from, in a few megabytes; colors far from the surface are lost."""
    close = grid.distance.abs() < 4 * 2.0 / (len(grid.distance) - 1)
    arrays = {
        "distance": grid.distance.half().cpu().numpy(),
        "colors": to_uint8(grid.colors * close[..., None]),
    }
    if pictures is not None:
        arrays |= pictures.arrays()
    with written_whole(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, **arrays)


def load_reconstruction(path: Path) -> tuple[DistanceGrid, Pictures | None]:
    """What `save_reconstruction` kept.

    Raises:
        CheckpointError: the file is missing or broken.
    """
    way_out = "make the object again with --restart"
    with door(path, CheckpointError, way_out, KeyError, EOFError, TypeError, BadZipFile, zlib.error):
        check_file(path)
        with np.load(path) as kept:
            grid = DistanceGrid(torch.from_numpy(kept["distance"]).float(), torch.from_numpy(kept["colors"]).float() / 255)
            return grid, Pictures.of_arrays(kept)
