"""Pictures of meshes: ray casting with Embree, adaptive antialiasing, one soft light that belongs to the world.

The light does not move with the camera, so that all views of an object agree. Shades multiply sRGB values: with the
display curve close to a power law this equals shading in linear light, and base colors stay recognisable.

Letters in shapes: V views, S pixels of a side, R rays that hit, N vertices, M faces, K samples of a pixel.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image

from mvdream_cli.raycast.mesh import Mesh

_DIFFERENT = 10  # of 255: neighbouring pixels that differ by more are sampled again
_MARGIN_PX = 2
_BLOCK_RAYS = 16384  # temporary arrays of a block stay in the processor's cache


@dataclass(frozen=True)
class Light:
    """A bright sky, a ground that reflects a little, and one large soft lamp; factors of the base color.

    direction: unit vector towards the lamp, world axes. A surface that looks away from everything keeps `ground`.
    """

    direction: tuple[float, float, float] = (0.55, -0.45, 0.70)
    ground: float = 0.60
    sky: float = 0.14
    lamp: float = 0.32
    wrap: float = 0.5


def draw_light(rng: np.random.Generator) -> Light:
    """A lamp anywhere around the object, 25 to 65 degrees above the horizon, stronger or weaker."""
    azimuth, elevation = rng.uniform(0, 2 * np.pi), np.deg2rad(rng.uniform(25, 65))
    direction = np.cos(elevation) * np.sin(azimuth), -np.cos(elevation) * np.cos(azimuth), np.sin(elevation)
    lamp = rng.uniform(0.24, 0.36)
    wrap = rng.uniform(0.3, 0.7)
    return Light(tuple(float(x) for x in direction), ground=0.92 - lamp, sky=0.14, lamp=lamp, wrap=wrap)


def render_views(
    mesh: Mesh,
    c2w: np.ndarray,
    fovy_deg: np.ndarray | float,
    size_px: int = 128,
    samples: int = 4,
    light: Light | None = None,
    threads: int = 1,
) -> np.ndarray:
    """Render a mesh from several cameras.

    Each pixel casts one ray through its centre. Pixels whose neighbours differ in coverage or color are replaced by
    the mean of `samples` rays on a fixed pattern; the result there equals full supersampling with that pattern.

    Args:
        mesh: see `assets.Mesh`; both sides of its faces are visible.
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
    surface = Surface.of(mesh, pixels_per_unit=_pixels_per_unit(c2w, fovy_deg, size_px))
    view = partial(_render_view, surface, size_px=size_px, samples=samples, light=light)
    if threads == 1:
        return np.stack([view(pose, fovy) for pose, fovy in zip(c2w, fovy_deg.tolist())])
    with ThreadPoolExecutor(threads) as pool:
        return np.stack(list(pool.map(view, c2w, fovy_deg.tolist())))


def scene_of_faces(vertices: np.ndarray, faces: np.ndarray):
    """Embree's scene of a mesh (N, 3), (M, 3)."""
    from embreex.mesh_construction import TriangleMesh
    from embreex.rtcore_scene import EmbreeScene

    scene = EmbreeScene()
    TriangleMesh(scene, np.ascontiguousarray(vertices, np.float32), np.ascontiguousarray(faces, np.int32))
    return scene


