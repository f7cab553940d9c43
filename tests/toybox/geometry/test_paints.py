"""Patterns show both of their colors."""

import numpy as np
import pytest

from mvdream_toybox.geometry.paints import spots, stripes

RED, WHITE = (0.8, 0.1, 0.1), (1.0, 1.0, 1.0)


def test_stripes_and_spots_show_both_colors_and_spots_are_round():
    points = np.random.default_rng(0).uniform(-1, 1, (4000, 3))
    striped = stripes(RED, WHITE, period=0.5, share=0.25)(points)
    assert np.mean(striped[:, 1] == 1.0) == pytest.approx(0.25, abs=0.04)
    radius, period = 0.4, 0.5
    spotted = spots(RED, WHITE, period=period, radius=radius, seed=3)(points)
    assert np.mean(spotted[:, 1] == 1.0) == pytest.approx(4 / 3 * np.pi * radius**3, abs=0.06)
