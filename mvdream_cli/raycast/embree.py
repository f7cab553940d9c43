"""Pictures of meshes: ray casting with Embree, adaptive antialiasing, opacity by depth.

Letters in shapes: V views, S pixels of a side, R rays that hit, N vertices, M faces, K samples of a pixel.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from mvdream_cli.raycast.environment import Environment
from mvdream_cli.raycast.light import Light
from mvdream_cli.raycast.mesh import Mesh
from mvdream_cli.raycast.paint import linear_to_srgb, srgb_to_linear
from mvdream_cli.raycast.surface import Surface, sample_textures

_DIFFERENT = 10  # of 255: neighbouring pixels that differ by more are sampled again
_MARGIN_PX = 2
_BLOCK_RAYS = 16384  # temporary arrays of a block stay in the processor's cache
_MOST_LAYERS = 48  # surfaces with opacity that a ray passes; what is behind them is seen as if there were no more
_STEP = 2e-5  # of the distance and of a unit, past a surface that lets a ray through
_SEEN = 1 / 512  # of the light of a pixel: less is nothing


def render_views(
    mesh: Mesh,
    c2w: np.ndarray,
    fovy_deg: np.ndarray | float,
    size_px: int = 128,
    samples: int = 4,
    light: Light | Environment | None = None,
    threads: int = 1,
) -> np.ndarray:
    """Render a mesh from several cameras.

    Each pixel casts one ray through its centre. Pixels whose neighbours differ in coverage or color are replaced by
    the mean of `samples` rays on a fixed pattern; the result there equals full supersampling with that pattern.

    Args:
        mesh: see `mesh.Mesh`; both sides of its faces are visible.
        c2w: (V, 4, 4) camera-to-world, OpenGL axes.
        fovy_deg: (V,) or a scalar, vertical field of view.
        samples: rays for a pixel on an edge; 1 turns antialiasing off.
        threads: views rendered at once; the pictures do not depend on it.

    Returns:
        (V, S, S, 4) uint8, sRGB, straight alpha; color 0 where alpha is 0.
    """
    c2w = np.asarray(c2w, np.float32)
    assert c2w.ndim == 3 and c2w.shape[1:] == (4, 4), c2w.shape
    fovy_deg = np.broadcast_to(np.asarray(fovy_deg, np.float32), len(c2w))
    light = light or Light()
    surface = Surface.of(mesh, pixels_per_unit=_pixels_per_unit(c2w, fovy_deg, size_px), gloss=isinstance(light, Environment))
    view = partial(_render_view, surface, size_px=size_px, samples=samples, light=light)
    if threads == 1:
        return np.stack([view(pose, fovy) for pose, fovy in zip(c2w, fovy_deg.tolist())])
    with ThreadPoolExecutor(threads) as pool:
        return np.stack(list(pool.map(view, c2w, fovy_deg.tolist())))


def _pixels_per_unit(c2w: np.ndarray, fovy_deg: np.ndarray, size_px: int) -> float:
    """How many pixels a unit of length at the origin covers, in the nearest view."""
    distance = np.maximum(np.linalg.norm(c2w[:, :3, 3], axis=1), 1e-6)
    return float((0.5 * size_px / np.tan(np.deg2rad(fovy_deg) / 2) / distance).max())


def _render_view(
    surface: Surface, c2w: np.ndarray, fovy_deg: float, size_px: int, samples: int, light: Light | Environment
) -> np.ndarray:
    image = np.zeros((size_px, size_px, 4), np.uint8)
    focal = 0.5 * size_px / math.tan(math.radians(fovy_deg) / 2)
    top, bottom, left, right = _window(surface.vertices, c2w, focal, size_px)
    if top >= bottom or left >= right:
        return image
    rows, columns = np.mgrid[top:bottom, left:right].reshape(2, -1).astype(np.float32)
    rgba = _shade(surface, rows + 0.5, columns + 0.5, c2w, focal, size_px, light)
    window = image[top:bottom, left:right]
    window[:] = (rgba * 255.0 + 0.5).astype(np.uint8).reshape(window.shape)
    if samples > 1:
        edge = np.flatnonzero(_edges(window))
        offsets = sample_pattern(samples)
        rgba = _shade(
            surface,
            (rows[edge, None] + offsets[:, 0]).reshape(-1),
            (columns[edge, None] + offsets[:, 1]).reshape(-1),
            c2w,
            focal,
            size_px,
            light,
        )
        rgba = rgba.reshape(len(edge), samples, 4)
        if surface.clear_scene is not None:
            rgba[..., :3] *= rgba[..., 3:]  # else alpha is 0 or 1, and colors are 0 where it is 0
        rgba = rgba.sum(1)
        rgba[:, :3] /= np.where(rgba[:, 3:] > 0, rgba[:, 3:], 1.0)
        rgba[:, 3] /= samples
        window[np.divmod(edge, window.shape[1])] = (rgba * 255.0 + 0.5).astype(np.uint8)
    return image


def sample_pattern(samples: int) -> np.ndarray:
    """Positions in a pixel (K, 2) in (0, 1): one in each row and each column of a K x K grid."""
    order = np.argsort(np.argsort((0.25 + np.arange(samples) * 0.6180339887) % 1.0))
    return (np.stack([np.arange(samples), order], axis=1).astype(np.float32) + 0.5) / samples


def _window(vertices: np.ndarray, c2w: np.ndarray, focal: float, size_px: int) -> tuple[int, int, int, int]:
    """The pixels (top, bottom, left, right) that hold the mesh; the whole image if it reaches behind the camera."""
    points = (vertices - c2w[:3, 3]) @ c2w[:3, :3]
    depth = -points[:, 2]
    if depth.min() <= 1e-3:
        return 0, size_px, 0, size_px
    columns = 0.5 * size_px + focal * points[:, 0] / depth
    rows = 0.5 * size_px - focal * points[:, 1] / depth
    low = np.floor([rows.min() - _MARGIN_PX, columns.min() - _MARGIN_PX]).clip(0, size_px).astype(int)
    high = np.ceil([rows.max() + _MARGIN_PX, columns.max() + _MARGIN_PX]).clip(0, size_px).astype(int)
    return low[0], high[0], low[1], high[1]


def _shade(
    surface: Surface, rows: np.ndarray, columns: np.ndarray, c2w: np.ndarray, focal: float, size_px: int, light: Light
) -> np.ndarray:
    """Cast rays through image positions; float32 (rays, 4) RGBA in [0, 1], alpha 0 or 1, color 0 where alpha is 0."""
    rgba = np.zeros((len(rows), 4), np.float32)
    for start in range(0, len(rows), _BLOCK_RAYS):
        block = slice(start, start + _BLOCK_RAYS)
        x, y = (columns[block] - 0.5 * size_px) / focal, (0.5 * size_px - rows[block]) / focal
        directions = np.empty((len(x), 3), np.float32)
        for axis, (right, up, backward) in enumerate(c2w[:3, :3]):
            directions[:, axis] = x * right + y * up - backward
        _shade_block(surface, c2w[:3, 3], directions, light, rgba[block])
    return rgba


def _shade_block(
    surface: Surface, origin: np.ndarray, directions: np.ndarray, light: Light | Environment, rgba: np.ndarray
) -> None:
    origins = np.repeat(origin[None], len(directions), 0)
    depth = np.full(len(directions), np.inf, np.float32)
    if surface.scene is not None:
        found = surface.scene.run(origins, directions, output=True)
        hit = np.flatnonzero(found["primID"] >= 0)
        if len(hit):
            rgba[hit] = _appearance(surface, found, hit, surface.solid, directions, light)
            depth[hit] = found["tfar"].take(hit)
    if surface.clear_scene is not None:
        _look_through(surface, origins, directions, depth, light, rgba)


def _look_through(
    surface: Surface,
    origins: np.ndarray,
    directions: np.ndarray,
    depth: np.ndarray,
    light: Light | Environment,
    rgba: np.ndarray,
) -> None:
    """Put the surfaces with opacity, from the front to the back, over what `rgba` holds at `depth` (R,)."""
    over = np.zeros((len(rgba), 3), np.float32)  # color times opacity of what is passed
    through = np.ones(len(rgba), np.float32)  # light that comes from behind it
    way = np.zeros(len(rgba), np.float32)
    scale = 1.0 / np.linalg.norm(directions, axis=1)  # lengths of rays are in units of their directions
    active = np.arange(len(rgba))
    for _ in range(_MOST_LAYERS):
        start = origins[active] + way[active, None] * directions[active]
        found = surface.clear_scene.run(start, directions[active], output=True)
        reached = way[active] + found["tfar"]
        # what lies on an opaque surface, as a label does, is in front of it
        hit = np.flatnonzero((found["primID"] >= 0) & (reached <= depth[active] * (1 + _STEP) + _STEP * scale[active]))
        if not len(hit):
            break
        looks = _appearance(surface, found, hit, surface.clear, directions[active], light)
        active = active[hit]
        over[active] += (through[active] * looks[:, 3])[:, None] * looks[:, :3]
        through[active] *= 1.0 - looks[:, 3]
        way[active] = reached[hit] * (1 + _STEP) + _STEP * scale[active]
        active = active[through[active] > _SEEN]
        if not len(active):
            break
    through[through <= _SEEN] = 0.0
    color = over + (through * rgba[:, 3])[:, None] * rgba[:, :3]
    alpha = 1.0 - through * (1.0 - rgba[:, 3])
    alpha[alpha < _SEEN] = 0.0
    np.divide(color, alpha[:, None], out=color, where=alpha[:, None] > 0)
    rgba[:, :3] = np.where(alpha[:, None] > 0, np.minimum(color, 1.0), 0.0)
    rgba[:, 3] = alpha


def _appearance(
    surface: Surface, found: dict, hit: np.ndarray, faces: np.ndarray | None, directions: np.ndarray, light: Light
) -> np.ndarray:
    """Colors of what rays hit, lit, and opacity: float32 (R, 4). `faces` are those of the scene, None for all of the mesh."""
    face = found["primID"].take(hit)
    if faces is not None:
        face = faces[face]
    weights = np.empty((len(hit), 3), np.float32)
    weights[:, 1], weights[:, 2] = found["u"].take(hit), found["v"].take(hit)
    weights[:, 0] = 1.0 - weights[:, 1] - weights[:, 2]
    attributes = np.einsum("rk,rkc->rc", weights, surface.corners.take(face, 0))  # (R, C)
    normal, color = attributes[:, :3], attributes[:, 3:6]
    # both sides are visible: turn the normal to the side of the face that the camera sees
    geometric = found["Ng"].take(hit, 0)
    seen = _dot(geometric, directions.take(hit, 0)) * _dot(geometric, normal)
    scale = np.where(seen > 0, -1.0, 1.0) / np.sqrt(np.maximum(_dot(normal, normal), 1e-16))
    opacity = attributes[:, surface.alpha] if surface.alpha and faces is surface.clear else None
    if surface.base is not None:
        texture = sample_textures(surface.base, face, attributes)
        color = color * texture[:, :3]
        if opacity is not None:
            opacity = opacity * texture[:, 3]
    shaded = np.ones((len(hit), 4), np.float32)
    gloss = attributes[:, surface.gloss : surface.gloss + 2] if surface.gloss else None
    np.minimum(light.lit(color, normal, scale, directions.take(hit, 0), gloss), 1.0, out=shaded[:, :3])
    if surface.emission:
        glow = attributes[:, surface.emission : surface.emission + 3]
        if surface.glow is not None:
            glow = glow * srgb_to_linear(sample_textures(surface.glow, face, attributes)[:, :3])
        shining = np.flatnonzero(glow.max(1) > 0)
        shaded[shining, :3] = linear_to_srgb(srgb_to_linear(shaded[shining, :3]) + glow[shining])
    if opacity is not None:
        cutoff = surface.cutoff[face]
        shaded[:, 3] = np.where(cutoff > 0, opacity >= cutoff, np.clip(opacity, 0.0, 1.0))
    return shaded


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("rc,rc->r", a, b)


def _edges(image: np.ndarray) -> np.ndarray:
    """Boolean (h, w): pixels that differ visibly from one of their four neighbours in color or coverage."""
    edge = np.zeros(image.shape[:2], bool)
    for channel in np.moveaxis(image, -1, 0):
        values = channel.astype(np.int16)
        vertical = np.abs(values[1:] - values[:-1]) > _DIFFERENT
        horizontal = np.abs(values[:, 1:] - values[:, :-1]) > _DIFFERENT
        edge[1:] |= vertical
        edge[:-1] |= vertical
        edge[:, 1:] |= horizontal
        edge[:, :-1] |= horizontal
    return edge
