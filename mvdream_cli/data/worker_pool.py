"""Worker processes that end with the one that started them, however that ends."""

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import Connection

from mvdream_cli.parents import be_killed_with


def worker_context():
    """How workers begin: as copies of this process where there is fork. Make them before this process uses Embree for anything
    large: its threads are not in the copy, which waits for them for ever."""
    methods = multiprocessing.get_all_start_methods()
    return multiprocessing.get_context("fork" if "fork" in methods else "spawn")


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
        self.copied = context.get_start_method() == "fork"  # workers begin with a copy of both ends

    def ends(self) -> tuple[int, Connection, Connection | None]:
        """The arguments of `begin_worker`."""
        return os.getpid(), self.reader, self.writer if self.copied else None


def begin_worker(parent: int, reader: Connection, writer: Connection | None) -> None:
    """In the worker: end with process `parent`, leave Ctrl-C to it, and compute with one thread."""
    import torch

    if writer is not None:
        writer.close()
    threading.Thread(target=_end_with, args=(reader,), daemon=True).start()
    be_killed_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's affair
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    torch.set_num_threads(1)


def _end_with(reader: Connection) -> None:
    try:
        reader.recv_bytes()
    except (EOFError, OSError):
        os._exit(1)
