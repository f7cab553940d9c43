"""A text tower taught, from captions alone, to answer with other last states.

Letters: B captions; L tokens; D the width of the states.
"""

import json
import math
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mvdream_toybox.captions import caption
from mvdream_toybox.world import draw_spec

OBJECTS, TELLINGS, SEED = 20_000, 2, 777
BATCH_SIZE = 96


def captions(words: list[str]) -> list[str]:
    """Of objects of the toybox, and each word of the model three times in a few short phrases."""
    drawn = [
        caption(draw_spec(SEED, index, "train"), np.random.default_rng((SEED, index, telling)))
        for index in range(OBJECTS)
        for telling in range(TELLINGS)
    ]
    phrases = [f"{before} {word}" for word in words for before in ("a", "a red", "the", "a small blue")]
    phrases += [f"a {word} wearing a {other} hat" for word, other in zip(words, reversed(words), strict=True)]
    return drawn + 3 * (phrases + 200 * [""])


def teach(
    pipeline,
    earlier,
    folder: Path,
    loss: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]],
    *,
    minutes: float,
    learning_rate: float,
    short: int,
) -> None:
    """Train `pipeline.text_encoder`, whose projection stays, on captions of the toybox and of the words of a model folder.

    Args:
        earlier: pipeline whose text tower says what it answered before.
        loss: of tokens (B, L), its states and the earlier ones (B, L, D): what is trained, and a share of something
            that is still missing, to be printed.
        short: tokens that are looked at in three of four steps; most captions end before.
    """
    tower = pipeline.text_encoder.train().requires_grad_(True)
    tower.text_projection.requires_grad_(False)
    tokens = pipeline.tokenize(captions(sorted(json.loads((folder / "words.json").read_text()))))
    optimizer = torch.optim.AdamW(tower.parameters(), betas=(0.9, 0.98), weight_decay=0.0)
    start, step = time.monotonic(), 0
    while (done := (time.monotonic() - start) / 60 / minutes) < 1:
        rate = learning_rate * (1 + math.cos(math.pi * done)) / 2
        optimizer.param_groups[0]["lr"] = rate * min(1, (step + 1) / 50) + 1e-5
        asked = tokens[torch.randint(len(tokens), (BATCH_SIZE,)), : tokens.shape[1] if step % 4 == 0 else short]
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad():
                before = earlier.text_encoder(asked).last_hidden_state.float()
            states = tower(asked).last_hidden_state.float()
        wrong, missing = loss(asked, states, before)
        optimizer.zero_grad()
        wrong.backward()
        torch.nn.utils.clip_grad_norm_(tower.parameters(), 1.0)
        optimizer.step()
        step += 1
        if step % 100 == 0:
            print(f"{step} steps: {missing.item():.3f} of what it is taught is missing", flush=True)
    tower.eval()


def save_with_tower(pipeline, folder: Path, out: Path) -> None:
    """A copy of a model folder with the pipeline's text tower, float16."""
    shutil.copytree(folder, out, ignore=shutil.ignore_patterns("text_encoder"))
    pipeline.text_encoder.half().save_pretrained(out / "text_encoder")
