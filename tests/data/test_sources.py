"""Sources: captions of a folder, and the identity of an asset with all that it refers to."""

import errno
import json
import os
import shutil
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image

from mvdream_cli.data.listing import each_rendered, sources_from_folder
from mvdream_cli.data.render_set import render_dataset
from mvdream_cli.data.sources import AssetSource, caption_from_name, caption_rows
from mvdream_cli.data.views import index_views, load
from mvdream_cli.errors import DataError
from mvdream_cli.raycast.assets import referenced_files
from mvdream_cli.raycast.mesh import Mesh

TEXTURED_OBJ = "mtllib a.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 1 1\nusemtl m\nf 1/1 2/2 3/3\n"
TRIANGLE_GLTF = {
    "asset": {"version": "2.0"},
    "buffers": [{"uri": "a.bin", "byteLength": 4}],
    "images": [{"uri": "my%20paint.png"}, {"uri": "data:image/png;base64,AAAA"}, {"bufferView": 0}],
}


@dataclass(frozen=True)
class Shape:
    """Stands in for the spec of a toy."""

    size: float
    colors: tuple[str, ...] = ("red",)


def make(shape):
    return shape


def identity(path: Path) -> str:
    return AssetSource("a", path, "a thing").identity()


def test_captions_of_a_folder(tmp_path):
    for name in ("RedCar_02.glb", "b.glb", "sub/c.obj"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        trimesh.creation.box().export(tmp_path / name)
    (tmp_path / "b.txt").write_text("a blue\nbox\n")
    row = {"file": "sub/c.obj", "caption": "a grey box", "licence": "CC0-1.0", "source": "here"}
    (tmp_path / "captions.jsonl").write_text(json.dumps(row) + "\n")
    sources = sources_from_folder(tmp_path)
    captions = {source.id: source.caption for source in sources}
    assert captions == {"RedCar_02": "red car", "b": "a blue box", "sub-c": "a grey box"}
    assert sources[2].about == {"source": "here", "licence": "CC0-1.0"}
    assert caption_from_name("0042") == "0042"


@pytest.mark.parametrize(
    ("stem", "caption"),
    [
        ("Ko\u010dka", "ko\u010dka"),
        ("e\u0301te\u0301_02", "\u00e9t\u00e9"),  # written with accents of their own
        ("B\u00edl\u00e1Ko\u010dka", "b\u00edl\u00e1 ko\u010dka"),
        ("\u7ea2\u8272\u6c7d\u8f66-1", "\u7ea2\u8272\u6c7d\u8f66"),
        (
            "\u041a\u0440\u0430\u0441\u043d\u044b\u0439\u041c\u044f\u0447",
            "\u043a\u0440\u0430\u0441\u043d\u044b\u0439 \u043c\u044f\u0447",
        ),
        ("GLTFCar", "gltfcar"),
        ("0042", "0042"),
    ],
)
def test_captions_of_names_keep_their_letters(stem, caption):
    assert caption_from_name(stem) == caption


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be-marked", "cp1252"])
def test_captions_in_the_encodings_of_editors(tmp_path, encoding):
    caption = "un caf\u00e9 bleu"
    content = b"\xfe\xff" + caption.encode("utf-16-be") if encoding.startswith("utf-16-be") else caption.encode(encoding)
    trimesh.creation.box().export(tmp_path / "a.glb")
    (tmp_path / "a.txt").write_bytes(content)
    assert sources_from_folder(tmp_path)[0].caption == caption
    if encoding != "cp1252":
        row = json.dumps({"file": "a.glb", "caption": caption}, ensure_ascii=False)
        mark = b"\xfe\xff" if encoding.startswith("utf-16-be") else b""
        (tmp_path / "captions.jsonl").write_bytes(mark + row.encode("utf-16-be" if mark else encoding))
        (tmp_path / "a.txt").unlink()
        assert sources_from_folder(tmp_path)[0].caption == caption


def test_rows_are_matched_where_their_meaning_is_plain_and_the_rest_is_told(tmp_path):
    rows = {
        "./a.glb": "dot", "B.glb": "case", "c": "no suffix", "d.glb": None, "sub\\e.glb": "backslash",
        "e\u0301te\u0301.glb": "accents", "missing.glb": "not there", " f.glb ": "blanks",
    }  # fmt: skip
    (tmp_path / "sub").mkdir()
    for name in ("a", "b", "c", "d", "sub/e", "\u00e9t\u00e9", "f"):
        trimesh.creation.box().export(tmp_path / f"{name}.glb")
    lines = [json.dumps({"file": name, "caption": caption}, ensure_ascii=False) for name, caption in rows.items()]
    (tmp_path / "captions.jsonl").write_bytes("\r\n".join(lines).encode("utf-8-sig"))
    said = []
    captions = {s.load.relative_to(tmp_path).as_posix(): s.caption for s in sources_from_folder(tmp_path, say=said.append)}
    assert captions == {
        "a.glb": "dot", "b.glb": "b", "c.glb": "c", "d.glb": "d", "sub/e.glb": "backslash", "\u00e9t\u00e9.glb": "accents",
        "f.glb": "blanks",
    }  # fmt: skip
    assert len(said) == 2 and "3 of 8 rows match no asset" in said[0] and "1 of 8 rows have no caption: 'd.glb'" in said[1]
    for name in ("'B.glb' (there is 'b.glb')", "'c' (there is 'c.glb')", "'missing.glb'"):
        assert name in said[0]


def test_line_separators_inside_a_caption_are_no_new_lines(tmp_path):
    (tmp_path / "captions.jsonl").write_text('{"file": "a.glb", "caption": "a\u2028b"}\n', encoding="utf-8")
    assert caption_rows(tmp_path / "captions.jsonl")["a.glb"]["caption"] == "a\u2028b"
    (tmp_path / "captions.jsonl").write_bytes(b'{"file": "caf\xe9.glb"}')
    with pytest.raises(DataError, match="save it as UTF-8"):
        caption_rows(tmp_path / "captions.jsonl")


def test_links_to_folders_are_followed_once(tmp_path):
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    (root / "real").mkdir(parents=True)
    elsewhere.mkdir()
    for path in (root / "real" / "a.glb", elsewhere / "b.glb"):
        trimesh.creation.box().export(path)
    (root / "linked").symlink_to(elsewhere)
    (root / "again").symlink_to(elsewhere)
    (root / "real" / "up").symlink_to(root)
    (root / "another").symlink_to(root / "real")
    (elsewhere / "self").symlink_to(elsewhere)
    assert [s.id for s in sources_from_folder(root)] == ["again-b", "real-a"]


def test_ids_of_names_with_accents_are_told_apart_by_their_letters(tmp_path):
    for name in ("Ko\u010dka", "Kolo", "\u7ea2", "\u8272"):
        trimesh.creation.box().export(tmp_path / f"{name}.glb")
    assert [s.id for s in sources_from_folder(tmp_path)] == ["Kolo", "Kocka", "object", "object-2"]


def test_what_cannot_be_used_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(DataError, match="object id"):
        AssetSource("a.b", make, "dots would split the member's name")
    with pytest.raises(DataError, match="no such folder or list"):
        sources_from_folder(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no .glb, .gltf, .obj files"):
        sources_from_folder(tmp_path)
    (tmp_path / "captions.jsonl").write_text('{"file": "a.glb"}\n\n["a.glb"]\n')
    with pytest.raises(DataError, match=r"captions.jsonl:3: .*mend the line"):
        caption_rows(tmp_path / "captions.jsonl")


def test_names_that_make_one_id_stay_apart(tmp_path):
    for name in ("a b.obj", "a+b.obj", "a-b.obj"):
        trimesh.creation.box().export(tmp_path / name)
    assert [source.id for source in sources_from_folder(tmp_path)] == ["a-b", "a-b-2", "a-b-3"]


def test_the_identity_covers_contents_and_words_but_not_the_place(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.glb").write_bytes(trimesh.creation.box().export(file_type="glb"))
    source = AssetSource("a", tmp_path / "one" / "a.glb", "a thing")
    assert source.identity() == identity(tmp_path / "two" / "a.glb")
    others = [replace(source, id="b"), replace(source, caption="b"), replace(source, about={"licence": "CC0"})]
    (tmp_path / "two" / "a.glb").write_bytes(trimesh.creation.icosphere().export(file_type="glb"))
    others.append(replace(source, load=tmp_path / "two" / "a.glb"))
    others.append(replace(source, load=tmp_path / "nothing.glb"))
    assert len({source.identity(), *(other.identity() for other in others)}) == 6


def test_the_identity_of_a_callable_is_that_of_its_arguments():
    small, large = (AssetSource("a", partial(make, Shape(size)), "a thing") for size in (1.0, 2.0))
    assert small.identity() == AssetSource("a", partial(make, Shape(1.0)), "a thing").identity() != large.identity()
    assert replace(small, made_from="seed 1").identity() != replace(small, made_from="seed 2").identity()
    nameless = AssetSource("a", lambda: None, "a thing")  # nothing says what it makes: never taken for what is kept
    assert nameless.identity() != nameless.identity()


def test_the_identity_covers_the_files_of_gltf(tmp_path):
    path = tmp_path / "a.gltf"
    path.write_text(json.dumps(TRIANGLE_GLTF))
    seen = [identity(path)]
    for name in ("a.bin", "my paint.png"):
        for content in (b"1234", b"1235"):
            (tmp_path / name).write_bytes(content)
            seen.append(identity(path))
    (tmp_path / "stranger.png").write_bytes(b"1")
    assert identity(path) == seen[-1] and len(set(seen)) == 5
    chunk = json.dumps(TRIANGLE_GLTF).encode()  # the same in the binary form, which may refer to files too
    head = b"glTF" + (2).to_bytes(4, "little") + (20 + len(chunk)).to_bytes(4, "little") + len(chunk).to_bytes(4, "little")
    (tmp_path / "a.glb").write_bytes(head + b"JSON" + chunk)
    assert [file.name for file in referenced_files(tmp_path / "a.glb")] == ["a.bin", "my paint.png"]


def test_the_identity_covers_the_files_of_obj(tmp_path):
    path = tmp_path / "a.obj"
    path.write_text(TEXTURED_OBJ)
    seen = [identity(path)]
    for color in ("red", "blue"):
        (tmp_path / "a.mtl").write_text(f"newmtl m # {color}\nmap_Kd tex tures/paint.png\r\n")
        seen.append(identity(path))
    (tmp_path / "tex tures").mkdir()
    for color in ("red", "blue"):
        Image.new("RGB", (2, 2), color).save(tmp_path / "tex tures" / "paint.png")
        seen.append(identity(path))
    assert len(set(seen)) == 5
    assert [file.name for file in referenced_files(path)] == ["a.mtl", "paint.png"]


def test_broken_models_refer_to_nothing_and_have_an_identity(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    os.mkfifo(folder / "pipe")
    os.mkfifo(folder / "pipe.obj")
    (tmp_path / "secret.bin").write_bytes(b"1")
    (folder / "loop").symlink_to("loop")
    uris = ["pipe", "../secret.bin", "/dev/zero", ".", "", "http://127.0.0.1:9/x", "a" * 5000, "\0", "loop", 5, None, "%00"]
    (folder / "uris.gltf").write_text(json.dumps({"buffers": [{"uri": uri} for uri in uris]}))
    (folder / "deep.gltf").write_text("[" * 100_000)
    for name, content in {
        "list.gltf": b"[]", "items.gltf": b'{"images": 3, "buffers": [4]}', "cut.gltf": b"{", "binary.gltf": b"\xff\xfe\x00",
        "empty.glb": b"", "cut.glb": b"glTF\2\0\0\0", "long.glb": b"glTF" + b"\xff" * 12 + b"JSON{}",
        "pipe2.obj": b"mtllib pipe\nmtllib ../secret.bin\nmtllib\nmtllib \xff\n",
    }.items():  # fmt: skip
        (folder / name).write_bytes(content)
    for path in [*folder.iterdir(), folder / "none.obj"]:
        assert referenced_files(path) == [], path
        assert len(identity(path)) == 64


def test_names_in_other_encodings_and_broken_lines_are_found(tmp_path):
    (tmp_path / "gr\xfcn.mtl").write_text("newmtl m\n")
    for name, line in {"latin": b"mtllib gr\xfcn.mtl\n", "broken": "mtllib gr\\\n\xfcn.mtl\n".encode()}.items():
        (tmp_path / f"{name}.obj").write_bytes(line)
        assert [file.name for file in referenced_files(tmp_path / f"{name}.obj")] == ["gr\xfcn.mtl"]


def test_an_unreadable_file_counts_as_such(tmp_path, monkeypatch):
    path = tmp_path / "a.obj"
    path.write_text(TEXTURED_OBJ)
    whole = identity(path)

    def refuse(path):
        raise PermissionError(13, "no")

    monkeypatch.setattr("mvdream_cli.data.sources.checksum", refuse)
    assert identity(path) != whole
    monkeypatch.undo()
    shutil.copy(path, tmp_path / "b.obj")
    assert identity(tmp_path / "b.obj") == whole


def test_each_object_can_be_rendered_several_times_with_other_cameras_and_light(tmp_path):
    sources = [AssetSource(f"box-{k}", partial(_box, 1.0 + k), f"box {k}") for k in range(2)]
    many = each_rendered(sources, 3)
    assert [s.id for s in many] == [f"box-{k}{end}" for k in range(2) for end in ("", "-render-2", "-render-3")]
    assert [s.caption for s in many] == ["box 0"] * 3 + ["box 1"] * 3 and each_rendered(sources, 1) == sources
    render_dataset(many, tmp_path, num_views=4, size_px=16, workers=1)
    first, second, third = (load(entry) for entry in index_views(tmp_path)[:3])
    assert len({float(found[2][0]) for found in (first, second, third)}) == 3  # field of view
    assert not np.array_equal(first[0], second[0])
    render_dataset(sources, tmp_path / "once", num_views=4, size_px=16, workers=1)
    assert np.array_equal(load(index_views(tmp_path / "once")[0])[0], first[0])


def _box(length: float) -> Mesh:
    part = trimesh.creation.box((length, 1.0, 1.0))
    return Mesh.from_part(part.vertices, part.faces, np.full((len(part.vertices), 3), 0.5))


@pytest.mark.parametrize("suffix", [".txt", ".jsonl"])
def test_a_list_of_assets_gives_their_order_and_their_captions(tmp_path, suffix):
    assets = tmp_path / "elsewhere"
    for name in ("b.glb", "sub/a.obj", "e\u0301.glb", "unlisted.glb"):
        (assets / name).parent.mkdir(parents=True, exist_ok=True)
        trimesh.creation.box().export(assets / name)
    (assets / "b.txt").write_text("a blue box")
    files = ["elsewhere/sub/a.obj", str(assets / "b.glb"), "./elsewhere/missing.glb", "elsewhere/e\u0301.glb"]
    rows = [{"file": name} | ({"caption": "told", "licence": "CC0"} if k == 0 else {}) for k, name in enumerate(files)]
    lines = [name if suffix == ".txt" else json.dumps(row) for name, row in zip(files, rows)]
    path = tmp_path / f"list{suffix}"
    path.write_text("\n".join(lines) + "\n\n", encoding="utf-8")
    said = []
    sources = sources_from_folder(path, say=said.append)
    told = "told" if suffix == ".jsonl" else "a"
    assert [source.caption for source in sources] == [told, "a blue box", "missing", "\u00e9"] and not said
    assert sources[3].load.is_file() and not sources[2].load.is_file() and sources[0].id == "elsewhere-sub-a"
    assert len(sources) == 4 and [s.id for s in sources[1:3]] == [sources[1].id, sources[-2].id]
    assert render_dataset(sources, tmp_path / "set", num_views=4, size_px=16, workers=0).rendered == 3
    path.write_text("notes.md\n" if suffix == ".txt" else '{"file": "notes.md"}\n')
    with pytest.raises(DataError, match="'notes.md' is no 3D model"):
        sources_from_folder(path)


def test_names_that_are_no_text_stop_nothing(tmp_path):
    name = os.fsdecode(b"caf\xe9")
    try:
        trimesh.creation.box().export(tmp_path / f"{name}.glb")
        (tmp_path / f"{name}2.glb").write_bytes(b"broken")
    except OSError as error:
        if error.errno not in (errno.EILSEQ, errno.EINVAL):
            raise
        pytest.skip("this file system takes text only")
    (tmp_path / "captions.jsonl").write_text(
        '{"file": "caf\\udce9.glb", "caption": "x"}\n{"file": "\\ud800", "caption": "x"}\n'
    )
    report = render_dataset(sources_from_folder(tmp_path, say=str), tmp_path / "set", num_views=4, size_px=16, workers=0)
    assert report.rendered == 1 and len(report.skipped) == 1 and index_views(tmp_path / "set")[0].caption == "x"
