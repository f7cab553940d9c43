"""Rendering whole sets: forms, resuming, skipping, captions."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import trimesh
from conftest import ROOT

from mvdream_cli.cameras import orbit
from mvdream_cli.data.listing import sources_from_folder
from mvdream_cli.data.render_set import render_dataset
from mvdream_cli.data.sources import AssetSource
from mvdream_cli.data.views import index_views, load
from mvdream_cli.data.worker_pool import worker_context
from mvdream_cli.errors import ConfigError, DataError, MVDreamError
from mvdream_cli.raycast.embree import render_views
from mvdream_cli.raycast.mesh import Mesh

PATHS = os.pathsep.join([str(Path(__file__).parent), str(ROOT / "tests"), str(ROOT)])
PART = """
import sys
from test_render_set import SMALL, balls
from mvdream_cli.data.render_set import render_dataset
render_dataset(balls(7), sys.argv[1], shard_size=2, part=(int(sys.argv[2]), 3), **SMALL)
"""
KILLED = """
import os, signal, sys
from test_render_set import SMALL, balls
from mvdream_cli.data.render_set import render_dataset

def stop(done, total, skipped):
    if done == 5:
        os.kill(os.getpid(), signal.SIGKILL)

render_dataset(balls(9), sys.argv[1], shard_size=2, on_progress=stop, **{**SMALL, "workers": 2})
"""
SMALL = {"num_views": 4, "size_px": 24, "workers": 0}


def ball(red: float) -> Mesh:
    sphere = trimesh.creation.icosphere(2)
    return Mesh.from_part(sphere.vertices, sphere.faces, np.tile([red, 0.2, 0.3], (len(sphere.vertices), 1)))


def crash() -> Mesh:
    import os

    os._exit(9)


def refuse() -> Mesh:
    raise ValueError("no such shape")


def balls(count: int) -> list[AssetSource]:
    about = {"licence": "CC0"}
    return [AssetSource(f"ball-{k}", partial(ball, k / count), f"ball number {k}", about) for k in range(count)]


def meta_of(entry) -> dict:
    if entry.spans is None:
        return json.loads((entry.path / "meta.json").read_text())
    start, size = entry.meta_span
    return json.loads(entry.path.read_bytes()[start : start + size])


def contents(folder) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("form", ["shards", "folder"])
def test_a_set_reads_back_with_its_cameras(tmp_path, form):
    report = render_dataset(balls(3), tmp_path / "set", form=form, shard_size=2, **SMALL)
    assert report.rendered == 3 and not report.skipped
    entries = index_views(tmp_path / "set")
    assert [entry.id for entry in entries] == ["ball-0", "ball-1", "ball-2"]
    rgba, c2w, fovy_deg, caption = load(entries[1])
    assert rgba.shape == (4, 24, 24, 4) and rgba.dtype == np.uint8 and caption == entries[1].caption == "ball number 1"
    meta = meta_of(entries[1])
    distance = float(np.linalg.norm(c2w[0, :3, 3]))
    assert np.allclose(c2w, orbit(np.array(meta["azimuth_deg"]), meta["elevation_deg"][0], distance), atol=1e-5)
    assert meta["azimuth_deg"] == [0, 90, 180, 270] and meta["licence"] == "CC0"
    assert fovy_deg.tolist() == pytest.approx(meta["fovy_deg"])
    some = load(entries[1], [2, 0])
    assert (some[0] == rgba[[2, 0]]).all() and (some[1] == c2w[[2, 0]]).all()


@pytest.mark.parametrize("form", ["shards", "folder"])
def test_interrupted_and_resumed_equals_uninterrupted(tmp_path, form):
    sources = balls(7)
    sources.insert(3, AssetSource("bad", refuse, "bad"))
    render_dataset(sources, tmp_path / "whole", form=form, shard_size=3, **SMALL)

    class Stop(Exception):
        pass

    def stop(done, total, skipped):
        if done == 5:
            raise Stop

    with pytest.raises(Stop):
        render_dataset(sources, tmp_path / "cut", form=form, shard_size=3, on_progress=stop, **SMALL)
    report = render_dataset(sources, tmp_path / "cut", form=form, shard_size=3, **SMALL)
    assert report.present > 0 and report.rendered + report.present == 7
    whole, cut = contents(tmp_path / "whole"), contents(tmp_path / "cut")
    assert whole == {name: content for name, content in cut.items() if not name.startswith(".")}


def test_a_deleted_and_a_damaged_shard_are_redone_alone(tmp_path):
    sources = balls(6)
    render_dataset(sources, tmp_path, shard_size=2, **SMALL)
    before = contents(tmp_path)
    (tmp_path / "views-000000.tar").unlink()
    (tmp_path / "views-000002.tar").write_bytes(before["views-000002.tar"][:2000])
    report = render_dataset(sources, tmp_path, shard_size=2, **SMALL)
    # of the damaged one nothing is whole
    assert (report.rendered, report.present) == (4, 2) and contents(tmp_path) == before
    assert render_dataset(sources, tmp_path, shard_size=2, **SMALL).rendered == 0


@pytest.mark.parametrize("form", ["shards", "folder"])
@pytest.mark.parametrize("harm", ["a flipped byte", "a picture less", "no index"])
def test_what_is_not_whole_any_more_is_rendered_again(tmp_path, form, harm):
    render_dataset(balls(4), tmp_path, form=form, shard_size=2, **SMALL)
    before = contents(tmp_path)
    name = "views-000001.tar" if form == "shards" else "ball-2/001.png"
    path, meta = tmp_path / name, tmp_path / ("views-000001.json" if form == "shards" else "ball-2/meta.json")
    if harm == "a flipped byte":
        content = bytearray(before[name])
        content[content.rindex(b"IDAT") + 9] ^= 1
        path.write_bytes(content)
    elif harm == "a picture less":
        path.unlink()
    else:
        meta.write_text('{"objects": 3}')
    report = render_dataset(balls(4), tmp_path, form=form, shard_size=2, **SMALL)
    missing = {"a flipped byte": 1, "a picture less": 2 if form == "shards" else 1, "no index": 0 if form == "shards" else 1}
    assert contents(tmp_path) == before and report.rendered == missing[harm]
    told = [] if harm == "a picture less" and form == "shards" else ["views-000001.tar" if form == "shards" else "ball-2"]
    assert report.broken == told
    assert render_dataset(balls(4), tmp_path, form=form, shard_size=2, **SMALL).rendered == 0


@pytest.mark.parametrize("form", ["shards", "folder"])
def test_what_an_asset_lost_is_told_counted_and_kept(tmp_path, form):
    assets = tmp_path / "assets"
    assets.mkdir()
    trimesh.creation.box().export(assets / "whole.glb")
    square = "mtllib none.mtl\nv 0 0 0\nv 1 0 0\nv 1 1 0\nusemtl m\nf 1 2 3\n"
    (assets / "bare.obj").write_text(square)
    for _ in range(2):  # what is there is counted too
        report = render_dataset(sources_from_folder(assets), tmp_path / "set", form=form, **SMALL)
        assert report.losses == [("bare", ["the material file 'none.mtl' is not there"])] and not report.skipped
        rows = [json.loads(line) for line in (tmp_path / "set" / "losses.jsonl").read_text().splitlines()]
        assert rows == [{"id": "bare", "losses": ["the material file 'none.mtl' is not there"]}]
    metas = {entry.id: meta_of(entry) for entry in index_views(tmp_path / "set")}
    assert metas["bare"]["losses"] and "losses" not in metas["whole"]


def test_a_new_way_to_read_files_leaves_what_is_built_as_it_is(tmp_path, monkeypatch):
    trimesh.creation.box().export(tmp_path / "box.glb")
    sources = [*balls(1), AssetSource("box", tmp_path / "box.glb", "a box")]
    render_dataset(sources, tmp_path / "set", form="folder", **SMALL)
    monkeypatch.setattr("mvdream_cli.data.render_object.RENDERING_VERSION", 99)
    assert render_dataset(sources, tmp_path / "set", form="folder", **SMALL).rendered == 1
    monkeypatch.setattr("mvdream_cli.data.render_object.BUILT_VERSION", 99)
    assert render_dataset(sources, tmp_path / "set", form="folder", **SMALL).rendered == 1


def test_changed_sources_redo_only_what_changed(tmp_path):
    sources = balls(4)
    render_dataset(sources, tmp_path / "shards", shard_size=2, **SMALL)
    render_dataset(sources, tmp_path / "folders", form="folder", **SMALL)
    sources[3] = replace(sources[3], caption="another caption")
    sources.append(AssetSource("new", partial(ball, 1.0), "new"))
    report = render_dataset(sources, tmp_path / "shards", shard_size=2, **SMALL)
    assert (report.rendered, report.present) == (2, 3)
    assert render_dataset(sources, tmp_path / "folders", form="folder", **SMALL).rendered == 2
    for name in ("shards", "folders"):
        entries = index_views(tmp_path / name)
        assert [entry.caption for entry in entries if entry.id in ("ball-3", "new")] == ["another caption", "new"]


def test_half_written_objects_are_not_read(tmp_path):
    render_dataset(balls(2), tmp_path, form="folder", **SMALL)
    (tmp_path / "ball-1").rename(tmp_path / ".tmp-ball-1")
    assert [entry.id for entry in index_views(tmp_path)] == ["ball-0"]
    assert render_dataset(balls(2), tmp_path, form="folder", **SMALL).rendered == 1
    assert not (tmp_path / ".tmp-ball-1").exists()


def test_a_shard_without_its_index_is_scanned(tmp_path):
    render_dataset(balls(3), tmp_path, **SMALL)
    entries = index_views(tmp_path)
    (tmp_path / "views-000000.json").unlink()
    assert index_views(tmp_path) == entries


def test_workers_give_the_same_bytes_after_this_process_has_rendered(tmp_path):
    render_views(ball(0.5), orbit(0.0, 0.0, 3.0).numpy()[None], 40.0, 8)
    assert worker_context().get_start_method() != "fork"  # a copy of this process would lack Embree's threads
    render_dataset(balls(11), tmp_path / "one", shard_size=4, **SMALL)
    told = []
    render_dataset(balls(11), tmp_path / "two", shard_size=4, on_forecast=told.append, **{**SMALL, "workers": 2})
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert len(told) == 1 and told[0].objects == 3 and told[0].seconds > 0 and told[0].bytes > 1000


def test_bad_assets_are_skipped_and_listed_even_if_they_kill_their_process(tmp_path):
    assets = tmp_path / "assets"
    assets.mkdir()
    trimesh.creation.box().export(assets / "box.glb")
    (assets / "short.glb").write_bytes((assets / "box.glb").read_bytes()[:300])
    sources = [AssetSource("crash", crash, "x"), *sources_from_folder(assets), *balls(2)]
    report = render_dataset(sources, tmp_path / "set", **{**SMALL, "workers": 2})
    assert [key for key, _ in report.skipped] == ["crash", "short"] and report.rendered == 3
    listed = [json.loads(line) for line in (tmp_path / "set" / "skipped.jsonl").read_text().splitlines()]
    assert [row["id"] for row in listed] == ["crash", "short"] and "short.glb" in listed[1]["reason"]
    assert [entry.id for entry in index_views(tmp_path / "set")] == ["box", "ball-0", "ball-1"]
    # the process may have ended for lack of memory: the next call tries again, and not in this process
    assert [row.get("lost", False) for row in listed] == [True, False]
    again = render_dataset(sources, tmp_path / "set", **{**SMALL, "workers": 1})
    assert again.skipped == report.skipped and (again.rendered, again.present) == (0, 3)


@pytest.mark.parametrize("form", ["shards", "folder"])
def test_an_asset_replaced_under_its_name_is_rendered_again(tmp_path, form):
    assets = tmp_path / "assets"
    assets.mkdir()
    for name in "abcd":
        trimesh.creation.box().export(assets / f"{name}.glb")
    options = {"form": form, "shard_size": 2, **SMALL}
    render_dataset(sources_from_folder(assets), tmp_path / "set", **options)
    before = contents(tmp_path / "set")
    assert render_dataset(sources_from_folder(assets), tmp_path / "set", **options).rendered == 0
    assert contents(tmp_path / "set") == before
    trimesh.creation.icosphere(2).export(assets / "c.glb")
    report = render_dataset(sources_from_folder(assets), tmp_path / "set", **options)
    assert report.rendered == 1
    render_dataset(sources_from_folder(assets), tmp_path / "fresh", **options)
    assert contents(tmp_path / "set") == contents(tmp_path / "fresh") != before


@pytest.mark.parametrize("form", ["shards", "folder"])
def test_a_broken_asset_is_tried_again_only_when_it_was_mended(tmp_path, monkeypatch, form):
    assets = tmp_path / "assets"
    assets.mkdir()
    for name in "ab":
        trimesh.creation.box().export(assets / f"{name}.glb")
    whole = (assets / "b.glb").read_bytes()
    options = {"form": form, **SMALL}
    render_dataset(sources_from_folder(assets), tmp_path / "set", **options)
    (assets / "b.glb").write_bytes(whole[:300])
    report = render_dataset(sources_from_folder(assets), tmp_path / "set", **options)
    assert [key for key, _ in report.skipped] == ["b"]
    assert [entry.id for entry in index_views(tmp_path / "set")] == ["a"]  # not with the pictures from before
    again = render_dataset(sources_from_folder(assets), tmp_path / "set", **options)
    assert again.skipped == report.skipped and again.rendered == 0
    asked = []
    monkeypatch.setattr("mvdream_cli.data.render_forms._reader", lambda: "a reader of another version")
    monkeypatch.setattr("mvdream_cli.data.render_pool.render_object", lambda source, *_: asked.append(source.id))
    render_dataset(sources_from_folder(assets), tmp_path / "set", **options)
    assert asked == ["b"]
    monkeypatch.undo()
    (assets / "b.glb").write_bytes(whole)
    assert not render_dataset(sources_from_folder(assets), tmp_path / "set", **options).skipped
    assert (tmp_path / "set" / "skipped.jsonl").read_text() == ""


@pytest.mark.parametrize("form", ["shards", "folder"])
def test_settings_are_a_part_of_what_is_kept(tmp_path, form):
    render_dataset(balls(2), tmp_path / "set", form=form, **SMALL)
    (tmp_path / "set" / "dataset.json").unlink()  # without the record that would refuse it
    report = render_dataset(balls(2), tmp_path / "set", form=form, seed=1, **SMALL)
    render_dataset(balls(2), tmp_path / "fresh", form=form, seed=1, **SMALL)
    assert report.rendered == 2 and contents(tmp_path / "set") == contents(tmp_path / "fresh")


def test_a_set_from_before_identities_is_rendered_again(tmp_path):
    render_dataset(balls(2), tmp_path / "shards", **SMALL)
    render_dataset(balls(2), tmp_path / "folders", form="folder", **SMALL)
    shard = tmp_path / "shards" / "views-000000.tar"
    shard.with_suffix(".json").unlink()
    shard.write_bytes(shard.read_bytes().replace(b'"identity"', b'"anything"').replace(b'"check"', b'"other"'))
    for path in (tmp_path / "folders").glob("*/meta.json"):
        meta = json.loads(path.read_text())
        del meta["identity"]
        path.write_text(json.dumps(meta))
    assert render_dataset(balls(2), tmp_path / "shards", **SMALL).rendered == 2
    assert render_dataset(balls(2), tmp_path / "folders", form="folder", **SMALL).rendered == 2


def test_shards_of_more_objects_than_there_are_now_are_refused(tmp_path):
    render_dataset(balls(5), tmp_path, shard_size=2, **SMALL)
    with pytest.raises(DataError, match=r"views-000002.tar would not belong to a set of 2 shards; delete it"):
        render_dataset(balls(3), tmp_path, shard_size=2, **SMALL)
    (tmp_path / "views-000002.tar").unlink()
    render_dataset(balls(3), tmp_path, shard_size=2, **SMALL)
    assert len(index_views(tmp_path)) == 3


def test_lists_are_never_half_written(tmp_path, monkeypatch):
    sources = [AssetSource("bad", refuse, "bad"), *balls(1)]
    render_dataset(sources, tmp_path, **SMALL)
    before = contents(tmp_path)

    def no_space(self, *args, **kwargs):
        raise OSError("No space left on device")

    monkeypatch.setattr(type(tmp_path), "write_text", no_space)
    with pytest.raises(MVDreamError, match="disk is full"):
        render_dataset(sources, tmp_path, **SMALL)
    with pytest.raises(MVDreamError, match="disk is full"):
        render_dataset(sources, tmp_path / "new", **SMALL)
    assert contents(tmp_path) == before


def test_the_callback_may_refuse_the_forecast(tmp_path):
    def refuse_it(forecast):
        raise DataError("too long")

    with pytest.raises(DataError, match="too long"):
        render_dataset(balls(12), tmp_path, on_forecast=refuse_it, **SMALL)
    assert not list(tmp_path.glob("views-*"))


def test_what_cannot_work_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="multiple of 4"):
        render_dataset(balls(1), tmp_path, num_views=6)
    with pytest.raises(DataError, match="id"):
        render_dataset(balls(1) * 2, tmp_path, **SMALL)
    with pytest.raises(DataError, match="none of the 1 assets"):
        render_dataset([AssetSource("bad", refuse, "bad")], tmp_path / "none", **SMALL)
    render_dataset(balls(1), tmp_path / "set", **SMALL)
    with pytest.raises(ConfigError, match="size_px"):
        render_dataset(balls(1), tmp_path / "set", **{**SMALL, "size_px": 32})
    with pytest.raises(DataError, match="not a multi-view set"):
        index_views(tmp_path / "none" / "..")


def test_parts_rendered_at_once_are_the_set(tmp_path):
    sources = balls(7)
    render_dataset(sources, tmp_path / "whole", shard_size=2, **SMALL)
    begun = [
        subprocess.Popen([sys.executable, "-c", PART, str(tmp_path / "parts"), str(k)], env=os.environ | {"PYTHONPATH": PATHS})
        for k in (1, 2, 3)
    ]
    assert [process.wait() for process in begun] == [0, 0, 0]
    whole, parts = contents(tmp_path / "whole"), contents(tmp_path / "parts")
    lists = [f"{name}-{k:05d}-of-00003.jsonl" for name in ("losses", "skipped") for k in (1, 2, 3)]
    assert sorted(parts) == sorted([*lists, *(name for name in whole if not name.endswith(".jsonl"))])
    assert all(parts[name] == content for name, content in whole.items() if name in parts)
    assert render_dataset(sources, tmp_path / "parts", shard_size=2, **SMALL).present == 7
    with pytest.raises(ConfigError, match="part 4 of 3: there is none"):
        render_dataset(sources, tmp_path / "parts", shard_size=2, part=(4, 3), **SMALL)


def test_assets_that_were_only_touched_are_kept(tmp_path):
    assets = tmp_path / "assets"
    assets.mkdir()
    for name in "ab":
        trimesh.creation.box().export(assets / f"{name}.glb")
    render_dataset(sources_from_folder(assets), tmp_path / "set", **SMALL)
    shard = (tmp_path / "set" / "views-000000.tar").read_bytes()
    os.utime(assets / "a.glb", (1, 1))
    report = render_dataset(sources_from_folder(assets), tmp_path / "set", **SMALL)
    assert (report.rendered, report.present) == (0, 2) and (tmp_path / "set" / "views-000000.tar").read_bytes() == shard


def test_what_nobody_seems_to_have_touched_is_read_where_it_is_suspected(tmp_path):
    render_dataset(balls(4), tmp_path, shard_size=2, **SMALL)
    before = contents(tmp_path)
    shard = tmp_path / "views-000001.tar"
    content = bytearray(before[shard.name])
    content[content.rindex(b"IDAT") + 9] ^= 1
    times = shard.stat().st_mtime_ns
    shard.write_bytes(content)
    os.utime(shard, ns=(times, times))
    assert render_dataset(balls(4), tmp_path, shard_size=2, **SMALL).rendered == 0
    report = render_dataset(balls(4), tmp_path, shard_size=2, suspects={shard.name}, **SMALL)
    assert (report.rendered, report.broken) == (1, [shard.name]) and contents(tmp_path) == before


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_a_killed_call_goes_on_by_the_same_one(tmp_path):
    render_dataset(balls(9), tmp_path / "whole", shard_size=2, **SMALL)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "cut")], env=os.environ | {"PYTHONPATH": PATHS})
    assert killed.returncode == -9 and 0 < len(list((tmp_path / "cut").glob("views-*.tar"))) < 5
    report = render_dataset(balls(9), tmp_path / "cut", shard_size=2, **SMALL)
    assert report.rendered + report.present == 9 and report.present >= 2
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")
