import pytest
import torch
from conftest import HostWaits

from mvdream_cli.diffusion import losses
from mvdream_cli.diffusion.schedule import add_noise, predicted_noise, predicted_x0, repeat_timestep, training_target


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
def test_the_target_gives_back_latents_and_noise(tiny, kind):
    tiny.scheduler.register_to_config(prediction_type=kind)
    x, noise = torch.randn(3, 4, 8, 8), torch.randn(3, 4, 8, 8)
    t = torch.tensor([20, 500, 900])
    noisy, target = add_noise(tiny.scheduler, x, noise, t), training_target(tiny.scheduler, x, noise, t)
    torch.testing.assert_close(predicted_x0(tiny.scheduler, noisy, target, t), x, atol=2e-3, rtol=1e-3)
    torch.testing.assert_close(predicted_noise(tiny.scheduler, noisy, target, t), noise, atol=2e-3, rtol=1e-3)
    torch.testing.assert_close(noisy, tiny.scheduler.add_noise(x, noise, t))


def test_last_timestep_is_pure_noise(tiny):
    """Zero terminal signal: what sampling starts from is what training has seen."""
    x, noise = torch.randn(1, 4, 8, 8), torch.randn(1, 4, 8, 8)
    torch.testing.assert_close(add_noise(tiny.scheduler, x, noise, repeat_timestep(999, 1)), noise, atol=1e-3, rtol=0)


def test_denoising_loss_shares_the_timestep_between_views(tiny, monkeypatch):
    seen = {}

    def perfect(latents, timesteps, text, camera, num_views):
        seen["t"] = timesteps
        return torch.zeros_like(latents)

    monkeypatch.setattr(tiny, "predict", perfect)
    losses.denoising_loss(tiny, torch.randn(8, 4, 8, 8), torch.zeros(8, 16, 32), torch.zeros(8, 16), 4)
    assert (seen["t"][:4] == seen["t"][0]).all() and (seen["t"][4:] == seen["t"][4]).all()


def test_denoising_does_not_wait_for_a_gpu(tiny):
    tiny.unet.to("meta").requires_grad_(True)
    shapes = [(8, tiny.unet.config.in_channels, 8, 8), (8, 16, tiny.unet.config.cross_attention_dim), (8, 16)]
    latents, text, camera = (torch.zeros(shape, device="meta") for shape in shapes)
    losses.denoising_loss(tiny, latents, text, camera, 4).backward()  # sends the noise schedule, which stays
    with HostWaits() as waits:
        losses.denoising_loss(tiny, latents, text, camera, 4).backward()
    assert waits.seen == []


def test_timestep_power_draws_more_of_the_noisy_ones(tiny, monkeypatch):
    drawn = []
    monkeypatch.setattr(tiny, "predict", lambda latents, timesteps, *_: drawn.append(timesteps) or torch.zeros_like(latents))
    torch.manual_seed(0)
    for power in (1.0, 0.5):
        losses.denoising_loss(tiny, torch.randn(4000, 1, 1, 1), torch.zeros(4000, 1, 1), None, 1, power)
    even, noisy = (t.float() / 1000 for t in drawn)
    assert even.mean() == pytest.approx(1 / 2, abs=0.02) and noisy.mean() == pytest.approx(2 / 3, abs=0.02)
    assert noisy.min() >= 0 and noisy.max() < 1


def test_denoising_loss_trains_the_unet(tiny):
    tiny.unet.requires_grad_(True)
    latents, text, camera = torch.randn(8, 4, 8, 8), torch.randn(8, 16, 32), torch.randn(8, 16)
    losses.denoising_loss(tiny, latents, text, camera, 4).backward()
    assert tiny.unet.class_embedding.linear_1.weight.grad.abs().sum() > 0
    tiny.unet.zero_grad()
    losses.denoising_loss(tiny, latents, text, None, 1).backward()
    assert tiny.unet.class_embedding.linear_1.weight.grad is None  # the 2D mode leaves the camera term out


def test_contrastive_loss_prefers_the_right_pairs():
    embeds = torch.eye(4)
    right, stats = losses.contrastive_loss(embeds, embeds, torch.tensor(2.0))
    wrong, _ = losses.contrastive_loss(embeds, embeds.roll(1, 0), torch.tensor(2.0))
    assert right < wrong and stats["accuracy"] == 1


def test_autoencoder_loss_falls_with_training(tiny):
    torch.manual_seed(0)
    vae = tiny.vae.train().requires_grad_(True)
    images = torch.rand(4, 1, 1, 3).expand(4, 32, 32, 3)
    optimizer = torch.optim.Adam(vae.parameters(), 5e-3)
    history = []
    for _ in range(30):
        loss, _ = losses.autoencoder_loss(vae, images, 0.05, 0.5)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(loss.item())
    assert history[-1] < 0.7 * history[0]


def test_preservation_is_the_mean_and_pulls_back():
    layer = torch.nn.Linear(3, 2)
    before = {name: p.detach().clone() for name, p in layer.named_parameters()}
    with torch.no_grad():
        layer.weight += 0.5
    l1, l2 = (losses.preservation_loss(layer, before, norm) for norm in ("l1", "l2"))
    assert l1.item() == pytest.approx(6 * 0.5 / 8) and l2.item() == pytest.approx(6 * 0.25 / 8)
    l1.backward()
    torch.testing.assert_close(layer.weight.grad, torch.full((2, 3), 1 / 8))
    torch.testing.assert_close(layer.bias.grad, torch.zeros(2))
