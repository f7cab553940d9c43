"""What the training methods ask of their data, answered by a stream: latents encoded on the way, and pictures.

`Latents` and `ViewSet` answer the same of a rendered set. Letters in shapes: B objects, V views, C h w of a latent, S pixels.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from mvdream_cli.cameras import camera_condition
from mvdream_cli.data.stream import Batch, Stream, contrasting_gray
from mvdream_cli.data.training_pictures import crop_around_object
from mvdream_cli.images import composite


class StreamedLatents:
    """Latents (posterior means) of a stream.

    Args:
        encode: images (n, S, S, 3) in [0, 1] on `device` to latents (n, C, h, w).
        background: gray behind all objects; None: a random one behind each, that contrasts with it.
        batch_size: objects that are encoded at once.
    """

    def __init__(
        self,
        stream: Stream,
        encode: Callable[[Tensor], Tensor],
        *,
        device: torch.device,
        background: float | None,
        batch_size: int,
    ):
        self.stream, self.encode, self.device, self.background, self.at_once = stream, encode, device, background, batch_size

    def draw(self, i: int, micro: int, count: int, num_views: int) -> tuple[Tensor, Tensor | None, list[str]]:
        """As `Latents.draw`: the `micro`-th part of the objects of step `i`.

        With num_views 1, all views of as many objects as hold `count` of them: drawing an object costs as much as a few of
        its pictures.
        """
        views = self.stream.law.views
        if num_views not in (1, views):
            raise ValueError(f"the stream draws {views} views of an object; {num_views} were asked for")
        objects = count * num_views // views
        part = _part(self.stream.batch(i), micro * objects, objects)
        grays = np.full(objects, self.background) if self.background is not None else _grays(part)
        latents = torch.cat([self._encoded(part.rgba[k], grays[k]) for k in _slices(objects, self.at_once)])
        if num_views == 1:
            return latents, None, [caption for caption in part.captions for _ in range(views)]
        camera = camera_condition(torch.from_numpy(part.c2w)).flatten(0, 1)
        return latents, camera.to(self.device, non_blocking=True), part.captions

    @torch.no_grad()
    def _encoded(self, rgba: np.ndarray, grays: np.ndarray) -> Tensor:
        """(b, V, S, S, 4) uint8 -> (b V, C, h, w); blended where they are encoded, because that is a quarter of the bytes."""
        pixels, gray = torch.from_numpy(rgba), torch.from_numpy(grays.astype(np.float32))
        if self.device.type == "cuda":
            pixels, gray = pixels.pin_memory(), gray.pin_memory()
        pixels = pixels.to(self.device, non_blocking=True).float() / 255.0
        gray = gray.to(self.device, non_blocking=True)[:, None, None, None, None]
        images = pixels[..., :3] * pixels[..., 3:] + gray * (1.0 - pixels[..., 3:])
        return self.encode(images.flatten(0, 1)).float()


class StreamedPictures:
    """Single pictures of a stream whose law has `single` views, each over a random gray that contrasts with the object."""

    objects = math.inf  # there is no end of them

    def __init__(self, stream: Stream):
        self.stream = stream

    def draw(self, i: int, micro: int, count: int, crop_px: int | None = None) -> tuple[Tensor, list[str]]:
        """As `ViewSet.draw`: the `micro`-th part of step `i`."""
        return self._pictures(_part(self.stream.batch(i), micro * count, count), crop_px)

    def sample(self, count: int) -> Tensor:
        """As `ViewSet.sample`; always the same objects."""
        return self._pictures(self.stream.sample(count), None)[0]

    def _pictures(self, batch: Batch, crop_px: int | None) -> tuple[Tensor, list[str]]:
        crops = [crop_around_object(rgba[0], crop_px) for rgba in batch.rgba]
        images = [torch.from_numpy(composite(crop, gray)) for crop, gray in zip(crops, _grays(batch))]
        return torch.stack(images), batch.captions


def _grays(batch: Batch) -> np.ndarray:
    return contrasting_gray(batch.rgba, torch.rand(len(batch.rgba), 2, dtype=torch.float64).numpy())


def _part(batch: Batch, first: int, count: int) -> Batch:
    part = slice(first, first + count)
    return Batch(batch.rgba[part], batch.c2w[part], batch.captions[part], [])


def _slices(total: int, size: int) -> list[slice]:
    return [slice(start, start + size) for start in range(0, total, size)]
