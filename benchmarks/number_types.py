"""How far half precision is from float32: the UNet's prediction, guidance, score distillation, sampling, training.

    python -m benchmarks.number_types                    the published architecture with random weights
    python -m benchmarks.number_types --width 64         the same, narrow: seconds
    python -m benchmarks.number_types --model mini       a real model

Prints tables of relative errors in percent, |half - float32| / |float32|, "from to" over five noise levels or three draws.
"other noise" is float32 with another draw of the noise: what two steps differ by anyway. All else is the same in every row.

- prediction: what the UNet says with and without the text; target: the x0 that guidance 50 with rescale 0.5 pulls towards;
  x0: the gradient of `score_distillation_loss` then; sds: that of plain score distillation at guidance 100;
- sampling: the latents after all DDIM steps of a short schedule at guidance 7.5 (--scales changes the three);
- encoder: the gradient of a rendering, after the encoder, by the factor that `to3d.distillation.weight` is;
- training: the gradient of the denoising loss for all weights, float16 scaled, and the share of its numbers that became zero.
  Random weights have a reduced width then (--training-width).
Scaled: with the loss times 65,536 on the way back, as by a fresh GradScaler.

autocast: float32 weights, matrix products in half precision, norms in float32, as the official code runs. last conv: the UNet's
last norm and convolution in float32. A CPU without float16 products would take hours: there, their inputs and results are
rounded to float16 and the sums are float32, as a GPU's are.
"""

import argparse
import sys
import time
from contextlib import nullcontext

import torch
import torch.nn.functional as F
from diffusers.utils import logging as diffusers_logging
from torch import Tensor
from torch.overrides import TorchFunctionMode

from benchmarks.gpu.full_size import published_unet, published_vae
from mvdream_cli.cameras import camera_condition, orbit_views
from mvdream_cli.diffusion.losses import denoising_loss
from mvdream_cli.diffusion.pipeline import MultiViewPipeline
from mvdream_cli.engine.device import set_threads
from mvdream_cli.guidance.score_distillation import score_distillation_loss
from mvdream_cli.models.load import load_pipeline
from mvdream_cli.models.single_file import published_scheduler

TIMES = (100, 300, 500, 700, 900)
VIEWS = 4
OTHER_NOISE, AUTOCAST, LAST_CONV = "float32, other noise", " autocast", ", last conv float32"
WAYS = (OTHER_NOISE, *(half + how for half in ("bfloat16", "float16") for how in ("", LAST_CONV, AUTOCAST)))
PRODUCTS = (F.linear, F.conv2d, F.scaled_dot_product_attention)
NORMS = (F.group_norm, F.layer_norm)
TABLES = ["guidance", "encoder", "training"]
SCALE = 65_536.0  # of a fresh GradScaler


class Products(TorchFunctionMode):
    """Matrix products as a GPU's in `dtype`: inputs and result rounded, sums in float32.

    Args:
        autocast: also those of float32 inputs, and norms in float32.
    """

    def __init__(self, dtype: torch.dtype, autocast: bool):
        super().__init__()
        self.dtype, self.autocast = dtype, autocast

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if self.autocast and function in NORMS:
            return function(args[0].float(), *args[1:], **kwargs)
        if function in PRODUCTS and (self.autocast or args[0].dtype == self.dtype):
            return function(*(self.rounded(x) for x in args), **{k: self.rounded(x) for k, x in kwargs.items()}).to(self.dtype)
        return function(*args, **kwargs)

    def rounded(self, x):
        return x.to(self.dtype).float() if isinstance(x, Tensor) and x.is_floating_point() else x


class OfLatents(MultiViewPipeline):
    """A pipeline whose images are latents, and which asks its UNet once for each timestep while `known` is a dict."""

    known: dict | None = None

    def encode_images(self, images: Tensor, sample: bool = True) -> Tensor:
        return images

    def predict(self, latents: Tensor, timesteps: Tensor, text: Tensor, camera: Tensor | None, num_views: int) -> Tensor:
        if self.known is None:
            return super().predict(latents, timesteps, text, camera, num_views)
        t = int(timesteps)
        if t not in self.known:
            started = time.perf_counter()
            self.known[t] = super().predict(latents, timesteps, text, camera, num_views)
            print(f"t = {t}: {time.perf_counter() - started:.1f} s", file=sys.stderr, flush=True)
        return self.known[t]


