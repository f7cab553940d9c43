"""Going on with less at a time when the GPU's memory is full."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from mvdream_cli.engine.progress import say, warn
from mvdream_cli.errors import MVDreamError


def in_halves(compute: Callable[[Any], Any], items: Sequence, size: int | None = None) -> list:
    """[compute(chunk), ...] over consecutive chunks of `items`, `size` at a time, by default all at once.

    Out of GPU memory the chunk is halved and computed again, and those after it are as small; the person is told once.
    `items` is anything that can be sliced, such as a list or a tensor; the chunks are its slices, in order. What `compute`
    returns stays where it is: large results belong on the CPU.

    Raises MVDreamError if the memory is too small for one item.
    """
    asked = size = max(1, min(size or len(items), len(items)))
    results, done, told = [], 0, False
    while done < len(items):
        chunk = items[done : done + size]
        try:
            results.append(compute(chunk))
        except torch.OutOfMemoryError:
            pass  # nothing more in here: until this block ends, the traceback holds the tensors of the call that failed
        else:
            done += len(chunk)
            if size < asked and not told:
                told = True
                say(f"out of GPU memory with {asked} at a time; going on with {size}")
            continue
        torch.cuda.empty_cache()
        if len(chunk) == 1:
            raise MVDreamError("out of GPU memory even with one at a time; use a smaller preset, or engine.device=cpu")
        size = len(chunk) // 2
    return results


def until_it_fits(
    compute: Callable[[], Any], shrink: Callable[[], str | None] | None, *, drop: Callable[[], None], where: str
) -> Any:
    """`compute()`, tried again after each time that it ran out of GPU memory and `shrink()` made it smaller.

    drop: lets go of what the failed try left, such as gradients. shrink: says what it changed, such as "2 micro-batches of
    8 objects; the batch stays the same", or None when nothing is left to give. where: for messages, such as "step 12".

    Raises MVDreamError if it cannot be made smaller.
    """
    while True:
        try:
            return compute()
        except torch.OutOfMemoryError:
            pass  # as above: the memory is free only after this block
        drop()
        peak = torch.cuda.max_memory_allocated() / 1e9 if torch.cuda.is_available() else 0.0
        torch.cuda.empty_cache()
        changed = shrink() if shrink is not None else None
        if changed is None:
            raise MVDreamError(f"{where}: out of GPU memory (peak {peak:.1f} GB); use a smaller batch or preset")
        warn(f"{where}: out of GPU memory; going on with {changed}")
