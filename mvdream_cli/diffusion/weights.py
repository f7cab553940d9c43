"""Find, open and write model folders."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import torch
from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging

from mvdream_cli.diffusion.pipeline import MultiViewPipeline
from mvdream_cli.errors import ModelError

EMBEDDED = {"mini": Path(__file__).resolve().parent.parent / "mini"}
COMPONENTS = ("vae", "text_encoder", "tokenizer", "unet", "scheduler")


def find_model(name: str) -> Path:
    """The folder of an embedded model or a local path.

    Raises:
        ModelError: no such model, or the folder lacks a component.
    """
    folder = EMBEDDED.get(name, Path(name))
    if not folder.exists():
        raise ModelError(
            f"model {name!r}: no such folder, and not an embedded model ({', '.join(EMBEDDED)}); "
            "give --model a folder written by `mvdream train`."
        )
    if not folder.is_dir() or not (folder / "model_index.json").is_file():
        raise ModelError(f"model {name!r}: {folder} is not a model folder (model_index.json is missing).")
    for component in COMPONENTS:
        part = folder / component
        if not part.is_dir() or not any(part.iterdir()):
            raise ModelError(f"model {name!r}: the folder {part} is missing or empty; copy the whole model folder again.")
    return folder


def load_pipeline(name: str, device="cpu", dtype: torch.dtype = torch.float32) -> MultiViewPipeline:
    """Open a model for inference: evaluation mode, no gradients to its weights.

    Raises:
        ModelError: not found, incomplete, or a file in it is broken.
    """
    folder = find_model(name)
    _quieten()
    try:
        pipeline = MultiViewPipeline.from_pretrained(folder, dtype=dtype, local_files_only=True)
    except Exception as error:  # whatever a broken file makes the readers raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"model {name!r}: {folder} cannot be opened ({reason}); copy the model folder again.") from error
    pipeline.set_progress_bar_config(disable=True)
    for part in (pipeline.vae, pipeline.text_encoder, pipeline.unet, pipeline.image_encoder):
        if part is not None:
            part.to(device).eval().requires_grad_(False)
    return pipeline


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
    partial = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(partial, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    modules = [m for m in (pipeline.vae, pipeline.text_encoder, pipeline.unet, pipeline.image_encoder) if m is not None]
    before = modules[0].dtype
    for module in modules if dtype else ():
        module.to(dtype)
    pipeline.save_pretrained(partial, safe_serialization=True)
    for module in modules if dtype else ():
        module.to(before)
    if words:
        (partial / "words.json").write_text(json.dumps(sorted(words)))
    if folder.exists():
        old = folder.with_name(f".{folder.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        os.replace(folder, old)
        os.replace(partial, folder)
        shutil.rmtree(old)
    else:
        os.replace(partial, folder)
    return folder


def _quieten() -> None:
    """Keep the libraries' own bars and remarks off the terminal; what matters is raised."""
    for logging in (diffusers_logging, transformers_logging):
        logging.set_verbosity_error()
        logging.disable_progress_bar()


def model_identity(name: str) -> str:
    """A short hash of the model's weights and configuration, for run records and for refusing a wrong resume."""
    folder = find_model(name)
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".json", ".safetensors", ".txt")):
        digest.update(str(path.relative_to(folder)).encode())
        with path.open("rb") as file:
            digest.update(
                hashlib.file_digest(file, "sha256").digest()
                if hasattr(hashlib, "file_digest")
                else hashlib.sha256(file.read()).digest()
            )
    return digest.hexdigest()[:16]


def known_words(name: str) -> set[str] | None:
    """Words that the model was trained on, when its folder lists them in words.json; None when it does not say."""
    path = find_model(name) / "words.json"
    return set(json.loads(path.read_text())) if path.is_file() else None
