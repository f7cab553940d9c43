"""Train a small model on the whole toybox on a GPU that is there for a quarter of an hour, in two calls of ten minutes at most.

    setsid python benchmarks/gpu/mini.py train [--parts FOLDER] [--minutes 1 1 11] > /tmp/mini.log 2>&1 &
    python benchmarks/gpu/mini.py collect --out $OUT --wait 560
    python benchmarks/gpu/mini.py collect --out $OUT --wait 200          # the second call

`train` is `mvdream train --data toybox` for autoencoder, CLIP and UNet, each with a time budget; with --parts, a model folder,
the first two are taken from there. `collect` waits until it has ended, or as long as it may, and leaves in
--out: the UNet's folder as it is by then (averaged weights) in unet.tar.00, .01, ... of at most 15 MB (`cat unet.tar.*|tar x`),
report.jsonl, stats.jsonl and, while there is time, previews.png (eight prompts) and the errors of held-out objects.
`--tiny` rehearses it on a CPU.
"""

import argparse
import json
import os
import shutil
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
BEGUN_SECONDS = 75  # in which a training has written statistics, or does not work


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("train", "collect"))
    parser.add_argument("--work", type=Path, default=Path("/tmp/mini"), help="run folders")
    parser.add_argument("--parts", type=Path, help="train: a model folder whose autoencoder and CLIP are trained already")
    parser.add_argument("--minutes", type=float, nargs=3, default=[1, 1, 11], help="train: for autoencoder, CLIP and UNet")
    parser.add_argument("--out", type=Path, help="collect: where the results go")
    parser.add_argument("--wait", type=float, default=0, help="collect: seconds to wait for the end of the training")
    parser.add_argument("--tiny", action="store_true", help="the tiny architecture, a few objects: only to try the script")
    arguments = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    arguments.work.mkdir(parents=True, exist_ok=True)
    if arguments.what == "train":
        try:
            train(arguments.work, arguments.parts, arguments.minutes, arguments.tiny)
        finally:  # nobody needs to wait any longer
            (arguments.work / "ended").touch()
    else:
        collect(arguments.work, arguments.out, arguments.wait, 4 if arguments.tiny else HELD_OUT)


def train(work: Path, parts: Path | None, minutes: list[float], tiny: bool) -> None:
    """The three trainings; leaves work/start (what the UNet starts from) and work/unet."""
    size = ["train.architecture=tiny", "data.size_px=32", "engine.log_every=1", "engine.threads=1"] if tiny else []
    workers = max(1, (os.cpu_count() or 2) - 2)  # two cores are left to the training
    common = ["train.optimizer.warmup_steps=100", "train.optimizer.final_learning_rate_fraction=0.02",
              "engine.preview_every=0", f"data.workers={workers}", *size]  # fmt: skip
    start = work / "start"
    if parts and not start.exists():
        with_fresh_unet(parts, start, "tiny" if tiny else "mini")
    elif not parts:
        vae = ["train.vae.crop_px=64", "train.optimizer.learning_rate=2e-3", f"train.batch_size={8 if tiny else 128}"]
        clip = ["train.optimizer.learning_rate=5e-4", f"train.batch_size={8 if tiny else 512}"]
        of = ["train.optimizer.ema_decay=0.997", *common]
        mvdream(["--component", "vae"], [*vae, *of], minutes[0], work / "vae")
        mvdream(["--component", "clip", "--init", work / "vae/model"], [*clip, *of], minutes[1], work / "clip")
        start.symlink_to(work / "clip/model")
    unet = ["--component", "unet", "--init", start]
    sets = ["train.optimizer.learning_rate=1e-3", "train.optimizer.ema_decay=0.999", "train.unet.single_image_probability=0.1",
            "train.unet.encode_batch_size=64", "train.stream.rig_probability=0.8", "train.stream.repeats=16",
            f"train.stream.keep={8 if tiny else 60}", f"train.batch_size={8 if tiny else 128}",
            f"engine.checkpoint_minutes={0.2 if tiny else 1.5}", *common]  # fmt: skip
    started = time.monotonic()
    if mvdream(unet, [*sets, "engine.cuda_graphs=true"], minutes[2], work / "unet"):
        spent = (time.monotonic() - started) / 60
        shutil.rmtree(work / "unet", ignore_errors=True)
        mvdream(unet, sets, minutes[2] - spent, work / "unet")


