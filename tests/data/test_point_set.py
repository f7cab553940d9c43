import numpy as np
import pytest

from mvdream_cli.data.point_set import PointSet
from mvdream_cli.data.render_set import render_dataset
from mvdream_cli.data.views import index_views, load, load_points, set_identity
from mvdream_cli.errors import DataError


def stream(folder, **options):
    return PointSet(index_views(folder), **{"views": 4, "seed": 3, "batch_size": 2} | options)


def test_points_lie_beside_the_views(point_set):
    entries = index_views(point_set)
    told = load_points(entries[0])
    assert told.points.shape == (300, 3) and told.distance.shape == (300,) and told.colors.dtype == np.float16
    assert (told.distance < 0).any() and (told.distance > 0).any() and np.abs(told.distance).max() <= 0.1
    assert not np.array_equal(told.points, load_points(entries[1]).points)


def test_every_object_comes_once_before_any_comes_twice(point_set):
    drawn = stream(point_set, batch_size=5).batch(1)
    assert len({caption for (caption,) in drawn.captions}) == 5
    assert drawn.rgba.shape == (5, 4, 32, 32, 4) and drawn.points.points.shape == (5, 300, 3) and drawn.fovy_deg.shape == (5,)
    azimuth = np.arctan2(drawn.c2w[0, :, 1, 3], drawn.c2w[0, :, 0, 3])
    np.testing.assert_allclose(np.cos(np.diff(azimuth)), 0, atol=1e-5)  # views a quarter of a turn apart


def test_a_step_is_a_function_of_its_number(point_set):
    first, second = stream(point_set), stream(point_set)
    second.batch(0)
    for name in ("rgba", "c2w", "fovy_deg"):
        assert np.array_equal(getattr(first.batch(4), name), getattr(second.batch(4), name))
    assert np.array_equal(first.batch(4).points.points, second.batch(4).points.points)
    assert first.batch(4).captions != first.batch(5).captions


def test_the_form_of_folders_and_their_identity(point_set, tmp_path):
    from conftest import toy_sources

    for name, points in (("with", 300), ("without", 0), ("more", 301)):
        render_dataset(toy_sources(2), tmp_path / name, num_views=8, size_px=32, points=points, workers=1, form="folder")
    shards, folders = index_views(point_set)[:2], index_views(tmp_path / "with")
    assert all(np.array_equal(load_points(a).points, load_points(b).points) for a, b in zip(shards, folders))
    assert np.array_equal(load(shards[0])[0], load(index_views(tmp_path / "without")[0])[0])  # the views are what they were
    assert len({set_identity(index_views(tmp_path / name)) for name in ("with", "without", "more")}) == 3


def test_a_set_without_points_is_refused_with_the_way_out(view_set, point_set):
    with pytest.raises(DataError, match=r"holds no points; render the set again with --set data.points=6144"):
        stream(view_set)
    with pytest.raises(DataError, match="holds 8 views of an object; 12 are asked for"):
        stream(point_set, views=12)
