"""What came of a step, read late: a GPU is not waited for while it has work to do."""

import math

import torch


class Outcome:
    """What came of a step: its loss and gradient norm and whether it was taken, on their way to the host; its statistics."""

    def __init__(self, step: int, loss: torch.Tensor, norm: torch.Tensor, good: torch.Tensor, stats: dict):
        """`loss`, `norm`, `good`: () each; `stats`: name -> number or tensor ()."""
        self.step, self.stats = step, stats
        numbers = torch.stack([loss.float(), norm.to(loss.device), good.float()])
        self.numbers = numbers.to("cpu", non_blocking=numbers.is_cuda)
        self.arrived = None
        if numbers.is_cuda:
            self.arrived = torch.cuda.Event()
            self.arrived.record(torch.cuda.current_stream(numbers.device))

    def read(self) -> tuple[float, float, str | None]:
        """(loss, gradient norm, which of them was not finite: "loss", "gradient" or None for a step that was taken).

        As soon as this step is done, whatever was asked of the GPU since.
        """
        if self.arrived is not None:
            self.arrived.synchronize()
        loss, norm, good = self.numbers.tolist()
        return loss, norm, None if good else "gradient" if math.isfinite(loss) else "loss"


class Meter:
    """Means of statistics since they were last taken, added up without waiting for the device; a checkpoint keeps it."""

    def __init__(self):
        self.sums: dict = {}
        self.counts: dict[str, int] = {}

    def add(self, values: dict) -> None:
        for key, value in values.items():
            self.sums[key] = self.sums.get(key, 0.0) + value
            self.counts[key] = self.counts.get(key, 0) + 1

    def take(self) -> dict[str, float]:
        means = {key: float(total) / self.counts[key] for key, total in self.sums.items()}
        self.sums, self.counts = {}, {}
        return means

    def state_dict(self) -> dict[str, float]:
        """Sums and counts so far, as plain numbers."""
        sums = {f"sum {key}": float(total) for key, total in self.sums.items()}
        return sums | {f"count {key}": count for key, count in self.counts.items()}

    def load_state_dict(self, state: dict[str, float]) -> None:
        self.sums = {key.removeprefix("sum "): value for key, value in state.items() if key.startswith("sum ")}
        self.counts = {key.removeprefix("count "): value for key, value in state.items() if key.startswith("count ")}
