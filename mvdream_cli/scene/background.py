"""What stands behind the object."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def spherical_harmonics(directions: Tensor) -> Tensor:
    """Real spherical harmonics of bands 0 to 2 of unit vectors (..., 3) -> (..., 9), in tiny-cuda-nn's order and signs."""
    x, y, z = directions.unbind(-1)
    return torch.stack(
        [
            torch.full_like(x, 0.28209479177387814),
            -0.48860251190291987 * y,
            0.48860251190291987 * z,
            -0.48860251190291987 * x,
            1.0925484305920792 * x * y,
            -1.0925484305920792 * y * z,
            0.94617469575755997 * z * z - 0.31539156525251999,
            -1.0925484305920792 * x * z,
            0.54627421529603959 * (x * x - y * y),
        ],
        -1,
    )


class NeuralBackground(nn.Module):
    """A smooth surrounding learnt beside the object: directions -> sRGB, by a small network on spherical harmonics.

    Args:
        width: of its two hidden layers.
    """

    def __init__(self, width: int = 16):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(9, width, bias=False), nn.ReLU(), nn.Linear(width, width, bias=False), nn.ReLU(),
            nn.Linear(width, 3, bias=False),
        )  # fmt: skip

    def forward(self, rays_d: Tensor) -> Tensor:
        """Unit directions (..., 3) -> colors (..., 3) in (0, 1)."""
        return torch.sigmoid(self.net(spherical_harmonics(rays_d)))


class LatentBackground(nn.Module):
    """A small picture of latents around everything (Score Jacobian Chaining): directions -> latents.

    Args:
        channels: of the latents. size: rows (from the pole at +z down) and columns (around) of the picture.
    """

    def __init__(self, channels: int, size: int = 4):
        super().__init__()
        self.texture = nn.Parameter(torch.randn(1, channels, size, size))

    def forward(self, rays_d: Tensor) -> Tensor:
        """Unit directions (..., 3) -> (..., channels)."""
        x, y, z = rays_d.reshape(-1, 3).unbind(-1)
        down, around = torch.atan2(torch.hypot(x, y), z) / torch.pi, torch.atan2(y, x) / (2 * torch.pi) + 0.5  # in [0, 1]
        place = 2 * torch.stack([around, down], -1)[None, None] - 1
        found = F.grid_sample(self.texture, place, padding_mode="reflection", align_corners=False)  # (1, C, 1, R)
        return found[0, :, 0].T.reshape(*rays_d.shape[:-1], -1)


def random_background(kind: str, device=None) -> Tensor:
    """One color (3,) for all rays of a step, from torch's global generator of the device.

    Args:
        kind: "color", any; "gray", any gray, as in the training pictures; "middle gray", always 0.5.
    """
    if kind == "middle gray":
        return torch.full((3,), 0.5, device=device)
    return torch.rand(1 if kind == "gray" else 3, device=device).expand(3)
