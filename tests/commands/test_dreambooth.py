"""Personalisation through the command line, with the tiny real model."""

import json
import shutil
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from conftest import HostWaits, mvdream
from PIL import Image
from safetensors.torch import load_file

from mvdream_cli import config
from mvdream_cli.commands import dreambooth
from mvdream_cli.data.photographs import load_photographs
from mvdream_cli.diffusion.losses import preservation_loss
from mvdream_cli.engine.run import open_run
from mvdream_cli.errors import DataError


@pytest.fixture
def photographs(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for k in range(4):
        rgba = np.zeros((60, 80, 4), np.uint8)
        rgba[20:50, 30:60] = (200, 30 * k, 10, 255)
        Image.fromarray(rgba).save(folder / f"{k}.png")
    return folder


def test_a_subject_becomes_a_model(tiny_folder, photographs, tmp_path):
    command = ["dreambooth", "--images", photographs, "--subject", "sks dog", "--model", tiny_folder, "--out", "rex",
               "--preset", "cpu", "--steps", 3, "--set", "engine.preview_every=3",
               "--set", "dreambooth.save_half=false"]  # fmt: skip
    done = mvdream(*command, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["model"] == "rex/model" and "tensors of the UNet differ" in done.stderr
    before, after = (
        load_file(folder / "unet" / "diffusion_pytorch_model.safetensors")
        for folder in (tiny_folder, tmp_path / "rex" / "model")
    )
    assert before.keys() == after.keys()
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    assert "class kept" in done.stderr and "the state of step 3 is kept" in done.stderr
    assert changed and not any(key.startswith("class_embedding") for key in changed)  # the camera is absent in 2D mode
    assert (tmp_path / "rex" / "previews" / "step-000003.png").is_file()
    sampled = mvdream("sample-views", "a red car", "--model", "rex", "--steps", 1, "--out", "views", cwd=tmp_path)
    assert sampled.returncode == 0 and "say 'sks dog' to see it" in sampled.stderr, sampled.stderr
    again = mvdream(*command, cwd=tmp_path)
    assert again.returncode == 0 and "already finished" in again.stderr
    other = mvdream(*command, "--subject", "ohwx cat", cwd=tmp_path)
    assert other.returncode == 1 and "sks dog" in other.stderr
    assert json.loads((tmp_path / "rex" / "model" / "subject.json").read_text())["tensors_changed"] == len(changed)


@pytest.mark.parametrize("lora_rank", [0, 2])
def test_a_step_does_not_wait_for_a_gpu(lora_rank, tiny, tmp_path, monkeypatch):
    waits, device = HostWaits(), torch.device("meta")

    def fit(step, **_):
        waits.fit(step)
        raise KeyboardInterrupt  # what follows compares weights, which have no values here

    monkeypatch.setattr(dreambooth, "fit", fit)
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())  # knows no meta device
    fixed = [f"dreambooth.lora_rank={lora_rank}", "dreambooth.keep_best=false", "dreambooth.prior_images=0"]
    for module in (tiny.unet, tiny.vae, tiny.text_encoder):
        module.to(device)
    photographs = torch.rand(3, tiny.image_size, tiny.image_size, 3)
    with pytest.raises(KeyboardInterrupt), open_run(tmp_path / "run", "dreambooth", {}, identity_keys=[]) as run:
        dreambooth.tune(tiny, photographs, [None] * 3, config.resolve("cpu", fixed), run, device, torch.float32)
    assert waits.seen == []


def test_preservation_is_the_mean_and_pulls_back():
    layer = torch.nn.Linear(3, 2)
    before = {name: p.detach().clone() for name, p in layer.named_parameters()}
    with torch.no_grad():
        layer.weight += 0.5
    l1, l2 = (preservation_loss(layer, before, norm) for norm in ("l1", "l2"))
    assert l1.item() == pytest.approx(6 * 0.5 / 8) and l2.item() == pytest.approx(6 * 0.25 / 8)
    l1.backward()
    torch.testing.assert_close(layer.weight.grad, torch.full((2, 3), 1 / 8))
    torch.testing.assert_close(layer.bias.grad, torch.zeros(2))


def test_photographs_of_all_sorts(tmp_path):
    upright = Image.new("RGB", (40, 20), "red")
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    upright.save(tmp_path / "a.jpg", exif=exif)
    Image.new("CMYK", (30, 30)).save(tmp_path / "b.jpg")
    Image.fromarray(np.full((20, 20), 65535, np.uint16)).save(tmp_path / "c.png")
    (tmp_path / "c.txt").write_text("photo of\na sks cup")
    Image.new("RGB", (8, 8), "red").save(tmp_path / "d.gif", save_all=True, append_images=[Image.new("RGB", (8, 8), "blue")])
    (tmp_path / "e.png").write_bytes(b"no picture")
    (tmp_path / "f.heic").write_bytes(b"heic")
    (tmp_path / "notes.md").write_text("not a picture")
    images, captions, passed_over = load_photographs(tmp_path, 16, 0.5)
    assert images.shape == (3, 16, 16, 3) and captions == [None, None, "photo of a sks cup"]
    assert images[2].min() > 0.99 and images[0, ..., 0].min() > 0.9
    assert [s.split(":")[0] for s in passed_over] == ["d.gif", "e.png", "f.heic"]


def test_the_subject_fills_the_square_where_alpha_tells_it(photographs):
    images, _, _ = load_photographs(photographs, 36, 0.5)
    assert torch.allclose(images[0, 18, 18], torch.tensor([200, 0, 10]) / 255, atol=0.01)
    assert torch.allclose(images[0, 0, 0], torch.tensor(0.5), atol=0.01) and (images[0, 18, :, 0] > 0.6).sum() >= 28


def test_a_mask_beside_a_photograph_takes_its_background_away(tmp_path):
    Image.new("RGB", (80, 60), (200, 0, 10)).save(tmp_path / "a.jpg", quality=100)
    mask = np.zeros((30, 40), np.uint8)  # of another size
    mask[10:25, 15:30] = 255
    Image.fromarray(mask).save(tmp_path / "a.mask.png")
    images, captions, _ = load_photographs(tmp_path, 36, 0.5)
    assert len(images) == len(captions) == 1
    assert torch.allclose(images[0, 18, 18], torch.tensor([200, 0, 10]) / 255, atol=0.02)
    assert torch.allclose(images[0, 0, 0], torch.tensor(0.5), atol=0.01) and (images[0, 18, :, 0] > 0.6).sum() >= 28


@pytest.mark.parametrize(
    ("what", "says"), [("none", "is no folder"), ("empty", "holds no photograph"), ("many", "201 pictures")]
)
def test_a_bad_folder_is_one_sentence(what, says, tmp_path):
    folder = tmp_path / "photos"
    if what != "none":
        folder.mkdir()
    if what == "many":
        Image.new("RGB", (4, 4)).save(folder / "0.png")
        for k in range(1, 201):
            shutil.copy(folder / "0.png", folder / f"{k}.png")
    with pytest.raises(DataError, match=says):
        load_photographs(folder, 16, 0.5)


def test_without_images_the_command_says_what_it_needs(tmp_path):
    done = mvdream("dreambooth", cwd=tmp_path)
    assert done.returncode == 2 and "--images DIR" in done.stderr


def test_a_lora_with_prior_images(tiny_folder, photographs, tmp_path):
    command = ["dreambooth", "--images", photographs, "--subject", "sks dog", "--model", tiny_folder, "--out", "rex",
               "--steps", 2, "--lora", 2, "--prior-images", 2, "--class-prompt", "photo of a dog", "--preset", "cpu",
               "--set", "sample_views.steps=2", "--set", "engine.preview_every=0"]  # fmt: skip
    done = mvdream(*command, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "rex" / "model"
    assert sorted(path.name for path in folder.iterdir()) == ["pytorch_lora_weights.safetensors", "subject.json", "words.json"]
    assert len(list((tmp_path / "rex" / "cache" / "prior").glob("*.png"))) == 2
    stats = [json.loads(line) for line in (tmp_path / "rex" / "stats.jsonl").read_text().splitlines()]
    assert stats[-1]["loss_prior"] > 0
    sampled = mvdream("sample-views", "a sks dog", "--model", "rex", "--steps", 1, "--out", "views", cwd=tmp_path)
    assert sampled.returncode == 0, sampled.stderr
