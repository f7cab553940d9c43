"""Score distillation: a rendering is pulled towards what the diffusion model would make of it.

Letters in shapes: B objects, V views, C latent channels, h w latent size, H W pixels, L tokens, D text channels.
"""

import torch
from torch import Tensor

from mvdream_cli.cameras import camera_condition
from mvdream_cli.diffusion.pipeline import rescaled
from mvdream_cli.diffusion.schedule import add_noise, alpha_sigma, predicted_noise, predicted_x0, timesteps_of


def annealed_timestep(
    step: int,
    *,
    anneal_steps: int,
    anneal_from: int = 0,
    num_train_timesteps: int = 1000,
    t_min: tuple[float, float] = (0.98, 0.02),
    t_max: tuple[float, float] = (0.98, 0.50),
    count: int | None = None,
) -> int | Tensor:
    """A timestep drawn between two bounds that move linearly from step `anneal_from` to `anneal_steps` (MVDream, section 4.2).

    Both ends can be drawn. Uses torch's global generator, on the CPU.

    Args:
        anneal_from: equal to `anneal_steps`, the bounds jump after it.
        t_min, t_max: each bound at the start and after annealing, as fractions of the schedule.
        count: that many timesteps, (count,); None: one for all, an int.
    """
    done = min(max((step - anneal_from) / max(anneal_steps - anneal_from, 1), 0.0), 1.0)
    low, high = (int(num_train_timesteps * (start + (end - start) * done)) for start, end in (t_min, t_max))
    drawn = torch.randint(low, high + 1, () if count is None else (count,))
    return int(drawn) if count is None else drawn


def score_distillation_loss(
    pipeline,
    images: Tensor,
    c2w: Tensor | None,
    text: Tensor,
    negative_text: Tensor,
    *,
    timestep: int | Tensor,
    guidance_scale: float,
    rescale: float = 0.5,
    num_views: int = 4,
    form: str = "x0",
) -> Tensor:
    """`latents_loss` of the latents of images (B V, H, W, 3) in [0, 1], which carry the gradient."""
    latents = pipeline.encode_images(images)
    return latents_loss(
        pipeline, latents, c2w, text, negative_text, timestep=timestep, guidance_scale=guidance_scale, rescale=rescale,
        num_views=num_views, form=form,
    )  # fmt: skip


def latents_loss(
    pipeline,
    latents: Tensor,
    c2w: Tensor | None,
    text: Tensor,
    negative_text: Tensor,
    *,
    timestep: int | Tensor,
    guidance_scale: float,
    rescale: float = 0.5,
    num_views: int = 4,
    form: str = "x0",
) -> Tensor:
    """The x0-reconstruction loss of MVDream (section 4.2), plain score distillation (DreamFusion, eq. 3), or SJC's.

    x0:  0.5 sum (x - stopgrad x0_hat)^2 / (B V), no weight on t. Its gradient is (x - x0_hat) / (B V).
    sds: gradient (1 - alpha_bar_t) (noise_hat - noise) / (B V).
    sjc: gradient (noise_hat - noise) / (B V): the denoised picture minus the rendering, over the noise's size, with the
         noise itself as control variate (Score Jacobian Chaining, arXiv:2212.00774).

    Args:
        latents: (B V, C, h, w), scaled, the views of an object contiguous; carries the gradient.
        c2w: (B V, 4, 4), or None to ask the model in its 2D mode (then `num_views` is 1).
        text, negative_text: (1, L, D) for all, or (B V, L, D).
        timestep: one for all views, or (B V,) one for each, on the CPU.
        form: "x0", "sds" or "sjc".

    Returns:
        0-d loss. No gradient reaches the diffusion model.
    """
    latents = latents.float()
    count, scheduler = len(latents), pipeline.scheduler
    with torch.no_grad():
        timesteps = timesteps_of(timestep, count, latents.device)
        noise = torch.randn(latents.shape, device=latents.device)
        noisy = add_noise(scheduler, latents, noise, timesteps)
        camera = None if c2w is None else camera_condition(c2w)
        texts = text.expand(count, -1, -1), negative_text.expand(count, -1, -1)
        prediction, conditional = pipeline.predict_guided(noisy, timesteps, *texts, camera, num_views, guidance_scale)
        if form in ("sds", "sjc"):
            weight = alpha_sigma(scheduler, timesteps)[1].square() if form == "sds" else 1.0
            target = latents - weight * (predicted_noise(scheduler, noisy, prediction, timesteps) - noise)
        else:
            x0 = predicted_x0(scheduler, noisy, prediction, timesteps)
            x0_conditional = predicted_x0(scheduler, noisy, conditional, timesteps)
            target = rescaled(x0, x0_conditional, num_views, rescale)
    return 0.5 * (latents - target).square().sum() / count
