"""Find and identify models: folders, and single checkpoint files. Never imports torch."""

import functools
import hashlib
import math
import re
from pathlib import Path

from safetensors import safe_open

from mvdream_cli.doors import door, read_json
from mvdream_cli.errors import ModelError
from mvdream_cli.hashes import checksum
from mvdream_cli.models.hub import CHECKPOINT_SUFFIXES, is_on_the_hub, locate, missing, read_record
from mvdream_cli.versions import is_newer, update_hint

EMBEDDED = {"mini": Path(__file__).resolve().parent.parent / "mini"}
VERSIONS = "_mvdream_versions"  # in model_index.json and SUBJECT: what wrote the model
SUBJECT = "subject.json"  # in a model that dreambooth made: the subject's words, and how many tensors it changed
LORA_WEIGHTS = "pytorch_lora_weights.safetensors"  # a model that is a small change to another one, named in SUBJECT
_USUAL = ("diffusion_pytorch_model", "model", "pytorch_model")
# NAME[.VARIANT][-00001-of-00002].SUFFIX
_NAME = re.compile(r"(?P<name>[^.]+?)(?:\.(?P<variant>[^.]+?))?(?:-\d+-of-\d+)?(?P<suffix>\.\w+)")
COMPONENTS = ("vae", "text_encoder", "tokenizer", "unet", "scheduler")


def find_model(name: str) -> Path:
    """The folder of an embedded model, a local folder or checkpoint file, or a published model that was fetched.

    Raises:
        ModelError: no such model, or the folder lacks a component.
    """
    folder = EMBEDDED.get(name, Path(name))
    try:
        found = folder.exists()
    except OSError as error:  # a circle of symbolic links, a name that is too long
        raise ModelError(f"model {name!r}: {error.strerror}; give --model a folder or a file.") from error
    if not found:
        if is_on_the_hub(name) and (published := locate(name)):
            folder = published
        elif is_on_the_hub(name):
            raise ModelError(missing(name))
        else:
            raise ModelError(
                f"model {name!r}: no such folder, and not an embedded model ({', '.join(EMBEDDED)}); "
                "give --model a folder written by `mvdream train`, or a name of `mvdream models list`."
            )
    if any((folder / "model" / name).is_file() for name in ("model_index.json", LORA_WEIGHTS)):  # a run folder
        folder = folder / "model"
    if (folder / LORA_WEIGHTS).is_file():
        refuse_newer(folder / SUBJECT)
        return folder
    if folder.is_file() and folder.suffix in CHECKPOINT_SUFFIXES:
        return folder
    if not folder.is_dir() or not (folder / "model_index.json").is_file():
        raise ModelError(f"model {name!r}: {folder} is not a model folder (model_index.json is missing).")
    for component in COMPONENTS:
        part = folder / component
        if not part.is_dir() or not any(part.iterdir()):
            raise ModelError(f"model {name!r}: the folder {part} is missing or empty; copy the whole model folder again.")
    refuse_newer(folder / "model_index.json")
    return folder


def refuse_newer(path: Path) -> None:
    """Raises ModelError if the file that describes a model (model_index.json, subject.json) is of a newer mvdream."""
    try:
        described = read_json(path)
    except (ValueError, OSError):
        return  # its reader tells what is wrong with it
    recorded = described.get(VERSIONS) if isinstance(described, dict) else None
    if is_newer(recorded):
        raise ModelError(f"{path.parent}: {update_hint(recorded)}, or take another --model.")


def base_of(folder: Path) -> str | None:
    """The model that a LoRA folder changes; None for a model that stands alone.

    Raises:
        ModelError: the folder does not say.
    """
    if not (folder / LORA_WEIGHTS).is_file():
        return None
    base = _note(folder).get("base") if (folder / SUBJECT).is_file() else None
    if not isinstance(base, str):
        raise ModelError(
            f"{folder}: holds a LoRA but not the name of the model that it changes ({SUBJECT} is missing or broken); "
            f'write {{"base": "MODEL"}} into it.'
        )
    if (find_model(base) / LORA_WEIGHTS).is_file():
        raise ModelError(f"{folder}: changes {base!r}, which is a LoRA itself; name a whole model in its {SUBJECT}.")
    return base


