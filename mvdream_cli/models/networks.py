"""The networks of a single-file checkpoint, built from the shapes of its tensors and filled with them."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from diffusers import AutoencoderKL
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel

from mvdream_cli.diffusion.unet import MultiViewUNet
from mvdream_cli.doors import reason
from mvdream_cli.errors import ModelError
from mvdream_cli.models import ldm
from mvdream_cli.models.ldm import State

TENSORS_OF_A_RESNET = 10
NO_CAMERA = "no camera embedding: a fresh one, fit for training and the 2D mode only"
CAMERA_CONFIG = {"class_embed_type": "projection", "projection_class_embeddings_input_dim": 16}


def unet_from_ldm(state: State, path: Path) -> tuple[MultiViewUNet, set[str], list[str]]:
    """The UNet, built from the shapes of LDM's tensors (no prefix) and filled. Returns it, the keys used, and notes."""
    with architecture(path, "UNet"):
        config, layers, up_attention = unet_config(state)
        names = {key: ldm.unet_name(key, layers, up_attention) for key in drafted(lambda: MultiViewUNet(**config)).state_dict()}
    ours = {key: state[theirs] for key, theirs in names.items() if theirs in state}
    unet, notes = filled(lambda: MultiViewUNet(**config), ours, path, may_lack="class_embedding.")
    return unet, {names[key] for key in ours}, notes


