"""Files and folders that are there whole or not at all."""

import errno
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from mvdream_cli.atomic import written_whole
from mvdream_cli.errors import MVDreamError


def test_a_file_gets_its_name_when_it_is_whole(tmp_path):
    path = tmp_path / "new" / "a.txt"
    with written_whole(path) as partial:
        partial.write_text("whole")
        assert not path.exists() and partial.suffix == ".txt"
    assert path.read_text() == "whole" and os.listdir(path.parent) == ["a.txt"]


def test_a_folder_takes_the_place_of_another(tmp_path):
    for content in ("one", "two"):
        with written_whole(tmp_path / "model") as partial:
            partial.mkdir()
            (partial / content).write_text(content)
    assert os.listdir(tmp_path) == ["model"] and os.listdir(tmp_path / "model") == ["two"]


@pytest.mark.parametrize("of", ["file", "folder"])
def test_contents_are_on_the_disk_before_the_name_and_the_name_before_going_on(tmp_path, monkeypatch, of):
    events, replace = [], os.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: events.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name))
    monkeypatch.setattr(os, "replace", lambda *paths: events.append("renamed") or replace(*paths))
    with written_whole(tmp_path / "new") as partial:
        if of == "folder":
            (partial / "inner").mkdir(parents=True)
            (partial / "inner" / "deep").touch()
        else:
            partial.touch()
    inside = ["deep", "inner"] if of == "folder" else []
    assert sorted(events[:-2]) == [".tmp-new", *inside] and events[-2:] == ["renamed", tmp_path.name]


def test_a_disk_that_fails_at_the_end_leaves_what_was_there(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("before")

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MVDreamError, match="the disk is full"), written_whole(tmp_path / "a.txt") as partial:
        partial.write_text("after")
    assert (tmp_path / "a.txt").read_text() == "before" and os.listdir(tmp_path) == ["a.txt"]


def test_a_failure_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")
    with pytest.raises(KeyboardInterrupt), written_whole(path) as partial:
        partial.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "before" and os.listdir(tmp_path) == ["a.txt"]


def test_a_folder_that_cannot_be_replaced_comes_back(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "before").write_text("before")
    with pytest.raises(FileNotFoundError), written_whole(tmp_path / "model"):
        pass  # nothing was written, so that the last rename fails
    assert os.listdir(tmp_path) == ["model"] and os.listdir(tmp_path / "model") == ["before"]


def test_a_full_disk_is_one_sentence(tmp_path):
    with (
        pytest.raises(MVDreamError, match=r"a.txt: the disk is full, it needs more than \d\.\d MB; free some space"),
        written_whole(tmp_path / "a.txt") as partial,
    ):
        partial.mkdir()  # a folder, this time
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("error", [OSError(errno.EDQUOT, "Disk quota exceeded"), RuntimeError("unexpected pos 64 vs 0")])
def test_a_full_quota_and_a_library_that_does_not_say_why(error, tmp_path, monkeypatch):
    """torch.save tells a full disk by numbers."""
    if isinstance(error, RuntimeError):
        monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=0))
    with pytest.raises(MVDreamError, match="the disk is full"), written_whole(tmp_path / "a.pt"):
        raise error
    monkeypatch.undo()
    with pytest.raises(ValueError, match="of another kind"), written_whole(tmp_path / "a.pt"):
        raise ValueError("of another kind")
