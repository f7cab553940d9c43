"""How the benchmarks time things and write down what they found."""

import json
import time
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path

import torch
from torch.utils import benchmark

from mvdream_cli.engine.method import Method
from mvdream_cli.engine.step import take_step

WARM_UP = 2  # steps that are not counted


def milliseconds(call) -> float:
    """Median of at least two seconds of calls, after a first; waits for a GPU."""
    return benchmark.Timer("call()", globals={"call": call}).blocked_autorange(min_run_time=2).median * 1e3


def wait() -> None:
    """Until a GPU has done what it was given."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def seconds_per_step(method: Method) -> float:
    """Mean over the steps of a method, as `engine.loop.fit` takes them, after a few that are not counted."""
    parameters = [p for group in method.optimizer.param_groups for p in group["params"]]
    for i in range(WARM_UP):
        take_step(method, parameters, i, seed=0, attempt=0)
    wait()
    started = time.perf_counter()
    for i in range(method.steps):
        take_step(method, parameters, i, seed=0, attempt=0)
    wait()
    return (time.perf_counter() - started) / method.steps


class Stopwatch:
    """Seconds by part: `with stopwatch("unet"): ...`, while it is `on`; waits for a GPU at both ends."""

    def __init__(self):
        self.seconds: dict[str, float] = defaultdict(float)
        self.on = False

    @contextmanager
    def __call__(self, part: str):
        if not self.on:
            yield
            return
        wait()
        started = time.perf_counter()
        yield
        wait()
        self.seconds[part] += time.perf_counter() - started


def cap_memory(device: torch.device, gigabytes: float) -> None:
    """Let a CUDA device give no more than another card has."""
    if device.type == "cuda":
        total = torch.cuda.get_device_properties(device).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, gigabytes * 1e9 / total))


def peak_gb(device: torch.device) -> dict:
    """{"peak_gb": ...} since `forget_peak`, of a CUDA device; nothing of another."""
    return {"peak_gb": round(torch.cuda.max_memory_allocated(device) / 1e9, 2)} if device.type == "cuda" else {}


def forget_peak(device: torch.device) -> None:
    """Also gives back what is free."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def report(row: dict, out: Path | None = None) -> None:
    """Print `row` as a line of JSON, and add it to the file `out` if there is one."""
    line = json.dumps(row)
    print(line, flush=True)
    if out is not None:
        with out.open("a") as file:
            file.write(line + "\n")
