"""Train a small model on the whole toybox within one call to a GPU: autoencoder, CLIP, UNet, then pictures and errors.

    python benchmarks/gpu/mini.py --out $OUT [--wheels .whl] [--seconds 60 60 330] [--tiny]

Each part is `mvdream train --data toybox`, stopped after a while and finished with as many steps as fit into its seconds,
so that the learning rate ends where it should. Leaves in --out: report.jsonl, previews.png (eight prompts), the UNet's previews
and the model folder as model.tar.00, .01, ... of at most 15 MB (`cat model.tar.* | tar x`). `--tiny` rehearses it on a CPU.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROMPTS = ("a bulldog wearing a black pirate hat", "a red sports car", "a blue butterfly", "a wizard with white hair",
           "a gray elephant", "a stack of pancakes", "a green dragon", "a boy wearing a red scarf")  # fmt: skip
TIMESTEPS = (150, 400, 600, 800, 950)
PART_BYTES = 15_000_000
HELD_OUT = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--wheels", type=Path, help="a folder of wheels to install first, without a network")
    parser.add_argument("--seconds", type=float, nargs=3, default=[60, 60, 330], help="for autoencoder, CLIP and UNet")
    parser.add_argument("--work", type=Path, default=Path("/tmp/mini"), help="run folders; the same command goes on there")
    parser.add_argument("--tiny", action="store_true", help="the tiny architecture, a few objects: only to try the script")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.wheels:
        wheels = sorted(map(str, arguments.wheels.glob("*.whl")))
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", *wheels], check=True)
    sys.path.insert(0, str(ROOT))
    report = Report(arguments.out / "report.jsonl")
    size = ["train.architecture=tiny", "data.size_px=32", "engine.log_every=1", "engine.threads=1"] if arguments.tiny else []
    batch = {"vae": 8, "clip": 8, "unet": 8} if arguments.tiny else {"vae": 128, "clip": 512, "unet": 256}
    of = {  # large batches, and so large learning rates; averages that forget within a fifth of the training
        "vae": ["train.vae.crop_px=64", "train.optimizer.learning_rate=2e-3"],
        "clip": ["train.optimizer.learning_rate=5e-4"],
        "unet": ["train.optimizer.learning_rate=1e-3", "train.stream.repeats=12", "train.stream.keep=24",
                 f"engine.compile={'false' if arguments.tiny else 'true'}", "train.unet.encode_batch_size=64"],
    }  # fmt: skip
    common = ["train.optimizer.warmup_steps=50", "train.optimizer.final_learning_rate_fraction=0.03",
              "train.optimizer.ema_decay=0.997", "engine.preview_every=0", *size]  # fmt: skip
    folders = {name: arguments.work / name for name in of}
    made = {name: ["--init", folders["vae"] / "model"] for name in ("clip",)} | {"unet": ["--init", folders["clip"] / "model"]}
    for name, seconds in zip(of, arguments.seconds):
        sets = [f"train.batch_size={batch[name]}", *common, *of[name]]
        command = ["train", "--data", "toybox", "--component", name, "--out", folders[name], *made.get(name, [])]
        within(seconds, [*command, "--preset", "cpu"], sets, folders[name], report.add)
    evaluate(folders["unet"] / "model", arguments.out, report.add, 4 if arguments.tiny else HELD_OUT)
    pack(folders["unet"] / "model", arguments.out)
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


def within(seconds: float, command: list, sets: list[str], folder: Path, tell) -> None:
    """Take as many steps of a training as fit into `seconds`: a third of the time to measure the rest.

    Raises:
        RuntimeError: the training failed.
    """
    started = time.monotonic()
    stats = folder / "stats.jsonl"
    first = mvdream(command, sets, 1_000_000)
    while time.monotonic() - started < seconds / 3 or len(lines(stats)) < 3:  # the first lines hold the start and compiling
        if first.poll() is not None:
            raise RuntimeError(f"{folder.name}: the training ended with code {first.returncode}")
        time.sleep(0.2)
    first.send_signal(signal.SIGTERM)
    first.wait()
    rows = lines(stats)
    middle, last = rows[len(rows) // 2 - 1], rows[-1]
    rate = (last["step"] - middle["step"]) / max(last["seconds"] - middle["seconds"], 1e-3)
    starting = rows[0]["seconds"]  # once more: imports, the first batches, what is compiled
    left = max(seconds - (time.monotonic() - started) - 0.7 * starting, 0)
    steps = last["step"] + max(int(0.95 * rate * left), 3)
    if mvdream(command, sets, steps).wait():
        raise RuntimeError(f"{folder.name}: the training did not finish")
    row = lines(stats)[-1]
    seen = {key: row[key] for key in ("loss", "memory_gb") if key in row}
    tell(part=folder.name, steps=steps, steps_per_second=round(rate, 3), seconds=round(time.monotonic() - started, 1), **seen)


def mvdream(command: list, sets: list[str], steps: int) -> subprocess.Popen:
    line = [sys.executable, "-m", "mvdream_cli", *map(str, command), "--steps", str(steps)]
    line += [word for value in sets for word in ("--set", value)]
    return subprocess.Popen(line, env=os.environ | {"PYTHONPATH": str(ROOT)}, cwd=ROOT)


def lines(path: Path) -> list[dict]:
    try:
        return [json.loads(line) for line in path.read_text().splitlines()]
    except (OSError, ValueError):  # not there yet, or half a line
        return []


def evaluate(model: Path, out: Path, tell, count: int) -> None:
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
        noise, errors = torch.randn(latents.shape).to(device), {}
        for timestep in TIMESTEPS:
            t = torch.full((len(latents),), timestep, device=device)
            noisy = add_noise(pipeline.scheduler, latents, noise, t)
            x0 = predicted_x0(pipeline.scheduler, noisy, pipeline.predict(noisy, t, text, camera, 4), t)
            errors[timestep] = round(float((x0 - latents).square().mean()), 4)
    tell(held_out=count, x0_error=errors)


def pack(model: Path, out: Path) -> None:
    """The model folder as parts of a tar file."""
    whole = out.parent / "model.tar"
    with tarfile.open(whole, "w") as tar:
        tar.add(model, "model")
    content = whole.read_bytes()
    for k in range(0, len(content), PART_BYTES):
        (out / f"model.tar.{k // PART_BYTES:02d}").write_bytes(content[k : k + PART_BYTES])
    whole.unlink()


if __name__ == "__main__":
    main()
