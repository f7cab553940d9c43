import torch

from mvdream_cli.scene.background import NeuralBackground, random_background, spherical_harmonics


def test_the_harmonics_are_orthonormal():
    torch.manual_seed(0)
    directions = torch.nn.functional.normalize(torch.randn(200_000, 3, dtype=torch.float64), dim=-1)
    basis = spherical_harmonics(directions)
    gram = 4 * torch.pi * basis.T @ basis / len(basis)
    torch.testing.assert_close(gram, torch.eye(9, dtype=torch.float64), atol=0.03, rtol=0)


def test_the_surroundings_are_colors_that_can_be_learnt():
    torch.manual_seed(0)
    network = NeuralBackground()
    directions = torch.nn.functional.normalize(torch.randn(2, 5, 5, 3), dim=-1)
    colors = network(directions)
    assert colors.shape == (2, 5, 5, 3) and colors.min() > 0 and colors.max() < 1
    colors.sum().backward()
    assert all(p.grad.abs().max() > 0 for p in network.parameters())
    assert sum(p.numel() for p in network.parameters()) == 9 * 16 + 16 * 16 + 16 * 3


def test_one_random_color():
    torch.manual_seed(0)
    assert random_background("color").unique().numel() == 3
    assert random_background("gray").unique().numel() == 1
    assert (random_background("middle gray") == 0.5).all()
