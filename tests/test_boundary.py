"""The boundary: any error becomes one sentence and an exit code."""

import errno
import json
import signal
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch

from mvdream_cli import errors
from mvdream_cli.boundary import describe, run_main
from mvdream_cli.engine import events, signals
from mvdream_cli.engine.records import read_run
from mvdream_cli.engine.run import open_run
from mvdream_cli.errors import DataError, UsageError


def test_running_out_of_memory_is_one_sentence_with_a_way_out():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert describe(caught.value)[0].startswith("out of memory (1152921504606846976 bytes more were asked for); lower")
    asked = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 14.6 GiB")
    message, code = describe(asked)
    assert "2.50 GiB more" in message and code == 1


def test_our_errors_keep_their_sentence_and_code():
    assert describe(DataError("views: nothing here")) == ("views: nothing here", 1)
    assert describe(UsageError("to3d: needs a PROMPT")) == ("to3d: needs a PROMPT", 2)
    assert describe(FileNotFoundError(2, "No such file or directory", "x.txt")) == ("x.txt: No such file or directory", 1)
    assert "ulimit -n" in describe(OSError(errno.EMFILE, "Too many open files", "x.txt"))[0]
    message, code = describe(KeyError("x"))
    assert code == 1 and "--debug" in message and "fault of mvdream" in message


def test_a_compiler_that_fails_names_the_setting_that_does_without_it():
    import torch._inductor.config as inductor

    with inductor.patch({"cpp.cxx": ("/nowhere/g++",)}), pytest.raises(Exception) as caught:
        torch.compile(torch.sin, dynamic=False)(torch.rand(4))
    message, code = describe(caught.value)
    assert code == 1 and message.startswith("torch.compile fails on this machine (") and "engine.compile=false" in message


def test_a_failure_is_told_on_stderr_and_as_json_on_stdout(capsys):
    assert run_main(["to3d", "--json"]) == 2
    out, err = capsys.readouterr()
    assert err.startswith("error: to3d: needs a PROMPT") and json.loads(out)["exit_code"] == 2


@pytest.mark.parametrize(("signum", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")])
def test_a_signal_outside_the_steps_is_one_sentence_and_one_line_of_json(signum, code, word, monkeypatch, capsys, tmp_path):
    def app(*args, **options):
        with open_run(tmp_path / "a", "to3d", {}, identity_keys=[]) if args[0][0] == "to3d" else nullcontext():
            try:
                signal.raise_signal(signum)
            finally:
                signal.raise_signal(signum)  # a further one does not disturb what is put in order

    monkeypatch.setattr("mvdream_cli.cli.app", app)
    before = [signal.getsignal(one) for one in signals.SIGNALS]
    for command, sentence in (("export", word), ("to3d", f"{word}; the same command goes on from what is in {tmp_path / 'a'}")):
        assert run_main([command, "--json"]) == code
        told = capsys.readouterr()
        assert told.err == sentence + "\n"
        assert json.loads(told.out) == {"status": "interrupted", "error": sentence, "exit_code": code}
    assert read_run(tmp_path / "a")["status"] == "interrupted" and not (tmp_path / "a" / ".lock").exists()
    assert run_main(["to3d", "--restart"]) == code
    assert "; the same command without --restart goes on" in capsys.readouterr().err
    assert [signal.getsignal(one) for one in signals.SIGNALS] == before


def test_each_kind_of_error_has_a_code_that_the_table_explains():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.MVDreamError)]
    assert {kind.exit_code for kind in kinds} == {1, 2, 3, 11} and {0, 130, 141, 143} | {1, 2, 3, 11} == set(errors.EXIT_CODES)
    assert describe(errors.LockedError("runs/x: in use")) == ("runs/x: in use", 11)


def test_what_is_there_of_many_is_told_with_what_failed(monkeypatch, capsys):
    def app(*args, **options):
        raise errors.SomeFailedError("1 of 2 prompts failed", {"prompts": Path("o") / "prompts.csv"})

    monkeypatch.setattr("mvdream_cli.cli.app", app)
    assert run_main(["to3d", "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert told["exit_code"] == 3 and told["prompts"] == "o/prompts.csv"
    assert run_main(["to3d", "--json=events"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert (told["event"], told["exit_code"], told["results"]) == ("failed", 3, {"prompts": "o/prompts.csv"})
    events.listen(False)


@pytest.mark.parametrize(
    ("command", "lower"),
    [("to3d", "--candidates"), ("train", "train.micro_batch_size"), ("data", "data.workers"), ("models", "")],
)
def test_out_of_memory_says_what_to_lower(command, lower):
    with pytest.raises(RuntimeError) as caught:
        try:
            np.empty(2**50)
        except MemoryError:
            raise RuntimeError("Failed to import it") from None
    message, code = describe(caught.value, [command])
    assert code == 1 and message.startswith("out of memory (8.00 PiB more were asked for); lower " + lower)
    for error in (ImportError("x.so: failed to map segment from shared object"), OSError(12, "Cannot allocate memory")):
        assert describe(error, [command])[0].startswith("out of memory; lower " + lower)
    assert "fault of mvdream" in describe(RuntimeError("something else"), [command])[0]
