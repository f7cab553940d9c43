"""Facts about this machine: GPUs, memory, installed packages, ffmpeg."""

import importlib.util
import os
from importlib import metadata
from pathlib import Path

import torch

GB = 1e9


def gpu_facts(index: int) -> str:
    """Name, memory and compute capability of GPU number `index`."""
    properties = torch.cuda.get_device_properties(index)
    return (
        f"{properties.name} ({properties.total_memory / GB:.0f} GB, compute capability {properties.major}.{properties.minor})"
    )


def version_of(package: str) -> str:
    """The version of an installed package, "here" if it does not say, "" if it is not installed."""
    if importlib.util.find_spec(package) is None:
        return ""
    try:
        return metadata.version({"open_clip": "open_clip_torch"}.get(package, package))
    except metadata.PackageNotFoundError:
        return "here"


def memory_gb() -> float:
    """Memory of the machine in GB (1e9); NaN where unknown."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GB
    except (AttributeError, ValueError, OSError):  # Windows
        return float("nan")


def ffmpeg() -> str | None:
    """The path of the ffmpeg that videos are written with, or None."""
    import imageio_ffmpeg

    try:
        return imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError:
        return None


def existing(path: Path) -> Path:
    """The nearest folder at or above `path` that exists."""
    return next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())
