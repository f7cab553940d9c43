"""Variational score distillation (ProlificDreamer, arXiv:2305.16213): the score of the renderings themselves is subtracted."""

import copy

import torch
from diffusers.models.embeddings import TimestepEmbedding
from torch import Tensor, nn

from mvdream_cli.cameras import camera_condition
from mvdream_cli.diffusion.losses import denoising_loss
from mvdream_cli.diffusion.schedule import add_noise, alpha_sigma, predicted_noise, timesteps_of


def camera_embedding(pipeline) -> nn.Module:
    """The learnt model's own embedding of the camera, (N, 16) to the size of the timestep's: a copy of the model's, or a fresh
    one where that knows no cameras. It is trained beside the LoRA."""
    unet = pipeline.unet
    if pipeline.knows_cameras and unet.camera_input == "time":
        embedding = copy.deepcopy(unet.class_embedding)
    else:
        embedding = TimestepEmbedding(16, unet.time_embedding.linear_2.out_features)
    return embedding.to(unet.device, unet.dtype).requires_grad_(True)


def variational_loss(
    pipeline,
    latents: Tensor,
    c2w: Tensor,
    text: Tensor,
    negative_text: Tensor,
    learnt_text: Tensor,
    embedding: nn.Module,
    *,
    timestep: int | Tensor,
    guidance_scale: float,
) -> Tensor:
    """Two losses in one: on the latents the gradient (1 - alpha_bar_t) (noise_hat - learnt_noise_hat) / N, ProlificDreamer's
    eq. 9; on the UNet's LoRA and on the camera embedding the denoising loss of the latents as they are, its eq. 8.

    The UNet must carry the LoRA of `diffusion.lora.add_lora`; with it, and told the camera of each picture through
    `embedding`, it is the learnt model; without both, the pretrained model in its 2D mode.

    Args:
        latents: (N, C, h, w), scaled, each picture alone; carries the gradient.
        c2w: (N, 4, 4).
        text: (N, L, D), for the pretrained model. negative_text: (1, L, D). learnt_text: (1, L, D), for the learnt model.
        embedding: of `camera_embedding`.
        timestep: one for all pictures, or (N,) on the CPU. The denoising loss draws its own.

    Returns:
        0-d loss. No gradient reaches the pretrained weights.
    """
    unet, scheduler = pipeline.unet, pipeline.scheduler
    latents = latents.float()
    count, camera = len(latents), camera_condition(c2w)
    learnt_text = learnt_text.expand(count, -1, -1)
    with torch.no_grad():
        timesteps = timesteps_of(timestep, count, latents.device)
        noise = torch.randn(latents.shape, device=latents.device)
        noisy = add_noise(scheduler, latents, noise, timesteps)
        unet.disable_adapters()
        pretrained, _ = pipeline.predict_guided(
            noisy, timesteps, text, negative_text.expand(count, -1, -1), None, 1, guidance_scale
        )
        unet.enable_adapters()
        with unet.camera_embedded_by(embedding):
            learnt = pipeline.predict(noisy, timesteps, learnt_text, camera, 1)
        pretrained_noise, learnt_noise = (predicted_noise(scheduler, noisy, x, timesteps) for x in (pretrained, learnt))
        target = latents - alpha_sigma(scheduler, timesteps)[1].square() * (pretrained_noise - learnt_noise)
    distilled = 0.5 * (latents - target).square().sum() / count
    with unet.camera_embedded_by(embedding):
        return distilled + denoising_loss(pipeline, latents.detach(), learnt_text, camera, 1)
