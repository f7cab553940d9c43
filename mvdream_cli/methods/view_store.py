"""The views of many objects, kept as files: 0000.png, a strip of all views of object 0, and so on.

What is there is not made again, so whoever fills a store can be stopped and started. Of several ranks each fills its share.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mvdream_cli.engine import distributed
from mvdream_cli.engine.memory import in_halves
from mvdream_cli.engine.progress import Bar
from mvdream_cli.errors import DataError
from mvdream_cli.images import grid, is_whole, load_image, save_image


class ViewStore:
    """A folder of strips. `count`: objects that belong to it, whether they are there or not."""

    def __init__(self, folder: Path, count: int):
        self.folder, self.count = folder, count

    def path(self, index: int) -> Path:
        return self.folder / f"{index:04d}.png"

    def missing(self) -> list[int]:
        return [i for i in range(self.count) if not is_whole(self.path(i))]

    def write(self, index: int, views: Tensor | np.ndarray) -> None:
        """Keep the views (V, S, S, 3) of one object, as uint8."""
        save_image(self.path(index), grid(views, len(views)))

    def read(self, index: int) -> Tensor:
        """The views of one object as they are kept, (V, S, S, 3) in [0, 1].

        Raises:
            DataError: its file is missing or is no strip of squares.
        """
        strip = load_image(self.path(index))[..., :3]
        size = strip.shape[0]
        if strip.shape[1] % size:
            raise DataError(f"{self.path(index)}: is no strip of square views; delete it and repeat the command")
        views = strip.reshape(size, -1, size, 3).swapaxes(0, 1)
        return torch.from_numpy(np.ascontiguousarray(views)).float() / 255

    def all(self) -> Iterator[Tensor]:
        """The views of each object in turn."""
        return (self.read(i) for i in range(self.count))

    def fill(self, make: Callable[[list[int]], Tensor], batch_size: int, what: str) -> None:
        """Make what is missing, some objects at once, this rank's share of it; then wait for the other ranks.

        Args:
            make: indices to views (B, V, S, S, 3) in [0, 1]; an object must not depend on the others of its batch.
            what: is done, for the progress bar.
        """
        missing = distributed.from_main(self.missing)
        mine = missing[distributed.rank() :: distributed.world_size()]
        done = 0
        with Bar(what, len(mine)) as bar:

            def make_and_keep(some: list[int]) -> None:
                nonlocal done
                for index, views in zip(some, make(some), strict=True):
                    self.write(index, views)
                done += len(some)
                bar.update(done)

            if mine:
                in_halves(make_and_keep, mine, batch_size)
        distributed.barrier()
