"""Nothing half-written under a final name."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mvdream_cli.errors import MVDreamError


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A path beside `path`, of the same suffix, to write a file or a folder to: `with written_whole(path) as partial: ...`.

    It gets its final name, in place of what had it, when the block ends; if that fails or is interrupted, nothing is left of it
    and what was there before stays.

    Raises:
        MVDreamError: the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial, old = path.with_name(f".tmp-{path.name}"), path.with_name(f".old-{path.name}")
    _remove(partial)
    try:
        yield partial
        if path.is_dir():  # a folder cannot be replaced in one go
            _remove(old)
            os.replace(path, old)
        os.replace(partial, path)
        _remove(old)
    except BaseException as error:
        _remove(partial)
        if old.is_dir() and not path.exists():
            os.replace(old, path)
        if "No space left on device" in str(error):
            raise MVDreamError(f"{path}: the disk is full; free some space and repeat the command") from error
        raise


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
