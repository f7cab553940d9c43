"""Do sampled views show one object? A field is fitted to them and asked what it shows in their places.

What no single object can look like, the field cannot show: re-projected views then differ from those that were sampled. And
a view that the field has not seen is guessed from the others; of four views it is a quarter turn away from its neighbors,
so even of true views only a part can be guessed: the bound, true renders, stands beside it.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from mvdream_cli.cameras import get_rays, orbit_views
from mvdream_cli.engine.device import seed_step
from mvdream_cli.errors import ObjectError
from mvdream_cli.methods.text_to_3d import TextTo3D
from mvdream_cli.metrics.consistency import feature_distance, masked_psnr
from mvdream_cli.metrics.networks import FeatureNetwork
from mvdream_cli.parts import Part
from mvdream_cli.scene.fitting import FittedViews, border_color, foreground_mask
from mvdream_cli.scene.volume_rendering import render
from mvdream_cli.settings.to3d import To3D

HELD_OUT = 1  # the second view: a side


class Consistency(NamedTuple):
    """Of one object; NaN where it is empty.

    reprojected, held_out: PSNR in dB where the object is. distance: of the re-projected views, learned; NaN without a network.
    """

    reprojected: float
    held_out: float
    distance: float


def view_consistency(
    images: Tensor, options: To3D, *, steps: int, device, seed: int = 0, network: FeatureNetwork | None = None
) -> Consistency:
    """Fit a field to all views, and another one to all but one.

    Args:
        images: (V, S, S, 3) in [0, 1], evenly around the object.
        options: `to3d.views` says the cameras that the views are taken to have, and `to3d.fit` and `to3d.field` how to fit.
        steps: of each fit.
        network: for the learned distance; none: NaN.
    """
    views = options.views
    distance = views.distance / math.tan(math.radians(views.fovy_deg) / 2)
    c2w = orbit_views(len(images), views.elevation_deg, distance=distance)
    images, masks = images.to(device), foreground_mask(images, border_color(images)).to(device)
    try:
        shown, held = (
            _fit_and_render(images, c2w, options, kept, steps, device, seed)
            for kept in (list(range(len(images))), [k for k in range(len(images)) if k != HELD_OUT])
        )
    except ObjectError:
        return Consistency(math.nan, math.nan, math.nan)
    rgb, opacity = shown
    reprojected = masked_psnr(rgb, images, masks | (opacity > 0.5)).nanmean()
    rgb_held, opacity_held = (part[HELD_OUT : HELD_OUT + 1] for part in held)
    one = slice(HELD_OUT, HELD_OUT + 1)
    held_out = masked_psnr(rgb_held, images[one], masks[one] | (opacity_held > 0.5))[0]
    learned = math.nan
    if network is not None:
        learned = float(feature_distance(network.of(rgb)[0], network.of(images)[0]).mean())
    return Consistency(float(reprojected), float(held_out), learned)


def other_object(images: Tensor, others: Tensor, network: FeatureNetwork | None = None) -> Consistency:
    """The floor: views (V, S, S, 3) of another object in the places of what a field would show."""
    masks = foreground_mask(images, border_color(images)) | foreground_mask(others, border_color(others))
    found = masked_psnr(others, images, masks)
    learned = float(feature_distance(network.of(others)[0], network.of(images)[0]).mean()) if network else math.nan
    return Consistency(float(found.nanmean()), float(found[HELD_OUT]), learned)


def _fit_and_render(
    images: Tensor, c2w: Tensor, options: To3D, kept: list[int], steps: int, device, seed: int
) -> tuple[Tensor, Tensor]:
    """Colors (V, S, S, 3) and opacities (V, S, S) from all cameras, of a field fitted to the views `kept`.

    It may be fog: the question is whether anything shows all views, not whether it has a surface.
    """
    fit = options.fit.model_copy(update={"steps": steps, "depth_variance": 0.0})
    options = options.model_copy(update={"fit": fit})
    fitted = FittedViews(
        images[kept], c2w[kept], options.views.fovy_deg, background_weight=fit.background_weight, rim_px=fit.rim_px
    )
    seed_step(seed, -1)
    making = TextTo3D(options, None, fitted, device=device, seed=seed)
    method = making.method(None)
    rates = [group["lr"] for group in method.optimizer.param_groups]
    for i in range(steps):
        seed_step(seed, i)
        for group, rate in zip(method.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * method.lr_scale(i, i)
        loss, _ = method.step(i, Part())
        method.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        method.optimizer.step()
    making.occupancy.update(making.field)
    rays_o, rays_d = get_rays(c2w.to(device), options.views.fovy_deg, *images.shape[1:3])
    look = {"samples_per_ray": making.samples_per_ray, "occupancy": making.occupancy}
    with torch.no_grad():
        shown = [
            render(making.field, origins, directions, background=background, **look)
            for origins, directions, background in zip(rays_o, rays_d, border_color(images))
        ]
    return torch.stack([out.rgb for out in shown]).clamp(0, 1), torch.stack([out.opacity for out in shown])
