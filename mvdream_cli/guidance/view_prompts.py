"""View-dependent prompts: a single-view model is told from where it looks (DreamFusion, section 3.2)."""

import torch
from torch import Tensor

from mvdream_cli.cameras import FRONT_AZIMUTH_DEG

DIRECTIONS = ("front", "side", "back", "overhead")
OVERHEAD_ABOVE_DEG = 60.0


def view_prompts(prompt: str) -> list[str]:
    """The prompt as it is said of each of `DIRECTIONS`."""
    return [f"{prompt}, {direction} view" for direction in DIRECTIONS]


def direction_weights(azimuth_deg: Tensor, elevation_deg: Tensor) -> Tensor:
    """Weights (N, 4) of `DIRECTIONS` for cameras (N,), each row summing to 1.

    Front, side and back are interpolated by azimuth; above 60 degrees the view is overhead and nothing else.
    """
    turned = (azimuth_deg - FRONT_AZIMUTH_DEG + 180.0).remainder(360.0) - 180.0
    quarter = turned.abs() / 90.0  # 0 front, 1 side, 2 back
    front, back = (1.0 - quarter).clamp(min=0.0), (quarter - 1.0).clamp(min=0.0)
    zero, one = torch.zeros_like(front), torch.ones_like(front)
    around = torch.stack([front, 1.0 - front - back, back, zero], -1)
    above = torch.stack([zero, zero, zero, one], -1)
    return torch.where((elevation_deg > OVERHEAD_ABOVE_DEG)[:, None], above, around)


def text_of_views(text: Tensor, azimuth_deg: Tensor, elevation_deg: Tensor) -> Tensor:
    """Embeddings (N, L, D) of cameras (N,) from those of `view_prompts`, text (4, L, D)."""
    weights = direction_weights(azimuth_deg, elevation_deg).to(text)
    return torch.einsum("nd,dlc->nlc", weights, text)
