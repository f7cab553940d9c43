import torch
import torch.nn.functional as F

from mvdream_cli.diffusion.latent_colors import latent_colors


def test_an_autoencoder_that_is_linear_is_undone(tiny, monkeypatch):
    """Latents that mix the colors of a cell, and a bias: the map takes both away."""
    torch.manual_seed(0)
    mix, bias = torch.randn(3, 4), torch.randn(4)

    def encode(images, sample):
        assert not sample
        cells = F.avg_pool2d(images.movedim(-1, 1), tiny.latent_stride)
        return (cells.movedim(1, -1) @ mix + bias).movedim(-1, 1)

    monkeypatch.setattr(tiny, "encode_images", encode)
    found = latent_colors(tiny)
    colors = torch.rand(5, 3)
    torch.testing.assert_close((colors @ mix + bias) @ found[:-1] + found[-1], colors, atol=1e-3, rtol=0)


def test_colors_of_the_embedded_model_are_nearly_right():
    """Of flat pictures that the fit has not seen. Its autoencoder is the tests' only trained one."""
    from mvdream_cli.models.load import load_pipeline

    mini = load_pipeline("mini")
    before = torch.random.get_rng_state()
    found = latent_colors(mini)
    assert torch.equal(torch.random.get_rng_state(), before) and found.shape == (mini.latent_channels + 1, 3)
    colors = torch.tensor([[0.8, 0.1, 0.1], [0.1, 0.7, 0.2], [0.2, 0.2, 0.9], [0.5, 0.5, 0.5]])
    with torch.no_grad():
        latents = mini.encode_images(colors[:, None, None].expand(-1, 128, 128, 3), sample=False).float()
    middle = latents[:, :, 4:12, 4:12].mean((2, 3))
    assert (middle @ found[:-1] + found[-1] - colors).abs().max() < 0.12
