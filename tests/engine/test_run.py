"""The run folder: names, the same command again, refusals, one process at a time, records that are always whole."""

import json
import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from mvdream_cli.engine import run as run_module
from mvdream_cli.engine.progress import logger, say
from mvdream_cli.engine.records import latest_run, read_run, slug
from mvdream_cli.engine.run import open_run
from mvdream_cli.errors import CheckpointError, LockedError, MVDreamError

ROOT = Path(__file__).parents[2]
KEYS = {"identity_keys": ["to3d", "engine.seed"], "free_keys": ("to3d.steps",)}


def settings(seed=0, **to3d):
    return {
        "model": "mini",
        "engine": {"seed": seed, "log_every": 10},
        "to3d": {"steps": 5, "views": 4, "fovy": (1, 2)} | to3d,
    }


@pytest.mark.parametrize(
    "text",
    [
        "a corgi",
        'a/b\\c:d*e?"<>|',
        "../../etc/passwd",
        "x" * 10_000,
        "word " * 2_000,
        "犬 собака 🐕",
        "  ",
        "line\nbreak\0nul",
        "Ünïcödé",
    ],
)
def test_any_prompt_makes_a_safe_folder_of_its_own(tmp_path, text):
    with open_run(None, "to3d", settings(prompt=text), **KEYS, text=text, root=tmp_path) as run:
        name = run.folder.name
    assert run.folder.parent == tmp_path and len(name) <= 60
    assert name.isascii() and set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert read_run(run.folder)["text"] == text  # the full prompt is inside
    with open_run(None, "to3d", settings(prompt=text + "!"), **KEYS, text=text + "!", root=tmp_path) as other:
        assert other.folder != run.folder


def test_slug_cuts_at_a_word():
    assert slug("A corgi, wearing a very very long and rather beautiful top-hat") == "a-corgi-wearing-a-very-very-long-and"
    assert slug("Café Ünïcödé") == "cafe-unicode"


def test_the_same_command_finds_its_folder_and_says_that_it_is_finished(tmp_path):
    for status in ("running", "running", "finished", "finished"):
        with open_run(None, "to3d", settings(), **KEYS, text="a dog", root=tmp_path) as run:
            if status == "finished" and run.finished:
                assert run.results == {"mesh": "mesh.glb", "faces": 7, "sheets": ["a.png"]}
            elif status == "finished":
                folder = run.folder
                for name in ("mesh.glb", "a.png"):
                    (folder / name).touch()
                made = run.finish(mesh=folder / "mesh.glb", faces=7, sheets=[folder / "a.png"])
                assert made["run"] == folder and made["mesh"] == folder / "mesh.glb"
            else:
                assert not run.finished
    assert [f.name for f in tmp_path.iterdir()] == [folder.name]
    # Engine settings do not undo a finished run; another free setting does.
    other = settings() | {"engine": {"seed": 0, "log_every": 1}}
    with open_run(folder, "to3d", other, **KEYS) as run:
        assert run.finished
    with open_run(folder, "to3d", settings(steps=6), **KEYS) as run:
        assert not run.finished


@pytest.mark.parametrize("gone", ["mesh.glb", "sheets/a.png", "model"])
def test_a_run_whose_results_are_gone_is_not_finished(tmp_path, gone):
    def again():
        with open_run(tmp_path / "a", "to3d", {}, identity_keys=[]) as run:
            return run.finished

    with open_run(tmp_path / "a", "to3d", {}, identity_keys=[]) as run:
        for name in ("sheets", "model"):
            (run.folder / name).mkdir()
        for name in ("mesh.glb", "sheets/a.png"):
            (run.folder / name).touch()
        sheets = [run.folder / "sheets" / "a.png"]
        elsewhere = tmp_path / "elsewhere"  # its owner may do with it as he likes
        run.finish(mesh=run.folder / "mesh.glb", sheets=sheets, model=run.folder / "model", of=elsewhere, name="no file")
    assert again()
    (tmp_path / "a" / gone).rename(tmp_path / "gone")
    assert not again() and read_run(tmp_path / "a")["status"] == "running"


def test_a_changed_identity_is_refused_with_the_list_of_what_differs(tmp_path):
    open_run(tmp_path / "a", "to3d", settings(), **KEYS).close()
    with pytest.raises(CheckpointError) as caught:
        open_run(tmp_path / "a", "to3d", settings(seed=3, views=8, fovy=(1, 2)), **KEYS)
    message = str(caught.value)
    assert "engine.seed was 0, is 3; to3d.views was 4, is 8; --restart starts over" in message and "fovy" not in message
    with pytest.raises(CheckpointError, match="holds a run of `mvdream to3d`"):
        open_run(tmp_path / "a", "train", settings(), **KEYS)
    open_run(tmp_path / "a", "to3d", settings(steps=9), **KEYS).close()  # a free key


