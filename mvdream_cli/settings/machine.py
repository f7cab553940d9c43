"""Which preset fits this machine, found without torch."""

import os
import shutil
import subprocess
from importlib import metadata


def auto_preset() -> tuple[str, str]:
    """(preset, reason) for this machine, found without torch."""
    gpus = visible_gpus()
    if not gpus:
        return "cpu", "no NVIDIA GPU that this torch can use"
    name, memory_gb = max(gpus, key=lambda gpu: gpu[1])
    return preset_for_gpu(name, memory_gb), f"{name} with {memory_gb:.0f} GB"


def device_text() -> str:
    """What mvdream would compute on, for a person."""
    listed = ", ".join(f"{name} with {memory_gb:.0f} GB" for name, memory_gb in visible_gpus())
    return f"cuda ({listed})" if listed else "cpu (no NVIDIA GPU that this torch can use)"


def preset_for_gpu(name: str, memory_gb: float) -> str:
    """The preset made for the largest card that is not larger than this one."""
    if memory_gb >= 100:
        return "h200"
    if memory_gb >= 60:
        return "a100-80gb"
    if memory_gb >= 38:
        return "a100-40gb"
    if memory_gb >= 28:
        return "v100-32gb"
    if memory_gb >= 20:
        return "rtx-24gb"
    return "v100-16gb" if "V100" in name else "t4-16gb"


def visible_gpus() -> list[tuple[str, float]]:
    """(name, memory in GB) of each NVIDIA GPU that this torch could use; asked from nvidia-smi."""
    try:
        if "+cpu" in metadata.version("torch"):
            return []
    except metadata.PackageNotFoundError:
        return []
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and (not visible.strip() or visible.strip() == "-1"):
        return []
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    command = [tool, "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
        rows = [line.rsplit(",", 1) for line in answer.strip().splitlines()]
        return [(name.strip(), float(memory) * 2**20 / 1e9) for name, memory in rows]
    except (OSError, ValueError, subprocess.SubprocessError):
        return []
