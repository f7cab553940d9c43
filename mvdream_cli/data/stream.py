"""Training data without a disk: objects are drawn and rendered in worker processes while the training goes on.

Object k of a stream is a function of (seed, k), and step i takes objects i * batch_size and those that follow it. What a step
sees therefore does not depend on the number of workers, on how its batch is cut into parts, or on where a run was interrupted.
"""

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from mvdream_cli.cameras import FRONT_AZIMUTH_DEG
from mvdream_cli.data.render_object import pictures_of
from mvdream_cli.data.sources import AssetSource
from mvdream_cli.data.training_cameras import CameraDistribution, draw_training_cameras, object_rng
from mvdream_cli.data.worker_pool import worker_pool
from mvdream_cli.errors import DataError
from mvdream_cli.raycast.points import POINTS_VERSION as POINTS_VERSION  # commands do not know of raycast
from mvdream_cli.raycast.points import Points

# (seed, index, telling) -> an object that nobody has built yet; `telling` chooses other words for the same; can be pickled
Draw = Callable[[int, int, int], AssetSource]

CHUNK = 4  # objects in one job of a worker
SAMPLE_FROM = 2**40  # indices from here on are for samples that no step sees
REPLACEMENTS_FROM = 2**41  # and from here on for what takes the place of broken objects
ATTEMPTS = 20  # broken objects in a row, before the stream is given up


@dataclass(frozen=True)
class StreamLaw:
    """What all objects of a stream share; with the seed and `Draw`, it decides every picture.

    views: at equal azimuth steps, seen together. size_px: side of a picture. samples: rays for a pixel on an edge.
    single: one of the views only, any of them. tellings: captions of each object.
    rig_probability: that an object is seen by `rig`, the first view from the front; else it is by `cameras`, from a random one
        of `first_views` directions on.
    points: of each object, at which it is known what is true of it (`raycast.points`).
    """

    views: int
    size_px: int
    rig_probability: float
    rig: CameraDistribution
    cameras: CameraDistribution
    first_views: int = 32
    single: bool = False
    tellings: int = 1
    samples: int = 4
    points: int = field(default=0, repr=False)  # what is told of streams without any stays as it was


@dataclass(frozen=True)
class Batch:
    """rgba (B, V, S, S, 4) uint8, straight alpha; c2w (B, V, 4, 4) float32; tellings of each of B objects.

    broken: reasons, one for each object that was left out. fovy_deg (B,) float32. points: where the law has some, with B first.
    """

    rgba: np.ndarray
    c2w: np.ndarray
    captions: list[tuple[str, ...]]
    broken: list[str]
    fovy_deg: np.ndarray
    points: Points | None = None

    @staticmethod
    def joined(parts: list["Batch"]) -> "Batch":
        rgba, c2w, fovy_deg = (np.concatenate([getattr(part, name) for part in parts]) for name in ("rgba", "c2w", "fovy_deg"))
        captions, broken = [c for part in parts for c in part.captions], [r for part in parts for r in part.broken]
        points = Points.joined([part.points for part in parts]) if parts[0].points else None
        return Batch(rgba, c2w, captions, broken, fovy_deg, points)


class Stream:
    """Batches of objects by the number of their step, drawn ahead of time. Use as a context manager.

    Make it before the process has threads or uses a GPU: its workers begin as copies of the process.

    Args:
        draw: the world.
        batch_size: of the whole batch. places: of it, those whose objects are drawn here; None: all.
        workers: processes; 0 for none: objects are then drawn when they are asked for.
        ahead: steps whose batches are drawn before they are asked for.
        say: called with one sentence when an object is broken for the first time.
    """

    def __init__(
        self,
        draw: Draw,
        law: StreamLaw,
        *,
        seed: int,
        batch_size: int,
        places: range | None = None,
        workers: int = 0,
        ahead: int = 2,
        say: Callable[[str], None] | None = None,
    ):
        self.draw, self.law, self.seed, self.batch_size, self.ahead, self.say = draw, law, seed, batch_size, ahead, say
        self.views, self.tellings, self.places = law.views, law.tellings, places or range(batch_size)
        self.broken = 0  # objects that were left out, in the batches that were asked for
        self._pool = worker_pool(workers) if workers else None
        self._jobs: dict[int, list[Future]] = {}  # step -> the parts of its batch
        self._newest: tuple[int, Batch] | None = None
        if self._pool:
            self._pool.submit(int).result()  # starts the workers

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        if self._pool:
            # not left to end by themselves: a worker that ends in the middle of an answer leaves the pool waiting for its rest
            self._pool.shutdown(cancel_futures=True)

    def batch(self, i: int) -> Batch:
        """The objects at this process's places of step `i`; those of the steps that follow are begun.

        Raises:
            DataError: a worker was ended, mostly because the memory was full, or nothing but broken objects is drawn.
        """
        if self._newest and self._newest[0] == i:
            return self._newest[1]
        if self._pool is None:
            batch = draw_objects(self.draw, self.law, self.seed, self._first(i), len(self.places))
        else:
            for step in [step for step in self._jobs if not i <= step <= i + self.ahead]:
                for job in self._jobs.pop(step):
                    job.cancel()
            for step in range(i, i + self.ahead + 1):
                if step not in self._jobs:
                    self._jobs[step] = self._begin(self._first(step), len(self.places))
            batch = _result(self._jobs.pop(i))
        if batch.broken and not self.broken and self.say:
            self.say(f"a broken object was left out and another one taken ({batch.broken[0]}); there may be more")
        self.broken += len(batch.broken)
        self._newest = i, batch
        return batch

    def sample(self, count: int) -> Batch:
        """`count` objects that no step sees, always the same ones."""
        if self._pool is None:
            return draw_objects(self.draw, self.law, self.seed, SAMPLE_FROM, count)
        return _result(self._begin(SAMPLE_FROM, count))

    def captions(self, count: int) -> list[str]:
        """Of the first objects, which are not built for it."""
        return [self.draw(self.seed, index, 0).caption for index in range(count)]

    def _first(self, i: int) -> int:
        """The first object of step `i` that is drawn here."""
        return i * self.batch_size + self.places.start

    def _begin(self, first: int, count: int) -> list[Future]:
        job = partial(self._pool.submit, draw_objects, self.draw, self.law, self.seed)
        return [job(first + start, min(CHUNK, count - start)) for start in range(0, count, CHUNK)]


