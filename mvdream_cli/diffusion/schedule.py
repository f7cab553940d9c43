"""The forward process: x_t = alpha_t x + sigma_t noise, the ways to read a prediction, and the way back (DDIM)."""

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


def timesteps_of(timestep: int | Tensor, count: int, device=None) -> Tensor:
    """One timestep for each of `count` latents, (count,) on `device`: all the same, or those of a tensor."""
    if isinstance(timestep, int):
        return repeat_timestep(timestep, count, device)
    assert timestep.shape == (count,), (timestep.shape, count)
    return timestep.to(device, non_blocking=True)


def ddim_timesteps(scheduler, steps: int) -> list[int]:
    """The timesteps that a sample visits, from noise to picture, for any number of steps.

    With the published schedule ("leading" spacing) step k of S, counted from the picture, is at floor(1000 k / S) + 1: where S
    divides 1000 that is the official sampler's 1 + k (1000 / S). The shift of 1 is left out where 1000 would be visited. The
    official sampler takes `range(0, 1000, 1000 // S)` where S does not divide 1000, which is another number of steps.
    "trailing" spacing (`mini`) begins at the last timestep, "linspace" holds both ends.

    Args:
        steps: 1 to the number of training timesteps.

    Raises:
        ValueError: there are fewer timesteps than steps.
    """
    config = scheduler.config
    total = config.num_train_timesteps
    if not 1 <= steps <= total:
        raise ValueError(f"{steps} denoising steps: the noise schedule has 1 to {total}")
    if config.timestep_spacing == "trailing":
        return [round(total * k / steps) - 1 for k in range(steps, 0, -1)]
    if config.timestep_spacing == "linspace":
        return [round(k * (total - 1) / max(steps - 1, 1)) for k in range(steps - 1, -1, -1)]
    lowest_first = [k * total // steps for k in range(steps)]
    shift = min(config.steps_offset, total - 1 - lowest_first[-1])
    return [t + shift for t in reversed(lowest_first)]


def ddim_step(scheduler, latents: Tensor, prediction: Tensor, timestep: int, next_timestep: int | None) -> Tensor:
    """One step of DDIM with eta 0 (arXiv:2010.02502, eq. 12): latents (N, C, h, w) at `timestep` to those at the next one.

    Args:
        prediction: the UNet's raw one, noise or velocity as the scheduler says.
        next_timestep: the less noisy one that follows; None after the last step, which leads to the schedule's final alpha:
            that of timestep 0 in the published models, as in the official sampler, and 1 (no noise) in `mini`.
    """
    at = repeat_timestep(timestep, 1, latents.device)
    x0, noise = predicted_x0(scheduler, latents, prediction, at), predicted_noise(scheduler, latents, prediction, at)
    if scheduler.config.clip_sample:
        x0 = x0.clamp(-scheduler.config.clip_sample_range, scheduler.config.clip_sample_range)
    if next_timestep is None:
        alpha_bar = float(scheduler.final_alpha_cumprod)
        return alpha_bar**0.5 * x0 + (1 - alpha_bar) ** 0.5 * noise
    alpha, sigma = alpha_sigma(scheduler, repeat_timestep(next_timestep, 1, latents.device))
    return alpha * x0 + sigma * noise
