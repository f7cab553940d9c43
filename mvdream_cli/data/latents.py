"""Latents of a set that were encoded once, read from files as they are needed: memory does not grow with the set.

Letters in shapes: N objects (of one file n), G grays, V views, C h w channels and sides of a latent.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from mvdream_cli.data.order import Order
from mvdream_cli.errors import DataError
from mvdream_cli.parts import Part


class Latents:
    """Posteriors of pictures that were encoded once, each object over one gray or several.

    Args:
        files: tensors of each file, mapped rather than read. "latents": means (n, G, V, C, h, w) float16. "spread": standard
            deviations, as the means; missing where the autoencoder has no posterior. "cameras": the model's camera vectors
            (n, V, 16) float32; of pictures without cameras zeros, which nothing may read. "entries" (n,): numbers of the
            objects in the set.
        captions: of all objects of the set.
        seed: of the order in which they are seen.
        device: where posteriors are sampled: numbers for the whole batch are drawn, which takes a CPU long.
    """

    def __init__(
        self, files: Sequence[dict[str, Tensor]], captions: Sequence[str], seed: int, device: torch.device | str = "cpu"
    ):
        self.files, self.captions, self.device = files, captions, device
        self.starts = np.cumsum([0, *(len(file["entries"]) for file in files)])  # number of each file's first object
        self.order, self.seed = Order(int(self.starts[-1]), seed), seed

    def __len__(self) -> int:
        return self.order.objects

    def draw(self, i: int, part: Part, num_views: int) -> tuple[Tensor, Tensor, list[str]]:
        """The objects of a part of step `i`, with views at equal azimuth steps from a random first one on.

        Which they are is a function of (seed, i, place).

        Returns:
            latents (size num_views, C, h, w), view by view, samples of their posteriors; their cameras (size num_views, 16);
            captions, one for each object.

        Raises:
            DataError: there are fewer views than wanted.
        """
        numbers = part.of(self.order.batch(i, part.total))
        drawn = part.of(np.random.default_rng((self.seed, i, 2)).random((part.total, 2)))
        found = {name: [None] * part.size for name in ("latents", "spread", "cameras", "entries")}
        for row, (number, (first, gray)) in enumerate(zip(numbers, drawn)):
            which = int(np.searchsorted(self.starts, number, "right")) - 1
            file, k = self.files[which], number - self.starts[which]
            _, grays, total, *_ = file["latents"].shape
            if total < num_views:
                raise DataError(f"the objects have {total} views, fewer than the {num_views} that are wanted; render more")
            views = (int(first * total) + np.arange(num_views) * (total // num_views)) % total
            for name, tensor in file.items():
                if name in ("latents", "spread"):
                    found[name][row] = tensor[k, int(gray * grays), views]
                else:
                    found[name][row] = tensor[k, views] if name == "cameras" else tensor[k]
        mean, cameras = torch.cat(found["latents"]).to(self.device, non_blocking=True), torch.cat(found["cameras"])
        spread = None if found["spread"][0] is None else torch.cat(found["spread"]).to(self.device, non_blocking=True)
        return sampled(mean, spread, part.each(num_views)), cameras, [self.captions[int(k)] for k in found["entries"]]


def sampled(mean: Tensor, spread: Tensor | None, part: Part) -> Tensor:
    """Samples of posteriors (size, C, h, w); the means where there is no standard deviation."""
    if spread is None:
        return mean
    return mean.float() + spread.float() * part.randn("posterior", *mean.shape[1:], device=mean.device)
