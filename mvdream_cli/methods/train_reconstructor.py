"""Training of the reconstructor: views, true or as the model draws them, to signed distance and color at points.

Rays see to it that what the views show is met by them, however uncertain its depth is (`methods.silhouettes`).
"""

from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mvdream_cli.cameras import MIRRORED, mirrored_cameras
from mvdream_cli.data.streamed_objects import ObjectBatch, Redraw, StreamedObjects
from mvdream_cli.diffusion.redraw import redraw
from mvdream_cli.engine import progress
from mvdream_cli.engine.method import Method
from mvdream_cli.engine.optim import Ema
from mvdream_cli.images import grid, save_image
from mvdream_cli.methods.micro_batches import MicroBatches
from mvdream_cli.methods.silhouettes import nearest_along, silhouette_loss
from mvdream_cli.methods.train_shared import network_training, optimizer_of
from mvdream_cli.models.reconstructor import Reconstructor
from mvdream_cli.parts import Part
from mvdream_cli.settings.train import ReconstructorTraining, Train

SIGN_WIDTH = 0.01  # the distance over which the sign becomes certain
COLORED_WITHIN = 0.05  # of the surface, points have a color
SURE_FROM, SURE_TO = 0.01, 0.04  # distances of the points for which the share of right signs is told


def train_reconstructor(
    network: Reconstructor,
    objects: StreamedObjects,
    options: Train,
    *,
    device: torch.device,
    dtype: torch.dtype,
    previews: Path,
) -> Method:
    """What the loop needs. The averaged weights are in `network` when it has ended."""
    settings = options.reconstructor
    network.to(device, dtype, memory_format=torch.channels_last).train().requires_grad_(True)
    optimizer = optimizer_of(network.parameters(), options)
    ema = Ema(network, options.optimizer.ema_decay, optimizer)
    micro_batches = MicroBatches(options.batch_size, "objects", options.micro_batch_size)

    def step(i: int, part: Part):
        batch = objects.draw(i, part, settings.points)
        batch = augmented(fewer_views(batch, i, objects.stream.seed, settings), settings, part)
        reading = network.read(batch.images, batch.c2w, batch.fovy_deg)
        distance, colors = network.at(reading, batch.points)
        loss, stats = reconstruction_loss(distance, colors, batch, settings.sign_weight, settings.color_weight)
        if settings.silhouette_weight:
            nearest, shown = nearest_along(partial(network.at, reading), batch, part, settings.silhouette_rays)
            missed, stats["silhouettes_right"] = silhouette_loss(nearest, shown)
            loss = loss + settings.silhouette_weight * missed
        return loss, stats

    def preview(done: int) -> None:
        # the views of eight objects, the last of them redrawn, and a slice through the middle of each
        with ema.applied(), torch.no_grad():
            batch = objects.sample(8)
            sheet = torch.cat([batch.images, middle_slices(network, batch)[:, None]], 1)
        progress.preview(save_image(previews / f"step-{done:08d}.png", grid(sheet.flatten(0, 1), sheet.shape[1])))

    return network_training(
        "reconstructor", network, ema, optimizer, micro_batches, options,
        description="reconstructor", step=step, preview=preview,
    )  # fmt: skip


def reconstruction_loss(
    distance: Tensor, colors: Tensor, batch: ObjectBatch, sign_weight: float, color_weight: float
) -> tuple[Tensor, dict[str, Tensor]]:
    """L1 on truncated distances and on colors near the surface, and cross-entropy on which side of it a point is.

    Args:
        distance: (B, P). colors: (B, P, 3).
    """
    size, inside = batch.distance.abs(), batch.distance < 0
    apart = (distance - batch.distance).abs().mean() / 0.1
    sign = F.binary_cross_entropy_with_logits(-distance / SIGN_WIDTH, inside.float())
    near = (size < COLORED_WITHIN).float()
    off = ((colors - batch.colors).abs().mean(-1) * near).sum() / near.sum().clamp(min=1)
    asked = ((size > SURE_FROM) & (size < SURE_TO)).float()
    right = (((distance < 0) == inside).float() * asked).sum() / asked.sum().clamp(min=1)
    stats = {"distance_error": apart.detach(), "color_error": off.detach(), "sign_right": right.detach()}
    return apart + sign_weight * sign + color_weight * off, stats


