"""Fresh models: the tokenizer is a function of the captions; the encoder holds principal components."""

import subprocess
import sys

import torch
from conftest import ROOT

from mvdream_cli.models.architectures import build_pipeline, principal_encoder
from mvdream_cli.models.tokenizers import train_tokenizer

CAPTIONS = ["a red dog", "a green car, 3d asset", "a golden crown", "a dog's crown"]


def test_words_become_tokens_and_anything_encodes():
    tokenizer = train_tokenizer(CAPTIONS, 700, 16)
    ids = tokenizer(["A red   Dog", "zebra \U0001f993"]).input_ids
    assert len(ids[0]) == 5 and ids[0][0] == tokenizer.bos_token_id and ids[0][-1] == tokenizer.eos_token_id
    assert tokenizer.unk_token_id not in ids[1][1:-1]
    assert tokenizer(["a red dog"]).input_ids[0] == ids[0]
    assert len(tokenizer) < 700


def test_two_processes_agree():
    module = "mvdream_cli.models.tokenizers"
    code = f"from {module} import train_tokenizer as t; print(t({CAPTIONS!r}, 700, 16)({CAPTIONS!r}).input_ids)"
    made = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(made) == 1


def test_the_principal_encoder_projects_patches():
    """Against a singular value decomposition of unfolded patches: the same subspace, the scales of half-whitening."""
    torch.manual_seed(0)
    vae = build_pipeline("tiny", CAPTIONS).vae  # patches of 4x4, 4 components
    colors = torch.nn.functional.interpolate(torch.rand(6, 3, 8, 8), 32, mode="bilinear")
    principal_encoder(vae, colors.permute(0, 2, 3, 1))
    assert not any(parameter.requires_grad for parameter in vae.encoder.parameters())
    with torch.no_grad():
        latents = vae.encode(colors * 2 - 1).latent  # (6, 4, 8, 8)
    patches = torch.nn.functional.unfold(colors * 2 - 1, 4, stride=4).movedim(1, -1).flatten(0, 1).double()
    patches = patches - patches.mean(0)
    left, singular, _ = torch.linalg.svd(patches, full_matrices=False)
    ours = latents.flatten(2).movedim(1, -1).flatten(0, 1).double()
    variances = singular[:4] ** 2 / (len(patches) - 1)
    torch.testing.assert_close(ours.var(0), variances**0.5, rtol=1e-3, atol=0)
    expected = left[:, :4] * singular[:4] * variances**-0.25
    torch.testing.assert_close(ours.abs(), expected.abs(), rtol=1e-3, atol=1e-3)
