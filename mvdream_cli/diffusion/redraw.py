"""Views as a diffusion model would have drawn them: true latents, noised and denoised again."""

import torch
from torch import Tensor

from mvdream_cli.cameras import camera_condition
from mvdream_cli.diffusion.schedule import add_noise, predicted_noise, predicted_x0


@torch.no_grad()
def redraw(pipeline, images: Tensor, c2w: Tensor, captions: list[str], timesteps: Tensor, noise: Tensor, steps: int) -> Tensor:
    """Views of objects, taken to `timesteps` and back by a few steps of DDIM with the right words.

    What a model cannot draw is lost, as it is in what it samples; what the views show is not.

    Args:
        images: (B, V, S, S, 3) in [0, 1]. c2w: (B, V, 4, 4). captions: B of them.
        timesteps: (B,), of the noise; 0 for the autoencoder alone.
        noise: (B, V, C, h, w), standard normal.
        steps: of DDIM, from the timestep to 0.

    Returns:
        (B, V, S, S, 3) in [0, 1].
    """
    objects, views = images.shape[:2]
    latents = pipeline.encode_images(images.flatten(0, 1), sample=False)
    noised = timesteps.nonzero()[:, 0]
    if len(noised):
        rows = (noised[:, None] * views + torch.arange(views, device=noised.device)).flatten()
        text = pipeline.encode_prompt([captions[k] for k in noised.tolist()]).repeat_interleave(views, 0)
        camera = camera_condition(c2w[noised]).flatten(0, 1)
        start = timesteps[noised].repeat_interleave(views)
        x = add_noise(pipeline.scheduler, latents[rows].float(), noise.flatten(0, 1)[rows], start)
        for k in range(steps):
            t, following = start * (steps - k) // steps, start * (steps - k - 1) // steps
            prediction = pipeline.predict(x, t, text, camera, views)
            clean = predicted_x0(pipeline.scheduler, x, prediction, t)
            left = predicted_noise(pipeline.scheduler, x, prediction, t)
            x = add_noise(pipeline.scheduler, clean, left, following) if k < steps - 1 else clean
        latents[rows] = x.to(latents.dtype)
    return pipeline.decode_latents(latents).unflatten(0, (objects, views))
