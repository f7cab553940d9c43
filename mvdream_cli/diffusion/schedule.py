"""The forward process: x_t = alpha_t x + sigma_t noise, and the ways to read a prediction."""

import torch
from torch import Tensor


def alpha_sigma(scheduler, timesteps: Tensor) -> tuple[Tensor, Tensor]:
    """alpha_t = sqrt(alpha_bar_t) and sigma_t = sqrt(1 - alpha_bar_t), shaped (N, 1, 1, 1) for timesteps (N,)."""
    scheduler.alphas_cumprod = scheduler.alphas_cumprod.to(timesteps.device)  # stays there, as in diffusers' own methods
    alpha_bar = scheduler.alphas_cumprod[timesteps].float().view(-1, 1, 1, 1)
    return alpha_bar.sqrt(), (1 - alpha_bar).sqrt()


def add_noise(scheduler, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
    """x_t (N, C, h, w) from clean latents and noise."""
    alpha, sigma = alpha_sigma(scheduler, timesteps)
    return alpha * latents + sigma * noise


def training_target(scheduler, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
    """What the UNet learns to predict: the noise, or the velocity alpha noise - sigma x (Salimans and Ho 2022, D)."""
    if scheduler.config.prediction_type == "epsilon":
        return noise
    alpha, sigma = alpha_sigma(scheduler, timesteps)
    return alpha * noise - sigma * latents


def predicted_x0(scheduler, noisy: Tensor, prediction: Tensor, timesteps: Tensor) -> Tensor:
    """The clean latents that a raw prediction implies."""
    alpha, sigma = alpha_sigma(scheduler, timesteps)
    if scheduler.config.prediction_type == "epsilon":
        return (noisy - sigma * prediction) / alpha
    return alpha * noisy - sigma * prediction


def predicted_noise(scheduler, noisy: Tensor, prediction: Tensor, timesteps: Tensor) -> Tensor:
    """The noise that a raw prediction implies."""
    if scheduler.config.prediction_type == "epsilon":
        return prediction
    alpha, sigma = alpha_sigma(scheduler, timesteps)
    return alpha * prediction + sigma * noisy


def repeat_timestep(timestep: int, count: int, device=None) -> Tensor:
    """The same timestep for `count` latents, (count,)."""
    return torch.full((count,), timestep, dtype=torch.long, device=device)
