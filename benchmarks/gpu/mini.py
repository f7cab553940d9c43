"""Train a small model on the whole toybox within one call to a GPU: autoencoder, CLIP, UNet, then pictures and errors.

    python benchmarks/gpu/mini.py --out $OUT [--parts FOLDER] [--seconds 60 60 330] [--probe] [--tiny]

Each part is `mvdream train --data toybox` with as many steps as fit into its seconds, so that the learning rate ends where it
should; how many these are is measured first. With --parts, a model folder without a UNet, autoencoder and CLIP are taken from
there. `--probe` only measures the UNet's rate; the same command without it, in the same --work, uses what was found.

Leaves in --out: report.jsonl, stats.jsonl of the UNet, previews.png (eight prompts) and the UNet's folder as unet.tar.00, .01,
... of at most 15 MB (`cat unet.tar.* | tar x`). `--tiny` rehearses it on a CPU.
"""

import argparse
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROMPTS = ("a bulldog wearing a black pirate hat", "a red sports car", "a blue butterfly", "a wizard with white hair",
           "a gray elephant", "a stack of pancakes", "a green dragon", "a boy wearing a red scarf")  # fmt: skip
TIMESTEPS = (150, 400, 600, 800, 950)
PART_BYTES = 15_000_000
HELD_OUT = 64
PROBE_ROWS = 8  # lines of statistics that a measurement waits for
PROBE_SECONDS = 100  # and no longer than this: then compiling has failed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--parts", type=Path, help="a model folder whose autoencoder and CLIP are trained already")
    parser.add_argument("--seconds", type=float, nargs=3, default=[60, 60, 330], help="for autoencoder, CLIP and UNet")
    parser.add_argument("--work", type=Path, default=Path("/tmp/mini"), help="run folders")
    parser.add_argument("--probe", action="store_true", help="measure the UNet's rate and stop")
    parser.add_argument("--tiny", action="store_true", help="the tiny architecture, a few objects: only to try the script")
    arguments = parser.parse_args()
    for folder in (arguments.out, arguments.work):
        folder.mkdir(parents=True, exist_ok=True)
    sys.path.insert(0, str(ROOT))
    report = Report(arguments.out / "report.jsonl")
    tiny, work = arguments.tiny, arguments.work
    size = ["train.architecture=tiny", "data.size_px=32", "engine.log_every=1", "engine.threads=1"] if tiny else []
    common = ["train.optimizer.warmup_steps=100", "train.optimizer.final_learning_rate_fraction=0.02",
              "engine.preview_every=0", "engine.checkpoint_minutes=3", *size]  # fmt: skip

    start = work / "start"
    if arguments.parts:
        if not start.exists():
            with_fresh_unet(arguments.parts, start, "tiny" if tiny else "mini")
            report.add(start=str(arguments.parts))
    else:
        vae = ["train.vae.crop_px=64", "train.optimizer.learning_rate=2e-3", f"train.batch_size={8 if tiny else 128}"]
        clip = ["train.optimizer.learning_rate=5e-4", f"train.batch_size={8 if tiny else 512}"]
        of = ["train.optimizer.ema_decay=0.997", *common]
        within(arguments.seconds[0], ["--component", "vae"], [*vae, *of], work / "vae", report)
        within(arguments.seconds[1], ["--component", "clip", "--init", work / "vae/model"], [*clip, *of], work / "clip", report)
        start = work / "clip/model"

    unet = ["--component", "unet", "--init", start]
    sets = ["train.optimizer.learning_rate=1e-3", "train.optimizer.ema_decay=0.999", "train.unet.single_image_probability=0.1",
            "train.unet.encode_batch_size=64", f"data.workers={workers()}", "train.stream.rig_probability=0.8", f"train.stream.keep={8 if tiny else 100}",
            *common]  # fmt: skip
    found = work / "rate.json"
    if not found.exists():
        rate = probe(unet, sets, work, report, tiny)
        found.write_text(json.dumps(rate))
    rate = json.loads(found.read_text())
    if not arguments.probe:
        repeats = f"train.stream.repeats={rate['repeats']}"
        within(arguments.seconds[2], unet, [*sets, *rate["sets"], repeats], work / "unet", report, rate)
        shutil.copy(work / "unet/stats.jsonl", arguments.out)
        pack(work / "unet/model/unet", arguments.out)
        evaluate(work / "unet/model", arguments.out, report, 4 if tiny else HELD_OUT)
    report.add(done=sorted(path.name for path in arguments.out.iterdir()))


class Report:
    """Lines of JSON with the seconds since the start, printed and kept."""

    def __init__(self, path: Path):
        self.path, self.started = path, time.monotonic()

    def add(self, **facts) -> None:
        line = json.dumps({"at": round(time.monotonic() - self.started, 1), **facts})
        print(line, flush=True)
        with self.path.open("a") as file:
            file.write(line + "\n")


