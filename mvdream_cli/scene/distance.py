"""Signed distance and color on a lattice of the box [-1, 1]^3, asked for from coarse to fine, and only near the surface.

Letters in shapes: N nodes along a side, K points.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from mvdream_cli.scene.field import DenseGridField

# world points (K, 3) of the box -> signed distance (K,), negative inside, and sRGB color (K, 3)
Distance = Callable[[Tensor], tuple[Tensor, Tensor]]

COARSE_CELLS = 32
NEAR_CELLS = 0.6  # how close to the surface a node must lie, in cells of the coarser lattice, to be asked again
FALL = 2000.0  # raw density of a dense grid per unit of distance
DENSEST, THINNEST = 120.0, -40.0  # and its bounds


class DistanceGrid(NamedTuple):
    """distance (N, N, N) by x, y, z, world units, negative inside; colors (N, N, N, 3), known near the surface."""

    distance: Tensor
    colors: Tensor


@torch.no_grad()
def sample_distance(distance_of: Distance, cells: int, device: torch.device) -> DistanceGrid:
    """Ask at the nodes of a lattice of about `cells` along the box; far from the surface, coarser answers are interpolated."""
    halvings = max(0, round(math.log2(cells / COARSE_CELLS)))
    count = math.ceil(cells / 2**halvings)
    known, colors = distance_of(nodes(count + 1, device).view(-1, 3))
    known, colors = known.view(1, 1, *[count + 1] * 3), colors.T.reshape(1, 3, *[count + 1] * 3)
    for step in range(halvings):
        near = NEAR_CELLS * 2.0 / count
        count *= 2
        known, colors = (F.interpolate(x, size=[count + 1] * 3, mode="trilinear", align_corners=True) for x in (known, colors))
        # thin things show on a coarse lattice only by a small distance; on the finest, the surface lies where the sign changes
        close = (known.abs() < near) if step < halvings - 1 else beside_surface(known)
        asked = close[0, 0].nonzero(as_tuple=True)
        if len(asked[0]):
            known[0, 0][asked], exact = distance_of(nodes(count + 1, device)[asked])
            for channel in range(3):
                colors[0, channel][asked] = exact[:, channel]
    return DistanceGrid(known[0, 0], colors[0].movedim(0, -1))


def beside_surface(distance: Tensor) -> Tensor:
    """The nodes with another sign among their neighbours; (1, 1, N, N, N) -> bool of that shape."""
    inside = (distance < 0).float()
    return F.max_pool3d(inside, 3, 1, 1) + F.max_pool3d(1 - inside, 3, 1, 1) > 1


def nodes(count: int, device: torch.device) -> Tensor:
    """The points of a lattice over the box, (N, N, N, 3) by x, y, z."""
    axis = torch.linspace(-1.0, 1.0, count, device=device)
    return torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1)


@torch.no_grad()
def become(field: DenseGridField, grid: DistanceGrid) -> None:
    """Give a dense grid the density of a distance, a steep rise at the surface, and its colors, to go on from."""
    finest = field.grids[-1]
    count = finest.shape[-1]
    both = torch.cat([grid.distance[None], grid.colors.movedim(-1, 0)])[None]  # (1, 4, x, y, z)
    both = F.interpolate(both, size=[count] * 3, mode="trilinear", align_corners=True)[0]
    points = nodes(count, both.device)
    blob = field.blob_density * (1.0 - points.norm(dim=-1) / field.blob_radius)
    raw = (-FALL * both[0]).clamp(THINNEST, DENSEST)
    color = torch.logit(both[1:].clamp(0.02, 0.98)) / field.color_scale
    values = torch.cat([((raw - blob) / field.density_scale)[None], color])  # (4, x, y, z)
    for grid_of_field in field.grids:
        grid_of_field.zero_()
    finest.copy_(values.permute(0, 3, 2, 1)[None])  # a grid's last index is x


@torch.no_grad()
def moved(grid: DistanceGrid, field: DenseGridField, begun: list[Tensor]) -> DistanceGrid:
    """A distance, changed as the density of a dense grid has changed that was to `become` it; its colors stay.

    Args:
        begun: the field's grids then.
    """
    count = len(grid.distance)
    change = torch.zeros_like(grid.distance)
    for now, then in zip(field.grids, begun, strict=True):  # a sum of trilinear grids: so is its change
        raw = F.interpolate((now - then)[:, :1], size=[count] * 3, mode="trilinear", align_corners=True)[0, 0]
        change += field.density_scale / FALL * raw.permute(2, 1, 0)  # a grid's last index is x
    # density has its bounds: what it loses or wins there has to reach a surface, however deep in it the place was
    return DistanceGrid(grid.distance.clamp(-DENSEST / FALL, -THINNEST / FALL) - change, grid.colors)


def colors_at(grid: DistanceGrid, points: Tensor) -> Tensor:
    """Colors (K, 3) at world points (K, 3), between the nodes."""
    place = points.flip(-1).view(1, 1, 1, -1, 3)  # the lattice is indexed by x, y, z
    found = F.grid_sample(grid.colors.movedim(-1, 0)[None].float(), place, align_corners=True, padding_mode="border")
    return found.view(3, -1).T
