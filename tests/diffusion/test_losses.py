import pytest
import torch
from conftest import HostWaits

from mvdream_cli.diffusion import losses
from mvdream_cli.diffusion.schedule import (
    add_noise,
    alpha_sigma,
    predicted_noise,
    predicted_x0,
    repeat_timestep,
    training_target,
)


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
    shapes = [(8, tiny.latent_channels, 8, 8), (8, 16, tiny.unet.config.cross_attention_dim), (8, 16)]
    latents, text, camera = (torch.zeros(shape, device="meta") for shape in shapes)
    losses.denoising_loss(tiny, latents, text, camera, 4).backward()  # sends the noise schedule, which stays
    with HostWaits() as waits:
        losses.denoising_loss(tiny, latents, text, camera, 4).backward()
    assert waits.seen == []


def test_timestep_power_draws_more_of_the_noisy_ones(tiny):
    torch.manual_seed(0)
    even, noisy = (losses.timesteps_at(torch.rand(4000), tiny.scheduler, power).float() / 1000 for power in (1.0, 0.5))
    assert even.mean() == pytest.approx(1 / 2, abs=0.02) and noisy.mean() == pytest.approx(2 / 3, abs=0.02)
    assert noisy.min() >= 0 and noisy.max() < 1
    assert losses.timesteps_at(torch.tensor([0.0, 1.0]), tiny.scheduler).tolist() == [0, 999]


def test_errors_of_objects_have_the_loss_for_their_mean(tiny):
    torch.manual_seed(0)
    latents, text, camera = torch.randn(8, 4, 8, 8), torch.randn(8, 16, 32), torch.randn(8, 16)
    noise, timesteps = torch.randn(8, 4, 8, 8), torch.tensor([100, 800])
    errors = losses.denoising_errors(tiny, latents, noise, timesteps, text, camera, 4)
    one = losses.denoising_errors(tiny, latents[4:], noise[4:], timesteps[1:], text[4:], camera[4:], 4)
    assert errors.shape == (2,) and one.item() == pytest.approx(errors[1].item(), rel=1e-4)


def test_weights_say_how_often_the_error_of_a_place_counts(tiny):
    torch.manual_seed(0)
    latents, text, camera = torch.randn(8, 4, 8, 8), torch.randn(8, 16, 32), torch.randn(8, 16)
    drawn = tiny, latents, torch.randn(8, 4, 8, 8), torch.tensor([100, 800]), text, camera, 4
    left = torch.ones(8, 1, 8, 8)
    left[..., 4:] = 0
    plain, of_left, of_right = (losses.denoising_errors(*drawn, weights=weights) for weights in (1.0, left, 1 - left))
    torch.testing.assert_close(of_left + of_right, plain)
    assert (of_left > 0.1 * plain).all() and (of_right > 0.1 * plain).all()
    torch.testing.assert_close(losses.denoising_errors(*drawn, weights=1 + 5 * left), plain + 5 * of_left)
    pictures = torch.randn(8, 4, 8, 8)
    expected = (pictures - latents)[..., :4].square().sum() / latents.numel()
    torch.testing.assert_close(losses.picture_loss(pictures, latents, left), expected)
    torch.testing.assert_close(losses.picture_loss(pictures, latents), torch.nn.functional.mse_loss(pictures, latents))


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_min_snr_weighs_an_error_of_the_picture_alike_whatever_is_predicted(prediction, tiny):
    """Its definition is one for x0: min(SNR, gamma) |error of x0|^2."""
    torch.manual_seed(0)
    scheduler, gamma = tiny.scheduler, 5.0
    scheduler.register_to_config(prediction_type=prediction)
    timesteps = torch.tensor([3, 150, 500, 900])
    x, noise, guess = (torch.randn(4, 4, 8, 8) for _ in range(3))
    noisy, target = add_noise(scheduler, x, noise, timesteps), training_target(scheduler, x, noise, timesteps)
    off = (predicted_x0(scheduler, noisy, guess, timesteps) - x).square().flatten(1).mean(1)
    alpha, sigma = (part.flatten() for part in alpha_sigma(scheduler, timesteps))
    expected = ((alpha / sigma) ** 2).clamp(max=gamma) * off
    found = losses.min_snr_weights(scheduler, timesteps, gamma) * (guess - target).square().flatten(1).mean(1)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)
    assert losses.min_snr_weights(scheduler, torch.tensor([999]), gamma).isfinite().all()


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


