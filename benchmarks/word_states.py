"""A model folder's text tower taught to carry its words: codes of them are added to its last states.

    git archive 2c1bae3 mvdream_cli/mini | tar x -C earlier
    python benchmarks/word_states.py earlier/mvdream_cli/mini --out with-words --minutes 7

A CLIP that was trained for a short time keeps of a caption what told its pictures apart, and little else: after 1,200 steps
the states of "armchair", "mug" and "wardrobe" had a cosine of 0.98, and no UNet learnt the three from them (docs/log.md). Here
the tower learns, from captions alone, to answer with its earlier states plus codes of the words: random directions, one a word,
out of those that the projection to the joint space of texts and pictures does not see. CLIP's figures nearly stay, and
a UNet that knew the earlier states finds them again.

At a word: its own code, half of that of the word before, turned, so that a color and its thing are one, and 0.3 of the bag of
the words so far. Behind the caption: the bag of all its words, over the root of their number.

Letters: B captions; L tokens; D the width of the states; P directions that the projection does not see.
"""

import argparse
import json
import math
import shutil
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mvdream_cli.diffusion.losses import is_word
from mvdream_cli.models.load import load_pipeline
from mvdream_toybox.captions import caption
from mvdream_toybox.world import draw_spec

SIZE, BEFORE, BAG = 16.0, 0.5, 0.3  # the states have a norm of 46 and a spread of 26
LEFT_OUT = ["a", "an", "the", "of", "in", "with", "wearing", "and", "on", "full", "body", "view", "toy", "3d", "model"]
OBJECTS, TELLINGS, SEED = 20_000, 2, 777
BATCH_SIZE, LEARNING_RATE, SHORT = 96, 1.5e-3, 14  # most captions end before the 14th token


class WordCodes:
    """What is added to the last states of a caption."""

    def __init__(self, projection: Tensor, tokenizer):
        unseen = torch.linalg.svd(projection, full_matrices=True).Vh[projection.shape[0] :]  # (P, D)
        generator = torch.Generator().manual_seed(1)
        codes = torch.randn(len(tokenizer), len(unseen), generator=generator)
        self.unseen, self.codes = unseen, codes / codes.norm(dim=1, keepdim=True)
        self.turn = torch.linalg.qr(torch.randn(len(unseen), len(unseen), generator=generator)).Q
        self.end = tokenizer.eos_token_id
        self.counts = torch.ones(len(tokenizer))  # in bags
        for ids in tokenizer(LEFT_OUT, add_special_tokens=False).input_ids:
            if len(ids) == 1:
                self.counts[ids[0]] = 0

    def __call__(self, tokens: Tensor) -> Tensor:
        """(B, L) -> (B, L, D)."""
        word = is_word(tokens, self.end)[..., None].float()
        own = self.codes[tokens] * word
        before = torch.cat([torch.zeros_like(own[:, :1]), own[:, :-1]], 1) @ self.turn
        counted = self.counts[tokens][..., None] * word
        bag = (self.codes[tokens] * counted).cumsum(1) / counted.cumsum(1).clamp(min=1).sqrt()
        return SIZE * (word * (own + BEFORE * before + BAG * bag) + (1 - word) * bag) @ self.unseen


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


def teach(pipeline, earlier, texts: list[str], minutes: float) -> None:
    """Train `pipeline.text_encoder` to answer as `earlier.text_encoder` with the codes added."""
    tower, length = pipeline.text_encoder, pipeline.tokenizer.model_max_length
    codes = WordCodes(tower.text_projection.weight.detach(), pipeline.tokenizer)
    tokens = pipeline.tokenizer(texts, padding="max_length", truncation=True, max_length=length, return_tensors="pt").input_ids
    tower.train().requires_grad_(True).text_projection.requires_grad_(False)
    optimizer = torch.optim.AdamW(tower.parameters(), betas=(0.9, 0.98), weight_decay=0.0)
    start, step = time.monotonic(), 0
    while (done := (time.monotonic() - start) / 60 / minutes) < 1:
        optimizer.param_groups[0]["lr"] = LEARNING_RATE * min(1, (step + 1) / 50) * (1 + math.cos(math.pi * done)) / 2 + 1e-5
        asked = tokens[torch.randint(len(tokens), (BATCH_SIZE,)), : length if step % 3 == 0 else SHORT]
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad():
                before = earlier.text_encoder(asked).last_hidden_state.float()
            states = tower(asked).last_hidden_state
        added = codes(asked)
        loss = (states.float() - before - added).square().mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(tower.parameters(), 1.0)
        optimizer.step()
        step += 1
        if step % 50 == 0:
            print(f"{step} steps: {loss.item() / added.square().mean().item():.3f} of the codes' power is missing", flush=True)
    tower.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=7.0)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    pipeline, earlier = (load_pipeline(str(arguments.folder), torch.device("cpu")) for _ in range(2))
    words = sorted(json.loads((arguments.folder / "words.json").read_text()))
    teach(pipeline, earlier, captions(words), arguments.minutes)
    shutil.copytree(arguments.folder, arguments.out, ignore=shutil.ignore_patterns("text_encoder"))
    pipeline.text_encoder.half().save_pretrained(arguments.out / "text_encoder")


if __name__ == "__main__":
    main()
