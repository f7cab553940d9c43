"""Objects that are not whole, in shards and folders: left out by name, and the others are used."""

import io
import json
import os
import tarfile

import numpy as np
import pytest
from PIL import Image

from mvdream_cli.data.shards import meta_check, read_shard_index, scan_shard, write_shard
from mvdream_cli.data.soundness import sound_objects
from mvdream_cli.data.views import encode_object, index_views, load, write_object
from mvdream_cli.errors import DataError
from mvdream_cli.images import check_picture


def an_object(name: str, num_views: int = 4, size_px: int = 8, form: str = "png", **meta) -> tuple[str, dict[str, bytes]]:
    rgba = np.random.default_rng(len(name)).integers(0, 256, (num_views, size_px, size_px, 4), dtype=np.uint8)
    c2w = np.tile(np.eye(4), (num_views, 1, 1)) * np.arange(1, num_views + 1)[:, None, None]
    files = encode_object(rgba, {"id": name, "caption": f"a {name}", "c2w": c2w.tolist(), "fovy_deg": 40, **meta})
    if form != "png":
        for k in range(num_views):
            buffer = io.BytesIO()
            Image.fromarray(rgba[k, ..., :3]).save(buffer, "JPEG", quality=100)
            del files[f"{k:03d}.png"]
            files[f"{k:03d}.{form}"] = buffer.getvalue()
    return name, files


def a_set(folder, *objects, form: str = "shards", index: bool = True):
    folder.mkdir(parents=True, exist_ok=True)
    if form == "folder":
        for name, files in objects:
            write_object(folder, name, files)
    else:
        write_shard(folder / "views-000000.tar", objects)
        if not index:  # it is scanned when it is read
            (folder / "views-000000.json").unlink()
    return folder


def read(folder) -> tuple[list[str], dict[str, str]]:
    """Ids of the objects that are used; ids and reasons of those that are left out."""
    left_out = {}
    entries = sound_objects(index_views(folder, left_out.__setitem__), left_out.__setitem__)
    return [entry.id for entry in entries], left_out


def without(item: tuple[str, dict], *names: str) -> tuple[str, dict]:
    return item[0], {name: content for name, content in item[1].items() if name not in names}


@pytest.mark.parametrize("form", ["shards", "folder"])
def test_a_missing_picture_does_not_shift_the_others_to_its_camera(tmp_path, form):
    objects = an_object("one"), without(an_object("two"), "001.png"), an_object("three")
    folder = a_set(tmp_path, *objects, form=form, index=False)
    used, left_out = read(folder)
    assert sorted(used) == ["one", "three"] and list(left_out) == ["two"]
    assert "3 pictures for 4 cameras" in left_out["two"] and "views 1 are missing" in left_out["two"]


def test_objects_without_pictures_meta_data_or_with_pictures_twice(tmp_path):
    one, two = an_object("one"), an_object("two")
    twice = ("three", {**an_object("three")[1], "001.jpg": b"1"})
    pictures = [f"00{k}.png" for k in range(4)]
    a_set(tmp_path, one, ("bare", without(two, *pictures)[1]), without(two, "json"), twice, index=False)
    used, left_out = read(tmp_path)
    assert used == ["one"] and set(left_out) == {"bare", "two", "three"}
    assert (
        "no pictures" in left_out["bare"]
        and "no meta data" in left_out["two"]
        and "two pictures of view 1" in left_out["three"]
    )


def test_members_with_a_folder_before_their_names(tmp_path):
    """As `tar cf views.tar .` and macOS write them."""
    with tarfile.open(tmp_path / "views-000000.tar", "w") as tar:
        for name, files in (an_object("one"), an_object("two")):
            for member, content in files.items():
                for full in (f"./{name}.{member}", f"./._{name}.{member}"):
                    info = tarfile.TarInfo(full)
                    info.size = len(content)
                    tar.addfile(info, io.BytesIO(content))
    used, left_out = read(tmp_path)
    assert used == ["one", "two"] and not left_out
    assert load(index_views(tmp_path)[1])[3] == "a two"


@pytest.mark.parametrize("form", ["shards", "folder"])
def test_pictures_may_be_jpeg(tmp_path, form):
    folder = a_set(tmp_path, an_object("one", form="jpg"), an_object("three", form="jpeg"), form=form)
    entries = sound_objects(index_views(folder))
    rgba = load(entries[0], [3, 0])[0]
    assert rgba.shape == (2, 8, 8, 4) and (rgba[..., 3] == 255).all() and len(entries) == 2
    expected = np.random.default_rng(3).integers(0, 256, (4, 8, 8, 4), dtype=np.uint8)[[3, 0], ..., :3]
    assert abs(rgba[..., :3].mean() - expected.mean()) < 5


def test_those_that_differ_from_most_are_left_out(tmp_path):
    odd = [an_object("few", num_views=2), an_object("small", size_px=6), an_object("many", num_views=8)]
    used, left_out = read(a_set(tmp_path, an_object("one"), *odd, an_object("three")))
    assert used == ["one", "three"] and set(left_out) == {"few", "small", "many"}
    assert "2 pictures of 8 x 8 px, and most others have 4 pictures of 8 x 8 px" in left_out["few"]


