"""Rays of an object's views: where a view shows the object its ray has to meet it, elsewhere to miss it.

Where a thin part lies in depth, four views often leave open. At every single point of its ray it is then more likely that
nothing is there, so a network that learns what is likely at points lets it vanish, though all views show it. A ray knows that
it is somewhere.

Letters in shapes: B objects, V views, S pixels, R rays of an object, K samples of a ray.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from mvdream_cli.cameras import get_rays
from mvdream_cli.data.streamed_objects import ObjectBatch
from mvdream_cli.parts import Part
from mvdream_cli.scene.sampling import intersect_box

COARSE, FINE = 32, 8  # samples along a ray, and around the nearest of them
RIM_PX = 4  # pixels to both sides of an outline, of which most rays are
INSIDE, FAR_AWAY = 0.25, 0.02  # how often a ray is one of another pixel that shows the object, or of one that does not
MARGIN = 0.004  # of distance, half the thickness of the thinnest things
OBJECT_FROM, EMPTY_TO = 0.9, 0.05  # alpha; what lies between is of both


def nearest_along(
    at: Callable[[Tensor], tuple[Tensor, Tensor]], batch: ObjectBatch, part: Part, count: int
) -> tuple[Tensor, Tensor]:
    """The smallest signed distance along rays of the views, and what the pixels of these rays show.

    Args:
        at: points (B, P, 3) -> signed distance (B, P) and whatever else.

    Returns:
        The distance (B, R), which has gradients; alpha (B, R) in [0, 1].
    """
    size, device = batch.alpha.shape[-1], batch.alpha.device
    pixels = drawn_pixels(batch.alpha, part.rand("rays", count).to(device, non_blocking=True))
    rays_o, rays_d = (rays.flatten(1, 3) for rays in get_rays(batch.c2w, batch.fovy_deg, size, size))
    rays_o, rays_d = (rays.gather(1, pixels[..., None].expand(-1, -1, 3)) for rays in (rays_o, rays_d))
    near, far = intersect_box(rays_o, rays_d, rays_o.new_tensor([[-0.5] * 3, [0.5] * 3]))
    width = (far - near).clamp(min=0)[..., None] / COARSE
    shift = part.rand("along", count, 1).to(device, non_blocking=True)

    def points(t: Tensor) -> Tensor:
        return (rays_o[..., None, :] + t[..., None] * rays_d[..., None, :]).flatten(1, 2)

    with torch.no_grad():
        t = near[..., None] + (torch.arange(COARSE, device=device) + shift) * width  # (B, R, K)
        nearest = t.gather(-1, at(points(t))[0].view(t.shape).argmin(-1, keepdim=True))
    t = nearest + ((torch.arange(FINE, device=device) + shift) / FINE * 2 - 1) * width
    distance = at(points(t))[0].view(t.shape).amin(-1)
    return distance, batch.alpha.flatten(1).gather(1, pixels)


def drawn_pixels(alpha: Tensor, places: Tensor) -> Tensor:
    """Pixels of an object's views (B, V, S, S), most of them near outlines; (B, R) indices. places: (B, R) in [0, 1)."""
    shown = (alpha > 0.5).float()
    wide, narrow = (F.max_pool2d(x, 2 * RIM_PX + 1, stride=1, padding=RIM_PX) for x in (shown, 1 - shown))
    weights = torch.where(wide * narrow > 0, 1.0, torch.where(shown > 0, INSIDE, FAR_AWAY)).flatten(1)
    edges = weights.double().cumsum(1)
    return torch.searchsorted(edges, places.double() * edges[:, -1:], right=True).clamp(max=weights.shape[1] - 1)


def silhouette_loss(nearest: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    """How far rays are on the wrong side of the surface, in tenths of an object, and the share that are on the right one.

    Args:
        nearest: (B, R), smallest signed distances. alpha: (B, R) of their pixels; those of an outline do not count.
    """
    shown, empty = (alpha > OBJECT_FROM).float(), (alpha < EMPTY_TO).float()
    wrong = shown * F.relu(nearest + MARGIN) + empty * F.relu(MARGIN - nearest)
    right = shown * (nearest < 0) + empty * (nearest > 0)
    counted = (shown + empty).sum().clamp(min=1)
    return wrong.sum() / counted / 0.1, (right.sum() / counted).detach()
