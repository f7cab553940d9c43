"""From a signed distance to a colored mesh, with the pictures that it was made from as its texture."""

import zlib
from dataclasses import fields
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch

from mvdream_cli.atomic import written_whole
from mvdream_cli.doors import check_file, door
from mvdream_cli.errors import CheckpointError, ObjectError
from mvdream_cli.images import to_uint8
from mvdream_cli.mesh.projection import Overlay, Pictures
from mvdream_cli.mesh.simplify import drop_floaters, simplify, smooth
from mvdream_cli.mesh.surface import outward
from mvdream_cli.mesh.texture import TexturedMesh, paint
from mvdream_cli.scene.distance import DistanceGrid, colors_at

RECONSTRUCTION = "reconstruction.npz"  # in a run folder, what `mvdream export` makes other files of


def distance_to_mesh(
    grid: DistanceGrid,
    pictures: Pictures | None = None,
    *,
    faces: int = 20_000,
    texture_size: int = 1024,
    smooth_rounds: int = 5,
) -> TexturedMesh:
    """Surface, floaters away, smoothing, simplification, layout, colors: of the pictures where they see it.

    Args:
        pictures: of the object; None: all colors are those of the lattice. The others are as in `field_to_mesh`.

    Raises:
        ObjectError: the object is empty, or fills the box.
    """
    vertices, triangles = distance_surface(grid)
    vertices, triangles = drop_floaters(vertices, triangles)
    vertices, triangles = smooth(vertices, triangles, smooth_rounds)
    vertices, triangles = simplify(vertices, triangles, faces)
    triangles = outward(vertices, triangles)

    def color_of(points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        return colors_at(grid, torch.from_numpy(points.astype(np.float32)).to(grid.distance.device)).cpu().numpy()

    overlay = Overlay(pictures, vertices, triangles) if pictures is not None else None
    return paint(color_of, vertices, triangles, texture_size, overlay=overlay)


def distance_surface(grid: DistanceGrid) -> tuple[np.ndarray, np.ndarray]:
    """The closed outer surface of a distance, cavities filled: vertices (N, 3) float32 and faces (M, 3) int32.

    Raises:
        ObjectError: nothing of the box is inside, or nearly all of it.
    """
    from scipy.ndimage import binary_fill_holes
    from skimage.measure import marching_cubes

    cell = 2.0 / (len(grid.distance) - 1)
    distance = np.pad(grid.distance.float().cpu().numpy(), 1, constant_values=cell)  # air around the box closes the surface
    inside = distance < 0
    if not inside.any():
        raise ObjectError("the reconstructed object is empty; try another --seed, or --method views")
    if inside.sum() > 0.9 * grid.distance.numel():
        raise ObjectError("the reconstructed object fills the whole box; try another --seed, or --method views")
    distance[binary_fill_holes(inside) & ~inside] = -cell
    vertices, faces, _, _ = marching_cubes(distance.clip(-2 * cell, 2 * cell), 0.0)
    vertices = np.clip((vertices - 1.0) * cell - 1.0, -1.0, 1.0).astype(np.float32)
    return vertices, outward(vertices, faces.astype(np.int32))


def save_reconstruction(path: Path, grid: DistanceGrid, pictures: Pictures | None) -> None:
    """Keep what a mesh is made from, in a few megabytes; colors far from the surface are lost."""
    close = grid.distance.abs() < 4 * 2.0 / (len(grid.distance) - 1)
    arrays = {
        "distance": grid.distance.half().cpu().numpy(),
        "colors": to_uint8(grid.colors * close[..., None]),
    }
    if pictures is not None:
        arrays |= {f"pictures_{name}": value for name, value in vars(pictures).items()} | {
            "pictures_images": to_uint8(pictures.images)
        }
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
            shown = {field.name: kept[f"pictures_{field.name}"] for field in fields(Pictures) if "pictures_images" in kept}
    return grid, Pictures(**shown | {"images": shown["images"].astype(np.float32) / 255}) if shown else None
