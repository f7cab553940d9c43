"""`mvdream doctor`: what this machine has, the preset that fits it, and for each problem the command that fixes it."""

import os
import platform
import shutil
from pathlib import Path

import torch

from mvdream_cli import __version__
from mvdream_cli.engine.device import physical_cores, pick_device
from mvdream_cli.engine.machine import existing, ffmpeg, gpu_facts, memory_gb, version_of
from mvdream_cli.models.hub import GB, locate, model_folders
from mvdream_cli.models.published import PUBLISHED
from mvdream_cli.settings.machine import auto_preset, visible_gpus

LIBRARIES = ("torch", "diffusers", "transformers", "nerfacc", "trimesh", "embreex")
ACCELERATORS = {
    "tinycudann": "hash grid on NVIDIA GPUs",
    "triton": "compiled kernels",
    "open_clip": "a tokenizer for .pt files",
}
SMALLEST_DISK_GB = 10


def run() -> dict:
    """{"facts": {name: text}, "preset": name, "why": text, "problems": [{"problem", "fix"}]}."""
    preset, why = auto_preset()
    _, _, device = pick_device()
    facts = {
        "mvdream": __version__,
        "python": f"{platform.python_version()} on {platform.platform(terse=True)}",
        "libraries": ", ".join(f"{name} {version_of(name)}" for name in LIBRARIES),
        "CUDA": torch.version.cuda or "this torch is built without",
        "GPUs": ", ".join(gpu_facts(i) for i in range(torch.cuda.device_count())) or "none that torch can use",
        "processor": f"{physical_cores()} cores, {memory_gb():.0f} GB memory",
        "computes on": device,
        "accelerators": ", ".join(f"{name} {version_of(name) or 'not here'} ({use})" for name, use in ACCELERATORS.items()),
        "C++ compiler": next(
            filter(None, map(shutil.which, ("c++", "g++", "clang++"))), "none (only engine.compile needs one)"
        ),
        "ffmpeg": ffmpeg() or "none",
        "models": ", ".join(name for name in ("mini", *PUBLISHED) if name == "mini" or locate(name)),
        "model folders": ", ".join(map(str, model_folders())),
    }
    places = {"here": Path.cwd(), "models": model_folders()[0]}
    free = {name: shutil.disk_usage(existing(place)).free / GB for name, place in places.items()}
    facts["free disk"] = ", ".join(f"{size:.0f} GB ({name})" for name, size in free.items())
    return {"facts": facts, "preset": preset, "why": why, "problems": list(_problems(facts, free, preset))}


def _problems(facts: dict, free: dict[str, float], preset: str):
    wanted = "pip install --force-reinstall 'torch>=2.6,<2.14'"
    if shutil.which("nvidia-smi") and torch.version.cuda is None:
        yield {"problem": "there is an NVIDIA driver, but this torch is built for processors only", "fix": wanted}
    elif visible_gpus() and not torch.cuda.is_available():
        yield {"problem": f"torch for CUDA {torch.version.cuda} cannot use the GPU: the driver is older", "fix": wanted}
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        yield {"problem": "CUDA_VISIBLE_DEVICES hides all GPUs", "fix": "unset CUDA_VISIBLE_DEVICES"}
    if preset != "cpu" and not locate("sd-v2.1-base-4view"):
        yield {"problem": f"the preset {preset} uses a model that is not here", "fix": "mvdream models get sd-v2.1-base-4view"}
    if facts["ffmpeg"] == "none":
        yield {"problem": "no ffmpeg, so no turntable.mp4", "fix": "pip install imageio-ffmpeg"}
    for name, size in free.items():
        if size < SMALLEST_DISK_GB:
            where, fix = {
                "here": ("runs are written", "cd /another/disk"),
                "models": ("models lie", "export MVDREAM_MODELS=/another/disk/models"),
            }[name]
            yield {"problem": f"{size:.1f} GB free where {where}", "fix": fix}
