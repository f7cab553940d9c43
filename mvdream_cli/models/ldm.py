"""Names of weights in the official checkpoints (LDM) and in diffusers and transformers, both ways.

Each function takes a state dict in our names to the official ones or back; values are kept as they are, except that the VAE's
attention holds 1x1 convolutions there and matrices here, and OpenCLIP stacks the query, key and value rows of each layer.
The maps were checked by a strict load of both variants (690 UNet, 248 VAE tensors).
"""

import re

import torch
from torch import Tensor

State = dict[str, Tensor]

UNET_PREFIX, VAE_PREFIX = "model.diffusion_model.", "first_stage_model."
OPENCLIP_PREFIX, CLIP_PREFIX = "cond_stage_model.model.", "cond_stage_model.transformer.text_model."
CLIP_BARE_PREFIX = "cond_stage_model.transformer."  # of programs that leave out what has no say

_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_UNET_ENDS = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "class_embedding.linear_1": "camera_embed.0",
    "class_embedding.linear_2": "camera_embed.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
_VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
_TEXT_LAYER = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "self_attn.out_proj": "attn.out_proj",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
}
_TEXT_ENDS = {
    "embeddings.token_embedding.weight": "token_embedding.weight",
    "embeddings.position_embedding.weight": "positional_embedding",
    "final_layer_norm.weight": "ln_final.weight",
    "final_layer_norm.bias": "ln_final.bias",
}


def unet_name(key: str, layers_per_block: int, up_attention: list[bool]) -> str:
    """LDM's name of a tensor of UNet2DConditionModel, without prefix.

    Args:
        layers_per_block: resnets of a down block; an up block has one more.
        up_attention: for each up block, whether it has attention (its upsampler is then the third of its parts).
    """
    module, _, leaf = key.rpartition(".")
    if module in _UNET_ENDS:
        return f"{_UNET_ENDS[module]}.{leaf}"
    stride = layers_per_block + 1
    if match := re.fullmatch(r"mid_block\.(resnets|attentions)\.(\d)\.(.+)", key):
        kind, index, rest = match.groups()
        return f"middle_block.{1 if kind == 'attentions' else 2 * int(index)}.{_part(kind, rest)}"
    if match := re.fullmatch(r"down_blocks\.(\d+)\.(resnets|attentions|downsamplers)\.(\d+)\.(.+)", key):
        block, kind, index, rest = int(match[1]), match[2], int(match[3]), match[4]
        if kind == "downsamplers":
            return f"input_blocks.{(block + 1) * stride}.0.{rest.replace('conv.', 'op.')}"
        return f"input_blocks.{1 + block * stride + index}.{int(kind == 'attentions')}.{_part(kind, rest)}"
    if match := re.fullmatch(r"up_blocks\.(\d+)\.(resnets|attentions|upsamplers)\.(\d+)\.(.+)", key):
        block, kind, index, rest = int(match[1]), match[2], int(match[3]), match[4]
        if kind == "upsamplers":
            return f"output_blocks.{block * stride + layers_per_block}.{1 + up_attention[block]}.{rest}"
        return f"output_blocks.{block * stride + index}.{int(kind == 'attentions')}.{_part(kind, rest)}"
    raise KeyError(key)


def _part(kind: str, rest: str) -> str:
    if kind == "attentions":
        return rest
    module, leaf = rest.rsplit(".", 1)
    return f"{_RESNET[module]}.{leaf}"


def vae_name(key: str, levels: int) -> str:
    """LDM's name of a tensor of AutoencoderKL with `levels` resolutions, without prefix."""
    key = key.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    key = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", key)
    if match := re.fullmatch(r"(.+)\.mid_block\.attentions\.0\.(.+)\.(weight|bias)", key):
        return f"{match[1]}.mid.attn_1.{_VAE_ATTENTION[match[2]]}.{match[3]}"
    key = re.sub(r"down_blocks\.(\d)\.resnets\.", r"down.\1.block.", key)
    key = re.sub(r"down_blocks\.(\d)\.downsamplers\.0\.", r"down.\1.downsample.", key)
    key = re.sub(r"up_blocks\.(\d)\.resnets\.", lambda m: f"up.{levels - 1 - int(m[1])}.block.", key)
    return re.sub(r"up_blocks\.(\d)\.upsamplers\.0\.", lambda m: f"up.{levels - 1 - int(m[1])}.upsample.", key)


def vae_to_ldm(state: State, levels: int) -> State:
    """AutoencoderKL's state dict in LDM's names; attention matrices become 1x1 convolutions."""
    return {
        vae_name(key, levels): value[..., None, None] if _is_vae_matrix(key, value) else value for key, value in state.items()
    }


def vae_from_ldm(state: State, names: list[str], levels: int) -> State:
    """LDM's VAE tensors under AutoencoderKL's `names`; those that the state lacks are left out."""
    ours = {}
    for name in names:
        value = state.get(vae_name(name, levels))
        if value is not None:
            ours[name] = value[..., 0, 0] if "attentions" in name and value.ndim == 4 else value
    return ours


def _is_vae_matrix(key: str, value: Tensor) -> bool:
    return "attentions" in key and value.ndim == 2


def text_from_openclip(state: State, layers: int) -> State:
    """OpenCLIP's text tower under CLIPTextModel's names, its first `layers` blocks (the penultimate output: all but one)."""
    ours = {name: state[theirs] for name, theirs in _TEXT_ENDS.items() if theirs in state}
    for i in range(layers):
        block, layer = f"transformer.resblocks.{i}", f"encoder.layers.{i}"
        for leaf in ("weight", "bias"):
            stacked = state.get(f"{block}.attn.in_proj_{leaf}")
            if stacked is not None:
                for name, rows in zip("qkv", stacked.chunk(3)):
                    ours[f"{layer}.self_attn.{name}_proj.{leaf}"] = rows
            for name, theirs in _TEXT_LAYER.items():
                if f"{block}.{theirs}.{leaf}" in state:
                    ours[f"{layer}.{name}.{leaf}"] = state[f"{block}.{theirs}.{leaf}"]
    return ours


def text_to_openclip(state: State) -> State:
    """The inverse of `text_from_openclip`; its last block, text_projection and logit_scale are not among it."""
    theirs = {name: state[ours] for ours, name in _TEXT_ENDS.items()}
    layers = 1 + max(int(match[1]) for key in state if (match := re.match(r"encoder\.layers\.(\d+)\.", key)))
    for i in range(layers):
        block, layer = f"transformer.resblocks.{i}", f"encoder.layers.{i}"
        for leaf in ("weight", "bias"):
            rows = [state[f"{layer}.self_attn.{name}_proj.{leaf}"] for name in "qkv"]
            theirs[f"{block}.attn.in_proj_{leaf}"] = torch.cat(rows)
            for ours, name in _TEXT_LAYER.items():
                theirs[f"{block}.{name}.{leaf}"] = state[f"{layer}.{ours}.{leaf}"]
    return theirs
