"""Signals at moments that are told, not timed; `python -m benchmarks.signals` tries any moment of each command."""

import signal
import subprocess
import sys
import time

import pytest
from conftest import ROOT, environment
from faults import stopping, trials

SIGNALS = (signal.SIGINT, signal.SIGTERM)
AT_IMPORT = """
import os, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), {signum})
sys.meta_path.insert(0, Finder())
from mvdream_cli.__main__ import main
main()
"""
LIBRARY = """
import os, sys, time
from mvdream_cli.engine import signals

class Thing:
    def __del__(self):
        os.kill(os.getpid(), 15)
        time.sleep(0.01)

def swallows():
    try:
        os.kill(os.getpid(), 2)
        time.sleep(0.01)
    except BaseException:
        time.sleep(60)

def drops():
    Thing()
    time.sleep(60)

signals.LEAVE_S, signals.TELL_S = 0.4, 0.2
sys.exit(signals.Stops(lambda stop: print(stop, file=sys.stderr, flush=True)).run({name}))
"""


def python(code: str, *words: str, **options) -> subprocess.CompletedProcess:
    options = {"capture_output": True, "text": True} | options
    return subprocess.run([sys.executable, "-c", code, *words], env=environment(), timeout=60, **options)


@pytest.mark.parametrize("name", ["sample-views", "data-toybox"])
def test_a_signal_at_a_write_point_is_one_sentence_and_the_same_command_goes_on(name, tiny_inputs):
    (trial,) = [trial for trial in trials.TRIALS if trial.name == name]
    found, expected = trials.points(trial, tiny_inputs)
    for k, share in enumerate((0.3, 0.9)):
        at = int(share * len(found))
        assert not stopping.stopped_at(trial, tiny_inputs, at, SIGNALS[k % 2], expected), found[at]


@pytest.mark.parametrize("module", ["mvdream_cli.boundary", "typer", "mvdream_cli.settings.resolve"])
@pytest.mark.parametrize("signum", SIGNALS)
def test_a_signal_while_modules_are_imported(module, signum, tmp_path):
    done = python(AT_IMPORT.format(module=module, signum=int(signum)), "data", "toybox", "--json", cwd=tmp_path)
    word, said = stopping.WORDS[signum], done.stderr.splitlines()
    assert done.returncode == 128 + signum and "Traceback" not in done.stderr
    # it waits for the end of the import, and the command may have begun when it is told
    assert said[-1] in (word, f"{word}; the same command goes on from what is in data/toybox")
    assert f'"error": "{said[-1]}"' in done.stdout and not stopping.half_written(tmp_path)


def test_what_a_library_does_with_the_exception_does_not_keep_the_process():
    began = time.monotonic()
    for name, code, word in (("swallows", 130, "interrupted"), ("drops", 143, "terminated")):
        done = python(LIBRARY.format(name=name))
        assert (done.returncode, done.stderr) == (code, word + "\n")
    assert time.monotonic() - began < 30  # not the minute that they sleep


def test_closed_streams_and_readers_that_went_away(tmp_path):
    words = f"{sys.executable} -m mvdream_cli"
    shell = {"env": environment() | {"PYTHONPATH": str(ROOT)}, "cwd": tmp_path, "timeout": 60}
    for line, codes in (
        ("models list <&- >&- 2>&-", {0}),
        ("runs show nothing <&- >&- 2>&-", {1}),
        ("runs show nothing --json 2>&1 | true; exit ${PIPESTATUS[0]}", {1, 141}),  # as soon as it is noticed
        ("models list > /dev/full", {1}),
    ):
        done = subprocess.run(["bash", "-c", f"{words} {line}"], capture_output=True, text=True, **shell)
        assert done.returncode in codes and "Traceback" not in done.stderr and "Exception" not in done.stderr, (line, done)
    closed = AT_IMPORT.format(module="typer", signum=15)
    done = subprocess.run(["bash", "-c", '"$0" -c "$1" data toybox <&- >&- 2>&-', sys.executable, closed], **shell)
    assert done.returncode == 143 and not stopping.half_written(tmp_path)