def mvdream(command: list, sets: list[str], minutes: float, folder: Path) -> int:
    """The exit code of a training; it is ended where it does not begin."""
    line = [sys.executable, "-m", "mvdream_cli", "train", "--data", "toybox", "--preset", "cpu", *map(str, command)]
    line += ["--out", str(folder), "--steps", "20000", "--minutes", str(minutes)]
    line += [word for value in sets for word in ("--set", value)]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    process, started = subprocess.Popen(line, env=os.environ | {"PYTHONPATH": path}, cwd=ROOT), time.monotonic()
    while process.poll() is None:
        time.sleep(0.5)
        if time.monotonic() > started + BEGUN_SECONDS and not (folder / "stats.jsonl").exists():
            process.kill()
    return process.returncode


def with_fresh_unet(parts: Path, folder: Path, size: str) -> None:
    """A model folder of trained parts and a UNet with fresh weights, shown the pictures of their prior where they have one."""
    import torch

    from mvdream_cli.models.architectures import add_prior, build_pipeline
    from mvdream_cli.models.load import save_pipeline

    torch.manual_seed(0)
    whole, pipeline = folder.with_name("whole"), build_pipeline(size, ["a word"])
    if (parts / "prior").is_dir():
        add_prior(size, pipeline)
    save_pipeline(pipeline, whole)
    for part in parts.iterdir():  # takes the place of the fresh one
        if part.name == "unet":  # that of `size`, fresh, is to be trained
            continue
        if part.is_dir():
            shutil.rmtree(whole / part.name, ignore_errors=True)
            shutil.copytree(part, whole / part.name)
        else:
            shutil.copy(part, whole / part.name)
    whole.rename(folder)


def collect(work: Path, out: Path, wait: float, count: int) -> None:
    """What the module says; the weights first."""
    out.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    while time.monotonic() < started + wait and not (work / "ended").exists():
        time.sleep(1)
    if not (work / "unet/checkpoints").exists():
        tell(out, {"nothing to collect, logs": {log.parent.name: log.read_text()[-2000:] for log in work.glob("*/log.txt")}})
        return
    shutil.copy(work / "unet/stats.jsonl", out)
    report = {
        "ended": (work / "ended").exists(),
        "gpu": nvidia_smi(),
        "last": (out / "stats.jsonl").read_text().splitlines()[-1],
    }
    model = work / "unet/model"
    if not model.exists():
        model = so_far(work)
        report["checkpoint"] = sorted((work / "unet/checkpoints").iterdir())[-1].name
    pack(model / "unet", out)
    tell(out, report)
    tell(out, evaluate(model, out, count))


def tell(out: Path, facts: dict) -> None:
    print(json.dumps(facts), flush=True)
    with (out / "report.jsonl").open("a") as file:
        file.write(json.dumps(facts) + "\n")


def nvidia_smi() -> str:
    """Name, use and memory of the card; empty where there is none."""
    if not shutil.which("nvidia-smi"):
        return ""
    line = ["nvidia-smi", "--query-gpu=name,driver_version,utilization.gpu,memory.used", "--format=csv,noheader"]
    return subprocess.run(line, capture_output=True, text=True).stdout.strip()


def so_far(work: Path) -> Path:
    """A model folder with the averaged weights of the newest checkpoint of a UNet that is being trained."""
    from safetensors.torch import load_file, save_file

    model = work / "so-far"
    shutil.rmtree(model, ignore_errors=True)
    shutil.copytree(work / "start", model)
    weights = load_file(sorted((work / "unet/checkpoints").iterdir())[-1] / "weights.safetensors")
    averaged = {name.removeprefix("unet_ema."): w.half() for name, w in weights.items() if name.startswith("unet_ema.")}
    save_file(averaged, model / "unet/diffusion_pytorch_model.safetensors")
    return model


def evaluate(model: Path, out: Path, count: int) -> dict:
    """previews.png, and the mean squared errors of the denoised latents of held-out objects by timestep, which it returns."""
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
    return {"held_out": count, "x0_error": errors}


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
