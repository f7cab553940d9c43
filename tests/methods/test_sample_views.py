import shutil
from types import SimpleNamespace

import pytest
import torch
from conftest import mvdream

from mvdream_cli.cameras import orbit_views
from mvdream_cli.errors import ModelError
from mvdream_cli.methods.sample_views import rank_candidates, refuse_empty, sample_views
from mvdream_cli.models.load import load_pipeline


def test_short_memory_draws_fewer_objects_at_once_and_the_same_ones(tiny, monkeypatch):
    options = {"steps": 1, "guidance_scale": 2.0, "negative_prompt": ""}
    whole = sample_views(tiny, "a red dog", orbit_views(4, 15.0), seeds=[1, 2, 3], **options)
    asked, predict = [], tiny.unet.forward

    def too_small(latents, *args, **kwargs):
        asked.append(len(latents))
        if len(latents) > 8:  # one object of four views, with and without the prompt
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.50 GiB")
        return predict(latents, *args, **kwargs)

    monkeypatch.setattr(tiny.unet, "forward", too_small)
    again = sample_views(tiny, "a red dog", orbit_views(4, 15.0), seeds=[1, 2, 3], **options)
    assert asked[0] == 24 and asked[-1] == 8
    torch.testing.assert_close(again, whole, atol=1e-4, rtol=0)


def test_the_best_candidate_has_the_most_likeness_and_agreement(tiny):
    views = torch.full((2, 4, 32, 32, 3), 0.5)
    views[0, :, 8:24, 8:24] = torch.tensor([1.0, 0.0, 0.0])  # the same silhouette from everywhere
    views[1, 0, 8:24, 8:24] = torch.tensor([1.0, 0.0, 0.0])  # seen from one side only
    order, likeness, agreement = rank_candidates(tiny, views, "a red dog", agreement_weight=100.0)
    assert order[0] == 0 and agreement[0] > agreement[1] and likeness.shape == (2,)


@pytest.mark.parametrize(("value", "says"), [(float("nan"), "not finite"), (-1e4, "nothing but black")])
def test_pictures_that_show_nothing_end_with_the_reason(tiny, monkeypatch, value, says):
    def decode(latents):
        return SimpleNamespace(sample=torch.full((len(latents), 3, 32, 32), value))

    monkeypatch.setattr(tiny.vae, "decode", decode)
    with pytest.raises(ModelError, match=says):
        sample_views(tiny, "a red dog", orbit_views(4, 15.0), seeds=[0, 1], steps=1)


def test_one_bright_place_in_one_view_is_a_picture():
    images = torch.zeros(2, 4, 8, 8, 3)
    images[0, 2, 4, 4] = 0.5
    refuse_empty(images[:1], torch.float32)
    with pytest.raises(ModelError, match="black; float16 may be too small for it: use --set engine.dtype=float32"):
        refuse_empty(images, torch.float16)


def test_the_reason_comes_through_the_command_line(tiny_folder, tmp_path):
    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    vae = load_pipeline(str(folder)).vae
    with torch.no_grad():
        vae.decoder.conv_out.conv.bias.fill_(-100)
    vae.save_pretrained(folder / "vae")
    done = mvdream("sample-views", "a red dog", "--model", "model", "--steps", 1, "--out", "run", cwd=tmp_path)
    assert done.returncode == 1 and "nothing but black" in done.stderr, done.stderr
    assert not (tmp_path / "run" / "views.png").exists()
