"""Random cameras from which an object under distillation is looked at."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from mvdream_cli.cameras import FRONT_AZIMUTH_DEG, look_at, orbit


class Cameras(NamedTuple):
    """N cameras, those of a rig contiguous; azimuth as in `cameras`, before any jitter."""

    c2w: Tensor  # (N, 4, 4)
    fovy_deg: Tensor  # (N,)
    azimuth_deg: Tensor  # (N,)
    elevation_deg: Tensor  # (N,)

    def to(self, device) -> "Cameras":
        """Sent without waiting for what the device still has to do."""
        return Cameras(*(part.to(device, non_blocking=True) for part in self))


def draw_random_cameras(
    rigs: int,
    views: int,
    *,
    fovy_deg: tuple[float, float],
    elevation_deg: tuple[float, float],
    distance: tuple[float, float],
    relative_distance: bool = True,
    sphere_probability: float = 0.5,
    position_jitter: float = 0.0,
    target_jitter: float = 0.0,
    up_jitter: float = 0.0,
) -> Cameras:
    """Rigs of evenly spaced cameras, each rig from a random direction (MVDream, section 4.2); `views` 1: independent cameras.

    A rig shares field of view, elevation, distance and jitter: it is moved as one. Of N independent cameras each has an N-th of
    the circle of its own, so that together they look from everywhere. Uses torch's global generator, on the CPU.

    Args:
        fovy_deg, elevation_deg, distance: ranges, drawn evenly.
        relative_distance: `distance` is times tan(fovy / 2), so that the object fills the same part of every picture.
        sphere_probability: that a rig's elevation is drawn evenly over the sphere between the bounds, not evenly in degrees.
            (The reference's code takes the bounds for quantiles there and never looks down from above 19.5.)
        position_jitter: each coordinate of a rig is moved evenly by up to this much (DreamFusion, appendix A.2).
        target_jitter, up_jitter: standard deviations of the point that it looks at, and of its up.
    """

    def uniform(bounds: tuple[float, float]) -> Tensor:
        return bounds[0] + (bounds[1] - bounds[0]) * torch.rand(rigs, 1)

    fovy = uniform(fovy_deg)
    low, high = (math.sin(math.radians(bound)) for bound in elevation_deg)
    on_sphere = torch.rad2deg(torch.asin(uniform((low, high))))
    elevation = torch.where(torch.rand(rigs, 1) < sphere_probability, on_sphere, uniform(elevation_deg))
    radius = uniform(distance)
    if relative_distance:
        radius = radius / torch.tan(torch.deg2rad(fovy) / 2)
    turns = torch.rand(rigs, 1)
    if views == 1:
        turns = (turns + torch.arange(rigs)[:, None]) / rigs
    azimuth = FRONT_AZIMUTH_DEG + (turns + torch.arange(views) / views) * 360.0
    fovy, elevation, radius, azimuth = (x.expand(rigs, views).flatten() for x in (fovy, elevation, radius, azimuth))
    c2w = orbit(azimuth, elevation, radius)
    if position_jitter or target_jitter or up_jitter:
        shift = position_jitter * (2 * torch.rand(rigs, 3) - 1)
        target = target_jitter * torch.randn(rigs, 3)
        up = torch.tensor([0.0, 0.0, 1.0]) + up_jitter * torch.randn(rigs, 3)
        shift, target, up = (x.repeat_interleave(views, 0) for x in (shift, target, up))
        c2w = look_at(c2w[:, :3, 3] + shift, target, up)
    return Cameras(c2w, fovy, azimuth, elevation)
