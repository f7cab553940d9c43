"""How strong colors are: score distillation with much guidance oversaturates them (MVDream, section 4.2; DreamFusion, 4)."""

from torch import Tensor


def saturation(images: Tensor, masks: Tensor) -> Tensor:
    """HSV saturation, (max - min) / max, the mean over the pixels of an object in each picture.

    Args:
        images: (V, H, W, 3) in [0, 1]. masks: (V, H, W) bool.

    Returns:
        (V,), in [0, 1]; NaN where a mask is empty.
    """
    high, low = images.amax(-1), images.amin(-1)
    strength = (high - low) / high.clamp(min=1e-6)
    return (strength * masks).flatten(1).sum(1) / masks.flatten(1).sum(1)
