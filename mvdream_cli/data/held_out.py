"""Which objects of a set no training sees."""

import hashlib
import re


def is_held_out(object_id: str, fraction: float) -> bool:
    """Whether an object belongs to the held-out part, by the hash of its id alone: whatever is added to a set, it stays there.

    All renderings of an object (ID, ID-render-2, ...) lie on one side.
    """
    name = re.sub(r"-render-\d+$", "", object_id)
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big") < fraction * 2**64
