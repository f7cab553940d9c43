"""What `mvdream data check` finds in a set: faults that are put in, and nothing else."""

import json
import shutil
import tarfile
from functools import partial

import numpy as np
import pytest
import trimesh
from PIL import Image

from mvdream_cli.cameras import orbit
from mvdream_cli.data.check_set import check_set, contact_sheet, table
from mvdream_cli.data.duplicates import NEAR_BITS, alike, look_hash
from mvdream_cli.data.render_set import render_dataset
from mvdream_cli.data.reprojection import hull_off, points_off, project
from mvdream_cli.data.shards import meta_check
from mvdream_cli.data.sources import AssetSource
from mvdream_cli.data.views import index_views, load, load_points
from mvdream_cli.errors import DataError
from mvdream_cli.raycast.mesh import Mesh

KINDS = ("long", "flag", "step")


def thing(kind: str, red: float = 0.5) -> Mesh:
    """Shapes that look otherwise from each side."""
    boxes = {
        "long": [((1.0, 0.3, 0.2), (0, 0, 0)), ((0.2, 0.3, 0.8), (0.4, 0, 0.4))],
        "flag": [((0.1, 0.1, 1.2), (0, 0, 0)), ((0.1, 0.6, 0.3), (0, 0.3, 0.4))],
        "step": [((0.8, 0.8, 0.3), (0, 0, 0)), ((0.3, 0.8, 0.6), (-0.25, 0, 0.3))],
    }[kind]
    parts = [trimesh.creation.box(size, trimesh.transformations.translation_matrix(at)) for size, at in boxes]
    mesh = trimesh.util.concatenate(parts)
    return Mesh.from_part(mesh.vertices, mesh.faces, np.tile([red, 0.4, 0.2], (len(mesh.vertices), 1)))


def things() -> list[AssetSource]:
    return [AssetSource(kind, partial(thing, kind), f"a {kind} thing") for kind in KINDS]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets")
    for name, points in (("plain", 0), ("with-points", 400)):
        render_dataset(things(), folder / name, num_views=8, size_px=64, workers=0, points=points, form="folder")
    return folder


def checked(folder, **options):
    return check_set(folder, count_tokens=lambda caption: len(caption.split()), most_tokens=4, **options)


def copied(folder, to):
    shutil.copytree(folder, to)
    return to


def change_meta(folder, name, change):
    path = folder / name / "meta.json"
    meta = json.loads(path.read_text())
    change(meta)
    del meta["check"]
    path.write_text(json.dumps(meta | {"check": meta_check(meta)}))


def test_places_in_pictures_are_those_of_the_renderer(rendered):
    rgba, c2w, fovy_deg, _ = load(index_views(rendered / "plain")[0])
    place = project(np.zeros((1, 3)), c2w.astype(float), fovy_deg, 64)
    assert np.allclose(place, 32, atol=1e-3)
    right = c2w[:, :3, 0].astype(float) * 0.1
    moved = np.stack(
        [project(r[None], pose[None].astype(float), f[None], 64)[0, 0] for r, pose, f in zip(right, c2w, fovy_deg)]
    )
    assert (moved[:, 1] > 33).all() and np.allclose(moved[:, 0], 32, atol=1e-3)
    assert np.isnan(
        project(np.array([[0.0, 0, 99]]), orbit(0.0, 89.0, 3.0).numpy()[None].astype(float), np.array([40.0]), 64)
    ).all()


@pytest.mark.parametrize("name", ["plain", "with-points"])
def test_a_sound_set_has_no_faults(rendered, name):
    report, facts = checked(rendered / name)
    assert not report["faults"] and not report["broken_shards"] and report["looked_at"] == 3 and not report["alike"]
    assert list(report["cameras_off"]) == ["points" if name == "with-points" else "hull"]
    statistics = report["statistics"]
    assert 0 < statistics["coverage"]["least"] < statistics["coverage"]["most"] < 1
    metas = [json.loads((rendered / name / kind / "meta.json").read_text()) for kind in KINDS]
    assert statistics["elevation_deg"]["most"] == pytest.approx(max(meta["elevation_deg"][0] for meta in metas), abs=1e-3)
    assert statistics["fovy_deg"]["least"] == pytest.approx(min(meta["fovy_deg"][0] for meta in metas), abs=1e-3)
    assert report["sizes"] == {"8 x 64 px": 3} and report["captions_cut"] == 0 and json.dumps(report)
    assert contact_sheet(facts).shape[2] == 3 and any("coverage" in line for line in table(report))


