"""How much of each kind of the toybox a UNet does not know: its answers in one step from noise, against the true pictures.

    python -m benchmarks.kinds mini

At the last timestep nothing but the caption says what to draw, and the best answer is the mean of all that it could mean.
Over n objects of a kind, with latents x and answers y: the error is the mean of |y - x|^2, most of it what no caption tells.
What the UNet misses of the kind is the square of its mean error, without what chance leaves of it,
(n |mean(y - x)|^2 - mean |y - x|^2) / (n - 1). The same with the mean of all kinds in place of y is all that there is to know.

Letters: K kinds, n objects of each, V views, C h w of a latent.
"""

import argparse
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from mvdream_cli.cameras import camera_condition
from mvdream_cli.commands.toybox_world import draw_toy
from mvdream_cli.data.sources import AssetSource
from mvdream_cli.data.stream import Stream, StreamLaw
from mvdream_cli.data.training_cameras import CameraDistribution
from mvdream_cli.diffusion.schedule import add_noise, predicted_x0
from mvdream_cli.engine.device import set_threads
from mvdream_cli.images import composite
from mvdream_cli.models.load import load_pipeline
from mvdream_toybox.things import KINDS

NAMES, SEED, AT_ONCE, VIEWS = sorted(KINDS), 990_001, 24, 4
RIG = CameraDistribution((37.5, 37.5), (15.0, 15.0), (1.2, 1.2))  # what to3d asks of mini


class Objects(NamedTuple):
    """latents (n, V, C, h, w) float16, cameras (n, V, 16), captions of each."""

    latents: Tensor
    cameras: Tensor
    tellings: list[tuple[str, ...]]

    @property
    def captions(self) -> list[str]:
        """The first of each."""
        return [told[0] for told in self.tellings]


def in_turn(seed: int, index: int, telling: int = 0, *, count: int) -> AssetSource:
    """`count` objects of the first kind, then as many of the next."""
    return draw_toy(seed, index, telling, split="all", kinds=(NAMES[index // count % len(NAMES)],))


def drawn(pipeline, draw: Callable[..., AssetSource], count: int, seed: int, law: StreamLaw | None = None) -> Objects:
    """Objects drawn in two processes and encoded by the pipeline's autoencoder over its gray; without a law seen by `RIG`."""
    law, found = law or StreamLaw(VIEWS, pipeline.image_size, 1.0, RIG, RIG), []
    with Stream(draw, law, seed=seed, batch_size=AT_ONCE, workers=2, ahead=8) as stream:
        for number in range(-(-count // AT_ONCE)):
            batch = stream.batch(number)
            images = torch.from_numpy(composite(batch.rgba, 0.5)).float().flatten(0, 1)
            with torch.no_grad():
                latents = pipeline.encode_posterior(images)[0].unflatten(0, (-1, VIEWS)).half()
            found.append((latents, camera_condition(torch.from_numpy(batch.c2w)), batch.captions))
    latents, cameras, tellings = zip(*found)
    return Objects(torch.cat(latents)[:count], torch.cat(cameras)[:count], sum(tellings, [])[:count])


@torch.no_grad()
def answers(pipeline, objects: Objects, timestep: int) -> Tensor:
    """x0 as the UNet predicts it from the true latents with noise (n, V, C, h, w), float32."""
    generator, found, captions = torch.Generator().manual_seed(timestep), [], objects.captions
    for start in range(0, len(captions), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        true = objects.latents[some].float().flatten(0, 1)
        timesteps = torch.full((len(true),), timestep)
        noisy = add_noise(pipeline.scheduler, true, torch.randn(true.shape, generator=generator), timesteps)
        text = pipeline.encode_prompt(captions[some]).repeat_interleave(VIEWS, 0)
        prediction = pipeline.predict(noisy, timesteps, text, objects.cameras[some].flatten(0, 1), VIEWS).float()
        found.append(predicted_x0(pipeline.scheduler, noisy, prediction, timesteps).unflatten(0, (-1, VIEWS)))
    return torch.cat(found)


def common(difference: Tensor) -> Tensor:
    """Differences (K, n, ...) -> (K,): the square of their mean over a kind, without what chance leaves of it."""
    n = difference.shape[1]
    of_mean, mean = difference.mean(1).square().flatten(1).mean(1), difference.square().flatten(1).mean(1)
    return (n * of_mean - mean) / (n - 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--timesteps", type=int, nargs="+", default=[999, 800, 500])
    parser.add_argument("--objects", type=int, default=6, help="of each kind")
    parser.add_argument("--worst", type=int, default=24, help="kinds that are named")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    count = arguments.objects
    # before the process has threads: workers begin as its copies
    objects = drawn(load_pipeline(arguments.model), partial(in_turn, count=count), count * len(NAMES), SEED)
    set_threads(arguments.threads)
    pipeline = load_pipeline(arguments.model, dtype=torch.bfloat16, channels_last=True)
    true = objects.latents.float().unflatten(0, (-1, count))
    known = common(true - true.mean((0, 1)))
    for timestep in arguments.timesteps:
        wrong = answers(pipeline, objects, timestep).unflatten(0, (-1, count)) - true
        missed, error = common(wrong), wrong.square().mean()
        print(f"t={timestep}: error {error:.4f}; of the kinds' {known.mean():.4f} it misses {missed.mean():.4f}")
        worst = missed.argsort(descending=True)[: arguments.worst].tolist()
        print("  most of", ", ".join(f"{NAMES[k]} ({missed[k]:.2f} of {known[k]:.2f})" for k in worst), flush=True)


if __name__ == "__main__":
    main()
