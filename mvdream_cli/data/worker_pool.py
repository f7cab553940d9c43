"""Worker processes that end with the one that started them, however that ends."""

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import Connection

from mvdream_cli.parents import be_killed_with
from mvdream_cli.raycast.surface import used_embree


def worker_context():
    """How workers begin: as copies of this process, which takes no time. Where that is not safe, as copies of one that has done
    nothing but imports, or from nothing."""
    methods = multiprocessing.get_all_start_methods()
    if "fork" in methods and not used_embree():
        return multiprocessing.get_context("fork")
    context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    context.set_forkserver_preload(["torch", "mvdream_cli.data.render_pool", "mvdream_cli.data.stream"])
    return context


def worker_pool(processes: int) -> ProcessPoolExecutor:
    """Processes that compute with one thread each, leave Ctrl-C to this one, and end with it."""
    lifeline = Lifeline(worker_context())
    pool = ProcessPoolExecutor(processes, mp_context=lifeline.context, initializer=begin_worker, initargs=lifeline.ends())
    pool.lifeline = lifeline  # as long as the pool: its workers end when it is closed
    return pool


class Lifeline:
    """A pipe of which this process alone holds one end: when it ends, by whatever signal, the others read that."""

    def __init__(self, context):
        self.context = context
        self.reader, self.writer = context.Pipe(duplex=False)
        self.method = context.get_start_method()

    def ends(self) -> tuple[int | None, Connection, Connection | None]:
        """The arguments of `begin_worker`."""
        parent = None if self.method == "forkserver" else os.getpid()
        return parent, self.reader, self.writer if self.method == "fork" else None


def begin_worker(parent: int | None, reader: Connection, writer: Connection | None) -> None:
    """In the worker: end with the process that wanted it, leave Ctrl-C to it, and compute with one thread.

    Args:
        parent: None where a server has started the worker: the system tells of the end of that one only.
        reader: the end of a `Lifeline`. writer: the other end, where the worker began with a copy of both.
    """
    import torch

    if writer is not None:
        writer.close()
    threading.Thread(target=_end_with, args=(reader,), daemon=True).start()
    if parent is not None:
        be_killed_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's affair
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    torch.set_num_threads(1)


def _end_with(reader: Connection) -> None:
    try:
        reader.recv_bytes()
    except (EOFError, OSError):
        os._exit(1)
