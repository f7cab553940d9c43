"""What the trainings of all components share: the optimizer, the learning rate, and most of what the loop needs."""

from collections.abc import Callable, Iterable

import torch
from torch import nn

from mvdream_cli.engine.method import Method
from mvdream_cli.engine.optim import Ema, adamw, warmup_cosine
from mvdream_cli.methods.micro_batches import MicroBatches
from mvdream_cli.settings.train import Train


def optimizer_of(parameters: Iterable, options: Train):
    """AdamW over parameters, as the settings want it."""
    optimizer = options.optimizer
    return adamw(
        parameters, learning_rate=optimizer.learning_rate, weight_decay=optimizer.weight_decay, eight_bit=optimizer.eight_bit
    )  # fmt: skip


def schedule_of(options: Train) -> Callable[[int, float], float]:
    """(Step, position) -> factor on the learning rate: a linear warm-up, then half a cosine."""
    optimizer = options.optimizer
    return warmup_cosine(optimizer.warmup_steps, options.steps, optimizer.final_learning_rate_fraction)


def seconds_of(options: Train) -> float | None:
    """The time budget of the run; None: it ends with its steps."""
    return 60 * options.minutes if options.minutes else None


def network_training(
    name: str, network: nn.Module, ema: Ema, optimizer, micro_batches: MicroBatches, options: Train, **own
) -> Method:
    """The training of one network, which holds its average when the loop has ended.

    Args:
        name: of the network in checkpoints.
        own: the other fields of `Method`: description, step, preview and what else this training has.
    """
    half = next(network.parameters()).dtype == torch.float16
    return Method(
        steps=options.steps,
        seconds=seconds_of(options),
        modules={name: network},
        optimizer=optimizer,
        ema={name: ema},
        lr_scale=schedule_of(options),
        grad_clip=options.optimizer.grad_clip,
        scaler=torch.amp.GradScaler(next(network.parameters()).device.type) if half else None,
        parts=lambda i: micro_batches.parts,
        shrink=micro_batches.shrink,
        close=lambda: ema.copy_to(network),
        **own,
    )
