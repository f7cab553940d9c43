"""Contrastive training of both CLIP towers on (view, caption) pairs (Radford et al. 2021)."""

import numpy as np
import torch
from torch.utils.checkpoint import checkpoint

from mvdream_cli.data.streamed import StreamedPictures
from mvdream_cli.data.training_pictures import ViewSet
from mvdream_cli.diffusion.losses import contrastive_loss
from mvdream_cli.engine.method import Method
from mvdream_cli.methods.micro_batches import MicroBatches
from mvdream_cli.methods.train_optimizer import optimizer_of, schedule_of
from mvdream_cli.settings.train import Train


def train_clip(pipeline, pictures: ViewSet | StreamedPictures, options: Train, *, device: torch.device) -> Method:
    """What the loop needs. The towers are those of `pipeline`.

    The loss compares all pairs of the batch, so that parts of it cannot be taken one after the other. Where memory is short,
    parts go through the towers one after the other, and again in the backward pass.
    """
    towers = torch.nn.ModuleDict({"text": pipeline.text_encoder, "image": pipeline.image_encoder}).to(device)
    towers.train().requires_grad_(True)
    log_scale = torch.nn.Parameter(torch.tensor(np.log(1 / 0.07), dtype=torch.float32, device=device))
    optimizer = optimizer_of([*towers.parameters(), log_scale], options)
    parts = MicroBatches(options.batch_size, "pairs", options.micro_batch_size)

    def embed(function, inputs):
        if parts.count == 1:
            return function(inputs)
        chunks = [inputs[start : start + parts.size] for start in range(0, len(inputs), parts.size)]
        return torch.cat([checkpoint(function, chunk, use_reentrant=False) for chunk in chunks])

    def step(i: int, micro: int):
        images, captions = pictures.draw(i, micro, min(options.batch_size, pictures.objects))  # no object twice
        text_embeds = embed(pipeline.embed_texts, captions)
        return contrastive_loss(
            embed(pipeline.embed_images, images.to(device)), text_embeds, log_scale.clamp(max=np.log(100.0))
        )

    return Method(
        description="CLIP",
        steps=options.steps,
        seconds=60 * options.minutes if options.minutes else None,
        step=step,
        modules={"towers": towers, "scale": torch.nn.ParameterDict({"log_scale": log_scale})},
        optimizer=optimizer,
        lr_scale=schedule_of(options),
        grad_clip=options.optimizer.grad_clip,
        shrink=parts.shrink,
    )
