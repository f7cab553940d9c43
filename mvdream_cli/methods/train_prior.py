"""Training of the picture prior: a regression from captions and cameras to latents (`diffusion.picture_prior`)."""

from pathlib import Path

import torch

from mvdream_cli.cameras import camera_condition, orbit_views
from mvdream_cli.data.latents import Latents
from mvdream_cli.data.streamed import StreamedLatents
from mvdream_cli.diffusion.losses import picture_loss
from mvdream_cli.engine import progress
from mvdream_cli.engine.method import Method
from mvdream_cli.engine.optim import Ema
from mvdream_cli.images import grid, save_image
from mvdream_cli.methods.micro_batches import MicroBatches
from mvdream_cli.methods.train_shared import network_training, optimizer_of
from mvdream_cli.parts import Part
from mvdream_cli.settings.train import Train


def train_prior(
    pipeline, objects: Latents | StreamedLatents, options: Train, *, device: torch.device, dtype: torch.dtype, previews: Path
) -> Method:
    """What the loop needs. The averaged weights are in `pipeline.prior` when it has ended.

    Args:
        objects: latents of multi-view objects. Views and captions left out are those of the UNet's training.
        previews: folder of step-NNNNNNNN.png, the mean pictures of the preview prompts.
    """
    prior = pipeline.prior.to(device, dtype).train().requires_grad_(True)
    optimizer = optimizer_of(prior.parameters(), options)
    ema = Ema(prior, options.optimizer.ema_decay, optimizer)
    views = options.unet.views_per_object
    micro_batches = MicroBatches(options.batch_size, "objects", options.micro_batch_size)

    def step(i: int, part: Part):
        latents, camera, captions = objects.draw(i, part, views)
        x, camera = latents.to(device, non_blocking=True).float(), camera.to(device, non_blocking=True)
        dropped = part.rand("caption") < options.unet.caption_dropout
        with torch.no_grad():
            text = pipeline.encode_prompt(["" if out else caption for caption, out in zip(captions, dropped.tolist())])
        loss = picture_loss(prior(text.to(dtype), camera.to(dtype)).float(), x)
        return loss, {"loss_picture": loss.detach()}

    @torch.no_grad()
    def preview(done: int) -> None:
        camera = camera_condition(orbit_views(views, elevation_deg=15.0)).to(device, dtype)
        text = pipeline.encode_prompt([pipeline.asked(prompt) for prompt in options.preview_prompts]).to(dtype)
        with ema.applied():
            pictures = pipeline.decode_latents(prior(text, camera.repeat(len(text), 1)).float())
        progress.preview(save_image(previews / f"step-{done:08d}.png", grid(pictures, views)))

    return network_training(
        "prior", prior, ema, optimizer, micro_batches, options,
        description="picture prior", step=step, preview=preview,
    )  # fmt: skip
