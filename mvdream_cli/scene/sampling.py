"""Where along each ray the field is asked: only in the occupied part of the box. Padded (rays, samples), any device.

Letters in shapes: R rays, N rays that meet something, S samples, K steps of the occupancy march.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from mvdream_cli.scene.occupancy import Occupancy


class RaySamples(NamedTuple):
    """`rays` (N,): indices of the rays that meet something. `t` (N, S): distances of the samples, ascending.
    `width` (N, 1): the length of ray that each of them stands for."""

    rays: Tensor
    t: Tensor
    width: Tensor


def intersect_box(rays_o: Tensor, rays_d: Tensor, bounds: Tensor) -> tuple[Tensor, Tensor]:
    """Entry and exit distances (R,) of rays (R, 3) through the box `bounds` (2, 3); exit <= entry is a miss."""
    direction = torch.where(rays_d.abs() < 1e-9, torch.full_like(rays_d, 1e-9), rays_d)
    low, high = (bounds[0] - rays_o) / direction, (bounds[1] - rays_o) / direction
    near = torch.minimum(low, high).amax(-1).clamp(min=0.0)
    far = torch.maximum(low, high).amin(-1)
    return near, far


@torch.no_grad()
def place_samples(
    rays_o: Tensor, rays_d: Tensor, samples_per_ray: int, occupancy: Occupancy | None = None, stratified: bool = False
) -> RaySamples:
    """Spread `samples_per_ray` samples evenly over the part of each ray (R, 3) that crosses occupied cells.

    Without an occupancy that part is the whole box. Gaps between occupied stretches get no sample and no length.
    `stratified` shifts the samples of each ray by one random fraction of their width (global torch generator).
    """
    if occupancy is None:
        bounds = torch.tensor([[-1.0] * 3, [1.0] * 3], dtype=rays_o.dtype, device=rays_o.device)
        near, far = intersect_box(rays_o, rays_d, bounds)
        stretch, filled = far - near, (far > near)[:, None]  # one stretch
    else:
        near, far = intersect_box(rays_o, rays_d, occupancy.bounds)
        # Steps of at most two cells: every point of a stretch is within one cell of its middle, and `occupied` is
        # grown by one cell, so a stretch whose middle is empty is empty.
        count = torch.ceil((far - near) / (2.0 * occupancy.cell_size)).clamp(min=1.0)
        stretch = (far - near) / count
        step = torch.arange(occupancy.steps + 1, device=rays_o.device)
        middle = near[:, None] + (step + 0.5) * stretch[:, None]  # (R, K)
        points = rays_o[:, None] + rays_d[:, None] * middle[..., None]
        filled = occupancy.lookup(points) & (step < count[:, None]) & (far > near)[:, None]
    rays = filled.any(-1).nonzero()[:, 0]  # (N,), the one number that the host waits for
    near, stretch, filled = near[rays], stretch[rays], filled[rays]

    filled_before = filled.cumsum(-1)  # (N, K), how many stretches are filled up to and with this one
    count = filled_before[:, -1:]
    shift = torch.rand(len(rays), 1, dtype=rays_o.dtype, device=rays_o.device) if stratified else 0.5
    position = (torch.arange(samples_per_ray, device=rays_o.device) + shift) * (count / samples_per_ray)  # (N, S)
    order = torch.minimum(position.long(), count - 1)  # which of the filled stretches
    index = torch.searchsorted(filled_before, order, right=True)
    t = near[:, None] + (index + (position - order)) * stretch[:, None]
    return RaySamples(rays, t, count * stretch[:, None] / samples_per_ray)
