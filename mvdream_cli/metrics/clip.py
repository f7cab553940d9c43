"""How well views show what a text says, by the model's own CLIP (Radford et al. 2021)."""

import torch
from torch import Tensor


@torch.no_grad()
def clip_similarity(pipeline, views: Tensor, texts: list[str]) -> Tensor:
    """Cosine similarity of each object with each text, its views' embeddings averaged.

    Args:
        pipeline: with an image encoder.
        views: (B, V, H, W, 3) in [0, 1].

    Returns:
        (B, len(texts)), in [-1, 1].
    """
    embeds = torch.stack([pipeline.embed_images(object_views).mean(0) for object_views in views])
    return embeds @ pipeline.embed_texts(texts).T