def with_fresh_unet(parts: Path, folder: Path, size: str) -> None:
    """A model folder of trained parts and a UNet with fresh weights."""
    import torch

    from mvdream_cli.models.architectures import build_pipeline
    from mvdream_cli.models.load import save_pipeline

    torch.manual_seed(0)
    whole = folder.with_name("whole")
    save_pipeline(build_pipeline(size, ["a word"]), whole)
    for part in parts.iterdir():  # takes the place of the fresh one
        if part.is_dir():
            shutil.rmtree(whole / part.name, ignore_errors=True)
            shutil.copytree(part, whole / part.name)
        else:
            shutil.copy(part, whole / part.name)
    whole.rename(folder)


def probe(command: list, sets: list[str], work: Path, report: Report, tiny: bool) -> dict:
    """How fast the UNet trains, compiled where that works, and how fast the cores draw; from these, how often an object is shown.

    Returns {"sets", "rate" (steps a second), "starting" (seconds before the first step), "repeats"}.

    Raises:
        RuntimeError: no training begins.
    """
    drawn = drawing_rate(2 if tiny else 16)
    report.add(objects_drawn_per_second=round(drawn, 1))
    often = "train.stream.repeats=40"  # so that the GPU waits for no object
    for compiled, batch in ((False, 8),) if tiny else ((True, 128), (False, 192)):
        own = [f"engine.compile={str(compiled).lower()}", f"train.batch_size={batch}"]
        every = [] if tiny else ["engine.log_every=20"]
        folder = work / f"probe-{'compiled' if compiled else 'plain'}"
        started, starting, rows = time.monotonic(), None, []
        process = mvdream(command, [*sets, *own, often, *every], 100_000, folder)
        while process.poll() is None and time.monotonic() < started + PROBE_SECONDS and len(rows) < PROBE_ROWS:
            time.sleep(0.2)
            rows = lines(folder / "stats.jsonl")
            starting = time.monotonic() - started if rows and starting is None else starting
        process.send_signal(signal.SIGTERM)
        process.wait()
        if len(rows) < 4:
            report.add(compiled=compiled, batch_size=batch, failed=(folder / "log.txt").read_text()[-1500:])
            continue
        first, last = rows[len(rows) // 2 - 1], rows[-1]
        rate = (last["step"] - first["step"]) / max(last["seconds"] - first["seconds"], 1e-3)
        repeats = max(2, math.ceil(1.15 * rate * batch / drawn))
        report.add(compiled=compiled, batch_size=batch, steps_per_second=round(rate, 2), objects_per_second=round(rate * batch),
                   starting=round(starting, 1), memory_gb=last["memory_gb"], repeats=repeats)  # fmt: skip
        return {"sets": own, "rate": rate, "starting": starting, "repeats": repeats}
    raise RuntimeError("the UNet does not train here")


def workers() -> int:
    """Processes that draw; two cores are left to the training."""
    return max(1, (os.cpu_count() or 2) - 2)


def drawing_rate(chunks_each: int) -> float:
    """Objects that all of them together draw in a second."""
    jobs = [[7, 4 * k, 4] for k in range(workers() * chunks_each)]
    with ProcessPoolExecutor(workers()) as pool:
        list(pool.map(draw_some, jobs[: workers()]))  # imports
        started = time.monotonic()
        count = sum(pool.map(draw_some, jobs))
    return count / (time.monotonic() - started)


def draw_some(job: list[int]) -> int:
    import torch

    from mvdream_cli.commands.toybox_world import draw_toy
    from mvdream_cli.data.stream import StreamLaw, draw_objects
    from mvdream_cli.data.training_cameras import CameraDistribution

    torch.set_num_threads(1)
    rig = CameraDistribution((37.5, 37.5), (15.0, 15.0), (1.2, 1.2))
    draw_objects(draw_toy, StreamLaw(4, 128, 1.0, rig, rig), *job)
    return job[2]


def within(seconds: float, command: list, sets: list[str], folder: Path, report: Report, rate: dict | None = None) -> None:
    """A training of as many steps as fit into `seconds`; what is not done in time ends where it is.

    Args:
        rate: from `probe`; None: a third of the seconds measures it.

    Raises:
        RuntimeError: the training failed.
    """
    started, stats = time.monotonic(), folder / "stats.jsonl"
    if rate is None:
        first = mvdream(command, sets, 1_000_000, folder)
        while time.monotonic() - started < seconds / 3 or len(lines(stats)) < 3:  # the first lines hold the start and compiling
            if first.poll() is not None:
                raise RuntimeError(f"{folder.name}: the training ended with code {first.returncode}")
            time.sleep(0.2)
        first.send_signal(signal.SIGTERM)
        first.wait()
        rows = lines(stats)
        middle, last = rows[len(rows) // 2 - 1], rows[-1]
        measured = (last["step"] - middle["step"]) / max(last["seconds"] - middle["seconds"], 1e-3)
        rate = {"rate": measured, "starting": 0.7 * rows[0]["seconds"]}  # once more: imports, the first batches
    done = rows[-1]["step"] if (rows := lines(stats)) else 0
    left = max(seconds - (time.monotonic() - started) - rate["starting"], 0)
    steps = done + max(int(0.96 * rate["rate"] * left), 3)
    report.add(part=folder.name, steps=steps)
    process = mvdream(command, sets, steps, folder)
    try:
        code = process.wait(timeout=max(seconds - (time.monotonic() - started), 1) if left else None)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)
        code = process.wait()
    if code:  # the averaged weights of the newest checkpoint
        newest = max(int(path.name.split("-")[-1].split(".")[0]) for path in (folder / "checkpoints").iterdir())
        report.add(part=folder.name, code=code, ends_at=newest + 2)
        if mvdream(command, [*sets, "engine.compile=false"], newest + 2, folder).wait():
            raise RuntimeError(f"{folder.name}: the training did not finish")
    row = lines(stats)[-1]
    seen = {key: row[key] for key in ("step", "loss", "memory_gb", "skipped") if key in row}
    report.add(part=folder.name, seconds=round(time.monotonic() - started, 1), **seen)


def mvdream(command: list, sets: list[str], steps: int, folder: Path) -> subprocess.Popen:
    line = [sys.executable, "-m", "mvdream_cli", "train", "--data", "toybox", "--preset", "cpu", *map(str, command)]
    line += ["--out", str(folder), "--steps", str(steps), *(word for value in sets for word in ("--set", value))]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(line, env=os.environ | {"PYTHONPATH": path}, cwd=ROOT)


def lines(path: Path) -> list[dict]:
    try:
        return [json.loads(line) for line in path.read_text().splitlines()]
    except (OSError, ValueError):  # not there yet, or half a line
        return []


def evaluate(model: Path, out: Path, report: Report, count: int) -> None:
    """previews.png, and the mean squared error of the denoised latents of held-out objects by timestep."""
    import torch

    from mvdream_cli.cameras import camera_condition, orbit_views
    from mvdream_cli.commands.toybox_world import draw_toy
    from mvdream_cli.data.stream import StreamLaw, draw_objects
    from mvdream_cli.data.training_cameras import CameraDistribution
    from mvdream_cli.diffusion.schedule import add_noise, predicted_x0
    from mvdream_cli.images import composite, grid, save_image
    from mvdream_cli.models.load import load_pipeline

    device = "cuda" if torch.cuda.is_available() else "cpu"
    pipeline = load_pipeline(str(model), device)
    c2w = orbit_views(4, elevation_deg=15.0)
    rows = [pipeline(prompt, c2w, seeds=[0], steps=20, guidance_scale=3.0)[0].cpu() for prompt in PROMPTS]
    save_image(out / "previews.png", grid(torch.cat(rows), 4))
    rig = CameraDistribution((37.5, 37.5), (15.0, 15.0), (1.2, 1.2))

    def held_out(seed: int, index: int, telling: int):
        return draw_toy(seed, index, telling, split="held-out")

    batch = draw_objects(held_out, StreamLaw(4, pipeline.image_size, 1.0, rig, rig), 7, 0, count)
    torch.manual_seed(0)
    with torch.no_grad():
        images = torch.from_numpy(composite(batch.rgba, 0.5)).flatten(0, 1).to(device)
        latents = pipeline.encode_images(images, sample=False)
        text = pipeline.encode_prompt([told[0] for told in batch.captions]).repeat_interleave(4, 0)
        camera = camera_condition(torch.from_numpy(batch.c2w)).flatten(0, 1).to(device)
        noise = torch.randn(latents.shape).to(device)
        kinds = {"as told": (text, camera, 4), "another's words": (text.roll(4, 0), camera, 4),
                 "cameras turned": (text, camera.unflatten(0, (-1, 4)).roll(1, 1).flatten(0, 1), 4),
                 "each view alone": (text, camera, 1)}  # fmt: skip
        errors: dict = {kind: {} for kind in kinds}
        for timestep in TIMESTEPS:
            t = torch.full((len(latents),), timestep, device=device)
            noisy = add_noise(pipeline.scheduler, latents, noise, t)
            for kind, condition in kinds.items():
                x0 = predicted_x0(pipeline.scheduler, noisy, pipeline.predict(noisy, t, *condition), t)
                errors[kind][timestep] = round(float((x0 - latents).square().mean()), 4)
    report.add(held_out=count, x0_error=errors)


def pack(folder: Path, out: Path) -> None:
    """A folder as parts of a tar file."""
    whole = out.parent / f"{folder.name}.tar"
    with tarfile.open(whole, "w") as tar:
        tar.add(folder, folder.name)
    content = whole.read_bytes()
    for k in range(0, len(content), PART_BYTES):
        (out / f"{folder.name}.tar.{k // PART_BYTES:02d}").write_bytes(content[k : k + PART_BYTES])
    whole.unlink()


if __name__ == "__main__":
    main()
