"""A rendered set read while the training goes on, as `stream.Stream` draws objects: for what is encoded anew at each step."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from mvdream_cli.data.stream import Batch
from mvdream_cli.data.views import Entry, load
from mvdream_cli.errors import DataError


class SetStream:
    """Batches of `batch_size` random objects of a set by the number of their step, each with views at equal azimuth steps.

    Which objects and views step `i` sees is a function of (seed, i). Threads read a few steps ahead. `close` ends them.

    Args:
        entries: of the set. views: of an object, from a random first one on.
        workers: threads. ahead: steps whose batches are read before they are asked for.
    """

    tellings = 1  # an object of a set has one caption

    def __init__(self, entries: Sequence[Entry], *, views: int, seed: int, batch_size: int, workers: int = 1, ahead: int = 2):
        self.entries, self.views, self.seed, self.batch_size, self.ahead = entries, views, seed, batch_size, ahead
        self._pool = ThreadPoolExecutor(workers)
        self._jobs: dict[int, list[Future]] = {}  # step -> the objects of its batch

    def batch(self, i: int) -> Batch:
        """The objects of step `i`; those of the steps that follow are begun.

        Raises:
            DataError: an object cannot be read, or is of another size.
        """
        for step in [step for step in self._jobs if not i <= step <= i + self.ahead]:
            for job in self._jobs.pop(step):
                job.cancel()
        for step in range(i, i + self.ahead + 1):
            if step not in self._jobs:
                self._jobs[step] = [self._pool.submit(load, *chosen) for chosen in self._chosen(step)]
        read = [job.result() for job in self._jobs.pop(i)]
        try:
            rgba, c2w = (np.stack([part[k] for part in read]) for k in range(2))
        except ValueError as error:
            raise DataError(f"{self.entries[0].path}: objects differ in the size of their views; render all alike") from error
        captions = [(self.entries[k].caption,) for k in self._objects(i)[0].tolist()]
        return Batch(rgba, c2w, captions, [], np.stack([part[2][0] for part in read]))

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _objects(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of the objects of step `i`, and a number in [0, 1) for each that says its first view."""
        rng = np.random.default_rng((self.seed, i, 2))
        return rng.integers(len(self.entries), size=self.batch_size), rng.random(self.batch_size)

    def _chosen(self, i: int) -> list[tuple[Entry, list[int]]]:
        chosen = []
        for number, drawn in zip(*self._objects(i)):
            entry = self.entries[number]
            total = entry.num_views
            first = int(drawn * total)
            chosen.append((entry, [(first + k * (total // self.views)) % total for k in range(self.views)]))
        return chosen
