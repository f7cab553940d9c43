"""Curved sheets are closed."""

import numpy as np
import pytest

from mvdream_toybox.geometry.sheets import around, polar, sheet
from toybox.conftest import volume


@pytest.mark.parametrize("wrap", [False, True])
def test_a_sheet_is_a_closed_shell_with_its_front_outside(wrap):
    t, angle = around(4, 16, 0, 360 if wrap else 200)
    part = sheet(polar(2.0 - 0.5 * t, angle, t), 0.1, (0.5, 0.2, 0.2), wrap=wrap)
    _, same = np.unique(part.vertices.round(9), axis=0, return_inverse=True)
    edges = same.reshape(-1)[part.faces][:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    assert {tuple(e) for e in edges.tolist()} == {tuple(e[::-1]) for e in edges.tolist()}
    # thickness times the area of the cone's wall
    expected = 0.1 * (angle.max() - angle.min() + (2 * np.pi / 16 if wrap else 0)) * 1.75 * np.hypot(0.5, 1.0)
    assert volume(part) == pytest.approx(expected, rel=0.05)
