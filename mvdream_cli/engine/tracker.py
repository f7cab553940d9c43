"""Statistics of a run where others look at them too: TensorBoard, or Weights and Biases."""

import math
from collections.abc import Callable
from pathlib import Path

from mvdream_cli.errors import UsageError

Track = Callable[[int, dict[str, float]], None]  # called with the step and what was measured there


def open_tracker(kind: str | None, folder: Path, settings: dict) -> Track | None:
    """What takes the statistics of the run in `folder`; None without a kind. Its files lie in the run folder.

    Args:
        kind: "tensorboard" or "wandb".
        settings: of the run, shown beside its curves.

    Raises:
        UsageError: the package is not installed.
    """
    if kind is None:
        return None
    try:
        return {"tensorboard": _tensorboard, "wandb": _wandb}[kind](folder, settings)
    except ImportError as error:
        raise UsageError(
            f"engine.tracker: {kind} cannot be used here ({error}); pip install {kind}, or leave it off"
        ) from error


def _tensorboard(folder: Path, settings: dict) -> Track:
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(folder / "tensorboard")

    def track(step: int, facts: dict[str, float]) -> None:
        for name, value in facts.items():
            writer.add_scalar(name, value, step)
        writer.flush()

    return track


def _wandb(folder: Path, settings: dict) -> Track:
    import wandb

    run = wandb.init(project="mvdream", name=folder.name, dir=folder, id=folder.name, resume="allow", config=settings)
    return lambda step, facts: run.log(facts, step=step)


def numbers(facts: dict) -> dict[str, float]:
    """What of the statistics can be a point of a curve."""
    return {name: value for name, value in facts.items() if isinstance(value, (int, float)) and math.isfinite(value)}
