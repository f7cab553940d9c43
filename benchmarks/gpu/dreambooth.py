"""Seconds per step and peak memory of `dreambooth` at full size, all weights and LoRA, per preset under its card's memory.

    python -m benchmarks.gpu.dreambooth [--presets h200 v100-32gb] [--lora 0 8] [--steps 20] [--out results.jsonl]

Random weights and random photographs: the cost is the same. One line of JSON per preset and rank; 0 is all weights.
"""

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import torch

from benchmarks.gpu.full_size import published_pipeline
from benchmarks.gpu.sample_views import CARDS_GB
from benchmarks.measure import report
from mvdream_cli.commands import dreambooth
from mvdream_cli.engine.device import pick_device
from mvdream_cli.engine.run import open_run
from mvdream_cli.settings.resolve import resolve


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presets", nargs="+", default=list(CARDS_GB), choices=list(CARDS_GB))
    parser.add_argument("--lora", nargs="+", type=int, default=[0, 8])
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--width", type=int, default=320, help="320 is the published size; less only to try the script")
    parser.add_argument("--out", type=Path, help="a file to which the lines are added")
    arguments = parser.parse_args()
    device, _, _ = pick_device()
    for preset in arguments.presets:
        memory_gb, dtype = CARDS_GB[preset]
        if device.type == "cuda":
            total = torch.cuda.get_device_properties(device).total_memory
            torch.cuda.set_per_process_memory_fraction(min(1.0, memory_gb * 1e9 / total))
        for rank in arguments.lora:
            sets = [f"dreambooth.lora_rank={rank}", f"dreambooth.steps={arguments.steps}", "engine.preview_every=0"]
            settings = resolve(preset, sets)
            pipeline = published_pipeline(device, torch.float32, arguments.width)  # as the command opens it
            photographs = torch.rand(4, pipeline.image_size, pipeline.image_size, 3)
            row = {"preset": preset, "lora": rank, "dtype": str(dtype).removeprefix("torch."), "torch": torch.__version__}
            try:
                folder = Path(tempfile.mkdtemp()) / "run"
                with open_run(folder, "dreambooth", {}, identity_keys=[]) as run:
                    started = time.perf_counter()
                    dreambooth.tune(pipeline, photographs, [None] * 4, settings, run, device, dtype)
                    row["seconds_per_step"] = round((time.perf_counter() - started) / arguments.steps, 3)
                shutil.rmtree(folder.parent)
                if device.type == "cuda":
                    row |= {"peak_gb": round(torch.cuda.max_memory_allocated() / 1e9, 2)}
            except (torch.OutOfMemoryError, dreambooth.MVDreamError) as error:
                row["failed"] = str(error)
            report(row, arguments.out)
            del pipeline
            if device.type == "cuda":
                torch.cuda.empty_cache()
                torch.cuda.reset_peak_memory_stats()


if __name__ == "__main__":
    main()
