import json
import shutil

import pytest
import torch

from mvdream_cli.cameras import camera_condition, orbit_views
from mvdream_cli.diffusion.pipeline import MultiViewPipeline, rescaled
from mvdream_cli.errors import ModelError
from mvdream_cli.models.find import count_parameters, find_model, known_words, model_identity
from mvdream_cli.models.load import load_pipeline, save_pipeline


def test_a_sample_does_not_depend_on_its_batch(tiny):
    c2w = orbit_views(4, 15.0)
    together = tiny("a red dog", c2w, seeds=[3, 4], steps=3, guidance_scale=3.0)
    alone = tiny("a red dog", c2w, seeds=[4], steps=3, guidance_scale=3.0)
    assert together.shape == (2, 4, 32, 32, 3)
    torch.testing.assert_close(together[1], alone[0], atol=1e-4, rtol=0)
    assert (together[0] - together[1]).abs().max() > 1e-3


def test_each_object_may_have_its_own_prompt(tiny):
    c2w, options = orbit_views(4, 15.0), {"steps": 2, "guidance_scale": 3.0}
    together = tiny(["a red dog", "a blue cat"], c2w, seeds=[3, 4], **options)
    for k, prompt in enumerate(("a red dog", "a blue cat")):
        torch.testing.assert_close(together[k], tiny(prompt, c2w, seeds=[3 + k], **options)[0], atol=1e-4, rtol=0)
    assert (together[1] - tiny("a red dog", c2w, seeds=[4], **options)[0]).abs().max() > 1e-4


def test_guidance_moves_away_from_the_negative_prompt(tiny):
    c2w = orbit_views(4, 15.0)
    one, same, other = (
        tiny("a red dog", c2w, seeds=[0], steps=2, guidance_scale=g, negative_prompt=n)
        for g, n in ((1.0, "a blue cat"), (4.0, "a red dog"), (4.0, "a blue cat"))
    )
    torch.testing.assert_close(one, same, atol=1e-4, rtol=0)  # scale 1, or nothing to move from: the conditional prediction
    assert (one - other).abs().max() > 1e-4


