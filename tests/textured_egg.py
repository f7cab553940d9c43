"""An egg with everything that a mesh can have, made without a field; for the tests of files."""

import numpy as np

from mvdream_cli.mesh.texture import TexturedMesh
from mvdream_cli.mesh.unwrap import Layout

RED, GREEN, BLUE = np.array([230, 26, 26]), np.array([26, 230, 26]), np.array([26, 26, 230])
HALF_AXES = np.float32([0.3, 0.4, 0.5])  # along x, y, z
ROWS, COLUMNS, SIZE_PX = 24, 48, 128


def egg() -> TexturedMesh:
    """Red where it faces +x, green above, blue elsewhere. u goes round it counter-clockwise seen from above, v up.

    Its normal map leans to the north in the upper half, occlusion is dark in the lower, roughness falls along u.
    """
    v, u = np.meshgrid(np.linspace(0, 1, ROWS + 1), np.linspace(0, 1, COLUMNS + 1), indexing="ij")
    on_ball = _on_ball(u.ravel(), v.ravel())
    vertices, shared = np.unique((on_ball * HALF_AXES).round(6), axis=0, return_inverse=True)
    corner = np.arange(len(on_ball)).reshape(ROWS + 1, COLUMNS + 1)
    a, b, c, d = corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1]
    halves = np.stack([np.stack([a, b, c], -1)[1:-1], np.stack([a, c, d], -1)[1:-1]], 2).reshape(-1, 3)
    caps = np.concatenate([np.stack([a, c, d], -1)[0], np.stack([a, b, c], -1)[-1]])  # the poles have triangles
    faces = np.concatenate([halves, caps]).astype(np.int32)
    layout = Layout(shared.reshape(-1).astype(np.int32), faces, np.stack([u, v], -1).reshape(-1, 2).astype(np.float32))
    normals = vertices / HALF_AXES**2
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    east = np.stack([-np.sin(2 * np.pi * u), np.cos(2 * np.pi * u), 0 * u], -1).reshape(-1, 3) * [0.3, 0.4, 1.0]
    east /= np.linalg.norm(east, axis=1, keepdims=True)
    row, column = np.indices((SIZE_PX, SIZE_PX))
    lean = np.where(row[..., None] < SIZE_PX // 2, [128, 200, 230], [128, 128, 255])
    return TexturedMesh(
        vertices=vertices.astype(np.float32),
        faces=shared.reshape(-1)[faces].astype(np.int32),
        normals=normals.astype(np.float32),
        colors=_color(vertices / HALF_AXES),
        layout=layout,
        texture=_color(_on_ball((column + 0.5) / SIZE_PX, 1 - (row + 0.5) / SIZE_PX)),
        normal_map=lean.astype(np.uint8),
        tangents=np.hstack([east, np.ones((len(east), 1))]).astype(np.float32),
        occlusion=np.where(row < SIZE_PX // 2, 255, 100).astype(np.uint8),
        roughness=(255 - column).astype(np.uint8),
        quads=len(halves) // 2,
    )


def _on_ball(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    latitude, longitude = np.pi * (v - 0.5), 2 * np.pi * u
    round_axis = np.cos(latitude)
    return np.stack([round_axis * np.cos(longitude), round_axis * np.sin(longitude), np.sin(latitude)], -1)


def _color(on_ball: np.ndarray) -> np.ndarray:
    x, z = on_ball[..., :1], on_ball[..., 2:]
    red, green = (x > z) & (x > 0.4), (z >= x) & (z > 0.4)
    return np.where(red, RED, np.where(green, GREEN, BLUE)).astype(np.uint8)
