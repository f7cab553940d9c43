"""The data commands through the command line: a world of GLB files, and pictures of it."""

import json

import numpy as np
import trimesh
from conftest import mvdream

from mvdream_cli.data.views import index_views, load
from mvdream_cli.raycast.assets import load_asset
from mvdream_toybox.world import build, draw_spec


def test_toybox_writes_captioned_glb_files(tmp_path):
    done = mvdream("data", "toybox", "--objects", 3, "--seed", 5, "--out", "toys", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (tmp_path / "toys" / "captions.jsonl").read_text().splitlines()]
    assert len(rows) == 3 and all((tmp_path / "toys" / row["file"]).is_file() and row["caption"] for row in rows)
    part = build(draw_spec(5, 1))
    mesh = load_asset(tmp_path / "toys" / rows[1]["file"])  # back in the world's axes and colours
    np.testing.assert_allclose(np.ptp(mesh.vertices, axis=0), np.ptp(part.vertices, axis=0), atol=1e-3)
    assert abs(mesh.colours.mean(0) - part.colours.mean(0)).max() < 0.03
    assert trimesh.load_scene(tmp_path / "toys" / rows[1]["file"]).to_geometry().vertices[:, 1].max() > 0.1  # y is up


def test_render_a_folder_with_a_broken_file(tmp_path):
    assert mvdream("data", "toybox", "--objects", 2, "--out", "toys", cwd=tmp_path).returncode == 0
    (tmp_path / "toys" / "broken.glb").write_text("<html>404</html>")
    command = ("data", "render", "toys", "--out", "views", "--views", 4, "--size-px", 32, "--set", "data.workers=1")
    done = mvdream(*command, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["rendered"], result["skipped"]) == (2, 1) and "skipped.jsonl" in done.stderr
    entries = index_views(tmp_path / "views")
    rgba, c2w, fovy_deg, caption = load(entries[0])
    assert rgba.shape == (4, 32, 32, 4) and c2w.shape == (4, 4, 4) and (fovy_deg >= 30).all() and caption
    assert mvdream(*command, cwd=tmp_path).returncode == 0  # again: nothing to do


def test_a_narrowed_world_and_its_mistakes(tmp_path):
    narrow = ("--set", "data.toybox.kinds=[cat, robot]", "--set", "data.toybox.worn=[crown]")
    assert mvdream("data", "toybox", "--objects", 4, "--out", "toys", *narrow, cwd=tmp_path).returncode == 0
    wrong = mvdream("data", "toybox", "--objects", 1, "--out", "other", "--set", "data.toybox.kinds=[robott]", cwd=tmp_path)
    assert wrong.returncode == 2 and "did you mean robot" in wrong.stderr
    missing = mvdream("data", "render", "nowhere", "--out", "views", cwd=tmp_path)
    assert missing.returncode == 1 and "nowhere" in missing.stderr


def test_one_folder_holds_one_world(tmp_path):
    command = ("data", "toybox", "--objects", 2, "--out", "toys")
    assert mvdream(*command, "--seed", 5, cwd=tmp_path).returncode == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "toys").iterdir()}
    for changes, said in (
        (("--seed", 6), "seed (there 5, here 6)"),
        (("--seed", 5, "--split", "held-out"), "split (there train, here held-out)"),
        (("--seed", 5, "--set", "data.toybox.kinds=[cat]"), "kinds (there [], here ['cat'])"),
        (("--seed", 5, "--set", "data.toybox.worn=[crown]"), "worn (there [], here ['crown'])"),
    ):
        other = mvdream(*command, *changes, cwd=tmp_path)
        assert other.returncode == 2 and said in " ".join(other.stderr.split()) and "choose another folder" in other.stderr
    assert {path.name: path.read_bytes() for path in (tmp_path / "toys").iterdir()} == before
    more = mvdream(*command, "--seed", 5, "--set", "data.toybox.first=2", cwd=tmp_path)
    assert more.returncode == 0, more.stderr
    mvdream("data", "toybox", "--objects", 4, "--out", "at-once", "--seed", 5, cwd=tmp_path)
    apart, at_once = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("toys", "at-once"))
    assert apart == at_once and len(apart) == 6


def test_a_model_replaced_under_its_name_and_another_world_are_rendered_again(tmp_path):
    assert mvdream("data", "toybox", "--objects", 2, "--out", "toys", cwd=tmp_path).returncode == 0
    options = ("--views", 4, "--size-px", 16, "--set", "data.workers=1", "--json")

    def rendered(source, out, *more):
        done = mvdream("data", "render", source, "--out", out, *options, *more, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["rendered"]

    assert rendered("toys", "views") == 2 and rendered("toys", "views") == 0
    trimesh.creation.box().export(tmp_path / "toys" / "toy-0000001.glb")
    assert rendered("toys", "views") == 2 and rendered("toys", "views") == 0
    toys = ("--objects", 2, "--set", "data.toybox.kinds=[cat]")
    assert rendered("toybox", "cats", *toys) == 2 and rendered("toybox", "cats", *toys) == 0
    assert rendered("toybox", "cats", "--objects", 2, "--set", "data.toybox.kinds=[dog]") == 2
