"""Model folders as others leave them: variants of half precision, .bin files, several files for one network, old names."""

import json
import shutil

import pytest
import torch
from diffusers import AutoencoderKL
from safetensors.torch import load_file, save_file

from mvdream_cli.errors import ModelError
from mvdream_cli.models.find import count_parameters, weight_files
from mvdream_cli.models.load import load_pipeline
from mvdream_cli.models.parts import open_network


def copied(tiny_folder, tmp_path, change):
    """The tiny model, `change` called with each of its weight files."""
    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    for path in list(folder.rglob("*.safetensors")):
        change(path)
    return folder


def same(one, other) -> bool:
    first, second = one.state_dict(), other.state_dict()
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


def to_variant(path):
    path.rename(path.with_name(path.name.replace(".safetensors", ".fp16.safetensors")))


def to_bin(path, variant: str = ""):
    stem = "pytorch_model" if path.stem == "model" else path.stem
    torch.save(load_file(path), path.with_name(f"{stem}{variant}.bin"))
    path.unlink()


def to_several(path):
    state = load_file(path)
    names = sorted(state)
    for k, part in enumerate((names[::2], names[1::2]), start=1):
        save_file({name: state[name] for name in part}, path.with_name(f"{path.stem}.fp16-0000{k}-of-00002.safetensors"))
    path.unlink()


def without_inner_name(path):
    state = {key.removeprefix("text_model."): value for key, value in load_file(path).items()}
    path.unlink()
    save_file(state, path.with_name(path.name.replace(".safetensors", ".fp16.safetensors")))


@pytest.mark.parametrize("change", [to_variant, to_bin, lambda p: to_bin(p, ".fp16"), to_several, without_inner_name])
def test_weights_are_found_whatever_their_files_are_called(tiny, tiny_folder, tmp_path, change):
    opened = load_pipeline(str(copied(tiny_folder, tmp_path, change)))
    for name in ("unet", "vae", "text_encoder", "image_encoder"):
        assert same(getattr(opened, name), getattr(tiny, name)), name
    if not list(tmp_path.rglob("*.fp16.bin")):  # which hold more here than their name says
        assert count_parameters(tmp_path / "model") == pytest.approx(count_parameters(tiny_folder), rel=0.15)
    assert opened.scheduler.config.prediction_type == tiny.scheduler.config.prediction_type


def test_full_precision_and_safetensors_are_taken_first(tiny_folder, tmp_path):
    folder = shutil.copytree(tiny_folder / "unet", tmp_path / "unet")
    state = load_file(folder / "diffusion_pytorch_model.safetensors")
    for name in ("diffusion_pytorch_model.fp16.safetensors", "diffusion_pytorch_model.non_ema.safetensors", "x.safetensors"):
        save_file(state, folder / name)
    torch.save(state, folder / "diffusion_pytorch_model.bin")
    for expected in ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.fp16.safetensors"):
        assert [path.name for path in weight_files(folder)] == [expected]
        (folder / expected).unlink()


def test_what_is_missing_in_such_a_folder_is_named(tiny_folder, tmp_path):
    folder = copied(tiny_folder, tmp_path, to_variant)
    weights = folder / "text_encoder" / "model.fp16.safetensors"
    state = load_file(weights)
    lost = next(key for key in state if "layers.1" in key)
    save_file({key: value for key, value in state.items() if key != lost}, weights)
    with pytest.raises(ModelError, match="1 of .* tensors of the CLIPTextModelWithProjection are missing"):
        load_pipeline(str(folder))
    weights.unlink()
    with pytest.raises(ModelError, match="text_encoder: there are no weights"):
        load_pipeline(str(folder))
    index = folder / "model_index.json"
    index.write_text(index.read_text().replace("CLIPTextModelWithProjection", "T5EncoderModel"))
    with pytest.raises(ModelError, match="is a T5EncoderModel, which is not known here"):
        load_pipeline(str(folder))


def test_a_configuration_that_is_none_is_named(tiny_folder, tmp_path):
    folder = copied(tiny_folder, tmp_path, to_variant)
    for content, says in (("[]", "no object"), ("{", "cannot be read"), ('{"model_type": "t5"}', "is a t5 network")):
        (folder / "text_encoder" / "config.json").write_text(content)
        with pytest.raises(ModelError, match=says):
            load_pipeline(str(folder))


def test_autoencoders_with_the_old_names_of_attention(tmp_path):
    torch.manual_seed(0)
    kind = {"down_block_types": ["DownEncoderBlock2D"], "up_block_types": ["UpDecoderBlock2D"], "block_out_channels": [32]}
    vae = AutoencoderKL(**kind, latent_channels=4)
    vae.save_pretrained(tmp_path)
    new = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    state = {}
    for key, value in load_file(tmp_path / "diffusion_pytorch_model.safetensors").items():
        for name, old in new.items():
            key = key.replace(f".{name}.", f".{old}.") if ".attentions." in key else key
        state[key] = value
    assert any(".proj_attn." in key for key in state)
    (tmp_path / "diffusion_pytorch_model.safetensors").unlink()
    torch.save(state, tmp_path / "diffusion_pytorch_model.bin")
    assert same(open_network(AutoencoderKL, tmp_path), vae)
    assert json.loads((tmp_path / "config.json").read_text())["latent_channels"] == 4
