"""The surface of a field: which level of density it is, and marching cubes at that level."""

import numpy as np
import torch
from nerfacc import render_weight_from_density
from torch import Tensor

from mvdream_cli.cameras import get_rays, orbit
from mvdream_cli.errors import ObjectError
from mvdream_cli.scene.occupancy import Occupancy
from mvdream_cli.scene.sampling import place_samples

_COARSE = 64  # points per axis of the first look, which finds the bounds of the object
_BLOCK = 1 << 20  # points at a time
_FLOOR = 1e-12  # densities below this are all the same emptiness
_STEEP = 10.0  # before smoothing, nothing is farther from the surface's level than this: no point outvotes its neighbourhood


def _device(field) -> torch.device:
    parameters = list(field.parameters()) if hasattr(field, "parameters") else []
    return parameters[0].device if parameters else torch.device("cpu")


@torch.no_grad()
def auto_level(
    field, occupancy: Occupancy | None = None, num_views: int = 6, size_px: int = 64, samples_per_ray: int = 128
) -> float:
    """The density whose level set has the silhouettes that the rendered field has.

    A ray hits the level set {density > level} where its largest density exceeds the level; it shows the object where
    its opacity exceeds one half. The level returned gives these two sets of rays the best intersection over union;
    where a range of levels does equally well, the middle of the range.

    Raises:
        ObjectError: the field shows nothing, or is not finite.
    """
    device = _device(field)
    azimuth_deg = torch.arange(num_views) * 360.0 / num_views
    elevation_deg = torch.tensor([15.0, -10.0, 40.0]).repeat(num_views // 3 + 1)[:num_views]
    rays_o, rays_d = get_rays(orbit(azimuth_deg, elevation_deg, 4.0).to(device), 50.0, size_px, size_px)
    rays_o, rays_d = rays_o.reshape(-1, 3), rays_d.reshape(-1, 3)
    samples = place_samples(rays_o, rays_d, samples_per_ray, occupancy)
    density = field.density(rays_o[samples.rays, None] + rays_d[samples.rays, None] * samples.t[..., None])
    if not torch.isfinite(density).all():
        raise ObjectError("export: the field holds numbers that are not finite; take an earlier checkpoint of the run")
    half = 0.5 * samples.width
    weights, _, _ = render_weight_from_density(samples.t - half, samples.t + half, density)
    shown = weights.sum(-1) > 0.5
    if shown.sum() < 5e-4 * len(rays_o):
        raise ObjectError("export: the object is empty, no ray is stopped by it; train longer or use another prompt or seed")
    # Intersection over union at every level at once: rays in order of their largest density.
    peak, order = density.amax(-1).sort(descending=True)
    hit = shown[order].float()
    intersection = hit.cumsum(0)
    union = torch.arange(1, len(hit) + 1, device=device) + hit.sum() - intersection
    overlap = intersection / union
    good = (overlap >= overlap.max() - 0.002).nonzero()[:, 0]
    highest = float(peak[good[0]])
    lowest = float(peak[good[-1] + 1]) if good[-1] + 1 < len(peak) else 0.0
    return max((highest * max(lowest, 1e-3)) ** 0.5, 1e-2)


def _activation_inverse(density: Tensor) -> Tensor:
    """Softplus undone: nearly linear across a surface, where density itself jumps; marching cubes interpolates it."""
    density = density.clamp(min=_FLOOR)
    return density + torch.log(-torch.expm1(-density))


@torch.no_grad()
def _sample_grid(field, low: np.ndarray, counts: tuple[int, int, int], cell: float) -> np.ndarray:
    """Softplus-inverse density on a lattice, float32 (nx, ny, nz)."""
    device = _device(field)
    x, y, z = (torch.arange(n, device=device) * cell + float(start) for n, start in zip(counts, low))
    slab = max(1, _BLOCK // (counts[1] * counts[2]))
    parts = []
    for part in x.split(slab):
        points = torch.stack(torch.meshgrid(part, y, z, indexing="ij"), -1)
        values = _activation_inverse(field.density(points.clamp(-1.0, 1.0)).float())
        parts.append(values.cpu())
    return torch.cat(parts).numpy()


def _wrap_in_air(grid: np.ndarray, raw_level: float) -> None:
    """The outermost nodes become air, so that the surface closes."""
    for axis in range(3):
        for end in (0, -1):
            grid[(slice(None),) * axis + (end,)] = raw_level - 1.0


def extract_surface(
    field,
    resolution: int = 128,
    level: float | str = "auto",
    occupancy: Occupancy | None = None,
    smooth_cells: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """The closed outer surface of a field by marching cubes.

    The lattice covers the object, not the box: `resolution` cells along its longest side. Cavities that nothing can see
    are filled; the surface is closed where the object touches the box.

    Args:
        level: a density (1 / length), or "auto" for `auto_level`.
        occupancy: where the field was rendered, if it was not everywhere; only "auto" asks.
        smooth_cells: width, in cells of the lattice, of a Gaussian over the density: a rough field gets a whole skin.

    Returns:
        vertices (N, 3) float32 in world units, faces (M, 3) int32, counter-clockwise seen from outside.

    Raises:
        ObjectError: nothing of the box is inside, all of it is, or the field is not finite.
    """
    from scipy.ndimage import binary_closing, binary_fill_holes, gaussian_filter
    from skimage.measure import marching_cubes

    level = auto_level(field, occupancy) if level == "auto" else float(level)
    raw_level = float(_activation_inverse(torch.tensor(level, dtype=torch.float64)))
    coarse_cell = 2.0 / (_COARSE - 1)
    coarse = _sample_grid(field, np.full(3, -1.0), (_COARSE,) * 3, coarse_cell)
    if not np.isfinite(coarse).all():
        raise ObjectError("export: the field holds numbers that are not finite; take an earlier checkpoint of the run")
    inside = coarse > raw_level
    if not inside.any():
        raise ObjectError(f"export: the object is empty at density level {level:.3g}; choose a lower level, or train longer")
    if inside.mean() > 0.98:
        raise ObjectError(
            f"export: the object fills the whole box at density level {level:.3g}; choose a higher level, or train again"
        )
    where = np.argwhere(inside)
    low = np.maximum(where.min(0) * coarse_cell - 1.0 - 1.5 * coarse_cell, -1.0)
    high = np.minimum(where.max(0) * coarse_cell - 1.0 + 1.5 * coarse_cell, 1.0)
    cell = float((high - low).max()) / resolution
    counts = tuple(int(n) for n in np.ceil((high - low) / cell).astype(int) + 3)  # one cell of air on each side
    low = low - cell
    grid = _sample_grid(field, low, counts, cell)
    if not np.isfinite(grid).all():
        raise ObjectError("export: the field holds numbers that are not finite; take an earlier checkpoint of the run")
    _wrap_in_air(grid, raw_level)
    inside = grid > raw_level
    # a skin with holes would let the Gaussian eat it from both sides: close it, and what is within becomes solid
    closed = binary_closing(inside, iterations=round(smooth_cells)) if smooth_cells >= 1 else inside
    hidden = binary_fill_holes(closed | inside) & ~inside
    grid[hidden] = raw_level + (_STEEP if smooth_cells else 1.0)
    if smooth_cells:
        grid = gaussian_filter(grid.clip(raw_level - _STEEP, raw_level + _STEEP), smooth_cells)
        _wrap_in_air(grid, raw_level)
    vertices, faces, _, _ = marching_cubes(grid, raw_level)
    vertices = np.clip(vertices * cell + low, -1.0, 1.0).astype(np.float32)
    return vertices, outward(vertices, faces.astype(np.int32))


def outward(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """The faces, all turned over if the surface as a whole has negative volume."""
    a, b, c = vertices[faces].astype(np.float64).transpose(1, 0, 2)
    return faces if np.einsum("ij,ij->", a, np.cross(b, c)) >= 0 else np.ascontiguousarray(faces[:, ::-1])
