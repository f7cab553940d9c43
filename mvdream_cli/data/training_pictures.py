"""Random views of a multi-view set, as training draws them. Uses torch's global generator."""

import numpy as np
import torch
from torch import Tensor

from mvdream_cli.data.views import Entry, load
from mvdream_cli.images import composite


def orthogonal_views(objects: int, total: int, num_views: int) -> Tensor:
    """Indices (objects, num_views) of evenly spaced views out of `total`, from a random first view on."""
    first = torch.randint(total, (objects, 1))
    return (first + torch.arange(num_views) * (total // num_views)) % total


def random_view(entry: Entry, crop_px: int | None = None) -> Tensor:
    """One view of an object over a random gray (MVDream, appendix), (H, W, 3) in [0, 1]; optionally a crop of it."""
    rgba = load(entry, views=[int(torch.randint(entry.num_views, ()))])[0][0]
    if crop_px and crop_px < rgba.shape[0]:
        solid = np.argwhere(rgba[..., 3] > 0)
        center = solid[int(torch.randint(len(solid), ()))] if len(solid) else np.array(rgba.shape[:2]) // 2
        top, left = np.clip(center - crop_px // 2, 0, rgba.shape[0] - crop_px)
        rgba = rgba[top : top + crop_px, left : left + crop_px]
    return torch.from_numpy(composite(rgba, float(torch.rand(()))))


def draw_pictures(entries: list[Entry], count: int, crop_px: int | None = None) -> Tensor:
    """Views of random objects, (count, H, W, 3)."""
    return torch.stack([random_view(entries[int(k)], crop_px) for k in torch.randint(len(entries), (count,))])
