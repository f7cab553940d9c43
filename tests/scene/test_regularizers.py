import torch

from mvdream_cli.scene import regularizers
from mvdream_cli.scene.volume_rendering import Render, Samples


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
