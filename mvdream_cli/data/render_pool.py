"""Rendering in worker processes: answers in order, whatever an asset does to the process that reads it."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from mvdream_cli.data.render_object import RenderSettings, render_object
from mvdream_cli.data.sources import AssetSource
from mvdream_cli.data.worker_pool import worker_pool
from mvdream_cli.errors import MVDreamError


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
        with worker_pool(processes) as pool:
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
        with worker_pool(1) as alone:
            try:
                answer = alone.submit(_try, source, identity, settings).result()
            except BrokenProcessPool:  # mostly the system's answer to full memory
                reason = "ended the process that read it; it is too large or broken, and is tried again by the next call"
                answer = Answer(None, f"{source.id}: {reason}", lost=True)
        position += 1
        yield answer
