"""Pictures of cameras and programs: the first of several, colors by their profile, bits; and what is never opened."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from mvdream_cli.data.photographs import load_photographs
from mvdream_cli.data.pictures import read_picture
from mvdream_cli.errors import DataError
from mvdream_cli.images import load_image

RED, BLUE = (255, 0, 0), (0, 0, 255)


def saved(image: Image.Image, path: Path, **options) -> Path:
    image.save(path, **options)
    return path


def swapped_profile() -> bytes:
    """sRGB's profile with the places of the red and blue primaries exchanged: the picture's red is blue."""
    content = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(content[128:132], "big")
    tags = {bytes(content[132 + 12 * k : 136 + 12 * k]): 132 + 12 * k for k in range(count)}
    red, blue = tags[b"rXYZ"], tags[b"bXYZ"]
    content[red + 4 : red + 12], content[blue + 4 : blue + 12] = content[blue + 4 : blue + 12], content[red + 4 : red + 12]
    return bytes(content)


@pytest.mark.parametrize(("mode", "suffix"), [("RGB", "jpg"), ("RGB", "png"), ("RGBA", "png"), ("P", "png"), ("RGB", "webp")])
def test_colors_are_those_that_the_profile_means(tmp_path, mode, suffix):
    image = Image.new("RGB", (16, 16), (250, 20, 20)).convert(mode)
    path = saved(image, tmp_path / f"a.{suffix}", icc_profile=swapped_profile(), quality=100)
    found, notes = read_picture(path)
    red, green, blue, alpha = np.asarray(found)[8, 8].tolist()
    assert blue > 240 and red < 60 and green < 60 and alpha == 255 and not notes


def test_opacity_stays_and_a_profile_of_srgb_changes_nothing(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 4), dtype=np.uint8)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    found, notes = read_picture(saved(Image.fromarray(pixels), tmp_path / "a.png", icc_profile=srgb))
    assert np.abs(np.asarray(found).astype(int) - pixels).max() <= 1 and not notes
    found, _ = read_picture(saved(Image.fromarray(pixels), tmp_path / "b.png", icc_profile=swapped_profile()))
    assert (np.asarray(found)[..., 3] == pixels[..., 3]).all()


def test_a_broken_profile_is_told_and_the_picture_is_used(tmp_path):
    found, notes = read_picture(saved(Image.new("RGB", (16, 16), RED), tmp_path / "a.png", icc_profile=b"no profile"))
    assert np.asarray(found)[0, 0].tolist() == [255, 0, 0, 255] and "its colors are taken as sRGB" in notes[0]


@pytest.mark.parametrize("name", ["a.jpg", "a.tiff"])
def test_the_first_picture_of_several(tmp_path, name):
    second = Image.new("RGB", (16, 16), BLUE)
    form = {"a.jpg": "MPO", "a.tiff": "TIFF"}[name]
    path = saved(Image.new("RGB", (40, 32), RED), tmp_path / name, format=form, save_all=True, append_images=[second])
    with Image.open(path) as image:
        assert image.n_frames == 2 and image.format == form
    found, notes = read_picture(path)
    assert found.size == (40, 32) and np.asarray(found)[16, 20, 0] > 240 and not notes


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_animations_are_none(tmp_path, name):
    frames = [Image.new("RGB", (16, 16), color) for color in (BLUE, (0, 255, 0))]
    path = saved(Image.new("RGB", (16, 16), RED), tmp_path / name, save_all=True, append_images=frames)
    with pytest.raises(DataError, match=f"{name}: an animation"):
        read_picture(path)


@pytest.mark.parametrize(("top", "bits"), [(4095, "12 bits"), (1000, "10 bits"), (65535, None), (30000, None)])
def test_few_bits_in_sixteen_are_told(tmp_path, top, bits):
    values = np.linspace(0, top, 256).reshape(16, 16).astype(np.uint16)
    found, notes = read_picture(saved(Image.fromarray(values), tmp_path / "a.png"))
    brightest = np.asarray(found)[..., 0].max()
    if bits:
        assert bits in notes[0] and brightest >= 249
    else:
        assert not notes and brightest == int(top * 255 / 65535)


def test_numbers_up_to_one_are_shades(tmp_path):
    found, _ = read_picture(saved(Image.fromarray(np.full((9, 9), 0.5, np.float32)), tmp_path / "a.tiff"))
    assert np.asarray(found)[0, 0].tolist() == [127, 127, 127, 255]


@pytest.mark.parametrize("content", [
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n", b"<svg/>", b"#FIG 3.2\n", b"P6 1 1 255 abc",
])  # fmt: skip
def test_only_what_is_meant_is_opened_whatever_its_name(tmp_path, monkeypatch, content):
    def never(*args, **kwargs):
        raise AssertionError("a program was started")

    monkeypatch.setattr("subprocess.Popen", never)
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(DataError, match=r"a.png: cannot be read \(no picture of a kind that is read"):
        read_picture(tmp_path / "a.png")


def png_of(width: int, height: int) -> bytes:
    """A PNG that declares a size and holds nothing."""
    buffer = io.BytesIO()
    Image.new("1", (8, 8)).save(buffer, "PNG")
    content = bytearray(buffer.getvalue())
    content[16:24] = struct.pack(">II", width, height)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    return bytes(content)


@pytest.mark.parametrize("size", [(8000, 8000), (12_000, 12_000), (65_535, 65_535), (1, 2_000_000_000)])
def test_more_pixels_than_a_small_machine_can_hold_are_refused_before_they_are_decoded(tmp_path, monkeypatch, size):
    (tmp_path / "a.png").write_bytes(png_of(*size))
    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", lambda self: pytest.fail("it was decoded"))
    for read in (read_picture, load_image):
        with pytest.raises(DataError, match=r"a.png: cannot be read .*(pixels are more than|decompression bomb)") as raised:
            read(tmp_path / "a.png")
        assert "\n" not in str(raised.value)


def test_a_large_jpeg_is_decoded_smaller(tmp_path, monkeypatch):
    monkeypatch.setattr("mvdream_cli.images.MOST_PIXELS", 100 * 100)
    image = Image.new("RGB", (180, 160), RED)
    assert read_picture(saved(image, tmp_path / "a.jpg", quality=95))[0].size == (90, 80)
    assert load_image(tmp_path / "a.jpg").shape == (80, 90, 4) and load_image(tmp_path / "a.jpg")[40, 40, 0] > 240
    for name, options in (("b.jpg", {"progressive": True}), ("c.png", {})):  # a progressive one is held whole on the way
        with pytest.raises(DataError, match="180 x 160 pixels are more"):
            read_picture(saved(image, tmp_path / name, **options))


def test_what_is_no_regular_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    (tmp_path / "b.png").symlink_to("/dev/zero")
    (tmp_path / "c.png").mkdir()
    for name, kind in (("a.png", "named pipe"), ("b.png", "a device"), ("c.png", "a folder"), ("d.png", "No such file")):
        for read in (read_picture, load_image):
            with pytest.raises(DataError, match=f"{name}: cannot be read .*{kind}"):
                read(tmp_path / name)


def test_a_huge_profile_is_told_and_broken_exif_is_passed_over(tmp_path):
    found, notes = read_picture(saved(Image.new("RGB", (16, 16), RED), tmp_path / "a.webp", icc_profile=bytes(5 << 20)))
    assert "5242880 bytes and is not used" in notes[0] and np.asarray(found)[0, 0, 0] > 240
    exif = b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(range(256)) * 8
    assert read_picture(saved(Image.new("RGB", (16, 16), RED), tmp_path / "b.jpg", exif=exif))[0].size == (16, 16)


def test_what_one_should_know_of_a_folder_is_told(tmp_path):
    Image.new("RGB", (20, 20), RED).save(tmp_path / "good.png")
    Image.new("RGB", (1, 1), RED).save(tmp_path / "pixel.png")
    Image.new("RGB", (200, 20), RED).save(tmp_path / "strip.png")
    Image.new("RGBA", (200, 20), (255, 0, 0, 0)).save(tmp_path / "cutout.png")  # a subject on nothing may have any shape
    (tmp_path / "more").mkdir()
    Image.new("RGB", (20, 20), RED).save(tmp_path / "more" / "deep.JPG")
    (tmp_path / "notes").mkdir()
    (tmp_path / "good.txt").write_bytes(b"\xef\xbb\xbfa photo of sks dog\r\n")
    (tmp_path / "strip.txt").write_text(" \n")
    images, captions, told = load_photographs(tmp_path, 16, 1.0)
    assert len(images) == 3 and captions == [None, "a photo of sks dog", None]
    assert len(told) == 3 and "pictures in its folders (more) are not read" in told[0]
    assert "pixel.png: has 1 x 1 pixels" in told[1] and "strip.png: 200 x 20 is a strip" in told[2]
