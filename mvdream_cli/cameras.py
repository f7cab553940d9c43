"""Cameras: orbits, rays, and the camera vector of the multi-view model.

Convention of the whole project
    World: right-handed, z up. Camera: OpenGL axes (+x right, +y up, looks along -z). `c2w`: camera-to-world, 4x4, whose
    columns are right, up, backward and position. Angles are in degrees.
    Azimuth is MVDream's: 0 is at -y, 90 at +x, counter-clockwise seen from above. Elevation is positive above the horizon.
    The front of an object faces +x and is seen from azimuth 90. Images have row 0 at the top.

Letters in shapes: V views, H W pixels.
"""

import torch
from torch import Tensor

FRONT_AZIMUTH_DEG = 90.0
MIRRORED = (1.0, -1.0, 1.0)  # the world's left and right exchanged; the front stays in front


def orbit(azimuth_deg: Tensor | float, elevation_deg: Tensor | float, distance: Tensor | float = 1.0) -> Tensor:
    """Cameras on a sphere that look at the origin with world z up.

    Args:
        azimuth_deg, elevation_deg: degrees, broadcast against each other, elevation in (-90, 90).
        distance: distance to the origin in world units, broadcast likewise.

    Returns:
        c2w (..., 4, 4), float32.
    """
    azimuth, elevation, distance = torch.broadcast_tensors(
        *(torch.as_tensor(value, dtype=torch.float64) for value in (azimuth_deg, elevation_deg, distance))
    )
    azimuth, elevation = torch.deg2rad(azimuth), torch.deg2rad(elevation)
    sin_a, cos_a, sin_e, cos_e = azimuth.sin(), azimuth.cos(), elevation.sin(), elevation.cos()
    zero = torch.zeros_like(azimuth)
    backward = torch.stack([cos_e * sin_a, -cos_e * cos_a, sin_e], -1)  # (..., 3), from the origin to the camera
    right = torch.stack([cos_a, sin_a, zero], -1)
    up = torch.linalg.cross(backward, right)
    c2w = torch.zeros(*azimuth.shape, 4, 4, dtype=torch.float64)
    c2w[..., :3, 0], c2w[..., :3, 1], c2w[..., :3, 2] = right, up, backward
    c2w[..., :3, 3] = backward * distance[..., None]
    c2w[..., 3, 3] = 1.0
    return c2w.float()


def look_at(position: Tensor, target: Tensor, up: Tensor) -> Tensor:
    """Cameras at `position` that look at `target`, `up` pointing upwards in the picture; all (..., 3). c2w (..., 4, 4)."""
    backward = torch.nn.functional.normalize(position - target, dim=-1)
    right = torch.nn.functional.normalize(torch.linalg.cross(up.expand_as(backward), backward), dim=-1)
    c2w = torch.zeros(*position.shape[:-1], 4, 4, dtype=position.dtype, device=position.device)
    c2w[..., :3, 0], c2w[..., :3, 1], c2w[..., :3, 2] = right, torch.linalg.cross(backward, right), backward
    c2w[..., :3, 3] = position
    c2w[..., 3, 3] = 1.0
    return c2w


def orbit_views(
    num_views: int,
    elevation_deg: float,
    start_azimuth_deg: float = FRONT_AZIMUTH_DEG,
    distance: float = 1.0,
    span_deg: float = 360.0,
) -> Tensor:
    """Cameras evenly around the object, the first at `start_azimuth_deg`, `span_deg` / `num_views` apart; c2w (V, 4, 4)."""
    azimuth_deg = start_azimuth_deg + torch.arange(num_views, dtype=torch.float64) * span_deg / num_views
    return orbit(azimuth_deg, elevation_deg, distance)


def camera_condition(c2w: Tensor) -> Tensor:
    """The model's camera vector: c2w with its translation normalised, flattened row by row. (..., 4, 4) -> (..., 16)."""
    assert c2w.shape[-2:] == (4, 4), c2w.shape
    position = c2w[..., :3, 3:]
    unit = position / (position.norm(dim=-2, keepdim=True) + 1e-8)
    top = torch.cat([c2w[..., :3, :3], unit], -1)
    return torch.cat([top, c2w[..., 3:, :]], -2).flatten(-2)


def mirrored_cameras(c2w: Tensor) -> Tensor:
    """Cameras (..., 4, 4) that see the mirrored world as `c2w` see the world, left and right exchanged in their pictures."""
    world, camera = c2w.new_tensor((*MIRRORED, 1.0)), c2w.new_tensor((-1.0, 1.0, 1.0, 1.0))
    return world[:, None] * c2w * camera


def get_rays(c2w: Tensor, fovy_deg: Tensor | float, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Rays through the pixel centres.

    Args:
        c2w: (..., 4, 4).
        fovy_deg: vertical field of view, scalar or (...), in degrees.

    Returns:
        rays_o, rays_d: (..., H, W, 3) each, rays_d of unit length.
    """
    fovy = torch.deg2rad(torch.as_tensor(fovy_deg, dtype=c2w.dtype, device=c2w.device)).expand(c2w.shape[:-2])
    focal = 0.5 * height / torch.tan(0.5 * fovy)  # (...), pixels
    rows = torch.arange(height, dtype=c2w.dtype, device=c2w.device) + 0.5
    columns = torch.arange(width, dtype=c2w.dtype, device=c2w.device) + 0.5
    y, x = torch.meshgrid(0.5 * height - rows, columns - 0.5 * width, indexing="ij")  # (H, W)
    x, y = x / focal[..., None, None], y / focal[..., None, None]  # (..., H, W)
    directions = torch.stack([x, y, -torch.ones_like(x)], -1)  # (..., H, W, 3), camera axes
    rays_d = torch.einsum("...ij,...hwj->...hwi", c2w[..., :3, :3], directions)
    rays_d = rays_d / rays_d.norm(dim=-1, keepdim=True)
    rays_o = c2w[..., None, None, :3, 3].expand_as(rays_d)
    return rays_o, rays_d