def test_a_first_try_that_failed_before_any_work_may_be_corrected(tmp_path):
    def try_and_fail(seed, work=False):
        with pytest.raises(ValueError), open_run(tmp_path / "a", "to3d", settings(seed=seed), **KEYS) as run:
            if work:
                run.write_stats(step=1)
            raise ValueError("no photographs")

    try_and_fail(0)
    try_and_fail(1, work=True)
    with pytest.raises(CheckpointError, match="engine.seed was 1, is 2"):  # its work is kept
        open_run(tmp_path / "a", "to3d", settings(seed=2), **KEYS)


def test_restart_deletes_what_the_run_left_and_nothing_else(tmp_path):
    with open_run(tmp_path / "a", "to3d", settings(), **KEYS) as run:
        run.checkpoints.mkdir()
        (run.cache / "latents").write_text("x")
        (run.folder / "mesh.glb").write_text("x")
        (run.folder / "reconstruction.npz").write_text("x")
        (run.folder / "notes.txt").write_text("mine")
        run.write_stats(step=1)
        run.finish(mesh=run.folder / "mesh.glb", outside=tmp_path)
    with open_run(tmp_path / "a", "to3d", settings(seed=9), **KEYS, restart=True) as run:
        assert not run.finished
        left = {f.name for f in run.folder.iterdir()}
    assert left == {"run.json", "log.txt", "notes.txt", ".lock"} and tmp_path.is_dir()


def test_a_folder_with_other_things_is_refused(tmp_path):
    (tmp_path / "photo.png").write_text("x")
    for restart in (False, True):
        with pytest.raises(CheckpointError, match=r"not a run of mvdream \(it holds photo.png\)"):
            open_run(tmp_path, "to3d", settings(), **KEYS, restart=restart)
    assert (tmp_path / "photo.png").exists()


