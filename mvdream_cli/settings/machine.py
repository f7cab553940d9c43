"""Which preset fits this machine, and whether this process may take the memory it needs; found without torch."""

import os
import shutil
import subprocess
from importlib import metadata

from mvdream_cli.errors import MVDreamError

LEAST_GB = 1.5  # of address space, for torch, diffusers, transformers, scipy and trimesh


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


def check_memory_limit() -> None:
    """Say before anything heavy is imported that it will not fit: libraries abort, or wait for ever, in less.

    Raises:
        MVDreamError: the process may take less memory (ulimit -v, RLIMIT_AS) than the libraries alone.
    """
    try:
        import resource
    except ImportError:  # Windows
        return
    allowed = resource.getrlimit(resource.RLIMIT_AS)[0]
    if allowed != resource.RLIM_INFINITY and allowed < LEAST_GB * 1e9:
        raise MVDreamError(
            f"out of memory: this shell allows {allowed / 1e9:.2f} GB (ulimit -v), and torch with what it needs takes "
            f"{LEAST_GB:g} GB; raise it, such as ulimit -v {4 * 10**6}"
        )


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