def fewer_views(batch: ObjectBatch, i: int, seed: int, settings: ReconstructorTraining) -> ObjectBatch:
    """At times, all objects of a step (every micro-batch of it) are seen from fewer directions."""
    rng, views = np.random.default_rng((seed, i, 2)), batch.c2w.shape[1]
    if views < 2 or rng.random() >= settings.fewer_views_probability:
        return batch
    kept = torch.from_numpy(np.sort(rng.permutation(views)[: int(rng.integers(1, views))])).to(batch.c2w.device)
    return batch._replace(**{name: getattr(batch, name)[:, kept] for name in ("images", "c2w", "fovy_deg", "alpha")})


def augmented(batch: ObjectBatch, settings: ReconstructorTraining, part: Part) -> ObjectBatch:
    """Some objects mirrored, all a little blurred and shifted in tone."""
    mirror, blur, gain, shift = (part.rand(name, n) for name, n in (("mirror", 1), ("blur", 1), ("gain", 3), ("shift", 3)))
    batch = mirrored(batch, (mirror < settings.mirror_probability).flatten().to(batch.images.device, non_blocking=True))
    gain = (1 + settings.tone * (2 * gain - 1)).to(batch.images.device, non_blocking=True)[:, None, None, None]
    shift = (settings.tone / 2 * (2 * shift - 1)).to(batch.images.device, non_blocking=True)[:, None, None, None]
    # the weight of each of two neighbours, along both sides
    side = (settings.blur / 4 * blur).to(batch.images.device, non_blocking=True)[:, :, None, None, None]
    images = batch.images
    for axis in (2, 3):
        around = images.roll(1, axis) + images.roll(-1, axis)
        images = images * (1 - 2 * side) + around * side
    colors = (batch.colors * gain[:, 0, 0] + shift[:, 0, 0]).clamp(0, 1)
    return batch._replace(images=(images * gain + shift).clamp(0, 1), colors=colors)


def mirrored(batch: ObjectBatch, which: Tensor) -> ObjectBatch:
    """Left and right exchanged in the objects of a mask (B,): pictures, cameras and points."""
    world = torch.where(which[:, None], batch.points.new_tensor(MIRRORED), 1.0)  # (B, 3)
    c2w = torch.where(which[:, None, None, None], mirrored_cameras(batch.c2w), batch.c2w)
    images = torch.where(which[:, None, None, None, None], batch.images.flip(3), batch.images)
    alpha = torch.where(which[:, None, None, None], batch.alpha.flip(3), batch.alpha)
    return batch._replace(images=images, alpha=alpha, c2w=c2w, points=batch.points * world[:, None])


def redraw_of(pipeline, settings: ReconstructorTraining, dtype: torch.dtype, at_once: int = 4) -> Redraw:
    """Some objects as the pipeline draws them, some through its autoencoder, others as they are; `at_once` together."""

    def redrawn(images: Tensor, c2w: Tensor, captions: list[str], part: Part) -> Tensor:
        coin, drawn = part.rand("redrawn").numpy(), part.rand("timestep").numpy()
        drawn = settings.timesteps[0] + (settings.timesteps[1] - settings.timesteps[0]) * drawn
        timesteps = np.where(coin < settings.redrawn_probability, drawn, 0).astype(np.int64)
        chosen = np.flatnonzero(coin < settings.redrawn_probability + settings.decoded_probability)
        stride, channels = pipeline.latent_stride, pipeline.latent_channels
        shape = (images.shape[1], channels, images.shape[2] // stride, images.shape[3] // stride)
        noise, images = part.randn("noise", *shape).to(images.device), images.clone()
        for start in range(0, len(chosen), at_once):
            some = torch.from_numpy(chosen[start : start + at_once]).to(images.device)
            words = [captions[k] for k in some.tolist()]
            t = torch.from_numpy(timesteps).to(images.device)[some]
            with torch.autocast(images.device.type, dtype, enabled=dtype != torch.float32):
                images[some] = redraw(pipeline, images[some], c2w[some], words, t, noise[some], settings.redraw_steps)
        return images

    return redrawn


def middle_slices(network: Reconstructor, batch: ObjectBatch) -> Tensor:
    """The plane y = 0 of each object, colored inside and white outside, as the network sees it; (B, S, S, 3)."""
    size = batch.images.shape[2]
    axis = torch.linspace(-0.5, 0.5, size, device=batch.points.device)
    z, x = torch.meshgrid(-axis, axis, indexing="ij")
    points = torch.stack([x, torch.zeros_like(x), z], -1).view(1, -1, 3).expand(len(batch.images), -1, -1)
    distance, colors = network(batch.images, batch.c2w, batch.fovy_deg, points)
    return torch.where(distance[..., None] < 0, colors, 1.0).unflatten(1, (size, size))
