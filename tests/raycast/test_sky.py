"""Skies and panoramas."""

import numpy as np
import pytest

from mvdream_cli.errors import DataError
from mvdream_cli.raycast.environment import HEIGHT, WIDTH, directions, solid_angles
from mvdream_cli.raycast.sky import draw_sky, read_hdr, read_panorama, sky

HEAD = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y %d +X %d\n"


def rgbe(pixels: np.ndarray) -> np.ndarray:
    mantissa, exponent = np.frexp(pixels.max(-1))
    scale = np.where(pixels.max(-1) > 0, mantissa * 256 / np.maximum(pixels.max(-1), 1e-30), 0)
    color = (pixels * scale[..., None]).astype(np.uint8)
    return np.concatenate([color, np.where(scale > 0, exponent + 128, 0).astype(np.uint8)[..., None]], -1)


def hdr(pixels: np.ndarray, encoded: bool) -> bytes:
    height, width, _ = pixels.shape
    content = HEAD % (height, width)
    if not encoded:
        return content + rgbe(pixels).tobytes()
    for row in rgbe(pixels):
        content += bytes([2, 2, width >> 8, width & 255])
        for channel in row.T:
            content += bytes([128 + 3, channel[0]]) if len(set(channel[:3])) == 1 else bytes([3, *channel[:3]])
            for start in range(3, width, 100):
                content += bytes([len(channel[start : start + 100]), *channel[start : start + 100]])
    return content


@pytest.mark.parametrize("encoded", [False, True])
def test_radiance_pictures_are_read(encoded):
    pixels = np.random.default_rng(0).lognormal(0, 2, (8, 130, 3)).astype(np.float32)
    pixels[0, 0], pixels[3, :3] = 0, 2.5
    found = read_hdr(hdr(pixels, encoded))
    assert found.shape == pixels.shape and (np.abs(found - pixels) <= pixels.max(-1, keepdims=True) / 100).all()


def test_a_panorama_keeps_its_light_and_its_directions(tmp_path):
    pixels = np.full((2 * HEIGHT, 2 * WIDTH, 3), 0.5, np.float32)
    pixels[20:22, 10:12] = 500.0  # a lamp high up, near the left border
    (tmp_path / "a.hdr").write_bytes(hdr(pixels, False))
    found = read_panorama(tmp_path / "a.hdr")
    assert found.shape == (HEIGHT, WIDTH, 3) and found[10, WIDTH - 1 - 5, 0] == pytest.approx(500, rel=0.01)
    assert np.delete(found.reshape(-1, 3), 10 * WIDTH + WIDTH - 6, 0).max() < 0.51


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no Radiance picture"), (b"P6 1 1", "no Radiance picture"), (HEAD % (4, 16) + b"\x02\x02\x00", "mixed"),
        (HEAD % (4, 16) + bytes([2, 2, 0, 16, 200, 1]), "longer than its row"), (HEAD % (99999, 99999), "99999 x 99999 pixels"),
        (hdr(np.ones((8, 130, 3)), True)[:-9], "cut short"), (hdr(np.zeros((8, 130, 3)), True), "no light"),
    ],
)  # fmt: skip
def test_what_is_no_panorama_is_refused_in_a_sentence(tmp_path, content, says):
    (tmp_path / "a.hdr").write_bytes(content)
    with pytest.raises(DataError, match=f"a.hdr: cannot be read .*{says}.*; give panoramas"):
        read_panorama(tmp_path / "a.hdr")


def test_the_sun_has_its_place_and_its_share():
    toward = (0.6, 0.0, 0.8)
    white = np.ones(3)
    level = solid_angles() * np.maximum(directions()[..., 2], 0)
    without, small, wide = (
        sky(white, white, 1.0, 0.3 * white, toward, r, s, white) for r, s in ((0.1, 0), (0.05, 0.5), (0.4, 0.5))
    )
    for radiance in (small, wide):
        assert (radiance[..., 0] * level).sum() == pytest.approx(2 * (without[..., 0] * level).sum(), rel=1e-6)
        brightest = np.unravel_index(radiance[..., 0].argmax(), (HEIGHT, WIDTH))
        assert directions()[brightest] @ toward > np.cos(0.4)
    assert small.max() > 10 * wide.max() and (without[HEIGHT // 2 :] == 0.3).all()


def test_skies_differ_and_come_again():
    skies = [draw_sky(np.random.default_rng(seed)) for seed in (0, 1, 1)]
    assert (skies[1] == skies[2]).all() and np.abs(skies[0] - skies[1]).mean() > 0.05
    assert all(np.isfinite(radiance).all() and radiance.min() > 0 for radiance in skies)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_exr_files_are_read_where_openexr_is_installed(tmp_path, dtype):
    openexr = pytest.importorskip("OpenEXR")
    pixels = np.full((HEIGHT, WIDTH, 3), 0.5, dtype)
    pixels[10, 5] = 500
    header = {"compression": openexr.ZIP_COMPRESSION, "type": openexr.scanlineimage}
    openexr.File(header, {"RGB": pixels}).write(str(tmp_path / "a.exr"))
    found = read_panorama(tmp_path / "a.exr")
    assert found[10, WIDTH - 6, 0] == 500 and np.median(found) == 0.5
    (tmp_path / "b.exr").write_bytes(b"no picture")
    with pytest.raises(DataError, match="b.exr: cannot be read .*; give panoramas"):
        read_panorama(tmp_path / "b.exr")
