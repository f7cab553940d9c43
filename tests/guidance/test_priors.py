import pytest
import torch

from mvdream_cli.guidance.priors import GUIDANCE, multi_view, single_view
from mvdream_cli.guidance.random_cameras import draw_random_cameras
from mvdream_cli.guidance.score_distillation import latents_loss, score_distillation_loss
from mvdream_cli.guidance.view_prompts import text_of_views, view_prompts

RANGES = {"fovy_deg": (30.0, 45.0), "elevation_deg": (0.0, 30.0), "distance": (1.1, 1.2)}
OPTIONS = {"guidance_scale": 7.0, "rescale": 0.5}


def gradient(loss_of) -> torch.Tensor:
    torch.manual_seed(1)
    images = torch.rand(4, 32, 32, 3, requires_grad=True)
    loss_of(images).backward()
    return images.grad


def test_the_multi_view_guidance_sees_the_rig(tiny):
    cameras = draw_random_cameras(1, 4, **RANGES)
    guidance = multi_view(tiny, "a red dog", "ugly", num_views=4, form="x0", **OPTIONS)
    text, negative = tiny.encode_prompt(["a red dog", "ugly"]).split(1)
    wanted = gradient(
        lambda images: score_distillation_loss(
            tiny, images, cameras.c2w, text, negative, timestep=300, num_views=4, form="x0", **OPTIONS
        )
    )
    assert torch.equal(gradient(lambda images: guidance.loss(images, cameras, 300)), wanted)
    turned = cameras._replace(c2w=cameras.c2w.roll(1, 0))
    assert not torch.allclose(gradient(lambda images: guidance.loss(images, turned, 300)), wanted)


def test_the_single_view_guidance_knows_nothing_of_the_other_pictures(tiny):
    cameras = draw_random_cameras(4, 1, **RANGES)
    guidance = single_view(tiny, "a red dog", "", num_views=4, form="sds", **OPTIONS)
    whole = gradient(lambda images: guidance.loss(images, cameras, 300))

    def others_black(images):
        return guidance.loss(torch.cat([images[:1], torch.zeros(3, 32, 32, 3)]), cameras, 300)

    torch.testing.assert_close(gradient(others_black)[0], whole[0], atol=1e-6, rtol=1e-4)
    behind = cameras._replace(azimuth_deg=cameras.azimuth_deg + 180)
    assert not torch.allclose(gradient(lambda images: guidance.loss(images, behind, 300)), whole)


def test_every_guidance_has_a_form_and_leaves_the_model_alone(tiny):
    for prior, form in GUIDANCE.values():
        guidance = prior(tiny, "a red dog", "", num_views=4, form=form, **OPTIONS)
        assert gradient(lambda images: guidance.loss(images, draw_random_cameras(1, 4, **RANGES), 200)).abs().max() > 0  # noqa: B023
    assert all(p.grad is None for name, p in tiny.unet.named_parameters() if "lora_" not in name)


def test_small_renderings_are_enlarged(tiny):
    guidance = multi_view(tiny, "a red dog", "", num_views=4, form="x0", **OPTIONS)
    images = torch.rand(4, 16, 16, 3, requires_grad=True)
    guidance.loss(images, draw_random_cameras(1, 4, **RANGES), 300).backward()
    assert images.grad.abs().max() > 0


@pytest.mark.parametrize("name", ["mvdream", "dreamfusion", "sjc"])
def test_latents_that_are_rendered_need_no_encoder(tiny, name, monkeypatch):
    """The gradient is the closed form itself, on the latents; a larger rendering is scaled to the model's size first."""
    prior, form = GUIDANCE[name]
    guidance = prior(tiny, "a red dog", "", num_views=4, form=form, of_latents=True, **OPTIONS)
    monkeypatch.setattr(tiny, "encode_images", lambda *_: pytest.fail("latents were encoded"))
    cameras, size = draw_random_cameras(1, 4, **RANGES), tiny.latent_size()
    latents = torch.randn(4, size, size, 4, requires_grad=True)
    torch.manual_seed(2)
    guidance.loss(latents, cameras, 300).backward()
    channels_first = latents.detach().permute(0, 3, 1, 2).clone().requires_grad_(True)
    words = ["front view of a red dog", "side view of a red dog", "backside view of a red dog", "overhead view of a red dog"]
    words = words if name == "sjc" else view_prompts("a red dog")
    single = text_of_views(tiny.encode_prompt(words), cameras.azimuth_deg, cameras.elevation_deg)
    text, c2w, views = (tiny.encode_prompt(["a red dog"]), cameras.c2w, 4) if name == "mvdream" else (single, None, 1)
    torch.manual_seed(2)
    loss = latents_loss(
        tiny, channels_first, c2w, text, tiny.encode_prompt([""]), timestep=300, num_views=views, form=form, **OPTIONS
    )
    loss.backward()
    torch.testing.assert_close(latents.grad, channels_first.grad.permute(0, 2, 3, 1))
    larger = torch.randn(4, 2 * size, 2 * size, 4, requires_grad=True)
    guidance.loss(larger, cameras, 300).backward()
    assert larger.grad.abs().max() > 0
