"""Photographs of a subject: upright, square around the subject, with captions; what is no photograph is passed over."""

import numpy as np
import pytest
import torch
from PIL import Image

from mvdream_cli.data.photographs import MOST_PHOTOGRAPHS, load_photographs
from mvdream_cli.errors import DataError

RED, BLUE = (255, 0, 0), (0, 0, 255)


def halves(width: int, height: int) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    return image


def one(folder, background: float = 1.0, size_px: int = 16) -> torch.Tensor:
    images, _, passed_over = load_photographs(folder, size_px, background)
    assert len(images) == 1 and not passed_over
    return images[0]


def test_the_center_square_of_an_opaque_picture(tmp_path):
    image = Image.new("RGB", (60, 20), (0, 255, 0))
    image.paste(halves(20, 20), (20, 0))
    image.save(tmp_path / "a.png")
    pixels = one(tmp_path)
    assert pixels.shape == (16, 16, 3) and pixels.dtype == torch.float32 and pixels.min() >= 0 and pixels.max() <= 1
    assert pixels[8, 2].tolist() == [1, 0, 0] and pixels[8, 13].tolist() == [0, 0, 1]  # nothing of the green sides


def test_a_picture_is_turned_as_its_camera_was(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn clockwise shows it upright
    halves(32, 32).save(tmp_path / "a.jpg", exif=exif, quality=95)
    pixels = one(tmp_path)
    assert pixels[1, 8, 0] > 0.9 and pixels[14, 8, 2] > 0.9  # red above, blue below


def test_the_square_lies_around_what_alpha_shows(tmp_path):
    image = Image.new("RGBA", (100, 60), (0, 0, 0, 0))
    image.paste((*RED, 255), (70, 10, 90, 30))
    image.save(tmp_path / "a.png")
    pixels = one(tmp_path, background=0.5, size_px=24)
    assert pixels[12, 12].tolist() == [1, 0, 0]
    assert pixels[0, 0].tolist() == pytest.approx([0.5] * 3) and pixels[-1, -1].tolist() == pytest.approx([0.5] * 3)
    assert (pixels[..., 0] > 0.9).float().mean().item() == pytest.approx((1 / 1.2) ** 2, abs=0.06)  # and a margin around it


def test_a_mask_beside_a_picture_is_its_alpha(tmp_path):
    halves(40, 40).save(tmp_path / "a.jpg", quality=95)
    mask = Image.new("L", (20, 20), 0)  # of another size
    mask.paste(255, (0, 0, 10, 20))
    mask.save(tmp_path / "a.mask.png")
    pixels = one(tmp_path, background=0.0)
    assert pixels[..., 2].max() < 0.2 and pixels[..., 0].max() > 0.9  # the blue half is gone


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "I;16", "LA", "1"])
def test_modes_of_pictures(tmp_path, mode):
    if mode == "I;16":
        Image.fromarray(np.full((20, 20), 65535, np.uint16)).save(tmp_path / "a.tiff")
    else:
        Image.new("RGB", (20, 20), (255, 255, 255)).convert(mode).save(tmp_path / ("a.tiff" if mode == "CMYK" else "a.png"))
    assert one(tmp_path, background=0.0).min() > 0.99  # white is white


def test_captions_and_what_is_passed_over(tmp_path):
    halves(20, 20).save(tmp_path / "a.png")
    halves(20, 20).save(tmp_path / "B.JPG")
    (tmp_path / "a.txt").write_text("a red\n  and blue thing \n")
    (tmp_path / "cut.png").write_bytes((tmp_path / "a.png").read_bytes()[:60])
    (tmp_path / "phone.heic").write_bytes(b"1")
    halves(20, 20).save(tmp_path / "moves.gif", save_all=True, append_images=[Image.new("RGB", (20, 20), RED)])
    (tmp_path / "notes.md").write_text("not a picture")
    images, captions, passed_over = load_photographs(tmp_path, 16, 1.0)
    assert images.shape == (2, 16, 16, 3) and captions == [None, "a red and blue thing"]
    assert [sentence.split(":")[0] for sentence in passed_over] == ["cut.png", "moves.gif", "phone.heic"]


def test_folders_that_cannot_be_used(tmp_path):
    with pytest.raises(DataError, match="is no folder"):
        load_photographs(tmp_path / "none", 16, 1.0)
    with pytest.raises(DataError, match="it has no picture files"):
        load_photographs(tmp_path, 16, 1.0)
    (tmp_path / "a.png").write_bytes(b"1")
    with pytest.raises(DataError, match=r"no photograph that can be read \(a.png: cannot be read"):
        load_photographs(tmp_path, 16, 1.0)
    for number in range(MOST_PHOTOGRAPHS):
        (tmp_path / f"{number}.jpg").touch()
    with pytest.raises(DataError, match="take a handful"):
        load_photographs(tmp_path, 16, 1.0)
