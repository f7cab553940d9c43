"""How files of others come in: only regular ones, of limited size and depth; what is wrong with one becomes one sentence.

A loader reads inside `with door(...)`, by `open_file`, `read_bytes` and `read_json`. Libraries that open a path themselves come
after `check_file`. Never imports anything heavy.
"""

import errno
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from mvdream_cli.errors import MVDreamError

MOST_BYTES = 1 << 26  # of a text or a record; files of weights, meshes and shards have limits of their own
MOST_JSON_BYTES = 1 << 24  # "[],[],..." takes twenty times its size in memory
DEEPEST = 100  # levels of JSON: what walks through it later may call itself as often

_KINDS = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


@contextmanager
def door(where: Path | str, kind: type[MVDreamError], way_out: str, *broken: type[Exception]) -> Iterator[None]:
    """Turn what a broken file makes its reader raise into `kind`: "WHERE: cannot be read (REASON); WAY OUT".

    Args:
        broken: what this reader raises besides OSError, ValueError, OverflowError, RecursionError and MemoryError. Exception
            only around one call of a library that raises anything at all.
    """
    try:
        yield
    except MVDreamError:  # a sentence already
        raise
    except (OSError, ValueError, OverflowError, RecursionError, MemoryError, *broken) as error:
        raise kind(f"{where}: cannot be read ({reason(error)}); {way_out}") from error


def reason(error: Exception) -> str:
    """What an exception says, on one short line."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, MemoryError):
        return "it asks for more memory than there is"
    if isinstance(error, KeyError) and error.args:
        return f"{error.args[0]!s:.80} is missing"
    text = str(getattr(error, "strerror", None) or error)
    return " ".join(text.split())[:160] or type(error).__name__


def check_file(path: Path | str, most_bytes: float = float("inf")) -> int:
    """The size in bytes of what is to be read. Nothing is opened: a pipe would wait, and a device might act.

    Raises:
        OSError: missing, no regular file (links are followed), or larger than `most_bytes`.
    """
    return _regular(os.stat(path), path, most_bytes)


def open_file(path: Path | str, most_bytes: float = float("inf")) -> BinaryIO:
    """A regular file, opened to read bytes. Raises OSError as `check_file`, also where the file was exchanged in between."""
    check_file(path, most_bytes)
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        _regular(os.fstat(descriptor), path, most_bytes)
    except OSError:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def read_bytes(path: Path | str, most_bytes: int = MOST_BYTES) -> bytes:
    """All of a regular file. Raises OSError as `check_file`."""
    with open_file(path, most_bytes) as file:
        return file.read(most_bytes)


def read_json(path: Path | str, most_bytes: int = MOST_JSON_BYTES) -> Any:
    """What a JSON file says. Raises OSError as `check_file`, ValueError as `parse_json`."""
    return parse_json(read_bytes(path, most_bytes))


def parse_json(content: bytes | str) -> Any:
    """What JSON says, in UTF-8 or, by its first bytes, in UTF-16 or UTF-32.

    Raises:
        ValueError: no JSON, nested more than `DEEPEST` levels, or with text that cannot be written again (half a character).
    """
    try:
        value = json.loads(content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    level = [value]
    for _ in range(DEEPEST):
        below: list = []
        for item in level:
            if isinstance(item, str):
                item.encode()
            elif isinstance(item, dict):
                below += [*item, *item.values()]
            elif isinstance(item, list):
                below += item
        if not below:
            return value
        level = below
    raise ValueError("it is nested too deeply")


def _regular(status: os.stat_result, path: Path | str, most_bytes: float) -> int:
    kind = stat.S_IFMT(status.st_mode)
    if kind == stat.S_IFDIR:
        raise IsADirectoryError(errno.EISDIR, "it is a folder, not a file", str(path))
    if kind != stat.S_IFREG:
        raise OSError(errno.EINVAL, f"it is {_KINDS.get(kind, 'something else')}, not a file", str(path))
    if status.st_size > most_bytes:
        raise OSError(errno.EFBIG, f"it has {status.st_size} bytes, more than {most_bytes} can be meant", str(path))
    return status.st_size