def test_rescale_is_over_all_views_of_an_object():
    torch.manual_seed(0)
    guided, conditional = 3 * torch.randn(8, 4, 2, 2), torch.randn(8, 4, 2, 2)
    out = rescaled(guided, conditional, 4, 1.0)
    torch.testing.assert_close(out[:4].std(), conditional[:4].std(), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(out[4:].std(), conditional[4:].std(), atol=1e-5, rtol=1e-5)
    assert torch.equal(rescaled(guided, conditional, 4, 0.0), guided)


def test_a_rescaled_sample_has_less_contrast(tiny):
    c2w, options = orbit_views(4, 15.0), {"seeds": [0, 1], "steps": 4}
    plain, strong, tamed = (
        tiny("a red dog", c2w, guidance_scale=scale, guidance_rescale=rescale, **options)
        for scale, rescale in ((1.0, 0.0), (30.0, 0.0), (30.0, 1.0))
    )
    assert abs(tamed.std() - plain.std()) < abs(strong.std() - plain.std())


def test_any_number_of_views_and_the_2d_mode(tiny):
    assert tiny("a cat", orbit_views(6, 0.0), seeds=[0], steps=1).shape[:2] == (1, 6)
    assert tiny("a cat", None, seeds=[0, 1], steps=1).shape[:2] == (2, 1)


def test_folder_round_trip_is_a_diffusers_folder(tiny, tmp_path):
    folder = save_pipeline(tiny, tmp_path / "copy", words={"dog"})
    index = json.loads((folder / "model_index.json").read_text())
    assert index["unet"] == ["diffusers", "UNet2DConditionModel"]
    again = load_pipeline(str(folder))
    for name in ("unet", "vae", "text_encoder", "image_encoder"):
        for key, value in getattr(tiny, name).state_dict().items():
            assert torch.equal(value, getattr(again, name).state_dict()[key]), (name, key)
    assert known_words(str(folder)) == {"dog"}
    assert again.tokenize(["a red dog"]).tolist() == tiny.tokenize(["a red dog"]).tolist()
    assert not list(tmp_path.glob(".*"))
    from diffusers import UNet2DConditionModel

    assert UNet2DConditionModel.from_pretrained(folder, subfolder="unet").config.class_embed_type == "projection"


def test_identity_follows_the_weights(tiny, tiny_folder, tmp_path):
    folder = save_pipeline(tiny, tmp_path / "copy")
    before = model_identity(str(folder))
    assert model_identity(str(folder)) == before
    with torch.no_grad():
        tiny.unet.conv_in.bias[0] += 1e-3
    assert model_identity(str(save_pipeline(tiny, tmp_path / "copy"))) != before


@pytest.mark.parametrize("harm", ["missing folder", "missing component", "cut short", "text"])
def test_a_broken_folder_is_one_sentence(tiny_folder, tmp_path, harm):
    folder = tmp_path / "model"
    shutil.copytree(tiny_folder, folder)
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    if harm == "missing folder":
        folder = tmp_path / "nothing"
    elif harm == "missing component":
        shutil.rmtree(folder / "vae")
    elif harm == "cut short":
        weights.write_bytes(weights.read_bytes()[:1000])
    else:
        weights.write_text("<html>not found</html>")
    with pytest.raises(ModelError) as error:
        load_pipeline(str(folder))
    assert str(folder) in str(error.value) and "\n" not in str(error.value)


def test_an_unknown_name_lists_what_there_is():
    with pytest.raises(ModelError, match="mini"):
        find_model("stable-diffusion-9")


def test_latents_carry_gradient_to_the_pixels(tiny):
    images = torch.rand(2, 32, 32, 3, requires_grad=True)
    tiny.encode_images(images).square().sum().backward()
    assert images.grad.abs().sum() > 0
    assert isinstance(tiny, MultiViewPipeline) and tiny.image_size == 32 and tiny.latent_stride == 4


def test_parameters_are_counted_from_the_headers(tiny, tiny_folder):
    parts = (tiny.vae, tiny.unet, tiny.text_encoder, tiny.image_encoder)
    assert count_parameters(tiny_folder) == sum(value.numel() for part in parts for value in part.state_dict().values())


def test_slices_and_layout_change_nothing(tiny, tiny_folder):
    other = load_pipeline(str(tiny_folder), vae_slicing=True, channels_last=True)
    c2w = orbit_views(4, 15.0)
    drawn = [p("a red dog", c2w, seeds=[0], steps=2, guidance_scale=3.0) for p in (tiny, other)]
    torch.testing.assert_close(*drawn, atol=1e-4, rtol=0)
    assert other.vae.use_slicing and not tiny.vae.use_slicing


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_stays_close(tiny, tiny_folder, dtype):
    half = load_pipeline(str(tiny_folder), dtype=dtype)
    generator = torch.Generator().manual_seed(0)
    latents = torch.randn(4, 4, 8, 8, generator=generator)
    camera, t = camera_condition(orbit_views(4, 15.0)), torch.tensor(981)
    outs = [p.predict(latents, t, p.encode_prompt(["a red dog"] * 4), camera, 4) for p in (tiny, half)]
    assert outs[1].dtype == torch.float32 and outs[1].isfinite().all()
    assert (outs[1] - outs[0]).norm() < (0.05 if dtype == torch.bfloat16 else 0.01) * outs[0].norm()
    images = [p.decode_latents(latents) for p in (tiny, half)]
    assert (images[1] - images[0]).abs().mean() < 0.02


def test_compiled_networks_are_the_same_networks(tiny_folder):
    """That both are compiled, and that what is wrapped answers as before; inductor itself takes minutes."""
    plain, compiled = (load_pipeline(str(tiny_folder), compile_networks=wanted) for wanted in (False, True))
    for pipeline, wanted in ((plain, False), (compiled, True)):
        parts = (pipeline.unet, pipeline.vae.encoder)
        assert [part._compiled_call_impl is not None for part in parts] == [wanted, wanted]
    images = torch.rand(1, plain.image_size, plain.image_size, 3)
    with torch.compiler.set_stance("force_eager"):
        encoded = [pipeline.encode_images(images, sample=False) for pipeline in (plain, compiled)]
    torch.testing.assert_close(*encoded)
