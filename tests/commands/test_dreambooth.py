"""Personalisation through the command line, with the tiny real model."""

import json

import numpy as np
import pytest
import torch
from conftest import mvdream
from PIL import Image
from safetensors.torch import load_file

pytestmark = pytest.mark.numeric


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


def test_without_images_the_command_says_what_it_needs(tmp_path):
    done = mvdream("dreambooth", cwd=tmp_path)
    assert done.returncode == 2 and "--images DIR" in done.stderr


def test_a_folder_without_photographs_leaves_no_run(tmp_path):
    (tmp_path / "empty").mkdir()
    done = mvdream("dreambooth", "--images", "empty", "--subject", "sks dog", "--out", "rex", cwd=tmp_path)
    assert done.returncode == 1 and "it has no picture files" in done.stderr, done.stderr
    assert not (tmp_path / "rex").exists()


def test_a_lora_with_prior_images(tiny_folder, photographs, tmp_path):
    command = ["dreambooth", "--images", photographs, "--subject", "sks dog", "--model", tiny_folder, "--out", "rex",
               "--steps", 2, "--lora", 2, "--prior-images", 2, "--class-prompt", "photo of a dog", "--preset", "cpu",
               "--set", "dreambooth.prior_images.steps=2", "--set", "engine.preview_every=0"]  # fmt: skip
    done = mvdream(*command, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "rex" / "model"
    assert sorted(path.name for path in folder.iterdir()) == ["pytorch_lora_weights.safetensors", "subject.json", "words.json"]
    assert len(list((tmp_path / "rex" / "cache" / "prior").glob("*.png"))) == 2
    stats = [json.loads(line) for line in (tmp_path / "rex" / "stats.jsonl").read_text().splitlines()]
    assert stats[-1]["loss_prior"] > 0
    sampled = mvdream("sample-views", "a sks dog", "--model", "rex", "--steps", 1, "--out", "views", cwd=tmp_path)
    assert sampled.returncode == 0, sampled.stderr


def test_other_photographs_in_the_folder_are_another_run(tiny_folder, photographs, tmp_path):
    command = ["dreambooth", "--images", photographs, "--model", tiny_folder, "--out", "rex", "--steps", 1,
               "--preset", "cpu", "--set", "engine.preview_every=0"]  # fmt: skip
    assert mvdream(*command, cwd=tmp_path).returncode == 0
    Image.new("RGB", (60, 80), "blue").save(photographs / "0.png")
    other = mvdream(*command, cwd=tmp_path)
    assert other.returncode == 1 and "images_identity" in other.stderr, other.stderr
