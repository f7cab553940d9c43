"""Seconds per step and peak memory of `dreambooth` at full size, all weights and LoRA, per preset under its card's memory.

    python -m benchmarks.gpu.dreambooth [--presets h200 v100-32gb] [--lora 0 8] [--steps 20] [--out results.jsonl]

Random weights and random photographs: the cost is the same. One line of JSON per preset and rank; 0 is all weights.
"""

import argparse
from pathlib import Path

import torch

from benchmarks.gpu.full_size import BEFORE_BFLOAT16, CARDS_GB, published_pipeline
from benchmarks.measure import cap_memory, forget_peak, peak_gb, report, seconds_per_step
from mvdream_cli.engine.best import Best
from mvdream_cli.engine.device import pick_device, set_threads
from mvdream_cli.errors import MVDreamError
from mvdream_cli.methods.dreambooth import DreamBooth
from mvdream_cli.settings.resolve import resolve


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presets", nargs="+", default=list(CARDS_GB), choices=list(CARDS_GB))
    parser.add_argument("--lora", nargs="+", type=int, default=[0, 8])
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--width", type=int, default=320, help="320 is the published size; less only to try the script")
    parser.add_argument("--out", type=Path, help="a file to which the lines are added")
    arguments = parser.parse_args()
    set_threads()
    device, _, _ = pick_device()
    for preset in arguments.presets:
        cap_memory(device, CARDS_GB[preset])
        dtype = torch.float16 if preset in BEFORE_BFLOAT16 else torch.bfloat16  # what training takes on that card
        for rank in arguments.lora:
            booth = resolve(preset, [f"dreambooth.lora_rank={rank}", f"dreambooth.steps={arguments.steps}"]).dreambooth
            pipeline = published_pipeline(device, torch.float32, arguments.width)  # as the command opens it
            photographs = torch.rand(4, pipeline.image_size, pipeline.image_size, 3)
            row = {"preset": preset, "lora": rank, "dtype": str(dtype).removeprefix("torch."), "torch": torch.__version__}
            where = {"device": device, "dtype": dtype, "best": Best(Path("unused"))}  # without an image tower none is kept
            try:
                tuning = DreamBooth(pipeline, photographs, [None] * 4, [], booth, **where)
                row["seconds_per_step"] = round(seconds_per_step(tuning.method(Path())), 3)
                row |= peak_gb(device)
                del tuning
            except (torch.OutOfMemoryError, MVDreamError) as error:
                row["failed"] = str(error)
            report(row, arguments.out)
            del pipeline
            forget_peak(device)


if __name__ == "__main__":
    main()
