"""Which objects of a multi-view set are whole inside and like the others."""

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mvdream_cli.data.object_index import Entry, ObjectIndex
from mvdream_cli.data.shards import LeftOut, read_shard_index, wrong_views
from mvdream_cli.data.views import FORMATS, read_files
from mvdream_cli.errors import DataError
from mvdream_cli.images import check_picture, open_picture

AT_ONCE = 4096  # objects that wait for a thread


def sound_objects(entries: Sequence[Entry], on_left_out: LeftOut | None = None, threads: int = 4) -> ObjectIndex:
    """The objects whose pictures are whole and alike: as many, and as large, as those of most others.

    What lies in a shard that was not touched since its index was written is believed to be whole, and its pictures are not
    read but for the size of one, if the index does not tell it.

    Raises:
        DataError: there are none.
    """
    left_out = on_left_out or (lambda object_id, reason: None)
    as_written = {shard: _is_as_written(shard) for shard in {entry.path for entry in entries if entry.spans is not None}}
    with ThreadPoolExecutor(threads) as pool:
        found = []
        for start in range(0, len(entries), AT_ONCE):
            some = entries[start : start + AT_ONCE]
            found += pool.map(lambda entry: _examined(entry, as_written.get(entry.path, False)), some)
    kinds = Counter((entry.num_views, size) for entry, (size, reason) in zip(entries, found) if not reason)
    most = max(kinds, key=lambda kind: (kinds[kind], kind)) if kinds else None

    def alike() -> Iterator[Entry]:
        for entry, (size, reason) in zip(entries, found):
            if not reason and (entry.num_views, size) != most:
                reason = f"it has {_kind(entry.num_views, size)}, and most others have {_kind(*most)}"
            if reason:
                left_out(entry.id, f"{entry.path.name}: {reason}")
            else:
                yield entry

    kept = ObjectIndex(alike())
    if not kept:
        raise DataError(f"{entries[0].path.parent}: holds no object that is whole; render it again")
    return kept


def _kind(num_views: int, size: tuple[int, int]) -> str:
    return f"{num_views} pictures of {size[0]} x {size[1]} px"


def _is_as_written(shard: Path) -> bool:
    """Whether nothing was written into a shard after its index."""
    try:
        return read_shard_index(shard) is not None and shard.stat().st_mtime_ns <= shard.with_suffix(".json").stat().st_mtime_ns
    except OSError:
        return False


def _examined(entry: Entry, as_written: bool) -> tuple[tuple[int, int], str]:
    """The size of an object's pictures, and what is wrong with it."""
    if as_written and entry.size_px:
        return entry.size_px, ""
    try:
        meta, pictures = read_files(entry, [0] if as_written else range(entry.num_views))
        if len(meta["c2w"]) != entry.num_views:
            raise ValueError(wrong_views(range(entry.num_views), len(meta["c2w"])))
        sizes = set()
        for picture in pictures:
            check_picture(picture)
            with open_picture(io.BytesIO(picture), FORMATS) as image:
                sizes.add(image.size)
        if len(sizes) > 1:
            raise ValueError("its pictures differ in size")
        return sizes.pop(), ""
    except (DataError, OSError, IndexError, ValueError) as error:
        return (0, 0), str(error)
