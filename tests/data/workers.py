"""Workers that have to end with the process that started them; for the tests of this folder."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from conftest import ROOT

PATHS = os.pathsep.join(map(str, (ROOT, ROOT / "tests", ROOT / "tests" / "data")))


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"  # not one that only waits
    except OSError:
        return False


def until(condition, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def slow():
    """An asset that takes long; its process leaves a file in the folder that its command line names."""
    (Path(sys.argv[1]) / f"{os.getpid()}.pid").touch()
    time.sleep(300)


def workers_end_with(code: str, folder: Path) -> None:
    """Run `code` with `folder` as its argument, wait until its two workers have written folder/PID.pid each, kill it, and see
    that they end within ten seconds."""
    command = [sys.executable, "-c", code, str(folder)]
    parent = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": PATHS})
    pids = []
    try:
        assert until(lambda: len(list(folder.glob("*.pid"))) == 2 or parent.poll() is not None, 120)
        pids = [int(path.stem) for path in folder.glob("*.pid")]
        assert len(pids) == 2 and all(map(alive, pids))
        parent.kill()
        parent.wait()
        assert until(lambda: not any(map(alive, pids)), 10)
    finally:
        parent.kill()
        for pid in filter(alive, pids):
            os.kill(pid, signal.SIGKILL)
