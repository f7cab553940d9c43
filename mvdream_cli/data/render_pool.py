"""Rendering in worker processes: answers in order, whatever an asset does to the process that reads it."""

import ctypes
import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from mvdream_cli.data.render_object import RenderSettings, render_object
from mvdream_cli.data.sources import AssetSource
from mvdream_cli.errors import MVDreamError

_PR_SET_PDEATHSIG = 1  # of Linux's prctl: the signal that a process gets when its parent ends


@dataclass(frozen=True)
class Answer:
    """The files of one object, or the reason why there are none.

    lost: the reason lies in the machine (its memory was full), and says nothing about the asset.
    """

    files: dict[str, bytes] | None
    reason: str = ""
    lost: bool = False


def rendered(jobs: list[tuple[AssetSource, str]], settings: RenderSettings, processes: int, first: int) -> Iterator[Answer]:
    """The answer to each (source, identity), in order.

    Args:
        processes: beside this one; with 0, an asset that ends its process ends this one.
        first: nothing after this many is begun before the caller has seen their answers.
    """
    if processes:
        return _in_pool(jobs, settings, min(processes, len(jobs)), first)
    return (_try(*job, settings) for job in jobs)


def _try(source: AssetSource, identity: str, settings: RenderSettings) -> Answer:
    try:
        return Answer(render_object(source, identity, settings))
    except MVDreamError as error:
        return Answer(None, str(error))
    except MemoryError:
        return Answer(None, f"{source.id}: the memory is full; it is tried again by the next call", lost=True)
    except Exception as error:  # an asset must not stop the others, whatever its reader does
        return Answer(None, f"{source.id}: {type(error).__name__}: {error}")


def _in_pool(jobs: list[tuple[AssetSource, str]], settings: RenderSettings, processes: int, first: int) -> Iterator[Answer]:
    """Answers in order. An asset that ends its process is tried once more alone, then given up."""
    position = 0
    while position < len(jobs):
        with _pool(processes) as pool:
            waiting: deque = deque()
            following = position
            try:
                while position < len(jobs):
                    limit = first if position < first else position + 4 * processes
                    while following < min(limit, len(jobs)):
                        waiting.append(pool.submit(_try, *jobs[following], settings))
                        following += 1
                    answer = waiting.popleft().result()
                    position += 1
                    yield answer
                return
            except BrokenProcessPool:
                pass
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
        source, identity = jobs[position]
        with _pool(1) as alone:
            try:
                answer = alone.submit(_try, source, identity, settings).result()
            except BrokenProcessPool:  # mostly the system's answer to full memory
                reason = "ended the process that read it; it is too large or broken, and is tried again by the next call"
                answer = Answer(None, f"{source.id}: {reason}", lost=True)
        position += 1
        yield answer


def _pool(processes: int) -> ProcessPoolExecutor:
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
