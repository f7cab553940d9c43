"""What a long run computes, and what the loop must know of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from mvdream_cli.engine.optim import Ema
from mvdream_cli.parts import Part, equal_parts


@dataclass
class Method:
    """What a long run computes: `methods` builds one, `fit` runs it."""

    description: str  # of the progress bar
    steps: int  # optimizer steps, those of an earlier session included
    step: Callable[[int, Part], tuple[Tensor, dict]]  # (i from 0, part) -> its mean loss (), name -> number or tensor ()
    modules: dict[str, Any]  # what a checkpoint holds: name without dots -> object with state_dict and load_state_dict
    optimizer: Any  # torch's or `optim.adamw`'s
    ema: dict[str, Ema] = field(default_factory=dict)  # averages, followed after each step, saved as "NAME_ema"
    seconds: float | None = None  # of work on the run, after which it ends wherever it is
    # (i, where the schedule stands: i, or further on if the time goes faster) -> factor on every group's own learning rate
    lr_scale: Callable[[int, float], float] | None = None
    grad_clip: float | None = None  # largest norm of all gradients together
    scaler: Any = None  # torch.amp.GradScaler for float16
    parts: Callable[[int], Sequence[Part]] = lambda i: equal_parts(1)  # of step i, those that are this rank's
    # Called when a step runs out of GPU memory: makes it smaller, of the same effective batch, and says what it changed, such
    # as "2 micro-batches of 8 objects; the batch stays the same"; None when nothing is left to give.
    shrink: Callable[[], str | None] | None = None
    # (number of finished steps) -> None or what is left to do, beside the steps that follow: that must not touch what they
    # change.
    preview: Callable[[int], Callable[[], None] | None] | None = None
    validate: Callable[[], dict[str, float]] | None = None  # what held-out data say, for the statistics; all ranks call it
    close: Callable[[], None] = lambda: None  # always called when `fit` leaves
