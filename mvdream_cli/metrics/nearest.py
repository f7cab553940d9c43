"""What do views show? Answered by the nearest of several true renders, whose answers are known.

Letters in shapes: V views, the front first; D features of one view, of a network that saw neither the model nor its world.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


def nearest(seen: Tensor, choices: Sequence[Tensor]) -> int:
    """Which of `choices` (V, D) is most like `seen` (V, D), view by view; the first of equals."""
    return int(torch.stack([(seen * choice).sum() for choice in choices]).argmax())


def directions_found(seen: Tensor, around: Tensor) -> Tensor:
    """The direction that each of `seen` (V, D) is nearest to, of `around` (K, D), evenly spaced, the front first; (V,)."""
    return (seen @ around.T).argmax(1)


def directions_right(found: Tensor, count: int) -> float:
    """Share of evenly spaced views (V,) that show their own of `count` directions or a neighbor of it."""
    own = torch.arange(len(found)) * count // len(found)
    off = (found - own + count // 2) % count - count // 2
    return float((off.abs() <= 1).float().mean())


def second_front(found: Tensor) -> bool:
    """Whether a view other than the first is nearest to the front."""
    return bool((found[1:] == 0).any())


def best_turn(seen: Tensor, true: Tensor) -> Tensor:
    """`seen` (V, D) turned by whole views to where it is most like `true` (V, D): for objects whose front nobody set."""
    return max((seen.roll(k, 0) for k in range(len(seen))), key=lambda turned: float((turned * true).sum()))
