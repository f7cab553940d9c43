import numpy as np
import pytest
import torch

from mvdream_cli.data.sources import AssetSource
from mvdream_cli.errors import DataError
from mvdream_cli.images import save_image
from mvdream_cli.methods.reference_set import read_set, render_true, set_fingerprint
from mvdream_cli.methods.view_store import ViewStore
from mvdream_toybox.world import build, draw_spec


def test_a_rendered_set_is_read_with_evenly_spaced_views(view_set):
    count, found = read_set(view_set, 2, 16)
    found = list(found)
    assert count == len(found) == 8 and all(views.shape == (2, 16, 16, 3) for views in found)
    four = next(read_set(view_set).views)
    torch.testing.assert_close(next(read_set(view_set, 2).views), four[[0, 2]])


def test_pictures_and_strips_are_sets_too(tmp_path):
    save_image(tmp_path / "a.png", np.full((10, 16, 3), 100, np.uint8))
    assert next(read_set(tmp_path).views).shape == (1, 10, 10, 3)  # the middle square
    ViewStore(tmp_path / "run" / "cache" / "views", 1).write(0, torch.rand(4, 8, 8, 3))
    assert next(read_set(tmp_path / "run").views).shape == (4, 8, 8, 3)
    with pytest.raises(DataError, match="holds neither"):
        read_set(tmp_path / "nothing")


def test_true_renders_show_the_object_before_gray(tmp_path):
    spec = draw_spec(0, 0)
    store = ViewStore(tmp_path, 1)
    render_true([AssetSource("toy", lambda: build(spec), "a toy")], store, 4, 32)
    views = store.read(0)
    assert views.shape == (4, 32, 32, 3)
    corners = views[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    torch.testing.assert_close(corners, torch.full_like(corners, 0.5), atol=0.01, rtol=0)
    assert ((views - 0.5).abs().amax(-1) > 0.05).flatten(1).any(1).all()


def test_a_set_that_changed_has_another_fingerprint(tmp_path):
    save_image(tmp_path / "a.png", np.zeros((4, 4, 3), np.uint8))
    before = set_fingerprint(tmp_path)
    assert before == set_fingerprint(tmp_path)
    save_image(tmp_path / "a.png", np.full((4, 4, 3), 9, np.uint8))
    assert before != set_fingerprint(tmp_path)
