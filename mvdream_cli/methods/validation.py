"""The UNet's loss on objects that it never learns, by noise level: what the loss of the training steps cannot tell."""

import torch

from mvdream_cli.data.latents import Latents
from mvdream_cli.data.streamed import StreamedLatents
from mvdream_cli.diffusion.losses import denoising_errors, timesteps_at
from mvdream_cli.engine import distributed
from mvdream_cli.methods.micro_batches import MicroBatches
from mvdream_cli.settings.train import Train

KEY = (0, 0, 0)  # of the random numbers, the same at every step and in every run: its losses can be compared


@torch.no_grad()
def validation_losses(pipeline, objects: Latents | StreamedLatents, options: Train, device: torch.device) -> dict[str, float]:
    """The multi-view loss of `train.validation.objects` at one timestep in each bucket, always with the same noise.

    All ranks call it, each looks at its share.

    Returns:
        {"validation_loss": the mean, "validation_t000_099": the mean of timesteps 0 to 99, ...}.
    """
    validation, views = options.validation, options.unet.views_per_object
    sums = torch.zeros(validation.buckets, dtype=torch.float64)
    for part in MicroBatches(validation.objects, "objects", options.micro_batch_size or options.batch_size).parts:
        part = part.__class__(part.first, part.last, part.total, KEY)
        latents, camera, captions = objects.draw(0, part, views)
        x, text = latents.to(device).float(), pipeline.encode_prompt(captions).repeat_interleave(views, 0)
        within = part.rand("timestep", validation.buckets)  # where in its bucket
        for bucket in range(validation.buckets):
            timesteps = timesteps_at((bucket + within[:, bucket].to(device)) / validation.buckets, pipeline.scheduler)
            noise = part.each(views).randn(f"noise {bucket}", *x.shape[1:], device=device)
            errors = denoising_errors(pipeline, x, noise, timesteps, text, camera.to(device), views)
            sums[bucket] += errors.sum().item()
    losses = (distributed.total(sums) / validation.objects).tolist()
    width = pipeline.scheduler.config.num_train_timesteps / validation.buckets
    names = [f"validation_t{round(k * width):03d}_{round((k + 1) * width) - 1:03d}" for k in range(validation.buckets)]
    return {"validation_loss": sum(losses) / len(losses), **dict(zip(names, losses))}
