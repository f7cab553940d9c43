"""The data commands through the command line: a world of GLB files, and pictures of it."""

import json
import os
import re
from types import SimpleNamespace

import numpy as np
import pytest
import trimesh
from conftest import mvdream

from mvdream_cli.commands import data as commands
from mvdream_cli.data.views import index_views, load
from mvdream_cli.engine.lock import lock
from mvdream_cli.errors import UsageError
from mvdream_cli.raycast.assets import load_asset
from mvdream_cli.settings.data import Data
from mvdream_toybox.world import build, draw_spec


def test_toybox_writes_captioned_glb_files(tmp_path):
    done = mvdream("data", "toybox", "--objects", 3, "--seed", 5, "--out", "toys", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (tmp_path / "toys" / "captions.jsonl").read_text().splitlines()]
    assert len(rows) == 3 and all((tmp_path / "toys" / row["file"]).is_file() and row["caption"] for row in rows)
    part = build(draw_spec(5, 1))
    mesh = load_asset(tmp_path / "toys" / rows[1]["file"])  # back in the world's axes and colors
    np.testing.assert_allclose(np.ptp(mesh.vertices, axis=0), np.ptp(part.vertices, axis=0), atol=1e-3)
    assert abs(mesh.colors.mean(0) - part.colors.mean(0)).max() < 0.03
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


def settings(seed: int = 5, views: int = 4, **toybox) -> SimpleNamespace:
    data = {"num_views": views, "size_px": 16, "workers": 1, "renders": 1, "toybox": {"objects": 2} | toybox}
    return SimpleNamespace(data=Data.model_validate(data), engine=SimpleNamespace(seed=seed))


def contents(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_one_folder_holds_one_world(tmp_path):
    toys = tmp_path / "toys"
    commands.toybox(settings(), toys)
    before = contents(toys)
    for other, said in (
        (settings(6), "seed (there 5, here 6)"),
        (settings(split="held-out"), "split (there train, here held-out)"),
        (settings(kinds=("cat",)), "kinds (there [], here ['cat'])"),
        (settings(worn=("crown",)), "worn (there [], here ['crown'])"),
    ):
        with pytest.raises(UsageError, match=re.escape(f"begun with other settings: {said}; choose another folder")):
            commands.toybox(other, toys)
    done = mvdream("data", "toybox", "--objects", 2, "--seed", 6, "--out", "toys", cwd=tmp_path)
    assert done.returncode == 2 and "there 5, here 6" in done.stderr and contents(toys) == before
    commands.toybox(settings(first=2), toys)
    commands.toybox(settings(objects=4), tmp_path / "at-once")
    assert contents(toys) == contents(tmp_path / "at-once") and len(contents(toys)) == 6


def test_what_a_call_renders_again(tmp_path):
    toys, views, cats = tmp_path / "toys", tmp_path / "views", tmp_path / "cats"
    commands.toybox(settings(), toys)
    assert [commands.render(settings(), str(toys), views)["rendered"] for _ in range(2)] == [2, 0]
    trimesh.creation.box().export(toys / "toy-0000001.glb")
    assert [commands.render(settings(), str(toys), views)["rendered"] for _ in range(2)] == [1, 0]
    only_cats = settings(kinds=("cat",))
    assert [commands.render(only_cats, "toybox", cats)["rendered"] for _ in range(2)] == [2, 0]
    assert commands.render(settings(kinds=("dog",)), "toybox", cats)["rendered"] == 2
    with pytest.raises(UsageError, match=r"num_views \(there 4, here 8\)"):
        commands.render(settings(views=8), "toybox", cats)


@pytest.mark.parametrize("form", ["shards", "folder"])
def test_a_set_is_checked_and_mended_from_where_it_comes(tmp_path, form):
    render = ("data", "render", "toybox", "--objects", 3, "--views", 4, "--size-px", 32, "--out", "views")
    few = ("--set", "data.workers=1", "--set", "data.renders=1", "--set", f"data.form={form}", "--set", "data.shard_size=2")
    assert mvdream(*render, *few, "--seed", 7, cwd=tmp_path).returncode == 0
    sound = mvdream("data", "check", "views", "--json", "--out", "elsewhere", cwd=tmp_path)
    assert sound.returncode == 0, sound.stderr
    assert json.loads(sound.stdout) | {"report": "", "sheet": ""} == {
        "status": "finished", "report": "", "sheet": "", "objects": 3, "faults": 0, "broken_shards": 0,
    }  # fmt: skip
    assert "coverage" in sound.stderr and (tmp_path / "elsewhere" / "contact_sheet.png").is_file()
    path = tmp_path / "views" / ("views-000001.tar" if form == "shards" else "toy-0000002/001.png")
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"IDAT", b"IDOT", 1))
    broken = mvdream("data", "check", "views", "--json", cwd=tmp_path)
    result = json.loads(broken.stdout)
    assert broken.returncode == 3 and result["faults"] == 1 and "--mend renders them again" in result["error"]
    report = json.loads((tmp_path / "views" / "check.json").read_text())
    assert [fault["id"] for fault in report["faults"]] == ["toy-0000002"]
    mended = mvdream("data", "check", "views", "--mend", "--json", cwd=tmp_path)
    assert mended.returncode == 0, mended.stderr
    assert path.read_bytes() == whole and json.loads(mended.stdout)["faults"] == 0
    path.write_bytes(whole[:-900] if form == "shards" else b"")
    (tmp_path / "views" / "source.json").unlink()
    lost = mvdream("data", "check", "views", "--mend", cwd=tmp_path)
    assert lost.returncode == 1 and "does not say what it was rendered from" in lost.stderr
    assert mvdream("data", "check", "nowhere", cwd=tmp_path).returncode == 1


def everything(folder):
    return {str(path.relative_to(folder)): path.is_file() and path.read_bytes() for path in folder.rglob("*")}


def test_a_set_that_is_refused_stays_as_it_was(tmp_path):
    render = ("data", "render", "toybox", "--objects", 2, "--views", 4, "--out", "set", "--set", "data.workers=1")
    toybox = ("data", "toybox", "--objects", 2, "--out", "toys")
    for command in ((*render, "--size-px", 16), toybox):
        assert mvdream(*command, cwd=tmp_path).returncode == 0
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "views-000007.tar").write_bytes(b"of another set")
    before = everything(tmp_path)
    for command, why in (
        ((*render, "--size-px", 32), "begun with other settings"),
        ((*render, "--size-px", 16, "--out", "foreign"), "views-000007.tar would not belong"),
        ((*toybox, "--seed", 5), "begun with other settings"),
        (("data", "render", "nowhere", "--out", "set"), "nowhere"),
    ):
        refused = mvdream(*command, cwd=tmp_path)
        assert refused.returncode in (1, 2) and why in refused.stderr, refused.stderr
        assert everything(tmp_path) == before, command


def test_a_part_is_refused_while_the_set_is_cut_otherwise(tmp_path):
    words = (
        "data",
        "render",
        "toybox",
        "--objects",
        2,
        "--views",
        4,
        "--size-px",
        16,
        "--out",
        "set",
        "--set",
        "data.workers=1",
    )
    with lock(tmp_path / "set" / ".part-1-of-1.lock", "it"):
        refused = mvdream(*words, "--part", "1/2", cwd=tmp_path)
    assert refused.returncode == 11 and f"(pid {os.getpid()} on " in refused.stderr
    assert not list((tmp_path / "set").iterdir())
    assert mvdream(*words, "--part", "1/2", cwd=tmp_path).returncode == 0
