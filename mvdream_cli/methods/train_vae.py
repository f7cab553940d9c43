"""Training of the autoencoder: a decoder for the principal components of patches."""

from pathlib import Path

import torch
from diffusers import AutoencoderDC

from mvdream_cli.data.streamed import StreamedPictures
from mvdream_cli.diffusion.losses import autoencoder_loss
from mvdream_cli.engine import progress
from mvdream_cli.engine.device import seed_step
from mvdream_cli.engine.method import Method
from mvdream_cli.engine.optim import Ema
from mvdream_cli.errors import ModelError
from mvdream_cli.images import grid, save_image
from mvdream_cli.methods.micro_batches import MicroBatches
from mvdream_cli.methods.train_shared import network_training, optimizer_of
from mvdream_cli.models.architectures import principal_encoder
from mvdream_cli.parts import Part
from mvdream_cli.settings.train import Train

PRINCIPAL_IMAGES = 256  # views whose patches set a fresh autoencoder's components


def train_vae(
    pipeline, pictures: StreamedPictures, options: Train, *, device: torch.device, seed: int, previews: Path
) -> Method:
    """What the loop needs. The averaged weights are in `pipeline.vae` when it has ended; `scale_latents` comes then.

    Raises:
        ModelError: the model to start from has an autoencoder of another kind.
    """
    vae_options = options.vae
    if not isinstance(pipeline.vae, AutoencoderDC):
        raise ModelError(
            f"train.init {options.init}: its autoencoder is a {type(pipeline.vae).__name__}, which is not trained here; leave "
            "train.init out, or take mini"
        )
    vae = pipeline.vae.train().requires_grad_(True)
    if options.init is None:
        seed_step(seed, -4)
        principal_encoder(vae, pictures.sample(PRINCIPAL_IMAGES))
    vae.to(device, memory_format=torch.channels_last)
    optimizer = optimizer_of(vae.parameters(), options)
    ema = Ema(vae, options.optimizer.ema_decay, optimizer)
    micro_batches = MicroBatches(options.batch_size, "images", options.micro_batch_size)

    def step(i: int, part: Part):
        images, _ = pictures.draw(i, part, vae_options.crop_px)
        side = images.shape[1] // pipeline.latent_stride
        noise = part.randn("noise", vae.config.latent_channels, side, side, device=device)
        return autoencoder_loss(vae, images.to(device), vae_options.latent_noise * noise, vae_options.edge_weight)

    def preview(done: int) -> None:
        images = pictures.sample(8)
        with ema.applied(), torch.no_grad():
            decoded = pipeline.decode_latents(pipeline.encode_images(images.to(device), sample=False))
        progress.preview(save_image(previews / f"step-{done:08d}.png", grid(torch.cat([images, decoded.cpu()]), 8)))

    return network_training(
        "vae", vae, ema, optimizer, micro_batches, options,
        description="VAE", step=step, preview=preview,
    )  # fmt: skip


@torch.no_grad()
def scale_latents(pipeline, pictures: StreamedPictures, seed: int) -> None:
    """Set the autoencoder's scaling factor so that latents have unit variance, which the noise schedule expects."""
    seed_step(seed, -3)
    images = pictures.sample(256).split(16)
    sample = torch.cat([pipeline.encode_images(part.to(pipeline.vae.device)) for part in images])
    pipeline.vae.register_to_config(scaling_factor=float(pipeline.vae.config.scaling_factor / sample.std()))
