"""From pictures to a field: the photometric loss of fitting sampled views."""

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from mvdream_cli.cameras import get_rays


def border_color(images: Tensor, border_px: int = 3) -> Tensor:
    """The background of each picture: the median color of its rim. (V, H, W, 3) -> (V, 3)."""
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


def foreground_mask(images: Tensor, backgrounds: Tensor, tolerance: float = 0.07) -> Tensor:
    """Where the object is: what differs from the background's color, holes filled. (V, H, W, 3), (V, 3) -> (V, H, W) bool."""
    differs = (images - backgrounds[:, None, None]).abs().amax(-1) > tolerance
    opened = [ndimage.binary_opening(view, iterations=1) for view in differs.cpu().numpy()]  # lone pixels are noise
    return torch.from_numpy(np.stack([ndimage.binary_fill_holes(view) for view in opened])).to(images.device)


def pixel_weights(mask: Tensor, background_weight: float, rim_px: int) -> Tensor:
    """How much each pixel counts in fitting; (V, H, W) bool -> (V, H, W).

    Sampled views never agree to the pixel. Where one sees the object and another the background, the object's pixel can be
    explained by many points and the background's by none, so the background counts more: it carves away what hangs in the
    air. The rim of the object, mixed with the background's color, counts nothing.
    """
    core = mask.cpu().numpy()
    if rim_px:
        core = np.stack([ndimage.binary_erosion(view, iterations=rim_px) for view in core])
    return torch.where(mask, torch.from_numpy(core).to(mask.device).float(), background_weight)


def draw_pixels(foreground: Tensor, total: int, count: int, foreground_fraction: float = 0.3) -> Tensor:
    """Random ones of `total` pixels, (count,), a fixed share of them among `foreground` (F,), however few those are.

    From torch's global generator of the device.
    """
    picked = torch.randint(total, (count,), device=foreground.device)
    inside = int(count * foreground_fraction) if len(foreground) else 0
    if inside:
        picked[:inside] = foreground[torch.randint(len(foreground), (inside,), device=foreground.device)]
    return picked


class FittedViews:
    """Pictures around the object with their cameras, from which rays are drawn for fitting.

    Args:
        images: (V, H, W, 3) in [0, 1], the object before an even background.
        c2w: (V, 4, 4). fovy_deg: their field of view, one or (V,).
        background_weight, rim_px: of `pixel_weights`.
    """

    def __init__(self, images: Tensor, c2w: Tensor, fovy_deg: Tensor | float, *, background_weight: float, rim_px: int):
        rays = get_rays(c2w.to(images.device), fovy_deg, *images.shape[1:3])
        self.rays_o, self.rays_d = (ray.flatten(0, 2) for ray in rays)  # (V H W, 3)
        mask = foreground_mask(images, border_color(images))  # (V, H, W)
        self.colors, self.inside = images.flatten(0, 2), mask.flatten()[:, None]
        self.foreground = mask.flatten().nonzero()[:, 0]
        self.weights = pixel_weights(mask, background_weight, rim_px).flatten()

    def draw(self, count: int, background: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Random pixels over another background (3,): origins (count, 3), directions, colors (count, 3), weights (count,)."""
        pixel = draw_pixels(self.foreground, len(self.colors), count)
        colors = torch.where(self.inside[pixel], self.colors[pixel], background)
        return self.rays_o[pixel], self.rays_d[pixel], colors, self.weights[pixel]


def photometric_loss(rgb: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Smooth L1 between colors (N, 3) in [0, 1], weighted (N,): as L2 for small errors, forgiving where views disagree."""
    return (torch.nn.functional.smooth_l1_loss(rgb, target, beta=0.1, reduction="none").mean(-1) * weight).mean()
