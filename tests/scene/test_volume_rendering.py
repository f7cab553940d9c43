import math

import pytest
import torch

from mvdream_cli.cameras import get_rays, orbit, orbit_views
from mvdream_cli.scene.field import DenseGridField, HashGridField
from mvdream_cli.scene.occupancy import Occupancy
from mvdream_cli.scene.sampling import place_samples
from mvdream_cli.scene.shading import analytic_normals, draw_lights, finite_normals, lambertian
from mvdream_cli.scene.volume_rendering import render

WHITE = torch.ones(3)


class Shape:
    """An analytic field: `inside(points) -> bool`, constant density and color."""

    def __init__(self, inside, density: float, rgb=(0.2, 0.4, 0.6)):
        self.inside, self.value, self.rgb = inside, density, torch.tensor(rgb)

    def density(self, points):
        return self.inside(points) * self.value

    def __call__(self, points):
        return self.density(points), self.rgb.expand(points.shape)


def _ball(density=400.0, radius=0.5) -> Shape:
    return Shape(lambda points: (points.norm(dim=-1) < radius).float(), density)


def _random_field() -> DenseGridField:
    torch.manual_seed(0)
    field = DenseGridField((5, 16), blob_density=20.0)
    for grid in field.grids:
        torch.nn.init.normal_(grid, std=0.2)
    return field


def _rays(size=12):
    return get_rays(orbit_views(2, 20.0, 10.0, 3.0), 75.0, size, size)


def _reference(field, rays_o, rays_d, samples):
    """Every sample of every ray, in plain torch."""
    density, rgb = field(rays_o[samples.rays, None] + rays_d[samples.rays, None] * samples.t[..., None])
    alpha = 1 - torch.exp(-density * samples.width)
    weights = alpha * torch.cumprod(torch.cat([torch.ones_like(alpha[:, :1]), 1 - alpha], 1), 1)[:, :-1]
    covered = weights.sum(1, keepdim=True)
    return torch.ones(len(rays_o), 3).index_copy(0, samples.rays, (weights[..., None] * rgb).sum(1) + 1 - covered)


@pytest.mark.parametrize("with_occupancy", [False, True])
def test_render_equals_the_plain_reference_in_values_and_gradients(with_occupancy):
    field = _random_field()
    occupancy = Occupancy(16) if with_occupancy else None
    if with_occupancy:
        occupancy.update(field)
        assert occupancy.fraction() < 0.9
    rays_o, rays_d = (rays.reshape(-1, 3) for rays in _rays())
    samples = place_samples(rays_o, rays_d, 40, occupancy)
    assert 0 < len(samples.rays) < len(rays_o)
    expected = _reference(field, rays_o, rays_d, samples)
    target = torch.rand(len(rays_o), 3)
    expected_gradients = torch.autograd.grad((expected - target).square().sum(), list(field.parameters()))
    for min_weight, tolerance, gradient_tolerance in ((0.0, 1e-5, 1e-4), (1e-4, 4e-3, 0.05)):
        out = render(field, rays_o, rays_d, background=WHITE, samples_per_ray=40, occupancy=occupancy, min_weight=min_weight)
        torch.testing.assert_close(out.rgb, expected, atol=tolerance, rtol=0)
        gradients = torch.autograd.grad((out.rgb - target).square().sum(), list(field.parameters()))
        for mine, theirs in zip(gradients, expected_gradients):
            assert (mine - theirs).norm() < gradient_tolerance * theirs.norm()


def test_samples_in_occupied_cells_cover_all_density_of_each_ray():
    """Two balls with air between them: optical depth with and without empty-space skipping."""

    def inside(points):
        return ((points - torch.tensor([0.6, 0.1, 0.2])).norm(dim=-1) < 0.15) | (
            (points + torch.tensor([0.5, 0.2, 0.1])).norm(dim=-1) < 0.2
        )

    field = Shape(lambda points: inside(points).float(), 5.0)
    occupancy = Occupancy(32)
    occupancy.update(field)
    assert occupancy.fraction() < 0.05
    rays_o, rays_d = (rays.reshape(-1, 3) for rays in get_rays(orbit(200.0, 10.0, 3.0), 40.0, 24, 24))

    def optical_depth(samples):
        density = field.density(rays_o[samples.rays, None] + rays_d[samples.rays, None] * samples.t[..., None])
        return torch.zeros(len(rays_o)).index_copy(0, samples.rays, (density * samples.width).sum(1))

    skipping = place_samples(rays_o, rays_d, 500, occupancy)
    everything = place_samples(rays_o, rays_d, 3000)
    assert len(skipping.rays) < len(everything.rays) / 2
    assert (skipping.t.diff(dim=1) > 0).all()
    torch.testing.assert_close(optical_depth(skipping), optical_depth(everything), atol=0.03, rtol=0)


def test_opaque_ball_shows_its_color_and_an_empty_field_the_background():
    rays_o, rays_d = get_rays(orbit(90.0, 0.0, 3.0), 40.0, 33, 33)
    background = torch.rand(33, 33, 3)
    out = render(_ball(), rays_o, rays_d, background=background, samples_per_ray=200)
    torch.testing.assert_close(out.rgb[16, 16], torch.tensor([0.2, 0.4, 0.6]), atol=1e-3, rtol=0)
    torch.testing.assert_close(out.rgb[0, 0], background[0, 0])
    assert abs(out.depth[16, 16] - 2.5) < 0.02
    silhouette = math.tan(math.asin(0.5 / 3.0)) / math.tan(math.radians(20.0))  # radius in half images
    assert abs(out.opacity.mean() - math.pi * silhouette**2 / 4) < 0.01

    empty = Shape(lambda points: points[..., 0] * 0, 1.0)
    occupancy = Occupancy(8)
    occupancy.update(empty)
    assert occupancy.fraction() == 0
    for grid in (None, occupancy):
        torch.testing.assert_close(render(empty, rays_o, rays_d, background=background, occupancy=grid).rgb, background)
    real = DenseGridField((4,), blob_density=0.0)
    assert render(real, rays_o, rays_d, background=WHITE, occupancy=occupancy).opacity.max() == 0


