"""The hash grid's kernels, and tinycudann's if installed, against plain torch on a CUDA device: errors and milliseconds.

Prints one line of JSON.

python -m benchmarks.gpu.hash_grid [--points 262144]
"""

import argparse

import torch

from benchmarks.measure import milliseconds, report
from mvdream_cli.scene.encodings import HAS_TINYCUDANN, HashGrid
from mvdream_cli.scene.hash_kernels import encode as by_kernels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=262_144)
    count = parser.parse_args().points
    torch.manual_seed(0)
    grid = HashGrid().cuda()
    torch.nn.init.normal_(grid.table)
    points = torch.rand(count, 3, device="cuda")
    arriving = torch.randn(count, grid.out_features, device="cuda")
    result = {"device": torch.cuda.get_device_name(), "torch": torch.__version__, "points": count}
    gradients = {}
    ways = {"plain": grid.slow, "kernels": lambda p: by_kernels(p, grid.table, grid.level_rows, grid.level_scales)}
    if HAS_TINYCUDANN and grid.tinycudann(0) is not None:
        ways["tinycudann"] = grid.by_tinycudann
    for name, encode in ways.items():

        def forward(encode=encode):
            with torch.no_grad():
                return encode(points)

        def both(encode=encode):
            grid.table.grad = None
            encode(points).backward(arriving)

        both()
        gradients[name] = (forward(), grid.table.grad.clone())
        result |= {f"{name}_forward_ms": milliseconds(forward), f"{name}_forward_backward_ms": milliseconds(both)}
    for name in list(ways)[1:]:
        for what, mine, theirs in zip(("values", "gradient"), gradients[name], gradients["plain"]):
            result[f"{name}_{what}_error"] = ((mine - theirs).norm() / theirs.norm()).item()
    report(result)


if __name__ == "__main__":
    main()
