"""Text files that people wrote, in whatever encoding their editor chose. Never imports anything heavy."""

import codecs
from pathlib import Path

# UTF-32 first: the mark of its little-endian form begins with that of UTF-16
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def decode(content: bytes, otherwise: str | None = None) -> str:
    """The text of a file's bytes: by its byte-order mark (UTF-8, UTF-16, UTF-32), without one as UTF-8.

    Args:
        otherwise: the encoding of text that has no mark and is not UTF-8, with U+FFFD for what it lacks; None refuses it.

    Raises:
        UnicodeDecodeError: the bytes are not what their mark says, or not UTF-8. It is a ValueError.
    """
    encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), None)
    if encoding:
        return content.decode(encoding)
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
    return decode(path.read_bytes(), otherwise)


def read_caption(path: Path) -> str:
    """`caption_of` a whole file.

    Raises:
        OSError: it cannot be read.
    """
    return caption_of(path.read_bytes())


def caption_of(content: bytes) -> str:
    """A caption on one line. What is neither marked nor UTF-8 is read as Windows-1252, as old Western editors write."""
    try:
        text = decode(content, otherwise="cp1252")
    except UnicodeDecodeError:  # a mark, and something else after it
        text = content.decode("utf-8", errors="replace")
    return " ".join(text.split())
