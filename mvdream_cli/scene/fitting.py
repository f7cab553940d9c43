"""From pictures to a field: the photometric loss of fitting sampled views."""

import torch
from torch import Tensor


def border_colour(images: Tensor, border_px: int = 3) -> Tensor:
    """The background of each picture: the median colour of its rim. (V, H, W, 3) -> (V, 3)."""
    b = border_px
    rim = torch.cat(
        [
            images[:, :b].flatten(1, 2),
            images[:, -b:].flatten(1, 2),
            images[:, :, :b].flatten(1, 2),
            images[:, :, -b:].flatten(1, 2),
        ],
        1,
    )  # (V, N, 3)
    return rim.median(1).values


def draw_pixels(images: Tensor, backgrounds: Tensor, count: int, foreground_share: float = 0.6) -> tuple[Tensor, Tensor]:
    """Random pixels, more of them where a picture differs from its background, where there is more to learn.

    Args:
        images: (V, H, W, 3). backgrounds: (V, 3).

    Returns:
        view (count,) and flat pixel index (count,), from torch's global generator.
    """
    difference = (images - backgrounds[:, None, None]).abs().amax(-1).flatten()  # (V H W,)
    foreground = (difference > 0.06).nonzero()[:, 0]
    inside = int(count * foreground_share) if len(foreground) else 0
    picked = torch.randint(difference.numel(), (count,), device=images.device)
    if inside:
        picked[:inside] = foreground[torch.randint(len(foreground), (inside,), device=images.device)]
    pixels = images.shape[1] * images.shape[2]
    return picked // pixels, picked % pixels


def photometric_loss(rgb: Tensor, target: Tensor) -> Tensor:
    """Smooth L1 between colours (N, 3) in [0, 1]: as L2 for small errors, forgiving where views disagree."""
    return torch.nn.functional.smooth_l1_loss(rgb, target, beta=0.1)
