"""The endless order of a set: every object once an epoch, any position at once, as random as a shuffle."""

import warnings
from collections import Counter

import numpy as np
import pytest

from mvdream_cli.data.order import Order


@pytest.mark.parametrize("objects", [1, 2, 3, 4, 5, 16, 17, 1000, 4097])
def test_every_object_comes_once_an_epoch(objects):
    order = Order(objects, seed=3)
    epochs = order.at(np.arange(3 * objects)).reshape(3, objects)
    assert np.array_equal(np.sort(epochs, 1), np.tile(np.arange(objects), (3, 1)))
    assert objects < 5 or not np.array_equal(epochs[0], epochs[1])
    assert objects < 5 or not np.array_equal(Order(objects, seed=4).at(np.arange(objects)), epochs[0])


def test_a_position_does_not_depend_on_those_before_it():
    order = Order(350_000, seed=0)
    some = np.array([0, 7, 349_999, 350_000, 10**12])
    assert np.array_equal(order.at(some), [order.at(np.array([p]))[0] for p in some])
    assert np.array_equal(order.batch(5, 4), order.at(np.arange(20, 24)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # numbers that overflow are meant to
        order.at(np.array([2**40])), Order(10, 2**63 - 1).at(np.arange(5))


def test_epochs_are_as_random_as_a_shuffle():
    """Each of the 24 orders of four objects, each object at each place, and who follows whom."""
    epochs = Order(4, seed=1).at(np.arange(4 * 12_000)).reshape(-1, 4)
    counts = np.array(list(Counter(map(tuple, epochs.tolist())).values()))
    assert len(counts) == 24 and (np.square(counts - 500) / 500).sum() < 50  # chi-square with 23 degrees: p = 0.001 at 49.7
    epochs = Order(23, seed=1).at(np.arange(23 * 2_000)).reshape(-1, 23)
    places = np.stack([(epochs == k).sum(0) for k in range(23)])
    assert (np.square(places - places.mean()) / places.mean()).sum() < 22 * 22 + 5 * (2 * 22 * 22) ** 0.5
    after = Counter(zip(epochs[:, :-1].flatten().tolist(), epochs[:, 1:].flatten().tolist()))
    expected = 2_000 * 22 / (23 * 22)
    assert sum((after[pair] - expected) ** 2 / expected for pair in after) < 505 + 5 * (2 * 505) ** 0.5
