"""How the benchmarks time a call and write down what they found."""

import json
from pathlib import Path

from torch.utils import benchmark


def milliseconds(call) -> float:
    """Median of at least two seconds of calls, after a first; waits for a GPU."""
    return benchmark.Timer("call()", globals={"call": call}).blocked_autorange(min_run_time=2).median * 1e3


def report(row: dict, out: Path | None = None) -> None:
    """Print `row` as a line of JSON, and add it to the file `out` if there is one."""
    line = json.dumps(row)
    print(line, flush=True)
    if out is not None:
        with out.open("a") as file:
            file.write(line + "\n")
