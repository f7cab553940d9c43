"""What text to 3D builds before its first step: the field, what is around it, their optimizer, the guidance."""

import torch
from torch import nn

from mvdream_cli.diffusion.latent_colors import latent_colors
from mvdream_cli.engine.optim import adamax, adamw
from mvdream_cli.guidance.priors import GUIDANCE, Guidance
from mvdream_cli.guidance.view_prompts import view_prompts
from mvdream_cli.models.vocabulary import unknown_words
from mvdream_cli.scene.background import LatentBackground, NeuralBackground
from mvdream_cli.scene.field import build_field
from mvdream_cli.settings.to3d import To3D

NEGATIVE_PROMPT = (  # MVDream's, of its text-to-3D configurations
    "ugly, bad anatomy, blurry, pixelated obscure, unnatural colors, poor lighting, dull, and unclear, cropped, lowres, "
    "low quality, artifacts, duplicate, morbid, mutilated, poorly drawn face, deformed, dehydrated, bad proportions"
)


def build_object(options: To3D, guidance: Guidance | None) -> tuple[nn.Module, nn.Module]:
    """The field that the settings describe, untouched, and its learnt surroundings."""
    field = options.field
    config = {"kind": field.kind, "box": field.box}
    if field.kind == "voxels":
        channels = len(guidance.latent_colors) - 1
        made = build_field(config | {"channels": channels, "resolution": field.voxels})
        voxels(made).colors.copy_(guidance.latent_colors)
        return made, LatentBackground(channels)
    config |= {"blob_density": field.blob_density, "blob_radius": field.blob_radius / field.box}
    if field.kind == "dense_grid":
        config["resolutions"] = field.resolutions
    elif field.kind == "hash_grid":
        config["grid"] = {"levels": field.levels, "log2_table": field.log2_table}
    return build_field(config), NeuralBackground()


def build_optimizer(options: To3D, field: nn.Module, surroundings: nn.Module, trained: nn.Module | None):
    """The optimizer of the field's grids and networks, of its surroundings, and of what the guidance trains, if anything."""
    optimizer, grids = options.optimizer, field.grid_parameters()
    networks = [p for p in field.parameters() if all(p is not grid for grid in grids)]
    around = optimizer.background_learning_rate or optimizer.network_learning_rate
    groups = [
        {"params": grids},
        {"params": networks, "lr": optimizer.network_learning_rate},
        {"params": list(surroundings.parameters()), "lr": around},
        {"params": list(trained.parameters()) if trained else [], "lr": options.guidance.lora_learning_rate},
    ]
    if optimizer.name == "adamax":
        return adamax(groups, learning_rate=optimizer.learning_rate)
    return adamw(
        groups,
        learning_rate=optimizer.learning_rate,
        betas=(0.9, 0.99),
        eps=1e-15,
        weight_decay=optimizer.weight_decay,
    )


def asked_texts(pipeline, prompt: str, options: To3D) -> tuple[str, str]:
    """Prompt and negative prompt as the guidance asks them of a pipeline; MVDream's negative one if it knows its words."""
    guidance, negative = options.guidance, options.guidance.negative_prompt
    if negative is None:
        known = pipeline.known_words
        negative = NEGATIVE_PROMPT if known is None or not unknown_words(NEGATIVE_PROMPT, known) else ""
    return pipeline.asked(prompt, guidance.suffix), negative


def guidance_texts(pipeline, prompt: str, options: To3D) -> list[str]:
    """All that `build_guidance` has encoded."""
    asked, negative = asked_texts(pipeline, prompt, options)
    return [*([asked] if options.guidance.name.startswith("mvdream") else view_prompts(asked)), negative]


def build_guidance(pipeline, prompt: str, options: To3D) -> Guidance:
    """The guidance that the settings name, by a multi-view pipeline or a single-view one (`to3d.guidance.prior`)."""
    guidance, of_latents = options.guidance, options.field.kind == "voxels"
    prior, form = GUIDANCE[guidance.name]
    built = prior(
        pipeline,
        *asked_texts(pipeline, prompt, options),
        num_views=options.num_views,
        form=form if guidance.form == "auto" else guidance.form,
        guidance_scale=guidance.guidance_scale,
        rescale=guidance.rescale,
        lora_rank=guidance.lora_rank,
        sector_deg=guidance.sector_deg,
        of_latents=of_latents,
    )
    built.float16 = pipeline.unet.dtype == torch.float16
    built.latent_colors = latent_colors(pipeline) if of_latents else None
    return built


def voxels(field: nn.Module) -> nn.Module:
    """The `VoxelField` that a field of latents is, or has inside."""
    return getattr(field, "inner", field)