class Inputs:
    """Latents of four views, their cameras and two texts; and the models to try, opened in a number type."""

    def __init__(self, model: str | None, width: int, training_width: int, latent: int):
        self.model, self.width, self.training_width = model, width, training_width
        self.c2w = orbit_views(VIEWS, 15.0)
        torch.manual_seed(1)
        if model is None:
            self.latents = torch.randn(VIEWS, 4, latent, latent)
            self.text, self.negative = torch.randn(2, 1, 77, 1024)
            return
        pipeline = load_pipeline(model)
        with torch.no_grad():
            self.text, self.negative = pipeline.encode_prompt(["a bulldog wearing a black pirate hat", ""]).split(1)
            drawn = pipeline("a bulldog wearing a black pirate hat", self.c2w, seeds=[0], steps=25, guidance_scale=4.0)
            self.latents = pipeline.encode_images(drawn[0], sample=False)

    def opened(self, way: str, training: bool = False) -> OfLatents:
        """The model as a row of the table, or "float32", has it."""
        dtype = torch.float32 if way.endswith(AUTOCAST) else getattr(torch, way.split()[0].strip(","))
        if self.model is not None:
            pipeline = OfLatents(**load_pipeline(self.model, dtype=dtype).components)
        else:
            torch.manual_seed(0)
            unet = published_unet(self.training_width if training else self.width).eval()
            pipeline = OfLatents(None, None, None, unet.to(dtype), published_scheduler())
        pipeline.unet.requires_grad_(training)
        if way.endswith(LAST_CONV):
            pipeline.unet.conv_norm_out.float().register_forward_pre_hook(lambda module, given: (given[0].float(),))
            pipeline.unet.conv_out.float()
        return pipeline

    def opened_encoder(self, way: str) -> MultiViewPipeline:
        """The autoencoder alone matters."""
        dtype = getattr(torch, way)
        if self.model is not None:
            return load_pipeline(self.model, dtype=dtype)
        torch.manual_seed(0)
        vae = published_vae(self.width).eval().requires_grad_(False).to(dtype)
        return MultiViewPipeline(vae, None, None, published_unet(32), published_scheduler())


def guided(pipeline: OfLatents, inputs: Inputs, scales: dict[str, float], seed: int = 0) -> dict[int, dict[str, Tensor]]:
    """What the UNet predicts at each timestep, the target of the x0 form, and the gradients; by timestep and name."""
    found: dict[int, dict[str, Tensor]] = {}
    pipeline.known = {}
    for t in TIMES:
        gradients = {}
        for form, scale in scales.items():
            torch.manual_seed(1000 * seed + t)
            latents = inputs.latents.clone().requires_grad_()
            score_distillation_loss(
                pipeline, latents, inputs.c2w, inputs.text, inputs.negative, timestep=t, guidance_scale=scale, form=form
            ).backward()
            gradients[form] = latents.grad
        found[t] = {"prediction": pipeline.known[t], "target": inputs.latents - VIEWS * gradients["x0"], **gradients}
    pipeline.known = None
    return found


@torch.no_grad()
def sampled(pipeline: OfLatents, inputs: Inputs, steps: int, scale: float, seed: int = 0) -> Tensor:
    """Latents of four views, as the pipeline's own call samples them."""
    latents = torch.randn(inputs.latents.shape, generator=torch.Generator().manual_seed(seed))
    text, negative = (each.expand(VIEWS, -1, -1) for each in (inputs.text, inputs.negative))
    pipeline.scheduler.set_timesteps(steps)
    for t in pipeline.scheduler.timesteps:
        prediction, _ = pipeline.predict_guided(latents, t, text, negative, camera_condition(inputs.c2w), VIEWS, scale)
        latents = pipeline.scheduler.step(prediction, t, latents).prev_sample
    return latents


def weight_gradient(pipeline: OfLatents, inputs: Inputs, seed: int, scale: float = 1.0) -> Tensor:
    """The gradient of the denoising loss of four objects for all weights of the UNet, one after the other, float32."""
    torch.manual_seed(seed)
    latents = inputs.latents.repeat(4, 1, 1, 1)
    camera = camera_condition(inputs.c2w).repeat(4, 1)
    loss = denoising_loss(pipeline, latents, inputs.text.expand(len(latents), -1, -1), camera, VIEWS)
    pipeline.unet.zero_grad()
    (scale * loss).backward()
    return torch.cat([p.grad.float().flatten() for p in pipeline.unet.parameters() if p.grad is not None]) / scale


def picture_gradient(pipeline: MultiViewPipeline, weight: float, scale: float) -> Tensor:
    """What reaches a rendering when `weight` times a gradient of the loss's usual size comes to its latents; (1, H, W, 3)."""
    torch.manual_seed(0)
    side = pipeline.image_size
    image = torch.rand(1, side, side, 3, requires_grad=True)
    latents = pipeline.encode_images(image, sample=False).float()
    latents.backward(scale * weight / VIEWS * torch.randn(latents.shape))
    return image.grad / scale / weight


