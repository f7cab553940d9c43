import numpy as np

from mvdream_cli.images import composite, grid, load_image, save_image


def test_save_and_load_round_trip(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (7, 5, 4), np.uint8)
    path = save_image(tmp_path / "new" / "a.png", image)
    assert np.array_equal(load_image(path), image)
    assert [p.name for p in path.parent.iterdir()] == ["a.png"]  # nothing temporary stays


def test_grid_fills_rows_and_whitens_the_rest():
    images = np.stack([np.full((2, 3, 3), k, np.uint8) for k in (10, 20, 30)])
    sheet = grid(images, 2)
    assert sheet.shape == (4, 6, 3)
    assert sheet[0, 4, 0] == 20 and sheet[3, 0, 0] == 30 and sheet[3, 5, 0] == 255


def test_composite_is_straight_alpha():
    rgba = np.array([[[255, 0, 0, 255], [255, 0, 0, 0], [200, 100, 0, 51]]], np.uint8)
    out = composite(rgba, 0.5)
    np.testing.assert_allclose(out[0, 0], [1, 0, 0])
    np.testing.assert_allclose(out[0, 1], [0.5, 0.5, 0.5])
    np.testing.assert_allclose(out[0, 2], np.array([200, 100, 0]) / 255 * 0.2 + 0.4, atol=1e-6)
