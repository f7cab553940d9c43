"""How many steps fit into a time budget."""

import time
from collections.abc import Callable

import torch

LEAST_STEPS = 10


def seconds_of(
    step: Callable[[], object], device: torch.device, repeats: int = 2, now: Callable[[], float] = time.perf_counter
) -> float:
    """Seconds that one call takes on the device, the first left out: it allocates, compiles and fills caches.

    `now` is the clock, in seconds.
    """

    def finished(calls: int) -> float:
        for _ in range(calls):
            step()
        if device.type != "cpu":  # there a call only asks for the work
            torch.accelerator.synchronize()
        return now()

    started = finished(1)
    return (finished(repeats) - started) / repeats


def affordable(steps: list[int], seconds_per_step: list[float], seconds_left: float) -> list[int]:
    """Phases shortened alike to take `seconds_left` together; never longer than asked for, nor under `LEAST_STEPS` each."""
    needed = sum(count * seconds for count, seconds in zip(steps, seconds_per_step, strict=True))
    share = min(1.0, max(0.0, seconds_left) / needed) if needed else 1.0
    return [max(min(count, LEAST_STEPS), int(count * share)) for count in steps]
