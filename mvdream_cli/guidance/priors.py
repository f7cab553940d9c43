"""Guidance by a diffusion prior: the multi-view model on whole rigs, or a single-view model on each picture.

Each takes (pipeline, prompt, negative_prompt) and options of its own, and returns a `Guidance`. Options that several share:
    of_latents  what is rendered are latents already (`scene.voxel_field`), not pictures that have to be encoded
    sector_deg  of `view_prompts.direction_weights`
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from mvdream_cli.guidance.random_cameras import Cameras
from mvdream_cli.guidance.score_distillation import latents_loss
from mvdream_cli.guidance.variational import camera_embedding, variational_loss
from mvdream_cli.guidance.view_prompts import text_of_views, view_prompts


@dataclass
class Guidance:
    """`loss`: (images (N, H, W, 3) in [0, 1] or latents (N, H, W, C), cameras, timestep) -> loss (), with gradient.

    `trained`: modules that learn beside the object and need an optimizer, if there are any; `close` takes them off the model.
    `latent_colors`: of the latents that it is shown (`diffusion.latent_colors`); None where it is shown pictures.
    """

    loss: Callable[[Tensor, Cameras, int | Tensor], Tensor]
    trained: nn.Module | None = None
    close: Callable[[], None] = lambda: None
    float16: bool = False  # the networks compute in it: small losses have to be scaled on the way back
    latent_colors: Tensor | None = None


@torch.no_grad()
def multi_view(pipeline, prompt: str, negative_prompt: str, *, num_views: int, of_latents: bool = False, **options) -> Guidance:
    """All views of a rig at once, with their cameras (MVDream, section 4.2)."""
    text, negative = pipeline.encode_prompt([prompt, negative_prompt]).split(1)
    options = _chosen(options, "form", "guidance_scale", "rescale")

    def loss(images: Tensor, cameras: Cameras, timestep: int | Tensor) -> Tensor:
        latents = latents_of(pipeline, images, of_latents)
        return latents_loss(pipeline, latents, cameras.c2w, text, negative, timestep=timestep, num_views=num_views, **options)

    return Guidance(loss)


@torch.no_grad()
def single_view(
    pipeline,
    prompt: str,
    negative_prompt: str,
    *,
    of_latents: bool = False,
    sector_deg: float | None = None,
    words_first: bool = False,
    **options,
) -> Guidance:
    """Each picture alone, in the 2D mode, the prompt saying from where it is seen (DreamFusion, section 3)."""
    text = pipeline.encode_prompt(view_prompts(prompt, words_first))
    negative = pipeline.encode_prompt([negative_prompt])
    options = _chosen(options, "form", "guidance_scale", "rescale")

    def loss(images: Tensor, cameras: Cameras, timestep: int | Tensor) -> Tensor:
        seen_from = text_of_views(text, cameras.azimuth_deg, cameras.elevation_deg, sector_deg)
        latents = latents_of(pipeline, images, of_latents)
        return latents_loss(pipeline, latents, None, seen_from, negative, timestep=timestep, num_views=1, **options)

    return Guidance(loss)


def variational(
    pipeline,
    prompt: str,
    negative_prompt: str,
    *,
    guidance_scale: float,
    lora_rank: int = 4,
    of_latents: bool = False,
    sector_deg: float | None = None,
    **_,
) -> Guidance:
    """Each picture alone, against a copy of the model that learns what the object looks like now (ProlificDreamer)."""
    from mvdream_cli.diffusion.lora import add_lora, remove_lora  # peft takes a while to import

    with torch.no_grad():
        text, negative, plain = pipeline.encode_prompt([*view_prompts(prompt), negative_prompt, prompt]).split([4, 1, 1])
    embedding = camera_embedding(pipeline)
    trained = nn.ModuleDict({"lora": add_lora(pipeline.unet, lora_rank), "camera": embedding})

    def loss(images: Tensor, cameras: Cameras, timestep: int | Tensor) -> Tensor:
        seen_from = text_of_views(text, cameras.azimuth_deg, cameras.elevation_deg, sector_deg)
        latents = latents_of(pipeline, images, of_latents)
        return variational_loss(
            pipeline, latents, cameras.c2w, seen_from, negative, plain, embedding, timestep=timestep,
            guidance_scale=guidance_scale,
        )  # fmt: skip

    return Guidance(loss, trained, partial(remove_lora, pipeline.unet))


def latents_of(pipeline, images: Tensor, of_latents: bool) -> Tensor:
    """Renderings (N, H, W, 3), scaled to the model's size and encoded, or of latents (N, H, W, C), scaled: (N, C, h, w)."""
    size = pipeline.latent_size() if of_latents else pipeline.image_size
    if images.shape[1] != size:
        channels_first = images.permute(0, 3, 1, 2)
        images = torch.nn.functional.interpolate(channels_first, size=(size, size), mode="bilinear").permute(0, 2, 3, 1)
    return images.permute(0, 3, 1, 2) if of_latents else pipeline.encode_images(images)


def _chosen(options: dict, *names: str) -> dict:
    return {name: options[name] for name in names if name in options}


# What --guidance names, and the form of its loss.
GUIDANCE: dict[str, tuple[Callable[..., Guidance], str]] = {
    "mvdream": (multi_view, "x0"),
    "dreamfusion": (single_view, "sds"),
    "sjc": (partial(single_view, words_first=True), "sjc"),
    "vsd": (variational, "vsd"),
}
