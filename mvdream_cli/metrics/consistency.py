"""Whether views show one object: told from their silhouettes, and from what a field fitted to them shows in their place."""

import torch
from torch import Tensor


def opposite_agreement(masks: Tensor) -> Tensor:
    """How well the silhouettes of opposite views are mirror images of each other, as those of one object nearly are.

    Perspective and elevation make true views differ a little: a real object at 15 degrees scores about 0.8 to 0.95.

    Args:
        masks: (B, V, H, W) bool, evenly spaced views, V even.

    Returns:
        (B,) intersection over union, averaged over the V / 2 pairs; 1 is perfect, 0 when a view is empty.
    """
    half = masks.shape[1] // 2
    one, other = masks[:, :half], masks[:, half:].flip(-1)
    intersection, union = (one & other).flatten(2).sum(-1), (one | other).flatten(2).sum(-1)
    return (intersection / union.clamp(min=1)).mean(1)


def masked_psnr(images: Tensor, true: Tensor, masks: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each picture where an object is, in dB.

    The background, on which all agree, would only flatter it.

    Args:
        images, true: (V, H, W, 3) in [0, 1]. masks: (V, H, W) bool, such as where either shows the object.

    Returns:
        (V,); NaN where a mask is empty.
    """
    squares = ((images - true) ** 2).mean(-1)
    error = (squares * masks).flatten(1).sum(1) / masks.flatten(1).sum(1)
    return -10 * error.clamp(min=1e-10).log10() + 0 * error


def feature_distance(first: Tensor, second: Tensor) -> Tensor:
    """1 - cosine of features (V, D) of two sets of pictures: a learned distance in [0, 2], (V,)."""
    return 1 - torch.nn.functional.cosine_similarity(first, second, dim=-1)
