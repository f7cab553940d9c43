"""Training of the multi-view UNet: joint, on multi-view sets and on single images in the 2D mode (MVDream, section 4.1)."""

from pathlib import Path

import numpy as np
import torch

from mvdream_cli.cameras import orbit_views
from mvdream_cli.data.latents import Latents
from mvdream_cli.data.streamed import StreamedLatents
from mvdream_cli.diffusion.graphed import replay_training_steps
from mvdream_cli.diffusion.losses import denoising_errors, min_snr_weights, timesteps_at
from mvdream_cli.diffusion.unet import with_variants
from mvdream_cli.engine import progress
from mvdream_cli.engine.method import Method
from mvdream_cli.engine.optim import Ema
from mvdream_cli.errors import UsageError
from mvdream_cli.images import grid, save_image
from mvdream_cli.methods.micro_batches import MicroBatches
from mvdream_cli.methods.train_shared import network_training, optimizer_of
from mvdream_cli.methods.validation import validation_losses
from mvdream_cli.parts import Part
from mvdream_cli.settings.train import Train


def train_unet(
    pipeline,
    objects: Latents | StreamedLatents,
    images: Latents | StreamedLatents,
    options: Train,
    *,
    device: torch.device,
    dtype: torch.dtype,
    seed: int,
    previews: Path,
    held_out: Latents | StreamedLatents | None = None,
    compile_unet: bool = False,
    cuda_graphs: bool = False,
) -> Method:
    """What the loop needs. The averaged weights are in `pipeline.unet` when it has ended.

    Args:
        pipeline: its UNet is trained, made into the variant that the options name, with views of the pipeline's size.
        objects: latents of multi-view objects. images: latents whose views serve as single images, without their cameras.
        held_out: latents of objects that are not learnt, for the validation; None: none.
        previews: folder of step-NNNNNNNN.png, the preview prompts as the averaged weights draw them.
    """
    unet_options = options.unet
    pipeline.register_modules(unet=with_variants(pipeline.unet, unet_options.attention, unet_options.camera))
    unet = pipeline.unet.to(device, dtype, memory_format=torch.channels_last).train().requires_grad_(True)
    if unet_options.gradient_checkpointing:
        unet.enable_gradient_checkpointing()
    if cuda_graphs and (device.type != "cuda" or dtype == torch.float32 or unet_options.gradient_checkpointing):
        raise UsageError(
            "engine.cuda_graphs: works on a CUDA GPU, in half precision, without gradient checkpointing; leave it off"
        )
    if cuda_graphs:
        replay_training_steps(unet)
    if compile_unet:
        unet.compile(dynamic=False)
    optimizer = optimizer_of(unet.parameters(), options)
    ema = Ema(unet, options.optimizer.ema_decay, optimizer)
    views = unet_options.views_per_object
    micro_batches = MicroBatches(options.batch_size, "objects", options.micro_batch_size)

    def step(i: int, part: Part):
        # one coin for the whole step; in the 2D mode each view's place holds a picture of its own
        single = np.random.default_rng((seed, i)).random() < unet_options.single_image_probability
        part, num_views = (part.each(views), 1) if single else (part, views)
        latents, camera, captions = (images if single else objects).draw(i, part, num_views)
        x = latents.to(device, non_blocking=True).float()  # (size V, C, h, w)
        camera = None if single else camera.to(device, non_blocking=True)  # (size V, 16)
        dropped = part.rand("caption") < unet_options.caption_dropout
        with torch.no_grad():
            text = pipeline.encode_prompt(["" if out else caption for caption, out in zip(captions, dropped.tolist())])
        text = text.repeat_interleave(num_views, 0)
        noise = part.each(num_views).randn("noise", *x.shape[1:], device=device)
        timesteps = timesteps_at(part.rand("timestep", device=device), pipeline.scheduler, unet_options.timestep_power)
        errors = denoising_errors(pipeline, x, noise, timesteps, text, camera, num_views)  # (size,)
        if unet_options.min_snr_gamma is not None:
            errors = errors * min_snr_weights(pipeline.scheduler, timesteps, unet_options.min_snr_gamma)
        loss = errors.mean()
        return loss, {"loss_2d" if single else "loss_multi_view": loss.detach()}

    def preview(done: int) -> None:
        # compiling once more for the previews' shapes would cost more than it saves
        with ema.applied(), torch.compiler.set_stance("force_eager"):
            unet.eval()
            c2w = orbit_views(views, elevation_deg=15.0)
            prompts = [pipeline.asked(prompt) for prompt in options.preview_prompts]
            rows = [pipeline(prompt, c2w, seeds=[0], steps=20, guidance_scale=5.0)[0] for prompt in prompts]
            progress.preview(save_image(previews / f"step-{done:08d}.png", grid(torch.cat(rows), views)))
            unet.train()

    def validate() -> dict[str, float]:
        with ema.applied(), torch.compiler.set_stance("force_eager"):
            unet.eval()
            losses = validation_losses(pipeline, held_out, options, device)
            unet.train()
        return losses

    return network_training(
        "unet", unet, ema, optimizer, micro_batches, options,
        description="multi-view UNet", step=step, preview=preview, validate=validate if held_out is not None else None,
    )  # fmt: skip
