"""What do views show? Answered by the nearest of several true renders, whose answers are known.

Letters in shapes: V views, the front first; D features of one view, of length one, of a network that saw neither the model
nor its world.
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


def sides_alike(around: Tensor, other: Tensor) -> Tensor:
    """Of each view whether it could as well show direction k, (V, K) bool: an egg is the same all around.

    Direction k of an object seen from all sides, `around` (K, D), is then at least as like the view's own direction as the same
    view of a second such object with proportions of its own, `other` (V, D).
    """
    own = around[_own_directions(len(other), len(around))]
    return own @ around.T >= (own * other).sum(1, keepdim=True) - 1e-6  # equal sides differ by rounding


def directions_right(found: Tensor, alike: Tensor) -> float:
    """Share of evenly spaced views (V,) that show their own direction, a neighbor of it, or what is like it (V, K)."""
    count = alike.shape[1]
    off = (found - _own_directions(len(found), count) + count // 2) % count - count // 2
    return float(((off.abs() <= 1) | alike[torch.arange(len(found)), found]).float().mean())


def second_front(found: Tensor, alike: Tensor) -> bool:
    """Whether a view other than the first is nearest to the front, though the front is not like its own direction (V, K)."""
    return bool(((found == 0) & ~alike[:, 0])[1:].any())


def _own_directions(views: int, count: int) -> Tensor:
    return torch.arange(views) * count // views


def best_turn(seen: Tensor, true: Tensor) -> Tensor:
    """`seen` (V, D) turned by whole views to where it is most like `true` (V, D): for objects whose front nobody set."""
    return max((seen.roll(k, 0) for k in range(len(seen))), key=lambda turned: float((turned * true).sum()))
