import math

import pytest
import torch

from mvdream_cli.cameras import get_rays, orbit_views
from mvdream_cli.scene import regularizers
from mvdream_cli.scene.regularizers import center_depth, emptiness
from mvdream_cli.scene.sampling import place_samples
from mvdream_cli.scene.volume_rendering import Render, Samples, render
from mvdream_cli.scene.voxel_field import InLatents, VoxelField


def _render(weights, t, normals=None) -> Render:
    """Two rays along +x with two samples each; weights and t are (2, 2)."""
    rays = torch.tensor([0, 0, 1, 1])
    directions = torch.tensor([[1.0, 0.0, 0.0]]).expand(4, 3)
    samples = Samples(rays, t.reshape(-1), weights.reshape(-1), directions, normals)
    return Render(torch.zeros(2, 3), weights.sum(1), (weights * t).sum(1), None, samples)


def test_orientation_counts_only_normals_that_face_away():
    weights = torch.tensor([[0.5, 0.5], [0.0, 0.0]], requires_grad=True)
    normals = torch.tensor([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]], requires_grad=True)
    loss = regularizers.orientation(_render(weights, torch.ones(2, 2), normals))
    torch.testing.assert_close(loss, torch.tensor(0.5))  # one ray hit, half of its weight faces away
    loss.backward()
    assert weights.grad is None and normals.grad.abs().sum() > 0


def test_depth_varies_by_what_stops_a_ray_before_and_behind_its_mean():
    weights = torch.tensor([[0.25, 0.75], [0.5, 0.0]], requires_grad=True)
    t = torch.tensor([[1.0, 3.0], [2.0, 5.0]])
    loss = regularizers.depth_variance(_render(weights, t))
    torch.testing.assert_close(loss, torch.tensor((0.25 * 1.5**2 + 0.75 * 0.5**2) / 2))  # the other ray is stopped in one place
    loss.backward()
    torch.testing.assert_close(weights.grad, torch.tensor([[1.125, 0.125], [0.0, 4.5]]))  # the mean itself has no say
    empty = torch.zeros(2, 2, requires_grad=True)
    regularizers.depth_variance(_render(empty, t)).backward()
    assert torch.isfinite(empty.grad).all()


def test_opacity_losses_have_their_minima_where_they_should():
    opacity = torch.linspace(0, 1, 11)
    assert torch.stack([regularizers.opacity_entropy(o) for o in opacity]).argmax() == 5
    torch.testing.assert_close(regularizers.sparsity(torch.zeros(4)), torch.tensor(0.1))
    assert regularizers.sparsity(torch.ones(4)) > 1.0


def test_total_variation_of_a_ramp():
    ramp = torch.arange(4.0).view(1, 1, 1, 1, 4).expand(1, 2, 4, 4, 4)
    torch.testing.assert_close(regularizers.total_variation(ramp), torch.tensor(1.0))
    assert regularizers.total_variation(torch.ones(1, 2, 3, 3, 3)) == 0


def test_total_variation_and_its_gradient_equal_the_plain_sum():
    grid = torch.randn(1, 2, 4, 5, 6, dtype=torch.float64, requires_grad=True)
    plain = sum(grid.diff(dim=dim).square().mean() for dim in (2, 3, 4))
    (wanted,) = torch.autograd.grad(3 * plain, grid)
    (found,) = torch.autograd.grad(3 * regularizers.total_variation(grid), grid)
    torch.testing.assert_close(regularizers.total_variation(grid), plain)
    torch.testing.assert_close(found, wanted)


def test_emptiness_is_the_mean_over_all_samples():
    """Against its slow twin: every sample of every ray, those that weigh nothing among them."""
    field, rays = VoxelField(3, 4), get_rays(orbit_views(1, 10.0, distance=3.0), 70.0, 6, 6)
    out = render(InLatents(field), *rays, background=torch.zeros(3), samples_per_ray=16, min_weight=0.0)
    place = place_samples(rays[0].reshape(-1, 3), rays[1].reshape(-1, 3), 16)
    points = rays[0].reshape(-1, 3)[place.rays, None] + rays[1].reshape(-1, 3)[place.rays, None] * place.t[..., None]
    alpha = 1 - torch.exp(-field.density(points) * place.width)
    weights = torch.zeros(36, 16)
    weights[place.rays] = alpha * torch.cat([torch.ones(len(alpha), 1), (1 - alpha).cumprod(1)[:, :-1]], 1)
    assert len(place.rays) < 36
    torch.testing.assert_close(emptiness(out, 16), torch.log(1 + 10 * weights).mean(), atol=1e-5, rtol=1e-3)
    emptiness(out, 16).backward()
    assert field.grid.grad[0, 0].max() > 0  # less density, less loss


def test_what_is_in_the_middle_should_be_nearer():
    def loss(middle, border):
        opacity = torch.full((1, 64, 64), border)
        opacity[:, 7:57, 7:57] = middle
        opacity.requires_grad_(True)
        out = Render(None, opacity, 2.0 * opacity, None, None)  # what is covered is 2 away, the rest 10
        found = center_depth(out)
        found.backward()
        return found.item(), opacity.grad

    found, gradient = loss(1.0, 0.0)
    assert found == pytest.approx(-math.log(10 - 2))
    found, gradient = loss(0.5, 0.25)
    assert found == pytest.approx(-math.log((10 - 8 * 0.25) - (10 - 8 * 0.5)), rel=1e-4)
    assert (gradient[0, 32, 32] < 0) and (gradient[0, 2, 2] > 0)  # cover the middle, uncover the border
    found, gradient = loss(0.0, 1.0)
    assert math.isfinite(found) and gradient.abs().max() == 0
