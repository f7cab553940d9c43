"""Objects of the toybox, drawn and encoded once, and `mvdream train` that learns from them.

    python -m benchmarks.mini.kept_draws draw mini --objects 50400 --seed 85 --wearers --worn-share 0.9 --natural 0.6 --out w.pt
    python -m benchmarks.mini.kept_draws train bare.pt=40 w.pt=60 -- --component prior --data toybox --init mini ...
    python -m benchmarks.mini.kept_draws train bare.pt=20 w.pt=80 stream=100 -- --component unet --data toybox --init mini ...

Two cores draw 40 objects a second, and a picture prior learns from 2,000: it wants many of them, and each of them often. What
stands behind `=` is the share of a file among the objects of a step; of `stream`, that of the steps that draw theirs on the
way, as always. Behind `--` are the arguments of `mvdream train`. The states of a caption are computed once, 16 kB each.

A file holds latents (N, V, C, h, w) float16, cameras (N, V, 16), tellings (captions, a tuple for each object), the share of
each place that worn things cover (N, V, h, w) uint8, the identity of the autoencoder and what all was made from.

Glasses are two of 256 places: an error there is hardly seen in a mean over all of them, and what comes of it are animals
without glasses. With --worn-weight W an error where worn things cover a third of a place or more counts 1 + W times. An
axe is a quarter of what a house is: with --even-objects the errors of an object count in inverse proportion to the root of
how much of a picture it is (`Weights`), those of the stream's objects too.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

import mvdream_cli.commands.training_data as training_data
import mvdream_toybox.turns as turns
from benchmarks.kinds import AT_ONCE, RIG, VIEWS, drawn
from mvdream_cli.__main__ import main
from mvdream_cli.atomic import written_whole
from mvdream_cli.commands.toybox_stream import ToyboxStream
from mvdream_cli.commands.toybox_world import draw_toy
from mvdream_cli.data.latent_files import autoencoder_identity
from mvdream_cli.data.render_object import BUILT_VERSION
from mvdream_cli.data.sources import AssetSource
from mvdream_cli.data.stream import Stream, StreamLaw
from mvdream_cli.data.training_cameras import CameraDistribution
from mvdream_cli.diffusion.losses import denoising_errors, picture_loss
from mvdream_cli.errors import UsageError
from mvdream_cli.images import composite
from mvdream_cli.methods import train_prior, train_unet
from mvdream_cli.models.load import load_pipeline
from mvdream_cli.parts import Part
from mvdream_toybox.geometry.parts import Part as Mesh
from mvdream_toybox.geometry.parts import merge
from mvdream_toybox.things import KINDS
from mvdream_toybox.things.worn import WORN
from mvdream_toybox.world import NATURAL_SHARE, Spec, draw_spec, in_box, parts_of

USUAL_OBJECT = 0.5  # mean square of latents less those of gray, of mini's objects
OTHERS, RIG_PROBABILITY, TELLINGS = CameraDistribution((30.0, 45.0), (0.0, 30.0), (1.1, 1.3)), 0.85, 3


def draw(options) -> None:
    """Draw objects of the training split and encode them."""
    turns.WORN_SHARE = options.worn_share
    kinds = tuple(name for name in KINDS if not options.wearers or len(KINDS[name].wears) >= 2)
    world = {"split": "train", "kinds": kinds, "worn": tuple(WORN), "natural": options.natural}
    pipeline = load_pipeline(options.model)
    law = StreamLaw(VIEWS, pipeline.image_size, RIG_PROBABILITY, RIG, OTHERS, tellings=TELLINGS)
    torch.set_num_threads(1)
    objects = drawn(pipeline, partial(draw_toy, **world), options.objects, options.seed, law)
    autoencoder = autoencoder_identity(pipeline.vae)
    made_from = repr((BUILT_VERSION, options.seed, options.objects, world, options.worn_share, law, autoencoder))
    covered = covered_places(partial(draw_covered, **world), options.objects, options.seed, law, objects.latents.shape[-1])
    with written_whole(options.out) as unfinished:
        found = objects._asdict() | {"covered": covered, "autoencoder": autoencoder, "made_from": made_from}
        torch.save(found, unfinished)


def draw_covered(seed: int, index: int, telling: int = 0, **world) -> AssetSource:
    """As `draw_toy`, what the object wears white and all else black."""
    spec = draw_spec(seed, index, *(world[key] for key in ("split", "kinds", "worn", "natural")))
    return replace(draw_toy(seed, index, telling, **world), load=partial(build_covered, spec))


def build_covered(spec: Spec) -> Mesh:
    own, worn = parts_of(spec)
    painted = [(part, 0.0) for part in own] + [(part, 1.0) for part in worn]
    return in_box(merge([replace(part, colors=np.full_like(part.vertices, value)) for part, value in painted]), spec)


def covered_places(draw: Callable[..., AssetSource], count: int, seed: int, law: StreamLaw, size: int) -> Tensor:
    """The share of each place that is white in objects of a stream of that law (count, V, size, size) uint8, 255 for all."""
    small, found = replace(law, size_px=2 * size, tellings=1), []
    with Stream(draw, small, seed=seed, batch_size=AT_ONCE, workers=2, ahead=8) as stream:
        for number in range(-(-count // AT_ONCE)):
            white = torch.from_numpy(composite(stream.batch(number).rgba, 0.0)[..., 0]).float()  # (B, V, 2 size, 2 size)
            found.append((F.avg_pool2d(white, 2) * 255).round().to(torch.uint8))
    return torch.cat(found)[:count]


@dataclass(frozen=True)
class Weights:
    """How often errors count. gray: latents of no object (C, h, w), where objects are to count evenly."""

    worn: float
    gray: Tensor | None

    def places(self, covered: Tensor) -> Tensor:
        """Of places, of which worn things cover so much (..., h, w) in [0, 1]."""
        return 1 + self.worn * (3 * covered).clamp(max=1)

    def objects(self, latents: Tensor, num_views: int) -> Tensor:
        """Of the views of objects, latents (B V, C, h, w): (B V, 1, 1, 1), 1 for an object of the usual size."""
        if self.gray is None:
            return torch.ones(())
        seen = (latents.float() - self.gray).square().flatten(1).mean(1).unflatten(0, (-1, num_views)).mean(1)
        weights = (USUAL_OBJECT / seen.clamp(min=1e-6)).sqrt().clamp(0.5, 2.5)
        return weights.repeat_interleave(num_views)[:, None, None, None]


class KeptDraws:
    """Objects of files, as `StreamedLatents` gives those of a stream, from which `streamed` of the steps still take theirs."""

    def __init__(self, files: list[dict], shares: np.ndarray, stream, streamed: float, asked, seed: int, weigh: Weights):
        self.files, self.shares, self.stream, self.streamed = files, shares, stream, streamed
        self.asked, self.seed = asked, seed
        self.weigh = weigh
        self.weights = torch.ones(())  # of the newest part's errors, broadcast to (size V, C, h, w)

    def draw(self, i: int, part: Part, num_views: int) -> tuple[Tensor, Tensor, list[str]]:
        """The objects of a part of step `i`, a function of seed, step and place; single views are always the stream's."""
        if num_views == 1 or int((i + 1) * self.streamed) > int(i * self.streamed):
            latents, *others = self.stream.draw(i, part, num_views)
            self.weights = self.weigh.objects(latents, num_views)
            return latents, *others
        rng = np.random.default_rng((self.seed, i, 7))
        which = part.of(rng.choice(len(self.files), size=part.total, p=self.shares))
        where, telling = (part.of(rng.random(part.total)) for _ in range(2))
        found = [(self.files[f], int(u * len(self.files[f]["latents"]))) for f, u in zip(which, where)]
        latents, cameras = (torch.stack([file[key][n] for file, n in found]).flatten(0, 1) for key in ("latents", "cameras"))
        covered = torch.stack([file["covered"][n] for file, n in found]).flatten(0, 1)[:, None] / 255
        self.weights = self.weigh.objects(latents, num_views) * self.weigh.places(covered)
        told = [file["tellings"][n] for file, n in found]
        return latents, cameras, [self.asked(texts[int(u * len(texts))]) for texts, u in zip(told, telling)]


