"""Turning and moving."""

import numpy as np
import pytest

from mvdream_toybox.geometry.parts import frame_along, move, rotation
from mvdream_toybox.geometry.shapes import ellipsoid

RED = (0.8, 0.1, 0.1)


def test_rotation_is_right_handed_and_frame_takes_z_to_direction():
    np.testing.assert_allclose(rotation(z_deg=90) @ [1, 0, 0], [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(rotation(y_deg=90) @ [0, 0, 1], [1, 0, 0], atol=1e-12)
    frame = frame_along((1, 2, -2))
    np.testing.assert_allclose(frame @ [0, 0, 1], np.array([1, 2, -2]) / 3, atol=1e-12)
    assert np.linalg.det(frame) == pytest.approx(1.0)


def test_move_scales_turns_and_shifts_in_this_order():
    (part,) = move([ellipsoid((1, 0, 0), 0.1, RED)], offset=(0, 0, 5), scale=2, rotate_deg=(0, 0, 90))
    np.testing.assert_allclose((part.vertices.max(0) + part.vertices.min(0)) / 2, [0, 2, 5], atol=0.01)
