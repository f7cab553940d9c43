"""Each command, with a tiny model, under limits of its address space (ulimit -v) from far too little to enough.

    python -m benchmarks.memory_caps [--only NAME,...] [--limits GB,...]

It must end well, or with one sentence that says that memory is short and what to lower: no traceback, no crash, no waiting.
"""

import argparse
import resource
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from conftest import command_line, environment  # noqa: E402
from faults import trials  # noqa: E402


def wrong_under(trial: trials.Trial, inputs: Path, limit_gb: float) -> tuple[str, bool]:
    """(what is wrong, empty if nothing is; whether the command was done)."""
    folder = trials.beside(inputs, "capped", trial)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (int(limit_gb * 1e9),) * 2)

    command = [sys.executable, "-m", "mvdream_cli", *command_line(*trial.words)]
    options = {"cwd": folder, "env": environment(), "capture_output": True, "text": True, "preexec_fn": limit}
    try:
        done = subprocess.run(command, timeout=300, **options)
    except subprocess.TimeoutExpired:
        return "it waits", False
    last = ["", *done.stderr.strip().splitlines()][-1]
    if done.returncode < 0:
        return f"ended by {signal.Signals(-done.returncode).name}: {last}", False
    if "Traceback" in done.stderr:
        return f"a traceback: {done.stderr[-600:]}", False
    if done.returncode and not ("memory" in last and done.stderr.count("error:") == 1):
        return f"says {done.stderr[-400:]}", False
    return "", done.returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", help="names of commands, with commas")
    parser.add_argument("--limits", default="0.1,0.5,1,1.5,1.55,1.6,1.65,1.7,1.75,1.8,1.9,2,2.2", help="GB; until it is enough")
    asked = parser.parse_args()
    chosen = [trial for trial in trials.TRIALS if trial.name in (asked.only.split(",") if asked.only else (trial.name,))]
    held_of_all = tried_of_all = 0
    with tempfile.TemporaryDirectory() as folder, trials.hub():
        trials.make_inputs(inputs := Path(folder) / "inputs")
        for trial in chosen:
            held = tried = 0
            for limit_gb in map(float, asked.limits.split(",")):
                problem, enough = wrong_under(trial, inputs, limit_gb)
                held, tried = held + (not problem), tried + 1
                if problem:
                    print(f"{trial.name}, {limit_gb} GB: {problem}", flush=True)
                if enough:
                    break
            print(
                f"| {trial.name} | {held} / {tried} | {limit_gb:g} GB {'is enough' if enough else 'is not enough'} |",
                flush=True,
            )
            held_of_all, tried_of_all = held_of_all + held, tried_of_all + tried
    print(f"| all | {held_of_all} / {tried_of_all} |")


if __name__ == "__main__":
    main()
