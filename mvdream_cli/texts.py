"""Text files that people wrote, in whatever encoding their editor chose. Never imports anything heavy."""

import codecs
import io
import re
from collections.abc import Iterator
from pathlib import Path

from mvdream_cli.doors import open_file, read_bytes

# UTF-32 first: the mark of its little-endian form begins with that of UTF-16
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


# What a terminal obeys (escape sequences: C0 and C1), what turns the order of letters around, and half characters.
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
MOST_CAPTION_BYTES = 1 << 20


def printable(text: str) -> str:
    """The text with what a terminal would obey instead of showing, such as escape sequences, written out: \\x1b."""
    return _COMMANDS.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def decode(content: bytes, otherwise: str | None = None) -> str:
    """The text of a file's bytes: by its byte-order mark (UTF-8, UTF-16, UTF-32), without one as UTF-8.

    Args:
        otherwise: the encoding of text that has no mark and is not UTF-8. What neither it nor a mark explains is then U+FFFD;
            None refuses it.

    Raises:
        UnicodeDecodeError: the bytes are not what their mark says, or not UTF-8. It is a ValueError.
    """
    encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), None)
    if encoding:
        return content.decode(encoding, "strict" if otherwise is None else "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        if otherwise is None:
            raise
        return content.decode(otherwise, errors="replace")


def read_text(path: Path, otherwise: str | None = None) -> str:
    """`decode` of a whole file.

    Raises:
        OSError: it cannot be read. UnicodeDecodeError: see `decode`.
    """
    return decode(read_bytes(path), otherwise)


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a file one by one, so that it may be of any length; decoded as by `decode`.

    Raises:
        OSError: it cannot be read. UnicodeDecodeError: see `decode`.
    """
    with open_file(path) as file:
        head = file.read(4)
        encoding = next((name for mark, name in _MARKS.items() if head.startswith(mark)), "utf-8")
        file.seek(0)
        for line in io.TextIOWrapper(file, encoding, newline="\n"):  # no other sign ends a line
            yield line.removesuffix("\n")


def read_caption(path: Path) -> str:
    """`caption_of` a whole file.

    Raises:
        OSError: it cannot be read.
    """
    return caption_of(read_bytes(path, MOST_CAPTION_BYTES))


def caption_of(content: bytes) -> str:
    """A caption on one line. What is neither marked nor UTF-8 is read as Windows-1252, as old Western editors write."""
    return " ".join(decode(content, otherwise="cp1252").split())
