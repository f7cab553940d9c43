"""The paper at the scale of `mini`: run what is missing, collect the figures, write docs/paper.md.

    python -m benchmarks.paper --out paper                         # all of it; stop it and start it again
    python -m benchmarks.paper --out paper --minutes 10            # the same for ten minutes, to be called again
    python -m benchmarks.paper --out paper --only guidance         # one experiment
    python -m benchmarks.paper --out paper --dry-run               # the commands, and nothing else
    python -m benchmarks.paper --page-only                         # docs/paper.md anew, from benchmarks/paper/results.json

Figures come from the reports of `mvdream evaluate` alone, and results.json keeps them with machine, date and command. What was
not run is said to be missing on the page. Exit code 75 (EX_TEMPFAIL): the minutes are over and something is left.
"""

import argparse
import json
import math
import os
import platform
import shlex
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.paper.arms import SCALE
from benchmarks.paper.experiments import EXPERIMENTS, Experiment
from benchmarks.paper.page import page
from benchmarks.paper.paired import paired

HERE = Path(__file__).parent
RESULTS, PAGE = HERE / "results.json", HERE.parents[1] / "docs" / "paper.md"
LEFT = os.EX_TEMPFAIL
SECONDS_TO_STOP = 60  # a command saves its state at the end of a step


def words_of(command: str, out: Path, scale: dict[str, int]) -> list[str]:
    """The module and the words of a command of `EXPERIMENTS`."""
    return shlex.split(command.format(out=out, here=HERE, **scale))


def run_experiment(
    experiment: Experiment, out: Path, scale: dict[str, int], deadline: float = math.inf, dry_run: bool = False
) -> bool:
    """Run its commands in order, each in its folder of `out`, until one fails or the deadline is there; True if all ended well.

    Args:
        deadline: of time.monotonic(); the command that runs then is asked to save its state and to end.
    """
    for name, command in experiment.commands.items():
        words = [*words_of(command, out, scale), "--out", str(out / name)]
        if dry_run:
            print("python -m", shlex.join(words))
            continue
        if time.monotonic() >= deadline:
            return False
        print(time.strftime("%H:%M:%S"), "python -m", shlex.join(words), flush=True)
        code = run_until([sys.executable, "-m", *words], deadline)
        if code:
            if time.monotonic() < deadline:
                print(f"{name}: failed ({code}), the rest of {experiment.title!r} is left out", file=sys.stderr)
            return False
    return True


def run_until(words: list[str], deadline: float) -> int:
    """The exit code of a command, which gets SIGTERM at the deadline."""
    with subprocess.Popen(words) as process:
        try:
            return process.wait(None if math.isinf(deadline) else max(1.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.terminate()
            try:
                return process.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                process.kill()
                return process.wait()


def collect(experiment: Experiment, out: Path, scale: dict[str, int]) -> dict:
    """{"rows": row -> its figures, "claims": of two rows' objects, pair by pair}, of the reports that are there."""
    rows, objects = {}, {}
    for row, folder in experiment.rows.items():
        path = out / folder / "report.json"
        if path.is_file():
            report = json.loads(path.read_text(encoding="utf-8").replace(str(out), out.name))
            command = shlex.join(words_of(experiment.commands[folder], Path(out.name), scale))
            rows[row] = {
                "figures": report["figures"], "taken": report["taken"], "versions": report["versions"],
                "machine": platform.platform(), "command": command.replace(str(HERE), "benchmarks/paper"),
            }  # fmt: skip
            objects[row] = {told["prompt"]: told for told in report["objects"]}
    if not rows:
        return {}
    claims = [paired(objects.get(c.higher, {}), objects.get(c.lower, {}), c.figure) for c in experiment.claims]
    setup = experiment.setup.format(**scale)
    return {"setup": setup, "rows": rows, "claims": [found and found._asdict() for found in claims]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("paper"))
    parser.add_argument("--only", choices=EXPERIMENTS, action="append")
    parser.add_argument("--scale", action="append", default=[], metavar="NAME=NUMBER", help=f"one of {', '.join(SCALE)}")
    parser.add_argument("--minutes", type=float, default=math.inf, help="end after so long; the same call goes on")
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--page-only", action="store_true")
    arguments = parser.parse_args()
    deadline = time.monotonic() + 60 * arguments.minutes
    scale = SCALE | {name: int(number) for name, number in (pair.split("=") for pair in arguments.scale)}
    if unknown := scale.keys() - SCALE.keys():
        parser.error(f"--scale: there is no {', '.join(unknown)}; choose {', '.join(SCALE)}")
    results, whole = json.loads(RESULTS.read_text(encoding="utf-8")), True
    for name in [] if arguments.page_only else arguments.only or EXPERIMENTS:
        whole &= run_experiment(EXPERIMENTS[name], arguments.out, scale, deadline, arguments.dry_run)
        if not arguments.dry_run:
            if found := collect(EXPERIMENTS[name], arguments.out, scale):
                results[name] = found
            RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if not arguments.dry_run:
        PAGE.write_text(page(results), encoding="utf-8")
        print(PAGE)
    return 0 if whole else LEFT


if __name__ == "__main__":
    sys.exit(main())