def _result(jobs: list[Future]) -> Batch:
    try:
        return Batch.joined([job.result() for job in jobs])
    except (BrokenProcessPool, MemoryError):
        raise DataError(
            "a process that draws objects was ended, mostly because the memory is full; the same command goes on, "
            "with less memory if data.workers is smaller"
        ) from None


def draw_objects(draw: Draw, law: StreamLaw, seed: int, first: int, count: int) -> Batch:
    """Objects `first` to `first + count` of a stream."""
    parts = [_draw_object(draw, law, seed, index) for index in range(first, first + count)]
    return Batch.joined(parts)


def _draw_object(draw: Draw, law: StreamLaw, seed: int, index: int) -> Batch:
    """One object. A broken one is replaced by one from far away, which is a function of (seed, index) as well."""
    broken = []
    for attempt in range(ATTEMPTS):
        number = index if attempt == 0 else REPLACEMENTS_FROM + index * ATTEMPTS + attempt
        source = draw(seed, number, 0)
        rng = object_rng(seed, source.id)
        azimuth_deg, elevation_deg, fovy_deg, distance = _cameras(rng, law)
        try:
            c2w, rgba, points = pictures_of(
                source, rng, azimuth_deg, elevation_deg, fovy_deg, distance,
                size_px=law.size_px, samples=law.samples, points=law.points,
            )  # fmt: skip
        except MemoryError:  # says nothing about the object: in its place, another run would have another one
            raise
        except Exception as error:  # whatever an asset makes its reader do
            broken.append(f"{source.id}: {type(error).__name__}: {error}")
        else:
            told = [draw(seed, number, telling).caption for telling in range(1, law.tellings)]
            fovy = np.float32([fovy_deg])
            return Batch(rgba[None], c2w[None], [(source.caption, *told)], broken, fovy, points and points.alone())
    raise DataError(f"{ATTEMPTS} objects in a row cannot be drawn, the last because of {broken[-1]}")


def _cameras(rng: np.random.Generator, law: StreamLaw) -> tuple[np.ndarray, float, float, float]:
    """(azimuth_deg (V,), elevation_deg, fovy_deg, distance); one azimuth of them where the law wants single views."""
    at_rig = rng.random() < law.rig_probability
    azimuth_deg, *rest = draw_training_cameras(rng, law.views, law.rig if at_rig else law.cameras)
    first = FRONT_AZIMUTH_DEG if at_rig else 360.0 / law.first_views * int(rng.integers(law.first_views))
    azimuth_deg = ((azimuth_deg + first) % 360.0).astype(np.float32)
    if law.single:
        azimuth_deg = azimuth_deg[[int(rng.integers(law.views))]]
    return azimuth_deg, *rest


def contrasting_gray(rgba: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Of two grays for each object, the one that lies farther from its own brightness, so that gray things are seen.

    Args:
        rgba: (B, V, S, S, 4) uint8. drawn: (B, 2) in [0, 1].

    Returns:
        (B,) in [0, 1].
    """
    alpha = rgba[..., 3].astype(np.float64)
    weight = np.maximum(alpha.sum((1, 2, 3)), 1.0)
    brightness = (rgba[..., :3].mean(-1) * alpha).sum((1, 2, 3)) / weight / 255.0
    farther = np.abs(drawn - brightness[:, None]).argmax(1)
    return drawn[np.arange(len(drawn)), farther]
