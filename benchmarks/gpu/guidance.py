"""One guidance step (encoder, guided UNet, loss, gradient of the renderings): ours, compiled, and the official computation.

    python -m benchmarks.gpu.guidance [--compile] [--official CHECKOUT] [--views 8] [--out results.jsonl]

One line of JSON each: milliseconds, peak memory, and the share of the card's own rate of matrix products (measured here, in the
same number type) that the counted operations reach. Renderings of 256 px; weights are random: the cost is the same. The
official computation runs in float16 autocast over float32 weights, as its trainer does, and needs a checkout of
bytedance/MVDream.
"""

import argparse
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import parity
from benchmarks.gpu.full_size import published_pipeline
from benchmarks.measure import forget_peak, milliseconds, peak_gb, report
from mvdream_cli.cameras import camera_condition, orbit_views
from mvdream_cli.engine.device import pick_device, set_threads
from mvdream_cli.guidance.score_distillation import score_distillation_loss

OPTIONS = {"timestep": 500, "guidance_scale": 50.0, "rescale": 0.5, "num_views": 4}


def matrix_rate(device, dtype) -> float:
    """Operations a second of large matrix products."""
    size = 8192 if device.type == "cuda" else 1024
    a, b = torch.randn(2, size, size, device=device, dtype=dtype)
    return 2 * size**3 / (1e-3 * milliseconds(lambda: a @ b))


def ours(pipeline, images, c2w, text):
    """The step as `to3d` takes it; images (N, 256, 256, 3) get the gradient."""

    def step():
        images.grad = None
        score_distillation_loss(pipeline, images, c2w, *text, **OPTIONS).backward()

    return step


def official(model, images, c2w, text):
    """The same computation by the official model: SDS in x0 form with its spread rescaled (MVDream, section 4.2)."""
    t, scale, rescale, views = OPTIONS["timestep"], OPTIONS["guidance_scale"], OPTIONS["rescale"], OPTIONS["num_views"]
    count = len(images)
    context = torch.cat([part.expand(count, -1, -1) for part in text])
    camera = camera_condition(c2w).repeat(2, 1)

    def step():
        images.grad = None
        device = images.device
        with torch.autocast(device.type, torch.float16, enabled=device.type == "cuda"):
            encoded = model.encode_first_stage(images.permute(0, 3, 1, 2) * 2 - 1)
            latents = model.get_first_stage_encoding(encoded)
            with torch.no_grad():
                times = torch.full((count,), t, device=device)
                noise = torch.randn_like(latents)
                noisy = model.q_sample(latents, times, noise)
                condition = {"context": context, "camera": camera, "num_frames": views}
                both = model.apply_model(torch.cat([noisy, noisy]), times.repeat(2), condition)
                with_text, without = both.chunk(2)
                guided = model.predict_start_from_noise(noisy, times, without + scale * (with_text - without))
                plain = model.predict_start_from_noise(noisy, times, with_text)
                spread, wanted = (x.unflatten(0, (-1, views)).std((1, 2, 3, 4), keepdim=True) for x in (guided, plain))
                rescaled = (guided.unflatten(0, (-1, views)) * (wanted + 1e-8) / (spread + 1e-8)).flatten(0, 1)
                target = rescale * rescaled + (1 - rescale) * guided
            loss = 0.5 * (latents - target).square().sum() / count
        loss.backward()

    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--official", type=Path, help="a checkout of bytedance/MVDream")
    parser.add_argument("--views", type=int, default=8, help="renderings, four to a rig; 8 and 4 are the recipe's phases")
    parser.add_argument("--compile", action="store_true", help="also with the networks compiled")
    parser.add_argument("--width", type=int, default=320, help="320 is the published size; less only to try the script")
    parser.add_argument("--size-px", type=int, default=256, help="256 is the recipe's; less only to try the script")
    parser.add_argument("--out", type=Path, help="a file to which the lines are added")
    arguments = parser.parse_args()
    set_threads()
    device, dtype, _ = pick_device()
    rate = matrix_rate(device, dtype)
    about = {"views": arguments.views, "dtype": str(dtype).removeprefix("torch."), "matrix_tflops": round(rate / 1e12, 2)}
    about |= {"device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu", "torch": torch.__version__}
    images = torch.rand(arguments.views, arguments.size_px, arguments.size_px, 3, device=device, requires_grad=True)
    c2w = orbit_views(4, 15.0).repeat(arguments.views // 4, 1, 1).to(device)
    text = torch.randn(2, 1, 77, 1024, device=device).unbind()

    def measure(what: str, step) -> None:
        with FlopCounterMode(display=False) as operations, torch.compiler.set_stance("force_eager"):
            step()
        forget_peak(device)
        row = {"what": what, "ms": round(milliseconds(step), 2), "tflop": round(operations.get_total_flops() / 1e12, 3)}
        row["share_of_matrix_rate"] = round(operations.get_total_flops() / (1e-3 * row["ms"]) / rate, 3)
        report(row | peak_gb(device) | about, arguments.out)

    pipeline = published_pipeline(device, dtype, arguments.width)
    for part in (pipeline.unet, pipeline.vae):
        part.to(memory_format=torch.channels_last)
    measure("ours", ours(pipeline, images, c2w, text))
    if arguments.compile:
        pipeline.compile_networks()
        measure("ours, compiled", ours(pipeline, images, c2w, text))
    del pipeline
    if arguments.official:
        parity.use_checkout(arguments.official)
        model = parity.official_model("sd21", arguments.width).to(device).requires_grad_(False)
        measure("official", official(model, images, c2w, text))


if __name__ == "__main__":
    main()
