"""Each command, with a tiny model, is sent SIGINT or SIGTERM at moments over its whole duration, imports included.

    python -m benchmarks.signals [--tries 20] [--only NAME,...] [--points]

It must end within 5 seconds with one sentence and exit code 130 or 143 (with --json and --json=events also the record; with
closed stdout and stderr silently), leave nothing half-written, and the same command must then make the same files. `--points`
sends the signal at write points instead, told from inside. What comes before Python has begun the program is counted apart.
"""

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from faults import stopping, trials  # noqa: E402

SIGNALS = (signal.SIGINT, signal.SIGTERM)
EVALUATE = trials.Trial(
    "evaluate",
    ("evaluate", "views", "--prompts=../inputs/prompts.txt", "--model=../inputs/model", "--out=run", "--preset=cpu",
     "--steps=1", "--set=engine.threads=1", "--set=evaluate.networks=[]", "--set=evaluate.fit_objects=0",
     "--set=sample_views.num_views=4"),
)  # fmt: skip


def sweep(trial, inputs: Path, tries: int) -> tuple[int, int, int]:
    """(held, tried, came before the program had begun)."""
    folder, began = trials.beside(inputs, "stopped", trial), time.monotonic()
    whole = stopping.stopped_after(trial, folder, 600, signal.SIGINT, "plain")
    assert whole.code == 0, whole.stderr
    seconds, expected = time.monotonic() - began, trials.contents(folder)
    held = tried = early = 0
    for k in range(tries):
        signum, form = SIGNALS[k % 2], list(stopping.FORMS)[k // 2 % len(stopping.FORMS)]
        if form != "events" or not trial.name.startswith("models"):  # which have no events
            wait_s = seconds * (k + 0.5) / tries
            folder = trials.beside(inputs, "stopped", trial)
            ended = stopping.stopped_after(trial, folder, wait_s, signum, form)
            if ended.code == 0 or stopping.came_too_early(ended, signum):
                early += ended.code != 0
                continue
            problem = stopping.what_is_wrong(ended, signum, form) or stopping.after_it(trial, folder, expected)
            if form in ("json", "events"):  # a page tells with which words it was made
                problem = "; ".join(part for part in problem.split("; ") if not part.endswith(".html: differs"))
            tried, held = tried + 1, held + (not problem)
            if problem:
                print(
                    f"{trial.name}, {signal.Signals(signum).name} after {wait_s:.2f} of {seconds:.2f} s, {form}: {problem}",
                    flush=True,
                )
    return held, tried, early


def at_points(trial, inputs: Path, tries: int) -> tuple[int, int, int]:
    """As `sweep`, at write points spread over all of them."""
    found, expected = trials.points(trial, inputs)
    chosen = sorted({round(k * (len(found) - 1) / max(tries - 1, 1)) for k in range(tries)})
    held = 0
    for k, at in enumerate(chosen):
        problem = stopping.stopped_at(trial, inputs, at, SIGNALS[k % 2], expected)
        held += not problem
        if problem:
            print(f"{trial.name}, point {at} ({' '.join(found[at][1:])}): {problem}", flush=True)
    return held, len(chosen), 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tries", type=int, default=20, help="of each command")
    parser.add_argument("--only", default="", help="names of commands, with commas")
    parser.add_argument("--points", action="store_true", help="at write points, not at times")
    asked = parser.parse_args()
    every = [*trials.TRIALS, EVALUATE]
    chosen = [trial for trial in every if trial.name in (asked.only.split(",") if asked.only else (trial.name,))]
    total = [0, 0, 0]
    with tempfile.TemporaryDirectory() as folder, trials.hub():
        trials.make_inputs(inputs := Path(folder) / "inputs")
        for trial in chosen:
            counts = (at_points if asked.points else sweep)(trial, inputs, asked.tries)
            total = [a + b for a, b in zip(total, counts)]
            print(f"| {trial.name} | {counts[0]} / {counts[1]} | {counts[2]} before the program began |", flush=True)
        print(f"| all | {total[0]} / {total[1]} | {total[2]} before the program began |")


if __name__ == "__main__":
    main()
