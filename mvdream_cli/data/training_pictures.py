"""Random views of a multi-view set, as training draws them. Uses torch's global generator."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from mvdream_cli.data.views import Entry, load
from mvdream_cli.errors import DataError
from mvdream_cli.images import composite


class ViewSet:
    """Single pictures of a rendered set, each over a random gray (MVDream, appendix)."""

    def __init__(self, entries: Sequence[Entry]):
        self.entries, self.objects = entries, len(entries)

    def draw(self, i: int, micro: int, count: int, crop_px: int | None = None) -> tuple[Tensor, list[str]]:
        """One view each of `count` random objects, none of them twice before all were taken; optionally a crop of it.

        Returns:
            images (count, H, W, 3) in [0, 1], and their captions.
        """
        rounds = [torch.randperm(self.objects) for _ in range(math.ceil(count / self.objects))]
        chosen = [self.entries[k] for k in torch.cat(rounds)[:count].tolist()]
        return torch.stack([random_view(entry, crop_px) for entry in chosen]), [entry.caption for entry in chosen]

    def sample(self, count: int) -> Tensor:
        """Views of `count` random objects, (count, H, W, 3)."""
        return self.draw(0, 0, count)[0]


def orthogonal_views(objects: int, total: int, num_views: int) -> Tensor:
    """Indices (objects, num_views) of evenly spaced views out of `total`, from a random first view on.

    Raises:
        DataError: there are fewer views than wanted.
    """
    if total < num_views:
        raise DataError(f"the objects have {total} views, fewer than the {num_views} that are wanted; render more")
    first = torch.randint(total, (objects, 1))
    return (first + torch.arange(num_views) * (total // num_views)) % total


def random_view(entry: Entry, crop_px: int | None = None) -> Tensor:
    """One view of an object over a random gray, (H, W, 3) in [0, 1]; optionally a crop of it."""
    rgba = load(entry, views=[int(torch.randint(entry.num_views, ()))])[0][0]
    return torch.from_numpy(composite(crop_around_object(rgba, crop_px), float(torch.rand(()))))


def crop_around_object(rgba: np.ndarray, crop_px: int | None) -> np.ndarray:
    """A square of (H, W, 4) around a random pixel of the object; all of it if `crop_px` is None or too large."""
    if not crop_px or crop_px >= rgba.shape[0]:
        return rgba
    solid = np.argwhere(rgba[..., 3] > 0)
    center = solid[int(torch.randint(len(solid), ()))] if len(solid) else np.array(rgba.shape[:2]) // 2
    top, left = np.clip(center - crop_px // 2, 0, rgba.shape[0] - crop_px)
    return rgba[top : top + crop_px, left : left + crop_px]
