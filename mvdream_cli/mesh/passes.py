"""What a camera sees of a mesh's form: normals and depth as pictures, beside the shaded one. One ray for each pixel.

Letters in shapes: N vertices, M faces, S pixels of a side.
"""

import math

import numpy as np

from mvdream_cli.raycast.mesh import Mesh
from mvdream_cli.raycast.surface import scene_of_faces


class FormPasses:
    """Pictures of the form of one mesh from many cameras."""

    def __init__(self, mesh: Mesh):
        self.scene = scene_of_faces(mesh.vertices, mesh.faces)
        self.faces, self.normals = mesh.faces, mesh.normals.astype(np.float32)
        low, high = mesh.vertices.min(0), mesh.vertices.max(0)
        self.center, self.radius = 0.5 * (low + high), 0.5 * float(np.linalg.norm(high - low))

    def look(self, c2w: np.ndarray, fovy_deg: float, alpha: np.ndarray) -> dict[str, np.ndarray]:
        """{"normal", "depth"}: float32 (S, S, 3) in [0, 1], over white.

        normal: in camera axes, 0.5 + 0.5 n: red to the right, green up, blue towards the camera. depth: along the camera's
        axis, light is near; over the same range from all sides, so that a film does not flicker.

        Args:
            c2w: (4, 4). alpha: (S, S) float in [0, 1], coverage as the shaded picture has it, which smooths the silhouette.
        """
        size = len(alpha)
        focal = 0.5 * size / math.tan(math.radians(fovy_deg) / 2)
        rows, columns = np.nonzero(alpha)
        x, y = (columns + 0.5 - 0.5 * size) / focal, (0.5 * size - rows - 0.5) / focal
        rays = np.ascontiguousarray(np.stack([x, y, -np.ones_like(x)], 1) @ c2w[:3, :3].T, np.float32)
        found = self.scene.run(np.repeat(np.float32(c2w[None, :3, 3]), len(rays), 0), rays, output=True)
        hit = np.flatnonzero(found["primID"] >= 0)
        rows, columns = rows[hit], columns[hit]
        normal = self._normals(found, hit, rays) @ c2w[:3, :3]
        middle = float((self.center - c2w[:3, 3]) @ -c2w[:3, 2])
        behind = (found["tfar"][hit] - middle) / self.radius  # rays advance by 1 along the axis: -1 nearest, 1 farthest
        colors = {"normal": 0.5 + 0.5 * normal, "depth": np.repeat((0.5 - 0.5 * behind[:, None]).clip(0.05, 0.93), 3, 1)}
        covered = np.zeros((size, size), bool)
        covered[rows, columns] = True
        made = {}
        for name, color in colors.items():
            picture = np.ones((size, size, 3), np.float32)
            picture[rows, columns] = color
            _grow(picture, covered, alpha > 0)
            made[name] = picture * alpha[..., None] + 1.0 - alpha[..., None]
        return made

    def _normals(self, found: dict, hit: np.ndarray, rays: np.ndarray) -> np.ndarray:
        """Unit normals of what was hit (R, 3), of the side that the camera sees, in world axes."""
        u, v = found["u"][hit, None], found["v"][hit, None]
        a, b, c = self.normals[self.faces[found["primID"][hit]]].transpose(1, 0, 2)
        normal = (1 - u - v) * a + u * b + v * c
        geometric = found["Ng"][hit]
        seen = np.einsum("rc,rc->r", geometric, rays[hit]) * np.einsum("rc,rc->r", geometric, normal)
        normal *= np.where(seen > 0, -1.0, 1.0)[:, None]
        return normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)


def _grow(picture: np.ndarray, covered: np.ndarray, wanted: np.ndarray) -> None:
    """Give the pixels that a ray through their middle misses, but that are partly covered, the mean of their neighbors."""
    rows, columns = np.nonzero(wanted & ~covered)
    total, count = np.zeros((len(rows), 3), np.float32), np.zeros((len(rows), 1), np.float32)
    for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        row, column = (rows + down).clip(0, len(picture) - 1), (columns + right).clip(0, len(picture) - 1)
        total += picture[row, column] * covered[row, column, None]
        count += covered[row, column, None]
    picture[rows, columns] = np.where(count > 0, total / np.maximum(count, 1), 1.0)
