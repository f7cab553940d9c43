"""What the reconstructor learns from: views with their cameras, and what is true of the object at points around it.

Letters in shapes: B objects, V views, S pixels, P points.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from mvdream_cli.data.stream import Batch, contrasting_gray
from mvdream_cli.images import composite, to_uint8
from mvdream_cli.parts import Part


class ObjectBatch(NamedTuple):
    """images (B, V, S, S, 3) in [0, 1], c2w (B, V, 4, 4), fovy_deg (B, V).

    points (B, P, 3), and there distance (B, P) and colors (B, P, 3). alpha (B, V, S, S) in [0, 1]: how much of a pixel truly
    shows the object, whatever the images show.
    """

    images: Tensor
    c2w: Tensor
    fovy_deg: Tensor
    points: Tensor
    distance: Tensor
    colors: Tensor
    alpha: Tensor


class Source(Protocol):
    """A `Stream` whose law has points, or a `SetStream` with them."""

    seed: int
    batch_size: int
    places: range

    def batch(self, i: int) -> Batch: ...

    def sample(self, count: int) -> Batch: ...


# (images (B, V, S, S, 3) float32, c2w (B, V, 4, 4), captions, part with B places) -> images as a model would have drawn them
Redraw = Callable[[Tensor, Tensor, list[str], Part], Tensor]


class StreamedObjects:
    """Objects of a stream, each shown several times before it is given up, with other points.

    Each place of step `i` takes its object from one of the newest `keep` batches of those up to `i // repeats`, as
    `StreamedLatents` does. What it takes is a function of seed, step and place.

    Args:
        redraw: the views that are shown in place of the true ones; None: the true ones.
        background: gray behind all objects; None: a random one behind each, that contrasts with it.
        repeats: how often an object is shown, on average. keep: batches to choose from, if it is more than once.
    """

    def __init__(
        self,
        stream: Source,
        redraw: Redraw | None,
        *,
        device: torch.device,
        background: float | None,
        repeats: int = 1,
        keep: int = 16,
    ):
        self.stream, self.redraw, self.device, self.background = stream, redraw, device, background
        self.repeats, self.keep = repeats, keep if repeats > 1 else 1
        self._kept: dict[int, tuple[np.ndarray, Batch]] = {}  # number of a batch -> its images (B, V, S, S, 3) uint8, and it

    def draw(self, i: int, part: Part, num_points: int) -> ObjectBatch:
        """The objects of a part of step `i`, each with some of its points."""
        newest, size = i // self.repeats, self.stream.batch_size
        wanted = range(max(0, newest - self.keep + 1), newest + 1)
        self._kept = {k: self._kept.get(k) or self._shown(self.stream.batch(k), self._part(k)) for k in wanted}
        rng = np.random.default_rng((self.stream.seed, i))
        which, starts = rng.integers(len(wanted), size=size), rng.random(size)
        places = np.arange(part.first, part.last) - self.stream.places.start  # among those of this process
        rows = [(*self._kept[wanted[b]], k) for b, k in zip(part.of(which), places)]
        return self._batch(rows, part.of(starts), num_points)

    def sample(self, count: int) -> ObjectBatch:
        """Objects that no step sees, always the same ones, all of their points; the second half as they are shown."""
        batch = self.stream.sample(count)
        images, _ = self._shown(batch, Part(0, count, count, (self.stream.seed, -1)))
        true = self._composed(batch, np.full(count, 0.5 if self.background is None else self.background))
        images[: count // 2] = true[: count // 2]
        return self._batch([(images, batch, k) for k in range(count)], np.zeros(count), batch.points.points.shape[1])

    def _batch(self, rows: list[tuple[np.ndarray, Batch, int]], starts: np.ndarray, num_points: int) -> ObjectBatch:
        """Of images, their batch and the number of an object in it; starts (B,) in [0, 1) say which points are taken."""
        images = torch.from_numpy(np.stack([images[k] for images, _, k in rows])).to(self.device, non_blocking=True)
        c2w = np.stack([batch.c2w[k] for _, batch, k in rows])
        fovy_deg = np.repeat([[batch.fovy_deg[k]] for _, batch, k in rows], c2w.shape[1], 1)
        parts = []
        for name in ("points", "distance", "colors"):
            of_all = [getattr(batch.points, name)[k] for _, batch, k in rows]
            first = [int(start * max(len(of) - num_points + 1, 1)) for start, of in zip(starts, of_all)]
            parts.append(np.stack([of[at : at + num_points] for at, of in zip(first, of_all)]))
        alpha = np.stack([batch.rgba[k, ..., 3] for _, batch, k in rows])
        rest = (torch.from_numpy(np.float32(x)).to(self.device, non_blocking=True) for x in (c2w, fovy_deg, *parts))
        alpha = torch.from_numpy(alpha).to(self.device, non_blocking=True).float() / 255.0
        return ObjectBatch(images.float() / 255.0, *rest, alpha)

    def _part(self, number: int) -> Part:
        """This process's part of a batch."""
        places = self.stream.places
        return Part(places.start, places.stop, self.stream.batch_size, (self.stream.seed, number))

    def _shown(self, batch: Batch, part: Part) -> tuple[np.ndarray, Batch]:
        drawn = part.rand("gray", 2).double().numpy()
        grays = contrasting_gray(batch.rgba, drawn) if self.background is None else np.full(len(drawn), self.background)
        images = self._composed(batch, grays)
        if self.redraw is not None:
            true = torch.from_numpy(images).to(self.device).float() / 255.0
            c2w = torch.from_numpy(batch.c2w).to(self.device)
            images = to_uint8(self.redraw(true, c2w, [told[0] for told in batch.captions], part))
        return images, batch

    @staticmethod
    def _composed(batch: Batch, grays: np.ndarray) -> np.ndarray:
        """(B, V, S, S, 3) uint8."""
        return to_uint8(composite(batch.rgba, grays[:, None, None, None, None]))
