"""Which device and number type to compute with, and why; the random state of a step."""

import contextlib
import ctypes
import os
import random

import numpy as np
import torch

from mvdream_cli.errors import ConfigError

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3  # of malloc.h
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def pick_device(preference: str = "auto", dtype: str = "auto", training: bool = False) -> tuple[torch.device, torch.dtype, str]:
    """The device and the number type to compute with, and the reason in one line.

    On a GPU sampling and distillation get float16: guidance multiplies the rounding error of a prediction, and bfloat16's is
    eight times as large (docs/benchmarks.md has the figures). Training gets bfloat16, whose range needs no loss scaling, where
    the hardware multiplies it natively: elsewhere it is emulated, up to 100 times slower.

    Args:
        preference: auto, cpu, cuda, cuda:1 or mps.
        dtype: auto, or one of DTYPES.
        training: whether the networks' weights are trained.

    Raises:
        ConfigError: this machine or this build of torch does not have the device.
    """
    kind, _, index = preference.partition(":")
    if kind not in ("auto", "cpu", "cuda", "mps") or (index and not index.isdigit()):
        raise ConfigError(f"engine.device: {preference!r} is not a device; use auto, cpu, cuda, cuda:N or mps")
    if dtype not in ("auto", *DTYPES):
        raise ConfigError(f"engine.dtype: {dtype!r} is not a number type; use auto, {', '.join(DTYPES)}")
    has_cuda, has_mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if kind == "cuda" and not has_cuda:
        why = "this torch is built without CUDA" if torch.version.cuda is None else "no GPU is visible"
        raise ConfigError(f"engine.device: {preference} cannot be used because {why}; use engine.device=auto or cpu")
    if kind == "cuda" and index and int(index) >= torch.cuda.device_count():
        raise ConfigError(f"engine.device: {preference} does not exist; there are {torch.cuda.device_count()} GPUs")
    if kind == "mps" and not has_mps:
        raise ConfigError("engine.device: mps cannot be used on this machine; use engine.device=auto or cpu")

    if kind == "cuda" or (kind == "auto" and has_cuda):
        device = torch.device("cuda", int(index) if index else torch.cuda.current_device())
        best, reason = _cuda_dtype(device, training)
    elif kind == "mps" or (kind == "auto" and has_mps):
        device, best, reason = torch.device("mps"), torch.float16, "Apple GPU"
    else:
        device = torch.device("cpu")
        best, reason = _cpu_dtype()
        if kind == "auto":
            reason = f"no GPU, {reason}"
    chosen = best if dtype == "auto" else DTYPES[dtype]
    name = str(chosen).removeprefix("torch.")
    return device, chosen, f"{device}, {name} ({reason if dtype == 'auto' else f'{reason}; {name} was asked for'})"


def _cuda_dtype(device: torch.device, training: bool) -> tuple[torch.dtype, str]:
    major, minor = torch.cuda.get_device_capability(device)
    card = f"{torch.cuda.get_device_name(device)}, compute capability {major}.{minor}"
    if not training:
        return torch.float16, f"{card}; guidance needs float16's digits"
    # Not torch.cuda.is_bf16_supported(): it also says yes where bfloat16 is emulated.
    if torch.version.hip is not None:
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        native = major >= 8
    if native:
        return torch.bfloat16, f"{card}; native bfloat16, for training"
    return torch.float16, f"{card}; no native bfloat16"


def _cpu_dtype() -> tuple[torch.dtype, str]:
    fast = cpu_bfloat16()
    if fast:
        return torch.bfloat16, f"the processor has {fast}"
    return torch.float32, "the processor has no fast bfloat16"


def cpu_bfloat16() -> str:
    """The instructions that make bfloat16 fast on this processor, "AMX" or "AVX512-BF16"; "" where it is emulated."""
    for probe, name in (("_is_amx_tile_supported", "AMX"), ("_is_avx512_bf16_supported", "AVX512-BF16")):
        try:
            if getattr(torch.cpu, probe)():
                return name
        except (AttributeError, RuntimeError):  # another version of torch, or not an x86 processor
            continue
    return flags_bfloat16(_cpu_flags())


