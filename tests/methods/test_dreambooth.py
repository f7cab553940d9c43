from contextlib import nullcontext

import pytest
import torch
from conftest import HostWaits

from mvdream_cli.engine.best import Best
from mvdream_cli.methods import dreambooth
from mvdream_cli.methods.dreambooth import DreamBooth, class_prompt
from mvdream_cli.settings.resolve import resolve


def tuning(pipeline, tmp_path, *settings, device="cpu") -> DreamBooth:
    fixed = ["keep_best=false", "prior_images.count=0", *settings]
    options = resolve("cpu", [f"dreambooth.{value}" for value in fixed]).dreambooth
    photographs = torch.rand(3, pipeline.image_size, pipeline.image_size, 3)
    where = {"device": torch.device(device), "dtype": torch.float32, "best": Best(tmp_path / "best.safetensors")}
    return DreamBooth(pipeline, photographs, [None] * 3, [], options, **where)


@pytest.mark.parametrize("lora_rank", [0, 2])
def test_a_step_does_not_wait_for_a_gpu(lora_rank, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())  # knows no meta device
    for module in (tiny.unet, tiny.vae, tiny.text_encoder):
        module.to("meta")
    waits = HostWaits()
    waits.take(tuning(tiny, tmp_path, f"lora_rank={lora_rank}", device="meta").step)
    assert waits.seen == []


@pytest.mark.parametrize(("attention", "batch", "said"), [("2d", 4, "2 photographs"), ("3d", 8, "1 rigs")])
def test_short_memory_makes_micro_batches_smaller_and_keeps_rigs_whole(attention, batch, said, tiny, tmp_path):
    made = tuning(tiny, tmp_path, f"attention={attention}", f"batch_size={batch}")
    method = made.method(tmp_path)
    assert method.shrink() == f"2 micro-batches of {said}; the batch stays the same" and len(method.parts(0)) == 2
    loss, _ = method.step(0, method.parts(0)[1])
    loss.backward()
    assert torch.isfinite(loss)


def test_gradients_are_clipped_only_if_asked(tiny, tmp_path):
    assert tuning(tiny, tmp_path).method(tmp_path).grad_clip is None  # as in the sources
    assert tuning(tiny, tmp_path, "optimizer.grad_clip=0.5").method(tmp_path).grad_clip == 0.5


def test_photographs_are_samples_of_their_posteriors(tiny_with_posterior, tmp_path, monkeypatch):
    made, seen = tuning(tiny_with_posterior, tmp_path), []
    monkeypatch.setattr(dreambooth, "denoising_loss", lambda _, latents, *rest: seen.append(latents) or torch.zeros(()))
    monkeypatch.setattr(torch, "randint", lambda high, size, **_: torch.zeros(size, dtype=torch.long))  # always the first
    for _ in range(40):
        made.step(0, made.micro_batches.parts[0])
    latents = torch.cat(seen)
    torch.testing.assert_close(latents.std(0), made.latents.std[0], atol=0.06, rtol=0)
    torch.testing.assert_close(latents.mean(0), made.latents.mean[0], atol=0.08, rtol=0)


@pytest.mark.parametrize("attention", ["2d", "3d"])
def test_the_camera_embedding_is_not_tuned_and_counts_in_n(attention, tiny, tmp_path):
    made = tuning(tiny, tmp_path, f"attention={attention}")
    trained = {name for name, p in tiny.unet.named_parameters() if p.requires_grad}
    frozen = {name for name, _ in tiny.unet.named_parameters()} - trained
    assert frozen and all(name.startswith("class_embedding.") for name in frozen)
    weight = tiny.unet.conv_in.weight
    with torch.no_grad():
        weight += 0.25
    drift = made.step(0, made.micro_batches.parts[0])[1]["drift"]
    every = sum(p.numel() for p in tiny.unet.parameters())
    assert drift.item() == pytest.approx(0.25 * weight.numel() / every, rel=1e-4)


def test_the_class_is_the_subject_without_its_rare_word():
    options = resolve("cpu", ["dreambooth.subject=sks dog"]).dreambooth
    assert class_prompt(options) == "photo of a dog"
    assert class_prompt(resolve("cpu", ["dreambooth.prior_images.prompt=a cat"]).dreambooth) == "a cat"
