"""Each command, with a tiny model, begun by two and by three processes at the same moment, again and again.

    python -m benchmarks.races [--times 20] [--only NAME,...]

One must do the work, and leave what an undisturbed one leaves; the others must end with exit code 11 and one sentence that says
who works there. The parts of one set, begun at the same moment, must be the set.
"""

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from faults import racing, trials  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=20, help="each command is raced")
    parser.add_argument("--only", default="", help="names of commands, with commas")
    asked = parser.parse_args()
    chosen = [
        t for t in trials.TRIALS if t.name in (asked.only.split(",") if asked.only else (t.name,)) and t.name != "to3d-prompts"
    ]
    held_of_all = tried_of_all = 0
    with tempfile.TemporaryDirectory() as folder, trials.hub():
        trials.make_inputs(inputs := Path(folder) / "inputs")
        for trial in chosen:
            expected, held = racing.undisturbed(trial, inputs), 0
            for k in range(asked.times):
                if trial.name == "data-render" and k % 3 == 2:
                    problem = racing.parts_at_once(trial, inputs, expected)
                else:
                    problem = racing.raced(trial, inputs, expected, processes=2 + k % 2)
                held += not problem
                if problem:
                    print(f"{trial.name}, race {k}: {problem}", flush=True)
            print(f"| {trial.name} | {held} / {asked.times} |", flush=True)
            held_of_all, tried_of_all = held_of_all + held, tried_of_all + asked.times
    print(f"| all | {held_of_all} / {tried_of_all} |")


if __name__ == "__main__":
    main()
