"""Multi-view sets on disk: both forms, what is broken, and the identity of a set."""

import json
import os
import shutil
import tarfile
from dataclasses import replace

import numpy as np
import pytest

from mvdream_cli.data import views
from mvdream_cli.data.shards import read_shard_index, write_shard
from mvdream_cli.data.views import encode_object, index_views, load, set_identity, write_object
from mvdream_cli.errors import DataError


def an_object(number: int, caption: str = "a thing", num_views: int = 3, seed: int = 0) -> tuple[str, dict[str, bytes]]:
    rgba = np.random.default_rng((seed, number)).integers(0, 256, (num_views, 8, 8, 4), dtype=np.uint8)
    c2w = np.tile(np.eye(4), (num_views, 1, 1)) * np.arange(1, num_views + 1)[:, None, None]
    return f"thing-{number}", encode_object(
        rgba, {"id": f"thing-{number}", "caption": caption, "c2w": c2w.tolist(), "fovy_deg": 40}
    )


def a_set(folder, objects, shard_size: int = 2):
    """Shards if `shard_size`, else folders."""
    if not shard_size:
        for object_id, files in objects:
            write_object(folder, object_id, files)
    else:
        for start in range(0, len(objects), shard_size):
            write_shard(folder / f"views-{start // shard_size:06d}.tar", objects[start : start + shard_size])
    return folder


def things(count: int, **changes) -> list:
    return [an_object(number, **changes) for number in range(count)]


def test_both_forms_hold_the_same(tmp_path):
    shards = index_views(a_set(tmp_path / "shards", things(3)))
    folders = index_views(a_set(tmp_path / "folders", things(3), 0))
    assert [(e.id, e.caption, e.num_views) for e in shards] == [(e.id, e.caption, e.num_views) for e in folders]
    for one, other in zip(shards, folders):
        for a, b in zip(load(one)[:3], load(other)[:3]):
            np.testing.assert_array_equal(a, b)
    rgba, c2w, fovy_deg, caption = load(shards[1], [2, 0])
    assert rgba.shape == (2, 8, 8, 4) and c2w[:, 0, 0].tolist() == [3, 1] and fovy_deg.tolist() == [40, 40]
    assert caption == "a thing"


def test_an_index_of_another_shard_is_not_trusted(tmp_path):
    a_set(tmp_path, things(2))
    shard = tmp_path / "views-000000.tar"
    assert read_shard_index(shard)["sha256"] == views.checksum(shard)
    write_shard(tmp_path / "other.tar", things(3))
    (tmp_path / "other.tar").replace(shard)
    assert read_shard_index(shard) is None and len(index_views(tmp_path)) == 3
    for content in ("", "[]", '{"bytes": "many"}'):
        shard.with_suffix(".json").write_text(content)
        assert read_shard_index(shard) is None


def test_a_shard_never_lies_beside_the_index_of_another(tmp_path, monkeypatch):
    a_set(tmp_path, things(2, caption="one"))
    shard = tmp_path / "views-000000.tar"
    replace_file, seen = os.replace, []

    def watched(source, target):
        replace_file(source, target)
        index = read_shard_index(shard)
        seen.append(index is None or index["sha256"] == views.checksum(shard))

    monkeypatch.setattr("mvdream_cli.atomic.os.replace", watched)
    write_shard(shard, things(2, caption="two"))  # as many bytes as before
    assert seen == [True, True] and [entry.caption for entry in index_views(tmp_path)] == ["two", "two"]


def test_objects_without_pictures_or_meta_data_are_left_out(tmp_path):
    (first, files), (second, _) = things(2)
    write_shard(tmp_path / "views-000000.tar", [(first, files), ("bare", {"json": files["json"]}), (second, {"000.png": b"1"})])
    assert [entry.id for entry in index_views(tmp_path)] == [first]


def test_what_is_broken_is_named(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        index_views(tmp_path / "none")
    with pytest.raises(DataError, match="not a multi-view set"):
        index_views(tmp_path)
    entries = index_views(a_set(tmp_path / "set", things(2), 0))
    (entries[0].path / "001.png").write_bytes(b"no picture")
    (entries[1].path / "meta.json").unlink()
    for entry in entries:
        with pytest.raises(DataError, match=f"object {entry.id} cannot be read"):
            load(entry)
    with pytest.raises(DataError, match="object thing-0 cannot be read"):
        load(replace(entries[0], num_views=4))
    (entries[0].path / "meta.json").write_text('{"c2w": [1, 2], "fovy_deg": 40}')
    with pytest.raises(DataError, match="broken meta data"):
        index_views(tmp_path / "set")
    shard = a_set(tmp_path / "shards", things(2)) / "views-000000.tar"
    shard.write_bytes(shard.read_bytes()[:700])
    with pytest.raises(DataError, match="cut short"):
        index_views(tmp_path / "shards")


@pytest.mark.parametrize("shard_size", [2, 0])
def test_the_identity_is_that_of_the_contents(tmp_path, shard_size):
    entries = index_views(a_set(tmp_path / "set", things(5), shard_size))
    identity = set_identity(entries)
    shutil.copytree(tmp_path / "set", tmp_path / "moved")
    assert set_identity(index_views(tmp_path / "moved")) == identity
    others = [things(4), things(5, caption="another"), [*things(4), an_object(4, seed=1)], things(5, num_views=2)]
    identities = [set_identity(index_views(a_set(tmp_path / str(k), other, shard_size))) for k, other in enumerate(others)]
    assert set_identity(entries[:4]) == identities[0]
    identities += [set_identity(entries[::-1]), set_identity(entries[1:]), set_identity([replace(entries[0], caption="x")])]
    assert len({identity, *identities}) == 8


def test_the_identity_of_shards_needs_no_reading_and_no_index(tmp_path, monkeypatch):
    folder = a_set(tmp_path, things(6))
    entries = index_views(folder)
    identity, read = set_identity(entries), []
    monkeypatch.setattr(views, "checksum", lambda path, checksum=views.checksum: (read.append(path), checksum(path))[1])
    assert set_identity(entries) == identity and not read
    (folder / "views-000001.json").unlink()
    index_path = folder / "views-000002.json"  # as it was written before it held a checksum
    index_path.write_text(
        json.dumps({key: value for key, value in json.loads(index_path.read_text()).items() if key != "sha256"})
    )
    assert set_identity(index_views(folder)) == identity
    assert [path.name for path in read] == ["views-000001.tar", "views-000002.tar"]  # once each
    (folder / "views-000001.tar").unlink()
    with pytest.raises(DataError, match=r"views-000001.tar: cannot be read"):
        set_identity(entries)


def test_shards_are_plain_tar_files_with_the_same_bytes_each_time(tmp_path):
    a_set(tmp_path / "one", things(2)), a_set(tmp_path / "two", things(2))
    shards = [tmp_path / name / "views-000000.tar" for name in ("one", "two")]
    assert shards[0].read_bytes() == shards[1].read_bytes()
    with tarfile.open(shards[0]) as tar:
        assert tar.getnames()[:4] == ["thing-0.000.png", "thing-0.001.png", "thing-0.002.png", "thing-0.json"]
