import json

import pytest
import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import load_file, save_file

from mvdream_cli.commands.model_formats import merge
from mvdream_cli.diffusion import lora
from mvdream_cli.errors import ModelError, UsageError
from mvdream_cli.models.find import LORA_WEIGHTS, known_words, model_identity, subject_warning
from mvdream_cli.models.load import load_pipeline
from mvdream_cli.models.lora import save_lora


def prediction(pipeline) -> torch.Tensor:
    torch.manual_seed(0)
    text = pipeline.encode_prompt(["a red dog"])
    with torch.no_grad():
        return pipeline.predict(torch.randn(1, pipeline.latent_channels, 8, 8), torch.tensor(500), text, None, 1)


def tuned(pipeline, rank=2):
    """Thin matrices that change something, as training leaves them."""
    trained = lora.add_lora(pipeline.unet, rank)
    torch.manual_seed(1)
    for pair in trained.values():
        torch.nn.init.normal_(pair[1].weight, std=0.1)
    return trained


def test_nothing_changes_until_something_is_learnt(tiny):
    before = prediction(tiny)
    trained = lora.add_lora(tiny.unet, 2)
    assert torch.equal(prediction(tiny), before) and lora.count_changed(tiny.unet)[0] == 0
    assert {id(p) for p in trained.parameters()} == {id(p) for p in tiny.unet.parameters() if p.requires_grad}
    assert lora.lora_preservation(tiny.unet) == 0


def test_preservation_is_that_of_the_fused_weights(tiny, tiny_folder):
    tuned(tiny)
    measured = {norm: lora.lora_preservation(tiny.unet, norm) for norm in ("l1", "l2")}
    tiny.unet.fuse_lora()
    tiny.unet.unload_lora()
    fused, base = tiny.unet.state_dict(), load_pipeline(str(tiny_folder)).unet.state_dict()
    changes = [(fused[key] - base[key]).flatten() for key in base if not torch.equal(fused[key], base[key])]
    change = torch.cat(changes)
    torch.testing.assert_close(measured["l1"], change.abs().mean(), rtol=1e-3, atol=0)
    torch.testing.assert_close(measured["l2"], change.square().mean(), rtol=1e-3, atol=0)


def test_a_lora_is_a_model_and_merges(tiny, tiny_folder, tmp_path):
    tuned(tiny)
    wanted = prediction(tiny)
    changed, total = lora.count_changed(tiny.unet)
    assert changed == total > 0
    note = {"subject": "sks dog", "base": str(tiny_folder), "tensors_changed": changed, "tensors": total}
    folder = save_lora(tiny.unet, tmp_path / "rex", note, {"sks", "dog"})
    torch.testing.assert_close(prediction(load_pipeline(str(folder))), wanted, atol=1e-5, rtol=1e-4)
    assert model_identity(str(folder)) != model_identity(str(tiny_folder)) and known_words(str(folder)) == {"sks", "dog"}
    assert "sks dog" in subject_warning(str(folder), "a cat")
    alone = merge(str(folder), tmp_path / "alone")
    torch.testing.assert_close(prediction(load_pipeline(str(alone))), wanted, atol=1e-5, rtol=1e-4)
    for source, out in (("alone", "other"), ("rex", "alone")):
        with pytest.raises(UsageError):
            merge(str(tmp_path / source), tmp_path / out)
    state, _ = StableDiffusionPipeline.lora_state_dict(folder)  # as diffusers' own load_lora_weights reads it
    assert all(key.startswith("unet.") for key in state) and len(state) == 2 * total


def test_a_lora_that_fits_nothing(tiny, tiny_folder, tmp_path):
    tuned(tiny)
    folder = save_lora(tiny.unet, tmp_path / "rex", {"base": str(tiny_folder)})
    path = folder / LORA_WEIGHTS
    save_file({key: value.repeat(3, 3) for key, value in load_file(path).items()}, path)
    with pytest.raises(ModelError, match="cannot be read .*; give it the base that it was trained on"):
        load_pipeline(str(folder))
    (folder / "subject.json").write_text(json.dumps({}))
    with pytest.raises(ModelError, match="not the name of the model"):
        load_pipeline(str(folder))
