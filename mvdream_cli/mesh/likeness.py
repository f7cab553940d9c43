"""How much a mesh looks like what it was made of."""

from dataclasses import replace

import numpy as np
import torch
from scipy.ndimage import uniform_filter

from mvdream_cli.cameras import get_rays, orbit
from mvdream_cli.mesh.level import device_of
from mvdream_cli.mesh.projection import Pictures
from mvdream_cli.mesh.texture import TexturedMesh
from mvdream_cli.mesh.turntable import AS_PAINTED, asset_of
from mvdream_cli.raycast.embree import render_views
from mvdream_cli.scene.occupancy import Occupancy
from mvdream_cli.scene.volume_rendering import render

ELEVATION_DEG = (15.0, -10.0, 40.0, 15.0)
RAYS = 2  # along the side of a pixel
FOVY_DEG, DISTANCE = 40.0, 3.6
DETAIL_PX = 5  # of 128: a picture may have more detail than the field, over so many pixels
AGREED = 0.08  # of the range of a color: by how much they may differ over that


def around(count: int) -> torch.Tensor:
    """Cameras that see the whole box, (count, 4, 4)."""
    elevation_deg = torch.tensor(ELEVATION_DEG).repeat(count // len(ELEVATION_DEG) + 1)[:count]
    return orbit(torch.arange(count) * 360.0 / count, elevation_deg, DISTANCE)


@torch.no_grad()
def pictures_of_field(
    field, occupancy: Occupancy | None = None, count: int = 4, size_px: int = 128, samples_per_ray: int = 128
) -> Pictures:
    """What a field shows over white from all around; a pixel is the mean of `RAYS` x `RAYS` rays."""
    device = device_of(field)
    c2w = around(count)
    white, shown = torch.ones(3, device=device), []
    for pose in c2w.to(device):
        rays = get_rays(pose[None], FOVY_DEG, RAYS * size_px, RAYS * size_px)
        out = render(field, *rays, background=white, samples_per_ray=samples_per_ray, occupancy=occupancy)
        rgba = torch.cat([out.rgb[0], out.opacity[0, ..., None]], -1).float().cpu()
        shown.append(rgba.view(size_px, RAYS, size_px, RAYS, 4).mean((1, 3)))
    rgba = torch.stack(shown).numpy()
    return Pictures(rgba[..., :3], c2w.numpy(), np.full(count, FOVY_DEG, np.float32), rgba[..., 3] > 0.5)


@torch.no_grad()
def agreeing(pictures: Pictures, field, occupancy: Occupancy | None = None, samples_per_ray: int = 128) -> Pictures:
    """The pictures, with masks of where the field shows the same but for detail: the rest of them is no longer true."""
    device, masks = device_of(field), []
    for image, c2w, fovy_deg, mask in zip(*vars(pictures).values()):
        rays = get_rays(torch.from_numpy(c2w)[None].to(device), float(fovy_deg), *image.shape[:2])
        behind = torch.from_numpy(image)[None].to(device)
        out = render(field, *rays, background=behind, samples_per_ray=samples_per_ray, occupancy=occupancy)
        window = max(3, round(DETAIL_PX * len(image) / 128))
        off = np.abs(uniform_filter(out.rgb[0].cpu().numpy() - image, (window, window, 1))).max(-1)
        masks.append(mask & (off < AGREED) & (out.opacity[0] > 0.5).cpu().numpy())
    return replace(pictures, masks=np.stack(masks))


def over_white(pictures: Pictures) -> Pictures:
    """The pictures with white around the object."""
    return replace(pictures, images=np.where(pictures.masks[..., None], pictures.images, np.float32(1)))


def pictures_of_mesh(mesh: TexturedMesh, count: int = 4, size_px: int = 128) -> Pictures:
    """What a mesh, unlit, shows over white from all around."""
    c2w = around(count).numpy()
    fovy_deg = np.full(count, FOVY_DEG, np.float32)
    rgba = render_views(asset_of(mesh), c2w, fovy_deg, size_px, samples=16, light=AS_PAINTED) / np.float32(255)
    return Pictures(rgba[..., :3] * rgba[..., 3:] + 1.0 - rgba[..., 3:], c2w, fovy_deg, rgba[..., 3] > 0.5)


def likeness(mesh: TexturedMesh, pictures: Pictures) -> dict[str, float]:
    """How the mesh, unlit, agrees with pictures over white: {"psnr_db", "silhouette_iou"}, over all of their pixels."""
    size_px = pictures.images.shape[1]
    rgba = render_views(asset_of(mesh), pictures.c2w, pictures.fovy_deg, size_px, samples=16, light=AS_PAINTED)
    rgba = rgba / np.float32(255)
    error = float(((rgba[..., :3] * rgba[..., 3:] + 1.0 - rgba[..., 3:] - pictures.images) ** 2).mean())
    covered = rgba[..., 3] > 0.5
    overlap = (covered & pictures.masks).sum() / max(1, (covered | pictures.masks).sum())
    return {"psnr_db": round(-10 * float(np.log10(max(error, 1e-10))), 2), "silhouette_iou": round(float(overlap), 4)}


def said_of(facts: dict) -> str:
    """The facts of a mesh in a few words."""
    told = f"{facts['faces']} triangles, {facts['psnr_db']:.1f} dB like what they were made of"
    if "psnr_without_floaters_db" in facts:
        told += f", {facts['psnr_without_floaters_db']:.1f} dB without its floaters"
    return told + (f"; texture: {facts['texture']}" if "texture" in facts else "")
