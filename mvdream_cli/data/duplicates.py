"""Objects that are in a set more than once: by their bytes, and by what they look like."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from PIL import Image

SIDE = 8  # cells of a side: a hash of a view has 64 bits
VIEWS = 4  # at equal steps, of which each gives 64 bits
NEAR_BITS = 12  # objects that differ in no more of the 256 bits look alike
_BANDS = NEAR_BITS + 1  # so many pieces of a hash cannot all differ where so few bits do
_CROWD = 200  # objects with one piece in common: what so many share tells nothing


def look_hash(rgba: np.ndarray) -> bytes:
    """256 bits of what an object looks like from four sides: is each cell of a view brighter than the one at its left?

    A view is cut to the object first, so that the distance does not matter.

    Args:
        rgba: (V, S, S, 4) uint8.
    """
    bits = []
    for index in range(VIEWS):
        view = rgba[index * len(rgba) // VIEWS]
        rows, columns = (np.flatnonzero(view[..., 3].any(axis)) for axis in (1, 0))
        if not len(rows):
            bits.append(np.zeros(SIDE * SIDE, bool))
            continue
        cut = view[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32)
        gray = cut[..., :3].mean(-1) * cut[..., 3] / 255.0
        small = np.asarray(Image.fromarray(gray).resize((SIDE + 1, SIDE), Image.BOX))
        bits.append((small[:, 1:] > small[:, :-1]).ravel())
    return np.packbits(np.concatenate(bits)).tobytes()


def identical(digests: Sequence[str]) -> list[list[int]]:
    """Numbers of objects with the same digest, in groups of at least two."""
    groups = defaultdict(list)
    for number, digest in enumerate(digests):
        groups[digest].append(number)
    return [group for group in groups.values() if len(group) > 1]


def alike(hashes: Sequence[bytes]) -> list[tuple[int, int, int]]:
    """(number, number, bits that differ) of objects whose hashes are near, each pair once. Finds all of them, but for crowds.

    Hashes are cut into pieces of which near ones have one in common, so that not all pairs have to be compared.
    """
    if len(hashes) < 2:
        return []
    bits = np.unpackbits(np.frombuffer(b"".join(hashes), np.uint8).reshape(len(hashes), -1), axis=1)
    some = bits.any(1)  # of nothing, nothing is said
    pairs = {}
    for piece in np.array_split(np.arange(bits.shape[1]), _BANDS):
        groups = defaultdict(list)
        for number, part in enumerate(np.packbits(bits[:, piece], axis=1)):
            if some[number]:
                groups[part.tobytes()].append(number)
        for group in groups.values():
            if 1 < len(group) <= _CROWD:
                members = np.array(group)
                differ = (bits[members][:, None] != bits[members][None]).sum(-1)
                for a, b in zip(*np.nonzero(np.triu(differ <= NEAR_BITS, 1))):
                    pairs[int(members[a]), int(members[b])] = int(differ[a, b])
    return sorted((a, b, bits) for (a, b), bits in pairs.items())
