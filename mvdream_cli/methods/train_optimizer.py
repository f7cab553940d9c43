"""The optimizer and the learning rate that all trained components share."""

from collections.abc import Callable, Iterable

from mvdream_cli.engine.optim import adamw, warmup_cosine
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
