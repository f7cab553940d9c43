"""A batch cut into equal parts that fit into memory; gradients of the parts add up to those of the whole."""


class MicroBatches:
    """`count` micro-batches of `size` each make the batch of `total`, whatever the memory allows.

    Args:
        total: of the whole batch.
        of: what it is made of, in the plural, for messages.
        size: of a micro-batch; it must divide the total. None: all at once.
    """

    def __init__(self, total: int, of: str, size: int | None = None):
        self.total, self.of, self.count = total, of, total // (size or total)

    @property
    def size(self) -> int:
        return self.total // self.count

    def shrink(self) -> str | None:
        """Take the next smaller micro-batches. What changed, in words; None where they cannot be smaller."""
        more = next((count for count in range(self.count + 1, self.total + 1) if self.total % count == 0), None)
        if more is None:
            return None
        self.count = more
        return f"{self.count} micro-batches of {self.size} {self.of}; the batch stays the same"
