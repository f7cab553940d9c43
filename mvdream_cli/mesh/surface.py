"""The surface of a field: marching cubes at a level of its density."""

import numpy as np
import torch
from torch import Tensor

from mvdream_cli.errors import ObjectError
from mvdream_cli.mesh.lattice import close_holes, polygonise, round_off
from mvdream_cli.mesh.level import device_of

_COARSE = 128  # points per axis, at most, of the first look, which finds the bounds; thin sheets must not slip through
_BLOCK = 1 << 20  # points at a time
_FLOOR = 1e-12  # densities below this are all the same emptiness
_STEEP = 10.0  # before smoothing, nothing is farther from the surface's level than this: no point outvotes its neighbourhood
_HOLES = 1 / 256  # of the object's side: half the width of the holes that are closed


@torch.no_grad()
def extract_surface(
    field, resolution: int = 128, level: float = 10.0, smooth_cells: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """The closed outer surface of a field by marching cubes.

    The lattice covers the object, not the box: `resolution` cells along its longest side. Small holes are closed and what
    nothing can see is filled; where the object goes through the wall of the box, it is rounded off.

    Args:
        level: a density (1 / length), such as that of `level.choose_level`.
        smooth_cells: width, in cells of the lattice, of a Gaussian over the density: a rough field gets a whole skin.

    Returns:
        vertices (N, 3) float32 in world units, faces (M, 3) int32, counter-clockwise seen from outside.

    Raises:
        ObjectError: nothing of the box is inside, all of it is, or the field is not finite.
    """
    raw_level = float(_activation_inverse(torch.tensor(float(level), dtype=torch.float64)))
    low, high = _bounds(field, level, raw_level, max(32, min(_COARSE, resolution)))
    cell = float((high - low).max()) / resolution
    counts = tuple(int(n) for n in np.ceil((high - low) / cell - 1e-6).astype(int) + 1)
    values = _above_level(field, raw_level, low, counts, cell)
    walls = np.stack([low <= -1.0, low + (np.array(counts) - 1) * cell >= 1.0 - 1e-6], 1)
    filling = _STEEP if smooth_cells else 1.0
    values = close_holes(values, max(round(_HOLES * resolution), round(smooth_cells)), filling)
    if smooth_cells:
        values = _smoothed(values, smooth_cells)
    values, before = round_off(values, cell, walls)
    return polygonise(values, low - before * cell, cell)


def _bounds(field, level: float, raw_level: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Low and high corner (3,) of the part of the box that holds the object, with a margin where the box has one."""
    cell = 2.0 / (count - 1)
    inside = _above_level(field, raw_level, np.full(3, -1.0), (count,) * 3, cell) > 0
    if not inside.any():
        raise ObjectError(f"export: the object is empty at density level {level:.3g}; choose a lower level, or train longer")
    if inside.mean() > 0.98:
        raise ObjectError(
            f"export: the object fills the whole box at density level {level:.3g}; choose a higher level, or train again"
        )
    where = np.argwhere(inside)
    low, high = (where.min(0) - 1.5) * cell - 1.0, (where.max(0) + 1.5) * cell - 1.0
    return np.maximum(low, -1.0), np.minimum(high, 1.0)


def _above_level(field, raw_level: float, low: np.ndarray, counts: tuple[int, int, int], cell: float) -> np.ndarray:
    """Softplus-inverse density over that of the surface on a lattice, float32 (X, Y, Z)."""
    device = device_of(field)
    x, y, z = (torch.arange(n, device=device) * cell + float(start) for n, start in zip(counts, low))
    slab = max(1, _BLOCK // (counts[1] * counts[2]))
    parts = []
    for part in x.split(slab):
        points = torch.stack(torch.meshgrid(part, y, z, indexing="ij"), -1)
        values = _activation_inverse(field.density(points.clamp(-1.0, 1.0)).float()) - raw_level
        parts.append(values.cpu())
    values = torch.cat(parts).numpy()
    if not np.isfinite(values).all():
        raise ObjectError("export: the field holds numbers that are not finite; take an earlier checkpoint of the run")
    return values


def _activation_inverse(density: Tensor) -> Tensor:
    """Softplus undone: nearly linear across a surface, where density itself jumps; marching cubes interpolates it."""
    density = density.clamp(min=_FLOOR)
    return density + torch.log(-torch.expm1(-density))


def _smoothed(values: np.ndarray, cells: float) -> np.ndarray:
    """A Gaussian over the values; what lies deep inside or outside has no more say than what lies near."""
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(np.where(values > 0, np.minimum(values, _STEEP), np.maximum(values, -_STEEP)), cells, mode="nearest")
