"""Pictures of an exported file from all around. The file is shown, not the field behind it."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from mvdream_cli.cameras import FRONT_AZIMUTH_DEG, orbit
from mvdream_cli.images import composite, grid, save_image, to_uint8
from mvdream_cli.mesh.passes import FormPasses
from mvdream_cli.mesh.texture import TexturedMesh
from mvdream_cli.raycast.embree import render_views
from mvdream_cli.raycast.light import Light
from mvdream_cli.raycast.mesh import Mesh
from mvdream_cli.videos import save_video

FOVY_DEG, ELEVATION_DEG, SHEET_VIEWS = 35.0, 15.0, 8
AS_PAINTED = Light(ground=1.0, sky=0.0, lamp=0.0)  # the texture holds the light that the field has learnt
PASSES = ("shaded", "normal", "depth")


def turntable_cameras(vertices: np.ndarray, count: int, elevation_deg: float = ELEVATION_DEG) -> np.ndarray:
    """Cameras around vertices (N, 3) in world axes that just see all of them, the first from the front; c2w (count, 4, 4)."""
    center = 0.5 * (vertices.min(0) + vertices.max(0))
    radius = float(np.linalg.norm(vertices - center, axis=1).max())
    azimuth_deg = FRONT_AZIMUTH_DEG + torch.arange(count) * 360.0 / count
    c2w = orbit(azimuth_deg, elevation_deg, 1.04 * radius / math.sin(math.radians(FOVY_DEG) / 2)).numpy()
    c2w[:, :3, 3] += center.astype(np.float32)
    return c2w


def render_passes(mesh: Mesh, c2w: np.ndarray, size_px: int, passes: Sequence[str]) -> dict[str, np.ndarray]:
    """Each pass from each camera (V, 4, 4), over white: name -> uint8 (V, S, S, 3)."""
    rendered = render_views(mesh, c2w, FOVY_DEG, size_px, light=AS_PAINTED, threads=torch.get_num_threads())
    form = FormPasses(mesh) if {"normal", "depth"} & set(passes) else None
    made: dict[str, list[np.ndarray]] = {name: [] for name in passes}
    for frame, pose in zip(rendered, c2w):  # one at a time stays in the cache
        pictures = {"shaded": composite(frame, 1.0)}
        if form is not None:
            pictures |= form.look(pose, FOVY_DEG, frame[..., 3] / 255.0)
        for name in passes:
            made[name].append(to_uint8(pictures[name]))
    return {name: np.stack(frames) for name, frames in made.items()}


def asset_of(mesh: TexturedMesh) -> Mesh:
    """The mesh as `load_asset` would read it from a file of its own."""
    if mesh.layout is None:
        return Mesh(mesh.vertices, mesh.faces, mesh.normals, mesh.colors.astype(np.float32) / 255.0)
    index, faces = mesh.layout.vertices, mesh.layout.faces.astype(np.int32)
    white, all_of_it = np.ones((len(index), 3), np.float32), np.zeros(len(faces), np.int32)
    uv = mesh.layout.uv.astype(np.float32)
    return Mesh(mesh.vertices[index], faces, mesh.normals[index], white, uv, [mesh.texture], all_of_it)


def write_sheet(path: Path, mesh: Mesh, size_px: int = 384, elevation_deg: float = ELEVATION_DEG) -> Path:
    """Write eight views of a mesh, the first from the front, in two rows."""
    c2w = turntable_cameras(mesh.vertices, SHEET_VIEWS, elevation_deg)
    return save_image(path, grid(render_passes(mesh, c2w, size_px, ["shaded"])["shaded"], SHEET_VIEWS // 2))


def write_films(
    stem: Path,
    mesh: Mesh,
    *,
    formats: Sequence[str] = ("mp4",),
    passes: Sequence[str] = PASSES,
    frames: int = 72,
    size_px: int = 384,
    fps: int = 24,
    elevation_deg: float = ELEVATION_DEG,
) -> dict[str, Path]:
    """Write films of a mesh that turns once, its passes side by side: {"turntable": the first of them, "turntable_gif": ...}.

    Args:
        stem: of the files, such as RUN/turntable. formats: mp4, gif, webp; none: no film. passes: see `PASSES`.
        frames: of one turn. size_px: side of one pass.

    Raises:
        VideoError: a film could not be written.
    """
    if not formats:
        return {}
    seen = render_passes(mesh, turntable_cameras(mesh.vertices, frames, elevation_deg), size_px, passes)
    film = np.concatenate([seen[name] for name in passes], axis=2)
    made = {name: save_video(stem.with_name(f"{stem.name}.{name}"), film, fps) for name in formats}
    return {"turntable" if name == formats[0] else f"turntable_{name}": path for name, path in made.items()}
