"""Wings and fins stay closed and face outwards, mirrored too."""

import pytest

from mvdream_toybox.geometry.bodies import petal
from mvdream_toybox.geometry.parts import mirror
from toybox.conftest import volume

RED = (0.8, 0.1, 0.1)


def test_mirror_and_petal_keep_faces_outwards():
    wing = petal([(0, 0), (1, 0.3), (1, -0.3)], 0.2, RED)
    turned_round = petal([(0, 0), (1, -0.3), (1, 0.3)], 0.2, RED)
    assert volume(wing) > 0 and volume(turned_round) > 0
    (other,) = mirror([wing])
    assert volume(other) == pytest.approx(volume(wing))
    assert other.vertices[:, 1].max() <= 1e-9
