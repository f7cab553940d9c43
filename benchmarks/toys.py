"""Toybox objects as the embedded model was shown them: the measure for what it makes."""

import numpy as np
import torch

from mvdream_cli.cameras import orbit_views
from mvdream_cli.images import composite
from mvdream_cli.raycast.embree import render_views
from mvdream_cli.raycast.mesh import Mesh
from mvdream_toybox.world import Spec, build

FOVY_DEG, ELEVATION_DEG, SIZE_PX = 37.5, 15.0, 128  # the middle of mini's training cameras
RADIUS = 0.5 * 1.2 / np.tan(np.deg2rad(FOVY_DEG / 2))


def mesh_of(spec: Spec) -> Mesh:
    part = build(spec)
    return Mesh.from_part(part.vertices, part.faces, part.colors).normalise()


def pictures(mesh: Mesh, c2w: np.ndarray, background=0.5) -> torch.Tensor:
    """(V, H, W, 3) in [0, 1] over a gray or a color."""
    return torch.from_numpy(composite(render_views(mesh, c2w, FOVY_DEG, SIZE_PX), background)).float()


def around(mesh: Mesh, views: int = 8) -> torch.Tensor:
    """From evenly spaced directions, the front first, over middle gray; (V, H, W, 3)."""
    return pictures(mesh, orbit_views(views, ELEVATION_DEG, distance=RADIUS).numpy())
