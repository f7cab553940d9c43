import torch

from mvdream_cli.scene.fitting import border_color, draw_pixels, foreground_mask, photometric_loss, pixel_weights


def disc(size=32, radius=10):
    """One view: a red disc with a gray hole over gray, lightly noisy; (1, S, S, 3), and where the disc is."""
    torch.manual_seed(0)
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    distance = ((y - size / 2) ** 2 + (x - size / 2) ** 2).sqrt()
    image = 0.5 + 0.02 * torch.randn(size, size, 3)
    image[(distance < radius) & (distance > 3)] = torch.tensor([0.9, 0.1, 0.1])
    image[2, 2] = 0.0  # a lone pixel
    return image[None], distance < radius


def test_the_mask_is_the_object_with_its_holes_and_without_noise():
    image, inside = disc()
    assert torch.allclose(border_color(image), torch.full((1, 3), 0.5), atol=0.02)
    mask = foreground_mask(image, border_color(image))[0]
    assert (mask != inside).float().mean() < 0.02 and not mask[2, 2]


def test_the_rim_counts_nothing_and_the_background_more():
    image, inside = disc()
    mask = foreground_mask(image, border_color(image))
    weights = pixel_weights(mask, 6.0, 2)
    assert weights[0, 16, 16] == 1 and weights[0, 0, 0] == 6
    assert (weights == 0).any() and mask[weights == 0].all() and (weights[~mask] == 6).all()
    assert (pixel_weights(mask, 6.0, 0)[mask] == 1).all()


def test_pixels_are_drawn_on_the_object_too():
    image, _ = disc(radius=7)
    mask = foreground_mask(image, border_color(image))
    foreground = mask.flatten().nonzero()[:, 0]
    pixel = draw_pixels(foreground, mask.numel(), 1000, foreground_fraction=0.3)
    assert 0.3 <= mask.flatten()[pixel].float().mean() < 0.5
    assert draw_pixels(foreground[:0], mask.numel(), 10).shape == (10,)


def test_the_loss_is_weighted():
    rgb, target = torch.zeros(2, 3), torch.tensor([[1.0, 1.0, 1.0], [0.05, 0.05, 0.05]])
    whole = photometric_loss(rgb, target, torch.ones(2))
    assert torch.isclose(whole, torch.tensor((0.95 + 0.5 * 0.05**2 / 0.1) / 2))
    assert photometric_loss(rgb, target, torch.tensor([0.0, 1.0])) < 0.01
