"""Where the box is not empty: a coarse grid that keeps the samples of a ray out of the air."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Occupancy(nn.Module):
    """Decayed maximum of the density in each cell of the box, and the cells worth sampling.

    Buffers (part of the state dict, so that a resumed run equals an uninterrupted one): `density` (R, R, R) and
    `occupied` (R, R, R), indexed [z, y, x]. `occupied` is grown by one cell on each side: `scene.render` steps two
    cells at a time along a ray and still never misses one.

    `steps`: of two cells each, what the longest ray through the bounds needs; known to the host, which must not ask the
    device for it at each render. Until the first `update` every cell counts as occupied.
    """

    def __init__(self, resolution: int = 32):
        super().__init__()
        self.resolution = resolution
        shape = (resolution, resolution, resolution)
        self.register_buffer("density", torch.zeros(shape))
        self.register_buffer("occupied", torch.ones(shape, dtype=torch.bool))
        self.register_buffer("bounds", torch.tensor([[-1.0] * 3, [1.0] * 3]))
        self._count_steps()
        self.register_load_state_dict_post_hook(lambda occupancy, _: occupancy._count_steps())

    @property
    def cell_size(self) -> float:
        return 2.0 / self.resolution

    def _count_steps(self) -> None:
        self.steps = max(1, math.ceil(float((self.bounds[1] - self.bounds[0]).norm()) / (2.0 * self.cell_size)))

    @torch.no_grad()
    def update(self, field, decay: float = 0.8, opacity_threshold: float = 0.01) -> None:
        """Look at the field again: eight points a cell, deterministic. For every 8 to 16 steps.

        A cell is occupied when crossing it would stop more than `opacity_threshold` of the light, or more than the
        average cell does, if that is less (nerfacc's rule), but never less than a hundredth of it.
        nerfacc decays by 0.95 because it looks at random points; every cell is looked at here, so less memory will do.
        """
        count = 2 * self.resolution
        centres = (torch.arange(count, device=self.density.device) + 0.5) * (2.0 / count) - 1.0
        z, y, x = torch.meshgrid(centres, centres, centres, indexing="ij")
        seen = field.density(torch.stack([x, y, z], -1)).float()  # (2R, 2R, 2R)
        seen = F.max_pool3d(seen[None, None], 2)[0, 0]
        self.density.copy_(torch.maximum(self.density * decay, seen))
        opacity = self.density * self.cell_size
        threshold = opacity.mean().clamp(0.01 * opacity_threshold, opacity_threshold)
        grown = F.max_pool3d((opacity > threshold).float()[None, None], 3, stride=1, padding=1)[0, 0]
        self.occupied.copy_(grown > 0)
        self._tighten()

    def _tighten(self) -> None:
        """Bounds (2, 3) of the occupied cells; a point at the origin when there are none."""
        for axis in range(3):  # x, y, z are the last, middle and first index
            line = self.occupied.any(dim=[d for d in range(3) if d != 2 - axis]).nonzero()
            low, high = (line.min(), line.max() + 1) if len(line) else (self.resolution / 2, self.resolution / 2)
            self.bounds[0, axis] = low * self.cell_size - 1.0
            self.bounds[1, axis] = high * self.cell_size - 1.0
        self._count_steps()

    def lookup(self, points: Tensor) -> Tensor:
        """World points (..., 3) -> bool (...)."""
        index = ((points + 1.0) * (0.5 * self.resolution)).long().clamp_(0, self.resolution - 1)
        flat = (index[..., 2] * self.resolution + index[..., 1]) * self.resolution + index[..., 0]
        return self.occupied.view(-1)[flat]

    def fraction(self) -> float:
        """Occupied share of the box, in [0, 1]."""
        return float(self.occupied.float().mean())
