import pytest
import torch

from mvdream_cli.cameras import camera_condition
from mvdream_cli.diffusion.lora import add_lora
from mvdream_cli.diffusion.losses import denoising_loss
from mvdream_cli.diffusion.schedule import add_noise, predicted_noise, repeat_timestep
from mvdream_cli.guidance.priors import variational
from mvdream_cli.guidance.random_cameras import draw_random_cameras
from mvdream_cli.guidance.variational import variational_loss

RANGES = {"fovy_deg": (30.0, 45.0), "elevation_deg": (0.0, 30.0), "distance": (1.1, 1.2)}


def test_both_gradients_equal_their_closed_forms(tiny):
    images = torch.rand(2, 32, 32, 3, requires_grad=True)
    c2w = draw_random_cameras(2, 1, **RANGES).c2w
    text, negative = tiny.encode_prompt(["a red dog", "ugly"]).split(1)
    text = text.expand(2, -1, -1)
    learnt = list(add_lora(tiny.unet, 2).parameters())
    for parameter in learnt:
        torch.nn.init.normal_(parameter, std=0.1)
    torch.manual_seed(5)
    variational_loss(tiny, images, c2w, text, negative, text[:1], timestep=400, guidance_scale=7.5).backward()
    found = [p.grad.clone() for p in learnt]

    torch.manual_seed(5)
    latents, camera = tiny.encode_images(images).detach(), camera_condition(c2w)
    noise, t = torch.randn(latents.shape), repeat_timestep(400, 2)
    noisy = add_noise(tiny.scheduler, latents, noise, t)
    with torch.no_grad():
        now = predicted_noise(tiny.scheduler, noisy, tiny.predict(noisy, t, text, camera, 1), t)
    for parameter in learnt:
        parameter.grad = None
    denoising_loss(tiny, latents, text, camera, 1).backward()
    for parameter, gradient in zip(learnt, found):
        torch.testing.assert_close(parameter.grad, gradient)
    with torch.no_grad():
        tiny.unet.delete_adapters("subject")
        conditional, unconditional = (tiny.predict(noisy, t, x.expand(2, -1, -1), None, 1) for x in (text[:1], negative))
        pretrained = predicted_noise(tiny.scheduler, noisy, unconditional + 7.5 * (conditional - unconditional), t)
    twin = images.detach().clone().requires_grad_(True)
    weight = 1 - tiny.scheduler.alphas_cumprod[400]
    tiny.encode_images(twin).backward(weight * (pretrained - now) / 2)
    torch.testing.assert_close(images.grad, twin.grad, atol=1e-5, rtol=1e-3)


def test_the_model_is_as_before_when_the_guidance_is_closed(tiny):
    before = {key: value.clone() for key, value in tiny.unet.state_dict().items()}
    guidance = variational(tiny, "a red dog", "", guidance_scale=7.5, lora_rank=2)
    assert sum(p.numel() for p in guidance.trained.parameters()) > 0
    images = torch.rand(4, 32, 32, 3, requires_grad=True)
    guidance.loss(images, draw_random_cameras(4, 1, **RANGES), 300).backward()
    guidance.close()
    after = tiny.unet.state_dict()
    assert before.keys() == after.keys() and all(torch.equal(before[key], after[key]) for key in before)
    tiny.knows_cameras = False  # a plain Stable Diffusion: its camera embedding is noise and must not be asked
    guidance = variational(tiny, "a red dog", "", guidance_scale=7.5, lora_rank=2)
    tiny.unet.class_embedding.register_forward_pre_hook(lambda *_: pytest.fail("the camera embedding was asked"))
    guidance.loss(images, draw_random_cameras(4, 1, **RANGES), 300)
    guidance.close()