class ToyboxWithKept(ToyboxStream):
    """A stream beside which files of objects are kept: `FILE=SHARE` in `mixture`, and `stream=SHARE`."""

    def __init__(self, mixture: list[str], worn_weight: float, even_objects: bool, settings):
        super().__init__(settings)
        self.worn_weight, self.even_objects = worn_weight, even_objects
        shares = {name: float(share) for name, _, share in (text.rpartition("=") for text in mixture)}
        total = sum(shares.values())
        self.streamed = shares.pop("stream", 0.0) / total
        self.files = [torch.load(name, mmap=True) for name in shares]
        self.shares = np.array(list(shares.values())) / sum(shares.values())
        self.seed = settings.engine.seed
        kept = [(share, file["made_from"]) for share, file in zip(self.shares.tolist(), self.files)]
        self.identity += f"; {self.streamed} of the steps, the others from {kept}"
        self.identity += f", worn things weighted {worn_weight}" if worn_weight else ""
        self.identity += ", objects evened" if even_objects else ""

    def latents(self, pipeline, run, name: str, settings) -> KeptDraws:
        autoencoder = autoencoder_identity(pipeline.vae)
        if any(file["autoencoder"] != autoencoder for file in self.files):
            raise UsageError("a file holds latents of another encoder than this model's; draw it again with this model")
        if any("covered" not in file for file in self.files):
            raise UsageError("a file does not know where worn things are; draw it again")
        stream = super().latents(pipeline, run, name, settings)
        pipeline.encode_prompt = remembered(pipeline.encode_prompt)
        size, weigh = pipeline.image_size, Weights(self.worn_weight, None)
        if self.even_objects:
            gray = torch.full((1, size, size, 3), 0.5, device=pipeline.vae.device)
            weigh = replace(weigh, gray=pipeline.encode_images(gray, sample=False)[0].float().cpu())
        kept = KeptDraws(self.files, self.shares, stream, self.streamed, pipeline.asked, self.seed, weigh)
        if self.worn_weight or self.even_objects:
            train_unet.denoising_errors = lambda *drawn: denoising_errors(*drawn, weights=kept.weights.to(pipeline.vae.device))
            train_prior.picture_loss = lambda *drawn: picture_loss(*drawn, weights=kept.weights.to(pipeline.vae.device))
        return kept


