"""Where a score distillation step's time goes, in both phases of the schedule: steps a second, peak memory, time by part.

    python -m benchmarks.distil [--recipe mvdream] [--presets cpu] [--full-size] [--compile] [--steps 40] [--out FILE]

The steps of `to3d` from an untouched field. --full-size takes the published architecture with random weights (the cost is the
same); each preset then runs under a memory cap of its card's size. One line of JSON per preset and phase. The parts in `ms`
wait for the device, so they are measured apart: render is the step without guidance, loss the rest of guidance.
"""

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from benchmarks.gpu.full_size import CARDS_GB, published_pipeline
from benchmarks.measure import Stopwatch, cap_memory, forget_peak, peak_gb, report, seconds_per_step
from mvdream_cli.diffusion.pipeline import MultiViewPipeline
from mvdream_cli.engine.device import pick_device, seed_step, set_threads
from mvdream_cli.engine.memory import until_it_fits
from mvdream_cli.engine.method import Method
from mvdream_cli.errors import MVDreamError
from mvdream_cli.methods.object_parts import build_guidance
from mvdream_cli.methods.text_to_3d import TextTo3D
from mvdream_cli.models.load import load_pipeline
from mvdream_cli.settings.presets import recipe_names
from mvdream_cli.settings.resolve import resolve


class TimedPipeline(MultiViewPipeline):
    """A pipeline that tells a stopwatch what its networks take."""

    @classmethod
    def of(cls, pipeline: MultiViewPipeline, stopwatch: Stopwatch) -> "TimedPipeline":
        timed = cls(**pipeline.components)
        timed.stopwatch, timed.knows_cameras = stopwatch, pipeline.knows_cameras
        return timed

    def encode_images(self, *args, **kwargs):
        with self.stopwatch("encode"):
            return super().encode_images(*args, **kwargs)

    def predict(self, *args, **kwargs):
        with self.stopwatch("unet"):
            return super().predict(*args, **kwargs)


def distillation(pipeline: TimedPipeline, options, device) -> Method:
    """The steps of `to3d` from an untouched field, by the settings."""
    seed_step(0, -1)
    guidance = build_guidance(pipeline, "a bulldog", options)

    def timed_loss(*args):
        with pipeline.stopwatch("guidance"):
            return guidance.loss(*args)

    made = TextTo3D(options, replace(guidance, loss=timed_loss), None, device=device, prompt="a bulldog")
    return made.method(Path())  # no pictures are asked for


def milliseconds_by_part(method: Method, stopwatch: Stopwatch) -> dict[str, float]:
    """The parts of a step, on average."""
    stopwatch.seconds.clear()
    stopwatch.on = True

    def step(i: int) -> None:
        for micro, part in enumerate(method.parts(i)):
            seed_step(0, i, micro)
            with stopwatch("step"):
                loss, _ = method.step(i, part)
            with stopwatch("backward"):
                loss.backward()
        with stopwatch("optimizer"):
            method.optimizer.step()
        method.optimizer.zero_grad()

    for i in range(method.steps):
        until_it_fits(partial(step, i), method.shrink, drop=method.optimizer.zero_grad, where=f"step {i}")
    stopwatch.on = False
    spent = dict(stopwatch.seconds)
    spent["render"] = spent.pop("step") - spent["guidance"]
    spent["loss"] = spent.pop("guidance") - spent["encode"] - spent["unet"]
    return {part: round(1e3 * seconds / method.steps, 1) for part, seconds in spent.items()}


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
        cap_memory(device, CARDS_GB.get(preset, 1e9))
        stopwatch = Stopwatch()
        opened = (
            published_pipeline(device, dtype, arguments.width) if arguments.full_size else load_pipeline("mini", device, dtype)
        )
        pipeline = TimedPipeline.of(opened, stopwatch)
        if arguments.compile:
            pipeline.compile_networks()
        for phase, coarse_fraction in (("coarse", 1), ("late", 0)):
            sets = [f"to3d.recipe={arguments.recipe}", "to3d.method=sds", f"to3d.distillation.steps={arguments.steps}"]
            options = resolve(preset, [*sets, f"to3d.distillation.coarse_fraction={coarse_fraction}", *arguments.set]).to3d
            row = {
                "preset": preset,
                "recipe": arguments.recipe,
                "phase": phase,
                "full_size": arguments.full_size,
                "compiled": arguments.compile,
            }
            forget_peak(device)
            try:
                method = distillation(pipeline, options, device)
                row["steps_per_second"] = round(1 / seconds_per_step(method), 2)
                row |= peak_gb(device)
                row["ms"] = milliseconds_by_part(method, stopwatch)
                method.close()
            except MVDreamError as error:  # out of memory, however small the step was made
                row["failed"] = str(error)
            report(row | {"torch": torch.__version__, "device": str(device)}, arguments.out)


if __name__ == "__main__":
    main()
