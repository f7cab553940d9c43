"""Captioned pictures: files and img2dataset's shards, whatever is missing among them."""

import io
import json
import tarfile

import numpy as np
import pytest
import torch
from PIL import Image

from mvdream_cli.data.captioned_images import images_identity, index_images, load_picture
from mvdream_cli.data.latent_files import LatentFiles
from mvdream_cli.errors import DataError
from mvdream_cli.parts import Part
from mvdream_cli.texts import caption_of


def picture(color, size=(40, 24), form="JPEG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, color).save(buffer, format=form)
    return buffer.getvalue()


def shard(path, members: dict[str, bytes]):
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def img2dataset(path):
    """As it writes one: the third picture could not be fetched, and only its texts are there."""
    members = {}
    for k, color in enumerate(("red", "lime", None, "blue")):
        members[f"{k:09d}.json"] = json.dumps({"caption": f"picture {k}", "status": "success" if color else "failed"}).encode()
        members[f"{k:09d}.txt"] = f"picture {k}".encode()
        if color:
            members[f"{k:09d}.jpg"] = picture(color)
    return shard(path, members)


def test_a_shard_of_img2dataset(tmp_path):
    img2dataset(tmp_path / "00000.tar")
    (tmp_path / "00000.parquet").write_bytes(b"what else it writes")
    found, left_out = index_images(tmp_path)
    assert [p.caption for p in found] == ["picture 0", "picture 1", "picture 3"] and len(left_out) == 1
    assert "000000002 has no picture" in left_out[0]
    rgba, c2w = load_picture(found[1], 16)
    assert rgba.shape == (1, 16, 16, 4) and c2w is None and rgba[0, 8, 8, 1] > 240 > 20 > rgba[0, 8, 8, 0]


def test_files_with_texts_beside_them_in_any_folder(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "a.png").write_bytes(picture("red", form="PNG"))
    (tmp_path / "a.txt").write_bytes("\ufeffa  red\n thing".encode())
    (tmp_path / "inner" / "b.JPG").write_bytes(picture("blue"))
    (tmp_path / "inner" / "b.json").write_text(json.dumps({"caption": "a blue thing"}))
    (tmp_path / "inner" / "c.jpg").write_bytes(picture("blue"))
    found, left_out = index_images(tmp_path)
    assert [(p.id, p.caption) for p in found] == [("a", "a red thing"), ("b", "a blue thing")]
    assert len(left_out) == 1 and "c.jpg has no caption" in left_out[0]


def test_members_with_dots_before_their_names_are_the_same(tmp_path):
    shard(tmp_path / "x.tar", {"./k.jpg": picture("red"), "./k.txt": b"a red thing"})
    assert [(p.id, p.caption) for p in index_images(tmp_path)[0]] == [("k", "a red thing")]


def test_the_middle_square_is_taken(tmp_path):
    pixels = np.zeros((10, 30, 3), np.uint8)
    pixels[:, 10:20] = 255
    Image.fromarray(pixels).save(tmp_path / "a.png")
    (tmp_path / "a.txt").write_text("x")
    rgba, _ = load_picture(index_images(tmp_path)[0][0], 20)
    assert (rgba[..., :3] == 255).all()


@pytest.mark.parametrize("kind", ["nothing", "no captions", "no pictures", "broken pictures", "cut short", "no folder"])
def test_what_cannot_be_read_is_refused_before_anything_is_encoded(tmp_path, kind):
    folder = tmp_path / "pictures"
    if kind != "no folder":
        folder.mkdir()
    if kind == "no captions":
        (folder / "a.jpg").write_bytes(picture("red"))
    if kind == "no pictures":
        shard(folder / "0.tar", {"a.txt": b"x", "a.json": b"{}"})
    if kind == "broken pictures":
        (folder / "a.jpg").write_bytes(b"no picture")
        (folder / "a.txt").write_text("x")
    if kind == "cut short":
        whole = img2dataset(folder / "0.tar").read_bytes()
        (folder / "0.tar").write_bytes(whole[:1500])
    with pytest.raises(DataError) as error:
        index_images(folder)
    assert str(folder) in str(error.value) and "\n" not in str(error.value)


def test_a_picture_that_breaks_later_is_left_out_by_name(tmp_path, tiny):
    for name, content in (("a", picture("red")), ("b", picture("blue", (300, 300))[:400]), ("c", picture("blue"))):
        (tmp_path / f"{name}.jpg").write_bytes(content)
        (tmp_path / f"{name}.txt").write_text(f"picture {name}")
    found, _ = index_images(tmp_path)
    files = LatentFiles(
        tiny, found, tmp_path / "latents", identity=images_identity(found), grays=lambda _: np.ones(1), law="white",
        batch_size=2, read=lambda p: load_picture(p, 32),
    )  # fmt: skip
    told = files.make()
    assert len(told) == 1 and "picture b cannot be read" in told[0]
    drawn, _, captions = files.latents(0).draw(0, Part(0, 5, 5), 1)
    assert drawn.shape == (5, 4, 8, 8) and set(captions) == {"picture a", "picture c"}
    assert torch.isfinite(drawn).all()


def test_the_identity_follows_contents_and_captions(tmp_path):
    (tmp_path / "a.jpg").write_bytes(picture("red"))
    (tmp_path / "a.txt").write_text("x")
    identities = [images_identity(index_images(tmp_path)[0])]
    (tmp_path / "a.txt").write_text("y")
    identities.append(images_identity(index_images(tmp_path)[0]))
    (tmp_path / "a.jpg").write_bytes(picture("blue"))
    identities.append(images_identity(index_images(tmp_path)[0]))
    assert len(set(identities)) == 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_texts_are_decoded_by_their_byte_order_mark(encoding):
    assert caption_of(" Kočka\n été ".encode(encoding)) == "Kočka été"
