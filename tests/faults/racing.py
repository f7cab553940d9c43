"""The same command several times at the same moment: one does the work, the others say who does it."""

import re
from pathlib import Path

from conftest import at_once
from faults.trials import Trial, beside, contents, differences, run, succeed

LOCKED = 11
REFUSED = re.compile(r"^error: .+: another mvdream process \(pid \d+ on \S+\) is using it; .*wait for it", re.MULTILINE)


def undisturbed(trial: Trial, inputs: Path) -> dict[str, str]:
    """What the command alone leaves."""
    folder = beside(inputs, "race", trial)
    succeed(run(trial, folder))
    return contents(folder)


def raced(trial: Trial, inputs: Path, expected: dict[str, str], processes: int = 2) -> str:
    """What is wrong when so many begin at once; empty if nothing is."""
    folder = beside(inputs, "race", trial)
    done = at_once(*[trial.words] * processes, cwd=folder)
    codes = [one.returncode for one in done]
    if 0 not in codes or not {*codes} <= {0, LOCKED}:  # who begins when the other has just ended finds its work done
        return f"exit codes {codes}: {[one.stderr[-300:] for one in done]}"
    unclear = [one.stderr for one in done if one.returncode and not REFUSED.search(one.stderr)]
    if unclear:
        return f"does not say who works there: {unclear[0][-300:]}"
    if left := sorted(path.name for path in folder.rglob("*.lock")):
        return f"left {', '.join(left)}"
    return "; ".join(differences(expected, contents(folder)))


def parts_at_once(trial: Trial, inputs: Path, expected: dict[str, str], count: int = 3) -> str:
    """What is wrong when the parts of a set are made at the same moment; empty if they are the set."""
    folder = beside(inputs, "race", trial)
    done = at_once(*[(*trial.words, f"--part={k}/{count}") for k in range(1, count + 1)], cwd=folder)
    if any(one.returncode for one in done):
        return f"ended with {[one.returncode for one in done]}: {[one.stderr[-300:] for one in done]}"
    return "; ".join(differences(_without_lists(expected), _without_lists(contents(folder))))


def _without_lists(found: dict[str, str]) -> dict[str, str]:
    """Without skipped.jsonl and losses.jsonl, of which each part has its own."""
    return {name: value for name, value in found.items() if not name.partition("/")[2].startswith(("skipped", "losses"))}
