"""How long toybox objects take to build, family by family: median and slowest of all kinds and variants.

python -m benchmarks.toybox_speed
"""

import time

import numpy as np

from mvdream_toybox.things import FAMILIES
from mvdream_toybox.world import Spec, build

SEEDS = 3


def milliseconds(spec: Spec) -> float:
    start = time.thread_time()
    build(spec)
    return (time.thread_time() - start) * 1e3


def main() -> None:
    print("| family | objects | median ms | slowest ms | slowest |\n|---|---|---|---|---|")
    everything = []
    for family in FAMILIES:
        took = {}
        for name, kind in family.KINDS.items():
            for variant in (None, *kind.variants):  # the best of a few seeds: another process may have had the core
                took[variant or name] = min(milliseconds(Spec(name, variant, seed=seed)) for seed in range(SEEDS))
        slowest = max(took, key=took.get)
        _row(family.__name__.rsplit(".", 1)[-1], list(took.values()), slowest)
        everything += took.items()
    _row("all", [ms for _, ms in everything], max(everything, key=lambda pair: pair[1])[0])


def _row(family: str, took: list[float], slowest: str) -> None:
    print(f"| {family} | {len(took)} | {np.median(took):.1f} | {max(took):.1f} | {slowest} |", flush=True)


if __name__ == "__main__":
    main()
