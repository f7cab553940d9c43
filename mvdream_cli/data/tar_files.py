"""The files in a tar archive, told where they lie; nothing is unpacked."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

from mvdream_cli.doors import check_file


def files_in_tar(path: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    """(name without a leading "./", (offset, size) of its bytes) of each regular file, in their order.

    The offset and size are as the archive says; they may reach beyond its end.

    Raises:
        ValueError: the archive is broken from here on. OSError: it cannot be read.
    """
    check_file(path)
    try:
        with tarfile.open(path, "r:") as tar:
            before = -1
            for member in tar:
                if member.offset <= before or member.size < 0 or member.sparse:  # a size below 0 leads back, for ever
                    raise ValueError(f"the member at byte {member.offset} cannot be")
                before = member.offset
                if member.isfile():
                    yield member.name.removeprefix("./"), (member.offset_data, member.size)
    except (tarfile.TarError, OverflowError, RecursionError, EOFError) as error:
        raise ValueError(f"it is no tar archive, or broken ({error})") from error
