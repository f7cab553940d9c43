"""View-dependent prompts: a single-view model is told from where it looks (DreamFusion, section 3.2)."""

import torch
from torch import Tensor

from mvdream_cli.cameras import FRONT_AZIMUTH_DEG

DIRECTIONS = ("front", "side", "back", "overhead")
OVERHEAD_ABOVE_DEG = 60.0


def view_prompts(prompt: str, words_first: bool = False) -> list[str]:
    """The prompt as it is said of each of `DIRECTIONS`: "a dog, front view", or "front view of a dog" as SJC has it."""
    if words_first:
        return [f"{'backside' if direction == 'back' else direction} view of {prompt}" for direction in DIRECTIONS]
    return [f"{prompt}, {direction} view" for direction in DIRECTIONS]


def direction_weights(azimuth_deg: Tensor, elevation_deg: Tensor, sector_deg: float | None = None) -> Tensor:
    """Weights (N, 4) of `DIRECTIONS` for cameras (N,), each row summing to 1.

    Above 60 degrees the view is overhead and nothing else. Below, front, side and back are interpolated by azimuth.

    Args:
        sector_deg: nothing is interpolated; the views up to this angle from the front, and from the back, are called so.
    """
    turned = (azimuth_deg - FRONT_AZIMUTH_DEG + 180.0).remainder(360.0) - 180.0
    quarter = turned.abs() / 90.0  # 0 front, 1 side, 2 back
    front, back = (1.0 - quarter).clamp(min=0.0), (quarter - 1.0).clamp(min=0.0)
    if sector_deg is not None:
        front, back = (turned.abs() < sector_deg).to(quarter), (turned.abs() > 180.0 - sector_deg).to(quarter)
    zero, one = torch.zeros_like(front), torch.ones_like(front)
    around = torch.stack([front, 1.0 - front - back, back, zero], -1)
    above = torch.stack([zero, zero, zero, one], -1)
    return torch.where((elevation_deg > OVERHEAD_ABOVE_DEG)[:, None], above, around)


def text_of_views(text: Tensor, azimuth_deg: Tensor, elevation_deg: Tensor, sector_deg: float | None = None) -> Tensor:
    """Embeddings (N, L, D) of cameras (N,) from those of `view_prompts`, text (4, L, D)."""
    weights = direction_weights(azimuth_deg, elevation_deg, sector_deg).to(text)
    return torch.einsum("nd,dlc->nlc", weights, text)
