"""Open and write model folders."""

import json
from pathlib import Path

import torch
from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging

from mvdream_cli.atomic import written_whole
from mvdream_cli.diffusion.picture_prior import PicturePrior
from mvdream_cli.diffusion.pipeline import MultiViewPipeline
from mvdream_cli.doors import door
from mvdream_cli.errors import ModelError
from mvdream_cli.models.architectures import build_pipeline
from mvdream_cli.models.find import VERSIONS, base_of, find_model, known_words
from mvdream_cli.models.parts import (
    check_network,
    check_parts,
    has_usual_files,
    pipeline_from_parts,
    read_config,
    refuse_other_inputs,
)
from mvdream_cli.models.reconstructor import Reconstructor
from mvdream_cli.models.single_file import pipeline_from_file, pipeline_from_port
from mvdream_cli.versions import versions

_CHANNEL_KEYS = (("unet", "in_channels"), ("vae", "latent_channels"))
_OURS = {"prior": PicturePrior, "reconstructor": Reconstructor}  # parts whose classes diffusers does not know
_PARTS = ("vae", "text_encoder", "unet", "image_encoder", *_OURS)


def load_pipeline(
    name: str,
    device="cpu",
    dtype: torch.dtype = torch.float32,
    vae_slicing: bool = False,
    channels_last: bool = False,
    compile_networks: bool = False,
) -> MultiViewPipeline:
    """Open a model for inference: evaluation mode, no gradients to its weights.

    `pipeline.report` says how the tensors of a foreign file or folder were used; None for our own folders.
    `pipeline.knows_cameras` is false for a plain Stable Diffusion, which draws in the 2D mode only. `pipeline.known_words` are
    those that the model was trained on; None where it does not say.

    Args:
        dtype: of all networks. In half precision too, the sinusoid of the timestep is float32, and group norms and softmax
            accumulate in float32, as in the reference.
        vae_slicing: one image at a time through the autoencoder.
        channels_last: memory format of the networks that convolve.
        compile_networks: see `MultiViewPipeline.compile_networks`.

    Raises:
        ModelError: not found, incomplete, or a file in it is broken.
    """
    folder, lora = find_model(name), None
    if base := base_of(folder):
        folder, lora = find_model(base), folder
    _quieten()
    report = None
    if folder.is_dir():
        channels = (read_config(folder / part).get(key, 4) for part, key in _CHANNEL_KEYS)
        refuse_other_inputs(folder, *channels, prior=(folder / "prior").is_dir())
    if folder.is_file():
        pipeline, report = pipeline_from_file(folder)
    elif _is_port(folder):
        pipeline, report = pipeline_from_port(folder)
    elif not all(has_usual_files(folder / part) for part in ("vae", "text_encoder", "unet", "image_encoder")):
        pipeline = pipeline_from_parts(folder)
        pipeline.register_modules(**own_parts(folder))
    else:
        with door(folder, ModelError, "copy the model folder again.", Exception):  # the readers raise anything at all
            check_parts(folder)
            pipeline = MultiViewPipeline.from_pretrained(folder, dtype=dtype, local_files_only=True, **own_parts(folder))
    pipeline.report = str(report) if report else None
    pipeline.knows_cameras = report is None or report.knows_cameras
    pipeline.known_words = known_words(name)
    pipeline.set_progress_bar_config(disable=True)
    if lora is not None:
        from mvdream_cli.models.lora import fuse_lora  # peft takes a while to import

        fuse_lora(pipeline.unet, lora)
    for part in parts_of(pipeline):
        part.to(device, dtype).eval().requires_grad_(False)
    refuse_broken_weights(pipeline, name)
    if vae_slicing:
        pipeline.vae.enable_slicing()
    if channels_last:
        for part in (pipeline.vae, pipeline.unet):
            part.to(memory_format=torch.channels_last)
    if compile_networks:
        pipeline.compile_networks()
    return pipeline


def refuse_broken_weights(pipeline: MultiViewPipeline, name: str) -> None:
    """Refuse a model with a weight that is not finite.

    Raises:
        ModelError: it has one.
    """
    for part_name in _PARTS:
        part = getattr(pipeline, part_name)
        for key, weight in part.named_parameters() if part is not None else ():
            if not torch.isfinite(weight.detach().abs().amax() if weight.numel() else torch.zeros(())):
                way = "get the file again"
                if weight.dtype == torch.float16:
                    way += ", or, if it is whole, use --set engine.dtype=float32: float16 ends at 65504"
                raise ModelError(f"model {name!r}: the weight {part_name}.{key} holds numbers that are not finite; {way}.")


def pipeline_to_train(init: str | None, autoencoder: str | None, architecture: str, captions: list[str], device):
    """The pipeline that a training starts from.

    Args:
        init: a model; None: fresh weights of `architecture`, drawn from torch's global generator.
        autoencoder: a model whose autoencoder is taken; None: its own.
        captions: text from which the tokenizer of a fresh model learns its vocabulary.
    """
    _quieten()
    if init:
        pipeline = load_pipeline(init, device)
    else:
        pipeline = build_pipeline(architecture, captions).to(device)
        pipeline.report = None
    if autoencoder:
        pipeline.register_modules(vae=load_pipeline(autoencoder, device).vae)
    return pipeline


def parts_of(pipeline: MultiViewPipeline) -> list[torch.nn.Module]:
    """The networks that a pipeline has."""
    return [part for name in _PARTS if (part := getattr(pipeline, name)) is not None]


def own_parts(folder: Path) -> dict[str, PicturePrior | Reconstructor]:
    """Those of `_OURS` that a folder has."""
    found = {}
    for name, kind in _OURS.items():
        if (folder / name).is_dir():
            check_network(kind, folder / name)
            found[name] = kind.from_pretrained(folder, subfolder=name, local_files_only=True)
    return found


def _is_port(folder: Path) -> bool:
    """Whether the UNet in a folder is not written as ours: another class, or without the camera embedding inside."""
    return read_config(folder / "unet").get("class_embed_type") != "projection"


def save_pipeline(
    pipeline: MultiViewPipeline, folder: Path, dtype: torch.dtype | None = None, words: set[str] | None = None
) -> Path:
    """Write a model folder under its final name only when it is whole.

    Args:
        dtype: of the weights in the files; None keeps theirs.
        words: what the model was trained on, for `known_words`.
    """
    _quieten()
    folder = Path(folder)
    before = [(module, module.dtype) for module in parts_of(pipeline)]
    for module, _ in before if dtype else ():
        module.to(dtype)
    if backend := getattr(pipeline.tokenizer, "backend_tokenizer", None):  # it keeps the length of the last text that it cut
        backend.no_truncation()
        backend.no_padding()
    with written_whole(folder) as partial:
        pipeline.save_pretrained(partial, safe_serialization=True)
        for path in partial.rglob("*.json"):  # where a part was once loaded from is nobody's business
            if isinstance(config := json.loads(path.read_text()), dict) and config.pop("_name_or_path", None) is not None:
                path.write_text(json.dumps(config, indent=2) + "\n")
        index = json.loads((partial / "model_index.json").read_text()) | {VERSIONS: versions()}
        (partial / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")
        if words:
            (partial / "words.json").write_text(json.dumps(sorted(words)))
    for module, own in before if dtype else ():
        module.to(own)
    return folder


def _quieten() -> None:
    """Keep the libraries' own bars and remarks off the terminal; what matters is raised."""
    for logging in (diffusers_logging, transformers_logging):
        logging.set_verbosity_error()
        logging.disable_progress_bar()
