"""Low-rank tuning of the UNet (LoRA, arXiv:2106.09685), by peft; the files are those that diffusers loads."""

import json
from pathlib import Path

import torch
from diffusers.loaders import StableDiffusionLoraLoaderMixin
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from torch import Tensor, nn

from mvdream_cli.diffusion.folders import LORA_WEIGHTS, SUBJECT
from mvdream_cli.errors import ModelError
from mvdream_cli.files import written_whole

NAME = "subject"
TARGETS = ["to_q", "to_k", "to_v", "to_out.0"]  # of every attention


def add_lora(unet, rank: int) -> nn.ModuleDict:
    """Put two thin matrices beside every attention's projections; only they are trained. They change nothing yet.

    Returns:
        The thin matrices as a module: its state dict is all that a checkpoint needs.
    """
    unet.requires_grad_(False)
    unet.add_adapter(
        LoraConfig(r=rank, lora_alpha=rank, init_lora_weights="gaussian", target_modules=TARGETS), adapter_name=NAME
    )
    return nn.ModuleDict(
        {name.replace(".", "/"): nn.ModuleList([layer.lora_A[NAME], layer.lora_B[NAME]]) for name, layer in _layers(unet)}
    )


def remove_lora(unet) -> None:
    """Take the thin matrices away again."""
    unet.unload_lora()


def lora_preservation(unet, norm: str = "l1") -> Tensor:
    """`losses.preservation_loss` of a UNet with LoRA: the difference of its weights is B A (MVDream, section 4.3).

    N counts the weights that the thin matrices stand beside. norm: "l1" or "l2".
    """
    size = {"l1": Tensor.abs, "l2": Tensor.square}[norm]
    total, count = 0.0, 0
    for _, layer in _layers(unet):
        difference = layer.scaling[NAME] * layer.lora_B[NAME].weight.float() @ layer.lora_A[NAME].weight.float()
        total, count = total + size(difference).sum(), count + difference.numel()
    return total / count


def count_changed(unet) -> tuple[int, int]:
    """(projections that the thin matrices change, all projections)."""
    changed = [bool(layer.lora_B[NAME].weight.any()) for _, layer in _layers(unet)]
    return sum(changed), len(changed)


def save_lora(unet, folder: Path, note: dict, words: set[str] | None = None) -> Path:
    """Write the thin matrices to a folder, under its final name when whole; diffusers' `load_lora_weights` opens it.

    Args:
        note: {"base": the model that is changed, ...}, kept beside them.
        words: what the model was trained on, for `known_words`.
    """
    state = {key: value.contiguous() for key, value in get_peft_model_state_dict(unet, adapter_name=NAME).items()}
    with written_whole(folder) as partial:
        partial.mkdir()
        StableDiffusionLoraLoaderMixin.save_lora_weights(partial, unet_lora_layers=state, safe_serialization=True)
        (partial / SUBJECT).write_text(json.dumps(note, indent=1))
        if words:
            (partial / "words.json").write_text(json.dumps(sorted(words)))
    return folder


def fuse_lora(unet, folder: Path) -> None:
    """Add the thin matrices of a folder to the UNet's weights, for good.

    Raises:
        ModelError: the file is broken or was made for another UNet.
    """
    path = folder / LORA_WEIGHTS
    try:
        with torch.no_grad():
            unet.load_lora_adapter(path, prefix="unet", adapter_name=NAME)
            unet.fuse_lora(adapter_names=[NAME])
            unet.unload_lora()
    except Exception as error:  # whatever a broken or a foreign file makes the readers raise
        raise ModelError(f"{path}: cannot be used with this base ({str(error).splitlines()[0]}); train it again.") from error


def _layers(unet) -> list[tuple[str, nn.Module]]:
    return [(name, module) for name, module in unet.named_modules() if NAME in getattr(module, "lora_A", {})]
