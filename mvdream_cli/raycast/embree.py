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

from mvdream_cli.raycast.mesh import CLAMP, MIRROR, OPAQUE, REPEAT, Mesh
from mvdream_cli.raycast.paint import linear_to_srgb, srgb_to_linear

_DIFFERENT = 10  # of 255: neighbouring pixels that differ by more are sampled again
_MARGIN_PX = 2
_BLOCK_RAYS = 16384  # temporary arrays of a block stay in the processor's cache
_MOST_LAYERS = 48  # surfaces with opacity that a ray passes; what is behind them is seen as if there were no more
_STEP = 2e-5  # of the distance and of a unit, past a surface that lets a ray through
_SEEN = 1 / 512  # of the light of a pixel: less is nothing


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
class _Layer:
    """A texture on some of the faces: (pixels, wrap) of each, which of them a face has, and where its corner's places lie."""

    textures: list[np.ndarray]
    wraps: list[tuple[str, str]]
    face_texture: np.ndarray
    columns: slice


@dataclass
class Surface:
    """A mesh made ready: its ray-casting scenes and the attributes of the three corners of each face (M, 3, C).

    scene: the opaque faces, None if there are none. solid, clear: which faces of the mesh those of the two scenes are; None for
    all of them in order. clear_scene: faces with opacity, None if there are none.
    """

    scene: object
    vertices: np.ndarray
    corners: np.ndarray
    base: _Layer | None
    solid: np.ndarray | None = None
    clear_scene: object = None
    clear: np.ndarray | None = None
    alpha: int = 0  # column of the opacity
    cutoff: np.ndarray | None = None
    emission: int = 0  # column of the emission's color, 0 for none
    glow: _Layer | None = None

    @staticmethod
    def of(mesh: Mesh, pixels_per_unit: float) -> "Surface":
        vertices = np.ascontiguousarray(mesh.vertices, np.float32)
        faces = np.ascontiguousarray(mesh.faces, np.int32)
        columns = [mesh.normals, mesh.colors]
        where = {}

        def add(name: str, values: np.ndarray) -> slice:
            start = sum(column.shape[1] for column in columns)
            columns.append(values)
            where[name] = slice(start, start + values.shape[1])
            return where[name]

        def layer(name: str, item) -> _Layer | None:
            if not item.textures:
                return None
            place = add(name, item.uv)
            textures = [_fitting_level(mesh, item, k, pixels_per_unit) for k in range(len(item.textures))]
            wraps = item.wraps or [(REPEAT, REPEAT)] * len(textures)
            return _Layer(textures, wraps, item.face_texture, place)

        surface = Surface(None, vertices, np.zeros(0), layer("uv", mesh), cutoff=mesh.cutoff)
        if mesh.emission:
            surface.emission = add("emission", mesh.emission.colors).start
            surface.glow = layer("emission uv", mesh.emission)
        if mesh.cutoff is None or (mesh.cutoff == OPAQUE).all():
            surface.scene = scene_of_faces(vertices, faces)
        else:
            surface.alpha = add("alpha", mesh.alpha[:, None]).start
            surface.solid, surface.clear = (np.flatnonzero(mask) for mask in (mesh.cutoff == OPAQUE, mesh.cutoff != OPAQUE))
            surface.scene = scene_of_faces(vertices, faces[surface.solid]) if len(surface.solid) else None
            surface.clear_scene = scene_of_faces(vertices, faces[surface.clear])
        surface.corners = np.concatenate(columns, axis=1).astype(np.float32)[faces]
        return surface

    def colors(self, face: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Colors (R, 3) without light at places on faces (R,), by weights (R, 3) of their corners."""
        attributes = np.einsum("rk,rkc->rc", weights, self.corners.take(face, 0))
        colors = attributes[:, 3:6]
        return colors if self.base is None else colors * _sample_textures(self.base, face, attributes)[:, :3]


def _pixels_per_unit(c2w: np.ndarray, fovy_deg: np.ndarray, size_px: int) -> float:
    """How many pixels a unit of length at the origin covers, in the nearest view."""
    distance = np.maximum(np.linalg.norm(c2w[:, :3, 3], axis=1), 1e-6)
    return float((0.5 * size_px / np.tan(np.deg2rad(fovy_deg) / 2) / distance).max())


def _fitting_level(mesh: Mesh, item, index: int, pixels_per_unit: float) -> np.ndarray:
    """One texture of the mesh or its emission, reduced until a texel is about as large as a pixel (one mip level an object)."""
    texture = item.textures[index]
    faces = mesh.faces[item.face_texture == index]
    (a, b, c), (p, q, r) = item.uv[faces].transpose(1, 0, 2), mesh.vertices[faces].transpose(1, 0, 2)
    texels = np.abs((b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]))
    texels = texels * texture.shape[0] * texture.shape[1]
    area = np.linalg.norm(np.cross(q - p, r - p), axis=1)
    order = np.argsort(texels / np.maximum(area, 1e-12))
    middle = order[np.searchsorted(np.cumsum(area[order]), 0.5 * area.sum())]  # median over the surface: faces may tile
    density = math.sqrt(texels[middle] / max(area[middle], 1e-12)) / pixels_per_unit  # texels along a pixel
    factor = 2 ** max(0, round(math.log2(max(density, 1.0))))
    factor = min(factor, *texture.shape[:2])
    if factor == 1:
        return texture
    if texture.shape[-1] == 4:  # what is transparent has no say in the color
        return np.asarray(Image.fromarray(texture).convert("RGBa").reduce(factor).convert("RGBA"))
    return np.asarray(Image.fromarray(texture).reduce(factor))


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


def _shade_block(surface: Surface, origin: np.ndarray, directions: np.ndarray, light: Light, rgba: np.ndarray) -> None:
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
    surface: Surface, origins: np.ndarray, directions: np.ndarray, depth: np.ndarray, light: Light, rgba: np.ndarray
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
    factor = shade(light, normal, scale)
    opacity = attributes[:, surface.alpha] if surface.alpha and faces is surface.clear else None
    if surface.base is not None:
        texture = _sample_textures(surface.base, face, attributes)
        color = color * texture[:, :3]
        if opacity is not None:
            opacity = opacity * texture[:, 3]
    shaded = np.ones((len(hit), 4), np.float32)
    np.minimum(color * factor.astype(np.float32)[:, None], 1.0, out=shaded[:, :3])
    if surface.emission:
        glow = attributes[:, surface.emission : surface.emission + 3]
        if surface.glow is not None:
            glow = glow * srgb_to_linear(_sample_textures(surface.glow, face, attributes)[:, :3])
        shining = np.flatnonzero(glow.max(1) > 0)
        shaded[shining, :3] = linear_to_srgb(srgb_to_linear(shaded[shining, :3]) + glow[shining])
    if opacity is not None:
        cutoff = surface.cutoff[face]
        shaded[:, 3] = np.where(cutoff > 0, opacity >= cutoff, np.clip(opacity, 0.0, 1.0))
    return shaded


def shade(light: Light, normal: np.ndarray, scale: np.ndarray | float = 1.0) -> np.ndarray:
    """How bright surfaces with normals (R, 3) times scale (R,), of unit length, are in a light; (R,)."""
    lamp_x, lamp_y, lamp_z = light.direction
    toward = normal[:, 0] * lamp_x + normal[:, 1] * lamp_y + normal[:, 2] * lamp_z
    toward = (toward * scale + light.wrap) / (1.0 + light.wrap)
    return light.ground + light.sky * (0.5 + 0.5 * normal[:, 2] * scale) + light.lamp * np.clip(toward, 0.0, 1.0)


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("rc,rc->r", a, b)


def _sample_textures(layer: _Layer, face: np.ndarray, attributes: np.ndarray) -> np.ndarray:
    """Bilinear texture lookup; (R, 4), ones where a face has no texture. v points up, as trimesh has it."""
    result = np.ones((len(face), 4), np.float32)
    uv, which = attributes[:, layer.columns], layer.face_texture[face]
    for index, (texture, (wrap_u, wrap_v)) in enumerate(zip(layer.textures, layer.wraps)):
        here = np.flatnonzero(which == index)
        if not len(here):
            continue
        height, width, channels = texture.shape
        x, (x0, x1) = _texels(uv[here, 0], width, wrap_u)
        y, (y0, y1) = _texels(1.0 - uv[here, 1], height, wrap_v)
        fx, fy = (x - np.floor(x))[:, None], (y - np.floor(y))[:, None]
        corners = [texture[rows, columns] for rows in (y0, y1) for columns in (x0, x1)]
        if channels == 4:  # what is transparent has no say in the color
            corners = [np.concatenate([c[:, :3] * (c[:, 3:] / 255.0), c[:, 3:]], 1) for c in corners]
        above = corners[0] * (1 - fx) + corners[1] * fx  # of 255
        below = corners[2] * (1 - fx) + corners[3] * fx
        found = (above * (1 - fy) + below * fy) / 255.0
        if channels == 4:
            found[:, :3] /= np.maximum(found[:, 3:], 1e-6)
        result[here, :channels] = found
    return result


def _texels(places: np.ndarray, size: int, wrap: str) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Places along a side in texels from the middle of the first, and the two texels around each."""
    if wrap == CLAMP:
        places = np.clip(places, 0.0, 1.0)
    elif wrap == MIRROR:
        places = 1.0 - np.abs(1.0 - places % 2.0)
    else:
        places = places % 1.0
    x = places * size - 0.5
    first = np.floor(x).astype(np.int64)
    if wrap == REPEAT:
        return x, (first % size, (first + 1) % size)
    return x, (first.clip(0, size - 1), (first + 1).clip(0, size - 1))


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
