"""Where the objects of a set lie, in columns of numbers: a Python object for each of some hundred thousand fills the memory."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

Span = tuple[int, int]  # offset and size in a shard


@dataclass(frozen=True)
class Entry:
    """Where one object lies: `spans` are those of its pictures in a shard, `names` their files in a folder.

    size_px: width and height of its first picture, where its shard's index tells.
    """

    id: str
    caption: str
    num_views: int
    path: Path
    meta_span: Span | None = None
    spans: tuple[Span, ...] | None = None
    names: tuple[str, ...] | None = None
    points_span: Span | None = None
    size_px: tuple[int, int] | None = None


class ObjectIndex(Sequence[Entry]):
    """Many entries in little memory: about 12 bytes a picture, and the texts. An `Entry` is made when it is asked for."""

    def __init__(self, entries: Iterable[Entry] = ()):
        self._paths: list[Path] = []
        self._path_of = array("I")
        self._texts, self._ends = bytearray(), array("Q")  # id and caption of each object, one after the other
        self._offsets, self._sizes = array("q"), array("I")  # of pictures, meta data and points; an offset of -1: there is none
        self._first = array("Q", [0])  # of an object's offsets
        self._size_px = array("I")  # width and height; 0: not known
        self._names: dict[int, tuple[str, ...]] = {}  # number of an object in a folder -> its files
        for entry in entries:
            self.add(entry)

    def add(self, entry: Entry) -> None:
        """One more at the end."""
        if not self._paths or self._paths[-1] != entry.path:
            self._paths.append(entry.path)
        self._path_of.append(len(self._paths) - 1)
        for text in (entry.id, entry.caption):
            self._texts += text.encode("utf-8", "surrogatepass")
            self._ends.append(len(self._texts))
        if entry.names is not None:
            self._names[len(self)] = entry.names
        none = (-1, 0)
        for offset, size in (*(entry.spans or (none,) * entry.num_views), entry.meta_span or none, entry.points_span or none):
            self._offsets.append(offset)
            self._sizes.append(size)
        self._size_px.extend(entry.size_px or (0, 0))
        self._first.append(len(self._offsets))

    def __len__(self) -> int:
        return len(self._first) - 1

    def __getitem__(self, number):
        if isinstance(number, slice):
            return [self[k] for k in range(*number.indices(len(self)))]
        if not -len(self) <= number < len(self):
            raise IndexError(number)
        number %= len(self)
        object_id, caption = self._text(2 * number), self._text(2 * number + 1)
        first, last = self._first[number], self._first[number + 1]
        offsets, sizes = self._offsets[first:last], self._sizes[first:last]
        *spans, meta, points = (None if offset < 0 else (offset, size) for offset, size in zip(offsets, sizes))
        width, height = self._size_px[2 * number : 2 * number + 2]
        path, names = self._paths[self._path_of[number]], self._names.get(number)
        size_px = (width, height) if width else None
        return Entry(object_id, caption, len(spans), path, meta, None if names else tuple(spans), names, points, size_px)

    def __eq__(self, other) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(a == b for a, b in zip(self, other))

    def _text(self, k: int) -> str:
        return self._texts[self._ends[k - 1] if k else 0 : self._ends[k]].decode("utf-8", "surrogatepass")
