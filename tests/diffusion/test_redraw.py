import torch

from mvdream_cli.cameras import orbit_views
from mvdream_cli.diffusion.redraw import redraw


def example(tiny):
    torch.manual_seed(0)
    images = torch.rand(3, 4, 32, 32, 3)
    noise = torch.randn(3, 4, tiny.latent_channels, 8, 8)
    return images, orbit_views(4, 15.0).expand(3, -1, -1, -1), ["a red dog", "a blue cat", "a red car"], noise


def test_timestep_zero_is_the_autoencoder_alone(tiny):
    images, c2w, words, noise = example(tiny)
    decoded = tiny.decode_latents(tiny.encode_images(images.flatten(0, 1), sample=False)).unflatten(0, (3, 4))
    drawn = redraw(tiny, images, c2w, words, torch.tensor([0, 300, 0]), noise, steps=2)
    torch.testing.assert_close(drawn[[0, 2]], decoded[[0, 2]])
    assert (drawn[1] - decoded[1]).abs().max() > 1e-3


def test_a_perfect_model_gives_the_views_back(tiny, monkeypatch):
    """With v-prediction of the truth, any number of steps ends at the true latents."""
    images, c2w, words, noise = example(tiny)
    true = tiny.encode_images(images.flatten(0, 1), sample=False)

    def predict(x, t, text, camera, views):
        alpha = tiny.scheduler.alphas_cumprod[t].sqrt().view(-1, 1, 1, 1)
        sigma = (1 - alpha**2).sqrt()
        return (alpha * x - true) / sigma  # of v = alpha noise - sigma x0, with x = alpha x0 + sigma noise

    monkeypatch.setattr(tiny, "predict", predict)
    decoded = tiny.decode_latents(true).unflatten(0, (3, 4))
    for steps in (1, 3):
        drawn = redraw(tiny, images, c2w, words, torch.tensor([80, 300, 600]), noise, steps)
        torch.testing.assert_close(drawn, decoded, atol=1e-3, rtol=0)


def test_objects_do_not_depend_on_each_other(tiny):
    images, c2w, words, noise = example(tiny)
    timesteps = torch.tensor([100, 300, 600])
    together = redraw(tiny, images, c2w, words, timesteps, noise, steps=2)
    alone = redraw(tiny, images[1:2], c2w[1:2], words[1:2], timesteps[1:2], noise[1:2], steps=2)
    torch.testing.assert_close(together[1:2], alone, atol=1e-4, rtol=1e-4)
