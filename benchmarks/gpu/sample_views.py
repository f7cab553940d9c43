"""Seconds and peak memory of `sample-views`, 50 steps, 4 views of 256 px, per preset under a memory cap of its card's size.

    python -m benchmarks.gpu.sample_views [--official CHECKOUT] [--steps 50] [--out results.jsonl]

One line of JSON per preset, and one for the official code (float16 autocast, its own defaults) when a checkout of
bytedance/MVDream is given. Weights are random: the cost is the same.
"""

import argparse
import time
from functools import partial
from pathlib import Path

import torch

from benchmarks import parity
from benchmarks.gpu.full_size import CARDS_GB, published_pipeline
from benchmarks.measure import cap_memory, forget_peak, peak_gb, report, wait
from mvdream_cli.cameras import orbit_views
from mvdream_cli.engine.device import pick_device, set_threads
from mvdream_cli.settings.resolve import resolve


def measured(device, call) -> dict:
    """Seconds of the second of two calls, and the peak memory in GB."""
    call()
    wait()
    forget_peak(device)
    started = time.perf_counter()
    call()
    wait()
    return {"seconds": round(time.perf_counter() - started, 3), **peak_gb(device)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--official", type=Path, help="a checkout of bytedance/MVDream")
    parser.add_argument("--presets", nargs="+", default=list(CARDS_GB), choices=list(CARDS_GB))
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--width", type=int, default=320, help="320 is the published size; less only to try the script")
    parser.add_argument("--out", type=Path, help="a file to which the lines are added")
    arguments = parser.parse_args()
    set_threads()
    device, dtype, _ = pick_device()
    about = {"device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu", "torch": torch.__version__}

    c2w = orbit_views(4, 15.0)
    for name in arguments.presets:
        cap_memory(device, CARDS_GB[name])
        engine, sample = resolve(name).engine, resolve(name).sample_views
        pipeline = published_pipeline(device, dtype, arguments.width)
        if engine.vae_slicing:
            pipeline.vae.enable_slicing()
        if engine.channels_last:
            for part in (pipeline.unet, pipeline.vae):
                part.to(memory_format=torch.channels_last)
        kwargs = {"seeds": [0], "steps": arguments.steps, "guidance_scale": sample.guidance_scale}
        row = {"what": "ours", "preset": name, "dtype": str(dtype).removeprefix("torch."), "cap_gb": CARDS_GB[name]}
        try:
            report(row | about | measured(device, partial(pipeline, "a bulldog", c2w, **kwargs)), arguments.out)
        except torch.OutOfMemoryError:
            report(row | about | {"seconds": None, "failed": "out of memory"}, arguments.out)
        del pipeline
        forget_peak(device)
    if arguments.official:
        report({"what": "official"} | about | official(device, arguments), arguments.out)


@torch.no_grad()
def official(device, arguments) -> dict:
    """The official sampler and decoder, as its scripts/t2i.py calls them with --fp16."""
    parity.use_checkout(arguments.official)
    from mvdream.camera_utils import get_camera

    cap_memory(device, 1e9)
    model = parity.official_model("sd21", arguments.width).to(device)
    sampler = parity.official_sampler(model)
    text, negative = torch.randn(2, 1, 77, 1024, device=device).expand(-1, 4, -1, -1)
    shared = {"camera": get_camera(4, elevation=15, azimuth_start=90).float().to(device), "num_frames": 4}

    def sample():
        with torch.autocast(device.type, torch.float16 if device.type == "cuda" else torch.bfloat16):
            latents, _ = sampler.sample(
                arguments.steps, 4, (4, 32, 32), {"context": text} | shared, verbose=False,
                unconditional_guidance_scale=10.0, unconditional_conditioning={"context": negative} | shared,
            )  # fmt: skip
            return model.decode_first_stage(latents)

    return measured(device, sample)


if __name__ == "__main__":
    main()
