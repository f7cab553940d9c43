"""Solids on a lattice, and the surface between inside and outside. Values are above 0 inside; nothing else is asked of them.

Letters in shapes: X Y Z nodes along the axes.
"""

import numpy as np

CAP = 0.3  # height of the dome over what the box cuts off, as a share of the cut's half width
HIGHEST_CAP = 0.08  # world units


def close_holes(values: np.ndarray, cells: int, filling: float = 1.0) -> np.ndarray:
    """Holes and slits narrower than about `2 * cells` are closed; then what nothing outside can reach becomes solid.

    So there are no shells inside. The nodes that become solid get the value `filling`.
    """
    from scipy.ndimage import binary_closing, binary_fill_holes

    inside = closed = values > 0
    if cells:  # over the border of the lattice there is air, which must not eat what lies at the border
        closed = binary_closing(np.pad(inside, cells + 1), iterations=cells)[(slice(cells + 1, -cells - 1),) * 3] | inside
    return np.where(binary_fill_holes(closed) & ~inside, values.dtype.type(filling), values)


def round_off(values: np.ndarray, cell: float, walls: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Around a lattice (X, Y, Z) comes air; where the object goes through the box's walls, a dome instead of a flat lid.

    The dome rises as the square root of the distance from the cut's edge, so it goes on in the direction of the object's sides.

    Args:
        cell: side of a cell, world units.
        walls: (3, 2) bool, whether the first and last nodes of each axis lie on the box's wall.

    Returns:
        the larger lattice, and how many nodes came before its first ones, (3,).
    """
    from scipy.ndimage import distance_transform_edt

    before = np.zeros(3, int)
    for axis in range(3):
        parts = [np.moveaxis(values, axis, 0)]
        for end in (0, 1):
            cut = parts[0 if end == 0 else -1][0 if end == 0 else -1] > 0
            layers = np.full((1, *cut.shape), -1.0, values.dtype)
            if walls[axis, end] and cut.any():
                padded = np.pad(cut, 1)
                depth = (distance_transform_edt(padded) - distance_transform_edt(~padded))[1:-1, 1:-1] * cell
                depth -= 0.5 * cell * np.sign(depth)
                height = min(CAP * depth.max(), HIGHEST_CAP)
                rise = np.arange(1, int(height / cell) + 2)[:, None, None] * cell
                layers = (depth - rise**2 * (depth.max() / max(height, cell) ** 2)).astype(values.dtype) / cell
                layers = np.concatenate([layers, np.full((1, *cut.shape), -1.0, values.dtype)])
            if end == 0:
                before[axis] = len(layers)
                parts.insert(0, layers[::-1])
            else:
                parts.append(layers)
        values = np.moveaxis(np.concatenate(parts), 0, axis)
    return np.ascontiguousarray(values), before


def polygonise(values: np.ndarray, low: np.ndarray, cell: float) -> tuple[np.ndarray, np.ndarray]:
    """Marching cubes: vertices (N, 3) float32 in world units and faces (M, 3) int32, counter-clockwise from outside.

    Args:
        values: (X, Y, Z), air all around. low: (3,), the place of the first node.
    """
    from skimage.measure import marching_cubes

    vertices, faces, _, _ = marching_cubes(values, 0.0)
    vertices = (vertices * cell + low).astype(np.float32)
    return vertices, outward(vertices, faces.astype(np.int32))


def outward(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """The faces, all turned over if the surface as a whole has negative volume."""
    return faces if volume(vertices, faces) >= 0 else np.ascontiguousarray(faces[:, ::-1])


def volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    """What a closed surface encloses, below 0 if its faces look inwards."""
    a, b, c = vertices[faces].astype(np.float64).transpose(1, 0, 2)
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)
