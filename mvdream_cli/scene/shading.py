"""Light on the object: normals from the density, and the point light of the paper's shaded runs."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

# Corners of a tetrahedron: four lookups give the gradient of a linear function exactly.
_TETRAHEDRON = ((1.0, -1.0, -1.0), (-1.0, -1.0, 1.0), (-1.0, 1.0, -1.0), (1.0, 1.0, 1.0))


def finite_normals(field, points: Tensor, step: float = 0.02) -> Tensor:
    """Unit outward normals (K, 3) at points (K, 3): minus the density's gradient, by differences `step` apart.

    Differences instead of autograd, because `grid_sample` has no second derivative; they carry gradient to the field.
    Uses the density before its activation where the field has it.
    """
    raw_density = getattr(field, "raw_density", field.density)
    corners = torch.tensor(_TETRAHEDRON, dtype=points.dtype, device=points.device)  # (4, 3)
    values = raw_density((points[:, None] + step * corners).clamp(-1.0, 1.0))  # (K, 4)
    return F.normalize(-(values[..., None] * corners).sum(1), dim=-1, eps=1e-6)


def lambertian(light_position: Tensor, ambient: float, textureless: bool = False) -> Callable:
    """A `shade` for `render`: rgb * (ambient + (1 - ambient) * max(0, normal . light)); white albedo if `textureless`.

    Args:
        light_position: (3,) world, or anything that broadcasts against the samples.
        ambient: share of light that comes from everywhere, in [0, 1].
    """

    def shade(points: Tensor, normals: Tensor, rgb: Tensor) -> Tensor:
        to_light = F.normalize(light_position - points, dim=-1)
        light = ambient + (1.0 - ambient) * (normals * to_light).sum(-1, keepdim=True).clamp(min=0.0)
        return light.expand_as(rgb) if textureless else rgb * light

    return shade
