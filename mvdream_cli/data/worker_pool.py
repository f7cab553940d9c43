"""Worker processes that end with the one that started them, however that ends."""

import ctypes
import multiprocessing
import os
import signal
import sys
from concurrent.futures import ProcessPoolExecutor

_PR_SET_PDEATHSIG = 1  # of Linux's prctl: the signal that a process gets when its parent ends


def worker_pool(processes: int) -> ProcessPoolExecutor:
    """Processes that compute with one thread each, leave Ctrl-C to this one, and end with it."""
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if "fork" in methods else "spawn")
    return ProcessPoolExecutor(processes, mp_context=context, initializer=_start_worker, initargs=(os.getpid(),))


def _start_worker(parent: int) -> None:
    import torch

    _end_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's affair
    torch.set_num_threads(1)


def _end_with(parent: int) -> None:
    """End this process when its parent ends, even by a signal that it cannot answer. On Linux only."""
    if sys.platform != "linux":
        return
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    except (OSError, AttributeError):  # a C library without prctl: the worker then waits for ever, as elsewhere
        return
    if os.getppid() != parent:  # it has ended before the line above
        os._exit(1)
