"""Commands that start processes of their own are killed with SIGKILL while some of these live: do they end with it?

    python -m benchmarks.children [--times 10] [--only NAME,...]

Renders of a set, a training that draws its objects, the check of a set, an export (xatlas in a process of its own) and films
(ffmpeg). Each is killed at moments over its duration; what it had started must be gone within 5 seconds.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from conftest import start  # noqa: E402
from faults import trials  # noqa: E402

SOON_S = 5.0
COMMANDS = [
    trials.Trial("data-render", ("data", "render", "toybox", "--objects=200", "--out=views", "--set=data.workers=2")),
    trials.Trial("data-check", ("data", "check", "../inputs/many", "--out=check", "--set=data.workers=2")),
    trials.Trial("train-toybox", ("train", "--data=toybox", "--out=run", *trials.TRAIN, "--steps=500", "--set=data.workers=2")),
    trials.Trial("export", ("export", "run", "--faces=20000", "--set=export.resolution=16"), copied=("run",)),
    trials.Trial(
        "films", ("export", "run", "--turntable", "--set=turntable.frames=400", "--set=turntable.size_px=512"), ("run",)
    ),
]


def killed_with_children(trial: trials.Trial, inputs: Path, later_s: float) -> str | None:
    """What is wrong; empty if nothing is, None if it ended before it had a process of its own to leave behind."""
    folder = trials.beside(inputs, "children", trial)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = start(*trial.words, cwd=folder, **quiet)
    parent, seen = psutil.Process(process.pid), []
    while process.poll() is None and not (seen := parent.children(recursive=True)):
        time.sleep(0.01)
    end = time.monotonic() + later_s
    while process.poll() is None and time.monotonic() < end:
        seen = parent.children(recursive=True) or seen
        time.sleep(0.01)
    if process.poll() is not None:
        return None
    seen = parent.children(recursive=True) or seen
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(seen, timeout=SOON_S)
    for child in alive:
        child.kill()
    return f"{len(alive)} of {len(seen)} live on" if alive else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=10, help="each command is killed")
    parser.add_argument("--only", default="", help="names of commands, with commas")
    asked = parser.parse_args()
    chosen = [trial for trial in COMMANDS if trial.name in (asked.only.split(",") if asked.only else (trial.name,))]
    held_of_all = tried_of_all = 0
    with tempfile.TemporaryDirectory() as folder:
        trials.make_inputs(inputs := Path(folder) / "inputs")
        many = ("data", "render", "toybox", "--objects=60", f"--out={inputs / 'many'}", "--views=4", "--size-px=64")
        trials.succeed(trials.mvdream(*many, "--set=data.workers=1", cwd=inputs))
        for trial in chosen:
            outcomes = [killed_with_children(trial, inputs, 0.15 * k) for k in range(asked.times)]
            tried = [outcome for outcome in outcomes if outcome is not None]
            print("\n".join(f"{trial.name}: {outcome}" for outcome in tried if outcome))
            print(f"| {trial.name} | {tried.count('')} / {len(tried)} |", flush=True)
            held_of_all, tried_of_all = held_of_all + tried.count(""), tried_of_all + len(tried)
    print(f"| all | {held_of_all} / {tried_of_all} |")


if __name__ == "__main__":
    main()
