"""Write a model in the published formats: a diffusers folder, the official single file, or the ashawkey port."""

import json
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from safetensors.torch import load_file, save_file
from transformers import CLIPTextModel

from mvdream_cli.atomic import written_whole
from mvdream_cli.errors import ModelError
from mvdream_cli.models import ldm
from mvdream_cli.models.find import find_model
from mvdream_cli.models.ldm import State
from mvdream_cli.models.load import load_pipeline, save_pipeline
from mvdream_cli.models.prediction import write_beside
from mvdream_cli.models.single_file import SCHEDULE_BUFFERS
from mvdream_cli.models.state_files import read_state

FORMATS = ("diffusers", "mvdream-pt", "ashawkey")
EXTRA = "ldm_extra.safetensors"  # what a single file holds and no diffusers folder has a place for, kept for the way back


def convert(source: str, out: Path, form: str) -> Path:
    """Write the model `source` to `out`: a folder, or a file for "mvdream-pt". Numbers are kept, in float32.

    What the UNet predicts is written too: in a folder's scheduler, and beside a file, if that is velocity, in NAME.yaml.

    Raises:
        ModelError: unreadable source, one that is not of the published architecture, or `out` exists.
    """
    if out.exists():
        raise ModelError(f"{out}: exists already; give another name or remove it.")
    pipeline = load_pipeline(source)
    if not isinstance(pipeline.vae, AutoencoderKL) or not isinstance(pipeline.text_encoder, CLIPTextModel):
        raise ModelError(f"{source}: only models of the published architecture have the published formats.")
    extra = _extra(find_model(source))
    if form == "mvdream-pt":
        write_beside(out, pipeline.scheduler.config.prediction_type)
    with written_whole(out) as partial:
        if form == "mvdream-pt":
            torch.save(official_state(pipeline, extra), partial)
        else:
            (save_pipeline if form == "diffusers" else _save_port)(pipeline, partial)
            if extra:
                save_file(extra, partial / EXTRA)
    return out


def official_state(pipeline, extra: State) -> State:
    """All tensors of the official file, in LDM's names.

    Args:
        extra: tensors that the file had and the networks do not use. Without them the noise schedule is computed, and the
            text tower's last block, which no output depends on, is a copy of the one before.
    """
    state = {ldm.UNET_PREFIX + key: value for key, value in unet_state(pipeline.unet).items()}
    levels = len(pipeline.vae.config.block_out_channels)
    state |= {ldm.VAE_PREFIX + key: value for key, value in ldm.vae_to_ldm(pipeline.vae.state_dict(), levels).items()}
    text = {key.removeprefix("text_model."): value for key, value in pipeline.text_encoder.state_dict().items()}
    if pipeline.text_encoder.config.hidden_act == "quick_gelu":
        state |= {ldm.CLIP_PREFIX + key: value for key, value in text.items()}
        positions = torch.arange(pipeline.text_encoder.config.max_position_embeddings)[None]
        state[f"{ldm.CLIP_PREFIX}embeddings.position_ids"] = positions
    else:
        tower = ldm.text_to_openclip(text)
        layers, width = pipeline.text_encoder.config.num_hidden_layers, pipeline.text_encoder.config.hidden_size
        before, last = f"transformer.resblocks.{layers - 1}.", f"transformer.resblocks.{layers}."
        tower |= {key.replace(before, last): value.clone() for key, value in tower.items() if key.startswith(before)}
        tower |= {"text_projection": torch.eye(width), "logit_scale": torch.tensor(np.log(1 / 0.07), dtype=torch.float32)}
        state |= {ldm.OPENCLIP_PREFIX + key: value for key, value in tower.items()}
    state |= schedule_buffers(pipeline.scheduler.betas)
    return {key: value.contiguous() for key, value in (state | extra).items()}


def unet_state(unet) -> State:
    """The UNet's tensors in LDM's names, without prefix."""
    up_attention = [kind == "CrossAttnUpBlock2D" for kind in unet.config.up_block_types]
    layers = unet.config.layers_per_block
    return {ldm.unet_name(key, layers, up_attention): value for key, value in unet.state_dict().items()}


