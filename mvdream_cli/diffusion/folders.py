"""Find and identify models: folders, and single checkpoint files. Never imports torch."""

import hashlib
import json
import math
from pathlib import Path

from safetensors import safe_open

from mvdream_cli.errors import ModelError

EMBEDDED = {"mini": Path(__file__).resolve().parent.parent / "mini"}
CHECKPOINT_SUFFIXES = (".pt", ".ckpt", ".pth", ".bin", ".safetensors")
COMPONENTS = ("vae", "text_encoder", "tokenizer", "unet", "scheduler")


def find_model(name: str) -> Path:
    """The folder of an embedded model, or a local folder or checkpoint file.

    Raises:
        ModelError: no such model, or the folder lacks a component.
    """
    folder = EMBEDDED.get(name, Path(name))
    if not folder.exists():
        raise ModelError(
            f"model {name!r}: no such folder, and not an embedded model ({', '.join(EMBEDDED)}); "
            "give --model a folder written by `mvdream train`."
        )
    if folder.is_file() and folder.suffix in CHECKPOINT_SUFFIXES:
        return folder
    if not folder.is_dir() or not (folder / "model_index.json").is_file():
        raise ModelError(f"model {name!r}: {folder} is not a model folder (model_index.json is missing).")
    for component in COMPONENTS:
        part = folder / component
        if not part.is_dir() or not any(part.iterdir()):
            raise ModelError(f"model {name!r}: the folder {part} is missing or empty; copy the whole model folder again.")
    return folder


def model_identity(name: str) -> str:
    """A short hash of the model's weights and configuration, for run records and for refusing a wrong resume."""
    folder = find_model(name)
    digest = hashlib.sha256()
    kinds = (".json", ".txt", *CHECKPOINT_SUFFIXES)
    for path in [folder] if folder.is_file() else sorted(p for p in folder.rglob("*") if p.suffix in kinds):
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


def count_parameters(folder: Path) -> int:
    """Numbers in all safetensors files of a model, from their headers."""
    total = 0
    for path in [folder] if folder.suffix == ".safetensors" else sorted(folder.rglob("*.safetensors")):
        with safe_open(path, "numpy") as file:
            total += sum(math.prod(file.get_slice(key).get_shape()) for key in file.offset_keys())
    return total
