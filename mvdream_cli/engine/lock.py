"""One process at a time in a run folder."""

import os
import socket
from pathlib import Path

from mvdream_cli.engine.progress import say
from mvdream_cli.errors import CheckpointError, LockedError

NAME = ".lock"


def lock(folder: Path):
    """An open, locked file in `folder`; closing it, or the end of the process however it comes, frees the folder.

    Raises LockedError if another process holds it, with that process's pid and host; CheckpointError if it is a symbolic link:
    what a link points to belongs to somebody else and would be emptied; OSError if the folder cannot be written.
    """
    path = folder / NAME
    try:
        file = open(path, "a+", encoding="utf-8", opener=_open_no_link)  # noqa: SIM115 (open as long as the run)
    except OSError as error:
        if path.is_symlink():
            raise CheckpointError(f"{path}: is a symbolic link, not a lock of mvdream; remove it") from error
        raise
    try:
        import fcntl
    except ImportError:
        return _lock_windows(file, folder)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        pid, _, host = file.read(300).strip().partition(" ")
        file.close()
        raise LockedError(
            f"{folder}: another mvdream process (pid {pid or '?'} on {host or '?'}) is using it; "
            "wait for it or choose another --out"
        ) from error
    except OSError:
        say(f"{folder}: this file system has no locks; take care not to start the same run twice")
    file.truncate(0)
    file.write(f"{os.getpid()} {socket.gethostname()}")
    file.flush()
    return file


def is_held(folder: Path) -> bool:
    """Whether a process works in `folder` now. False where that cannot be found out: on Windows, or without locks."""
    try:
        import fcntl

        with open(folder / NAME, encoding="utf-8", opener=_open_no_link) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (ImportError, OSError):
        return False
    return False


def _open_no_link(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)  # Windows has no such flag


def _lock_windows(file, folder: Path):
    import msvcrt

    try:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except OSError as error:
        file.close()
        raise LockedError(f"{folder}: another mvdream process is using it; choose another --out") from error
    return file
