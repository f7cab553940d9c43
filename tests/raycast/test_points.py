import numpy as np
import trimesh

from mvdream_cli.raycast.light import Light
from mvdream_cli.raycast.mesh import Mesh
from mvdream_cli.raycast.points import FLESH, TRUNCATION, draw_points, point_to_triangle

WHITE = Light(ground=1.0, sky=0.0, lamp=0.0)


def mesh_of(shape, color=(0.2, 0.4, 0.6)):
    return Mesh.from_part(shape.vertices, shape.faces, np.tile(color, (len(shape.vertices), 1)))


def drawn(mesh, count=2000, seed=0):
    return draw_points(mesh, WHITE, count, np.random.default_rng(seed))


def close(told, exact):
    """The faces of the nearest samples are asked, which are not always the nearest faces."""
    off = np.abs(told - exact.clip(-TRUNCATION, TRUNCATION))
    assert np.quantile(off, 0.98) < 2e-3 and off.max() < 0.015


def test_distances_of_a_ball():
    told = drawn(mesh_of(trimesh.creation.icosphere(5, radius=0.4)))
    exact = np.linalg.norm(told.points.astype(float), axis=1) - 0.4
    close(told.distance, exact)
    np.testing.assert_allclose(told.colors, np.tile((0.2, 0.4, 0.6), (2000, 1)), atol=1e-3)
    assert 0.5 < (np.abs(told.distance) < 0.03).mean() < 0.9  # mostly near the surface, the rest anywhere


def test_what_is_buried_is_no_surface():
    ball, core = trimesh.creation.icosphere(4, radius=0.4), trimesh.creation.icosphere(4, radius=0.33)
    inside = mesh_of(trimesh.util.concatenate([ball, core]))
    told = drawn(inside)
    exact = np.linalg.norm(told.points.astype(float), axis=1) - 0.4
    close(told.distance, exact)


def test_a_sheet_gets_flesh():
    square = trimesh.Trimesh([[-0.5, -0.5, 0], [0.5, -0.5, 0], [0.5, 0.5, 0], [-0.5, 0.5, 0]], [[0, 1, 2], [0, 2, 3]])
    told = drawn(mesh_of(square))
    over = (np.abs(told.points[:, :2]) < 0.45).all(1)
    exact = np.abs(told.points[over, 2].astype(float)) - FLESH
    np.testing.assert_allclose(told.distance[over], exact.clip(-TRUNCATION, TRUNCATION), atol=2e-3)
    assert (told.distance[over] < 0).any()


def test_the_same_numbers_give_the_same_points():
    ball = mesh_of(trimesh.creation.icosphere(3, radius=0.4))
    first, second, other = drawn(ball), drawn(ball), drawn(ball, seed=1)
    assert np.array_equal(first.points, second.points) and np.array_equal(first.distance, second.distance)
    assert not np.array_equal(first.points, other.points)


def test_distance_to_a_triangle():
    corners = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
    points = np.array([[0.2, 0.2, 0.5], [-1, 0, 0], [1, 1, 0], [0.5, -2, 0], [0.1, 0.1, 0]])
    np.testing.assert_allclose(point_to_triangle(points, corners), [0.5, 1, 0.5**0.5, 2, 0], atol=1e-12)
