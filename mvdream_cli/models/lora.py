"""LoRA folders: the matrices that `diffusion.lora` adds, in the form that diffusers loads, and the base that they change."""

import json
from pathlib import Path

import torch
from diffusers.loaders import StableDiffusionLoraLoaderMixin
from peft.utils import get_peft_model_state_dict

from mvdream_cli.atomic import written_whole
from mvdream_cli.diffusion.lora import NAME
from mvdream_cli.doors import door
from mvdream_cli.errors import ModelError
from mvdream_cli.models.find import LORA_WEIGHTS, SUBJECT, VERSIONS
from mvdream_cli.models.state_files import read_shapes
from mvdream_cli.versions import versions


def save_lora(unet, folder: Path, note: dict, words: set[str] | None = None) -> Path:
    """Write the UNet's LoRA to a folder, under its final name when whole; diffusers' `load_lora_weights` opens it.

    Args:
        note: {"base": the model that is changed, ...}, kept beside them.
        words: what the model was trained on, for `known_words`.
    """
    state = {key: value.contiguous() for key, value in get_peft_model_state_dict(unet, adapter_name=NAME).items()}
    with written_whole(folder) as partial:
        partial.mkdir()
        StableDiffusionLoraLoaderMixin.save_lora_weights(partial, unet_lora_layers=state, safe_serialization=True)
        (partial / SUBJECT).write_text(json.dumps(note | {VERSIONS: versions()}, indent=1))
        if words:
            (partial / "words.json").write_text(json.dumps(sorted(words)))
    return folder


def fuse_lora(unet, folder: Path) -> None:
    """Merge the LoRA of a folder into the UNet's weights, for good.

    Raises:
        ModelError: the file is broken or was made for another UNet.
    """
    path = folder / LORA_WEIGHTS
    way_out = "give it the base that it was trained on, or train it again."
    with door(path, ModelError, way_out, Exception), torch.no_grad():  # the reader raises anything at all
        shapes = read_shapes(path)
        if sum(shape.numel() for shape in shapes.values()) > sum(weight.numel() for weight in unet.parameters()):
            raise ValueError("it is larger than what it changes")
        unet.load_lora_adapter(path, prefix="unet", adapter_name=NAME)
        unet.fuse_lora(adapter_names=[NAME])
        unet.unload_lora()
