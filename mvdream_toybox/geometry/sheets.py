"""Curved sheets with a thickness: hat brims, capes, robes, hair, wings. A flat sheet is `shapes.plate`."""

import numpy as np

from mvdream_toybox.geometry.parts import Paint, Part, finish, grid_faces


def sheet(points, thickness: float, paint: Paint, wrap: bool = False) -> Part:
    """Thicken a grid of points (R, C, 3) into a closed shell; the last column joins the first if `wrap`.

    Its front faces (next column - this column) x (next row - this row): outward when columns run counter-clockwise
    seen from above and rows run upwards.
    """
    points = np.asarray(points, float)
    rows, columns = points.shape[:2]
    if wrap:
        ring = np.concatenate([points[:, -1:], points, points[:, :1]], axis=1)
        along = (ring[:, 2:] - ring[:, :-2]) / 2
    else:
        along = np.gradient(points, axis=1)
    normals = np.cross(along, np.gradient(points, axis=0))
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True) + 1e-12
    front = (points + normals * thickness / 2).reshape(-1, 3)
    back = (points - normals * thickness / 2).reshape(-1, 3)
    faces, n = grid_faces(rows, columns, wrap), rows * columns
    index = np.arange(n).reshape(rows, columns)
    if wrap:
        loops = [np.append(index[0], index[0, 0]), np.append(index[-1], index[-1, 0])[::-1]]
    else:
        loops = [np.concatenate([index[0], index[1:, -1], index[-1, -2::-1], index[-2::-1, 0]])]
    i, j = (np.concatenate([loop[s] for loop in loops]) for s in (slice(None, -1), slice(1, None)))
    rim = np.concatenate([np.stack([i, j + n, j], -1), np.stack([i, i + n, j + n], -1)])
    # the rim has its own vertices, so that the edge looks cut and not puffed
    vertices = np.concatenate([front, back, front, back])
    return finish(vertices, np.concatenate([faces, faces[:, ::-1] + n, rim + 2 * n]), paint)


def around(rows: int, columns: int, start_deg: float = 0.0, end_deg: float = 360.0) -> tuple[np.ndarray, np.ndarray]:
    """Grids (rows, columns) of a share in [0, 1] down the rows and an angle in radians along the columns.

    A full turn leaves out its last column, as `sheet(..., wrap=True)` wants.
    """
    full = abs(end_deg - start_deg) >= 360
    angles = np.deg2rad(np.linspace(start_deg, end_deg, columns, endpoint=not full))
    return np.meshgrid(np.linspace(0, 1, rows), angles, indexing="ij")


def polar(radius, angle, height) -> np.ndarray:
    """Points (..., 3) from cylinder coordinates around z; the arguments broadcast."""
    return np.stack(np.broadcast_arrays(radius * np.cos(angle), radius * np.sin(angle), height), -1)
