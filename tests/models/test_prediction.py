"""Noise or velocity, told by the network, and kept in what is written."""

import shutil
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKL, DDIMScheduler
from test_single_file import UNET, VARIANTS
from transformers import CLIPTextConfig, CLIPTextModel

from mvdream_cli.diffusion.pipeline import MultiViewPipeline
from mvdream_cli.diffusion.schedule import alpha_sigma
from mvdream_cli.diffusion.unet import MultiViewUNet
from mvdream_cli.models.architectures import build_pipeline
from mvdream_cli.models.convert import convert, official_state
from mvdream_cli.models.load import load_pipeline
from mvdream_cli.models.prediction import NOISE, VELOCITY, predicts, settle_prediction
from mvdream_cli.models.single_file import published_scheduler
from mvdream_cli.models.tokenizers import train_tokenizer


@pytest.fixture(scope="module")
def mini():
    return load_pipeline("mini")


def as_noise(pipeline, predict=MultiViewPipeline.predict):
    """A predictor of noise out of one of velocity: noise = alpha v + sigma x."""

    def predicted(latents, timesteps, *rest):
        alpha, sigma = alpha_sigma(pipeline.scheduler, timesteps.reshape(1))
        return alpha * predict(pipeline, latents, timesteps, *rest) + sigma * latents

    return predicted


def test_a_trained_network_tells_what_it_predicts(mini, monkeypatch):
    assert mini.scheduler.config.prediction_type == VELOCITY and predicts(mini) == VELOCITY
    monkeypatch.setattr(mini, "predict", as_noise(mini), raising=False)
    assert predicts(mini) == NOISE


def test_an_untrained_network_tells_nothing_and_the_usual_is_kept(captions, tmp_path):
    torch.manual_seed(0)
    pipeline = build_pipeline("tiny", captions)
    assert predicts(pipeline) is None
    assert settle_prediction(pipeline, tmp_path / "x.pt") is None and pipeline.scheduler.config.prediction_type == VELOCITY


def test_a_wrong_scheduler_is_corrected_and_it_is_said(mini):
    parts = mini.vae, mini.text_encoder, mini.tokenizer, mini.unet
    pipeline = MultiViewPipeline(*parts, published_scheduler(), prior=mini.prior)
    note = settle_prediction(pipeline, Path("/nowhere/x.ckpt"))
    assert "predicts velocity" in note and "told from its answer to noise" in note
    assert pipeline.scheduler.config.prediction_type == VELOCITY
    assert settle_prediction(pipeline, Path("/nowhere/x.ckpt")) is None


def published(captions):
    """A pipeline of the published architecture, small."""
    torch.manual_seed(0)
    tokenizer = train_tokenizer(captions, 600, 16)
    sizes = {"block_out_channels": [64, 64, 128, 128], "cross_attention_dim": 64, "sample_size": 32}
    unet = MultiViewUNet(**UNET, **VARIANTS["sd21"], **sizes)
    vae = AutoencoderKL(
        block_out_channels=[32, 32, 64, 64], down_block_types=["DownEncoderBlock2D"] * 4, latent_channels=4,
        up_block_types=["UpDecoderBlock2D"] * 4, layers_per_block=2,
    )  # fmt: skip
    text = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=3, num_attention_heads=1,
            max_position_embeddings=16, bos_token_id=0, eos_token_id=1, hidden_act="gelu",
        )
    )  # fmt: skip
    return MultiViewPipeline(vae, text, tokenizer, unet, published_scheduler())


@pytest.fixture(scope="module")
def checkpoint(captions, tmp_path_factory):
    """A plain Stable Diffusion 2.x in one file."""
    folder, pipeline = tmp_path_factory.mktemp("sd"), published(captions)
    pipeline.tokenizer.save_pretrained(folder / "tokenizer")
    state = {key: value for key, value in official_state(pipeline, {}).items() if "camera_embed" not in key}
    torch.save(state, folder / "sd.ckpt")
    return folder / "sd.ckpt"


def test_a_velocity_file_is_read_as_such_and_stays_so_when_converted(checkpoint, tmp_path, monkeypatch):
    monkeypatch.setattr("mvdream_cli.models.prediction.predicts", lambda pipeline: VELOCITY)
    opened = load_pipeline(str(checkpoint))
    assert opened.scheduler.config.prediction_type == VELOCITY and "predicts velocity" in opened.report
    assert opened.unet.config.sample_size == 96  # those models draw 768 px
    for form in ("diffusers", "ashawkey"):
        folder = convert(str(checkpoint), tmp_path / form, form)
        assert DDIMScheduler.from_pretrained(folder / "scheduler").config.prediction_type == VELOCITY
    convert(str(checkpoint), tmp_path / "back.pt", "mvdream-pt")
    assert 'parameterization: "v"' in (tmp_path / "back.yaml").read_text()
    monkeypatch.setattr("mvdream_cli.models.prediction.predicts", lambda pipeline: None)
    shutil.copytree(checkpoint.parent / "tokenizer", tmp_path / "tokenizer")
    again = load_pipeline(str(tmp_path / "back.pt"))
    assert again.scheduler.config.prediction_type == VELOCITY and "as back.yaml says" in again.report


def test_a_noise_file_stays_what_it_is(checkpoint, tmp_path):
    opened = load_pipeline(str(checkpoint))
    assert opened.scheduler.config.prediction_type == NOISE and opened.unet.config.sample_size == 64
    assert "predicts" not in opened.report
    convert(str(checkpoint), tmp_path / "back.pt", "mvdream-pt")
    assert not (tmp_path / "back.yaml").exists()
