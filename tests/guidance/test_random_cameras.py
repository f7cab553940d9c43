import math

import torch

from mvdream_cli.guidance.random_cameras import draw_random_cameras

RANGES = {"fovy_deg": (15.0, 60.0), "elevation_deg": (0.0, 30.0), "distance": (0.8, 1.0)}


def test_a_rig_has_orthogonal_cameras_that_share_all_but_azimuth():
    torch.manual_seed(0)
    cameras = draw_random_cameras(50, 4, **RANGES)
    azimuth, elevation, fovy = (x.view(50, 4) for x in (cameras.azimuth_deg, cameras.elevation_deg, cameras.fovy_deg))
    torch.testing.assert_close(azimuth.diff(dim=1), torch.full((50, 3), 90.0))
    assert (elevation == elevation[:, :1]).all() and (fovy == fovy[:, :1]).all()
    assert fovy.min() >= 15 and fovy.max() <= 60 and elevation.min() >= 0 and elevation.max() <= 30
    position = cameras.c2w[:, :3, 3].view(50, 4, 3)
    flat = torch.nn.functional.normalize(position[..., :2], dim=-1)
    assert (flat * flat.roll(1, 1)).sum(-1).abs().max() < 1e-4
    relative = position.norm(dim=-1) * torch.tan(torch.deg2rad(fovy) / 2)
    assert relative.min() >= 0.8 - 1e-5 and relative.max() <= 1 + 1e-5


def test_elevations_even_over_the_sphere_reach_the_upper_bound():
    torch.manual_seed(0)
    elevation = draw_random_cameras(4000, 1, **RANGES | {"elevation_deg": (0.0, 60.0)}, sphere_probability=1.0).elevation_deg
    sines = torch.sin(torch.deg2rad(elevation)) / math.sin(math.radians(60.0))
    assert sines.max() > 0.99 and abs(sines.mean() - 0.5) < 0.02 and abs(sines.std() - 12**-0.5) < 0.02


def test_jitter_moves_the_camera_and_keeps_it_a_rotation():
    torch.manual_seed(0)
    straight = draw_random_cameras(20, 1, **RANGES, relative_distance=False).c2w
    torch.manual_seed(0)
    shifted = draw_random_cameras(
        20, 1, **RANGES, relative_distance=False, position_jitter=0.1, target_jitter=0.2, up_jitter=0.02
    ).c2w
    moved = (shifted - straight)[:, :3, 3].abs()
    assert 0 < moved.max() <= 0.1 + 1e-6
    rotation = shifted[:, :3, :3]
    torch.testing.assert_close(rotation @ rotation.mT, torch.eye(3).expand(20, 3, 3), atol=1e-5, rtol=0)
    assert (torch.linalg.det(rotation) > 0).all()
    torch.manual_seed(0)
    unmoved = draw_random_cameras(20, 1, **RANGES, relative_distance=False, up_jitter=1e-9).c2w  # look_at against orbit
    torch.testing.assert_close(unmoved, straight, atol=1e-5, rtol=0)


def test_jitter_is_one_shift_for_the_cameras_of_a_rig():
    jitter = {"position_jitter": 0.1, "target_jitter": 0.2, "up_jitter": 0.02}
    torch.manual_seed(0)
    straight = draw_random_cameras(6, 4, **RANGES, relative_distance=False).c2w[:, :3, 3].view(6, 4, 3)
    torch.manual_seed(0)
    c2w = draw_random_cameras(6, 4, **RANGES, relative_distance=False, **jitter).c2w.view(6, 4, 4, 4)
    shift = c2w[..., :3, 3] - straight
    torch.testing.assert_close(shift, shift[:, :1].expand_as(shift), atol=1e-6, rtol=0)
    assert len({tuple(row) for row in shift[:, 0].round(decimals=4).tolist()}) == 6
    # all four look at one point: the one that is nearest to their four lines of sight
    origin, backward = c2w[..., :3, 3], c2w[..., :3, 2]
    across = torch.eye(3) - backward[..., :, None] * backward[..., None, :]  # (6, 4, 3, 3)
    target = torch.linalg.solve(across.sum(1), (across @ origin[..., None]).sum(1))[..., 0]
    distance = (across @ (target[:, None] - origin)[..., None])[..., 0].norm(dim=-1)
    assert distance.max() < 1e-4 and 0.05 < target.norm(dim=-1).mean() < 1


def test_independent_cameras_look_from_everywhere():
    """Each has its own part of the circle, and any place in it."""
    torch.manual_seed(0)
    azimuth = torch.stack([draw_random_cameras(4, 1, **RANGES).azimuth_deg for _ in range(200)])
    quarter = (azimuth - 90) / 90
    assert (quarter.floor() == torch.arange(4)).all()
    assert quarter.frac().min() < 0.05 and quarter.frac().max() > 0.95
