"""The index of a set in columns: what goes in comes out, in a tenth of the memory."""

import pickle
import tracemalloc
from pathlib import Path

import pytest

from mvdream_cli.data.object_index import Entry, ObjectIndex

SHARD, OTHER = Path("set/views-000000.tar"), Path("set/views-000001.tar")
ENTRIES = [
    Entry("a", "", 2, SHARD, (512, 9), ((1024, 5), (2**40, 7)), points_span=(0, 3), size_px=(256, 128)),
    Entry("b/ü", "ein Stück 🐕, \ud800", 1, SHARD, (5, 6), ((7, 8),)),
    Entry("c", "a folder", 3, Path("set/c"), names=("000.png", "001.webp", "2.jpg")),
    Entry("d", "", 1, OTHER, (1, 1), ((2, 2),)),
]


def test_what_goes_in_comes_out():
    index = ObjectIndex(ENTRIES)
    assert list(index) == ENTRIES and len(index) == 4 and index[-1] == ENTRIES[3] and index[1:3] == ENTRIES[1:3]
    assert index == ENTRIES and index != ENTRIES[:3] and pickle.loads(pickle.dumps(index)) == ENTRIES
    with pytest.raises(IndexError):
        index[4]
    assert not ObjectIndex() and list(ObjectIndex()) == []


def test_it_takes_little_memory():
    def entries(count):
        for k in range(count):
            spans = tuple((1_000_000 * k + 30_000 * view, 29_000 + view) for view in range(32))
            yield Entry(f"asset-{k:07d}", f"a thing number {k}, 3d asset", 32, SHARD, (1_000_000 * k, 4000), spans)

    sizes = []
    for build in (ObjectIndex, list):
        tracemalloc.start()
        kept = build(entries(2000))
        sizes.append(tracemalloc.get_traced_memory()[0] / len(kept))
        tracemalloc.stop()
    assert sizes[0] < 600 < 4000 < sizes[1], sizes  # bytes an object
