import pytest
import torch

from mvdream_cli.cameras import camera_condition
from mvdream_cli.diffusion.lora import add_lora
from mvdream_cli.diffusion.losses import denoising_loss
from mvdream_cli.diffusion.schedule import add_noise, predicted_noise
from mvdream_cli.guidance.priors import variational
from mvdream_cli.guidance.random_cameras import draw_random_cameras
from mvdream_cli.guidance.variational import camera_embedding, variational_loss

RANGES = {"fovy_deg": (30.0, 45.0), "elevation_deg": (0.0, 30.0), "distance": (1.1, 1.2)}


def test_both_gradients_equal_their_closed_forms(tiny):
    images = torch.rand(2, 32, 32, 3, requires_grad=True)
    c2w = draw_random_cameras(2, 1, **RANGES).c2w
    text, negative = tiny.encode_prompt(["a red dog", "ugly"]).split(1)
    text = text.expand(2, -1, -1)
    learnt = list(add_lora(tiny.unet, 2).parameters())
    for parameter in learnt:
        torch.nn.init.normal_(parameter, std=0.1)
    embedding = camera_embedding(tiny)  # as trained a little
    torch.nn.init.normal_(embedding.linear_2.weight, std=0.1)
    learnt += list(embedding.parameters())
    t = torch.tensor([400, 700])  # each picture has its own
    torch.manual_seed(5)
    variational_loss(
        tiny, tiny.encode_images(images), c2w, text, negative, text[:1], embedding, timestep=t, guidance_scale=7.5
    ).backward()
    found = [p.grad.clone() for p in learnt]

    torch.manual_seed(5)
    latents, camera = tiny.encode_images(images).detach(), camera_condition(c2w)
    noise = torch.randn(latents.shape)
    noisy = add_noise(tiny.scheduler, latents, noise, t)
    own, tiny.unet.class_embedding = tiny.unet.class_embedding, embedding
    with torch.no_grad():
        now = predicted_noise(tiny.scheduler, noisy, tiny.predict(noisy, t, text, camera, 1), t)
    for parameter in learnt:
        parameter.grad = None
    denoising_loss(tiny, latents, text, camera, 1).backward()
    for parameter, gradient in zip(learnt, found):
        torch.testing.assert_close(parameter.grad, gradient)
        assert gradient.abs().max() > 0
    tiny.unet.class_embedding = own
    with torch.no_grad():
        tiny.unet.delete_adapters("subject")
        conditional, unconditional = (tiny.predict(noisy, t, x.expand(2, -1, -1), None, 1) for x in (text[:1], negative))
        pretrained = predicted_noise(tiny.scheduler, noisy, unconditional + 7.5 * (conditional - unconditional), t)
    twin = images.detach().clone().requires_grad_(True)
    weight = (1 - tiny.scheduler.alphas_cumprod[t]).view(2, 1, 1, 1)
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


def test_a_plain_stable_diffusion_gets_an_embedding_of_the_camera(tiny):
    """Its own is noise and must not be asked; the learnt one is, and learns."""
    tiny.knows_cameras = False
    guidance = variational(tiny, "a red dog", "", guidance_scale=7.5, lora_rank=2)
    tiny.unet.class_embedding.register_forward_pre_hook(lambda *_: pytest.fail("the model's camera embedding was asked"))
    images = torch.rand(4, 32, 32, 3, requires_grad=True)
    asked = []
    guidance.trained["camera"].register_forward_pre_hook(lambda _, args: asked.append(len(args[0])))
    guidance.loss(images, draw_random_cameras(4, 1, **RANGES), torch.tensor([20, 300, 500, 900])).backward()
    assert asked == [4, 4]  # for the score, and for the denoising loss
    assert all(p.grad.abs().max() > 0 for p in guidance.trained["camera"].parameters())
    guidance.close()


def test_the_embedding_of_a_model_that_knows_cameras_begins_as_its_own(tiny):
    embedding, own = camera_embedding(tiny), tiny.unet.class_embedding
    assert torch.equal(embedding.linear_1.weight, own.linear_1.weight) and embedding is not own
    assert all(p.requires_grad for p in embedding.parameters())
