"""Consistent views of objects from a prompt (MVDream, section 3), and which of several candidates is the best."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from mvdream_cli.engine.memory import in_halves
from mvdream_cli.engine.progress import warn
from mvdream_cli.errors import ModelError
from mvdream_cli.metrics.clip import clip_similarity
from mvdream_cli.metrics.consistency import opposite_agreement
from mvdream_cli.models.vocabulary import length_warning
from mvdream_cli.scene.fitting import border_color, foreground_mask

BLACK = 2 / 255  # a picture with nothing brighter shows nothing


def warn_about_length(pipeline, *texts: str) -> None:
    """Say which words of the texts the pipeline's text encoder does not see, because it reads only so many tokens."""
    length = pipeline.text_encoder.config.max_position_embeddings
    if warning := length_warning(pipeline.tokenizer, list(texts), length):
        warn(warning)


def sample_views(
    pipeline,
    prompt: str,
    c2w: Tensor | None,
    *,
    seeds: list[int],
    on_step: Callable[[int], None] | None = None,
    **options,
) -> Tensor:
    """An object for each seed, (B, V, H, W, 3) in [0, 1]; fewer at once where the GPU's memory is too small for all.

    Args:
        c2w: (V, 4, 4); None draws single images in the 2D mode.
        options: `negative_prompt`, `guidance_scale`, `steps` and `size_px` of the pipeline.

    Raises:
        ModelError: see `refuse_empty`.
    """
    images = torch.cat(in_halves(lambda some: pipeline(prompt, c2w, seeds=some, on_step=on_step, **options), seeds))
    refuse_empty(images, pipeline.unet.dtype)
    return images


def refuse_empty(images: Tensor, dtype: torch.dtype) -> None:
    """Refuse pictures (B, V, H, W, 3) that are not finite, and objects that are black in all views.

    Args:
        dtype: of the networks that drew them.

    Raises:
        ModelError: there are some.
    """
    narrow = dtype != torch.float32
    way = f"{str(dtype).removeprefix('torch.')} may be too small for it: use --set engine.dtype=float32"
    if not torch.isfinite(images).all():
        raise ModelError(
            f"the model draws numbers that are not finite, so there is no picture; {way if narrow else 'get it again'}."
        )
    if (images.flatten(1).amax(1) < BLACK).any():
        broken = "its weights, or what its scheduler says of its predictions, are not those of a working model"
        raise ModelError(f"the model draws nothing but black; {way if narrow else broken}.")


class Ranking(NamedTuple):
    """`order` (B,): indices, the best first. `likeness` to the prompt and `agreement` of the views, (B,) each."""

    order: list[int]
    likeness: Tensor
    agreement: Tensor


def rank_candidates(pipeline, candidates: Tensor, prompt: str, agreement_weight: float) -> Ranking:
    """Order candidates (B, V, H, W, 3) by CLIP's likeness to the prompt and by how well opposite silhouettes agree.

    Args:
        pipeline: with a CLIP image encoder.
    """
    likeness, agreement = clip_similarity(pipeline, candidates, [prompt])[:, 0].cpu(), torch.zeros(len(candidates))
    if candidates.shape[1] % 2 == 0:
        masks = torch.stack([foreground_mask(views, border_color(views)) for views in candidates])
        agreement = opposite_agreement(masks).cpu()
    return Ranking((likeness + agreement_weight * agreement).argsort(descending=True).tolist(), likeness, agreement)
