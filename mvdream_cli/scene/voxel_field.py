"""Score Jacobian Chaining's field: a grid of densities and of latents, which no network decodes (arXiv:2212.00774)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class VoxelField(nn.Module):
    """Density and latents at the centres of voxels, trilinear between them.

    With g, c the grids at a point p,
        density = softplus(g * exp(log_scale) + density_bias)      1 / length
        latents = c                                               of the autoencoder, scaled
        rgb     = [c, 1] colors, clamped                          what they look like, about
    Its distillation renders latents, without an encoder; whatever else asks it for colors gets those that a linear map gives.

    Args:
        channels: of the latents.
        resolution: voxels along a side.
        density_bias: below zero, so that untouched space is nearly empty.

    Attributes:
        colors: (channels + 1, 3), see `diffusion.latent_colors`; a buffer that is kept with the field.
    """

    def __init__(self, channels: int, resolution: int = 100, density_bias: float = -1.0):
        super().__init__()
        self.channels, self.resolution, self.density_bias = channels, resolution, float(density_bias)
        side = (resolution,) * 3
        self.grid = nn.Parameter(torch.cat([torch.zeros(1, 1, *side), torch.randn(1, channels, *side)], 1))
        self.log_scale = nn.Parameter(torch.zeros(()))
        self.register_buffer("colors", torch.zeros(channels + 1, 3))

    def config(self) -> dict:
        """What `build_field` needs, with the state dict, to make this field again."""
        return {
            "kind": "voxels",
            "channels": self.channels,
            "resolution": self.resolution,
            "density_bias": self.density_bias,
        }

    def grid_parameters(self) -> list[nn.Parameter]:
        """All: there are no networks."""
        return [self.grid, self.log_scale]

    def _lookup(self, points: Tensor, channels: int) -> Tensor:
        """(K, 3) -> (K, channels), the first channels of the grid."""
        values = F.grid_sample(self.grid[:, :channels], points.view(1, 1, 1, -1, 3), align_corners=False)
        return values[0].flatten(1).T

    def _raw_density(self, value: Tensor) -> Tensor:
        return value * self.log_scale.exp() + self.density_bias

    def raw_density(self, points: Tensor) -> Tensor:
        """Density before softplus, (..., 3) -> (...)."""
        return self._raw_density(self._lookup(points.reshape(-1, 3), 1)[:, 0]).view(points.shape[:-1])

    def density(self, points: Tensor) -> Tensor:
        """Density at world points (..., 3) of the box -> (...), 1 / length."""
        return F.softplus(self.raw_density(points))

    def latents(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """World points (..., 3) of the box -> density (...) and latents (..., channels)."""
        values = self._lookup(points.reshape(-1, 3), 1 + self.channels)
        density = F.softplus(self._raw_density(values[:, 0]))
        return density.view(points.shape[:-1]), values[:, 1:].reshape(*points.shape[:-1], self.channels)

    def forward(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """World points (..., 3) of the box -> density (...) and sRGB color (..., 3) in [0, 1]."""
        density, latents = self.latents(points)
        return density, (latents @ self.colors[:-1] + self.colors[-1]).clamp(0.0, 1.0)


class InLatents:
    """A `VoxelField` as its distillation renders it: what it calls color are latents."""

    def __init__(self, field: VoxelField):
        self.density, self.raw_density, self._latents = field.density, field.raw_density, field.latents

    def __call__(self, points: Tensor) -> tuple[Tensor, Tensor]:
        return self._latents(points)
