"""The networks of a model folder, whatever its weight files are called: variants (fp16), .bin, several files a network."""

import re
from collections.abc import Callable
from pathlib import Path

from diffusers import AutoencoderDC, AutoencoderKL, DDIMScheduler
from torch import nn
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

from mvdream_cli.diffusion.pipeline import MultiViewPipeline
from mvdream_cli.diffusion.unet import MultiViewUNet
from mvdream_cli.doors import check_file, door, read_json
from mvdream_cli.errors import ModelError
from mvdream_cli.models.find import weight_files
from mvdream_cli.models.ldm import State
from mvdream_cli.models.networks import architecture, compare, drafted, filled
from mvdream_cli.models.state_files import read_shapes, read_state
from mvdream_cli.models.tokenizers import read_tokenizer

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
_SPARE = ("embeddings.position_ids",)  # a count from 0 on, which files may leave out
MOST_LAYERS, MOST_STEPS = 1000, 100_000  # of one kind; of a noise schedule
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
    build = _builder(cls, folder)
    state = _renamed(cls, network_state(folder), drafted(build))
    return filled(build, state, folder, spare=_SPARE)[0]


def check_network(cls, folder: Path) -> None:
    """Compare the configuration of a folder with the headers of its .safetensors files, before a library believes either.

    Raises:
        ModelError: as `open_network`.
    """
    draft = drafted(_builder(cls, folder))
    shapes = {key: shape for path in weight_files(folder) for key, shape in read_shapes(path).items()}
    compare(draft, _renamed(cls, shapes, draft), folder, spare=_SPARE)


def _builder(cls, folder: Path) -> Callable[[], nn.Module]:
    """Builds the network of a configuration, weights as drawn. Raises ModelError, also for one that makes no sense."""
    config = read_config(folder)
    if cls in _CONFIGS and config.get("model_type", "clip_text_model") not in ("clip_text_model", "clip", "clip_vision_model"):
        raise ModelError(f"{folder}: is a {config['model_type']} network, not CLIP; this is another architecture.")

    def build() -> nn.Module:
        with architecture(folder / "config.json", "network"):
            if cls in _CONFIGS:
                return cls(_CONFIGS[cls].from_dict(config))
            return cls.from_config({key: value for key, value in config.items() if not key.startswith("_")})

    return build


def _renamed(cls, state: State, draft: nn.Module) -> State:
    """The tensors of a file under the names of today's libraries."""
    wanted = draft.state_dict()
    prefixed = any(key.startswith("text_model.") for key in wanted)
    renamed = {}
    for key, value in state.items():
        if cls in (CLIPTextModel, CLIPTextModelWithProjection):  # with or without, as the program that wrote it liked
            key = key.removeprefix("text_model.") if key not in wanted else key
            key = f"text_model.{key}" if prefixed and key not in wanted else key
        if cls is AutoencoderKL and key not in wanted:
            key = re.sub(r"\.(query|key|value|proj_attn)\.", lambda match: f".{_OLD_ATTENTION[match[1]]}.", key)
        renamed[key] = value
    return renamed


def check_parts(folder: Path) -> None:
    """Look at all that a model folder holds before a library opens it.

    Raises:
        ModelError: a pipe or a device, JSON that cannot be read, or a network that is not what its configuration says.
    """
    for path in sorted({*folder.glob("*"), *folder.glob("*/*")}):
        if not path.is_dir():
            with door(path, ModelError, "copy the whole model folder again."):
                check_file(path)
                if path.suffix == ".json":
                    read_json(path)
    index = read_config(folder, "model_index.json")
    read_config(folder / "scheduler", "scheduler_config.json")
    for name, said in index.items():
        kind = said[1] if isinstance(said, list) and len(said) == 2 else None
        if kind in _CLASSES and (folder / name).is_dir():
            check_network(_CLASSES[kind], folder / name)


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

    tokenizer, scheduler = read_tokenizer(folder / "tokenizer"), open_scheduler(folder)
    image_encoder = part("image_encoder") if (folder / "image_encoder").is_dir() else None
    return MultiViewPipeline(part("vae"), part("text_encoder"), tokenizer, part("unet"), scheduler, image_encoder)


def open_scheduler(folder: Path) -> DDIMScheduler:
    with door(folder / "scheduler", ModelError, "copy the folder again.", Exception):  # its reader raises anything at all
        return DDIMScheduler.from_pretrained(folder, subfolder="scheduler", local_files_only=True)


def refuse_other_inputs(where: Path | str, channels: int, latent_channels: int, prior: bool = False) -> None:
    """Refuse a UNet that takes more, or less, than the latents of its autoencoder and, where there is a prior, its pictures.

    Raises:
        ModelError: it does.
    """
    if channels != latent_channels * (2 if prior else 1):
        what = _CHANNELS.get(channels, "made for other inputs")
        given = f"the autoencoder has {latent_channels}" + (" and the prior as many" if prior else "")
        raise ModelError(
            f"{where}: its UNet takes {channels} channels where {given}: it is {what}; take the model that draws from text "
            "alone."
        )


def read_config(folder: Path, name: str = "config.json") -> dict:
    """The JSON object of a folder's configuration.

    Raises:
        ModelError: there is none, or it asks for more layers or steps than any model has.
    """
    with door(folder / name, ModelError, "copy the whole model folder again."):
        config = read_json(folder / name)
        if not isinstance(config, dict):
            raise ValueError("it is no object")
        for key, value in config.items():
            counts = [count for count in (value if isinstance(value, list) else [value]) if isinstance(count, int)]
            most = MOST_LAYERS if re.search("layers|blocks", key) else MOST_STEPS if key == "num_train_timesteps" else None
            if len(counts) > MOST_LAYERS or most and max(counts, default=0) > most:
                raise ValueError(f"{key} is more than any model has")
    return config
