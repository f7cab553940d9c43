"""The optimizer and the learning rate that all trained components share."""

from collections.abc import Callable, Iterable

from mvdream_cli.engine.optim import adamw, warmup_cosine
from mvdream_cli.settings.train import Train


def optimizer_of(parameters: Iterable, options: Train):
    """AdamW over parameters, with the settings' learning rate and weight decay."""
    return adamw(parameters, learning_rate=options.optimizer.learning_rate, weight_decay=options.optimizer.weight_decay)


def schedule_of(options: Train) -> Callable[[int, float], float]:
    """(Step, position) -> factor on the learning rate: a linear warm-up, then half a cosine."""
    optimizer = options.optimizer
    return warmup_cosine(optimizer.warmup_steps, options.steps, optimizer.final_learning_rate_fraction)
