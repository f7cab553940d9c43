"""A model folder's text tower taught to carry its words: codes of them are added to its last states.

    git archive 2c1bae3 mvdream_cli/mini | tar x -C earlier
    python -m benchmarks.mini.word_states earlier/mvdream_cli/mini --out with-words --minutes 7

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
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.mini.text_tower import save_with_tower, teach
from mvdream_cli.diffusion.losses import is_word
from mvdream_cli.models.load import load_pipeline

SIZE, BEFORE, BAG = 16.0, 0.5, 0.3  # the states have a norm of 46 and a spread of 26
LEFT_OUT = ["a", "an", "the", "of", "in", "with", "wearing", "and", "on", "full", "body", "view", "toy", "3d", "model"]


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=7.0)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    pipeline, earlier = (load_pipeline(str(arguments.folder)) for _ in range(2))
    codes = WordCodes(pipeline.text_encoder.text_projection.weight.detach(), pipeline.tokenizer)

    def loss(tokens: Tensor, states: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
        added = codes(tokens)
        wrong = (states - before - added).square().mean()
        return wrong, wrong.detach() / added.square().mean()

    teach(pipeline, earlier, arguments.folder, loss, minutes=arguments.minutes, learning_rate=1.5e-3, short=14)
    save_with_tower(pipeline, arguments.folder, arguments.out)


if __name__ == "__main__":
    main()