def test_cameras_of_other_pictures_are_found(rendered, tmp_path):
    for entry in index_views(rendered / "with-points"):
        rgba, c2w, fovy_deg, _ = load(entry)
        alpha, points = rgba[..., 3], load_points(entry)
        assert points_off(alpha, c2w, fovy_deg, points) < 0.01 and hull_off(alpha, c2w, fovy_deg) < 0.01
        turned = np.roll(c2w, 1, 0)
        mirrored = np.array([1, -1, 1, 1])[:, None] * c2w * np.array([-1, 1, 1, 1])
        assert points_off(alpha, turned, fovy_deg, points) > 0.05 < points_off(alpha, mirrored, fovy_deg, points)
        assert points_off(alpha, c2w, fovy_deg * 0.7, points) > 0.05
        mixed = c2w[[0, 3, 6, 1, 4, 7, 2, 5]]  # all of them, in another order
        assert hull_off(alpha, mixed, fovy_deg) > 0.05
    copy = copied(rendered / "plain", tmp_path / "set")
    change_meta(copy, "flag", lambda meta: meta.update(c2w=[meta["c2w"][k] for k in (0, 3, 6, 1, 4, 7, 2, 5)]))
    report, _ = checked(copy)
    assert [fault["id"] for fault in report["faults"]] == ["flag"] and "cameras" in report["faults"][0]["reasons"][0]


def test_what_is_broken_empty_or_twice_there_is_told(rendered, tmp_path):
    copy = copied(rendered / "plain", tmp_path / "set")
    copied(copy / "long", copy / "again")
    picture = bytearray((copy / "step" / "003.png").read_bytes())
    picture[picture.index(b"IDAT") + 9] ^= 1
    (copy / "step" / "003.png").write_bytes(picture)
    Image.new("RGBA", (64, 64)).save(copy / "flag" / "002.png")
    Image.new("RGBA", (64, 64), (9, 9, 9, 255)).save(copy / "flag" / "001.png")
    (copy / "bare").mkdir()
    (copy / "bare" / "meta.json").write_text("{}")
    change_meta(copy, "long", lambda meta: meta.update(caption="a caption of more than four words"))
    report, facts = checked(copy)
    faults = {fault["id"]: fault["reasons"][0] for fault in report["faults"]}
    assert set(faults) == {"step", "flag", "bare"} and "not what was written" in faults["step"]
    assert "1 of its 8 views show nothing" in faults["flag"] and report["views_empty"] == 1
    assert report["identical"] == [["again", "long"]] and report["captions_cut"] == 1 and report["views_touching_border"] == 1
    assert contact_sheet(facts).shape[0] > 100


def test_a_shard_whose_bytes_changed_is_told(tmp_path):
    render_dataset(things(), tmp_path, num_views=4, size_px=16, workers=0, shard_size=2, points=50)
    shard = tmp_path / "views-000000.tar"
    with tarfile.open(shard) as tar:
        member = tar.getmember("long.points.npy")
    content = bytearray(shard.read_bytes())
    content[member.offset_data + 300] ^= 1  # nothing else tells
    shard.write_bytes(content)
    assert checked(tmp_path)[0]["broken_shards"] == [shard.name]


def test_some_objects_may_stand_for_all(rendered):
    report, _ = checked(rendered / "plain", sample=2)
    assert report["objects"] == 3 and report["looked_at"] == 2
    assert checked(rendered / "plain", sample=2)[0] == report
    with pytest.raises(DataError, match="not a multi-view set"):
        checked(rendered)


def test_the_same_thing_in_other_light_and_size_looks_alike():
    rng = np.random.default_rng(0)

    def view(scale, light):
        picture = np.zeros((64, 64, 4), np.uint8)
        side = 2 * int(16 * scale)
        pattern = np.kron(np.add.outer(np.arange(8) % 3, np.arange(8) ** 2 % 7) * 20 + 40, np.ones((side // 8, side // 8)))
        picture[32 - side // 2 : 32 + side // 2, 32 - side // 2 : 32 + side // 2] = 255
        picture[32 - side // 2 : 32 + side // 2, 32 - side // 2 : 32 + side // 2, :3] = (pattern * light)[..., None]
        return np.stack([picture] * 4)

    noise = [look_hash(rng.integers(0, 256, (4, 64, 64, 4), dtype=np.uint8)) for _ in range(60)]
    hashes = [*noise, look_hash(view(1.0, 1.0)), look_hash(view(1.5, 0.8))]
    found = alike(hashes)
    assert [pair[:2] for pair in found] == [(60, 61)]


def test_all_near_hashes_are_found_as_by_comparing_all_pairs():
    """The slow twin compares all pairs."""
    rng = np.random.default_rng(1)
    bits = rng.integers(0, 2, (80, 256), dtype=np.uint8)
    for k in range(40):
        bits[40 + k] = bits[k]
        bits[40 + k, rng.choice(256, int(rng.integers(0, 2 * NEAR_BITS)), replace=False)] ^= 1
    differ = (bits[:, None] != bits[None]).sum(-1)
    truth = [(a, b, int(differ[a, b])) for a in range(80) for b in range(a + 1, 80) if differ[a, b] <= NEAR_BITS]
    assert alike([np.packbits(row).tobytes() for row in bits]) == truth and len(truth) > 10
    assert alike([]) == alike([bytes(32)] * 3) == []
