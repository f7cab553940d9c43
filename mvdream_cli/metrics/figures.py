"""A figure with what it needs to be understood: network, resize, number of samples, confidence interval, floor and bound.

An interval covers 95 %: of a share by Wilson (1927), of a mean by resampling objects (Efron 1979), of a statistic of a whole
set by leaving out a tenth of the objects at a time (the grouped jackknife). Objects are resampled, not views: the views of
one object agree.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

Z = 1.959964  # half the width of 95 % of a normal distribution
RESAMPLES = 1000
GROUPS = 10


@dataclass(frozen=True)
class Figure:
    """One number of a report.

    Attributes:
        name: what it is called; with another network than the field's it has another name.
        value: None where it was left out; `note` then says why.
        low, high: its 95 % interval, NaN where there is none.
        count: samples, in the words of `of`: "objects", "views", "photographs".
        unit: "" or "%", "dB".
        network, resize: what looked at the pictures, and how they were made to fit it; "" where nothing did.
        floor, bound: the same figure of pictures that show nothing of it, and of true ones; None where not known.
        note: one sentence on how it was taken, or why it is missing.
        better: "higher", "lower" or "" where neither is better.
        digits: after the point, for people.
    """

    name: str
    value: float | None
    low: float = math.nan
    high: float = math.nan
    count: int = 0
    of: str = "objects"
    unit: str = ""
    network: str = ""
    resize: str = ""
    floor: float | None = None
    bound: float | None = None
    note: str = ""
    better: str = "higher"
    digits: int = 3

    def text(self, value: float | None = None) -> str:
        """The value, or another one in its form, for people: "0.812", "63.4 %"."""
        value = self.value if value is None else value
        if value is None or not math.isfinite(value):
            return "-"
        scaled = 100 * value if self.unit == "%" else value
        digits = min(self.digits, 1) if self.unit == "%" else self.digits
        return f"{scaled:.{digits}f}" + (f" {self.unit}" if self.unit else "")

    def interval(self) -> str:
        """ "0.79 to 0.83", or "" where there is none."""
        return f"{self.text(self.low)} to {self.text(self.high)}" if math.isfinite(self.low) else ""

    def as_json(self) -> dict:
        """All of it; what is not a number is None."""
        return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in asdict(self).items()}

    def beside(self, floor: float | None = None, bound: float | None = None) -> "Figure":
        """The same with its floor and bound."""
        return replace(self, floor=floor, bound=bound)


def left_out(name: str, why: str, **about) -> Figure:
    """A figure that was not taken, and why: never a silent substitute."""
    return Figure(name, None, **(about | {"note": f"left out: {why}"}))


def mean_figure(name: str, per_object: Sequence[float], seed: int = 0, **about) -> Figure:
    """The mean of one number for each object, its interval from resampled objects.

    Args:
        per_object: (N,), N at least 1; values that are not finite are passed over.
        about: further attributes of the `Figure`.
    """
    values = np.asarray(per_object, np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        return left_out(name, "no object has a value", **about)
    low, high = bootstrap_interval(values, seed)
    return Figure(name, float(values.mean()), low, high, len(values), **about)


def share_figure(name: str, right: Sequence[bool], **about) -> Figure:
    """The share of objects for which something is true; N at least 1."""
    hits, count = int(np.sum(np.asarray(right, bool))), len(right)
    low, high = wilson_interval(hits, count)
    return Figure(name, hits / count, low, high, count, **({"unit": "%"} | about))


def wilson_interval(hits: int, count: int) -> tuple[float, float]:
    """The score interval of a share (Wilson 1927): it stays in [0, 1], also for none and for all.

    Raises:
        ValueError: `count` is 0.
    """
    if count <= 0:
        raise ValueError("a share of nothing has no interval")
    share, z2 = hits / count, Z * Z / count
    center, half = share + z2 / 2, Z * math.sqrt(share * (1 - share) / count + z2 / count / 4)
    return max(0.0, (center - half) / (1 + z2)), min(1.0, (center + half) / (1 + z2))


def bootstrap_interval(values: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """2.5 and 97.5 % of the means of resampled values (N,); NaN for a single value."""
    if len(values) < 2:
        return math.nan, math.nan
    rng = np.random.default_rng(seed)
    means = values[rng.integers(len(values), size=(RESAMPLES, len(values)))].mean(1)
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)


def jackknife_interval(
    statistic: Callable[[np.ndarray], float], count: int, value: float, seed: int = 0
) -> tuple[float, float]:
    """The interval of a statistic of a whole set: how it moves when a tenth of the objects is left out.

    Args:
        statistic: of the indices of the objects that are kept, (K,).
        count: objects; NaN with fewer than two for each group.
        value: the statistic of all.
    """
    if count < 2 * GROUPS:
        return math.nan, math.nan
    groups = np.array_split(np.random.default_rng(seed).permutation(count), GROUPS)
    without = np.array([statistic(np.setdiff1d(np.arange(count), group)) for group in groups])
    error = math.sqrt((GROUPS - 1) / GROUPS * float(((without - without.mean()) ** 2).sum()))
    return value - Z * error, value + Z * error
