import math

import pytest
import torch

from mvdream_cli.cameras import MIRRORED, mirrored_cameras
from mvdream_cli.errors import UsageError
from mvdream_cli.methods.make_object import reconstructs
from mvdream_cli.methods.posed_views import PosedViews, sampled_views
from mvdream_cli.methods.reconstruct import Reconstruction
from mvdream_cli.methods.text_to_3d import TextTo3D, views_to_fit
from mvdream_cli.models.load import load_pipeline
from mvdream_cli.models.reconstructor import Reconstructor
from mvdream_cli.settings.resolve import resolve

OPTIONS = resolve("cpu", ["to3d.field.resolutions=[8,32]"]).to3d


@pytest.fixture(scope="session")
def network(reconstructing_folder):
    return load_pipeline(str(reconstructing_folder)).reconstructor


def views(size=32) -> PosedViews:
    return sampled_views(torch.full((4, size, size, 3), 0.3), OPTIONS.views)


def test_distances_are_those_of_the_world(network):
    """The network has learnt a ball of radius 0.3 in objects of side 1: 0.6 in the world."""
    seen = Reconstruction(network, views())
    directions = torch.nn.functional.normalize(torch.randn(100, 3), dim=-1)
    for radius, expected in ((0.6, 0.0), (0.5, -0.1), (0.7, 0.1)):
        assert abs(float(seen(radius * directions)[0].mean()) - expected) < 0.06
    assert seen(directions)[1].shape == (100, 3)


def test_points_are_asked_in_blocks_and_pictures_scaled(network):
    seen, points = Reconstruction(network, views()), torch.rand(50, 3)
    whole = seen(points)
    seen.block = 7
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(seen(points), whole))
    larger = Reconstruction(network, views(size=64))(points)
    torch.testing.assert_close(larger[0], whole[0], atol=1e-4, rtol=0)  # pictures of one color


def test_the_mirrored_views_are_asked_too(network):
    """Against each of both alone; left and right are then alike to an untrained network too."""
    torch.manual_seed(0)
    odd = Reconstructor.from_config(network.config)
    seen = views()._replace(images=torch.rand(4, 32, 32, 3))
    turned = seen._replace(images=seen.images.flip(2), c2w=mirrored_cameras(seen.c2w))
    points, other_side = torch.rand(50, 3) * 2 - 1, torch.tensor(MIRRORED)
    distance, colors = Reconstruction(odd, seen, mirror=False)(points)
    mirrored_distance, mirrored_colors = Reconstruction(odd, turned, mirror=False)(points * other_side)
    assert (distance - mirrored_distance).abs().max() > 1e-3
    found = Reconstruction(odd, seen)(points)
    smaller, larger = torch.minimum(distance, mirrored_distance), torch.maximum(distance, mirrored_distance)
    torch.testing.assert_close(found[0], 0.75 * smaller + 0.25 * larger, atol=1e-6, rtol=1e-4)
    torch.testing.assert_close(found[1], (colors + mirrored_colors) / 2)
    torch.testing.assert_close(Reconstruction(odd, turned)(points * other_side), found, atol=1e-6, rtol=1e-4)


def test_distillation_goes_on_from_what_is_seen(network):
    seen = Reconstruction(network, views()).grid(32)
    made = TextTo3D(OPTIONS, None, views_to_fit(views(), OPTIONS), device="cpu")
    assert made.fit_steps == OPTIONS.fit.steps
    made.begin_with(seen)
    assert made.fit_steps == 0
    points = torch.rand(2000, 3) * 2 - 1
    inside, density = points.norm(dim=-1) < 0.5, made.field.density(points)
    assert density[inside].min() > 5 and density[points.norm(dim=-1) > 0.75].max() < 0.1
    hashed = resolve("cpu", ["to3d.field.kind=mlp"]).to3d
    other = TextTo3D(hashed, None, views_to_fit(views(), hashed), device="cpu")
    other.begin_with(seen)
    assert other.fit_steps == hashed.fit.steps  # no dense grid: the views are fitted


def test_who_reconstructs(tiny, reconstructing_folder, tmp_path):
    able = load_pipeline(str(reconstructing_folder))

    def settings(method):
        return resolve("cpu", [f"to3d.method={method}"])

    assert reconstructs(settings("both"), able, None) and reconstructs(settings("reconstruct"), able, None)
    assert not reconstructs(settings("views"), able, None) and not reconstructs(settings("both"), tiny, None)
    with pytest.raises(UsageError, match="has no reconstructor; train one"):
        reconstructs(settings("reconstruct"), tiny, None)
    assert not reconstructs(settings("reconstruct"), tiny, tmp_path)  # pictures are fitted, and it is said


def test_sampled_views_have_the_cameras_of_the_settings():
    distance = OPTIONS.views.distance / math.tan(math.radians(OPTIONS.views.fovy_deg) / 2)
    posed = views()
    torch.testing.assert_close(posed.c2w[:, :3, 3].norm(dim=-1), torch.full((4,), distance))
    assert posed.c2w[0, 0, 3] > 0 and posed.fovy_deg.tolist() == [OPTIONS.views.fovy_deg] * 4
