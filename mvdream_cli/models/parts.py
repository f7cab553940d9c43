"""The networks of a model folder, whatever its weight files are called: variants (fp16), .bin, several files a network."""

import json
import re
from pathlib import Path

from diffusers import AutoencoderDC, AutoencoderKL, DDIMScheduler
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

from mvdream_cli.diffusion.pipeline import MultiViewPipeline
from mvdream_cli.diffusion.unet import MultiViewUNet
from mvdream_cli.errors import ModelError
from mvdream_cli.models.find import weight_files
from mvdream_cli.models.ldm import State
from mvdream_cli.models.networks import fill
from mvdream_cli.models.state_files import read_state

_CLASSES = {
    "AutoencoderKL": AutoencoderKL,
    "AutoencoderDC": AutoencoderDC,
    "UNet2DConditionModel": MultiViewUNet,
    "CLIPTextModel": CLIPTextModel,
    "CLIPTextModelWithProjection": CLIPTextModelWithProjection,
    "CLIPVisionModelWithProjection": CLIPVisionModelWithProjection,
}
_CONFIGS = {
    CLIPTextModel: CLIPTextConfig,
    CLIPTextModelWithProjection: CLIPTextConfig,
    CLIPVisionModelWithProjection: CLIPVisionConfig,
}
_OLD_ATTENTION = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}  # of autoencoders before 2023
# What other programs mean by a UNet that takes more than latents.
_CHANNELS = {
    9: "an inpainting model",
    8: "a model that edits pictures (pix2pix)",
    7: "an upscaler",
    5: "a model for depth maps",
}


def has_usual_files(folder: Path) -> bool:
    """Whether the libraries would find the weights by themselves, as safetensors."""
    try:
        files = weight_files(folder)
    except ModelError:
        return True  # they then say what is missing
    return all(re.fullmatch(r"[^.]+\.safetensors", path.name) for path in files)


def network_state(folder: Path) -> State:
    """All tensors of a network's folder, whose files may be several.

    Raises:
        ModelError: none, or unreadable.
    """
    state: State = {}
    for path in weight_files(folder):
        state |= read_state(path)
    return state


def open_network(cls, folder: Path):
    """A network of diffusers or transformers from its folder, with all of its weights.

    Raises:
        ModelError: the configuration or a weight is missing, or of another architecture.
    """
    config = read_config(folder)
    if cls in _CONFIGS and config.get("model_type", "clip_text_model") not in ("clip_text_model", "clip", "clip_vision_model"):
        raise ModelError(f"{folder}: is a {config['model_type']} network, not CLIP; this is another architecture.")
    try:
        if cls in _CONFIGS:
            network = cls(_CONFIGS[cls].from_dict(config))
        else:
            network = cls.from_config({key: value for key, value in config.items() if not key.startswith("_")})
    except Exception as error:  # whatever a configuration that makes no sense makes the libraries raise
        raise ModelError(f"{folder}: its config.json cannot be used ({_line(error)}).") from error
    wanted = network.state_dict()
    prefixed = any(key.startswith("text_model.") for key in wanted)
    state = {}
    for key, value in network_state(folder).items():
        if cls in (CLIPTextModel, CLIPTextModelWithProjection):  # with or without, as the program that wrote it liked
            key = key.removeprefix("text_model.") if key not in wanted else key
            key = f"text_model.{key}" if prefixed and key not in wanted else key
        if cls is AutoencoderKL and key not in wanted:
            key = re.sub(r"\.(query|key|value|proj_attn)\.", lambda match: f".{_OLD_ATTENTION[match[1]]}.", key)
        state[key] = value
    fill(network, state, folder, spare=("embeddings.position_ids",))
    return network


def pipeline_from_parts(folder: Path) -> MultiViewPipeline:
    """A pipeline from a folder of our own form, each of its networks by `open_network`.

    Raises:
        ModelError: a part is missing, broken or of another kind.
    """
    index = read_config(folder, "model_index.json")

    def part(name: str):
        kind = (index.get(name) or [None, None])[1]
        if kind not in _CLASSES:
            raise ModelError(f"{folder / name}: is a {kind}, which is not known here; use {', '.join(_CLASSES)}.")
        return open_network(_CLASSES[kind], folder / name)

    tokenizer, scheduler = open_tokenizer(folder), open_scheduler(folder)
    image_encoder = part("image_encoder") if (folder / "image_encoder").is_dir() else None
    return MultiViewPipeline(part("vae"), part("text_encoder"), tokenizer, part("unet"), scheduler, image_encoder)


def open_tokenizer(folder: Path) -> CLIPTokenizer:
    try:
        return CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
    except Exception as error:  # whatever a broken file makes the reader raise
        raise ModelError(f"{folder / 'tokenizer'}: cannot be read ({_line(error)}); copy the folder again.") from error


def open_scheduler(folder: Path) -> DDIMScheduler:
    try:
        return DDIMScheduler.from_pretrained(folder, subfolder="scheduler", local_files_only=True)
    except Exception as error:  # whatever a broken file makes the reader raise
        raise ModelError(f"{folder / 'scheduler'}: cannot be read ({_line(error)}); copy the folder again.") from error


def refuse_other_inputs(where: Path | str, channels: int, latent_channels: int) -> None:
    """Refuse a UNet that takes more, or less, than the latents of its autoencoder.

    Raises:
        ModelError: it does.
    """
    if channels != latent_channels:
        what = _CHANNELS.get(channels, "made for other inputs")
        raise ModelError(
            f"{where}: its UNet takes {channels} channels where the autoencoder has {latent_channels}: it is {what}; take the "
            "model that draws from text alone."
        )


def read_config(folder: Path, name: str = "config.json") -> dict:
    """The JSON object of a folder's configuration. Raises ModelError if there is none."""
    try:
        config = json.loads((folder / name).read_text(encoding="utf-8"))
        if not isinstance(config, dict):
            raise ValueError("it is no object")
        return config
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder / name}: cannot be read ({_line(error)}); copy the whole model folder again.") from error


def _line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
