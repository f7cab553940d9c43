import torch

from mvdream_cli.scene.distance import become, colors_at, moved, nodes, sample_distance
from mvdream_cli.scene.field import DenseGridField

RADIUS = 0.6


class Ball:
    """Truncated signed distance of a ball whose color is its place; counts what it is asked."""

    def __init__(self):
        self.asked = 0

    def __call__(self, points):
        self.asked += len(points)
        return (points.norm(dim=-1) - RADIUS).clamp(-0.2, 0.2), points / 2 + 0.5


def test_a_lattice_is_exact_where_the_surface_is_and_asks_for_little_else():
    ball = Ball()
    grid = sample_distance(ball, 128, torch.device("cpu"))
    assert grid.distance.shape == (129,) * 3 and ball.asked < 0.12 * 129**3
    points = nodes(129, torch.device("cpu"))
    exact = points.norm(dim=-1) - RADIUS
    near = exact.abs() < 0.5 / 64
    torch.testing.assert_close(grid.distance[near], exact[near], atol=1e-6, rtol=0)
    torch.testing.assert_close(grid.colors[near], points[near] / 2 + 0.5, atol=1e-5, rtol=0)
    assert ((grid.distance < 0) == (exact < 0))[exact.abs() > 1e-3].all()


def test_colors_between_the_nodes():
    grid, points = sample_distance(Ball(), 32, torch.device("cpu")), torch.rand(50, 3) * 2 - 1
    torch.testing.assert_close(colors_at(grid, points), points / 2 + 0.5, atol=1e-5, rtol=0)


def test_a_dense_grid_becomes_it():
    field = DenseGridField((8, 40))
    become(field, sample_distance(Ball(), 64, torch.device("cpu")))
    directions = torch.nn.functional.normalize(torch.randn(200, 3), dim=-1)
    (inside, rgb), (outside, _) = field(0.5 * directions), field(0.7 * directions)
    assert inside.min() > 20 and outside.max() < 1e-3
    torch.testing.assert_close(rgb, 0.25 * directions + 0.5, atol=0.03, rtol=0)


def test_a_distance_moves_as_the_density_of_a_grid_does():
    cpu = torch.device("cpu")
    grid, field = sample_distance(Ball(), 64, cpu), DenseGridField((8, 40))
    become(field, grid)
    begun = [part.detach().clone() for part in field.grids]
    near = grid.distance.abs() < 0.02
    same = moved(grid, field, begun)
    assert torch.equal(same.distance[near], grid.distance[near]) and torch.equal(same.colors, grid.colors)
    field.grids[0].data[0, 0] += torch.linspace(0.0, 2.0, 8)  # along x, times the density scale of 10
    change = 0.01 * (nodes(65, cpu)[..., 0] + 1) / 2
    torch.testing.assert_close(moved(grid, field, begun).distance[near], (grid.distance - change)[near], atol=1e-6, rtol=0)
    field.grids[1].data[0, 0] -= 30.0
    assert (moved(grid, field, begun).distance > 0).all()  # even what lay deep inside
