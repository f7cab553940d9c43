"""Less at a time when the memory is full."""

import weakref

import pytest
import torch

from mvdream_cli.engine.memory import in_halves
from mvdream_cli.engine.progress import logger
from mvdream_cli.errors import MVDreamError


class Memory:
    """A computation that fits `room` items at a time; `sizes` of all tries."""

    def __init__(self, room):
        self.room, self.sizes = room, []

    def __call__(self, chunk):
        self.sizes.append(len(chunk))
        if sum(map(self.weight_of, chunk)) > self.room:
            raise torch.OutOfMemoryError("too large")
        return [2 * item for item in chunk]

    @staticmethod
    def weight_of(item):
        return 10 if item == "long" else 1


@pytest.fixture
def said(monkeypatch):
    messages = []
    monkeypatch.setattr(logger, "info", messages.append)
    return messages


@pytest.mark.parametrize(
    ("count", "size", "room", "tries"),
    [
        (5, None, 99, [5]),
        (5, 2, 99, [2, 2, 1]),
        (5, 50, 99, [5]),
        (8, None, 3, [8, 4, 2, 2, 2, 2]),
        (7, 3, 1, [3, 1, 1, 1, 1, 1, 1, 1]),
        (0, None, 1, []),
        (0, 4, 1, []),
    ],
)
def test_all_items_come_in_order_and_the_chunks_stay_small(said, count, size, room, tries):
    memory = Memory(room)
    found = in_halves(memory, list(range(count)), size)
    assert sum(found, []) == [2 * item for item in range(count)]
    assert memory.sizes == tries and len(said) == (1 if room < count and tries[:1] > [room] else 0)


def test_it_is_said_once_what_it_goes_on_with(said):
    memory = Memory(10)
    items = [*"abcdefgh", "long", *"ijk", "long", "long"]
    assert sum(in_halves(memory, items, 12), []) == [2 * item for item in items]  # those before the second halving too
    assert memory.sizes == [12, 6, 6, 3, *[1] * 8] and said == ["out of GPU memory with 12 at a time; going on with 6"]


def test_a_tensor_is_cut_as_well():
    rows = torch.arange(12.0).view(6, 2)

    def compute(chunk):
        if len(chunk) > 2:
            raise torch.OutOfMemoryError("too large")
        return chunk.sum(1)

    assert torch.equal(torch.cat(in_halves(compute, rows)), rows.sum(1))


def test_too_small_for_one_is_one_sentence():
    with pytest.raises(MVDreamError, match="out of GPU memory even with one at a time; use a smaller preset"):
        in_halves(Memory(0), ["a", "b"])


def test_memory_of_the_failed_try_is_free_before_the_next():
    held, alive = [], []

    def compute(chunk):
        if held:
            alive.append(held[-1]() is not None)
        activation = torch.zeros(4)
        held.append(weakref.ref(activation))
        if len(chunk) > 1:
            raise torch.OutOfMemoryError("too large")
        return 0

    in_halves(compute, [1, 2, 3, 4])
    assert alive == [False] * 5


def test_other_errors_are_not_swallowed():
    with pytest.raises(ZeroDivisionError):
        in_halves(lambda chunk: 1 / 0, [1, 2])
