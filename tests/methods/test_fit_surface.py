"""What a network sees of an object moves to where the views show it."""

import pytest
import torch

from mvdream_cli.cameras import get_rays
from mvdream_cli.errors import ObjectError
from mvdream_cli.mesh.from_distance import distance_surface
from mvdream_cli.methods.fit_surface import RESOLUTIONS, fit_surface
from mvdream_cli.methods.posed_views import sampled_views
from mvdream_cli.scene.distance import DistanceGrid, nodes
from mvdream_cli.settings.resolve import resolve

OPTIONS = resolve("cpu", ["to3d.fit.rays=1024", "to3d.reconstruction.fit_steps=30"]).to3d
SHOWN = 0.5  # radius of the ball in the views


def views():
    """A red ball over middle gray, 48 px."""
    c2w, fovy_deg = (getattr(sampled_views(torch.rand(4, 48, 48, 3), OPTIONS.views), name) for name in ("c2w", "fovy_deg"))
    rays_o, rays_d = get_rays(c2w, fovy_deg, 48, 48)
    missed = torch.linalg.cross(rays_o, torch.nn.functional.normalize(rays_d, dim=-1)).norm(dim=-1, keepdim=True) > SHOWN
    return sampled_views(torch.where(missed, torch.tensor(0.5), torch.tensor([0.8, 0.1, 0.1])), OPTIONS.views)


def ball(radius):
    """On the lattice of the grid that is fitted."""
    points = nodes(RESOLUTIONS[-1], torch.device("cpu"))
    return DistanceGrid(points.norm(dim=-1) - radius, torch.tensor([0.8, 0.1, 0.1]).expand_as(points))


def test_a_thin_part_that_no_view_shows_goes_and_the_rest_stays():
    alone, points = ball(SHOWN), nodes(RESOLUTIONS[-1], torch.device("cpu"))
    height = points[0, 0, 70, 2]
    above = points[..., 2] > height - 0.01
    sheet = torch.where(points[..., :2].abs().amax(-1) < 0.3, (points[..., 2] - height).abs() - 0.001, 1.0)
    seen = alone._replace(distance=torch.minimum(alone.distance, sheet))
    assert (seen.distance[above] < 0).sum() > 300
    fitted = fit_surface(seen, views(), OPTIONS, device="cpu", seed=0)
    assert (fitted.distance[above] < 0).sum() < 30
    far = alone.distance.abs() > 0.01
    assert torch.equal((fitted.distance < 0)[far & ~above], (alone.distance < 0)[far & ~above])
    assert torch.equal(fitted.colors, seen.colors)
    again = fit_surface(seen, views(), OPTIONS, device="cpu", seed=0)
    assert torch.equal(again.distance, fitted.distance)


def test_whatever_field_the_settings_name():
    hashed = resolve("cpu", ["to3d.field.kind=mlp", "to3d.fit.rays=256", "to3d.reconstruction.fit_steps=2"]).to3d
    assert fit_surface(ball(0.5), views(), hashed, device="cpu", seed=0).distance.shape == (80,) * 3


def test_an_empty_object_is_told():
    with pytest.raises(ObjectError, match="empty"):
        distance_surface(fit_surface(ball(-0.5), views(), OPTIONS, device="cpu", seed=0))
