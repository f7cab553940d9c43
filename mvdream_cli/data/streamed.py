"""What the training methods ask of their data, answered by a stream: latents encoded on the way, and pictures.

`Latents` and `ViewSet` answer the same of a rendered set. Letters in shapes: B objects, V views, C h w of a latent, S pixels.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from mvdream_cli.cameras import camera_condition
from mvdream_cli.data.latents import Latents, posterior
from mvdream_cli.data.set_stream import SetStream
from mvdream_cli.data.stream import Batch, Stream, contrasting_gray
from mvdream_cli.data.training_pictures import crop_around_object
from mvdream_cli.images import composite


class StreamedLatents:
    """Latents of a stream, samples of their posteriors, over a gray that is drawn anew each time an object is seen.

    Where a GPU is faster than the processes that draw, each object is shown several times, with other words, before it is given
    up: step `i` takes its objects from the newest `keep` batches of those up to `i // repeats`. What it takes is a function of
    seed and step; a run that goes on draws those batches again.

    Args:
        stream: `Stream`, or `SetStream` of a rendered set.
        encode: images (n, S, S, 3) in [0, 1] on `device` to means and standard deviations of latents (n, C, h, w); the latter
            None where there is no posterior.
        background: gray behind all objects: pictures are then encoded once, however often they are shown; None: a random one.
        contrast: a random gray contrasts with the object.
        batch_size: objects that are encoded at once.
        repeats: how often an object is shown, on average. keep: batches to choose from, if it is more than once.
    """

    def __init__(
        self,
        stream: Stream | SetStream,
        encode: Callable[[Tensor], tuple[Tensor, Tensor | None]],
        *,
        device: torch.device,
        background: float | None,
        batch_size: int,
        contrast: bool = True,
        repeats: int = 1,
        keep: int = 16,
    ):
        self.stream, self.encode, self.device, self.background, self.at_once = stream, encode, device, background, batch_size
        self.contrast, self.repeats, self.keep = contrast, repeats, keep if repeats > 1 else 1
        self._kept: dict[int, Batch | Latents] = {}  # number of a batch -> what is kept of it
        self._all: Latents | None = None  # of all of them together, where they were encoded

    def draw(self, i: int, micro: int, count: int, num_views: int) -> tuple[Tensor, Tensor, list[str]]:
        """As `Latents.draw`: the `micro`-th part of the objects of step `i`.

        With num_views 1, all views of as many objects as hold `count` of them: drawing an object costs as much as a few of
        its pictures.
        """
        views, size = self.stream.views, self.stream.batch_size
        if num_views not in (1, views):
            raise ValueError(f"the stream draws {views} views of an object; {num_views} were asked for")
        kept, rng = self._up_to(i // self.repeats), np.random.default_rng((self.stream.seed, i))
        chosen = rng.permutation(len(kept) * size)[:size] if self.repeats > 1 else np.arange(size)
        tellings = rng.integers(self.stream.tellings, size=(size, views))
        grays = np.random.default_rng((self.stream.seed, i, 1)).random((size, 2))
        objects = count * num_views // views
        part = slice(micro * objects, (micro + 1) * objects)
        numbers = list(zip(*divmod(chosen[part], size)))  # (which batch, which of its objects)
        if self.background is None:
            latents = self._encoded_anew([kept[b].rgba[k] for b, k in numbers], grays[part])
            cameras = self._cameras(np.stack([kept[b].c2w[k] for b, k in numbers])).flatten(0, 1)
        else:
            latents, cameras = self._encoded_before(chosen[part])
        told = [[kept[b].captions[k][telling] for telling in row] for (b, k), row in zip(numbers, tellings[part])]
        captions = [caption for row in told for caption in row] if num_views == 1 else [row[0] for row in told]
        return latents, cameras, captions

    def _up_to(self, newest: int) -> list[Batch | Latents]:
        """What is kept of the batches that a step chooses from, `newest` the last of them."""
        wanted = range(max(0, newest - self.keep + 1), newest + 1)
        if list(self._kept) != list(wanted):
            keep = self.stream.batch if self.background is None else self._encoded_batch
            self._kept = {number: self._kept[number] if number in self._kept else keep(number) for number in wanted}
            self._all = None
        return list(self._kept.values())

    def _encoded_before(self, chosen: np.ndarray) -> tuple[Tensor, Tensor]:
        """Samples of the posteriors of objects by their number among all that are kept, and their cameras."""
        if self._all is None:
            parts = list(self._kept.values())
            whole = {name: [getattr(part, name) for part in parts] for name in ("latents", "cameras", "spread")}
            whole["spread"] = [spread for spread in whole["spread"] if spread is not None]
            joined = {name: torch.cat(tensors) for name, tensors in whole.items() if tensors}
            self._all = Latents(**joined, captions=[])
        numbers, kept = torch.from_numpy(chosen).to(self.device, non_blocking=True), self._all
        mean, cameras, spread = (
            None if part is None else part[numbers].flatten(0, 1) for part in (kept.latents, kept.cameras, kept.spread)
        )
        return posterior(mean, spread), cameras

    def _encoded_anew(self, rgba: list[np.ndarray], drawn: np.ndarray) -> Tensor:
        """Samples of the posteriors of pictures (V, S, S, 4) over other grays than the last time."""
        rgba = np.stack(rgba)
        grays = contrasting_gray(rgba, drawn) if self.contrast else drawn[:, 0]
        return posterior(*self._encoded(rgba, grays))

    def _encoded_batch(self, number: int) -> Latents:
        batch = self.stream.batch(number)
        shape = batch.rgba.shape[:2]
        mean, spread = self._encoded(batch.rgba, np.full(len(batch.rgba), self.background))
        spread = None if spread is None else spread.unflatten(0, shape).half()
        return Latents(mean.unflatten(0, shape).half(), self._cameras(batch.c2w), batch.captions, spread)

    def _cameras(self, c2w: np.ndarray) -> Tensor:
        return camera_condition(torch.from_numpy(c2w)).to(self.device, non_blocking=True)

    @torch.no_grad()
    def _encoded(self, rgba: np.ndarray, grays: np.ndarray) -> tuple[Tensor, Tensor | None]:
        """(b, V, S, S, 4) uint8 -> (b V, C, h, w) twice; blended where they are encoded: that is a quarter of the bytes."""
        found = []
        for start in range(0, len(rgba), self.at_once):
            pixels = torch.from_numpy(rgba[start : start + self.at_once])
            gray = torch.from_numpy(grays[start : start + self.at_once].astype(np.float32))
            if self.device.type == "cuda":
                pixels, gray = pixels.pin_memory(), gray.pin_memory()
            pixels = pixels.to(self.device, non_blocking=True).float() / 255.0
            gray = gray.to(self.device, non_blocking=True)[:, None, None, None, None]
            images = pixels[..., :3] * pixels[..., 3:] + gray * (1.0 - pixels[..., 3:])
            found.append(self.encode(images.flatten(0, 1)))
        mean, std = zip(*found)
        return torch.cat(mean), None if std[0] is None else torch.cat(std)


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
