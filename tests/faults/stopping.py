"""Commands that a signal stops at any moment, and what must hold: one sentence, its exit code, soon, nothing half-written, and
the same command again makes the same files."""

import json
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from conftest import start
from faults.trials import Trial, beside, run, wrong_after

WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
FORMS = {"plain": (), "json": ("--json",), "events": ("--json=events",), "closed": ()}
SOON_S = 5.0


class Ended(NamedTuple):
    """How a process ended. seconds: after the signal."""

    code: int
    stdout: str
    stderr: str
    seconds: float


def stopped_after(trial: Trial, folder: Path, wait_s: float, signum: int, form: str) -> Ended:
    """Start a command in a process of its own, send it a signal after `wait_s` seconds, and wait for its end.

    Args:
        form: of FORMS; "closed": without stdin, stdout and stderr.
    """
    closed = form == "closed"
    options = {} if closed else {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = start(*trial.words, *FORMS[form], cwd=folder, close=(0, 1, 2) if closed else (), **options)
    try:
        process.wait(wait_s)
    except subprocess.TimeoutExpired:
        process.send_signal(signum)
    sent = time.monotonic()
    told = process.communicate(timeout=120)
    return Ended(process.returncode, told[0] or "", told[1] or "", time.monotonic() - sent)


def what_is_wrong(ended: Ended, signum: int, form: str) -> str:
    """Empty if the process ended as it should, or had ended before."""
    if "Traceback" in ended.stderr or "Exception ignored" in ended.stderr:
        return f"a traceback: {ended.stderr[-800:]}"
    if ended.code == 0:
        return ""
    if ended.code != 128 + signum:
        return f"exit code {ended.code}: {ended.stderr[-400:]}"
    if ended.seconds > SOON_S:
        return f"it took {ended.seconds:.1f} s"
    said = re.findall(rf"^{WORDS[signum]}.*$", ended.stderr, re.MULTILINE)
    if form != "closed" and (len(said) != 1 or not ended.stderr.endswith(said[0] + "\n")):
        return f"not one sentence: {ended.stderr[-400:]}"
    if form in ("json", "events"):
        record = json.loads(ended.stdout.splitlines()[-1])
        if (record["exit_code"], record["error"]) != (ended.code, said[0]):
            return f"the record says {record}"
    return ""


def came_too_early(ended: Ended, signum: int) -> bool:
    """Whether Python was still at its own start: not a line of the program had run."""
    return ended.code == -signum or ("Traceback" in ended.stderr and "mvdream" not in ended.stderr)


def after_it(trial: Trial, folder: Path, expected: dict[str, str]) -> str:
    """What is wrong with what is left, and with what the same command then makes."""
    left = half_written(folder)
    return f"left {', '.join(left)}" if left else wrong_after(trial, folder, expected)


def half_written(folder: Path) -> list[str]:
    """What no process leaves that ends in order: partial files and folders, and locks."""
    return [path.name for path in folder.rglob(".*") if path.name.startswith((".tmp-", ".old-")) or path.name.endswith(".lock")]


def stopped_at(trial: Trial, inputs: Path, at: int, signum: int, expected: dict[str, str]) -> str:
    """What is wrong when the signal comes at write point `at`; empty if nothing is."""
    folder = beside(inputs, f"{trial.name}-stopped", trial)
    done = run(trial, folder, at=at, how=signal.Signals(signum).name)
    ended = Ended(done.returncode, done.stdout, done.stderr, 0.0)
    return what_is_wrong(ended, signum, "plain") or after_it(trial, folder, expected)
