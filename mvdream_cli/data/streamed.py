"""What the training methods ask of their data, answered by a stream: latents encoded on the way, and pictures.

`Latents` answers the same of a set that was encoded once. Letters in shapes: B objects, V views, C h w of a latent, S pixels.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mvdream_cli.cameras import camera_condition
from mvdream_cli.data.latents import sampled
from mvdream_cli.data.set_stream import SetStream
from mvdream_cli.data.stream import Batch, Stream, contrasting_gray
from mvdream_cli.data.training_pictures import crop_around_object
from mvdream_cli.images import composite
from mvdream_cli.parts import Part


class Encoded(NamedTuple):
    """A batch as posteriors over one gray: means (B, V, C, h, w) float16, cameras (B, V, 16), captions, standard deviations."""

    mean: Tensor
    cameras: Tensor
    captions: list[tuple[str, ...]]
    spread: Tensor | None


class StreamedLatents:
    """Latents of a stream, samples of their posteriors, over a gray that is drawn anew each time an object is seen.

    Where a GPU is faster than the processes that draw, each object is shown several times, with other words, before it is given
    up: each place of step `i` takes its object from one of the newest `keep` batches of those up to `i // repeats`. What it
    takes is a function of seed, step and place; a run that goes on draws those batches again.

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
        self._kept: dict[int, Batch | Encoded] = {}  # number of a batch -> what is kept of it
        self._all: Encoded | None = None  # of all of them together, where they were encoded

    def draw(self, i: int, part: Part, num_views: int) -> tuple[Tensor, Tensor, list[str]]:
        """As `Latents.draw`: the objects of a part of step `i`, a place for each; with num_views 1, a place for each picture.

        Single pictures are all views of as many objects as hold them: drawing an object costs as much as a few of its pictures.
        """
        views, size = self.stream.views, self.stream.batch_size
        if num_views not in (1, views):
            raise ValueError(f"the stream draws {views} views of an object; {num_views} were asked for")
        objects = part if num_views == views else Part(part.first // views, part.last // views, part.total // views, part.key)
        kept, rng = self._up_to(i // self.repeats), np.random.default_rng((self.stream.seed, i))
        which, tellings = objects.of(rng.integers(len(kept), size=size)), rng.integers(self.stream.tellings, size=(size, views))
        places = np.arange(objects.first, objects.last) - self.stream.places.start  # among those of this process
        if self.background is None:
            grays = objects.of(np.random.default_rng((self.stream.seed, i, 1)).random((size, 2)))
            mean, spread = self._encoded_anew([kept[b].rgba[k] for b, k in zip(which, places)], grays)
            cameras = self._cameras(np.stack([kept[b].c2w[k] for b, k in zip(which, places)])).flatten(0, 1)
        else:
            mean, spread, cameras = self._encoded_before(which * len(self.stream.places) + places)
        told = [
            [kept[b].captions[k][telling] for telling in row] for b, k, row in zip(which, places, objects.of(tellings))
        ]  # fmt: skip
        captions = [caption for row in told for caption in row] if num_views == 1 else [row[0] for row in told]
        return sampled(mean, spread, objects.each(views)), cameras, captions

    def _up_to(self, newest: int) -> list[Batch | Encoded]:
        """What is kept of the batches that a step chooses from, `newest` the last of them."""
        wanted = range(max(0, newest - self.keep + 1), newest + 1)
        if list(self._kept) != list(wanted):
            keep = self.stream.batch if self.background is None else self._encoded_batch
            self._kept = {number: self._kept[number] if number in self._kept else keep(number) for number in wanted}
            self._all = None
        return list(self._kept.values())

    def _encoded_before(self, chosen: np.ndarray) -> tuple[Tensor, Tensor | None, Tensor]:
        """Means, standard deviations and cameras of objects by their number among all that are kept."""
        if self._all is None:
            means, cameras, _, spreads = zip(*self._kept.values())
            self._all = Encoded(torch.cat(means), torch.cat(cameras), [], None if spreads[0] is None else torch.cat(spreads))
        numbers, kept = torch.from_numpy(chosen).to(self.device, non_blocking=True), self._all
        return tuple(
            None if part is None else part[numbers].flatten(0, 1) for part in (kept.mean, kept.spread, kept.cameras)
        )  # fmt: skip

    def _encoded_anew(self, rgba: list[np.ndarray], drawn: np.ndarray) -> tuple[Tensor, Tensor | None]:
        """Posteriors of pictures (V, S, S, 4) over other grays than the last time."""
        rgba = np.stack(rgba)
        return self._encoded(rgba, contrasting_gray(rgba, drawn) if self.contrast else drawn[:, 0])

    def _encoded_batch(self, number: int) -> Encoded:
        batch = self.stream.batch(number)
        shape = batch.rgba.shape[:2]
        mean, spread = self._encoded(batch.rgba, np.full(len(batch.rgba), self.background))
        spread = None if spread is None else spread.unflatten(0, shape).half()
        return Encoded(mean.unflatten(0, shape).half(), self._cameras(batch.c2w), batch.captions, spread)

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
    """Single pictures of a stream that gives one view of each object, over random grays.

    contrast: of two grays the one that contrasts with the object.
    """

    def __init__(self, stream: Stream | SetStream, contrast: bool = True):
        self.stream, self.contrast = stream, contrast

    def draw(self, i: int, part: Part, crop_px: int | None = None) -> tuple[Tensor, list[str]]:
        """The pictures of a part of step `i`, or crops of them around a random pixel of the object.

        Returns:
            images (size, H, W, 3) in [0, 1], and their captions.
        """
        batch, start = self.stream.batch(i), self.stream.places.start
        mine = slice(part.first - start, part.last - start)
        drawn, around = part.rand("gray", 2).double().numpy(), part.rand("crop").tolist()
        return self._over(batch.rgba[mine], drawn, around, crop_px), [told[0] for told in batch.captions[mine]]

    def sample(self, count: int) -> Tensor:
        """Pictures (count, H, W, 3) of always the same objects, which no step of an endless stream sees."""
        part = Part(0, count, count)
        return self._over(self.stream.sample(count).rgba, part.rand("gray", 2).double().numpy(), [0.5] * count, None)

    def _over(self, rgba: np.ndarray, drawn: np.ndarray, around: list[float], crop_px: int | None) -> Tensor:
        crops = [crop_around_object(views[0], crop_px, where) for views, where in zip(rgba, around)]
        grays = contrasting_gray(rgba, drawn) if self.contrast else drawn[:, 0]
        return torch.stack([torch.from_numpy(composite(crop, gray)) for crop, gray in zip(crops, grays)])
