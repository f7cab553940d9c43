"""Which density is the surface: the level set that re-renders as the field does.

Letters in shapes: R rays, S samples along a ray, L levels.
"""

from dataclasses import dataclass

import torch
from nerfacc import render_weight_from_density
from torch import Tensor

from mvdream_cli.cameras import get_rays, orbit
from mvdream_cli.errors import ObjectError
from mvdream_cli.scene.occupancy import Occupancy
from mvdream_cli.scene.sampling import place_samples

LEVELS = 48
FAR = 1.0  # world units: a depth that is wrong by so much is as bad as a ray that misses; outlines are seen before depth is
ALIKE = 0.003  # levels whose error is within this of the least are as good
ELEVATION_DEG = (15.0, -10.0, 40.0, -35.0)


@dataclass
class Level:
    """`density` of the surface (1 / length), and how well level sets re-render: rows of density, silhouette overlap (IoU),
    mean error of depth where both are (world units), and share of rays that are wrong, by rising density."""

    density: float
    curve: list[tuple[float, float, float, float]]


@torch.no_grad()
def choose_level(
    field, occupancy: Occupancy | None = None, num_views: int = 8, size_px: int = 128, samples_per_ray: int = 96
) -> Level:
    """The density whose level set has the silhouettes and depths that the rendered field has.

    A ray meets the set {density > level} where its first sample above the level is; it shows the object where its opacity
    exceeds one half, at the depth where it does. All levels are tried on the same samples; no mesh is made for it. A ray
    is wrong by 1 where only one of them is, else by the difference of depths in units of `FAR`. Of a range of levels that
    do equally well, the middle.

    Raises:
        ObjectError: the field shows nothing, or is not finite.
    """
    samples, density = _densities(field, occupancy, num_views, size_px, samples_per_ray)
    half = 0.5 * samples.width
    _, transmittance, _ = render_weight_from_density(samples.t - half, samples.t + half, density)
    after = transmittance * torch.exp(-density * samples.width)  # light that is left behind each sample
    shown, seen_at = _first(after < 0.5, samples.t)
    if shown.sum() < 5e-4 * num_views * size_px**2:
        raise ObjectError("export: the object is empty, no ray is stopped by it; train longer or use another prompt or seed")
    peak = density.amax(-1)
    lowest, highest = (max(float(peak.min()), 1e-2), max(float(peak.max()), 2e-2))
    levels = torch.logspace(*torch.tensor([lowest, highest]).log10().tolist(), LEVELS + 1, dtype=torch.float64)[:-1]
    curve = []
    for level in levels.tolist():
        hit, met_at = _first(density > level, samples.t)
        both, either = hit & shown, hit | shown
        off = (met_at - seen_at).abs()[both]
        wrong = (either & ~both).sum() + (off / FAR).clamp(max=1.0).sum()
        depth_error = float(off.mean()) if len(off) else float("inf")
        curve.append((level, float(both.sum() / either.sum()), depth_error, float(wrong / either.sum())))
    least = min(row[3] for row in curve)
    good = [row[0] for row in curve if row[3] <= least + ALIKE]
    return Level(max((good[0] * good[-1]) ** 0.5, 1e-2), curve)


def _densities(field, occupancy, num_views: int, size_px: int, samples_per_ray: int) -> tuple:
    """Samples on the rays of cameras all around, and the density there (R, S)."""
    device = device_of(field)
    azimuth_deg = torch.arange(num_views) * 360.0 / num_views
    elevation_deg = torch.tensor(ELEVATION_DEG).repeat(num_views // len(ELEVATION_DEG) + 1)[:num_views]
    rays_o, rays_d = get_rays(orbit(azimuth_deg, elevation_deg, 4.0).to(device), 40.0, size_px, size_px)
    rays_o, rays_d = rays_o.reshape(-1, 3), rays_d.reshape(-1, 3)
    samples = place_samples(rays_o, rays_d, samples_per_ray, occupancy)
    parts = []
    for rays, t in zip(samples.rays.split(4096), samples.t.split(4096)):
        parts.append(field.density(rays_o[rays, None] + rays_d[rays, None] * t[..., None]).float())
    density = torch.cat(parts) if parts else samples.t.new_zeros(0, samples_per_ray)
    if not torch.isfinite(density).all():
        raise ObjectError("export: the field holds numbers that are not finite; take an earlier checkpoint of the run")
    return samples, density


def _first(true: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """Which rays have a sample that is true (R,), and where the first of those lies (R,)."""
    return true.any(-1), t.gather(-1, true.to(torch.uint8).argmax(-1, keepdim=True))[:, 0]


def device_of(field) -> torch.device:
    """Where a field computes; fields without parameters on the CPU."""
    parameters = list(field.parameters()) if hasattr(field, "parameters") else []
    return parameters[0].device if parameters else torch.device("cpu")