def _cpu_flags() -> set[str]:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("flags"):
                    return set(line.split(":", 1)[1].split())
    except OSError:
        pass
    return set()


def flags_bfloat16(flags: set[str]) -> str:
    """As `cpu_bfloat16`, from the processor's flags as Linux names them."""
    # torch must be allowed to use them too: a build or ATEN_CPU_CAPABILITY may hold it back to AVX2.
    if torch.backends.cpu.get_cpu_capability() != "AVX512":
        return ""
    if {"amx_tile", "amx_bf16"} <= flags:
        return "AMX"
    return "AVX512-BF16" if "avx512_bf16" in flags else ""


def physical_cores() -> int:
    """Physical cores that this process may use: hyper-threads only get in each other's way in matrix products."""
    try:
        allowed = os.sched_getaffinity(0)
    except AttributeError:
        allowed = set(range(os.cpu_count() or 1))
    cores = set()
    for cpu in allowed:
        try:
            folder = f"/sys/devices/system/cpu/cpu{cpu}/topology"
            with open(f"{folder}/physical_package_id") as package, open(f"{folder}/core_id") as core:
                cores.add((package.read().strip(), core.read().strip()))
        except OSError:
            cores.add(cpu)
    return max(1, min(len(cores) or 1, _cgroup_cpus()))


def _cgroup_cpus() -> int:
    """A container's CPU quota, rounded up; a large number where there is none."""
    try:
        with open("/sys/fs/cgroup/cpu.max") as file:
            quota, period = file.read().split()
        return 1 << 20 if quota == "max" else max(1, -(-int(quota) // int(period)))
    except (OSError, ValueError):
        return 1 << 20


def set_threads(threads: int = 0) -> int:
    """Threads for CPU operations: `threads`, or with 0 what OMP_NUM_THREADS says, else the physical cores.

    Also makes the allocator ready for them, see `_keep_freed_blocks`.
    """
    if not threads:
        asked = os.environ.get("OMP_NUM_THREADS", "")
        threads = int(asked) if asked.isdigit() and int(asked) else physical_cores()
    torch.set_num_threads(threads)
    _keep_freed_blocks()
    return threads


def _keep_freed_blocks() -> None:
    """Tell glibc, where that is the allocator, to keep large blocks that are freed.

    Handed back to the system and asked for again at each operation, their pages have to be cleared each time, which costs a
    quarter of a fitting step.
    """
    with contextlib.suppress(OSError, AttributeError):
        set_option = ctypes.CDLL("libc.so.6").mallopt
        for option, size in ((M_MMAP_THRESHOLD, 2**30), (M_TRIM_THRESHOLD, 2**31 - 1), (M_TOP_PAD, 2**27)):
            set_option(option, size)


def seed_step(seed: int, step: int, micro: int = 0, attempt: int = 0, rank: int = 0) -> None:
    """Set the random state of `random`, numpy and torch (every device) from integers alone.

    Everything random in step `step` is a function of these five numbers, so a resumed run equals an uninterrupted one. `rank`
    is the number of the process among those that train together; a process that is alone is number 0.
    """
    numbers = [number % 2**64 for number in (seed, step, micro, attempt)]  # negative steps are for what comes before step 0
    sequence = np.random.SeedSequence(numbers, spawn_key=(rank,) if rank else ())
    words = sequence.generate_state(12, np.uint32)
    random.seed(int.from_bytes(words[:4].tobytes(), "little"))
    np.random.seed(words[4:8])  # noqa: NPY002 (the global state, for libraries that draw from it)
    torch.manual_seed(int.from_bytes(words[8:10].tobytes(), "little") >> 1)


def peak_memory_gb(device: torch.device | None = None) -> float:
    """Peak memory of this process in GB (1e9): on the GPU if `device` is one, else resident; 0 where unknown."""
    if device is not None and device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e9
    try:
        import resource
        import sys

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 1e9 if sys.platform == "darwin" else peak * 1024 / 1e9
    except ImportError:  # Windows
        return 0.0
