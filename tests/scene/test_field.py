import torch

from mvdream_cli.scene.field import DenseGridField, MLPField, build_field


def _random_field(resolutions=(6, 11)) -> DenseGridField:
    torch.manual_seed(0)
    field = DenseGridField(resolutions)
    for grid in field.grids:
        torch.nn.init.normal_(grid)
    return field


def test_untouched_field_is_a_grey_blob_of_the_given_radius():
    field = DenseGridField((4,), blob_density=10.0, blob_radius=0.5)
    density, rgb = field(torch.tensor([[0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [0.0, 1.0, 0.0]]))
    torch.testing.assert_close(density, torch.nn.functional.softplus(torch.tensor([10.0, 0.0, -10.0])))
    torch.testing.assert_close(rgb, torch.full((3, 3), 0.5))


def test_grid_nodes_are_indexed_z_y_x_with_the_corners_on_the_box():
    field = DenseGridField((5,), blob_density=0.0, density_scale=1.0, color_scale=1.0)
    with torch.no_grad():
        field.grids[0][0, 0, 2, 2, 4] = 3.0  # x = +1
        field.grids[0][0, 1, 4, 2, 2] = 2.0  # red at z = +1
    points = torch.tensor([[1.0, 0.0, 0.0], [0.75, 0.0, 0.0], [0.0, 0.0, 1.0]])
    torch.testing.assert_close(field.raw_density(points), torch.tensor([3.0, 1.5, 0.0]))
    torch.testing.assert_close(field(points)[1][2], torch.sigmoid(torch.tensor([2.0, 0.0, 0.0])))


def test_density_alone_equals_density_with_color_for_any_shape():
    field, points = _random_field(), torch.rand(3, 4, 5, 3) * 2 - 1
    density, rgb = field(points)
    assert density.shape == (3, 4, 5) and rgb.shape == (3, 4, 5, 3)
    torch.testing.assert_close(field.density(points), density)


def test_the_lookup_does_not_depend_on_the_number_of_threads():
    points, found, threads = torch.rand(101, 3) * 2 - 1, [], torch.get_num_threads()
    for count in (1, 3):
        torch.set_num_threads(count)
        field = _random_field()
        density, rgb = field(points)
        (density.sum() + (rgb * points).sum()).backward()
        found.append([density.detach(), rgb.detach(), *(grid.grad for grid in field.grids)])
    torch.set_num_threads(threads)
    for one, three in zip(*found):
        torch.testing.assert_close(one, three)


def test_field_is_rebuilt_from_its_config_and_state():
    field, points = _random_field(), torch.rand(20, 3) * 2 - 1
    again = build_field(field.config())
    again.load_state_dict(field.state_dict())
    for mine, theirs in zip(field(points), again(points)):
        assert torch.equal(mine, theirs)


def test_the_residual_network_is_a_field():
    torch.manual_seed(0)
    field, points = MLPField(width=32, blocks=2), torch.rand(7, 5, 3) * 2 - 1
    density, rgb = field(points)
    assert density.shape == (7, 5) and rgb.shape == (7, 5, 3) and rgb.min() > 0 and rgb.max() < 1
    torch.testing.assert_close(field.density(points), density)
    assert field.density(torch.zeros(1, 3)) > 5 and field.density(torch.ones(1, 3)) < 0.1  # the blob
    again = build_field(field.config())
    again.load_state_dict(field.state_dict())
    assert torch.equal(again(points)[1], rgb)
    (density.sum() + rgb.sum()).backward()
    assert all(p.grad.abs().max() > 0 for p in field.parameters())
    default = MLPField()
    assert len(default.blocks) == 5 and default.enter.in_features == 48 and default.enter.out_features == 128
