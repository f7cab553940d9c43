"""The hash grid: tiny-cuda-nn's layout by its numbers, interpolation by an obvious twin, gradients."""

import itertools
import math
import sys
from types import SimpleNamespace

import torch

from mvdream_cli.scene.encodings import PRIMES, HashGrid, node_index
from mvdream_cli.scene.field import HashGridField, build_field

SMALL = {"levels": 4, "features": 2, "log2_table": 8, "base_resolution": 4, "per_level_scale": 1.6}


def test_the_layout_of_the_reference():
    grid = HashGrid()
    assert grid.table.numel() == 12_599_920  # counted from tiny-cuda-nn's formulas
    dense = [resolution for resolution, size in zip(grid.resolutions, grid.sizes) if resolution**3 <= size]
    assert dense[0] == 16 and dense[-1] == 71 and len(dense) == 5 and grid.sizes[5] == 2**19
    assert grid.resolutions[-1] == 4096 and grid.table.abs().max() <= 1e-4


def test_the_hash_is_that_of_unsigned_32_bit_products():
    node = torch.tensor([[4000, 4095, 3999], [1, 2, 3]])
    wanted = [((x * PRIMES[0]) ^ (y * PRIMES[1]) ^ (z * PRIMES[2])) % 2**32 % 2**19 for x, y, z in node.tolist()]
    assert node_index(node, 4096, 2**19).tolist() == wanted
    assert node_index(torch.tensor([[1, 2, 3]]), 16, 4096).item() == 1 + 2 * 16 + 3 * 256


def twin(grid: HashGrid, point: list[float]) -> list[float]:
    """One point, in plain Python."""
    found, begin = [], 0
    for scale, resolution, size in zip(grid.scales, grid.resolutions, grid.sizes):
        position = [p * scale + 0.5 for p in point]
        values = [0.0] * grid.features
        for corner in itertools.product((0, 1), repeat=3):
            node = [math.floor(p) + c for p, c in zip(position, corner)]
            weight = math.prod(p % 1 if c else 1 - p % 1 for p, c in zip(position, corner))
            index = begin + node_index(torch.tensor([node]), resolution, size).item()
            values = [v + weight * w for v, w in zip(values, grid.table[index].tolist())]
        found += values
        begin += size
    return found


def test_values_and_gradients():
    torch.manual_seed(0)
    grid = HashGrid(**SMALL).double()
    with torch.no_grad():
        grid.table.normal_()
    points = torch.rand(5, 3, dtype=torch.float64, requires_grad=True)
    encoded = grid(points)
    for row, point in zip(encoded, points.tolist()):
        torch.testing.assert_close(row, torch.tensor(twin(grid, point), dtype=torch.float64))
    assert torch.autograd.gradcheck(grid, (points,))
    grid.zero_grad()
    grid(points).sum().backward()
    assert math.isclose(grid.table.grad.sum().item(), 5 * grid.out_features)  # the weights of a point add up to one


class Encoding(torch.nn.Module):
    """What tinycudann.Encoding says of itself (flat parameters of its own, read at each call), computed by the plain grid."""

    def __init__(self, n_input_dims, encoding_config, seed=1337, dtype=None):
        super().__init__()
        assert (n_input_dims, encoding_config["otype"], dtype) == (3, "HashGrid", torch.float32)
        names = {"n_levels": "levels", "n_features_per_level": "features", "log2_hashmap_size": "log2_table"}
        self.grid = HashGrid(**{names.get(k, k): v for k, v in encoding_config.items() if k != "otype"}).requires_grad_(False)
        self.params = torch.nn.Parameter(torch.zeros(self.grid.table.numel()))

    def forward(self, points):
        self.grid.__dict__["table"] = self.params.view(-1, self.grid.features)
        self.grid._parameters.pop("table", None)
        return self.grid.slow(points)


def test_tinycudann_reads_our_table_and_its_gradient_comes_back(monkeypatch):
    monkeypatch.setitem(sys.modules, "tinycudann", SimpleNamespace(Encoding=Encoding))
    torch.manual_seed(0)
    grid, points = HashGrid(**SMALL), torch.rand(20, 3)
    torch.nn.init.normal_(grid.table)
    arriving, found = torch.randn(20, grid.out_features), []
    for encode in (grid.by_tinycudann, grid.slow):
        grid.table.grad = None
        leaf = points.clone().requires_grad_(True)
        encoded = encode(leaf)
        encoded.backward(arriving)
        found.append((encoded.detach(), leaf.grad, grid.table.grad))
    for mine, theirs in zip(*found):
        torch.testing.assert_close(mine, theirs)
    assert list(grid.state_dict()) == ["table"]  # a file is the same with it and without


def test_the_field_is_the_ball_at_first_and_comes_back_from_its_config():
    torch.manual_seed(0)
    field = HashGridField(grid=SMALL)
    density, rgb = field(torch.tensor([[0.0, 0.0, 0.0], [0.9, 0.9, 0.9]]))
    assert density[0] > 9.9 and density[1] < 1e-3 and rgb.shape == (2, 3)
    again = build_field(field.config())
    again.load_state_dict(field.state_dict())
    points = torch.rand(10, 3) * 2 - 1
    assert torch.equal(again.density(points), field.density(points))
