"""Do memory and open files stay flat over thousands of steps?

`python -m benchmarks.flat [to3d|train] [--steps 5000]` runs the real command with a tiny model in a process of its own, reads
its resident memory and its open descriptors from /proc ten times a second, and prints for each 1,000 steps the mean of both
over the last 200 of them. What grows with the steps would show; the first thousand is left out of the rate, because caches and
allocators fill.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

OFTEN = ("engine.threads=1", "engine.preview_every=1000", "engine.checkpoint_every=500", "engine.log_every=10")
SMALL = {
    "to3d": (
        *OFTEN, "to3d.views.steps=1", "to3d.field.resolutions=[8]", "to3d.distillation.size_px=16", "to3d.fit.rays=64",
        "to3d.rendering.samples_per_ray=8", "to3d.fit.steps=10", "export.resolution=24", "export.faces=200",
        "export.texture_size=64", "turntable.formats=[]", "turntable.frames=8",
        "to3d.optimizer.learning_rate=1e-6",  # a prior that knows nothing would soon fill the whole box, which ends a run
    ),
    "train": (*OFTEN, "train.batch_size=2", "sample_views.steps=1"),
}  # fmt: skip


def prepare(folder: Path) -> None:
    """A tiny model, and a tiny multi-view set."""
    import torch

    from mvdream_cli.boundary import run_main
    from mvdream_cli.models.architectures import build_pipeline
    from mvdream_cli.models.load import save_pipeline

    torch.manual_seed(0)
    save_pipeline(build_pipeline("tiny", ["a red dog", "a blue cat"]), folder / "tiny")
    views = ["data", "render", "toybox", "--objects", "8", "--views", "4", "--size-px", "32", "--out", str(folder / "views")]
    assert run_main([*views, "--quiet", "--set", "data.workers=1"]) == 0


def command(what: str, steps: int) -> list[str]:
    words = [sys.executable, "-m", "mvdream_cli", what, "--preset", "cpu", "--out", what, "--steps", str(steps), "--quiet"]
    words += [word for setting in SMALL[what] for word in ("--set", setting)]
    if what == "to3d":
        return [*words, "a red dog", "--model", "tiny", "--method", "sds"]
    return [*words, "--component", "unet", "--init", "tiny", "--data", "views"]


def sample(process: subprocess.Popen, stats: Path) -> Iterator[tuple[int, float, int]]:
    """(step, resident MB, open descriptors) until the process ends."""
    pid, page = process.pid, os.sysconf("SC_PAGE_SIZE")
    while process.poll() is None:
        try:
            resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * page / 1e6
            yield _step(stats), resident, len(os.listdir(f"/proc/{pid}/fd"))
        except (OSError, IndexError):
            break
        time.sleep(0.1)
    process.wait()


def _step(stats: Path) -> int:
    """The newest step in stats.jsonl; 0 before there is one."""
    try:
        with open(stats, "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 2000))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return 0
    for line in reversed(lines):
        try:
            return json.loads(line)["step"]
        except (ValueError, KeyError, TypeError):
            continue
    return 0


def by_thousand(samples: Iterable[tuple[int, float, int]]) -> Iterator[dict]:
    """A row as soon as 1,000 more steps are done: means over their last 200, and the most there was."""
    part, end = [], 1000
    for step, mb, files in samples:
        if step >= end and part:
            memory, descriptors = zip(*part)
            yield {"steps": end, "resident_mb": round(statistics.fmean(memory), 1),
                   "open_files": round(statistics.fmean(descriptors), 1), "most_files": max(descriptors)}  # fmt: skip
            part, end = [], end + 1000
        if step >= end - 200:
            part.append((mb, files))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", nargs="?", choices=list(SMALL), default="to3d")
    parser.add_argument("--steps", type=int, default=5000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        process = subprocess.Popen(command(asked.what, asked.steps), cwd=folder, stdout=subprocess.DEVNULL)
        began = time.monotonic()
        rows = []
        for row in by_thousand(sample(process, folder / asked.what / "stats.jsonl")):
            print(json.dumps(row), flush=True)
            rows.append(row)
    later = rows[1:] or [{"resident_mb": float("nan"), "open_files": float("nan")}]
    thousands = max(1, len(later) - 1)
    grown = {key: round((later[-1][key] - later[0][key]) / thousands, 2) for key in ("resident_mb", "open_files")}
    print(json.dumps({
        "command": asked.what, "exit_code": process.returncode, "seconds": round(time.monotonic() - began),
        "grown by 1,000 steps": grown,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
