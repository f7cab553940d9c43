import pytest
import torch

from mvdream_cli.cameras import camera_condition, orbit_views
from mvdream_cli.diffusion.schedule import add_noise, predicted_noise, predicted_x0, repeat_timestep
from mvdream_cli.guidance.score_distillation import (
    annealed_timestep,
    latents_loss,
    score_distillation_loss,
)


def arguments(tiny, seed=0):
    torch.manual_seed(seed)
    images = torch.rand(4, 32, 32, 3, requires_grad=True)
    text, negative = tiny.encode_prompt(["a red dog", ""]).split(1)
    return images, orbit_views(4, 15.0), text, negative


def closed_form(tiny, images, c2w, text, negative, timestep, scale, rescale, form):
    """The latents' gradient as the papers write it, step by step, with the same noise."""
    latents = tiny.encode_images(images).detach()
    noise = torch.randn(latents.shape)
    t = repeat_timestep(timestep, 4)
    noisy = add_noise(tiny.scheduler, latents, noise, t)
    with torch.no_grad():
        camera = camera_condition(c2w)
        conditional = tiny.predict(noisy, t, text.expand(4, -1, -1), camera, 4)
        unconditional = tiny.predict(noisy, t, negative.expand(4, -1, -1), camera, 4)
    guided = unconditional + scale * (conditional - unconditional)
    if form in ("sds", "sjc"):
        weight = 1 - tiny.scheduler.alphas_cumprod[timestep] if form == "sds" else 1.0
        return weight * (predicted_noise(tiny.scheduler, noisy, guided, t) - noise) / 4
    x0 = predicted_x0(tiny.scheduler, noisy, guided, t)
    reference = predicted_x0(tiny.scheduler, noisy, conditional, t)
    return (latents - (rescale * x0 * reference.std() / x0.std() + (1 - rescale) * x0)) / 4


@pytest.mark.parametrize("form", ["x0", "sds", "sjc"])
def test_gradient_equals_the_closed_form(tiny, form):
    images, c2w, text, negative = arguments(tiny)
    torch.manual_seed(5)
    loss = score_distillation_loss(tiny, images, c2w, text, negative, timestep=400, guidance_scale=7.0, rescale=0.5, form=form)
    loss.backward()
    torch.manual_seed(5)
    gradient = closed_form(tiny, images, c2w, text, negative, 400, 7.0, 0.5, form)
    twin = images.detach().clone().requires_grad_(True)
    tiny.encode_images(twin).backward(gradient)
    torch.testing.assert_close(images.grad, twin.grad, atol=1e-5, rtol=1e-4)


def test_nothing_reaches_the_model(tiny):
    images, c2w, text, negative = arguments(tiny)
    tiny.unet.requires_grad_(True)
    score_distillation_loss(tiny, images, c2w, text, negative, timestep=300, guidance_scale=7.0).backward()
    assert all(p.grad is None for p in tiny.unet.parameters())


def test_x0_form_is_sds_with_a_weight(tiny):
    """Without rescaling x - x0_hat = (sigma / alpha) (noise_hat - noise): MVDream, section 4.2."""
    gradients = []
    for form in ("x0", "sds"):
        images, c2w, text, negative = arguments(tiny)
        torch.manual_seed(5)
        score_distillation_loss(
            tiny, images, c2w, text, negative, timestep=400, guidance_scale=7.0, rescale=0.0, form=form
        ).backward()
        gradients.append(images.grad)
    alpha_bar = tiny.scheduler.alphas_cumprod[400]
    ratio = (1 - alpha_bar).sqrt() / alpha_bar.sqrt() / (1 - alpha_bar)
    torch.testing.assert_close(gradients[0], ratio * gradients[1], atol=1e-5, rtol=1e-3)


def test_timesteps_are_annealed_with_both_ends_drawn():
    def draws(step):
        return {annealed_timestep(step, anneal_steps=8000) for _ in range(4000)}

    torch.manual_seed(0)
    assert draws(0) == {980}
    halfway = draws(4000)
    assert min(halfway) == 500 and max(halfway) == 740
    end = draws(9000)
    assert min(end) == 20 and max(end) == 500


@pytest.mark.parametrize("form", ["sds", "sjc"])
def test_each_picture_has_a_timestep_of_its_own(tiny, form):
    """The gradient of pictures together is that of each at its own timestep, with its own noise."""
    images, _, text, negative = arguments(tiny)
    latents, t = tiny.encode_images(images).detach(), torch.tensor([20, 300, 600, 950])
    noise = torch.randn(latents.shape)
    options = {"guidance_scale": 7.0, "num_views": 1, "form": form}

    def gradient(latents, timestep, noise, monkeypatch=pytest.MonkeyPatch()):
        latents = latents.clone().requires_grad_(True)
        monkeypatch.setattr(torch, "randn", lambda *_, **__: noise)
        latents_loss(tiny, latents, None, text, negative, timestep=timestep, **options).backward()
        monkeypatch.undo()
        return latents.grad

    together = gradient(latents, t, noise)
    for k in range(4):
        alone = gradient(latents[k : k + 1], int(t[k]), noise[k : k + 1]) / 4
        torch.testing.assert_close(together[k : k + 1], alone, atol=1e-5, rtol=1e-3)
    assert not torch.allclose(together, gradient(latents, 300, noise), rtol=1e-2)


def test_timesteps_are_drawn_for_each_picture_and_may_jump():
    def draws(step, **changes):
        options = {"anneal_steps": 5000, "t_min": (0.02, 0.02), "t_max": (0.98, 0.5)} | changes
        return annealed_timestep(step, count=4000, **options)

    torch.manual_seed(0)
    first = draws(0)
    assert first.shape == (4000,) and 20 <= first.min() < 25 and 975 < first.max() <= 980
    assert draws(5000, anneal_from=5000).max() > 970  # the reference's [5000, 0.98, 0.5, 5001]
    assert draws(5001, anneal_from=5000).max() == 500 and draws(20_000, anneal_from=5000).max() == 500
    assert draws(3750, anneal_from=2500).max() == 740 and draws(2500, anneal_from=2500).max() > 970
