"""Work beside the steps, such as drawing a preview."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch


class Background:
    """One job at a time beside the steps; what a job raises is raised here, by the next `run` or on leaving.

    On a GPU a thread fills the host's idle time. A CPU has none: two threads that each want all cores took twice as long, so
    there the job is done at once.
    """

    def __init__(self, device: torch.device):
        self.threads, self.job = ThreadPoolExecutor(1) if device.type != "cpu" else None, None

    def __enter__(self):
        return self

    def run(self, work: Callable[[], None] | None) -> None:
        """Start `work` once the job before it is done; None only waits for that."""
        self.wait()
        if work is not None and self.threads is None:
            work()
        elif work is not None:
            self.job = self.threads.submit(work)

    def wait(self) -> None:
        job, self.job = self.job, None
        if job is not None:
            job.result()

    def __exit__(self, kind, *_) -> None:
        if self.threads is not None:
            self.threads.shutdown()
        if kind is None:
            self.wait()
