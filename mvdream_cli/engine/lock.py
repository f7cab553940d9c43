"""One process at a time in a run folder."""

import os
from pathlib import Path

from mvdream_cli.engine.progress import say
from mvdream_cli.errors import CheckpointError

NAME = ".lock"


def lock(folder: Path):
    """An open, locked file in `folder`; closing it, or the end of the process however it comes, frees the folder.

    Raises CheckpointError if another process holds it.
    """
    file = open(folder / NAME, "a+", encoding="utf-8")  # noqa: SIM115 (open as long as the run)
    try:
        import fcntl
    except ImportError:
        return _lock_windows(file, folder)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        pid = file.read().strip() or "?"
        file.close()
        raise CheckpointError(
            f"{folder}: another mvdream process (pid {pid}) is using it; wait for it or choose another --out"
        ) from error
    except OSError:
        say(f"{folder}: this file system has no locks; take care not to start the same run twice")
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _lock_windows(file, folder: Path):
    import msvcrt

    try:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except OSError as error:
        file.close()
        raise CheckpointError(f"{folder}: another mvdream process is using it; choose another --out") from error
    return file
