"""A field of latents against its definition, and in a box of another size."""

import torch
import torch.nn.functional as F

from mvdream_cli.cameras import get_rays, orbit_views
from mvdream_cli.scene.background import LatentBackground
from mvdream_cli.scene.field import build_field
from mvdream_cli.scene.volume_rendering import render
from mvdream_cli.scene.voxel_field import InLatents, VoxelField


def field(channels=4, resolution=5) -> VoxelField:
    torch.manual_seed(0)
    made = VoxelField(channels, resolution)
    with torch.no_grad():
        made.grid[:, 0] = torch.randn(resolution, resolution, resolution)
        made.log_scale.fill_(0.3)
        made.colors.copy_(0.2 * torch.randn(channels + 1, 3))
    return made


def test_voxels_hold_numbers_at_their_centres_and_between_them_linear():
    made, centre = field(), (torch.arange(5) + 0.5) * 2 / 5 - 1
    at = torch.stack([centre[3], centre[1], centre[4]])  # x, y, z: the last index is x
    between = at + torch.tensor([0.1, 0.0, 0.0])  # a quarter of the way to the next voxel in x
    values = made.grid[0, :, 4, 1, 3], 0.75 * made.grid[0, :, 4, 1, 3] + 0.25 * made.grid[0, :, 4, 1, 4]
    for point, value in zip((at, between), values):
        density, latents = made.latents(point[None])
        torch.testing.assert_close(latents[0], value[1:])
        torch.testing.assert_close(density[0], F.softplus(value[0] * torch.tensor(0.3).exp() - 1.0))
        torch.testing.assert_close(made.density(point[None]), density)
        torch.testing.assert_close(F.softplus(made.raw_density(point[None])), density)


def test_colors_are_the_linear_map_of_the_latents():
    made, points = field(), torch.rand(7, 2, 3) * 2 - 1
    density, rgb = made(points)
    again, latents = made.latents(points)
    assert torch.equal(density, again) and rgb.shape == (7, 2, 3) and latents.shape == (7, 2, 4)
    with_one = torch.cat([latents, torch.ones(7, 2, 1)], -1)
    torch.testing.assert_close(rgb, (with_one @ made.colors).clamp(0, 1))


def test_an_untouched_field_is_thin_and_comes_back_from_its_config():
    torch.manual_seed(0)
    fresh = VoxelField(3, 6)
    torch.testing.assert_close(fresh.density(torch.zeros(1, 3)), F.softplus(torch.tensor([-1.0])))
    again = build_field(fresh.config())
    again.load_state_dict(fresh.state_dict())
    points = torch.rand(9, 3) * 2 - 1
    assert all(torch.equal(a, b) for a, b in zip(fresh(points), again(points)))


def test_latents_are_rendered_with_the_same_weights_as_colors():
    """One channel of latents at a time, through the renderer's three channels of color."""
    made = field(channels=3)
    made.colors.copy_(torch.cat([torch.eye(3), torch.zeros(1, 3)]))  # colors are the latents
    with torch.no_grad():
        made.grid[:, 1:].uniform_(0, 1)
    rays = get_rays(orbit_views(2, 10.0, distance=3.0), 70.0, 8, 8)
    options = {"samples_per_ray": 32, "min_weight": 0.0}
    background = torch.rand(3)
    colors = render(made, *rays, background=background, **options)
    latents = render(InLatents(made), *rays, background=background, **options)
    torch.testing.assert_close(latents.opacity, colors.opacity)
    torch.testing.assert_close(latents.rgb, colors.rgb, atol=1e-2, rtol=0)  # but for colors cut at 0 and 1 near the box's sides
    wide = field(channels=5)
    out = render(InLatents(wide), *rays, background=torch.arange(5.0), **options)
    assert out.rgb.shape == (2, 8, 8, 5) and out.depth.shape == (2, 8, 8)
    missed = out.opacity == 0
    assert missed.any() and torch.equal(out.rgb[missed][0], torch.arange(5.0))
    out.rgb.sum().backward()
    assert wide.grid.grad.abs().max() > 0 and wide.log_scale.grad is not None


def test_the_surroundings_are_a_picture_around_the_poles():
    around = LatentBackground(4, size=4)
    up, down = around(torch.tensor([[0.0, 0.0, 1.0], [0.0, 0.0, -1.0]]))
    assert not torch.allclose(up, down)
    rows = torch.stack([around.texture[0, :, 0], around.texture[0, :, 3]])  # (2, C, 4)
    for found, row in zip((up, down), rows):
        lowest, highest = row.min(-1).values, row.max(-1).values
        assert (found >= lowest - 1e-5).all() and (found <= highest + 1e-5).all()
    assert around(torch.randn(2, 3, 3)).shape == (2, 3, 4)


def test_a_field_in_a_larger_box_absorbs_the_same_light():
    """The same rays in the units of a box of half side 2, by hand, and through `ScaledField` in the box from -1 to 1."""
    torch.manual_seed(0)
    scaled = build_field({"kind": "hash_grid", "box": 2.0, "blob_radius": 0.25, "grid": {"levels": 3, "log2_table": 8}})
    inner = scaled.inner

    class InUnits:  # of the larger box: a point is twice as far, a density half as large as in the small one
        density = staticmethod(lambda points: inner.density(points / 2))

    points = torch.rand(64, 3) * 4 - 2
    blob = 10.0 * (1 - points.norm(dim=-1) / 0.5)  # blob_radius 0.5 in its units
    rest = inner.density_net(inner.grid(points / 4 + 0.5))[:, 0]
    torch.testing.assert_close(InUnits.density(points), F.softplus(rest + blob), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(scaled.density(points / 2) * 0.5, InUnits.density(points))  # length 0.5 here is 1 there
    again = build_field(scaled.config())
    again.load_state_dict(scaled.state_dict())
    assert scaled.config()["box"] == 2 and torch.equal(again(points / 2)[1], scaled(points / 2)[1])
    assert scaled.grid_parameters() == inner.grid_parameters()
