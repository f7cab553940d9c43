"""Messages and bars: stderr only, plain lines in a pipe, Rich on a terminal, silence with --quiet."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from mvdream_cli.engine.progress import clock, rate_text

ROOT = Path(__file__).parents[2]
CODE = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from mvdream_cli.engine import progress
if sys.argv[1] != "library":
    progress.show(quiet=sys.argv[1] == "quiet")
if sys.argv[1] == "muted":
    progress.mute(True)
seconds = 0.0
with progress.Bar("drawing", 5, done=1, now=lambda: seconds) as bar:
    progress.say("hello [b]")
    progress.warn("careful")
    for i in range(2, 6):
        seconds += float(sys.argv[2])
        bar.update(i, "loss 0.5")
"""


def run(mode, seconds_per_step=0.0625):
    command = [sys.executable, "-c", CODE, mode, str(seconds_per_step)]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def test_a_pipe_gets_plain_lines():
    done = run("normal")
    lines = done.stderr.splitlines()
    assert done.stdout == "" and lines[:2] == ["hello [b]", "warning: careful"]
    assert lines[2:] == ["drawing: 5/5, 16.00 it/s, 0:00 left, loss 0.5"]


def test_a_pipe_gets_a_line_now_and_then():
    lines = run("normal", seconds_per_step=8.0).stderr.splitlines()[2:]
    assert [line.split(",")[0] for line in lines] == ["drawing: 3/5", "drawing: 5/5"]
    assert lines[0] == "drawing: 3/5, 8.00 s/it, 0:16 left, loss 0.5"


def test_quiet_and_a_library_keep_only_warnings():
    assert run("quiet").stderr == "warning: careful\n"
    assert run("library").stderr == "careful\n"  # by Python's logging of last resort
    assert run("muted").stderr == ""


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_a_terminal_gets_a_bar():
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, "normal", "0.0625"], stderr=follower, stdout=subprocess.PIPE,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "100"},
    )  # fmt: skip
    os.close(follower)
    shown = b""
    try:
        while block := os.read(leader, 65536):
            shown += block
    except OSError:  # the other end is closed
        pass
    assert process.wait() == 0 and process.stdout.read() == b""
    assert b"hello [b]" in shown and b"drawing" in shown and b"\x1b[" in shown and "━".encode() in shown


def test_times_and_rates_read_well():
    assert [clock(s) for s in (0.4, 65, 3725)] == ["0:00", "1:05", "1:02:05"]
    assert [rate_text(r) for r in (0, 0.25, 12.346)] == ["- it/s", "4.00 s/it", "12.35 it/s"]