def test_absorption_of_a_uniform_box_is_exact():
    field = Shape(lambda points: torch.ones(points.shape[:-1]), 0.7)
    out = render(field, torch.tensor([[3.0, 0.2, 0.1]]), torch.tensor([[-1.0, 0.0, 0.0]]), background=WHITE)
    torch.testing.assert_close(out.opacity, 1 - torch.exp(torch.tensor([-0.7 * 2.0])))


def test_chunks_change_nothing_and_stratified_jitter_follows_the_seed():
    field, (rays_o, rays_d) = _random_field(), _rays()
    with torch.no_grad():
        whole = render(field, rays_o, rays_d, background=WHITE, with_normals=True)
        parts = render(field, rays_o, rays_d, background=WHITE, with_normals=True, chunk_rays=50)
        for name in ("rgb", "opacity", "depth", "normals"):
            torch.testing.assert_close(getattr(parts, name), getattr(whole, name))
        jittered = []
        for seed in (1, 1, 2):
            torch.manual_seed(seed)
            jittered.append(render(field, rays_o, rays_d, background=WHITE, stratified=True).rgb)
    assert torch.equal(jittered[0], jittered[1]) and not torch.equal(jittered[0], jittered[2])


def test_normals_point_outwards_and_the_light_shades_one_side():
    field = DenseGridField((8,), blob_density=30.0)
    directions = torch.nn.functional.normalize(torch.randn(50, 3), dim=-1)
    assert ((finite_normals(field, 0.5 * directions) * directions).sum(-1) > 0.99).all()
    rays_o, rays_d = get_rays(orbit(90.0, 0.0, 3.0), 40.0, 16, 16)
    lit = render(field, rays_o, rays_d, background=WHITE, shade=lambertian(torch.tensor([[1.0, -5.0, 0.0]]), 0.1))
    dark = render(field, rays_o, rays_d, background=WHITE, shade=lambertian(torch.tensor([[1.0, 5.0, 0.0]]), 0.1))
    assert lit.rgb[8, 6].mean() > 1.3 * dark.rgb[8, 6].mean()  # from +x, -y is on the left


def test_analytic_normals_are_the_limit_of_finite_ones_and_carry_gradient():
    torch.manual_seed(0)
    field = HashGridField(blob_density=5.0, grid={"levels": 4, "log2_table": 12, "base_resolution": 4}).double()
    torch.nn.init.normal_(field.grid.table)
    points = torch.rand(64, 3, dtype=torch.float64) - 0.5
    analytic, finite = analytic_normals(field, points), finite_normals(field, points, step=1e-7)
    torch.testing.assert_close(analytic, finite, atol=5e-3, rtol=0)
    direction = torch.randn(64, 3, dtype=torch.float64)
    gradients = []
    for normals in (analytic, finite):
        field.zero_grad()
        (normals * direction).sum().backward()
        gradients.append(field.grid.table.grad.clone())
    assert gradients[0].abs().max() > 0
    assert torch.nn.functional.cosine_similarity(*(g.flatten() for g in gradients), dim=0) > 0.999
    with torch.no_grad():
        assert not analytic_normals(field, points).requires_grad


def test_each_camera_has_its_lamp():
    torch.manual_seed(0)
    positions = orbit_views(4, 20.0, 10.0, 3.0)[:, :3, 3].repeat(2, 1)
    lights = draw_lights(positions, 4, (0.8, 1.5))
    distance = lights.norm(dim=-1).view(2, 4)
    assert (distance - distance[:, :1]).abs().max() < 1e-5 and distance.min() >= 0.8 and distance.max() <= 1.5
    field = _random_field()
    rays_o, rays_d = _rays()
    both = render(field, rays_o, rays_d, background=WHITE, shade=lambertian(lights[:2], 0.1, rays_per_light=144))
    for view in (0, 1):
        alone = render(field, rays_o[view], rays_d[view], background=WHITE, shade=lambertian(lights[view : view + 1], 0.1))
        torch.testing.assert_close(both.rgb[view], alone.rgb)
    white = lambertian(lights, 0.3, textureless=True)(torch.zeros(5, 3), torch.randn(5, 3), torch.rand(5, 3), None)
    assert (white == white[:, :1]).all() and white.min() >= 0.3


def test_occupancy_forgets_slowly_and_survives_its_state_dict():
    occupancy = Occupancy(16)
    occupancy.update(_ball(10.0))
    full = occupancy.fraction()
    empty = Shape(lambda points: points[..., 0] * 0, 1.0)
    for _ in range(3):
        occupancy.update(empty)
    assert occupancy.fraction() == full
    again = Occupancy(16)
    again.load_state_dict(occupancy.state_dict())
    assert torch.equal(again.occupied, occupancy.occupied) and torch.equal(again.bounds, occupancy.bounds)
    assert again.steps == occupancy.steps < Occupancy(16).steps
    for _ in range(60):
        occupancy.update(empty)
    assert occupancy.fraction() < full