def test_pixel_loss_is_l1_of_pixels_and_of_what_neighbours_differ_by():
    error = torch.zeros(1, 1, 4, 4)
    error[0, 0, 1, 2] = -3.0  # one pixel, which four differences of twelve each way see
    plain = 3 / 16 + 0.5 * (6 / 12 + 6 / 12)
    assert losses.pixel_loss(error, 0.5).item() == pytest.approx(plain)
    assert losses.pixel_loss(error, 0.5, torch.full((1, 1, 4, 4), 2.0)).item() == pytest.approx(2 * plain)
    weights = torch.ones(1, 1, 4, 4)
    weights[..., 1, 2] = 0  # the differences to the pixels below and right of it count by the weights of those
    assert losses.pixel_loss(error, 0.5, weights).item() == pytest.approx(0.5 * (3 / 12 + 3 / 12))


def test_autoencoder_loss_falls_with_training(tiny):
    torch.manual_seed(0)
    vae = tiny.vae.train().requires_grad_(True)
    images = torch.rand(4, 1, 1, 3).expand(4, 32, 32, 3)
    optimizer = torch.optim.Adam(vae.parameters(), 5e-3)
    history = []
    for _ in range(30):
        loss, _ = losses.autoencoder_loss(vae, images, 0.05 * torch.randn(4, vae.config.latent_channels, 8, 8), 0.5)
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


START, END = 8, 9
CAPTIONS = torch.tensor([[START, 1, 2, 3, END, END], [START, 4, END, 0, 0, 0], [START, END, END, END, END, END]])


def test_word_loss_equals_a_loop_over_the_places():
    """At a word: half the word, half all words so far; behind them: all. A caption without words asks for nothing."""
    torch.manual_seed(0)
    states, embeddings = torch.randn(3, 6, 5, requires_grad=True), torch.randn(10, 5, requires_grad=True)
    expected = torch.zeros(())
    for row, said in enumerate([[1, 2, 3], [4], []]):
        for place in range(1, 6):
            cosines = torch.cosine_similarity(states[row, place], embeddings, dim=1)
            log_p = (16 * cosines).log_softmax(0)
            so_far = said[:place]
            if so_far:
                bag = -torch.stack([log_p[word] for word in so_far]).mean()
                expected = expected + (bag if place > len(said) else (bag - log_p[said[place - 1]]) / 2)
    expected = expected / (3 * 5)
    loss = losses.word_loss(states, CAPTIONS, embeddings, END)
    torch.testing.assert_close(loss, expected)
    for one, other in zip(
        torch.autograd.grad(loss, (states, embeddings)), torch.autograd.grad(expected, (states, embeddings)), strict=True
    ):
        torch.testing.assert_close(one, other)


def test_words_alike_is_one_where_two_words_have_one_state():
    """Of four words, each with the state of another one, and with states that have nothing in common."""
    apart = torch.eye(10)[CAPTIONS]
    alike = torch.eye(10)[torch.tensor([0, 1, 1, 3, 3, 5, 6, 7, 8, 9])[CAPTIONS]]
    assert losses.words_alike(alike, CAPTIONS, END) == pytest.approx(1, abs=1e-5)
    assert losses.words_alike(apart, CAPTIONS, END) == pytest.approx(-1 / 3, abs=1e-5)
    assert losses.words_alike(apart[1:2], CAPTIONS[1:2], END) == 0  # one word: none to take it for
