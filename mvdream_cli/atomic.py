"""A file or a folder gets its name when it is whole."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mvdream_cli.errors import MVDreamError


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A path beside `path`, of the same suffix, to write a file or a folder to: `with written_whole(path) as partial: ...`.

    It gets its final name, in place of what had it, when the block ends and the contents are on the disk; so not even a power
    failure leaves half of it. If the block fails or is interrupted, nothing is left of it and what was there before stays.
    A process that is killed may leave `.tmp-NAME` or `.old-NAME`, which the next one for the same path removes.

    Raises:
        MVDreamError: the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial, old = path.with_name(f".tmp-{path.name}"), path.with_name(f".old-{path.name}")
    _remove(partial)
    try:
        yield partial
        for item in (partial, *partial.rglob("*")):
            _flush(item)
        if path.is_dir():  # a folder cannot be replaced in one go
            _remove(old)
            os.replace(path, old)
        os.replace(partial, path)
        _flush(path.parent)
        _remove(old)
    except BaseException as error:
        full = is_full(error, path.parent)
        written_mb = sum(item.lstat().st_size for item in (partial, *partial.rglob("*")) if item.is_file()) / 1e6
        _remove(partial)
        if old.is_dir() and not path.exists():
            os.replace(old, path)
        if full:
            raise MVDreamError(
                f"{path}: the disk is full, it needs more than {written_mb:.1f} MB; free some space and repeat the command"
            ) from error
        raise


def _flush(path: Path) -> None:
    """Wait until a file, or the list of names in a folder, is on the disk."""
    folder = path.is_dir()
    if path.is_symlink() or not (folder or path.is_file()):
        return
    if os.name == "nt" and folder:  # Windows cannot open a folder; its renames are journalled
        return
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        if not folder:  # some network file systems flush no folders
            raise
    finally:
        os.close(descriptor)


def is_full(error: BaseException, folder: Path) -> bool:
    """Whether the disk, or what the person may use of it, was the reason; torch and ffmpeg do not say so."""
    if isinstance(error, MVDreamError) or not isinstance(error, Exception):
        return False
    told = any(words in str(error) for words in ("No space left on device", "Disk quota exceeded"))
    return told or (isinstance(error, (OSError, RuntimeError)) and shutil.disk_usage(folder).free < 1 << 16)


def sweep(folder: Path) -> None:
    """Remove what killed processes left half written in a folder, and in those below, to which nobody else writes now.

    What has the name `.old-NAME` stays: it may be all that is left of NAME.
    """
    for leftover in [path for path in folder.rglob(".tmp-*") if not path.is_symlink()]:
        _remove(leftover)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
