"""Files appear whole, and what was there before goes only when they do."""

import errno
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from textured_egg import egg

from mvdream_cli.errors import MVDreamError, ObjectError
from mvdream_cli.mesh import writers
from mvdream_cli.mesh.writers import WRITERS, check_writable, write_formats, write_mesh
from mvdream_cli.raycast.assets import load_asset


@pytest.fixture(scope="module")
def mesh():
    return egg()


@pytest.fixture(scope="module")
def other(mesh):
    """With another texture, and other corners."""
    return replace(mesh, texture=255 - mesh.texture, vertices=mesh.vertices * np.float32(0.5))


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("file_format", ["gltf", "obj"])
def test_a_file_takes_the_place_of_another_with_all_that_it_refers_to(mesh, other, tmp_path, file_format):
    path = tmp_path / "new" / f"my egg.{file_format}"
    keep = tmp_path / "new" / "my_egg-0123abcd.png"  # somebody else's, named as ours
    write_mesh(mesh, path)
    keep.write_bytes(b"mine")
    second = write_mesh(other, path)
    assert {*path.parent.iterdir()} == {*second, keep} and keep.read_bytes() == b"mine"
    again = _contents(path.parent)
    assert {*write_mesh(other, path)} == {*second} and _contents(path.parent) == again


@pytest.mark.parametrize("file_format", ["gltf", "obj"])
def test_a_reader_finds_one_export_or_the_other_at_any_moment(mesh, other, tmp_path, monkeypatch, file_format):
    """Looked at before and after each step of an export that replaces another."""
    path, seen, write, unlink = tmp_path / f"egg.{file_format}", [], writers._write, Path.unlink

    def look():
        read = load_asset(path)
        assert not read.losses, read.losses
        seen.append((round(float(np.ptp(read.vertices, axis=0).max()), 3), tuple(read.textures[0].reshape(-1, 3)[0])))

    def watched(write):
        def step(*args, **more):
            look()
            write(*args, **more)
            look()

        return step

    write_mesh(mesh, path)
    monkeypatch.setattr(writers, "_write", watched(write))
    monkeypatch.setattr(Path, "unlink", watched(unlink))
    write_mesh(other, path)
    assert len(set(seen)) == 2 and len(seen) > 8, set(seen)


@pytest.mark.parametrize("file_format", WRITERS)
def test_a_disk_that_gets_full_leaves_what_was_there(mesh, other, tmp_path, monkeypatch, file_format):
    path, write = tmp_path / f"egg.{file_format}", Path.write_bytes
    write_mesh(mesh, path)
    before = _contents(tmp_path)

    def full(self, content):
        if self.suffix == path.suffix:  # the file itself comes last
            write(self, content[: len(content) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(self, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(MVDreamError, match=f"egg.{file_format}: the disk is full"):
        write_mesh(other, path)
    assert _contents(tmp_path) == before


def test_a_place_that_takes_no_file_is_told_in_one_sentence(mesh, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    with pytest.raises(MVDreamError, match="mesh.glb: cannot be written .*is a file.*--output"):
        check_writable(tmp_path / "file" / "mesh.glb")
    (tmp_path / "mesh.glb").mkdir()
    with pytest.raises(MVDreamError, match="a folder has this name"):
        check_writable(tmp_path / "mesh.glb")
    check_writable(tmp_path / "new" / "deep" / "mesh.glb")
    assert not (tmp_path / "new").exists()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(MVDreamError, match="cannot be written .*read-only.*--output"):
        check_writable(tmp_path / "new" / "mesh.glb")

    def refused(self, *args, **more):
        raise PermissionError(errno.EROFS, os.strerror(errno.EROFS), str(self))

    monkeypatch.setattr(Path, "mkdir", refused)
    with pytest.raises(MVDreamError, match=r"mesh.glb: cannot be written \(Read-only file system\); .*--output"):
        write_mesh(mesh, tmp_path / "new" / "mesh.glb")


@pytest.mark.parametrize("file_format", ["stl", "3mf"])
def test_a_surface_that_encloses_nothing_leaves_the_old_file(mesh, tmp_path, file_format):
    path = write_mesh(mesh, tmp_path / f"egg.{file_format}")[0]
    before = path.read_bytes()
    with pytest.raises(ObjectError, match="encloses nothing"):
        write_mesh(replace(mesh, vertices=mesh.vertices * np.float32([1, 1, 0])), path)
    assert _contents(tmp_path) == {path.name: before}


def test_several_formats_and_a_glb_in_any_case(mesh, tmp_path):
    made = write_formats(mesh, tmp_path, ["obj", "stl"])
    beside = made.pop("mesh_obj_beside")
    assert list(made) == ["mesh", "mesh_obj", "mesh_stl"] and {*made.values(), *beside} == {*tmp_path.iterdir()}
