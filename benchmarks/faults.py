"""Real commands with a fault at each write point, one after the other: does the same command again make the same files?

    python -m benchmarks.faults killed|full|filled [--only NAME,...] [--part K/N]

At each point where a command opens a file for writing, makes, renames or removes something, or waits for the disk, it is
killed, or is told from there on that the disk is full, or works on a small disk (root alone can make one) that is filled there.
Then it is given again, and what it leaves is compared byte by byte with what an undisturbed command leaves. Prints what does
not hold, and held / tried for each command.
"""

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from faults import trials  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("how", choices=("killed", "full", "filled"))
    parser.add_argument("--only", default="", help="names of commands, with commas")
    parser.add_argument("--part", default="1/1", help="K/N: every N-th point, from the K-th on")
    asked = parser.parse_args()
    chosen = [trial for trial in trials.TRIALS if trial.name in (asked.only.split(",") if asked.only else (trial.name,))]
    first, step = map(int, asked.part.split("/"))
    with tempfile.TemporaryDirectory() as folder, trials.hub():
        trials.make_inputs(inputs := Path(folder) / "inputs")
        held_of_all, tried_of_all = 0, 0
        for trial in chosen:
            found, expected = trials.points(trial, inputs)
            wrong, tried = 0, range(first - 1, len(found), step)
            for at in tried:
                problem = getattr(trials, asked.how)(trial, inputs, at, expected)
                if problem:
                    wrong += 1
                    print(f"{trial.name}, point {at} ({' '.join(found[at][1:])}): {problem}", flush=True)
            print(f"| {trial.name} | {len(tried) - wrong} / {len(tried)} |", flush=True)
            held_of_all, tried_of_all = held_of_all + len(tried) - wrong, tried_of_all + len(tried)
        print(f"| all | {held_of_all} / {tried_of_all} |")


if __name__ == "__main__":
    main()
