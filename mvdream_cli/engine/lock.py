"""One process at a time: a file that a process holds locked while it works, and deletes when it has done.

The system lets a lock go when its process ends, however it ends. So a lock's file that is there and not locked is of a process
that died; it tells which.
"""

import errno
import os
import socket
import stat
import time
from contextlib import suppress
from pathlib import Path

from mvdream_cli.engine.progress import say
from mvdream_cli.errors import CheckpointError, LockedError

NAME = ".lock"
PATIENCE_S = 0.3  # `is_held`, and workers of a process that was killed, hold a lock for moments
_WITHOUT: set[int] = set()  # file systems without locks, which is said once


class Lock:
    """A lock that this process holds. `close`, the end of a `with` block, or of the process, lets it go."""

    def __init__(self, path: Path, descriptor: int):
        self._path, self._descriptor = path, descriptor

    def close(self) -> None:
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        try:
            if _is_at(descriptor, self._path):
                self._path.unlink()
        except OSError:  # as on Windows: that it is empty tells of an orderly end too
            os.ftruncate(descriptor, 0)
        os.close(descriptor)

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self.close()


def lock(path: Path, what: Path | str, way_out: str = "wait for it, or choose another --out") -> Lock:
    """Hold the lock whose file is `path`; its folder is made where it is missing.

    Args:
        what: is locked, as messages call it. way_out: of somebody who is refused.

    Raises:
        LockedError: another process holds it; tells its pid and host. CheckpointError: `path` is a symbolic link or no file: it
            belongs to somebody else. OSError: the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    patient_until = time.monotonic() + PATIENCE_S
    while True:
        descriptor = _open(path)
        try:
            held = _hold(descriptor, path)
            if held and _is_at(descriptor, path):  # else its holder has just deleted it
                _sign(descriptor, what)
                return Lock(path, descriptor)
            if not held and time.monotonic() > patient_until:
                raise LockedError(f"{what}: another mvdream process ({_signature(descriptor)}) is using it; {way_out}")
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        time.sleep(0.02)


def beside(path: Path) -> Path:
    """The lock's file of a file or a folder that is yet to be written."""
    return path.with_name(f".{path.name}.lock")


def is_held(folder: Path, name: str = NAME) -> bool:
    """Whether a process works in `folder` now. False where that cannot be found out: on Windows, or without locks."""
    try:
        import fcntl

        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        finally:
            os.close(descriptor)
    except BlockingIOError:
        return True
    except (ImportError, OSError):
        return False
    return False


def _open(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)  # Windows lacks both
    try:
        descriptor = os.open(path, flags, 0o666)
    except OSError as error:
        if path.is_symlink():
            raise CheckpointError(f"{path}: is a symbolic link, not a lock of mvdream; remove it") from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise CheckpointError(f"{path}: is no file, so no lock of mvdream; remove it")
    return descriptor


def _hold(descriptor: int, path: Path) -> bool:
    """Whether the lock could be taken. Where there are no locks it counts as taken, which is said."""
    try:
        import fcntl
    except ImportError:
        return _hold_on_windows(descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
        device = os.fstat(descriptor).st_dev
        if device not in _WITHOUT:
            _WITHOUT.add(device)
            say(f"{path.parent}: this file system has no locks; take care not to start the same command twice")
    return True


def _hold_on_windows(descriptor: int) -> bool:
    import msvcrt

    try:
        os.lseek(descriptor, 1 << 30, os.SEEK_SET)  # far behind what is written, which others may read
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    finally:
        os.lseek(descriptor, 0, os.SEEK_SET)
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether an open file still has the name `path`."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except OSError:
        return False


def _sign(descriptor: int, what: Path | str) -> None:
    """Write who holds it; who held it before, and died, is said."""
    if os.fstat(descriptor).st_size:
        say(f"{what}: the process before ({_signature(descriptor)}) died; going on")
    text = f"{os.getpid()} {socket.gethostname()}".encode()
    with suppress(OSError):  # on a full disk it is held all the same
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.ftruncate(descriptor, os.write(descriptor, text))


def _signature(descriptor: int) -> str:
    os.lseek(descriptor, 0, os.SEEK_SET)
    pid, _, host = os.read(descriptor, 300).decode("utf-8", "replace").strip().partition(" ")
    return f"pid {pid or '?'} on {host or '?'}"
