"""What an older and a newer mvdream left: a run of 0.1.0 as it was made then, and records of a version to come."""

import json
import shutil
import tarfile
from pathlib import Path

import pytest
import trimesh
from conftest import mvdream

from mvdream_cli import __version__, hashes
from mvdream_cli.engine.records import read_run
from mvdream_cli.engine.run import open_run
from mvdream_cli.errors import CheckpointError
from mvdream_cli.models import find
from mvdream_cli.models.find import VERSIONS, find_model
from mvdream_cli.versions import OURS, is_newer, is_older, versions


@pytest.fixture
def old_run(tmp_path) -> Path:
    """A finished run of `mvdream to3d` of 0.1.0, without its page and its video."""
    with tarfile.open(Path(__file__).with_name("run-0.1.0.tar.gz")) as archive:
        archive.extractall(tmp_path, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))  # from 3.11.4 on
    return tmp_path / "run-0.1.0"


def test_the_object_of_an_old_run_is_exported(old_run, tmp_path):
    small = ("--set", "export.resolution=16", "--faces", 60, "--texture-size", 32)
    done = mvdream("export", old_run, "--format", "ply", *small, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(trimesh.load(old_run / "mesh.ply").faces) > 10


def test_an_old_run_that_cannot_go_on_says_what_to_do(old_run, tiny_folder, tmp_path):
    before = (old_run / "run.json").read_bytes()
    done = mvdream("to3d", "a red dog", "--model", tiny_folder, "--out", old_run, "--preset", "cpu", cwd=tmp_path)
    assert done.returncode == 1 and done.stderr.count("error:") == 1, done.stderr
    for way_out in ("mvdream 0.1.0", f"mvdream export {old_run}", "mvdream-cli==0.1.0", "--restart"):
        assert way_out in done.stderr
    assert (old_run / "run.json").read_bytes() == before and (old_run / "checkpoints").is_dir()


def test_what_a_newer_version_left_is_one_sentence(old_run, tiny_folder, tmp_path):
    record = json.loads((old_run / "run.json").read_text())
    record["versions"][OURS] = "9.1.0"
    (old_run / "run.json").write_text(json.dumps(record))
    for command in (["export", old_run], ["to3d", "a red dog", "--out", old_run, "--model", tiny_folder]):
        done = mvdream(*command, "--preset", "cpu", cwd=tmp_path)
        assert done.returncode == 1 and "written by mvdream 9.1.0" in done.stderr and "pip install" in done.stderr, done.stderr


def test_runs_carry_versions_and_go_on_with_their_own(tmp_path):
    for _ in range(2):
        with open_run(tmp_path / "run", "train", {"engine": {"seed": 1}}, identity_keys=["engine"]) as run:
            run.update(status="interrupted")
    recorded = read_run(tmp_path / "run")["versions"]
    assert recorded[OURS] == __version__ and {"torch", "diffusers", "python"} <= recorded.keys()
    with pytest.raises(CheckpointError, match="engine.seed was 1, is 2"):  # of this version: what differs is told
        open_run(tmp_path / "run", "train", {"engine": {"seed": 2, "new": 1}}, identity_keys=["engine"])


def test_models_carry_versions_and_those_of_a_newer_mvdream_are_refused(tiny_folder, tmp_path):
    index = json.loads((tiny_folder / "model_index.json").read_text())
    assert index[VERSIONS] == versions() and index[VERSIONS]["torch"]
    copy = shutil.copytree(tiny_folder, tmp_path / "copy")
    assert find_model(str(copy)) == copy
    (copy / "model_index.json").write_text(json.dumps(index | {VERSIONS: index[VERSIONS] | {OURS: "9.1.0"}}))
    done = mvdream("sample-views", "a red dog", "--model", copy, "--preset", "cpu", cwd=tmp_path)
    assert done.returncode == 1 and "written by mvdream 9.1.0" in done.stderr and "another --model" in done.stderr, done.stderr


def test_a_model_without_versions_opens(tiny_folder, tmp_path):
    """As 0.1.0 wrote them."""
    copy = shutil.copytree(tiny_folder, tmp_path / "copy")
    index = json.loads((copy / "model_index.json").read_text())
    del index[VERSIONS]
    (copy / "model_index.json").write_text(json.dumps(index))
    done = mvdream("sample-views", "a red dog", "--model", copy, "--preset", "cpu", "--steps", 1, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_identity_of_a_model_is_read_once_and_noticed_when_it_changes(tiny_folder, tmp_path, monkeypatch):
    copy = shutil.copytree(tiny_folder, tmp_path / "copy")
    first, read = find.model_identity(str(copy)), []
    monkeypatch.setattr(find, "checksum", lambda path: read.append(path) or hashes.checksum(path))
    assert find.model_identity(str(copy)) == first and not read
    (copy / "words.json").write_text("[]")
    assert find.model_identity(str(copy)) != first and read == [copy / "words.json"]


@pytest.mark.parametrize(
    ("version", "newer", "older"),
    [
        ("0.1.0", False, True), ("0.1.9", False, True), ("0.2.0", False, False), ("0.2.0.dev0", False, False),
        ("0.2.1", True, False), ("0.10.0", True, False), ("1.0", True, False), ("nonsense", False, False), ("", False, False),
        (3, False, False), (None, False, False),
    ],
)  # fmt: skip
def test_order_of_versions(version, newer, older):
    recorded = {OURS: version}
    assert is_newer(recorded, "0.2.0.dev0") is newer and is_older(recorded, "0.2.0.dev0") is older


def test_records_without_versions_are_neither():
    for recorded in (None, {}, [], "0.9", {"torch": "9"}):
        assert not is_newer(recorded) and not is_older(recorded)
    assert not is_newer(versions()) and not is_older(versions())
