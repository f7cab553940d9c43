"""A queue of prompts for workers that may die at any moment. What the workers are is not known here.

A prompt that is finished has its run folder, whose last rename says so; the queue itself keeps nothing on a disk. A prompt
whose worker died goes on in its run folder where that stopped.
"""

import heapq
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from mvdream_cli.methods.many_prompts import BUSY

BUSY_SECONDS = 10.0  # until a prompt is tried again whose folder another process has
LOST_SECONDS = 2.0  # or whose machine went: where none is left, they would be tried a thousand times a second
AHEAD = 2  # prompts given away for each place: so none waits for this process, and what waits takes little memory


class Event(NamedTuple):
    """What became of a prompt. `kind`: "begun" (`said`: where), "row" (its row of the table), "died" (its worker did; why),
    "lost" (its machine, which says nothing about the prompt)."""

    number: int
    kind: str
    said: object


class Workers(Protocol):
    """Those who make the objects."""

    def places(self) -> int:
        """How many prompts are made at a time; it may change."""

    def start(self, number: int, again: bool) -> None:
        """Have a prompt made, soon. again: it was begun before."""

    def wait(self, seconds: float) -> list[Event]:
        """What happened, as soon as something did; empty after `seconds`."""


def spread(
    count: int,
    workers: Workers,
    deaths: int,
    failed_row: Callable[[int, str], dict],
    look: Callable[[dict], None] = lambda running: None,
    now: Callable[[], float] = time.monotonic,
) -> Iterator[tuple[int, dict]]:
    """(number, row) of each prompt from 0 to `count` - 1, each once, as they end.

    Args:
        deaths: of workers after which a prompt has failed.
        failed_row: the row of a prompt with the reason of its failure.
        look: called after each wait with {number: (where, since when) or None while it waits} of what was given away.
        now: the clock, in seconds.
    """
    fresh = iter(range(count))
    again: list[tuple[float, int]] = []  # heap of (not before, number)
    given: dict[int, tuple | None] = {}
    died: Counter = Counter()
    begun: set[int] = set()
    while True:
        while len(given) < max(1, AHEAD * workers.places()):
            due = again and again[0][0] <= now()
            number = heapq.heappop(again)[1] if due else next(fresh, None)
            if number is None:
                break
            given[number] = None
            workers.start(number, number in begun)
        if not given and not again:
            return
        for number, kind, said in workers.wait(1.0):
            if kind == "begun":
                begun.add(number)
                given[number] = (said, now())
                continue
            del given[number]
            if kind == "row" and said["status"] != BUSY:
                yield number, said
            elif kind == "row":
                heapq.heappush(again, (now() + BUSY_SECONDS, number))
            elif kind == "died" and (died.update([number]) or died[number] >= deaths):
                yield number, failed_row(number, f"its worker died {deaths} times: {said}")
            else:
                heapq.heappush(again, (now() + (LOST_SECONDS if kind == "lost" else 0), number))
        look(given)


def running_of(given: dict) -> list[tuple[int, str, float]]:
    """(number, where, since when) of what is being made, the longest first."""
    return sorted(((k, *at) for k, at in given.items() if at is not None), key=lambda item: item[2])
