"""Pictures of an exported file from all around, and a page to turn it. The file is shown, not the field behind it."""

import math
from pathlib import Path

import numpy as np
import torch

from mvdream_cli.cameras import FRONT_AZIMUTH_DEG, orbit
from mvdream_cli.images import composite, grid, save_image, save_video, to_uint8
from mvdream_cli.mesh.page import write_index_html
from mvdream_cli.raycast.assets import load_asset, open_scene
from mvdream_cli.raycast.embree import render_views
from mvdream_cli.raycast.light import Light

FOVY_DEG, ELEVATION_DEG, FPS = 35.0, 15.0, 24
AS_PAINTED = Light(ground=1.0, sky=0.0, lamp=0.0)  # the texture holds the light that the field has learnt


def turntable_cameras(vertices: np.ndarray, count: int) -> np.ndarray:
    """Cameras around vertices (N, 3) in world axes that just see all of them, the first from the front; c2w (count, 4, 4)."""
    center = 0.5 * (vertices.min(0) + vertices.max(0))
    radius = float(np.linalg.norm(vertices - center, axis=1).max())
    azimuth_deg = FRONT_AZIMUTH_DEG + torch.arange(count) * 360.0 / count
    c2w = orbit(azimuth_deg, ELEVATION_DEG, 1.04 * radius / math.sin(math.radians(FOVY_DEG) / 2)).numpy()
    c2w[:, :3, 3] += center.astype(np.float32)
    return c2w


def show_object(
    folder: Path,
    glb: Path,
    prompt: str,
    settings: dict,
    views: Path | None = None,
    frames: int = 72,
    size_px: int = 384,
) -> dict[str, Path]:
    """Picture a file: turntable.mp4, turntable.png with eight views, index.html.

    Args:
        views: the sampled views, shown on the page.
        settings: nested mapping for the page's table.
    """
    mesh = load_asset(glb)
    cameras = turntable_cameras(mesh.vertices, frames)
    rendered = render_views(mesh, cameras, FOVY_DEG, size_px, light=AS_PAINTED, threads=torch.get_num_threads())
    pictures = np.stack([to_uint8(composite(frame, 1.0)) for frame in rendered])  # one at a time stays in the cache
    sheet = save_image(folder / "turntable.png", grid(pictures[:: max(1, frames // 8)], 4))
    video = save_video(folder / "turntable.mp4", pictures, FPS)
    page = write_index_html(
        folder / "index.html", prompt=prompt, scene=open_scene(glb), video=video, views=views, settings=settings
    )
    return {"turntable": video, "turntable_sheet": sheet, "page": page}
