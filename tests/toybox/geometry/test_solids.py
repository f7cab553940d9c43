"""Solids for made things face outwards and lie where they were put."""

import numpy as np
import pytest

from mvdream_toybox.geometry.solids import block, brick, copies, loft
from toybox.conftest import volume

TEAL = (0.1, 0.55, 0.5)


def test_solids_face_outwards_and_measure_what_they_say():
    square = [(s, 0.0, 0.0, 1.0, 2.0, 40) for s in (0.0, 3.0)]
    for axis, size in (("x", (3, 2, 4)), ("y", (4, 3, 2)), ("z", (2, 4, 3))):
        part = loft(square, TEAL, axis)
        assert np.ptp(part.vertices, axis=0) == pytest.approx(size)
        assert 0.85 * 24 < volume(part) <= 24.01
    for part in (block((0, 0, 0), (1, 2, 3), TEAL), brick((0, 0, 0), (1, 2, 3), TEAL)):
        assert 5 < volume(part) <= 6.01


def test_copies_are_shifted_and_spun():
    part = copies(brick((1, 0, 0), (0.2, 0.2, 0.2), TEAL), [(0, 0, 0), (0, 0, 5)], [0, 90])
    assert part.vertices[:24].mean(0) == pytest.approx([1, 0, 0])
    assert part.vertices[24:].mean(0) == pytest.approx([0, 1, 5])
