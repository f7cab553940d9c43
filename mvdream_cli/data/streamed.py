"""What the training methods ask of their data, answered by a stream: latents encoded on the way, and pictures.

`Latents` and `ViewSet` answer the same of a rendered set. Letters in shapes: B objects, V views, C h w of a latent, S pixels.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from mvdream_cli.cameras import camera_condition
from mvdream_cli.data.latents import Latents
from mvdream_cli.data.stream import Batch, Stream, contrasting_gray
from mvdream_cli.data.training_pictures import crop_around_object
from mvdream_cli.images import composite


class StreamedLatents:
    """Latents (posterior means) of a stream.

    Where a GPU is faster than the processes that draw, each object is shown several times, with other words, before it is given
    up: step `i` takes its objects from the newest `keep` batches of those up to `i // repeats`. What it takes is a function of
    seed and step; a run that goes on draws those batches again.

    Args:
        encode: images (n, S, S, 3) in [0, 1] on `device` to latents (n, C, h, w).
        background: gray behind all objects; None: a random one behind each, that contrasts with it.
        batch_size: objects that are encoded at once.
        repeats: how often an object is shown, on average. keep: batches to choose from, if it is more than once.
    """

    def __init__(
        self,
        stream: Stream,
        encode: Callable[[Tensor], Tensor],
        *,
        device: torch.device,
        background: float | None,
        batch_size: int,
        repeats: int = 1,
        keep: int = 16,
    ):
        self.stream, self.encode, self.device, self.background, self.at_once = stream, encode, device, background, batch_size
        self.repeats, self.keep = repeats, keep if repeats > 1 else 1
        self._kept: dict[int, Latents] = {}  # number of a batch -> its latents
        self._all: Latents | None = None  # of all of them together

    def draw(self, i: int, micro: int, count: int, num_views: int) -> tuple[Tensor, Tensor | None, list[str]]:
        """As `Latents.draw`: the `micro`-th part of the objects of step `i`.

        With num_views 1, all views of as many objects as hold `count` of them: drawing an object costs as much as a few of
        its pictures.
        """
        views, size = self.stream.law.views, self.stream.batch_size
        if num_views not in (1, views):
            raise ValueError(f"the stream draws {views} views of an object; {num_views} were asked for")
        kept, rng = self._up_to(i // self.repeats), np.random.default_rng((self.stream.seed, i))
        chosen = rng.permutation(len(kept.captions))[:size] if self.repeats > 1 else np.arange(size)
        tellings = rng.integers(self.stream.law.tellings, size=(size, views))
        objects = count * num_views // views
        part = slice(micro * objects, (micro + 1) * objects)
        numbers = torch.from_numpy(chosen[part]).to(self.device, non_blocking=True)
        latents = kept.latents[numbers].flatten(0, 1)
        told = [[kept.captions[k][telling] for telling in row] for k, row in zip(chosen[part], tellings[part])]
        if num_views == 1:
            return latents, None, [caption for row in told for caption in row]
        return latents, kept.cameras[numbers].flatten(0, 1), [row[0] for row in told]

    def _up_to(self, newest: int) -> Latents:
        """The batches that a step chooses from, `newest` the last of them."""
        wanted = range(max(0, newest - self.keep + 1), newest + 1)
        if self._all is None or list(self._kept) != list(wanted):
            self._kept = {k: self._kept[k] if k in self._kept else self._encoded_batch(k) for k in wanted}
            parts = list(self._kept.values())
            captions = [caption for part in parts for caption in part.captions]
            self._all = Latents(*(torch.cat([part[k] for part in parts]) for k in range(2)), captions)
        return self._all

    def _encoded_batch(self, number: int) -> Latents:
        batch = self.stream.batch(number)
        drawn = np.random.default_rng((self.stream.seed, number, 1)).random((len(batch.rgba), 2))
        grays = contrasting_gray(batch.rgba, drawn) if self.background is None else np.full(len(drawn), self.background)
        parts = [slice(start, start + self.at_once) for start in range(0, len(grays), self.at_once)]
        latents = torch.cat([self._encoded(batch.rgba[part], grays[part]) for part in parts])
        cameras = camera_condition(torch.from_numpy(batch.c2w)).to(self.device, non_blocking=True)
        return Latents(latents.unflatten(0, batch.rgba.shape[:2]).half(), cameras, batch.captions)

    @torch.no_grad()
    def _encoded(self, rgba: np.ndarray, grays: np.ndarray) -> Tensor:
        """(b, V, S, S, 4) uint8 -> (b V, C, h, w); blended where they are encoded, because that is a quarter of the bytes."""
        pixels, gray = torch.from_numpy(rgba), torch.from_numpy(grays.astype(np.float32))
        if self.device.type == "cuda":
            pixels, gray = pixels.pin_memory(), gray.pin_memory()
        pixels = pixels.to(self.device, non_blocking=True).float() / 255.0
        gray = gray.to(self.device, non_blocking=True)[:, None, None, None, None]
        images = pixels[..., :3] * pixels[..., 3:] + gray * (1.0 - pixels[..., 3:])
        return self.encode(images.flatten(0, 1))


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
        grays = contrasting_gray(batch.rgba, torch.rand(len(crops), 2, dtype=torch.float64).numpy())
        images = [torch.from_numpy(composite(crop, gray)) for crop, gray in zip(crops, grays)]
        return torch.stack(images), [caption[0] for caption in batch.captions]


def _part(batch: Batch, first: int, count: int) -> Batch:
    part = slice(first, first + count)
    return Batch(batch.rgba[part], batch.c2w[part], batch.captions[part], [], batch.fovy_deg[part])
