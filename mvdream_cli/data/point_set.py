"""A rendered set in the form of a stream: the objects of a step, with their points, by the number of the step."""

from collections.abc import Sequence

import numpy as np

from mvdream_cli.data.stream import SAMPLE_FROM, Batch
from mvdream_cli.data.views import Entry, load, load_points
from mvdream_cli.errors import DataError
from mvdream_cli.raycast.points import Points


class PointSet:
    """Objects of a set in random order, none of them twice before all were taken; as `Stream`, for `StreamedObjects`.

    Args:
        views: seen together, at equal steps among those of the set, from a random first one on.

    Raises:
        DataError: the set holds no points, or fewer views.
    """

    def __init__(self, entries: Sequence[Entry], *, views: int, seed: int, batch_size: int):
        self.entries, self.views, self.seed, self.batch_size = entries, views, seed, batch_size
        load_points(entries[0])
        if views > entries[0].num_views:
            raise DataError(f"{entries[0].path}: holds {entries[0].num_views} views of an object; {views} are asked for")

    def batch(self, i: int) -> Batch:
        """The objects of step `i`."""
        first, numbers = i * self.batch_size, []
        for k in range(first, first + self.batch_size):
            turn, place = divmod(k, len(self.entries))
            numbers.append(int(np.random.default_rng((self.seed, turn, 3)).permutation(len(self.entries))[place]))
        return self._batch(numbers, np.random.default_rng((self.seed, i, 4)))

    def sample(self, count: int) -> Batch:
        """`count` objects, always the same ones."""
        return self._batch([k % len(self.entries) for k in range(count)], np.random.default_rng((self.seed, SAMPLE_FROM)))

    def _batch(self, numbers: list[int], rng: np.random.Generator) -> Batch:
        parts = []
        for entry in (self.entries[k] for k in numbers):
            chosen = (
                int(rng.integers(entry.num_views)) + np.arange(self.views) * (entry.num_views // self.views)
            ) % entry.num_views
            rgba, c2w, fovy_deg, caption = load(entry, chosen.tolist())
            points = load_points(entry)
            order = rng.permutation(len(points.points))
            points = Points(points.points[order], points.distance[order], points.colors[order])
            parts.append(Batch(rgba[None], c2w[None], [(caption,)], [], fovy_deg[:1], points.alone()))
        try:
            return Batch.joined(parts)
        except ValueError as error:
            raise DataError(f"{self.entries[0].path}: objects differ in their views or points; render all alike") from error
