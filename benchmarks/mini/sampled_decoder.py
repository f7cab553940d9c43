"""A decoder that has seen what sampling leaves: it learns to show the true views of latents that a UNet has sampled.

    python -m benchmarks.mini.sampled_decoder draw mini --objects 4800 --seed 90 --worn-share 0.85 --natural 0.35 --out drawn.pt
    python -m benchmarks.mini.sampled_decoder train mini drawn.pt --minutes 10 --out MODEL

The autoencoder learnt from latents of true views. Those that a UNet samples are of no picture quite: a haze stands around
objects, outlines run. Here latents of true views get the noise of some step of a sampling, and the steps that follow are done
as `to3d` does them. Of what comes of it the decoder learns to show the true views; a quarter of what it sees are true latents
still. The encoder stays, and so does all that was trained on its latents.

A file holds of each object the latents sampled and true (N, V, C, h, w) float16, its views (N, V, S, S, 3) uint8, and the share
of each place that worn things cover (N, V, h, w) uint8: errors there count more, as in `kept_draws`. It names the
encoder, and what all was made from.
"""

import argparse
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from rich.progress import track
from torch import Tensor

import mvdream_toybox.turns as turns
from benchmarks.kinds import AT_ONCE, RIG, VIEWS
from benchmarks.mini.kept_draws import OTHERS, RIG_PROBABILITY, Weights, covered_places, draw_covered, drawing_arguments
from mvdream_cli.atomic import written_whole
from mvdream_cli.cameras import camera_condition
from mvdream_cli.commands.toybox_world import draw_toy
from mvdream_cli.data.latent_files import autoencoder_identity
from mvdream_cli.data.render_object import BUILT_VERSION
from mvdream_cli.data.stream import Stream, StreamLaw
from mvdream_cli.diffusion.losses import pixel_loss
from mvdream_cli.diffusion.schedule import add_noise, ddim_step, ddim_timesteps
from mvdream_cli.engine.device import set_threads
from mvdream_cli.images import composite, to_uint8
from mvdream_cli.models.find import known_words, model_identity
from mvdream_cli.models.load import load_pipeline, save_pipeline
from mvdream_toybox.things import KINDS
from mvdream_toybox.things.worn import WORN

STEPS, GUIDANCE_SCALE = 10, 4.0  # what to3d asks of mini
TRUE_SHARE, TRUE_NOISE, EDGE_WEIGHT, HELD_OUT = 0.25, 0.05, 0.5, 100


