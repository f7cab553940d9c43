import json

import numpy as np
import pytest
import torch
import trimesh

from mvdream_cli.errors import DataError, UsageError
from mvdream_cli.methods.object_set import find_objects, picture_objects
from mvdream_cli.methods.view_store import ViewStore


def box(path, color=(200, 30, 30, 255)):
    mesh = trimesh.creation.box((1.0, 0.5, 0.25))
    mesh.visual = trimesh.visual.ColorVisuals(mesh, vertex_colors=np.tile(color, (len(mesh.vertices), 1)).astype(np.uint8))
    path.parent.mkdir(parents=True, exist_ok=True)
    mesh.export(path)


def run_folder(path, text, command="to3d", status="finished"):
    box(path / "mesh.glb")
    record = {"command": command, "status": status, "text": text, "results": {"mesh": "mesh.glb"}}
    (path / "run.json").write_text(json.dumps(record))


def test_finished_runs_are_found_and_others_passed_over(tmp_path):
    run_folder(tmp_path / "b", "a red box")
    run_folder(tmp_path / "a", "a box")
    run_folder(tmp_path / "c", "half a box", status="interrupted")
    assert [made.prompt for made in find_objects(tmp_path)] == ["a box", "a red box"]
    assert find_objects(tmp_path / "b")[0].mesh.name == "mesh.glb"  # one run alone


def test_files_of_other_tools(tmp_path):
    for name in ("1.glb", "0.glb"):
        box(tmp_path / name)
    with pytest.raises(DataError, match="prompts.txt is missing"):
        find_objects(tmp_path)
    (tmp_path / "prompts.txt").write_text("first\n\nsecond\n")
    assert [(made.prompt, made.mesh.name) for made in find_objects(tmp_path)] == [("first", "0.glb"), ("second", "1.glb")]
    (tmp_path / "prompts.txt").write_text("first\n")
    with pytest.raises(DataError, match="2 files, and prompts.txt 1 prompts"):
        find_objects(tmp_path)


def test_what_is_no_set_of_objects_is_said(tmp_path):
    with pytest.raises(DataError, match="holds neither runs"):
        find_objects(tmp_path)
    run_folder(tmp_path / "x", "x", status="failed")
    with pytest.raises(DataError, match="none of its 1 runs is finished"):
        find_objects(tmp_path)
    run_folder(tmp_path / "y", "y", command="sample-views")
    with pytest.raises(UsageError, match="1 of sample-views"):
        find_objects(tmp_path)


def test_objects_are_pictured_from_all_around(tmp_path):
    run_folder(tmp_path / "a", "a red box")
    store = ViewStore(tmp_path / "views", 1)
    picture_objects(find_objects(tmp_path), store, 8, 32)
    views = store.read(0)
    assert views.shape == (8, 32, 32, 3)
    shown = (views - 0.5).abs().amax(-1) > 0.1
    assert shown.flatten(1).any(1).all() and not shown[:, 0].any()  # whole, before gray
    assert (views[shown][:, 0] > views[shown][:, 1]).all()  # red
    torch.testing.assert_close(views[0], views[4], atol=0.02, rtol=0)  # a box has two like sides
