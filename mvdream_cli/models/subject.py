"""The model that dreambooth leaves: whole, or a LoRA and the name of its base."""

import json
from pathlib import Path

import torch

from mvdream_cli.atomic import written_whole
from mvdream_cli.models.find import SUBJECT
from mvdream_cli.models.load import save_pipeline
from mvdream_cli.models.lora import save_lora


def save_subject(
    pipeline, folder: Path, note: dict, words: set[str] | None, as_lora: bool, dtype: torch.dtype | None = None
) -> Path:
    """Write a tuned model, with a note of its subject.

    Args:
        note: {"subject", "base", "tensors_changed", "tensors"}.
        words: what the model was trained on, for `known_words`.
        as_lora: the UNet's LoRA alone, a few MB. dtype: of a whole model's weights in the files; None keeps theirs.
    """
    if as_lora:
        return save_lora(pipeline.unet, folder, note, words)
    with written_whole(folder) as partial:
        save_pipeline(pipeline, partial, dtype, words)
        (partial / SUBJECT).write_text(json.dumps(note, indent=1))
    return folder
