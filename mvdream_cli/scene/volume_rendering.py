"""Volume rendering of a field along rays (NeRF's quadrature, arXiv:2003.08934 eq. 3), with nerfacc's compositing.

Letters in shapes: R rays, N rays that meet something, S samples per ray, K samples that are seen.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from nerfacc import accumulate_along_rays, render_weight_from_density
from torch import Tensor

from mvdream_cli.scene.occupancy import Occupancy
from mvdream_cli.scene.sampling import place_samples
from mvdream_cli.scene.shading import finite_normals


@dataclass
class Samples:
    """The samples that carry color and gradient, flat, for the regularizers."""

    rays: Tensor  # (K,) index into the flattened rays
    t: Tensor  # (K,) distance along the ray
    weights: Tensor  # (K,) share of the pixel, with gradient
    directions: Tensor  # (K, 3)
    normals: Tensor | None  # (K, 3) unit, outward


@dataclass
class Render:
    """What the rays saw; `...` is the shape of the rays. `samples` is None for a render done in chunks."""

    rgb: Tensor  # (..., 3) sRGB over the background; (..., C) of a field that has other channels
    opacity: Tensor  # (...) in [0, 1]
    depth: Tensor  # (...) sum of weight * distance, not divided by opacity
    normals: Tensor | None  # (..., 3) weighted sum of unit normals
    samples: Samples | None


def render(
    field,
    rays_o: Tensor,
    rays_d: Tensor,
    *,
    background: Tensor,
    samples_per_ray: int = 64,
    occupancy: Occupancy | None = None,
    stratified: bool = False,
    with_normals: bool = False,
    normals_of: Callable[..., Tensor] = finite_normals,
    shade: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor] | None = None,
    min_weight: float = 1e-4,
    chunk_rays: int = 32768,
) -> Render:
    """Render rays through the box [-1, 1]^3.

    Args:
        field: `field.density(points)` and `field(points) -> (density, rgb)`, see `scene.field`.
        rays_o, rays_d: (..., 3), rays_d of unit length.
        background: sRGB color, (3,) or (..., 3); carries gradient if it has one. Of a field with C channels (C,) or (..., C).
        samples_per_ray: spread over the occupied part of each ray (the whole box without `occupancy`).
        stratified: jitter the samples, one draw per ray from the global torch generator. For training.
        with_normals: also composite normals.
        normals_of: (field, points (K, 3)) -> unit normals (K, 3), see `scene.shading`.
        shade: (points (K, 3), normals (K, 3), rgb (K, 3), rays (K,)) -> rgb (K, 3), applied to each sample; implies the
            normals. `rays` are indices into the flattened rays.
        min_weight: samples that give a pixel less than this share keep their density, without gradient, and give no
            color. 0 renders every sample.
        chunk_rays: rays at a time when no gradient is wanted; bounds the memory of evaluation renders.
    """
    shape = rays_o.shape[:-1]
    origins, directions = rays_o.reshape(-1, 3), rays_d.reshape(-1, 3)
    channels = background.shape[-1]
    colors = background.expand(*shape, channels).reshape(-1, channels)
    options = {
        "samples_per_ray": samples_per_ray,
        "occupancy": occupancy,
        "stratified": stratified,
        "with_normals": with_normals or shade is not None,
        "normals_of": normals_of,
        "shade": shade,
        "min_weight": min_weight,
    }
    if torch.is_grad_enabled() or len(origins) <= chunk_rays:
        out = _render_flat(field, origins, directions, colors, **options)
    else:
        parts = [
            _render_flat(field, o, d, c, **options)
            for o, d, c in zip(origins.split(chunk_rays), directions.split(chunk_rays), colors.split(chunk_rays))
        ]
        normals = torch.cat([part.normals for part in parts]) if parts[0].normals is not None else None
        rgb, opacity, depth = (torch.cat([getattr(part, name) for part in parts]) for name in ("rgb", "opacity", "depth"))
        out = Render(rgb, opacity, depth, normals, None)
    normals = out.normals.view(*shape, 3) if out.normals is not None else None
    return Render(out.rgb.view(*shape, channels), out.opacity.view(shape), out.depth.view(shape), normals, out.samples)


def _render_flat(
    field, rays_o, rays_d, background, *, samples_per_ray, occupancy, stratified, with_normals, normals_of, shade, min_weight
) -> Render:
    num_rays = len(rays_o)
    rays, t, width = place_samples(rays_o, rays_d, samples_per_ray, occupancy, stratified)
    t_starts, t_ends = t - 0.5 * width, t + 0.5 * width
    points = (rays_o[rays, None] + rays_d[rays, None] * t[..., None]).view(-1, 3)  # (N * S, 3)

    # First a cheap look without gradient: behind a surface and in thin air there is nothing to learn.
    with torch.no_grad():
        density = field.density(points).view(t.shape)
        first_weights, _, _ = render_weight_from_density(t_starts, t_ends, density)
        seen = (first_weights >= min_weight).view(-1).nonzero()[:, 0]  # (K,)

    seen_points = points[seen]
    seen_density, seen_rgb = field(seen_points)
    density = density.view(-1).scatter(0, seen, seen_density).view(t.shape)
    weights, _, _ = render_weight_from_density(t_starts, t_ends, density)  # (N, S)
    seen_weights, seen_t = weights.view(-1)[seen], t.view(-1)[seen]
    seen_rays = rays[torch.div(seen, samples_per_ray, rounding_mode="floor")]

    normals = None
    if with_normals:
        seen_normals = normals_of(field, seen_points)
        normals = accumulate_along_rays(seen_weights, seen_normals, seen_rays, num_rays)
    if shade is not None:
        seen_rgb = shade(seen_points, seen_normals, seen_rgb, seen_rays)
    opacity = weights.new_zeros(num_rays).index_copy(0, rays, weights.sum(-1))
    rgb = accumulate_along_rays(seen_weights, seen_rgb, seen_rays, num_rays) + background * (1.0 - opacity[:, None])
    depth = accumulate_along_rays(seen_weights, seen_t[:, None], seen_rays, num_rays)[:, 0]
    samples = Samples(seen_rays, seen_t, seen_weights, rays_d[seen_rays], seen_normals if with_normals else None)
    return Render(rgb, opacity, depth, normals, samples)