@pytest.mark.parametrize("form", ["shards", "folder"])
def test_pictures_of_one_object_that_differ_in_size(tmp_path, form):
    mixed = ("two", {**an_object("two")[1], "002.png": an_object("x", size_px=6)[1]["002.png"]})
    folder = a_set(tmp_path, an_object("one"), mixed, form=form, index=False)
    used, left_out = read(folder)
    assert used == ["one"] and "differ in size" in left_out["two"]


@pytest.mark.parametrize("form", ["shards", "folder"])
@pytest.mark.parametrize("where", ["picture", "meta"])
def test_a_flipped_byte_is_found_whatever_it_hits(tmp_path, form, where):
    """Also in the middle of a picture's pixels, and in a digit of a camera: decoders and JSON do not see it."""
    folder = a_set(tmp_path, an_object("one"), an_object("three"), form=form)
    path = (
        folder / "views-000000.tar"
        if form == "shards"
        else folder / "three" / ("002.png" if where == "picture" else "meta.json")
    )
    content = bytearray(path.read_bytes())
    start = content.rindex(b"a three") if form == "shards" else 0
    if where == "meta":
        position = content.index(b"2.0", start) if form == "shards" else content.index(b"2.0")
        content[position] = ord("7")
    else:
        position = content.rindex(b"IDAT") + 20
        content[position] ^= 1
    path.write_bytes(content)
    used, left_out = read(folder)
    assert used == ["one"] and list(left_out) == ["three"], left_out
    for entry in index_views(folder):
        if entry.id == "three":  # as the index has it, which was not read again
            with pytest.raises(DataError, match="object three cannot be read"):
                load(entry)


def test_a_shard_that_is_cut_short_keeps_what_lies_before(tmp_path):
    folder = a_set(tmp_path, an_object("one"), an_object("two"), an_object("three"))
    shard = folder / "views-000000.tar"
    entries = index_views(folder)
    shard.write_bytes(shard.read_bytes()[: entries[1].spans[2][0] + 10])
    used, left_out = read(folder)
    assert used == ["one"] and "cut short" in left_out["two"]
    shard.write_bytes(b"x" * 700)
    with pytest.raises(DataError, match="broken shard"):
        index_views(folder)


@pytest.mark.parametrize("content", [
    '{"bytes": %d, "objects": 3}', '{"bytes": %d, "objects": [{}]}', '{"bytes": %d, "objects": [{"id": 1}]}', "[]", "{", "",
    '{"bytes": %d, "objects": [{"id": "a", "caption": "", "meta": [0, 9], "views": [[0, 99999999]]}]}',
    '{"bytes": %d, "objects": [{"id": "a", "caption": "", "meta": [0, -9], "views": [[-5, 9]]}]}',
])  # fmt: skip
def test_a_broken_index_is_passed_over(tmp_path, content):
    folder = a_set(tmp_path, an_object("one"), an_object("two"))
    shard = folder / "views-000000.tar"
    shard.with_suffix(".json").write_text(content.replace("%d", str(shard.stat().st_size)))
    assert read_shard_index(shard) is None and read(folder) == (["one", "two"], {})


def test_a_shard_as_written_is_not_read_again(tmp_path, monkeypatch):
    folder = a_set(tmp_path, an_object("one"), an_object("two"))
    checked = []
    monkeypatch.setattr("mvdream_cli.data.soundness.check_picture", checked.append)
    read(folder)
    assert not checked  # the index tells the size
    index = folder / "views-000000.json"
    later = index.stat().st_mtime_ns + 1_000_000
    os.utime(folder / "views-000000.tar", ns=(later, later))
    read(folder)
    assert len(checked) == 8


def test_meta_data_that_make_no_sense(tmp_path):
    bad = {
        "flat": {"c2w": [1, 2]}, "empty": {"c2w": []}, "nan": {"c2w": np.full((4, 4, 4), np.nan).tolist()},
        "caption": {"caption": ["a"]}, "fovy": {"fovy_deg": [1, 2, 3]}, "text": {"c2w": "x"},
    }  # fmt: skip
    for form in ("shards", "folder"):
        folder = a_set(tmp_path / form, an_object("one"), form=form)
        for name, meta in bad.items():
            _, files = an_object(name)
            meta = json.loads(files["json"]) | meta
            files["json"] = json.dumps(meta | {"check": meta_check(meta)}).encode()
            if form == "folder":
                write_object(folder, name, files)
            else:
                write_shard(folder / f"views-{name}.tar", [(name, files)])
        used, left_out = read(folder)
        assert used == ["one"]
        assert set(left_out) == set(bad) if form == "folder" else all("broken meta data" in r for r in left_out.values())


def test_nothing_usable_says_why(tmp_path):
    a_set(tmp_path, without(an_object("one"), "000.png"), index=False)
    with pytest.raises(DataError, match=r"no object that can be used \(one: .*3 pictures for 4 cameras"):
        index_views(tmp_path)
    said = []
    assert scan_shard(tmp_path / "views-000000.tar", lambda *what: said.append(what)) == [] and len(said) == 1


def test_every_chunk_of_a_png_is_compared():
    whole = an_object("one")[1]["000.png"]
    check_picture(whole), check_picture(b"\xff\xd8 a JPEG has no checksums")
    for position in (20, len(whole) // 2, len(whole) - 14):
        broken = bytearray(whole)
        broken[position] ^= 4
        with pytest.raises(ValueError, match="not what was written|cut short"):
            check_picture(bytes(broken))
    with pytest.raises(ValueError, match="cut short"):
        check_picture(whole[:-5])
