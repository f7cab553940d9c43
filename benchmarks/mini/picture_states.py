"""A model folder's text tower taught what captions look like: behind a caption, its states tell the mean picture.

    python -m benchmarks.mini.picture_states before --out pictured

A UNet has to learn from noisy steps what each word looks like, and a small one that has seen a thousand objects of a kind
misses two fifths of it. A regression from captions to latents, without any noise, learns more from fewer objects in a few
minutes (docs/log.md). So it is learnt first, and given to the UNet as a part of the text: then it has one thing to learn for
all words, how to draw what the states tell.

1. Objects of the toybox are drawn, and a small network learns the coordinates of their four views' latents from their captions.
2. The text tower learns, from captions alone, to answer with its earlier states, and behind a caption (at the end token and all
   places after it) with those coordinates in the directions that the projection to the joint space of texts and pictures does
   not see, in place of what stood there. CLIP's figures nearly stay.

Letters: N objects; B captions; L tokens; D width of the states; P directions that the projection does not see; Q coordinates.
"""

import argparse
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.kinds import drawn
from benchmarks.mini.text_tower import save_with_tower, teach
from mvdream_cli.commands.toybox_world import draw_toy
from mvdream_cli.diffusion.losses import is_word
from mvdream_cli.engine.device import set_threads
from mvdream_cli.models.find import find_model
from mvdream_cli.models.load import load_pipeline
from mvdream_toybox.captions import caption
from mvdream_toybox.world import draw_spec

SEED, TELLINGS, COORDINATES, WIDTH, HEADS = 78, 8, 400, 1024, 8
SHORT = 20  # most captions end before the 20th token
SIZE = 24.0  # mean length of what is put into the states, which have one of 46


class Picture(nn.Module):
    """Tokens (B, L) -> coordinates of the mean picture (B, Q), from each word with its neighbours, pooled by eight heads.

    Args:
        embeddings: (words, D), with which those of the words begin.
        coordinates: Q.
        spread: standard deviation of the first coordinate.
    """

    def __init__(self, embeddings: Tensor, coordinates: int, spread: float, end: int):
        super().__init__()
        self.spread, self.end = spread, end
        self.words = nn.Embedding.from_pretrained(embeddings.clone(), freeze=False)
        self.norm = nn.LayerNorm(embeddings.shape[1])
        self.read, self.weigh = nn.Linear(3 * embeddings.shape[1], WIDTH), nn.Linear(WIDTH, HEADS)
        self.mix, self.tell, self.dropout = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, coordinates), nn.Dropout(0.1)

    def forward(self, tokens: Tensor) -> Tensor:
        word = is_word(tokens, self.end)
        start = F.pad(torch.ones_like(word[:, :1]), (0, word.shape[1] - 1))  # stands for an empty caption
        words = self.norm(self.words(tokens)) * word[..., None]
        before, after = F.pad(words, (0, 0, 1, 0))[:, :-1], F.pad(words, (0, 0, 0, 1))[:, 1:]
        found = F.gelu(self.read(torch.cat([before, words, after], 2)))  # (B, L, WIDTH)
        weights = self.weigh(found).masked_fill(~(word | start)[..., None], -1e4).softmax(1)
        pooled = self.dropout((found.unflatten(2, (HEADS, -1)) * weights[..., None]).sum(1).flatten(1))
        return self.tell(self.dropout(F.gelu(self.mix(pooled))) + pooled) * self.spread


