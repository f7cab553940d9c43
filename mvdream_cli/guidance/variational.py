"""Variational score distillation (ProlificDreamer, arXiv:2305.16213): the score of the renderings themselves is subtracted."""

import torch
from torch import Tensor

from mvdream_cli.cameras import camera_condition
from mvdream_cli.diffusion.losses import denoising_loss
from mvdream_cli.diffusion.schedule import add_noise, alpha_sigma, predicted_noise, repeat_timestep


def variational_loss(
    pipeline,
    images: Tensor,
    c2w: Tensor | None,
    text: Tensor,
    negative_text: Tensor,
    learnt_text: Tensor,
    *,
    timestep: int,
    guidance_scale: float,
) -> Tensor:
    """Two losses in one: on the images the gradient (1 - alpha_bar_t) (noise_hat - learnt_noise_hat) / N, ProlificDreamer's
    eq. 9; on the UNet's LoRA the denoising loss of the images as they are, its eq. 8.

    The UNet must carry the LoRA of `diffusion.lora.add_lora`; with it, it is the learnt model, told the camera of each picture
    if it knows cameras; without it, the pretrained model.

    Args:
        images: (N, H, W, 3) in [0, 1], each alone; carries the gradient.
        c2w: (N, 4, 4); None for a model that knows no cameras.
        text: (N, L, D), for the pretrained model. negative_text: (1, L, D). learnt_text: (1, L, D), for the learnt model.

    Returns:
        0-d loss. No gradient reaches the pretrained weights.
    """
    unet, scheduler = pipeline.unet, pipeline.scheduler
    latents = pipeline.encode_images(images).float()  # (N, C, h, w)
    count = len(latents)
    camera = None if c2w is None else camera_condition(c2w)
    learnt_text = learnt_text.expand(count, -1, -1)
    with torch.no_grad():
        timesteps = repeat_timestep(timestep, count, latents.device)
        noise = torch.randn(latents.shape, device=latents.device)
        noisy = add_noise(scheduler, latents, noise, timesteps)
        unet.disable_adapters()
        pretrained, _ = pipeline.predict_guided(
            noisy, timesteps[0], text, negative_text.expand(count, -1, -1), None, 1, guidance_scale
        )
        unet.enable_adapters()
        learnt = pipeline.predict(noisy, timesteps, learnt_text, camera, 1)
        pretrained_noise, learnt_noise = (predicted_noise(scheduler, noisy, x, timesteps) for x in (pretrained, learnt))
        target = latents - alpha_sigma(scheduler, timesteps)[1].square() * (pretrained_noise - learnt_noise)
    distilled = 0.5 * (latents - target).square().sum() / count
    return distilled + denoising_loss(pipeline, latents.detach(), learnt_text, camera, 1)
