"""A fault at one write point of this process: it dies there, or the disk is full from there on, told so or really.

Write points are what changes files: open for writing, make, rename and remove a file or a folder, and fsync. Python tells of
all of them but fsync by its audit hook; what a library writes without Python shows by the fsync that follows.
"""

import errno
import itertools
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
NEEDS_ROOM = ("open", "mkdir", "rename", "fsync")  # where a full disk shows; what removes needs none


def install(root: str, at: int | None, how: str, told: str) -> None:
    """Count the write points below `root`, write a line for each to `told`, and act at number `at` (None: only count).

    Args:
        how: "kill" ends this process there, before it happens; "full" lets that one and all later ones fail with ENOSPC;
            a signal's name, such as "SIGINT", sends it; "fill" fills the disk there, with a file `filler` beside `root`,
            which should be a small one.
    """
    numbers, own_pid, full = itertools.count(), os.getpid(), False
    root = os.path.realpath(root) + os.sep
    notes = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def point(kind: str, path: str) -> None:
        nonlocal full
        path = os.path.abspath(path)
        idle = kind == "mkdir" if os.path.lexists(path) else kind in ("remove", "rmdir")  # it changes nothing
        if os.getpid() != own_pid or not path.startswith(root) or idle:
            return
        number = next(numbers)
        os.write(notes, f"{number}\t{kind}\t{path.removeprefix(root)}\t{caller()}\n".encode())
        if number == at and how == "kill":
            os.kill(own_pid, signal.SIGKILL)
        if number == at and how.startswith("SIG"):
            os.kill(own_pid, signal.Signals[how])
        if number == at and how == "fill":
            fill(Path(root).parent / "filler")
        full = full or (number == at and how == "full")
        if full and kind in NEEDS_ROOM:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

    def hook(event: str, args: tuple) -> None:
        if event == "open":
            path, mode, flags = args
            if isinstance(path, int) or not (flags & WRITING if mode is None else set(mode) & set("wax+")):
                return
            point("open", os.fsdecode(path))
        elif event in ("os.mkdir", "os.rmdir", "os.remove", "os.truncate"):
            folder = args[-1] if isinstance(args[-1], int) and args[-1] >= 0 and event != "os.truncate" else None
            if isinstance(args[0], int):
                return
            name = os.fsdecode(args[0])
            point(event.removeprefix("os."), os.path.join(os.readlink(f"/proc/self/fd/{folder}"), name) if folder else name)
        elif event in ("os.rename", "os.link", "os.symlink"):
            point(event.removeprefix("os."), os.fsdecode(args[1]))

    fsync = os.fsync

    def watched(descriptor) -> None:
        number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
        point("fsync", os.readlink(f"/proc/self/fd/{number}"))
        fsync(descriptor)

    os.fsync = watched
    sys.addaudithook(hook)


def fill(path: Path) -> None:
    """Write to a file until there is no room for one more byte."""
    with suppress(OSError), open(path, "wb", buffering=0) as file:
        for size in (1 << 20, 1):
            while file.write(bytes(size)) == size:
                pass


def caller() -> str:
    """Which lines of mvdream lead here, innermost first: "atomic.py:31<records.py:57<run.py:97"."""
    frame, lines = sys._getframe(2), []
    while frame is not None and len(lines) < 4:
        if "mvdream_" in frame.f_code.co_filename:
            lines.append(f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}")
        frame = frame.f_back
    return "<".join(lines)
