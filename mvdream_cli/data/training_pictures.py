"""Crops of views, for the training of the autoencoder."""

import numpy as np


def crop_around_object(rgba: np.ndarray, crop_px: int | None, where: float) -> np.ndarray:
    """A square of (H, W, 4) around a pixel of the object; all of it if `crop_px` is None or too large.

    Args:
        where: in [0, 1), which of the object's pixels.
    """
    if not crop_px or crop_px >= rgba.shape[0]:
        return rgba
    solid = np.argwhere(rgba[..., 3] > 0)
    center = solid[int(where * len(solid))] if len(solid) else np.array(rgba.shape[:2]) // 2
    top, left = np.clip(center - crop_px // 2, 0, rgba.shape[0] - crop_px)
    return rgba[top : top + crop_px, left : left + crop_px]
