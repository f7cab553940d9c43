"""Guidance by a diffusion prior: the multi-view model on whole rigs, or a single-view model on each picture.

Each takes (pipeline, prompt, negative_prompt) and the options of `score_distillation_loss`, and returns a `Guidance`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from mvdream_cli.guidance.random_cameras import Cameras
from mvdream_cli.guidance.score_distillation import score_distillation_loss
from mvdream_cli.guidance.variational import variational_loss
from mvdream_cli.guidance.view_prompts import text_of_views, view_prompts


@dataclass
class Guidance:
    """`loss`: (images (N, H, W, 3) in [0, 1], cameras, timestep) -> loss (), with gradient to the images.

    `trained`: a LoRA that learns beside the object and needs an optimizer, if there is one; `close` removes it from the model.
    """

    loss: Callable[[Tensor, Cameras, int], Tensor]
    trained: nn.Module | None = None
    close: Callable[[], None] = lambda: None
    float16: bool = False  # the networks compute in it: small losses have to be scaled on the way back


@torch.no_grad()
def multi_view(pipeline, prompt: str, negative_prompt: str, *, num_views: int, lora_rank: int = 0, **options) -> Guidance:
    """All views of a rig at once, with their cameras (MVDream, section 4.2)."""
    text, negative = pipeline.encode_prompt([prompt, negative_prompt]).split(1)

    def loss(images: Tensor, cameras: Cameras, timestep: int) -> Tensor:
        images = _resized(images, pipeline.image_size)
        return score_distillation_loss(
            pipeline, images, cameras.c2w, text, negative, timestep=timestep, num_views=num_views, **options
        )

    return Guidance(loss)


@torch.no_grad()
def single_view(pipeline, prompt: str, negative_prompt: str, *, num_views: int, lora_rank: int = 0, **options) -> Guidance:
    """Each picture alone, in the 2D mode, the prompt saying from where it is seen (DreamFusion, section 3)."""
    text = pipeline.encode_prompt(view_prompts(prompt))
    negative = pipeline.encode_prompt([negative_prompt])

    def loss(images: Tensor, cameras: Cameras, timestep: int) -> Tensor:
        seen_from = text_of_views(text, cameras.azimuth_deg, cameras.elevation_deg)
        images = _resized(images, pipeline.image_size)
        return score_distillation_loss(pipeline, images, None, seen_from, negative, timestep=timestep, num_views=1, **options)

    return Guidance(loss)


def variational(pipeline, prompt: str, negative_prompt: str, *, guidance_scale: float, lora_rank: int = 4, **_) -> Guidance:
    """Each picture alone, against a copy of the model that learns what the object looks like now (ProlificDreamer)."""
    from mvdream_cli.diffusion.lora import add_lora, remove_lora  # peft takes a while to import

    with torch.no_grad():
        text, negative, plain = pipeline.encode_prompt([*view_prompts(prompt), negative_prompt, prompt]).split([4, 1, 1])
    trained = add_lora(pipeline.unet, lora_rank)

    def loss(images: Tensor, cameras: Cameras, timestep: int) -> Tensor:
        seen_from = text_of_views(text, cameras.azimuth_deg, cameras.elevation_deg)
        images, c2w = _resized(images, pipeline.image_size), cameras.c2w if pipeline.knows_cameras else None
        return variational_loss(
            pipeline, images, c2w, seen_from, negative, plain, timestep=timestep, guidance_scale=guidance_scale
        )

    return Guidance(loss, trained, partial(remove_lora, pipeline.unet))


def _resized(images: Tensor, size: int) -> Tensor:
    """(N, H, W, 3) -> (N, size, size, 3)."""
    if images.shape[1] == size:
        return images
    channels_first = images.permute(0, 3, 1, 2)
    return torch.nn.functional.interpolate(channels_first, size=(size, size), mode="bilinear").permute(0, 2, 3, 1)


# What --guidance names, and the form of its loss.
GUIDANCE: dict[str, tuple[Callable[..., Guidance], str]] = {
    "mvdream": (multi_view, "x0"),
    "dreamfusion": (single_view, "sds"),
    "sjc": (single_view, "sjc"),
    "vsd": (variational, "vsd"),
}
