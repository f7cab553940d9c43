"""Whether one row is better than another: object by object, for both were asked for the same."""

from collections.abc import Mapping
from itertools import product
from typing import NamedTuple

import numpy as np

from mvdream_cli.metrics.figures import bootstrap_interval

EXACT = 12  # so many differences have all their signs tried out
TRIES = 20_000


class Difference(NamedTuple):
    """Mean difference of `count` pairs, its 95 % interval, and the p-value of the sign-flip test: is it 0?"""

    value: float
    low: float
    high: float
    p: float
    count: int


def paired(first: Mapping[str, Mapping], second: Mapping[str, Mapping], figure: str) -> Difference | None:
    """First less second, of the objects that both have a number for; None where fewer than two are.

    Args:
        first, second: prompt -> figures of its object.
    """
    values = [
        float(first[prompt][figure]) - float(second[prompt][figure])
        for prompt in first
        if prompt in second and _finite(first[prompt].get(figure)) and _finite(second[prompt].get(figure))
    ]
    if len(values) < 2:
        return None
    low, high = bootstrap_interval(np.array(values))
    return Difference(float(np.mean(values)), low, high, sign_flip_p(np.array(values)), len(values))


def sign_flip_p(differences: np.ndarray) -> float:
    """Two-sided p-value of a mean of 0: how many choices of signs make a mean as far from it (Fisher 1935).

    Exact for up to `EXACT` differences that are not 0 (of yes-or-no figures it is McNemar's test); else of `TRIES` by chance.
    """
    told = differences[differences != 0]
    if not len(told):
        return 1.0
    if len(told) <= EXACT:
        signs = np.array(list(product((-1, 1), repeat=len(told))))
    else:
        signs = np.random.default_rng(0).choice((-1, 1), size=(TRIES, len(told)))
        signs[0] = 1  # the one that was seen is among them
    return float((abs(signs @ told) >= abs(told.sum()) - 1e-9).mean())


def _finite(value) -> bool:
    return value is not None and bool(np.isfinite(value))