def learn_pictures(tokens: Tensor, latents: Tensor, embeddings: Tensor, end: int, minutes: float) -> Picture:
    """From tellings (N, TELLINGS, L) and latents (N, V, C, h, w), their principal coordinates being what is asked for."""
    flat = latents.flatten(1)
    mean = flat.float().mean(0)
    axes = torch.pca_lowrank(flat[:8000].float() - mean, COORDINATES, center=False)[2].T
    asked = torch.cat([(some.float() - mean) @ axes.T for some in flat.split(2000)])  # (N, Q)
    nothing = torch.full((SHORT,), end).index_copy(0, torch.tensor([0]), tokens[0, 0, :1])  # the empty caption
    net = Picture(embeddings, COORDINATES, asked.std(0)[0].item(), end)
    optimizer = torch.optim.AdamW(net.parameters(), weight_decay=0.03)
    start, step = time.monotonic(), 0
    while (done := (time.monotonic() - start) / 60 / minutes) < 1:
        optimizer.param_groups[0]["lr"] = 1e-3 * min(1, (step + 1) / 50) * (1 - done) + 1e-6
        some = torch.randint(len(asked), (192,))
        shown = tokens[some, torch.randint(TELLINGS, (192,)), :SHORT]
        if step % 2:  # a wrong word now and then, that no object is known by one of its words
            wrong = is_word(shown, end) & (torch.rand(shown.shape) < 0.03)
            shown = torch.where(wrong, torch.randint(len(embeddings), shown.shape), shown)
        shown = torch.where(torch.rand(192, 1) < 0.02, nothing, shown)  # whose picture is the mean of all
        loss = (net(shown) - asked[some]).square().sum(1).mean() / flat.shape[1]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step % 200 == 0:
            print(f"{step} steps: loss {loss.item():.3f}", flush=True)
    return net.eval().requires_grad_(False)


class PictureCodes:
    """What stands behind a caption: its picture's coordinates along the P directions in which such pictures differ most."""

    def __init__(self, picture: Picture, tokens: Tensor, projection: Tensor):
        self.picture = picture
        self.unseen = torch.linalg.svd(projection, full_matrices=True).Vh[projection.shape[0] :]  # (P, D)
        told = torch.cat([picture(some) for some in tokens[:, 0, :SHORT].split(2000)])
        self.mean = told.mean(0)
        _, spread, self.axes = torch.pca_lowrank(told - self.mean, len(self.unseen), center=False)
        self.scale = (spread**2 / len(told)) ** -0.25  # the weak ones a little stronger
        self.power = (told - self.mean).square().sum(1).mean()
        self.scale *= SIZE / (((told - self.mean) @ self.axes) * self.scale).norm(dim=1).mean()
        generator = torch.Generator().manual_seed(1)
        self.turn = torch.linalg.qr(torch.randn(len(self.unseen), len(self.unseen), generator=generator)).Q

    def states(self, tokens: Tensor, before: Tensor) -> Tensor:
        """Earlier states (B, L, D) with the codes of the captions behind them."""
        code = (self.picture(tokens) - self.mean) @ self.axes * self.scale @ self.turn @ self.unseen  # (B, D)
        seen = before - before @ self.unseen.T @ self.unseen
        word = is_word(tokens, self.picture.end) | (torch.arange(tokens.shape[1]) == 0)
        return torch.where(word[..., None], before, seen + code[:, None])

    def missing(self, difference: Tensor) -> Tensor:
        """Share of the pictures' power that is in a difference of the states behind captions (B, D)."""
        return (difference @ self.unseen.T @ self.turn.T / self.scale).square().sum(1).mean() / self.power


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--objects", type=int, default=20_600, help="400 or more, one for each coordinate")
    parser.add_argument("--picture-minutes", type=float, default=6.0)
    parser.add_argument("--minutes", type=float, default=14.0)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    folder = find_model(arguments.folder)
    pipeline, earlier = (load_pipeline(str(folder)) for _ in range(2))
    latents = drawn(pipeline, partial(draw_toy, split="train"), arguments.objects, SEED).latents
    set_threads(2)
    specs = [draw_spec(SEED, index, "train") for index in range(arguments.objects)]
    told = [
        caption(spec, np.random.default_rng((SEED, k, 1 + telling)))
        for k, spec in enumerate(specs)
        for telling in range(TELLINGS)
    ]
    tellings = pipeline.tokenize(told).unflatten(0, (-1, TELLINGS))
    tower = pipeline.text_encoder
    embeddings, projection = tower.get_input_embeddings().weight.detach(), tower.text_projection.weight.detach()
    picture = learn_pictures(tellings, latents, embeddings, pipeline.tokenizer.eos_token_id, arguments.picture_minutes)
    codes = PictureCodes(picture, tellings, projection)

    def loss(tokens: Tensor, states: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
        wrong = states - codes.states(tokens, before)
        missing = codes.missing(wrong[:, -1])
        return wrong.square().mean() + missing, missing.detach()

    teach(pipeline, earlier, folder, loss, minutes=arguments.minutes, learning_rate=1e-3, short=SHORT)
    save_with_tower(pipeline, folder, arguments.out)


if __name__ == "__main__":
    main()
