import pytest
import torch

from mvdream_cli.cameras import camera_condition, get_rays, orbit, orbit_views


def test_golden_camera_of_the_official_code():
    expected = [[0, -0.2588, 0.9659, 0.9659], [1, 0, 0, 0], [0, 0.9659, 0.2588, 0.2588], [0, 0, 0, 1]]
    torch.testing.assert_close(orbit(90.0, 15.0), torch.tensor(expected), atol=5e-5, rtol=0)


def test_azimuth_zero_is_at_minus_y_and_grows_counter_clockwise():
    positions = orbit_views(4, elevation_deg=0.0, start_azimuth_deg=0.0)[:, :3, 3]
    expected = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 1, 0], [-1, 0, 0]])
    torch.testing.assert_close(positions, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("elevation_deg", [-40.0, 0.0, 25.0, 80.0])
def test_rotations_are_proper_and_look_at_the_origin(elevation_deg):
    c2w = orbit(torch.linspace(-180, 180, 7), elevation_deg, 2.5)
    turn, position = c2w[:, :3, :3], c2w[:, :3, 3]
    torch.testing.assert_close(turn @ turn.mT, torch.eye(3).expand(7, 3, 3), atol=1e-6, rtol=0)
    torch.testing.assert_close(torch.linalg.det(turn), torch.ones(7))
    torch.testing.assert_close(turn[:, :, 2] * 2.5, position, atol=1e-5, rtol=0)
    assert (turn[:, 2, 1] > 0).all()  # up is up


def test_camera_condition_normalises_a_copy():
    c2w = orbit(90.0, 15.0, 3.0)
    before = c2w.clone()
    condition = camera_condition(c2w)
    torch.testing.assert_close(condition, orbit(90.0, 15.0, 1.0).flatten(), atol=1e-6, rtol=0)
    assert torch.equal(c2w, before)


def test_rays_start_at_the_camera_and_meet_the_picture_plane():
    c2w = orbit(torch.tensor([30.0, 200.0]), 20.0, 2.0)
    rays_o, rays_d = get_rays(c2w, torch.tensor([40.0, 60.0]), 5, 5)
    torch.testing.assert_close(rays_d.norm(dim=-1), torch.ones(2, 5, 5))
    torch.testing.assert_close(rays_d[:, 2, 2], -c2w[:, :3, 2])  # the middle pixel looks at the origin
    torch.testing.assert_close(rays_o[0, 4, 1], c2w[0, :3, 3])
    # the centre of the topmost row lies at 4/5 of the half height, tan(fovy / 2)
    up = (rays_d[1, 0, 2] * c2w[1, :3, 1]).sum() / (rays_d[1, 0, 2] * -c2w[1, :3, 2]).sum()
    torch.testing.assert_close(up, torch.tensor(0.8 * 0.5773503))
    right = (rays_d[0, 2, 4] * c2w[0, :3, 0]).sum()
    assert right > 0
