"""Where a score distillation step's time goes, in both phases of the schedule: steps a second, peak memory, time by part.

    python -m benchmarks.distil [--recipe mvdream] [--presets cpu] [--full-size] [--compile] [--steps 40] [--out FILE]

Runs the command's own `distil` from an untouched field. --full-size takes the published architecture with random weights (the
cost is the same); each preset then runs under a memory cap of its card's size. One line of JSON per preset and phase. Timed,
parts wait for the device, so their sum is a little more than an undisturbed step; `steps_per_second` is measured without.
"""

import argparse
import tempfile
import time
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path

import torch

from benchmarks.gpu.full_size import published_pipeline
from benchmarks.gpu.sample_views import CARDS_GB
from benchmarks.measure import report
from mvdream_cli.commands import to3d
from mvdream_cli.diffusion.pipeline import MultiViewPipeline
from mvdream_cli.engine.device import pick_device, set_threads
from mvdream_cli.engine.run import open_run
from mvdream_cli.models.load import load_pipeline
from mvdream_cli.settings.presets import recipe_names
from mvdream_cli.settings.resolve import resolve

PARTS = {"render": (to3d, "render"), "encode": (MultiViewPipeline, "encode_images"), "unet": (MultiViewPipeline, "guided"),
         "backward": (torch.Tensor, "backward"), "optimizer": (torch.optim.AdamW, "step")}  # fmt: skip


def wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


@contextmanager
def timed_parts():
    """Seconds by part, while this is open."""
    seconds, plain = defaultdict(float), {name: getattr(*place) for name, place in PARTS.items()}

    def timed(name: str):
        def call(*args, **kwargs):
            wait()
            started = time.perf_counter()
            result = plain[name](*args, **kwargs)
            wait()
            seconds[name] += time.perf_counter() - started
            return result

        return call

    for name, (owner, attribute) in PARTS.items():
        setattr(owner, attribute, timed(name))
    try:
        yield seconds
    finally:
        for name, (owner, attribute) in PARTS.items():
            setattr(owner, attribute, plain[name])


def distil(pipeline, settings, device) -> float:
    """Seconds of all steps."""
    with tempfile.TemporaryDirectory() as folder, open_run(Path(folder) / "run", "to3d", {}, identity_keys=[]) as run:
        wait()
        started = time.perf_counter()
        to3d.distil(pipeline, "a bulldog", None, settings, run, device)
        wait()
        return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="mvdream", choices=recipe_names())
    parser.add_argument("--presets", nargs="+", default=["cpu"])
    parser.add_argument("--full-size", action="store_true")
    parser.add_argument("--compile", action="store_true", help="as engine.compile=true does")
    parser.add_argument("--width", type=int, default=320, help="320 is the published size; less only to try the script")
    parser.add_argument("--steps", type=int, default=40, help="of each phase")
    parser.add_argument("--set", action="append", default=[], help="a setting, as the program takes it")
    parser.add_argument("--out", type=Path, help="a file to which the lines are added")
    arguments = parser.parse_args()
    set_threads()
    device, dtype, _ = pick_device()
    for preset in arguments.presets:
        if device.type == "cuda" and preset in CARDS_GB:
            total, (memory_gb, dtype) = torch.cuda.get_device_properties(device).total_memory, CARDS_GB[preset]
            torch.cuda.set_per_process_memory_fraction(min(1.0, memory_gb * 1e9 / total))
        pipeline = published_pipeline(device, dtype, arguments.width) if arguments.full_size else load_pipeline("mini", device)
        if arguments.compile:
            pipeline.compile_networks()
        for phase, coarse_fraction in (("coarse", 1), ("late", 0)):
            sets = [f"to3d.recipe={arguments.recipe}", "to3d.method=sds", f"to3d.distillation.steps={arguments.steps}"]
            sets += [f"to3d.distillation.coarse_fraction={coarse_fraction}", "engine.preview_every=0"]
            settings = resolve(preset, [*sets, *arguments.set])
            row = {
                "preset": preset,
                "recipe": arguments.recipe,
                "phase": phase,
                "full_size": arguments.full_size,
                "compiled": arguments.compile,
            }
            try:
                distil(pipeline, settings, device)
                if device.type == "cuda":
                    torch.cuda.reset_peak_memory_stats()
                row["steps_per_second"] = round(arguments.steps / distil(pipeline, settings, device), 2)
                if device.type == "cuda":
                    row["peak_gb"] = round(torch.cuda.max_memory_allocated() / 1e9, 2)
                with timed_parts() as seconds:
                    whole = distil(pipeline, settings, device)
                row["ms"] = {name: round(1e3 * spent / arguments.steps, 1) for name, spent in seconds.items()}
                row["ms"]["rest"] = round(1e3 * (whole - sum(seconds.values())) / arguments.steps, 1)
            except torch.OutOfMemoryError:
                row["failed"] = "out of memory"
            report(row | {"torch": torch.__version__, "device": str(device)}, arguments.out)


if __name__ == "__main__":
    main()