@dataclass
class Surface:
    """A mesh made ready: its ray-casting scene and the attributes of the three corners of each face (M, 3, 6 or 8)."""

    scene: object
    vertices: np.ndarray
    corners: np.ndarray
    face_texture: np.ndarray | None
    textures: list[np.ndarray]

    @staticmethod
    def of(mesh: Mesh, pixels_per_unit: float) -> "Surface":
        vertices = np.ascontiguousarray(mesh.vertices, np.float32)
        faces = np.ascontiguousarray(mesh.faces, np.int32)
        scene = scene_of_faces(vertices, faces)
        columns = [mesh.normals, mesh.colors]
        if mesh.textures:
            columns.append(mesh.uv)
        corners = np.concatenate(columns, axis=1).astype(np.float32)[faces]
        textures = [_fitting_level(mesh, k, pixels_per_unit) for k in range(len(mesh.textures))]
        return Surface(scene, vertices, corners, mesh.face_texture if mesh.textures else None, textures)

    def colors(self, face: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Colors (R, 3) without light at places on faces (R,), by weights (R, 3) of their corners."""
        attributes = np.einsum("rk,rkc->rc", weights, self.corners.take(face, 0))
        return attributes[:, 3:6] * _sample_textures(self, face, attributes[:, 6:8]) if self.textures else attributes[:, 3:6]


def _pixels_per_unit(c2w: np.ndarray, fovy_deg: np.ndarray, size_px: int) -> float:
    """How many pixels a unit of length at the origin covers, in the nearest view."""
    distance = np.maximum(np.linalg.norm(c2w[:, :3, 3], axis=1), 1e-6)
    return float((0.5 * size_px / np.tan(np.deg2rad(fovy_deg) / 2) / distance).max())


def _fitting_level(mesh: Mesh, index: int, pixels_per_unit: float) -> np.ndarray:
    """One texture, uint8 (h, w, 3), reduced until a texel is about as large as a pixel (one mip level an object)."""
    texture = mesh.textures[index]
    faces = mesh.faces[mesh.face_texture == index]
    (a, b, c), (p, q, r) = mesh.uv[faces].transpose(1, 0, 2), mesh.vertices[faces].transpose(1, 0, 2)
    texels = np.abs((b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]))
    texels = texels * texture.shape[0] * texture.shape[1]
    area = np.linalg.norm(np.cross(q - p, r - p), axis=1)
    order = np.argsort(texels / np.maximum(area, 1e-12))
    middle = order[np.searchsorted(np.cumsum(area[order]), 0.5 * area.sum())]  # median over the surface: faces may tile
    density = math.sqrt(texels[middle] / max(area[middle], 1e-12)) / pixels_per_unit  # texels along a pixel
    factor = 2 ** max(0, round(math.log2(max(density, 1.0))))
    factor = min(factor, *texture.shape[:2])
    return texture if factor == 1 else np.asarray(Image.fromarray(texture).reduce(factor))


def _render_view(surface: Surface, c2w: np.ndarray, fovy_deg: float, size_px: int, samples: int, light: Light) -> np.ndarray:
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
        rgba = rgba.reshape(len(edge), samples, 4).sum(1)  # colors are 0 where alpha is 0: premultiplied
        rgba[:, :3] /= np.maximum(rgba[:, 3:], 1.0)
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


def _shade_block(surface: Surface, origin: np.ndarray, directions: np.ndarray, light: Light, rgba: np.ndarray) -> None:
    found = surface.scene.run(np.repeat(origin[None], len(directions), 0), directions, output=True)
    hit = np.flatnonzero(found["primID"] >= 0)
    if not len(hit):
        return
    face = found["primID"].take(hit)
    weights = np.empty((len(hit), 3), np.float32)
    weights[:, 1], weights[:, 2] = found["u"].take(hit), found["v"].take(hit)
    weights[:, 0] = 1.0 - weights[:, 1] - weights[:, 2]
    attributes = np.einsum("rk,rkc->rc", weights, surface.corners.take(face, 0))  # (R, 6 or 8)
    normal, color = attributes[:, :3], attributes[:, 3:6]
    # both sides are visible: turn the normal to the side of the face that the camera sees
    geometric = found["Ng"].take(hit, 0)
    seen = _dot(geometric, directions.take(hit, 0)) * _dot(geometric, normal)
    scale = np.where(seen > 0, -1.0, 1.0) / np.sqrt(np.maximum(_dot(normal, normal), 1e-16))
    factor = shade(light, normal, scale)
    if surface.face_texture is not None:
        color = color * _sample_textures(surface, face, attributes[:, 6:8])
    shaded = np.ones((len(hit), 4), np.float32)
    np.minimum(color * factor.astype(np.float32)[:, None], 1.0, out=shaded[:, :3])
    rgba[hit] = shaded


def shade(light: Light, normal: np.ndarray, scale: np.ndarray | float = 1.0) -> np.ndarray:
    """How bright surfaces with normals (R, 3) times scale (R,), of unit length, are in a light; (R,)."""
    lamp_x, lamp_y, lamp_z = light.direction
    toward = normal[:, 0] * lamp_x + normal[:, 1] * lamp_y + normal[:, 2] * lamp_z
    toward = (toward * scale + light.wrap) / (1.0 + light.wrap)
    return light.ground + light.sky * (0.5 + 0.5 * normal[:, 2] * scale) + light.lamp * np.clip(toward, 0.0, 1.0)


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("rc,rc->r", a, b)


def _sample_textures(surface: Surface, face: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Bilinear, repeating texture lookup; (R, 3), ones where a face has no texture. v points up, as trimesh has it."""
    result = np.ones((len(face), 3), np.float32)
    which = surface.face_texture[face]
    for index, texture in enumerate(surface.textures):
        here = np.flatnonzero(which == index)
        if not len(here):
            continue
        height, width = texture.shape[:2]
        x = (uv[here, 0] % 1.0) * width - 0.5
        y = ((1.0 - uv[here, 1]) % 1.0) * height - 0.5
        x0, y0 = np.floor(x), np.floor(y)
        fx, fy = (x - x0)[:, None], (y - y0)[:, None]
        x0, y0 = x0.astype(np.int64) % width, y0.astype(np.int64) % height
        x1, y1 = (x0 + 1) % width, (y0 + 1) % height
        above = texture[y0, x0] * (1 - fx) + texture[y0, x1] * fx  # of 255
        below = texture[y1, x0] * (1 - fx) + texture[y1, x1] * fx
        result[here] = (above * (1 - fy) + below * fy) / 255.0
    return result


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