def schedule_buffers(betas: torch.Tensor) -> State:
    """The noise schedule as the official code keeps it beside the networks (Ho et al. 2020, eqs. 4 and 7), float32."""
    beta = np.asarray(betas, dtype=np.float64)
    alpha_bar = np.cumprod(1 - beta)
    before = np.append(1.0, alpha_bar[:-1])
    variance = beta * (1 - before) / (1 - alpha_bar)
    buffers = {
        "betas": beta,
        "alphas_cumprod": alpha_bar,
        "alphas_cumprod_prev": before,
        "sqrt_alphas_cumprod": np.sqrt(alpha_bar),
        "sqrt_one_minus_alphas_cumprod": np.sqrt(1 - alpha_bar),
        "log_one_minus_alphas_cumprod": np.log(1 - alpha_bar),
        "sqrt_recip_alphas_cumprod": np.sqrt(1 / alpha_bar),
        "sqrt_recipm1_alphas_cumprod": np.sqrt(1 / alpha_bar - 1),
        "posterior_variance": variance,
        "posterior_log_variance_clipped": np.log(np.maximum(variance, 1e-20)),
        "posterior_mean_coef1": beta * np.sqrt(before) / (1 - alpha_bar),
        "posterior_mean_coef2": (1 - before) * np.sqrt(1 - beta) / (1 - alpha_bar),
    }
    return {key: torch.from_numpy(value).float() for key, value in buffers.items()}


def _extra(source: Path) -> State:
    """Tensors of a single file that the networks do not use, or those that an earlier conversion kept in a folder."""
    if source.is_dir():
        return load_file(source / EXTRA) if (source / EXTRA).is_file() else {}
    if not source.is_file():
        return {}
    state = read_state(source)
    blocks = {int(key.split(".resblocks.")[1].split(".")[0]) for key in state if ".resblocks." in key}
    unused = (f"resblocks.{max(blocks, default=-1)}.", "text_projection", "logit_scale", "attn_mask", "position_ids")
    return {
        key: value.clone()
        for key, value in state.items()
        if SCHEDULE_BUFFERS.fullmatch(key) or (key.startswith("cond_stage_model.") and any(part in key for part in unused))
    }


def _save_port(pipeline, out: Path) -> Path:
    """The folder of the ashawkey port: the UNet in LDM's names, the rest as diffusers and transformers write it."""
    config = pipeline.unet.config
    widths, attention = config.block_out_channels, [kind == "CrossAttnDownBlock2D" for kind in config.down_block_types]
    layers = config.layers_per_block
    described = {
        "_class_name": "MultiViewUNetModel",
        "image_size": config.sample_size,
        "in_channels": config.in_channels,
        "model_channels": widths[0],
        "out_channels": config.out_channels,
        "num_res_blocks": layers,
        "attention_resolutions": [2**level for level, has in enumerate(attention) if has][::-1],
        "channel_mult": [width // widths[0] for width in widths],
        "num_head_channels": 64,
        "use_checkpoint": False,
        "transformer_depth": 1,
        "context_dim": config.cross_attention_dim,
        "camera_dim": 16,
    }

    with written_whole(out) as partial:
        partial.mkdir()
        for name in ("vae", "text_encoder", "tokenizer"):
            getattr(pipeline, name).save_pretrained(partial / name)
        pipeline.scheduler.save_pretrained(partial / "scheduler")
        (partial / "unet").mkdir()
        (partial / "unet" / "config.json").write_text(json.dumps(described, indent=2))
        tensors = {key: value.contiguous() for key, value in unet_state(pipeline.unet).items()}
        save_file(tensors, partial / "unet" / "diffusion_pytorch_model.safetensors", {"format": "pt"})
        index = {
            "_class_name": "MVDreamPipeline",
            "feature_extractor": [None, None],
            "image_encoder": [None, None],
            "requires_safety_checker": False,
            "scheduler": ["diffusers", "DDIMScheduler"],
            "text_encoder": ["transformers", "CLIPTextModel"],
            "tokenizer": ["transformers", "CLIPTokenizer"],
            "unet": ["mv_unet", "MultiViewUNetModel"],
            "vae": ["diffusers", "AutoencoderKL"],
        }
        (partial / "model_index.json").write_text(json.dumps(index, indent=2))

    return out
