import json

import numpy as np
import pytest
import torch
from PIL import Image

from mvdream_cli.cameras import orbit_views
from mvdream_cli.errors import DataError
from mvdream_cli.methods.posed_views import read_posed_views, sampled_views, views_identity
from mvdream_cli.settings.to3d import SampledViews

OPTIONS = SampledViews(fovy_deg=37.5, distance=1.2)


def picture(size=(40, 40), alpha=True, inside=(200, 30, 30), outside=(255, 255, 255)):
    """A square before nothing, or before an even background; size: width, height."""
    image = np.zeros((size[1], size[0], 4), np.uint8)
    image[..., :3], image[..., 3] = outside, 0 if alpha else 255
    image[10:-10, 10:-10] = (*inside, 255)
    return Image.fromarray(image if alpha else image[..., :3])


def write(folder, count=4, cameras=None, names="view-00-{:02d}.png", **options):
    folder.mkdir(exist_ok=True)
    for k in range(count):
        picture(**options).save(folder / names.format(k))
    c2w = orbit_views(4, 15.0).tolist()
    (folder / "cameras.json").write_text(json.dumps({"c2w": c2w} if cameras is None else cameras))
    return folder


def test_what_sample_views_writes_is_read_as_sampled(tmp_path):
    views = read_posed_views(write(tmp_path), OPTIONS)
    expected = sampled_views(views.images, OPTIONS)
    torch.testing.assert_close(views.c2w, expected.c2w)
    torch.testing.assert_close(views.fovy_deg, expected.fovy_deg)
    assert views.images.shape == (4, 40, 40, 3) and views.masks[:, 10:30, 10:30].all() and views.masks.float().mean() == 0.25
    assert torch.allclose(views.images[:, 0, 0], torch.tensor(0.5))  # gray behind, as in training


def test_an_even_background_becomes_gray_and_a_box_sets_the_scale(tmp_path):
    c2w = orbit_views(4, 15.0, distance=30.0)
    c2w[:, :3, 3] += torch.tensor([5.0, 0, 0])
    told = {"c2w": c2w.tolist(), "fovy_deg": [30, 31, 32, 33], "center": [5, 0, 0], "half_side": 10}
    told["images"] = [f"{k}.png" for k in range(4)]
    views = read_posed_views(write(tmp_path, cameras=told, alpha=False, names="{}.png"), OPTIONS)
    torch.testing.assert_close(views.c2w, orbit_views(4, 15.0, distance=3.0), atol=1e-5, rtol=0)
    assert views.fovy_deg.tolist() == [30, 31, 32, 33]
    assert torch.allclose(views.images[:, 0, 0], torch.tensor(0.5)) and views.images[0, 20, 20, 0] > 0.7


def test_wide_pictures_are_made_square(tmp_path):
    told = {"c2w": orbit_views(4, 15.0, distance=3.0).tolist(), "fovy_deg": 40}
    views = read_posed_views(write(tmp_path, cameras=told, size=(80, 40)), OPTIONS)
    assert views.images.shape == (4, 80, 80, 3) and views.masks.sum() == 4 * 20 * 60
    half = torch.tan(torch.deg2rad(views.fovy_deg / 2)) / torch.tan(torch.deg2rad(torch.tensor(20.0)))
    torch.testing.assert_close(half, torch.full((4,), 2.0))


def test_the_identity_follows_pictures_and_cameras(tmp_path):
    first = views_identity(write(tmp_path))
    assert views_identity(tmp_path) == first
    picture(inside=(1, 2, 3)).save(tmp_path / "view-00-01.png")
    assert views_identity(tmp_path) != first


C2W = orbit_views(4, 15.0).tolist()


@pytest.mark.parametrize(
    ("count", "cameras", "says"),
    [
        (4, [], 'object with "c2w"'),
        (4, {"c2w": [[1, 2], [3, 4]]}, "c2w must be finite numbers"),
        (3, {"c2w": C2W}, "3 pictures, but cameras.json holds 4"),
        (1, {"c2w": C2W[:1]}, "at least 2"),
        (4, {"c2w": (np.array(C2W) * 2).tolist()}, "rotations without scale"),
        (4, {"c2w": C2W, "images": ["a.png"] * 4}, "a.png"),
        (0, {"c2w": C2W}, "no pictures"),
        (4, {"c2w": C2W, "fovy_deg": "wide"}, "fovy_deg"),
        (4, {"c2w": C2W, "fovy_deg": 40, "half_side": 0}, "half_side"),
    ],
)
def test_bad_input_is_one_sentence(count, cameras, says, tmp_path):
    with pytest.raises(DataError, match=says) as caught:
        read_posed_views(write(tmp_path, count, cameras), OPTIONS)
    assert str(tmp_path) in str(caught.value)


def test_missing_cameras_and_pictures_that_differ(tmp_path):
    folder = write(tmp_path / "views")
    picture(size=(50, 50)).save(folder / "view-00-02.png")
    with pytest.raises(DataError, match="differ in size .*view-00-02.png 50x50"):
        read_posed_views(folder, OPTIONS)
    (folder / "cameras.json").unlink()
    with pytest.raises(DataError, match="cameras.json is missing"):
        read_posed_views(folder, OPTIONS)
    with pytest.raises(DataError, match="no such folder"):
        read_posed_views(tmp_path / "nowhere", OPTIONS)
    empty = write(tmp_path / "empty")
    Image.new("RGBA", (40, 40)).save(empty / "view-00-03.png")
    with pytest.raises(DataError, match="view-00-03.png: shows no object"):
        read_posed_views(empty, OPTIONS)
