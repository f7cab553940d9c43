"""The mean picture of a caption, and the UNet that is shown it."""

import shutil

import pytest
import torch
import torch.nn.functional as F

from mvdream_cli.diffusion.picture_prior import HEADS, PicturePrior, beside_pictures
from mvdream_cli.diffusion.unet import with_variants
from mvdream_cli.errors import ModelError
from mvdream_cli.models.architectures import add_prior
from mvdream_cli.models.load import load_pipeline, save_pipeline


@pytest.fixture
def shown(tiny):
    """The tiny pipeline with a prior whose pictures its UNet heeds, and the UNet that it had before."""
    before = tiny.unet
    torch.manual_seed(0)
    add_prior("tiny", tiny)
    tiny.unet.eval()
    torch.nn.init.normal_(tiny.unet.conv_in.weight.data[:, 4:], std=0.2)
    return tiny, before


def inputs(objects=2, views=4, size=8):
    generator = torch.Generator().manual_seed(1)
    count = objects * views
    text = torch.randn(objects, 16, 32, generator=generator).repeat_interleave(views, 0)
    return torch.randn(count, 4, size, size, generator=generator), 500, text, torch.randn(count, 16, generator=generator)


def alone(unet, latents, t, text, camera, views=4, picture=0.0):
    """What a UNet without a prior answers, with a term more behind its first layer."""
    hook = unet.conv_in.register_forward_hook(lambda module, _, out: out + picture)
    answer = unet(latents, t, text, class_labels=camera, cross_attention_kwargs={"num_views": views}).sample
    hook.remove()
    return answer


def term(pipeline, picture):
    return F.conv2d(picture, pipeline.unet.conv_in.weight[:, 4:], padding=1)


def test_a_text_is_pooled_head_by_head():
    """Against the slow way: each head weighs the tokens, and takes its share of what is read."""
    prior, text = PicturePrior(32, 4, 8, read_width=16, width=24, pictures=8), torch.randn(3, 5, 32)
    rows = []
    for caption in F.layer_norm(text, (32,)):
        found, parts = F.gelu(prior.read(caption)), []
        for head in range(HEADS):
            weight = prior.weigh(found)[:, head].exp()
            share = found[:, head * 2 : (head + 1) * 2]
            parts.append(sum(w * s for w, s in zip(weight / weight.sum(), share)))
        rows.append(prior.text(torch.cat([*parts, caption[-1]])))
    told = prior.told(text)
    torch.testing.assert_close(told, torch.stack(rows))
    wanted = [torch.autograd.grad(answer.square().sum(), prior.weigh.weight)[0] for answer in (told, torch.stack(rows))]
    torch.testing.assert_close(*wanted)


def test_a_picture_depends_on_its_text_and_its_camera_alone(shown):
    prior, (_, _, text, camera) = shown[0].prior, inputs()
    both = prior(text, camera)
    torch.testing.assert_close(both[5:6], prior(text[5:6], camera[5:6]))
    torch.testing.assert_close(both, prior(text[::4], camera))  # a text for the four views of an object
    for changed in (0, 1):
        other = [text.clone(), camera.clone()]
        other[changed][5] += torch.randn_like(other[changed][5])
        assert (prior(*other) - both).flatten(1).abs().amax(1).gt(0).tolist() == [k == 5 for k in range(8)]


def test_the_picture_stands_behind_the_latents(shown):
    tiny, before = shown
    latents, t, text, camera = inputs()
    expected = alone(before, latents, t, text, camera, picture=term(tiny, tiny.prior(text, camera)))
    torch.testing.assert_close(tiny.predict(latents, t, text, camera, 4), expected)


def test_a_picture_changes_nothing_before_the_unet_has_learnt_of_it(shown):
    tiny, before = shown
    tiny.register_modules(unet=beside_pictures(before).eval())
    latents, t, text, camera = inputs()
    torch.testing.assert_close(tiny.predict(latents, t, text, camera, 4), alone(before, latents, t, text, camera))


def test_without_a_camera_there_is_no_picture(shown):
    tiny, before = shown
    latents, t, text, _ = inputs()
    torch.testing.assert_close(tiny.predict(latents, t, text, None, 1), alone(before, latents, t, text, None, 1))


def test_views_of_another_size_get_a_picture_of_their_size(shown):
    tiny, before = shown
    latents, t, text, camera = inputs(size=12)
    large = F.interpolate(tiny.prior(text, camera), size=(12, 12), mode="bilinear", antialias=True)
    expected = alone(before, latents, t, text, camera, picture=term(tiny, large))
    torch.testing.assert_close(tiny.predict(latents, t, text, camera, 4), expected)


def test_a_prior_is_kept_in_the_model_folder_and_stays_in_variants(shown, tmp_path):
    tiny, _ = shown
    folder, asked = save_pipeline(tiny, tmp_path / "model", words={"toy"}), inputs()
    answer = tiny.predict(*asked, 4)
    torch.testing.assert_close(load_pipeline(str(folder)).predict(*asked, 4), answer)
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_name("diffusion_pytorch_model.fp16.safetensors"))  # which diffusers would not find
    torch.testing.assert_close(load_pipeline(str(folder)).predict(*asked, 4), answer)
    assert with_variants(tiny.unet, "none", None).config.in_channels == 8


def test_sampling_shows_the_picture_in_every_step(shown):
    tiny, _ = shown
    seen = []
    tiny.prior.register_forward_hook(lambda module, given, out: seen.append(out.shape))
    views = tiny("a toy", torch.eye(4).repeat(4, 1, 1), seeds=[0, 1], steps=3)
    assert views.shape == (2, 4, 32, 32, 3) and seen == 3 * [(16, 4, 8, 8)]


def test_a_prior_without_its_unet_and_a_unet_without_its_prior_are_refused(shown, tmp_path):
    tiny, before = shown
    whole = save_pipeline(tiny, tmp_path / "whole", words={"toy"})
    shutil.rmtree(whole / "prior")
    with pytest.raises(ModelError, match="takes 8 channels where the autoencoder has 4:"):
        load_pipeline(str(whole))
    tiny.register_modules(unet=before)
    narrow = save_pipeline(tiny, tmp_path / "narrow", words={"toy"})
    with pytest.raises(ModelError, match="takes 4 channels where the autoencoder has 4 and the prior as many"):
        load_pipeline(str(narrow))
