"""What a person gets: the mesh files, and pictures and a page of them."""

import math
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import torch

from mvdream_cli.cameras import FRONT_AZIMUTH_DEG, orbit
from mvdream_cli.images import composite, grid, save_image, save_video, to_uint8
from mvdream_cli.mesh.page import write_index_html
from mvdream_cli.mesh.texture import TexturedMesh
from mvdream_cli.mesh.writers import write_mesh

FOVY_DEG, ELEVATION_DEG, FPS = 35.0, 15.0, 24


def write_formats(mesh: TexturedMesh, folder: Path, formats: Iterable[str]) -> dict[str, Path]:
    """Write mesh.FORMAT for each of the formats, and mesh.glb in any case: turntable and page show that file.

    Returns {"mesh": mesh.glb, "mesh_obj": mesh.obj, ...}.
    """
    made = {"mesh": write_mesh(mesh, folder / "mesh.glb")[0]}
    for name in formats:
        if name != "glb":
            made[f"mesh_{name}"] = write_mesh(mesh, folder / f"mesh.{name}", name)[0]
    return made


def turntable_cameras(glb: Path, count: int) -> np.ndarray:
    """Cameras around the object of a file that just see all of it, the first from its front; c2w (count, 4, 4)."""
    import trimesh

    vertices = trimesh.load_scene(glb).to_geometry().vertices[:, [2, 0, 1]]  # glTF axes to world axes
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
    render: Callable[[np.ndarray, float, int], np.ndarray],
    views: Path | None = None,
    frames: int = 72,
    size_px: int = 384,
) -> dict[str, Path]:
    """Picture an exported file from all around: turntable.mp4, turntable.png with eight views, index.html.

    Args:
        render: (c2w (V, 4, 4), fovy_deg, size_px) -> uint8 (V, S, S, 4) RGBA, straight alpha: the file, rendered.
        views: the sampled views, shown on the page.
        settings: nested mapping for the page's table.
    """
    rendered = render(turntable_cameras(glb, frames), FOVY_DEG, size_px)
    pictures = np.stack([to_uint8(composite(frame, 1.0)) for frame in rendered])  # one at a time stays in the cache
    sheet = save_image(folder / "turntable.png", grid(pictures[:: max(1, frames // 8)], 4))
    video = save_video(folder / "turntable.mp4", pictures, FPS)
    page = write_index_html(folder / "index.html", prompt=prompt, glb=glb, video=video, views=views, settings=settings)
    return {"turntable": video, "turntable_sheet": sheet, "page": page}