def test_a_second_process_is_refused_until_the_first_is_gone(tmp_path):
    code = f"""
        import sys; sys.path.insert(0, {str(ROOT)!r})
        from pathlib import Path
        from mvdream_cli.engine.run import open_run
        run = open_run(Path({str(tmp_path / "a")!r}), "to3d", {{}}, identity_keys=[])
        print("open", flush=True)
        sys.stdin.read()
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "open\n"
        with pytest.raises(LockedError, match=rf"another mvdream process \(pid {process.pid} on {socket.gethostname()}\)"):
            open_run(tmp_path / "a", "to3d", {}, identity_keys=[])
    finally:
        process.kill()
        process.wait()
    open_run(tmp_path / "a", "to3d", {}, identity_keys=[]).close()


def test_a_lock_is_not_taken_through_a_link(tmp_path):
    (tmp_path / "precious").write_text("of somebody else")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / ".lock").symlink_to(tmp_path / "precious")
    with pytest.raises(CheckpointError, match=r"\.lock: is a symbolic link, not a lock of mvdream; remove it"):
        open_run(tmp_path / "a", "to3d", {}, identity_keys=[])
    assert (tmp_path / "precious").read_text() == "of somebody else"


def test_an_unwritable_folder_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(CheckpointError, match=r"cannot be written \(.*\); choose another folder with --out"):
        open_run(tmp_path / "file" / "run", "to3d", {}, identity_keys=[])


def test_a_damaged_record_is_named(tmp_path):
    open_run(tmp_path / "a", "to3d", {}, identity_keys=[]).close()
    (tmp_path / "a" / "run.json").write_text('{"command": "to3d"')
    with pytest.raises(CheckpointError, match=r"run.json: cannot be read .*--restart"):
        open_run(tmp_path / "a", "to3d", {}, identity_keys=[])
    open_run(tmp_path / "a", "to3d", {}, identity_keys=[], restart=True).close()


def test_how_a_run_ended_is_recorded_and_the_time_adds_up(tmp_path, monkeypatch):
    seconds = 0.0
    monkeypatch.setattr(run_module, "time", SimpleNamespace(monotonic=lambda: seconds))
    with pytest.raises(ZeroDivisionError), open_run(tmp_path / "a", "to3d", {}, identity_keys=[]) as run:
        run.update(model="abc")
        seconds += 5.0
        raise ZeroDivisionError("by zero")
    record = read_run(tmp_path / "a")
    assert (record["status"], record["reason"], record["model"]) == ("failed", "by zero", "abc")
    assert {"python", "torch"} <= set(record["versions"]) and record["seconds"] == 5.0
    with open_run(tmp_path / "a", "to3d", {}, identity_keys=[]) as run:
        seconds += 3.0
        run.finish()
    again = read_run(tmp_path / "a")
    assert again["status"] == "finished" and again["seconds"] == 8.0 and "reason" not in again


@pytest.mark.parametrize("fault", [OSError("gone"), MVDreamError("run.json: the disk is full")])
def test_a_record_that_cannot_be_written_does_not_hide_what_went_wrong(tmp_path, monkeypatch, fault):
    with pytest.raises(ZeroDivisionError), open_run(tmp_path / "a", "to3d", {}, identity_keys=[]):
        monkeypatch.setattr(run_module, "write_json", Mock(side_effect=fault))
        raise ZeroDivisionError
    monkeypatch.undo()
    open_run(tmp_path / "a", "to3d", {}, identity_keys=[]).close()  # and the folder is free


def test_a_run_that_cannot_be_opened_leaves_nothing_open(tmp_path, monkeypatch):
    handlers = list(logger.handlers)
    monkeypatch.setattr(run_module, "write_json", Mock(side_effect=PermissionError(13, "Permission denied")))
    with pytest.raises(CheckpointError, match="Permission denied"):
        open_run(tmp_path / "a", "to3d", {}, identity_keys=[])
    monkeypatch.undo()
    assert logger.handlers == handlers
    open_run(tmp_path / "a", "to3d", {}, identity_keys=[]).close()


def test_messages_go_to_the_log_of_the_open_run_only(tmp_path):
    with open_run(tmp_path / "a", "to3d", {}, identity_keys=[]):
        say("inside")
    say("outside")
    log = (tmp_path / "a" / "log.txt").read_text()
    assert log.endswith("inside\n") and "outside" not in log


def test_statistics_are_strict_json_and_can_be_cut(tmp_path):
    with open_run(tmp_path / "a", "to3d", {}, identity_keys=[]) as run:
        for step in (1, 2, 3):
            run.write_stats(step=step, loss=float("nan") if step == 2 else 0.5)
        with open(run.folder / "stats.jsonl", "a") as file:
            file.write('{"step": 4, "lo')  # killed while writing
        run.cut_stats(2)
        lines = (run.folder / "stats.jsonl").read_text().splitlines()
    assert [json.loads(line, parse_constant=pytest.fail) for line in lines] == [
        {"step": 1, "loss": 0.5}, {"step": 2, "loss": None},
    ]  # fmt: skip


def test_the_latest_run_of_a_command_is_found(tmp_path):
    with pytest.raises(CheckpointError, match="no run of `mvdream to3d`"):
        latest_run(tmp_path, "to3d")
    for age, (name, command) in enumerate([("c", "train"), ("b", "to3d"), ("a", "to3d")]):
        open_run(tmp_path / name, command, {}, identity_keys=[]).close()
        os.utime(tmp_path / name / "run.json", (1e9 - age, 1e9 - age))
    assert latest_run(tmp_path).name == "c" and latest_run(tmp_path, "to3d").name == "b"
    with pytest.raises(CheckpointError, match="is not a run folder"):
        read_run(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[",
        "5",
        "[" * 5000,
        '{"command": 5}',
        '{"command": "to3d", "identity": [], "settings": {}}',
        "{}",
        '{"settings": {"a": "\\ud800"}}',
    ],
)
def test_a_record_that_is_none_is_told_and_restart_helps(tmp_path, content):
    open_run(tmp_path / "a", "to3d", settings(), **KEYS).close()
    (tmp_path / "a" / "run.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"run.json: cannot be read \(.*\); --restart starts over") as raised:
        open_run(tmp_path / "a", "to3d", settings(), **KEYS)
    assert "\n" not in str(raised.value)
    open_run(tmp_path / "a", "to3d", settings(), **KEYS, restart=True).close()


def test_lines_of_statistics_that_are_none_are_dropped(tmp_path):
    with open_run(tmp_path / "a", "to3d", settings(), **KEYS) as run:
        run.write_stats(step=1)
        with (run.folder / "stats.jsonl").open("ab") as file:
            file.write(b"[" * 5000 + b'\n{"step": "x"}\n5\n\xff\xfe\n{"a": 1}\n{"step": 2}\n{"step": 9}\n{"st')
        run.cut_stats(5)
        assert (run.folder / "stats.jsonl").read_text() == '{"step": 1}\n{"step": 2}\n'
        (run.folder / "stats.jsonl").unlink()
        os.mkfifo(run.folder / "stats.jsonl")
        run.cut_stats(5)  # it is no file


def test_what_a_killed_process_left_half_written_goes_when_the_run_goes_on(tmp_path):
    keys = {"settings": {"engine": {"seed": 1}}, "identity_keys": ["engine"]}
    with open_run(tmp_path / "run", "train", **keys) as run:
        run.update(status="interrupted")
        leftovers = [run.previews / ".tmp-step-000002.png", run.folder / ".tmp-mesh.glb"]
        kept = [run.previews / ".old-step-000001.png", run.previews / "step-000001.png"]
        for path in (*leftovers, *kept):
            path.write_bytes(b"x")
        (tmp_path / "outside").write_text("x")
        (run.folder / ".tmp-link").symlink_to(tmp_path / "outside")
    with open_run(tmp_path / "run", "train", **keys):
        assert not any(path.exists() for path in leftovers) and all(path.exists() for path in kept)
    assert (tmp_path / "outside").read_text() == "x"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_disk_under_the_log_is_no_second_error(tmp_path, capfd):
    with open_run(tmp_path / "run", "test", {}, identity_keys=[]) as run:
        run._log.stream.close()
        run._log.stream = open("/dev/full", "w")  # noqa: SIM115 (the log closes it)
        say("one")
    assert "Logging error" not in capfd.readouterr().err
