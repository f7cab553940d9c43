"""How near a set of pictures is to another one, and how many different things it shows: statistics of features.

They are called FID and IS only when the features are those of the Inception network that the field uses (`networks.inception`).
With any other network the number is another one, of the same kind, and has another name.
"""

import numpy as np
import torch
from torch import Tensor

from mvdream_cli.metrics.figures import Figure, Z, jackknife_interval, left_out

SPLITS = 10  # of the Inception score, as in Salimans et al. (2016)
FEWEST_IN_A_SPLIT = 10


def moments(features: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Mean (D,) and unbiased covariance (D, D) of features (N, D), float64."""
    array = features.double().cpu().numpy()
    return array.mean(0), np.cov(array, rowvar=False).reshape(array.shape[1], array.shape[1])


def frechet_distance(first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray]) -> float:
    """Squared Fréchet distance of two normal distributions, as (mean (D,), covariance (D, D)) each (Heusel et al. 2017).

    |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)). The eigenvalues of C1 C2 are those of the symmetric C1^(1/2) C2 C1^(1/2).
    """
    (mean_1, cov_1), (mean_2, cov_2) = first, second
    values, vectors = np.linalg.eigh(cov_1)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    together = np.linalg.eigvalsh(root @ cov_2 @ root)
    trace = np.sqrt(np.clip(together, 0, None)).sum()
    return float(((mean_1 - mean_2) ** 2).sum() + np.trace(cov_1) + np.trace(cov_2) - 2 * trace)


def inception_score(logits: Tensor, splits: int = SPLITS) -> tuple[float, float]:
    """exp of the mean divergence of p(class | picture) from p(class), in consecutive parts (Salimans et al. 2016).

    Args:
        logits: (N, classes), in an order in which a part is a fair sample.

    Returns:
        Mean and standard deviation (unbiased) over the parts.
    """
    log_p = logits.double().log_softmax(1)
    scores = []
    for part in log_p.chunk(splits):
        marginal = part.exp().mean(0, keepdim=True).log()
        scores.append((part.exp() * (part - marginal)).sum(1).mean().exp())
    scores = torch.stack(scores)
    return float(scores.mean()), float(scores.std()) if len(scores) > 1 else 0.0


def fewest_for_distance(dimensions: int) -> int:
    """With fewer pictures than features and one the covariance has no full rank, and the distance is mostly its own bias."""
    return dimensions + 1


def distance_figure(name: str, seen: Tensor, true: Tensor, **about) -> Figure:
    """The Fréchet distance of features (N, V, D) of N objects' V views from those of a reference (M, W, D).

    Beside it stands its bound: the distance between two halves of the reference, where each is large enough.

    Args:
        about: further attributes of the `Figure`.
    """
    dimensions = seen.shape[-1]
    fewest, here, there = fewest_for_distance(dimensions), seen[..., 0].numel(), true[..., 0].numel()
    about = {"better": "lower", "of": "views", "digits": 2} | about
    if min(here, there) < fewest:
        return left_out(name, f"it needs {fewest} views and {fewest} of the reference; there are {here} and {there}", **about)
    reference = moments(true.flatten(0, 1))

    def distance(kept: np.ndarray) -> float:
        return frechet_distance(reference, moments(seen[torch.from_numpy(kept)].flatten(0, 1)))

    value = distance(np.arange(len(seen)))
    low = high = float("nan")
    if here * 0.9 >= fewest:
        low, high = jackknife_interval(distance, len(seen), value)
    bound = None
    if true[::2, ..., 0].numel() >= fewest and true[1::2, ..., 0].numel() >= fewest:
        bound = frechet_distance(moments(true[::2].flatten(0, 1)), moments(true[1::2].flatten(0, 1)))
    note = f"to {there} views of the reference"
    return Figure(name, value, low, high, here, bound=bound, note=note, **about)


def score_figure(name: str, logits: Tensor, seed: int = 0, splits: int = SPLITS, **about) -> Figure:
    """The Inception score of logits (N, V, classes) of N objects' V views, in an order drawn from `seed`.

    Its interval comes from the spread over the splits, which the paper reports as it is; the note says it.
    """
    flat = logits.flatten(0, 1)
    about = {"of": "views", "digits": 2} | about
    if len(flat) < splits * FEWEST_IN_A_SPLIT:
        needs = f"{splits * FEWEST_IN_A_SPLIT} views, {FEWEST_IN_A_SPLIT} in each of {splits} parts"
        return left_out(name, f"it needs {needs}; there are {len(flat)}", **about)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(flat)))
    value, spread = inception_score(flat[order], splits)
    half = Z * spread / splits**0.5
    note = f"standard deviation over {splits} parts: {spread:.2f}"
    return Figure(name, value, value - half, value + half, len(flat), floor=1.0, note=note, **about)
