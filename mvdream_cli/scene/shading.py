"""Light on the object: normals from the density, and the point light of the paper's shaded runs."""

from collections.abc import Callable
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor


@cache
def _tetrahedron(device: torch.device) -> Tensor:
    """Corners (4, 3): four lookups give the gradient of a linear function exactly. Kept: sending them is a wait for the GPU."""
    return torch.tensor([[1.0, -1.0, -1.0], [-1.0, -1.0, 1.0], [-1.0, 1.0, -1.0], [1.0, 1.0, 1.0]], device=device)


def finite_normals(field, points: Tensor, step: float = 0.02) -> Tensor:
    """Unit outward normals (K, 3) at points (K, 3): minus the density's gradient, by differences `step` apart.

    Differences instead of autograd, because `grid_sample` has no second derivative; they carry gradient to the field.
    Uses the density before its activation where the field has it.
    """
    raw_density = getattr(field, "raw_density", field.density)
    corners = _tetrahedron(points.device).to(points.dtype)
    values = raw_density((points[:, None] + step * corners).clamp(-1.0, 1.0))  # (K, 4)
    return F.normalize(-(values[..., None] * corners).sum(1), dim=-1, eps=1e-6)


def analytic_normals(field, points: Tensor) -> Tensor:
    """Unit outward normals (K, 3) at points (K, 3): minus the density's gradient, by autograd, with gradient to the field.

    The field must be twice differentiable, as hash grids are and `grid_sample` is not.
    """
    raw_density = getattr(field, "raw_density", field.density)
    wanted = torch.is_grad_enabled()
    with torch.enable_grad():
        points = points.detach().requires_grad_(True)
        (gradient,) = torch.autograd.grad(raw_density(points).sum(), points, create_graph=wanted)
    return F.normalize(-gradient, dim=-1, eps=1e-6)


def lambertian(lights: Tensor, ambient: float, textureless: bool = False, rays_per_light: int | None = None) -> Callable:
    """A `shade` for `render`: rgb * (ambient + (1 - ambient) * max(0, normal . light)); white albedo if `textureless`.

    Args:
        lights: (L, 3) world positions of point lights, each for `rays_per_light` rays in turn; without it the first
            shines on all.
        ambient: share of light that comes from everywhere, in [0, 1].
    """

    def shade(points: Tensor, normals: Tensor, rgb: Tensor, rays: Tensor) -> Tensor:
        light = lights[0] if rays_per_light is None else lights[torch.div(rays, rays_per_light, rounding_mode="floor")]
        to_light = F.normalize(light - points, dim=-1)
        shading = ambient + (1.0 - ambient) * (normals * to_light).sum(-1, keepdim=True).clamp(min=0.0)
        return shading.expand_as(rgb) if textureless else rgb * shading

    return shade


def random_light(
    positions: Tensor,
    views: int,
    done: float,
    rays_per_camera: int,
    *,
    shading: str,
    unlit_fraction: float,
    albedo_probability: float,
    textureless_probability: float,
    ambient: tuple[float, float],
    distance: tuple[float, float],
    box: float = 1.0,
) -> Callable | None:
    """The `shade` of one step: a lamp near each camera, the same draw for all (MVDream, appendix); None for a step without.

    Args:
        positions: (V, 3) of the cameras; those of a rig of `views` are contiguous.
        done: fraction of the steps that are done; the first `unlit_fraction` have no light.
        shading: "none" or "lambertian".
        albedo_probability: of a step without light later.
        textureless_probability: of a white object in a lit step.
        ambient: range of the light from everywhere, in [0, 1]. distance: range of a lamp's distance from the centre.
        box: half side of the field's box in the units of `positions` and `distance`.
    """
    if shading == "none" or done < unlit_fraction or torch.rand(()).item() < albedo_probability:
        return None
    lights = draw_lights(positions, views, distance)
    from_everywhere = ambient[0] + (ambient[1] - ambient[0]) * torch.rand(()).item()
    return lambertian(lights / box, from_everywhere, torch.rand(()).item() < textureless_probability, rays_per_camera)


def draw_lights(positions: Tensor, views: int, distance: tuple[float, float]) -> Tensor:
    """A point light near each camera (V, 3) -> (V, 3), the same shift for the `views` of a rig (DreamFusion, appendix A.2)."""
    rigs, device = len(positions) // views, positions.device
    shift = torch.randn(rigs, 1, 3, device=device).expand(-1, views, -1).flatten(0, 1)
    radius = distance[0] + (distance[1] - distance[0]) * torch.rand(rigs, 1, device=device).expand(-1, views).flatten()
    return F.normalize(positions + shift, dim=-1) * radius[:, None]