def unet_config(state: State) -> tuple[dict, int, list[bool]]:
    """UNet2DConditionModel's settings, resnets of a down block, and which up blocks have attention, from LDM's tensors."""
    downsamplers = sorted(int(m[1]) for key in state if (m := re.fullmatch(r"input_blocks\.(\d+)\.0\.op\.weight", key)))
    layers = downsamplers[0] - 1
    if not 0 < layers * len(downsamplers) * TENSORS_OF_A_RESNET < len(state):
        raise ValueError(f"{len(state)} tensors cannot be {layers} resnets in {len(downsamplers) + 1} blocks")
    firsts = [1 + level * (layers + 1) for level in range(len(downsamplers) + 1)]
    channels = [state[f"input_blocks.{i}.0.out_layers.3.weight"].shape[0] for i in firsts]
    attention = [f"input_blocks.{i}.1.proj_in.weight" in state for i in firsts]
    block = f"input_blocks.{firsts[attention.index(True)]}.1"
    linear = state[f"{block}.proj_in.weight"].ndim == 2
    has_camera = "camera_embed.0.weight" in state
    config = {
        "sample_size": 32 if has_camera else 64,
        "in_channels": state["input_blocks.0.0.weight"].shape[1],
        "out_channels": state["out.2.weight"].shape[0],
        "block_out_channels": channels,
        "layers_per_block": layers,
        "down_block_types": ["CrossAttnDownBlock2D" if a else "DownBlock2D" for a in attention],
        "up_block_types": ["CrossAttnUpBlock2D" if a else "UpBlock2D" for a in reversed(attention)],
        "cross_attention_dim": state[f"{block}.transformer_blocks.0.attn2.to_k.weight"].shape[1],
        # diffusers' name for what is the number of heads: 64 channels each in 2.x, eight heads in 1.x
        "attention_head_dim": [c // 64 for c in channels] if linear else 8,
        "use_linear_projection": linear,
        **CAMERA_CONFIG,
    }
    return config, layers, attention[::-1]


def vae_from_ldm(state: State, path: Path) -> tuple[AutoencoderKL, set[str]]:
    """The autoencoder, built from the shapes of LDM's tensors (no prefix) and filled. Returns it and the keys used."""
    with architecture(path, "autoencoder"):
        levels = _count(state, r"encoder\.down\.(\d+)\.")
        config = {
            "block_out_channels": [state[f"encoder.down.{i}.block.0.conv1.weight"].shape[0] for i in range(levels)],
            "down_block_types": ["DownEncoderBlock2D"] * levels,
            "up_block_types": ["UpDecoderBlock2D"] * levels,
            "layers_per_block": _count(state, r"encoder\.down\.0\.block\.(\d+)\."),
            "latent_channels": state["post_quant_conv.weight"].shape[0],
            "scaling_factor": 0.18215,
            "sample_size": 256,
        }
        names = list(drafted(lambda: AutoencoderKL(**config)).state_dict())
    vae, _ = filled(lambda: AutoencoderKL(**config), ldm.vae_from_ldm(state, names, levels), path)
    return vae, {ldm.vae_name(name, levels) for name in names}


def text_from_ldm(state: State, path: Path) -> tuple[CLIPTextModel, set[str]]:
    """The text encoder: OpenCLIP's tower without its last block (2.x), or CLIP-L's (1.x). Returns it and the keys used."""
    prefixes = (ldm.OPENCLIP_PREFIX, ldm.CLIP_PREFIX, ldm.CLIP_BARE_PREFIX)
    found = next((prefix for prefix in prefixes if any(key.startswith(prefix) for key in state)), ldm.CLIP_PREFIX)
    openclip, tower = found == ldm.OPENCLIP_PREFIX, under(state, found)
    if not tower:
        raise ModelError(f"{path}: the text encoder is missing (there is no tensor cond_stage_model.*).")
    with architecture(path, "text encoder"):
        table, position, up, pattern = (
            ("token_embedding.weight", "positional_embedding", "transformer.resblocks.0.mlp.c_fc.weight", r"resblocks\.(\d+)\.")
            if openclip
            else (
                "embeddings.token_embedding.weight",
                "embeddings.position_embedding.weight",
                "encoder.layers.0.mlp.fc1.weight",
                r"encoder\.layers\.(\d+)\.",
            )
        )
        blocks = _count(tower, pattern)
        vocabulary, width = tower[table].shape
        config = CLIPTextConfig(
            vocab_size=vocabulary,
            hidden_size=width,
            intermediate_size=tower[up].shape[0],
            num_hidden_layers=blocks - 1 if openclip else blocks,  # the penultimate output
            num_attention_heads=max(1, width // 64),
            max_position_embeddings=tower[position].shape[0],
            hidden_act="gelu" if openclip else "quick_gelu",
            bos_token_id=vocabulary - 2,
            eos_token_id=vocabulary - 1,
            pad_token_id=vocabulary - 1,
        )
        # transformers 5 dropped the prefix text_model. inside the model; files keep it
        prefixed = any(key.startswith("text_model.") for key in drafted(lambda: CLIPTextModel(config)).state_dict())
    ours = ldm.text_from_openclip(tower, blocks - 1) if openclip else tower
    ours = {f"text_model.{key}" if prefixed else key: value for key, value in ours.items()}
    encoder, _ = filled(lambda: CLIPTextModel(config), ours, path, spare=("embeddings.position_ids",))
    return encoder, {found + key for key in tower}


def _count(state: State, pattern: str) -> int:
    """One more than the largest number in the names of tensors; never more than there are tensors."""
    count = 1 + max((int(match[1]) for key in state if (match := re.search(pattern, key))), default=-1)
    if not 0 < count <= len(state):
        raise ValueError(f"{len(state)} tensors cannot be {count} blocks")
    return count


def under(state: State, prefix: str) -> State:
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}


@contextmanager
def architecture(where: Path, what: str) -> Iterator[None]:
    """Around what builds or tries a network of a file: shapes that make no sense make the libraries raise anything at all."""
    try:
        yield
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(f"{where}: the {what} is incomplete or of another architecture ({reason(error)}).") from error


def drafted(build: Callable[[], nn.Module]) -> nn.Module:
    """A network without memory behind its weights: to be compared with a file before anything is allocated."""
    with torch.device("meta"):
        return build()


def compare(draft: nn.Module, state: State, path: Path, may_lack: str | None = None, spare: tuple[str, ...] = ()) -> list[str]:
    """Whether a state is that of a network, by names and shapes. Returns notes.

    Raises:
        ModelError: tensors are missing (but those that start with `may_lack`, which stay as drawn) or have another shape.
    """
    wanted = draft.state_dict()
    lacking = [key for key in wanted if key not in state and not key.endswith(spare or ("\0",))]
    notes = []
    if may_lack and lacking and all(key.startswith(may_lack) for key in lacking):
        notes, lacking = [NO_CAMERA], []
    name = type(draft).__name__
    if lacking:
        raise ModelError(
            f"{path}: {len(lacking)} of {len(wanted)} tensors of the {name} are missing, such as {lacking[0]}; "
            "get the file again."
        )
    wrong = next((key for key in wanted if key in state and state[key].shape != wanted[key].shape), None)
    if wrong:
        raise ModelError(
            f"{path}: {wrong} of the {name} has the shape {tuple(state[wrong].shape)}, "
            f"not {tuple(wanted[wrong].shape)}; this is another architecture."
        )
    return notes


def filled(
    build: Callable[[], nn.Module], state: State, path: Path, may_lack: str | None = None, spare: tuple[str, ...] = ()
) -> tuple[nn.Module, list[str]]:
    """A network with the tensors of a state, and notes; see `compare`, which comes before it takes any memory.

    Raises:
        ModelError: it cannot be built, or the state is another one's.
    """
    with architecture(path, "network"):
        notes = compare(drafted(build), state, path, may_lack, spare)
        module = build()
        wanted = module.state_dict()
        module.load_state_dict(
            {key: value.to(wanted[key].dtype) for key, value in state.items() if key in wanted}, strict=False
        )
    return module, notes
