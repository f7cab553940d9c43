"""One optimizer step, of all ranks together."""

from dataclasses import replace

import torch
from torch import Tensor

from mvdream_cli.engine import distributed
from mvdream_cli.engine.device import seed_step
from mvdream_cli.engine.memory import until_it_fits
from mvdream_cli.engine.method import Method
from mvdream_cli.engine.optim import step_if
from mvdream_cli.engine.outcomes import Outcome


def take_step(method: Method, parameters: list[Tensor], i: int, seed: int, attempt: int) -> Outcome:
    """Step `i`, which changes nothing if it is bad on any rank: what came of it is on its way to the host.

    parameters: all those of the optimizer (of a `MasterAdamW`, the masters).
    Raises MVDreamError if the GPU's memory is too small for it, however small `method.shrink` makes it.
    """
    optimizer, scaler = method.optimizer, method.scaler
    optimizer.zero_grad(set_to_none=True)
    loss, stats = until_it_fits(
        lambda: gradients(method, i, seed, attempt), method.shrink, drop=optimizer.zero_grad, where=f"step {i}"
    )
    distributed.sum_gradients(parameters)
    loss, stats = in_all(loss, stats)
    if scaler is not None:
        scaler.unscale_(optimizer)
    norm = gradient_norm(parameters)
    if method.grad_clip is not None:
        clip(parameters, norm, method.grad_clip)
    good = distributed.all_true(torch.isfinite(loss) & torch.isfinite(norm))
    step_if(good, optimizer)
    if scaler is not None:
        scaler.update()
    for average in method.ema.values():
        average.update(i, good)
    return Outcome(i, loss, norm, good, stats)


def gradients(method: Method, i: int, seed: int, attempt: int) -> tuple[Tensor, dict]:
    """What this rank's parts of the batch add to its mean loss () and statistics; leaves in `.grad` the (scaled) gradients.

    Each part counts by its size, so that ranks and micro-batches may differ in theirs.
    """
    total, sums = None, {}
    for micro, part in enumerate(method.parts(i)):
        seed_step(seed, i, micro, attempt, distributed.rank())
        loss, stats = method.step(i, replace(part, key=(seed, i, attempt)))
        weighted = loss * part.share if part.share < 1 else loss
        (method.scaler.scale(weighted) if method.scaler is not None else weighted).backward()
        total = weighted.detach() if total is None else total + weighted.detach()
        for key, value in stats.items():
            value = value.detach() if isinstance(value, Tensor) else value
            sums[key] = sums.get(key, 0.0) + value * part.share
    return total, sums


def in_all(loss: Tensor, stats: dict) -> tuple[Tensor, dict]:
    """Loss and statistics of the whole batch, from what this rank adds to them."""
    if distributed.world_size() == 1:
        return loss, stats
    names = sorted(stats)
    parts = [torch.as_tensor(value, dtype=torch.float32, device=loss.device) for value in (loss, *(stats[n] for n in names))]
    loss, *values = distributed.total(torch.stack(parts)).unbind()
    return loss, dict(zip(names, values, strict=True))


def gradient_norm(parameters: list[Tensor]) -> Tensor:
    """Euclidean norm () of all gradients together, in float32, on the device of the first."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    if not gradients:
        return torch.zeros((), device=parameters[0].device)
    return torch.nn.utils.get_total_norm(gradients).float()


def clip(parameters: list[Tensor], norm: Tensor, longest: float) -> None:
    """Shorten all gradients together, whose norm () is `norm`, to `longest` at most."""
    if gradients := [p.grad for p in parameters if p.grad is not None]:
        torch._foreach_mul_(gradients, (longest / (norm + 1e-6)).clamp(max=1.0))
