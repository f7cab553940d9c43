"""A batch shared among the processes and cut into parts that fit into memory; gradients of the parts add up to its own."""

from itertools import pairwise

from mvdream_cli.engine import distributed
from mvdream_cli.parts import Part


class MicroBatches:
    """`count` micro-batches, as equal as can be, make this process's share of the batch of `total`, whatever the memory allows.

    Args:
        total: of the whole batch.
        of: what it is made of, in the plural, for messages.
        size: of a micro-batch, at most. None: all at once.

    Raises:
        UsageError: there are more processes than places.
    """

    def __init__(self, total: int, of: str, size: int | None = None):
        self.total, self.of, self.places = total, of, distributed.share(total)
        self.count = -(-len(self.places) // (size or len(self.places)))

    @property
    def size(self) -> int:
        """Of the largest micro-batch."""
        return -(-len(self.places) // self.count)

    @property
    def parts(self) -> list[Part]:
        edges = [self.places.start + len(self.places) * k // self.count for k in range(self.count + 1)]
        return [Part(first, last, self.total) for first, last in pairwise(edges)]

    def shrink(self) -> str | None:
        """Take the next smaller micro-batches of one size. What changed, in words; None where they cannot be smaller."""
        mine = len(self.places)
        more = next((count for count in range(self.count + 1, mine + 1) if mine % count == 0), None)
        if more is None:
            return None
        self.count = more
        return f"{self.count} micro-batches of {self.size} {self.of}; the batch stays the same"