def error(half: Tensor, truth: Tensor) -> float:
    """In percent."""
    return (100 * (half - truth).norm() / truth.norm()).item()


def span(values: list[float]) -> str:
    low, high = (f"{value:.2g}" if value < 100 else f"{value:.0f}" for value in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


def arithmetic(way: str):
    """Native where that is what a GPU would compute, and fast; else by rounding."""
    rounds = way.endswith(AUTOCAST) or way.startswith("float16")
    return Products(getattr(torch, way.split()[0].strip(",")), way.endswith(AUTOCAST)) if rounds else nullcontext()


def guidance_table(inputs: Inputs, ways: list[str], steps: int, scales: tuple[float, float, float]) -> None:
    pipeline, forms = inputs.opened("float32"), {"x0": scales[0], "sds": scales[1]}
    truth, drawn = guided(pipeline, inputs, forms), sampled(pipeline, inputs, steps, scales[2])
    columns = list(truth[TIMES[0]])
    row("", *columns, f"sampling, {steps} steps")
    row(*["---"] * (len(columns) + 2))
    for way in ways:
        del pipeline  # one at a time in memory
        pipeline, seed = inputs.opened(way), int(way == OTHER_NOISE)
        with arithmetic(way):
            found, latents = guided(pipeline, inputs, forms, seed), sampled(pipeline, inputs, steps, scales[2], seed)
        errors = [span([error(found[t][column], truth[t][column]) for t in TIMES]) for column in columns]
        row(way, *errors, span([error(latents, drawn)]))


def training_table(inputs: Inputs, ways: list[str], seeds: tuple[int, ...] = (0, 1, 2)) -> None:
    pipeline = inputs.opened("float32", training=True)
    truth = [weight_gradient(pipeline, inputs, seed) for seed in seeds]
    row("training", "gradient", "became zero")
    row(*["---"] * 3)
    for way in ways:
        pipeline = inputs.opened(way, training=True)
        with arithmetic(way):
            scale, other = SCALE if way.startswith("float16") else 1.0, 10 * int(way == OTHER_NOISE)
            found = [weight_gradient(pipeline, inputs, seed + other, scale) for seed in seeds]
        lost = [100 * ((half == 0) & (whole != 0)).float().mean().item() for half, whole in zip(found, truth)]
        row(way, span([error(half, whole) for half, whole in zip(found, truth)]), span(lost))


def encoder_table(inputs: Inputs, ways: list[str], weights: tuple[float, ...] = (1.0, 0.05, 0.001)) -> None:
    truth = picture_gradient(inputs.opened_encoder("float32"), 1.0, 1.0)
    row("gradient of a rendering", *(f"loss times {weight:g}" for weight in weights))
    row(*["---"] * (len(weights) + 1))
    for way in ways:
        pipeline = inputs.opened_encoder(way)
        for scale in (1.0, SCALE) if way.startswith("float16") else (1.0,):
            with arithmetic(way):
                errors = [error(picture_gradient(pipeline, weight, scale), truth) for weight in weights]
            row(f"{way}, scaled" if scale > 1 else way, *(f"{value:.2g}" for value in errors))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="a model's name or folder; without it the published architecture with random weights")
    parser.add_argument("--width", type=int, default=320, help="channels of the first level; 320 is the published size")
    parser.add_argument("--training-width", type=int, default=64, help="the same, for the gradient of the weights")
    parser.add_argument("--latent", type=int, default=32, help="side of the latents; 32 is the published size")
    parser.add_argument("--steps", type=int, default=3, help="of sampling")
    parser.add_argument("--scales", nargs=3, type=float, default=(50, 100, 7.5), help="guidance of x0, sds and sampling")
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=WAYS, help="rows of the tables")
    parser.add_argument("--tables", nargs="+", default=TABLES, choices=TABLES)
    arguments = parser.parse_args()
    set_threads()
    diffusers_logging.set_verbosity_error()
    inputs = Inputs(arguments.model, arguments.width, arguments.training_width, arguments.latent)
    if "guidance" in arguments.tables:
        guidance_table(inputs, arguments.ways, arguments.steps, arguments.scales)
    if "encoder" in arguments.tables:
        encoder_table(inputs, ["bfloat16", "float16"])
    if "training" in arguments.tables:
        training_table(inputs, [way for way in arguments.ways if not way.endswith(LAST_CONV)])


if __name__ == "__main__":
    main()
