"""Primitives are closed, point outwards, and lie where they were put."""

import numpy as np
import pytest
import trimesh

from mvdream_cli.toybox import shapes
from mvdream_cli.toybox.bodies import petal

RED, WHITE = (0.8, 0.1, 0.1), (1.0, 1.0, 1.0)
SQUARE = [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]
ARROW = [(-0.5, -0.4), (0.0, -0.1), (0.5, -0.4), (0.0, 0.6)]


def _volume(part: shapes.Part) -> float:
    return float(trimesh.Trimesh(part.vertices, part.faces, process=False).volume)


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
    assert _volume(part) == pytest.approx(volume, rel=share)
    assert part.colours.shape == part.vertices.shape
    assert part.faces.max() < len(part.vertices)


def test_mirror_and_petal_keep_faces_outwards():
    wing = petal([(0, 0), (1, 0.3), (1, -0.3)], 0.2, RED)
    turned_round = petal([(0, 0), (1, -0.3), (1, 0.3)], 0.2, RED)
    assert _volume(wing) > 0 and _volume(turned_round) > 0
    (other,) = shapes.mirror([wing])
    assert _volume(other) == pytest.approx(_volume(wing))
    assert other.vertices[:, 1].max() <= 1e-9


def test_rotation_is_right_handed_and_frame_takes_z_to_direction():
    np.testing.assert_allclose(shapes.rotation(z_deg=90) @ [1, 0, 0], [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(shapes.rotation(y_deg=90) @ [0, 0, 1], [1, 0, 0], atol=1e-12)
    frame = shapes.frame_along((1, 2, -2))
    np.testing.assert_allclose(frame @ [0, 0, 1], np.array([1, 2, -2]) / 3, atol=1e-12)
    assert np.linalg.det(frame) == pytest.approx(1.0)


def test_move_scales_turns_and_shifts_in_this_order():
    (part,) = shapes.move([shapes.ellipsoid((1, 0, 0), 0.1, RED)], offset=(0, 0, 5), scale=2, rotate_deg=(0, 0, 90))
    np.testing.assert_allclose((part.vertices.max(0) + part.vertices.min(0)) / 2, [0, 2, 5], atol=0.01)


def test_stripes_and_spots_show_both_colours_and_spots_are_round():
    points = np.random.default_rng(0).uniform(-1, 1, (4000, 3))
    striped = shapes.stripes(RED, WHITE, period=0.5, share=0.25)(points)
    assert np.mean(striped[:, 1] == 1.0) == pytest.approx(0.25, abs=0.04)
    radius, period = 0.4, 0.5
    spotted = shapes.spots(RED, WHITE, period=period, radius=radius, seed=3)(points)
    assert np.mean(spotted[:, 1] == 1.0) == pytest.approx(4 / 3 * np.pi * radius**3, abs=0.06)
