"""One process at a time: who holds a lock is told, the dead are told from the living, and what is refused stays as it was."""

import errno
import fcntl
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mvdream_cli.engine import lock as locks
from mvdream_cli.engine.earlier_run import OWN_NAMES, WORK
from mvdream_cli.engine.lock import is_held, lock
from mvdream_cli.engine.records import read_run
from mvdream_cli.engine.run import open_run
from mvdream_cli.errors import CheckpointError, LockedError

ROOT = Path(__file__).parents[2]
KEYS = {"identity_keys": ["to3d"]}
SETTINGS = {"to3d": {"steps": 5}}
HOLD = "import sys; from pathlib import Path; from mvdream_cli.engine.lock import lock\n"
HOLD += "held = lock(Path(sys.argv[1]), 'it'); print('held', flush=True); sys.stdin.read(); held.close()"


@pytest.fixture
def said(monkeypatch):
    told = []
    monkeypatch.setattr(locks, "say", told.append)
    return told


def holder(path) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout.readline() == b"held\n"
    return process


def contents(folder: Path) -> dict:
    return {str(path.relative_to(folder)): path.is_file() and path.read_bytes() for path in folder.rglob("*")}


def test_a_lock_is_of_one_process_and_its_file_goes_with_it(tmp_path, said):
    path = tmp_path / "new" / ".lock"
    process = holder(path)
    assert is_held(path.parent)
    with pytest.raises(
        LockedError, match=rf"^it: another mvdream process \(pid {process.pid} on {socket.gethostname()}\) is using"
    ):
        lock(path, "it")
    process.communicate()
    assert not path.exists() and not is_held(path.parent)
    lock(path, "it").close()
    assert said == []


def test_a_lock_is_taken_over_from_a_process_that_died(tmp_path, said):
    process = holder(tmp_path / ".lock")
    process.kill()
    process.wait()
    with lock(tmp_path / ".lock", "it"):
        assert said == [f"it: the process before (pid {process.pid} on {socket.gethostname()}) died; going on"]
        assert (tmp_path / ".lock").read_text().split()[0] == str(os.getpid())


def test_who_waits_for_a_lock_whose_file_is_deleted_takes_none_that_nobody_sees(tmp_path, monkeypatch):
    first, hold = lock(tmp_path / ".lock", "it"), locks._hold

    def when_opened(descriptor, path):
        first.close()
        return hold(descriptor, path)

    monkeypatch.setattr(locks, "_hold", when_opened)
    with lock(tmp_path / ".lock", "it"):
        monkeypatch.undo()
        assert is_held(tmp_path)


def test_a_file_system_without_locks_is_told_once(tmp_path, said, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setattr(locks, "_WITHOUT", set())
    for name in "ab":
        lock(tmp_path / name / ".lock", "it").close()
    assert len(said) == 1 and "has no locks" in said[0]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_no_lock(tmp_path, make):
    make(tmp_path / ".lock")
    with pytest.raises((CheckpointError, IsADirectoryError)):
        lock(tmp_path / ".lock", "it")


@pytest.mark.parametrize("name", OWN_NAMES)
@pytest.mark.parametrize("restart", [False, True])
def test_no_run_is_opened_through_a_link_to_elsewhere(tmp_path, name, restart):
    open_run(tmp_path / "a", "to3d", SETTINGS, **KEYS).close()
    is_file = name.partition(".")[2] in ("json", "jsonl", "txt", "npz")
    path, elsewhere = tmp_path / "a" / name, tmp_path / "elsewhere"
    if is_file:
        elsewhere.write_text('{"command": "to3d", "identity": {"to3d.steps": 5}, "settings": {"to3d": {"steps": 5}}}')
    else:
        (elsewhere / "step-00000001").mkdir(parents=True)
        (elsewhere / "step-00000001" / "state.json").write_text("of somebody else")
    path.unlink(missing_ok=True)
    path.symlink_to(elsewhere)
    before = contents(tmp_path)
    with pytest.raises(CheckpointError, match=rf"{name}: is a symbolic link; .*: remove it"):
        open_run(tmp_path / "a", "to3d", SETTINGS, **KEYS, restart=restart)
    assert contents(tmp_path) == before and path.is_symlink()


@pytest.mark.parametrize("name", [name for name in WORK if "." not in name])
def test_no_checkpoint_is_a_link(tmp_path, name):
    open_run(tmp_path / "a", "to3d", SETTINGS, **KEYS).close()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "a" / name).mkdir()
    (tmp_path / "a" / name / "step-00000009").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CheckpointError, match="step-00000009: is a symbolic link"):
        open_run(tmp_path / "a", "to3d", SETTINGS, **KEYS)


def test_a_run_folder_may_be_a_link_to_a_large_disk(tmp_path):
    (tmp_path / "large").mkdir()
    (tmp_path / "a").symlink_to(tmp_path / "large")
    for restart in (False, False, True):
        with open_run(tmp_path / "a", "to3d", SETTINGS, **KEYS, restart=restart) as run:
            run.checkpoints.mkdir(exist_ok=True)
            (run.checkpoints / "step-00000001").mkdir()
            (run.folder / "mesh.glb").write_text("x")
            run.finish(mesh=run.folder / "mesh.glb")
            (run.checkpoints / "step-00000001").rmdir()
    assert (tmp_path / "a").is_symlink() and read_run(tmp_path / "large")["results"] == {"mesh": "mesh.glb"}


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("kind", ["pictures", "checkpoints of somebody", "another program", "other settings", "newer", "held"])
def test_a_folder_that_is_refused_stays_as_it_was(tmp_path, kind, restart):
    folder, process = tmp_path / "a", None
    if kind == "pictures":
        folder.mkdir()
        (folder / "photo.png").write_text("x")
    elif kind == "checkpoints of somebody":
        (folder / "checkpoints" / "step-00000005").mkdir(parents=True)
    elif kind == "another program":
        (folder / "cache").mkdir(parents=True)
        (folder / "cache" / "precious").write_text("x")
        (folder / "run.json").write_text('{"name": "of another program"}')
    else:
        open_run(folder, "to3d", SETTINGS, **KEYS).close()
        (folder / "stats.jsonl").write_text('{"step": 1}\n')
        (folder / ".tmp-mesh.glb").write_text("half")
    if kind == "newer":
        record = read_run(folder)
        (folder / "run.json").write_text(json.dumps(record | {"versions": {"mvdream-cli": "99.0"}}))
    if kind == "held":
        process = holder(folder / ".lock")
    if restart and kind in ("other settings", "newer"):
        return  # it starts over
    before = contents(folder)
    with pytest.raises(CheckpointError):
        open_run(folder, "to3d", {"to3d": {"steps": 6}}, **KEYS, restart=restart)
    assert contents(folder) == before
    if process:
        process.communicate()


def test_restart_leaves_what_somebody_put_beside_the_runs_own_files(tmp_path):
    with open_run(tmp_path / "a", "to3d", SETTINGS, **KEYS) as run:
        for path in ("checkpoints/step-00000001/state.json", "previews/step-000001.png", "previews/photographs.png", "cache/x"):
            (run.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (run.folder / path).write_text("x")
        (run.folder / "previews" / "mine.txt").write_text("mine")
    with open_run(tmp_path / "a", "to3d", SETTINGS, **KEYS, restart=True) as run:
        left = {str(path.relative_to(run.folder)) for path in run.folder.rglob("*")}
    assert left == {"run.json", "log.txt", ".lock", "previews", "previews/mine.txt"}
