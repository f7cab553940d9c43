"""The order in which a set is seen: an endless sequence of its objects, another permutation of them in each epoch."""

import numpy as np

ROUNDS = 6  # of the Feistel network
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class Order:
    """Which object stands at which position: position p is place p mod N of epoch p // N.

    The permutation of an epoch is computed for the places that are asked for (a Feistel network on the next power of four,
    walked until it comes out below N, as in Black and Rogaway 2002): nothing is kept, and any position costs the same.

    Args:
        objects: N. seed: with the epoch, the key of its permutation.
    """

    def __init__(self, objects: int, seed: int):
        self.objects, self.seed = objects, seed
        self.half = np.uint64(max(1, ((objects - 1).bit_length() + 1) // 2))  # bits of each side

    def at(self, positions: np.ndarray) -> np.ndarray:
        """Numbers of the objects (n,) at positions (n,)."""
        epoch, number = np.divmod(np.asarray(positions, np.uint64), np.uint64(self.objects))
        asked = np.arange(len(number))
        while len(asked):
            number[asked] = self._permuted(number[asked], epoch[asked])
            asked = asked[number[asked] >= self.objects]
        return number.astype(np.int64)

    def batch(self, i: int, batch_size: int) -> np.ndarray:
        """Numbers of the objects of step `i`: positions i * batch_size and those that follow."""
        return self.at(i * batch_size + np.arange(batch_size))

    def _permuted(self, number: np.ndarray, epoch: np.ndarray) -> np.ndarray:
        mask = (np.uint64(1) << self.half) - np.uint64(1)
        left, right = number >> self.half, number & mask
        key = _mixed(_mixed(epoch) ^ np.uint64(self.seed))
        for _ in range(ROUNDS):
            key = _mixed(key)
            left, right = right, left ^ (_mixed(right ^ key) & mask)
        return left << self.half | right


def _mixed(x: np.ndarray) -> np.ndarray:
    """A bijection of 64 bits in which each depends on all (SplitMix64's: Steele, Lea and Flood 2014)."""
    x = x + GOLDEN
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
