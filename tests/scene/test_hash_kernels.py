"""The CUDA kernels in Triton's interpreter, against plain torch: values, gradients, and gradients of gradients."""

import os
import subprocess
import sys

import pytest
import torch
from conftest import ROOT

os.environ["TRITON_INTERPRET"] = "1"  # before Triton and the kernels are imported
pytest.importorskip("triton")

from mvdream_cli.scene import hash_kernels
from mvdream_cli.scene.encodings import HashGrid

SIZES = {"levels": 4, "features": 2, "log2_table": 8, "base_resolution": 4, "per_level_scale": 1.6}


COMPILE = """
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource, compile
from mvdream_cli.scene import hash_kernels
types = {"levels": "*i64", "count": "i32", "num_levels": "i32"} | dict.fromkeys(("features", "along", "block"), "constexpr")
for name in ("_gather", "_scatter", "_differentiate"):
    kernel = getattr(hash_kernels, name)
    values = {"features": 2, "block": 128, "along": True}
    source = ASTSource(
        kernel,
        {argument: types.get(argument, "*fp32") for argument in kernel.arg_names},
        constexprs={(i,): values[a] for i, a in enumerate(kernel.arg_names) if a in values},
    )
    assert compile(source, target=GPUTarget("cuda", 80, 32)).asm["cubin"]
"""


def grids() -> tuple[HashGrid, torch.Tensor]:
    torch.manual_seed(0)
    grid = HashGrid(**SIZES)
    torch.nn.init.normal_(grid.table)
    points = torch.rand(150, 3)
    points[:2] = torch.tensor([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    return grid, points


def fast(grid: HashGrid, points: torch.Tensor) -> torch.Tensor:
    return hash_kernels.encode(points, grid.table, grid.level_rows, grid.level_scales)


def test_values_equal_the_slow_twin():
    grid, points = grids()
    assert any(row[3] for row in grid.level_rows.tolist()) and not all(row[3] for row in grid.level_rows.tolist())
    torch.testing.assert_close(fast(grid, points), grid.slow(points), atol=1e-5, rtol=1e-5)
    assert fast(grid, points[:0]).shape == (0, 8)


def test_gradients_equal_the_slow_twin():
    grid, points = grids()
    arriving, found = torch.randn(len(points), 8), []
    for encode in (fast, HashGrid.slow):
        grid.table.grad, leaf = None, points.clone().requires_grad_(True)
        encode(grid, leaf).backward(arriving)
        found.append((leaf.grad, grid.table.grad))
    torch.testing.assert_close(found[0][1], found[1][1], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(found[0][0], found[1][0], atol=1e-3, rtol=1e-4)


def test_the_gradient_of_a_normal_equals_the_slow_twin():
    grid, points = grids()
    weights, direction, found = torch.randn(8, 1), torch.randn(len(points), 3), []
    for encode in (fast, HashGrid.slow):
        grid.table.grad = None
        leaf, last = points.clone().requires_grad_(True), weights.clone().requires_grad_(True)
        density = (torch.sin(encode(grid, leaf)) @ last).sum()
        (normal,) = torch.autograd.grad(density, leaf, create_graph=True)
        (normal * direction).sum().backward()
        found.append((normal.detach(), grid.table.grad, last.grad))
    for mine, theirs in zip(*found):
        torch.testing.assert_close(mine, theirs, atol=1e-3, rtol=1e-3)


def test_they_compile_for_a_gpu_that_is_not_there(tmp_path):
    environment = {key: value for key, value in os.environ.items() if key != "TRITON_INTERPRET"}
    environment |= {"TRITON_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", COMPILE], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
