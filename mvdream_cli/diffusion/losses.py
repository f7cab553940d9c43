"""Training losses: denoising (UNet), reconstruction (autoencoder) and contrast (CLIP)."""

import torch
import torch.nn.functional as F
from torch import Tensor

from mvdream_cli.diffusion.schedule import add_noise, training_target


def denoising_loss(
    pipeline, latents: Tensor, text: Tensor, camera: Tensor | None, num_views: int, timestep_power: float = 1.0
) -> Tensor:
    """E || prediction - target ||^2 with one timestep per object and independent noise per view (MVDream, eq. 1).

    Args:
        latents: (B V, C, h, w), the views of an object contiguous.
        text: (B V, L, D).
        camera: (B V, 16), or None for the 2D mode (then `num_views` is 1).
        timestep_power: timesteps are drawn as u ** power, u uniform; 1 is the paper's, less draws more of the noisy ones.
    """
    scheduler, objects = pipeline.scheduler, len(latents) // num_views
    last = scheduler.config.num_train_timesteps - 1
    timesteps = (torch.rand(objects, device=latents.device) ** timestep_power * (last + 1)).long().clamp(max=last)
    timesteps = timesteps.repeat_interleave(num_views)
    noise = torch.randn(latents.shape, device=latents.device)
    noisy = add_noise(scheduler, latents, noise, timesteps)
    prediction = pipeline.predict(noisy, timesteps, text, camera, num_views)
    return F.mse_loss(prediction, training_target(scheduler, latents, noise, timesteps))


def preservation_loss(module, before: dict[str, Tensor], norm: str = "l1") -> Tensor:
    """||theta - theta_0|| / N over all N parameters, float32 (MVDream, section 4.3): how far a tuned network has gone.

    The gradient of a weight is about 1 / N, 1e-9 at the published size: below what half precision can hold.

    Args:
        before: the parameters by name, as they were.
        norm: "l1", mean absolute difference, or "l2", mean squared difference.
    """
    size = {"l1": Tensor.abs, "l2": Tensor.square}[norm]
    count = sum(value.numel() for value in before.values())
    return sum(size(p.float() - before[name].float()).sum() for name, p in module.named_parameters()) / count


def autoencoder_loss(vae, images: Tensor, latent_noise: float, edge_weight: float) -> tuple[Tensor, dict[str, Tensor]]:
    """L1 on pixels and on the differences of neighbouring pixels, which keeps edges and small features.

    The decoder sees latents with noise of `latent_noise` times their standard deviation, so that it forgives what a diffusion
    model or a distilled scene gets slightly wrong. A light pull keeps the latents' size bounded.

    Args:
        vae: an AutoencoderDC.
        images: (B, H, W, 3) in [0, 1].
    """
    pixels = images.permute(0, 3, 1, 2) * 2 - 1
    latents = vae.encode(pixels).latent
    noisy = latents + latent_noise * latents.detach().std() * torch.randn_like(latents)
    error = vae.decode(noisy).sample - pixels
    edges = (error[..., 1:, :] - error[..., :-1, :]).abs().mean() + (error[..., 1:] - error[..., :-1]).abs().mean()
    loss = error.abs().mean() + edge_weight * edges + 1e-4 * latents.square().mean()
    return loss, {"psnr_db": -10 * (error.detach().square().mean() / 4).log10()}


def contrastive_loss(image_embeds: Tensor, text_embeds: Tensor, log_scale: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """CLIP's symmetric cross-entropy over the batch; embeddings (B, D) of unit length."""
    logits = log_scale.exp() * image_embeds @ text_embeds.T  # (B, B)
    target = torch.arange(len(logits), device=logits.device)
    loss = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
    return loss, {"accuracy": (logits.argmax(1) == target).float().mean()}
