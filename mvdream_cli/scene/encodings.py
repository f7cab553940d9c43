"""Encodings of points: multiresolution hash grids (Mueller et al. 2022, section 3) in plain torch, and frequencies.

The hash grid's layout is tiny-cuda-nn's, so that its parameters are ours and the other way round: one flat table, level
after level; a coarse level that fits is stored densely, a finer one is hashed.
"""

import importlib.util
import math
import warnings
from functools import cache

import torch
from torch import Tensor, nn

HAS_TRITON = importlib.util.find_spec("triton") is not None
HAS_TINYCUDANN = importlib.util.find_spec("tinycudann") is not None
PRIMES = (1, 2_654_435_761, 805_459_861)


class HashGrid(nn.Module):
    """Points in [0, 1]^3 to features, trilinear between the nodes of grids of growing resolution.

    Level l has nodes at (i + 0.5) / scale_l for scale_l = base_resolution * per_level_scale ** l - 1.

    Args:
        levels, features: grids, and numbers at each node.
        log2_table: the largest level has 2 ** log2_table nodes; finer ones share them by hash.
        base_resolution: nodes along a side of the coarsest grid.
        per_level_scale: from one grid to the next; the default ends at 4096, as in the reference.
    """

    def __init__(
        self,
        levels: int = 16,
        features: int = 2,
        log2_table: int = 19,
        base_resolution: int = 16,
        per_level_scale: float = 1.447269237440378,
    ):
        super().__init__()
        self.options = {
            "n_levels": levels,
            "n_features_per_level": features,
            "log2_hashmap_size": log2_table,
            "base_resolution": base_resolution,
            "per_level_scale": per_level_scale,
        }
        self.scales = [base_resolution * per_level_scale**level - 1 for level in range(levels)]
        self.resolutions = [math.ceil(scale) + 1 for scale in self.scales]
        self.sizes = [min(-(-(resolution**3) // 8) * 8, 2**log2_table) for resolution in self.resolutions]
        self.features = features
        begins = [sum(self.sizes[:level]) for level in range(levels)]
        rows = [
            [resolution, size, begin, resolution**3 <= size]
            for resolution, size, begin in zip(self.resolutions, self.sizes, begins)
        ]
        self.register_buffer("level_rows", torch.tensor(rows, dtype=torch.int64), persistent=False)
        self.register_buffer("level_scales", torch.tensor(self.scales, dtype=torch.float32), persistent=False)
        self.table = nn.Parameter(torch.empty(sum(self.sizes), features).uniform_(-1e-4, 1e-4))

    @property
    def out_features(self) -> int:
        return len(self.sizes) * self.features

    def forward(self, points: Tensor) -> Tensor:
        """(K, 3) in [0, 1] -> (K, levels * features). On a CUDA device by tinycudann's kernels or ours, if installed."""
        if points.is_cuda and HAS_TINYCUDANN and self.tinycudann(points.get_device()) is not None:
            return self.by_tinycudann(points)
        if points.is_cuda and HAS_TRITON:
            from mvdream_cli.scene.hash_kernels import encode

            return encode(points.float(), self.table, self.level_rows, self.level_scales)
        return self.slow(points)

    def tinycudann(self, device_index: int) -> nn.Module | None:
        """tiny-cuda-nn's encoding of these sizes; None, with a warning, where it was not built for the card."""
        return tinycudann_encoding(tuple(self.options.items()), device_index)

    def by_tinycudann(self, points: Tensor) -> Tensor:
        """The same by tiny-cuda-nn, in float32, with our table in place of its parameters."""
        table = self.table.view(-1)
        return torch.func.functional_call(self.tinycudann(points.get_device()), {"params": table}, (points,))

    def slow(self, points: Tensor) -> Tensor:
        """The same in plain torch, on any device."""
        encoded = []
        for scale, resolution, table in zip(self.scales, self.resolutions, self.table.split(self.sizes)):
            position = points * scale + 0.5
            low = position.floor()
            fraction = position - low
            value = 0.0
            for corner in range(8):
                offset = torch.tensor([corner & 1, corner >> 1 & 1, corner >> 2], device=points.device)
                weight = torch.where(offset.bool(), fraction, 1 - fraction).prod(-1, keepdim=True)
                value = value + weight * table[node_index(low.long() + offset, resolution, len(table))]
            encoded.append(value)
        return torch.cat(encoded, -1)


@cache
def tinycudann_encoding(options: tuple, device_index: int) -> nn.Module | None:
    """See `HashGrid.tinycudann`; options are the (name, value) pairs of its configuration."""
    try:
        import tinycudann  # asks for a card as soon as it is imported
    except (ImportError, OSError) as error:
        warnings.warn(f"tinycudann is installed but cannot be used ({error}); our own kernels do its work", stacklevel=2)
        return None
    with torch.cuda.device(device_index):
        return tinycudann.Encoding(3, {"otype": "HashGrid", **dict(options)}, dtype=torch.float32)


class FrequencyEncoding(nn.Module):
    """Sines and cosines of coordinates at octaves (NeRF, arXiv:2003.08934 eq. 4).

    Args:
        frequencies: 1, 2, 4, ... times pi.
    """

    def __init__(self, frequencies: int = 8):
        super().__init__()
        self.register_buffer("factors", math.pi * 2.0 ** torch.arange(frequencies), persistent=False)

    @property
    def out_features(self) -> int:
        return 6 * len(self.factors)

    def forward(self, points: Tensor) -> Tensor:
        """(K, 3) -> (K, 6 * frequencies)."""
        angles = (points[:, None] * self.factors[:, None]).flatten(1)
        return torch.cat([angles.sin(), angles.cos()], -1)


def node_index(node: Tensor, resolution: int, size: int) -> Tensor:
    """Where the numbers of integer nodes (K, 3) stand in a level's table of `size`: dense if it fits, else hashed; (K,)."""
    x, y, z = node.unbind(-1)
    if resolution**3 <= size:
        index = x + y * resolution + z * resolution**2
    else:  # 32-bit products, as on the GPU; the size is a power of two, so the low bits are all that matters
        index = (x * PRIMES[0]) ^ (y * PRIMES[1]) ^ (z * PRIMES[2])
    return index % size
