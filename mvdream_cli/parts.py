"""A part of the batch that a step sees: which places of it, and the random numbers that belong to these places.

A place's numbers are a function of (seed, step, place) and of their name. They depend neither on the process that computes the
part nor on how the batch was cut: each part draws the numbers of the whole batch and takes its own.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Part:
    """Places `first` to `last` (not included) of a batch of `total`. key: seed, step and attempt, which the loop sets."""

    first: int = 0
    last: int = 1
    total: int = 1
    key: tuple[int, ...] = (0,)

    @property
    def size(self) -> int:
        return self.last - self.first

    @property
    def share(self) -> float:
        """Of the whole batch: the weight of this part's mean in the mean of the batch."""
        return self.size / self.total

    def each(self, count: int) -> "Part":
        """The same part where each place is made of `count` smaller ones, such as the views of an object."""
        return Part(self.first * count, self.last * count, self.total * count, self.key)

    def of(self, whole: Any) -> Any:
        """Its rows of something that has one for each place of the batch."""
        return whole[self.first : self.last]

    def rand(self, name: str, *shape: int, device: torch.device | str = "cpu") -> Tensor:
        """Uniform numbers in [0, 1), (size, *shape); each `name` has numbers of its own."""
        return self.of(torch.rand(self.total, *shape, device=device, generator=self._generator(name, device)))

    def randn(self, name: str, *shape: int, device: torch.device | str = "cpu") -> Tensor:
        """Standard normal numbers, (size, *shape)."""
        return self.of(torch.randn(self.total, *shape, device=device, generator=self._generator(name, device)))

    def _generator(self, name: str, device: torch.device | str) -> torch.Generator:
        digest = hashlib.blake2b(repr((*self.key, name)).encode(), digest_size=8).digest()
        kind = torch.device(device)
        return torch.Generator("cpu" if kind.type == "meta" else kind).manual_seed(int.from_bytes(digest, "little") >> 1)


def equal_parts(count: int) -> list[Part]:
    """A batch in `count` equal parts."""
    return [Part(k, k + 1, count) for k in range(count)]
