"""Pictures as texture: a place on the surface takes its color from the pictures that see it.

Letters in shapes: V views, H W pixels, N vertices, M faces, P points.
"""

import zlib
from dataclasses import dataclass, fields
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from scipy.ndimage import distance_transform_edt

from mvdream_cli.atomic import written_whole
from mvdream_cli.doors import door
from mvdream_cli.errors import CheckpointError
from mvdream_cli.images import to_uint8
from mvdream_cli.mesh.simplify import links
from mvdream_cli.raycast.mesh import vertex_normals
from mvdream_cli.raycast.surface import scene_of_faces

PICTURES = "pictures.npz"  # in a run folder, those that its field was fitted to
LIFT = 4e-3  # world units that a ray starts above the surface
GRAZING = 0.15  # cosine below which a picture says nothing
SHARPNESS = 3.0  # power of the cosine: the picture that looks straight at a place has most of it
SURE = 0.1  # weight of all pictures together from which on the color is theirs alone
RIM_PX = 2.0  # of 128: where silhouettes end, pixels are mixed with the background
SOFTEN_ROUNDS = 4


@dataclass(frozen=True)
class Pictures:
    """Of an object in the world.

    images (V, H, W, 3) in [0, 1], c2w (V, 4, 4), fovy_deg (V,); masks (V, H, W) bool, where the object is.
    """

    images: np.ndarray
    c2w: np.ndarray
    fovy_deg: np.ndarray
    masks: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        """What `of_arrays` takes, small."""
        return {f"pictures_{name}": value for name, value in vars(self).items()} | {"pictures_images": to_uint8(self.images)}

    @staticmethod
    def of_arrays(kept) -> "Pictures | None":
        """Of what `arrays` gave, among others; None where there was nothing of it."""
        if "pictures_images" not in kept:
            return None
        shown = {field.name: kept[f"pictures_{field.name}"] for field in fields(Pictures)}
        return Pictures(**shown | {"images": shown["images"].astype(np.float32) / 255})


def save_pictures(path: Path, pictures: Pictures) -> None:
    """Keep pictures with their cameras."""
    with written_whole(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, **pictures.arrays())


def load_pictures(path: Path) -> Pictures | None:
    """What `save_pictures` kept; None where there is no such file.

    Raises:
        CheckpointError: the file is broken.
    """
    if not path.is_file():
        return None
    way_out = "make the object again with --restart"
    with door(path, CheckpointError, way_out, KeyError, EOFError, TypeError, BadZipFile, zlib.error), np.load(path) as kept:
        return Pictures.of_arrays(kept)


class Overlay:
    """The pictures on a mesh: how much each vertex takes of each, and the colors there.

    A vertex that a picture just sees, or its neighbours do not, takes little of it, so that there are no hard seams.

    Args:
        vertices: (N, 3). faces: (M, 3), counter-clockwise from outside.
    """

    def __init__(self, pictures: Pictures, vertices: np.ndarray, faces: np.ndarray):
        self.pictures = pictures
        normals = vertex_normals(vertices, faces)
        neighbours = links(faces, len(vertices))
        weights = []
        for c2w, fovy_deg, mask in zip(pictures.c2w, pictures.fovy_deg, pictures.masks):
            toward = c2w[:3, 3] - vertices
            toward /= np.linalg.norm(toward, axis=1, keepdims=True)
            cosine = np.einsum("nc,nc->n", toward, normals)
            facing = ((cosine - GRAZING) / (1 - GRAZING)).clip(0, 1)
            seen = facing > 0
            seen[seen] = unhidden(vertices, faces, (vertices + LIFT * normals)[seen], c2w[:3, 3])
            depth = distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1] / (RIM_PX * len(mask) / 128)
            rim = bilinear(depth.clip(0, 1)[..., None], *project(vertices, c2w, fovy_deg, mask.shape))[:, 0]
            clear = seen.astype(np.float32)  # nothing at the border of what is seen, all of it a few vertices inside
            for _ in range(SOFTEN_ROUNDS):
                clear = 0.5 * clear + 0.5 * (neighbours @ clear)
            weights.append(facing**SHARPNESS * (3 * clear - 2).clip(0, 1) * rim)
        self.weights = np.stack(weights, 1).astype(np.float32)  # (N, V)

    def colors(self, points: np.ndarray, weights: np.ndarray, base: np.ndarray) -> np.ndarray:
        """Colors (P, 3) at points (P, 3) with the weights (P, V) of pictures there, and what is there without them (P, 3)."""
        pictures, mixed = self.pictures, np.zeros_like(base)
        for k, (image, c2w, fovy_deg) in enumerate(zip(pictures.images, pictures.c2w, pictures.fovy_deg)):
            here = np.flatnonzero(weights[:, k] > 0)
            place = project(points[here], c2w, fovy_deg, image.shape[:2])
            mixed[here] += weights[here, k, None] * bilinear(image, *place)
        total = weights.sum(1, keepdims=True)
        share = (total / SURE).clip(0, 1)
        return share * mixed / np.maximum(total, 1e-8) + (1 - share) * base


def project(points: np.ndarray, c2w: np.ndarray, fovy_deg: float, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Row and column (P,) of points (P, 3), in pixels whose centres are integers."""
    local = (points - c2w[:3, 3]) @ c2w[:3, :3]
    depth = np.maximum(-local[:, 2], 1e-6)
    height, width = shape
    focal = 0.5 * height / np.tan(np.deg2rad(fovy_deg) / 2)
    return 0.5 * height - focal * local[:, 1] / depth - 0.5, 0.5 * width + focal * local[:, 0] / depth - 0.5


def bilinear(image: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """(H, W, C) at places (P,) -> (P, C); zero outside."""
    height, width = image.shape[:2]
    inside = (row > -0.5) & (row < height - 0.5) & (column > -0.5) & (column < width - 0.5)
    row, column = row.clip(0, height - 1), column.clip(0, width - 1)
    top, left = np.minimum(row.astype(int), height - 2), np.minimum(column.astype(int), width - 2)
    y, x = (row - top)[:, None], (column - left)[:, None]
    above = image[top, left] * (1 - x) + image[top, left + 1] * x
    below = image[top + 1, left] * (1 - x) + image[top + 1, left + 1] * x
    return (above * (1 - y) + below * y) * inside[:, None]


def unhidden(vertices: np.ndarray, faces: np.ndarray, points: np.ndarray, eye: np.ndarray) -> np.ndarray:
    """Whether nothing of the mesh lies between points (P, 3) and an eye (3,); (P,) bool."""
    scene = scene_of_faces(vertices, faces)
    directions = np.ascontiguousarray(eye - points, np.float32)
    return scene.run(np.ascontiguousarray(points, np.float32), directions, query="OCCLUDED") < 0
