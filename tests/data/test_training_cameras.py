"""The camera law of the training views."""

import numpy as np
import pytest

from mvdream_cli.data.training_cameras import draw_training_cameras, object_rng


def test_draws_follow_the_paper():
    draws = [draw_training_cameras(object_rng(0, f"object-{index}"), 8) for index in range(2000)]
    elevation_deg, fovy_deg, distance = np.array([draw[1:] for draw in draws]).T
    relative = distance * np.tan(np.deg2rad(fovy_deg) / 2) / 0.5
    for values, low, high in ((fovy_deg, 15, 60), (elevation_deg, 0, 30), (relative, 0.9, 1.1)):
        span = high - low
        assert low <= values.min() < low + 0.01 * span and high - 0.01 * span < values.max() <= high
        assert values.mean() == pytest.approx((low + high) / 2, abs=0.03 * span)
    assert draws[0][0].tolist() == [0, 45, 90, 135, 180, 225, 270, 315]


def test_the_draw_belongs_to_the_seed_and_the_id():
    azimuth_deg, elevation_deg, fovy_deg, distance = draw_training_cameras(object_rng(7, "dog-12"), 4)
    assert azimuth_deg.tolist() == [0, 90, 180, 270]
    assert (elevation_deg, fovy_deg, distance) == pytest.approx((25.082152, 30.908355, 1.643037), abs=1e-5)
    assert draw_training_cameras(object_rng(7, "dog-12"), 4)[1:] == (elevation_deg, fovy_deg, distance)
    assert draw_training_cameras(object_rng(8, "dog-12"), 4)[1] != elevation_deg
    assert draw_training_cameras(object_rng(7, "dog-13"), 4)[1] != elevation_deg