def draw(options) -> None:
    """Draw objects of the training split, and sample each from a step of its own."""
    turns.WORN_SHARE = options.worn_share
    world = {"split": "train", "kinds": tuple(KINDS), "worn": tuple(WORN), "natural": options.natural}
    plain = load_pipeline(options.model)
    law = StreamLaw(VIEWS, plain.image_size, RIG_PROBABILITY, RIG, OTHERS)
    views, cameras, captions = [], [], []
    with Stream(partial(draw_toy, **world), law, seed=options.seed, batch_size=AT_ONCE, workers=2, ahead=8) as stream:
        for number in range(-(-options.objects // AT_ONCE)):
            batch = stream.batch(number)
            views.append(torch.from_numpy(to_uint8(composite(batch.rgba, 0.5))))
            cameras.append(camera_condition(torch.from_numpy(batch.c2w)))
            captions += [told[0] for told in batch.captions]
    covered = covered_places(partial(draw_covered, **world), len(captions), options.seed, law, plain.latent_size())
    set_threads(0)
    torch.manual_seed(options.seed)
    pipeline = load_pipeline(options.model, dtype=torch.bfloat16, channels_last=True)
    rng, true, sampled = np.random.default_rng(options.seed), [], []
    for number, (some, camera) in enumerate(zip(track(views, "sampling"), cameras)):
        words = [pipeline.asked(caption) for caption in captions[number * AT_ONCE : (number + 1) * AT_ONCE]]
        latents = plain.encode_images(some.flatten(0, 1).float() / 255, sample=False)
        found = sampled_from(pipeline, latents, int(rng.integers(1, STEPS - 1)), words, camera.flatten(0, 1))
        true.append(latents.unflatten(0, (-1, VIEWS)).half())
        sampled.append(found.unflatten(0, (-1, VIEWS)).half())
    found = {"views": torch.cat(views), "true": torch.cat(true), "sampled": torch.cat(sampled), "covered": covered}
    found = {name: value[: options.objects] for name, value in found.items()}
    autoencoder, model = autoencoder_identity(plain.vae), model_identity(options.model)
    made_from = repr((BUILT_VERSION, options.seed, options.objects, world, options.worn_share, law, model))
    with written_whole(options.out) as unfinished:
        torch.save(found | {"autoencoder": autoencoder, "made_from": made_from}, unfinished)


@torch.no_grad()
def sampled_from(pipeline, latents: Tensor, step: int, captions: list[str], camera: Tensor) -> Tensor:
    """True latents (B V, C, h, w) with the noise of the step of that index (1: the second), and the steps from there on."""
    text, negative = pipeline.encode_prompt([*captions, ""]).split((len(captions), 1))
    text, negative = text.repeat_interleave(VIEWS, 0), negative.expand(len(latents), -1, -1)
    visited = ddim_timesteps(pipeline.scheduler, STEPS)
    x = add_noise(pipeline.scheduler, latents, torch.randn_like(latents), torch.full((len(latents),), int(visited[step])))
    for t, following in zip(visited[step:], [*visited[step + 1 :], None]):
        prediction, _ = pipeline.predict_guided(x, t, text, negative, camera, VIEWS, GUIDANCE_SCALE)
        x = ddim_step(pipeline.scheduler, x, prediction, t, following)
    return x


def train(options) -> None:
    """Teach the decoder, for so many minutes, and write the model with it."""
    set_threads(0)
    torch.manual_seed(options.seed)
    pipeline = load_pipeline(options.model)
    files = [torch.load(name, mmap=True) for name in options.files]
    if any(file["autoencoder"] != autoencoder_identity(pipeline.vae) for file in files):
        raise SystemExit("a file holds latents of another encoder than this model's; draw it again with this model")
    whole = {name: torch.cat([file[name] for file in files]) for name in ("views", "true", "sampled", "covered")}
    if len(whole["true"]) <= HELD_OUT:
        raise SystemExit(f"the first {HELD_OUT} objects are kept out; draw more")
    held_out = {name: value[:HELD_OUT] for name, value in whole.items()}
    vae = pipeline.vae.requires_grad_(False).to(memory_format=torch.channels_last)
    vae.decoder.requires_grad_(True)
    optimizer = torch.optim.AdamW(vae.decoder.parameters(), options.learning_rate, betas=(0.9, 0.98), weight_decay=0.01)
    print("before", measured(pipeline, held_out), flush=True)
    start, steps = time.monotonic(), 0
    while (done := (time.monotonic() - start) / 60 / options.minutes) < 1:
        optimizer.param_groups[0]["lr"] = options.learning_rate * min(1, (steps + 1) / 50) * (1 - done)
        chosen = torch.randint(HELD_OUT, len(whole["true"]), (options.batch_size,))
        views, true, latents, covered = (whole[name][chosen].float() for name in ("views", "true", "sampled", "covered"))
        as_true = torch.rand(len(chosen), 1, 1, 1, 1) < TRUE_SHARE
        latents = torch.where(as_true, true + TRUE_NOISE * true.std() * torch.randn_like(true), latents)
        weights = of_pixels(Weights(options.worn_weight, None).places(covered.flatten(0, 1) / 255), views.shape[2])
        with torch.autocast(vae.device.type, torch.bfloat16):
            pixels = vae.decode(latents.flatten(0, 1) / vae.config.scaling_factor).sample
        error = pixels.float() - (views.flatten(0, 1).permute(0, 3, 1, 2) / 127.5 - 1)
        loss = pixel_loss(error, EDGE_WEIGHT, weights[:, None])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        steps += 1
    print(steps, "steps", measured(pipeline, held_out), flush=True)
    save_pipeline(pipeline, options.out, torch.float16, known_words(options.model))


def of_pixels(places: Tensor, size_px: int) -> Tensor:
    """Values of places (N, h, w), of all pixels of each, (N, S, S)."""
    scale = size_px // places.shape[-1]
    return places.repeat_interleave(scale, 1).repeat_interleave(scale, 2)


@torch.no_grad()
def measured(pipeline, held_out: dict[str, Tensor]) -> str:
    """L1 and PSNR in dB of sampled and true latents, shown, against the true views; L1 where something is worn."""
    views, told = held_out["views"].float() / 255, []
    worn = of_pixels(held_out["covered"].flatten(0, 1) > 85, views.shape[2]).unflatten(0, (-1, VIEWS))
    for name in ("sampled", "true"):
        shown = torch.stack([pipeline.decode_latents(latents.float()) for latents in held_out[name]])
        error = (shown - views).abs()
        psnr_db = -10 * error.square().mean((2, 3, 4)).log10().mean()
        told.append(f"{name}: L1 {error.mean():.4f}, where worn {error[worn].mean():.4f}, PSNR {psnr_db:.2f} dB")
    return "; ".join(told)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_subparsers(required=True)
    drawing = drawing_arguments(what.add_parser("draw"))
    drawing.set_defaults(do=draw)
    training = what.add_parser("train")
    training.add_argument("model")
    training.add_argument("files", nargs="+")
    training.add_argument("--out", type=Path, required=True)
    training.add_argument("--minutes", type=float, required=True)
    training.add_argument("--seed", type=int, default=0)
    training.add_argument("--batch-size", type=int, default=10, help="objects in one step")
    training.add_argument("--learning-rate", type=float, default=4e-4)
    training.add_argument("--worn-weight", type=float, default=3.0, help="of errors where worn things are")
    training.set_defaults(do=train)
    chosen = parser.parse_args()
    chosen.do(chosen)