def model_identity(name: str) -> str:
    """A short hash of the model's weights and configuration, for run records and for refusing a wrong resume."""
    folder = find_model(name)
    digest = hashlib.sha256()
    if base := base_of(folder):
        digest.update(model_identity(base).encode())
    record = read_record(folder if folder.is_dir() else folder.parent)  # spares reading gigabytes again
    kinds = (".json", ".txt", *CHECKPOINT_SUFFIXES)
    for path in [folder] if folder.is_file() else sorted(p for p in folder.rglob("*") if p.suffix in kinds):
        digest.update(path.relative_to(folder).as_posix().encode())
        known = record.get(path.relative_to(folder if folder.is_dir() else folder.parent).as_posix())
        digest.update(bytes.fromhex(known["sha256"] if known else _checksum_once(path, *_size_and_time(path))))
    return digest.hexdigest()[:16]


def _size_and_time(path: Path) -> tuple[int, int]:
    return path.stat().st_size, path.stat().st_mtime_ns


@functools.lru_cache(maxsize=4096)
def _checksum_once(path: Path, size: int, time_ns: int) -> str:
    """The checksum of a file that many prompts ask for; anew where its size or time differs."""
    return checksum(path)


def known_words(name: str) -> set[str] | None:
    """Words that the model was trained on, when its folder lists them in words.json; None when it does not say."""
    path = find_model(name) / "words.json"
    if not path.is_file():
        return None
    with door(path, ModelError, "delete it, or copy the model again.", TypeError):
        return set(read_json(path))


def subject_warning(name: str, prompt: str) -> str | None:
    """One sentence when a personalised model equals its base, or the prompt leaves its subject's word out; else None."""
    folder = find_model(name)
    note = _note(folder) if (folder / SUBJECT).is_file() else {}
    if not isinstance(note.get("subject"), str) or not note["subject"].strip():
        return None
    if note.get("tensors_changed") == 0:
        return f"{name} equals {note.get('base')}: no tensor was changed by dreambooth."
    word = note["subject"].split()[0]
    if word.lower() not in prompt.lower().split():
        return f"the prompt does not name the subject of {name}; say {note['subject']!r} to see it."
    return None


def _note(folder: Path) -> dict:
    """What dreambooth noted of a model. Raises ModelError where it is broken."""
    with door(folder / SUBJECT, ModelError, "delete it, or copy the model again."):
        note = read_json(folder / SUBJECT)
        if not isinstance(note, dict):
            raise ValueError("it is no object")
    return note


def weight_files(folder: Path) -> list[Path]:
    """The files of a network's weights: one set of those that are there, safetensors before others, full before variants.

    Raises:
        ModelError: there are none.
    """
    sets: dict[tuple, list[Path]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        match = _NAME.fullmatch(path.name)
        if match and path.suffix in CHECKPOINT_SUFFIXES and path.is_file():
            variant = match["variant"] or ""
            order = (path.suffix != ".safetensors", match["name"] not in _USUAL, ("", "fp16", variant).index(variant))
            sets.setdefault((*order, match["name"], variant), []).append(path)
    if not sets:
        raise ModelError(f"{folder}: there are no weights; copy the whole model folder again.")
    return sets[min(sets)]


def count_parameters(folder: Path) -> int:
    """Numbers in the weight files of a model: of safetensors from their headers, of others from their sizes."""
    if base := base_of(folder):
        return count_parameters(find_model(base))
    files = [folder]
    if folder.is_dir():
        parts = {path.parent for path in folder.glob("*/*") if path.suffix in CHECKPOINT_SUFFIXES}
        files = [path for part in sorted(parts) for path in weight_files(part)]
    return sum(map(_numbers_in, files))


def _numbers_in(path: Path) -> int:
    if path.suffix != ".safetensors":
        return path.stat().st_size // (2 if ".fp16" in path.name else 4)
    with safe_open(path, "numpy") as file:
        return sum(math.prod(file.get_slice(key).get_shape()) for key in file.offset_keys())
