"""A rendered set in the form of a stream: the objects of a step by its number, read by threads ahead of the training."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from mvdream_cli.data.object_index import Entry
from mvdream_cli.data.order import Order
from mvdream_cli.data.stream import SAMPLE_FROM, Batch
from mvdream_cli.data.views import load, load_points
from mvdream_cli.errors import DataError
from mvdream_cli.raycast.points import Points

ATTEMPTS = 20  # objects in a row that cannot be read, before the set is given up


class SetStream:
    """Batches of objects in the endless `Order` of a set, each with views at equal azimuth steps from a random first one on.

    What stands at a place of step `i` is a function of (seed, i, place). An object that cannot be read, or whose pictures have
    another size than most, is replaced by another one, which is a function of the same and of what is broken. `close` ends the
    threads.

    Args:
        entries: of the set. views: of an object, seen together.
        batch_size: of the whole batch. places: of it, those that are read here; None: all.
        points: whether what is true at points is read beside.
        apart: no batch holds an object twice, though an epoch then leaves some out. It needs as many objects as places.
        workers: threads. ahead: steps whose batches are read before they are asked for.
        broken_fraction: of the set's objects that may be broken.
        say: called with one sentence for the first broken object.

    Raises:
        DataError: the set holds no points, or fewer views.
    """

    tellings = 1  # an object of a set has one caption

    def __init__(
        self,
        entries: Sequence[Entry],
        *,
        views: int,
        seed: int,
        batch_size: int,
        places: range | None = None,
        points: bool = False,
        apart: bool = False,
        workers: int = 1,
        ahead: int = 2,
        broken_fraction: float = 0.01,
        say: Callable[[str], None] | None = None,
    ):
        self.entries, self.views, self.seed, self.batch_size = entries, views, seed, batch_size
        self.places, self.points, self.apart, self.ahead, self.say = places or range(batch_size), points, apart, ahead, say
        self.order, self.objects = Order(len(entries), seed), len(entries)
        self.broken: dict[str, str] = {}  # id of an object that was replaced -> why
        self.may_be_broken = broken_fraction * len(entries)
        self._lock, self._pool = threading.Lock(), ThreadPoolExecutor(workers)
        self._jobs: dict[int, list[Future]] = {}  # step -> the objects of its batch
        self._newest: tuple[int, Batch] | None = None
        if points:
            load_points(entries[0])
        if views > entries[0].num_views:
            raise DataError(f"{entries[0].path}: holds {entries[0].num_views} views of an object; {views} are asked for")
        self.size_px = load(entries[0], [0])[0].shape[1]

    def batch(self, i: int) -> Batch:
        """The objects at this process's places of step `i`; those of the steps that follow are begun.

        Raises:
            DataError: too many objects cannot be read.
        """
        if self._newest and self._newest[0] == i:
            return self._newest[1]
        for step in [step for step in self._jobs if not i <= step <= i + self.ahead]:
            for job in self._jobs.pop(step):
                job.cancel()
        for step in range(i, i + self.ahead + 1):
            if step not in self._jobs:
                self._jobs[step] = self._begin(step)
        read = [job.result() for job in self._jobs.pop(i)]
        try:
            batch = Batch.joined(read)
        except ValueError as error:
            raise DataError(f"{self.entries[0].path}: objects differ in their number of points; render all alike") from error
        self._newest = i, batch
        return batch

    def sample(self, count: int) -> Batch:
        """`count` objects, always the same ones."""
        rng = np.random.default_rng((self.seed, SAMPLE_FROM))
        return Batch.joined([self._read(-1, k, k % self.objects, rng.random()) for k in range(count)])

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def numbers(self, i: int) -> np.ndarray:
        """Numbers of the objects at all places of step `i`."""
        if not self.apart:
            return self.order.batch(i, self.batch_size)
        epoch, step = divmod(i, self.objects // self.batch_size)
        return self.order.at(epoch * self.objects + step * self.batch_size + np.arange(self.batch_size))

    def _begin(self, i: int) -> list[Future]:
        numbers, firsts = self.numbers(i), np.random.default_rng((self.seed, i, 2)).random(self.batch_size)
        return [self._pool.submit(self._read, i, place, int(numbers[place]), firsts[place]) for place in self.places]

    def _read(self, i: int, place: int, number: int, drawn: float) -> Batch:
        """The object at a place. `drawn` in [0, 1) says its first view."""
        for attempt in range(ATTEMPTS):
            if attempt:
                number = int(np.random.default_rng((self.seed, i % 2**32, place, attempt)).integers(self.objects))
            try:
                return self._object(self.entries[number], drawn, np.random.default_rng((self.seed, i % 2**32, place)))
            except DataError as error:
                self._note(self.entries[number], error)
        raise DataError(f"{ATTEMPTS} objects in a row cannot be read; the last: {self.broken[self.entries[number].id]}")

    def _object(self, entry: Entry, drawn: float, rng: np.random.Generator) -> Batch:
        total = entry.num_views
        first = int(drawn * total)
        rgba, c2w, fovy_deg, caption = load(entry, [(first + k * (total // self.views)) % total for k in range(self.views)])
        if rgba.shape[1:3] != (self.size_px, self.size_px):
            raise DataError(
                f"{entry.path}: object {entry.id} has views of {rgba.shape[2]} x {rgba.shape[1]} px, others of "
                f"{self.size_px} x {self.size_px}; render all alike"
            )
        points = None
        if self.points:
            points = load_points(entry)
            order = rng.permutation(len(points.points))
            points = Points(points.points[order], points.distance[order], points.colors[order]).alone()
        return Batch(rgba[None], c2w[None], [(entry.caption,)], [], fovy_deg[:1], points)

    def _note(self, entry: Entry, error: DataError) -> None:
        with self._lock:
            if not self.broken and self.say:
                self.say(f"another object takes the place of one that cannot be read ({error}); there may be more")
            self.broken[entry.id] = str(error)
            if len(self.broken) > self.may_be_broken:
                raise DataError(
                    f"{len(self.broken)} of {self.objects} objects cannot be read, more than train.stream.broken_fraction "
                    f"allows; the last: {error}"
                ) from error
