"""Primitives are closed, point outwards, and lie where they were put."""

import numpy as np
import pytest

from mvdream_toybox.geometry import shapes
from toybox.conftest import volume as volume_of

RED = (0.8, 0.1, 0.1)
SQUARE = [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]
ARROW = [(-0.5, -0.4), (0.0, -0.1), (0.5, -0.4), (0.0, 0.6)]


@pytest.mark.parametrize(
    ("part", "volume", "share"),
    [
        (shapes.ellipsoid((1, 2, 3), (0.5, 0.4, 0.3), RED), 4 / 3 * np.pi * 0.06, 0.05),
        (shapes.tube([(0, 0, 0), (0, 0, 1)], 0.2, RED), np.pi * 0.04 * (1 + 4 / 3 * 0.2), 0.08),
        (shapes.cylinder((0, 0, 0), (1, 0, 0), 0.3, RED), np.pi * 0.09, 0.05),
        (shapes.torus((0, 0, 0), 0.5, 0.1, RED), 2 * np.pi**2 * 0.5 * 0.01, 0.08),
        (shapes.box((0, 0, 0), (1, 2, 3), RED, bevel=0.05), 6.0, 0.08),
        (shapes.plate(SQUARE, 0.2, RED), 0.2, 1e-6),
        (shapes.plate(ARROW, 0.2, RED), 0.35 * 0.2, 1e-6),
    ],
    ids=["ellipsoid", "tube", "cylinder", "torus", "box", "plate", "plate with a notch"],
)
def test_solids_point_outwards_and_have_their_volume(part, volume, share):
    assert volume_of(part) == pytest.approx(volume, rel=share)
    assert part.colors.shape == part.vertices.shape
    assert part.faces.max() < len(part.vertices)
