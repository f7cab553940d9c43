"""Evidence of several faces (the Janus problem, DreamFusion section 5): is an object's back like its front?

No single number tells it. Overlap and a front that is seen again ask nothing but the pictures, and what is alike from all
sides in truth (a mushroom) has both; so their bound, true objects, stands beside them. Where true renders of the kind from
known directions are at hand, `in_turn` and `fronts_seen` compare with those.

Letters in shapes: V directions, evenly around the object, the front first; E features.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


@torch.no_grad()
def patches_seen(pipeline, views: Tensor) -> Tensor:
    """What the model's CLIP image tower sees in each patch, less what all views of the object share.

    Not its pooled embedding, which has learnt that all views of an object have one caption.

    Args:
        views: (V, H, W, 3) in [0, 1].

    Returns:
        (V, E), of unit length.
    """
    size = pipeline.image_encoder.config.image_size
    pixels = F.interpolate(views.permute(0, 3, 1, 2), size=(size, size), mode="bilinear", antialias=True) * 2 - 1
    tokens = pipeline.image_encoder(pixels.to(pipeline.image_encoder.device, pipeline.image_encoder.dtype)).last_hidden_state
    return centered(tokens[:, 1:].float().flatten(1)).cpu()  # the first token is of the whole


def centered(features: Tensor) -> Tensor:
    """Features (V, E) less what all views share, of unit length: what is left tells the views apart."""
    return F.normalize(features - features.mean(0), dim=-1)


def in_turn(views: Tensor, references: Tensor) -> float:
    """Share of views (V, E) whose nearest reference (V, E) is at most one direction off, the object turned at best.

    One object in turn reaches 1; pictures in any order still reach about half, for V = 8.
    """
    likeness, count = (views @ references.T).numpy(), len(views)
    here = np.arange(count)
    turn = max(here, key=lambda turn: likeness[here, (here + turn) % count].sum())
    off = (likeness.argmax(1) - here - turn + count // 2) % count - count // 2
    return float((abs(off) <= 1).mean())


def fronts_seen(views: Tensor, references: Tensor) -> int:
    """How many fronts one sees in going around: runs of neighboring views (V, E) whose nearest reference (V, E) is the front.

    The first reference is the front. A true object has 1, a Janus 2 or more, what shows its front nowhere 0.
    """
    front = (views @ references.T).argmax(1) == 0
    if bool(front.all()):
        return 1
    return int((front & ~front.roll(1)).sum())


def front_seen_again(views: Tensor) -> bool:
    """Whether a view from a quarter turn away or more looks more like the front than the front's own neighbors do.

    Args:
        views: features (V, E), V at least 8, not centered. Features have to tell sides apart.
    """
    count = len(views)
    if count < 8:
        raise ValueError(f"{count} directions are too few to tell the front's neighbors from its sides; take 8")
    likeness = F.normalize(views, dim=-1) @ F.normalize(views[0], dim=-1)
    far = likeness[count // 4 : count - count // 4 + 1]
    return bool(far.max() > torch.maximum(likeness[1], likeness[-1]))


def overlap(masks: Tensor) -> float:
    """Mean intersection over union of silhouettes (V, H, W) bool and those a quarter turn on; high if alike from all sides."""
    turned = masks.roll(len(masks) // 4, 0)
    return float(((masks & turned).sum((1, 2)) / (masks | turned).sum((1, 2)).clamp(min=1)).mean())
