"""The camera law of the training views."""

import io
from functools import partial

import numpy as np
import pytest
import trimesh
from PIL import Image

from mvdream_cli.cameras import orbit
from mvdream_cli.data.render_object import RenderSettings, render_object
from mvdream_cli.data.sources import AssetSource
from mvdream_cli.data.training_cameras import BORDER, CameraDistribution, draw_training_cameras, object_rng, whole_distance
from mvdream_cli.raycast.mesh import Mesh


def test_draws_follow_the_paper():
    draws = [draw_training_cameras(object_rng(0, f"object-{index}"), 8) for index in range(2000)]
    elevation_deg, fovy_deg, distance = np.array([draw[1:] for draw in draws]).T
    relative = distance * np.tan(np.deg2rad(fovy_deg) / 2) / 0.5
    for values, low, high in ((fovy_deg, 15, 60), (elevation_deg, 0, 30), (relative, 0.9, 1.1)):
        span = high - low
        assert low <= values.min() < low + 0.01 * span and high - 0.01 * span < values.max() <= high
        assert values.mean() == pytest.approx((low + high) / 2, abs=0.03 * span)
    assert draws[0][0].tolist() == [0, 45, 90, 135, 180, 225, 270, 315]


def test_the_draw_belongs_to_the_seed_and_the_id():
    azimuth_deg, elevation_deg, fovy_deg, distance = draw_training_cameras(object_rng(7, "dog-12"), 4)
    assert azimuth_deg.tolist() == [0, 90, 180, 270]
    assert (elevation_deg, fovy_deg, distance) == pytest.approx((25.082152, 30.908355, 1.643037), abs=1e-5)
    assert draw_training_cameras(object_rng(7, "dog-12"), 4)[1:] == (elevation_deg, fovy_deg, distance)
    assert draw_training_cameras(object_rng(8, "dog-12"), 4)[1] != elevation_deg
    assert draw_training_cameras(object_rng(7, "dog-13"), 4)[1] != elevation_deg


def test_nothing_is_cut_off_at_the_border():
    """The corners of the box need the most room; where the law leaves less, the camera goes back just as far as needed."""
    corners = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
    azimuth_deg = np.array([20.0, 110.0, 200.0, 290.0], np.float32)
    distance = whole_distance(corners, azimuth_deg, 15.0, 37.5)
    c2w = orbit(azimuth_deg, 15.0, distance).numpy().astype(np.float64)
    points = np.einsum("vij,vnj->vni", np.linalg.inv(c2w)[:, :3, :3], corners - c2w[:, None, :3, 3])
    places = np.abs(points[..., :2]) / -points[..., 2:] / np.tan(np.deg2rad(37.5) / 2)  # 1 at the border
    assert places.max() == pytest.approx(1 - 2 * BORDER, abs=1e-4)


@pytest.mark.parametrize("law", [CameraDistribution(), CameraDistribution((37.5, 37.5), (15.0, 15.0), (1.2, 1.2))])
def test_views_of_bulky_objects_keep_clear_of_the_border(law):
    settings = RenderSettings(4, 48, 4, 0, law)
    for k in range(8):
        size = np.random.default_rng(k).uniform(0.6, 1.0, 3)
        box = trimesh.creation.box(size)
        source = AssetSource(f"box-{k}", partial(Mesh.from_part, box.vertices, box.faces, np.full((8, 3), 0.5)), "a box")
        files = render_object(source, "", settings)
        for index in range(4):
            alpha = np.asarray(Image.open(io.BytesIO(files[f"{index:03d}.png"])))[..., 3]
            assert alpha.any() and not (alpha[[0, -1]].any() or alpha[:, [0, -1]].any())
