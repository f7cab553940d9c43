"""Rendering in worker processes with limits of time and memory: an answer to each asset, whatever it does to its reader."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import wait

from mvdream_cli.data.render_object import RenderSettings, object_identity, render_object
from mvdream_cli.data.sources import AssetSource
from mvdream_cli.data.worker_pool import Lifeline, begin_worker, worker_context
from mvdream_cli.errors import MVDreamError

GB = 1e9


@dataclass(frozen=True)
class Limits:
    """Of one asset. seconds: that its reading and rendering may take. memory_gb: beyond what its worker began with; 0: any.

    Memory is limited on Linux only.
    """

    seconds: float = 120.0
    memory_gb: float = 8.0


@dataclass(frozen=True)
class Job:
    """One object to render: number `member` of chunk `chunk`. have: the identity of the object that is there, whole."""

    chunk: int
    member: int
    source: AssetSource
    have: str = ""


@dataclass(frozen=True)
class Answer:
    """The files of one object; or `kept`, if what is there is what would be rendered; or the reason why there are none.

    lost: the reason lies in the machine or in the limits, and may be none the next time.
    """

    identity: str = ""
    files: dict[str, bytes] | None = None
    kept: bool = False
    reason: str = ""
    lost: bool = False


def rendered(
    jobs: Iterable[Job], settings: RenderSettings, processes: int, limits: Limits, first: int
) -> Iterator[tuple[Job, Answer]]:
    """Each job with its answer, in the order in which they are ready. Jobs are asked for when there is a worker for them.

    Args:
        processes: beside this one; with 0 they are rendered here, and nothing is limited.
        first: nothing after this many is begun before the caller has seen their answers.
    """
    if processes:
        return _in_workers(jobs, settings, processes, limits, first)
    return ((job, _try(job, settings, limits)) for job in jobs)


def _try(job: Job, settings: RenderSettings, limits: Limits) -> Answer:
    identity, name = "", job.source.id
    try:
        identity = object_identity(job.source, settings)
        if identity == job.have:
            return Answer(identity, kept=True)
        return Answer(identity, render_object(job.source, identity, settings))
    except MVDreamError as error:
        return _skipped(identity, str(error))
    except MemoryError:
        reason = f"{name}: needs more memory than there is, or than {limits.memory_gb:g} GB (data.limits.memory_gb)"
        return _skipped(identity, reason, lost=True)
    except Exception as error:  # an asset must not stop the others, whatever its reader does
        return _skipped(identity, f"{name}: {type(error).__name__}: {error}")


def _skipped(identity: str, reason: str, lost: bool = False) -> Answer:
    """A reason as text: it may quote the name of a file, which may be none."""
    return Answer(identity, reason=reason.encode("utf-8", "backslashreplace").decode(), lost=lost)


def _in_workers(
    jobs: Iterable[Job], settings: RenderSettings, processes: int, limits: Limits, first: int
) -> Iterator[tuple[Job, Answer]]:
    jobs, begun, answered = iter(jobs), 0, 0
    context = worker_context()
    lifeline = Lifeline(context)
    workers: list[_Worker] = []
    try:
        while True:
            while jobs is not None and sum(worker.job is not None for worker in workers) < processes:
                if begun >= first > answered:
                    break
                if (job := next(jobs, None)) is None:
                    jobs = None
                    break
                worker = next((worker for worker in workers if worker.job is None), None)
                if worker is None:
                    worker = _Worker(context, lifeline, settings, limits)
                    workers.append(worker)
                worker.begin(job)
                begun += 1
            busy = [worker for worker in workers if worker.job is not None]
            if not busy:
                return
            soonest = min(worker.deadline for worker in busy)
            wait([worker.connection for worker in busy], timeout=max(soonest - time.monotonic(), 0.0))
            for worker in busy:
                if (answer := worker.answer(limits)) is None:
                    continue
                job, worker.job = worker.job, None
                if not worker.usable:
                    worker.end()
                    workers.remove(worker)
                answered += 1
                yield job, answer
    finally:
        for worker in workers:
            worker.end()


class _Worker:
    """A process that renders one job after the other."""

    def __init__(self, context, lifeline: Lifeline, settings: RenderSettings, limits: Limits):
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, lifeline.ends(), settings, limits), daemon=True)
        self.process.start()
        theirs.close()  # so that this end reads the end of the process
        self.job: Job | None = None
        self.usable, self.deadline, self.seconds = True, 0.0, limits.seconds

    def begin(self, job: Job) -> None:
        self.job, self.deadline = job, time.monotonic() + self.seconds
        with contextlib.suppress(OSError):  # it has ended; `answer` tells
            self.connection.send(job)

    def answer(self, limits: Limits) -> Answer | None:
        """The answer to the job, if there is one by now."""
        name = self.job.source.id
        try:
            if self.connection.poll():
                return self.connection.recv()
        except (EOFError, OSError):  # mostly the system's answer to full memory
            self.usable = False
            return Answer(reason=f"{name}: {self._how_it_ended()}; it is tried again by the next call", lost=True)
        if time.monotonic() < self.deadline:
            return None
        self.usable = False
        reason = f"took longer than {limits.seconds:g} s (data.limits.seconds); it is tried again by the next call"
        return Answer(reason=f"{name}: {reason}", lost=True)

    def _how_it_ended(self) -> str:
        self.process.join(5)
        if self.process.exitcode == -signal.SIGKILL:  # the kernel's way when memory is full
            return "its process was killed, mostly because the memory is full: lower data.workers or data.limits.memory_gb"
        return "ended the process that read it, too large (data.limits.memory_gb) or broken"

    def end(self) -> None:
        self.connection.close()
        self.process.kill()  # it may hang
        self.process.join()
        self.process.close()


def _work(connection, lifeline: tuple, settings: RenderSettings, limits: Limits) -> None:
    begin_worker(*lifeline)
    if limits.memory_gb:
        _limit_memory(int(limits.memory_gb * GB))
    with contextlib.suppress(EOFError, OSError, KeyboardInterrupt):
        while True:
            connection.send(_try(connection.recv(), settings, limits))
    os._exit(0)


def _limit_memory(beyond: int) -> None:
    """Let this process have so many bytes more than now; what asks for more gets a MemoryError. On Linux only."""
    if sys.platform != "linux":
        return
    import resource

    with contextlib.suppress(OSError, ValueError, StopIteration):
        with open("/proc/self/status", encoding="ascii") as status:
            now = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmData"))
        resource.setrlimit(resource.RLIMIT_DATA, (now + beyond, resource.getrlimit(resource.RLIMIT_DATA)[1]))