def remembered(encode_prompt):
    """The text tower, each caption once: to a prior, it costs four times as much as a step."""
    states: dict[str, Tensor] = {}

    def remembering(prompts: list[str]) -> Tensor:
        new = [prompt for prompt in dict.fromkeys(prompts) if prompt not in states]
        if new:
            states.update(zip(new, encode_prompt(new).half()))
        return torch.stack([states[prompt] for prompt in prompts]).float()

    return remembering


def train(options) -> int:
    """`mvdream train` with the files."""
    training_data.ToyboxStream = partial(ToyboxWithKept, options.mixture, options.worn_weight, options.even_objects)
    return main()


def drawing_arguments(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """What is drawn, with which model, and where to."""
    parser.add_argument("model")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--objects", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--worn-share", type=float, default=turns.WORN_SHARE, help="of the objects that can wear something")
    parser.add_argument("--natural", type=float, default=NATURAL_SHARE, help="of the objects have the color of their kind")
    return parser


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_subparsers(required=True)
    drawing = drawing_arguments(what.add_parser("draw"))
    drawing.add_argument("--wearers", action="store_true", help="only kinds that wear things at two places or more")
    drawing.set_defaults(do=draw)
    training = what.add_parser("train")
    training.add_argument("mixture", nargs="+", metavar="FILE=SHARE")
    training.add_argument("--worn-weight", type=float, default=0.0, help="of errors where worn things are")
    training.add_argument("--even-objects", action="store_true", help="errors of a small object count more")
    training.set_defaults(do=train)
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    chosen = parser.parse_args(sys.argv[1:end])
    sys.argv[1:] = ["train", *sys.argv[end + 1 :]]
    sys.exit(chosen.do(chosen))
