"""The paper at the scale of `mini`: run what is missing, collect the figures, write docs/paper.md.

    python -m benchmarks.paper --out paper                         # all of it: days on two cores; stop it and start it again
    python -m benchmarks.paper --out paper --only guidance         # one experiment
    python -m benchmarks.paper --out paper --dry-run               # the commands, and nothing else
    python -m benchmarks.paper --page-only                         # docs/paper.md anew, from benchmarks/paper/results.json

Figures come from the reports of `mvdream evaluate` alone, and results.json keeps them with machine, date and command. What was
not run is said to be missing on the page.
"""

import argparse
import json
import platform
import shlex
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.paper.experiments import EXPERIMENTS, SCALE, Experiment
from benchmarks.paper.page import page

HERE = Path(__file__).parent
RESULTS, PAGE = HERE / "results.json", HERE.parents[1] / "docs" / "paper.md"
FACES = HERE.parents[1] / "mvdream_cli" / "prompt_sets" / "faces.txt"


def words_of(command: str, out: Path, scale: dict[str, int]) -> list[str]:
    """The words of a command of `EXPERIMENTS`."""
    return shlex.split(command.format(out=out, faces=FACES, **scale))


def run_experiment(experiment: Experiment, out: Path, scale: dict[str, int], dry_run: bool = False) -> bool:
    """Run its commands in order, each in its folder of `out`; False as soon as one fails."""
    for name, command in experiment.commands.items():
        words = [*words_of(command, out, scale), "--out", str(out / name)]
        print("mvdream", shlex.join(words), flush=True)
        if not dry_run and subprocess.run([sys.executable, "-m", "mvdream_cli", *words]).returncode:
            print(f"{name}: failed, the rest of {experiment.title!r} is left out", file=sys.stderr)
            return False
    return True


def collect(experiment: Experiment, out: Path, scale: dict[str, int]) -> dict:
    """Row -> its figures, of the reports that are there, with where and how they were taken."""
    found = {}
    for row, folder in experiment.rows.items():
        path = out / folder / "report.json"
        if path.is_file():
            report = json.loads(path.read_text(encoding="utf-8"))
            command = "mvdream " + shlex.join(words_of(experiment.commands[folder], Path(out.name), scale))
            found[row] = {
                "figures": report["figures"], "taken": report["taken"], "versions": report["versions"],
                "machine": platform.platform(), "command": command.replace(str(FACES), FACES.name),
            }  # fmt: skip
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("paper"))
    parser.add_argument("--only", choices=EXPERIMENTS, action="append")
    parser.add_argument("--scale", action="append", default=[], metavar="NAME=NUMBER", help=f"one of {', '.join(SCALE)}")
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--page-only", action="store_true")
    arguments = parser.parse_args()
    scale = SCALE | {name: int(number) for name, number in (pair.split("=") for pair in arguments.scale)}
    if unknown := scale.keys() - SCALE.keys():
        parser.error(f"--scale: there is no {', '.join(unknown)}; choose {', '.join(SCALE)}")
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    for name in [] if arguments.page_only else arguments.only or EXPERIMENTS:
        started = time.monotonic()
        run_experiment(EXPERIMENTS[name], arguments.out, scale, arguments.dry_run)
        if not arguments.dry_run:
            if found := collect(EXPERIMENTS[name], arguments.out, scale):
                results[name] = found
            RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            print(f"{name}: {time.monotonic() - started:.0f} s")
    if not arguments.dry_run:
        PAGE.write_text(page(results), encoding="utf-8")
        print(PAGE)


if __name__ == "__main__":
    main()
