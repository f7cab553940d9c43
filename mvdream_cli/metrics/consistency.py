"""Whether views show one object, told from their silhouettes alone."""

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
