"""One object of a multi-view set: its pictures, and the identity of all that they are made from."""

import hashlib
from dataclasses import asdict, dataclass, replace

import numpy as np

from mvdream_cli.cameras import orbit
from mvdream_cli.data.sources import AssetSource
from mvdream_cli.data.training_cameras import CameraDistribution, draw_training_cameras, object_rng, whole_distance
from mvdream_cli.data.training_lights import LightDistribution, draw_training_light
from mvdream_cli.data.views import encode_object
from mvdream_cli.errors import DataError
from mvdream_cli.raycast.assets import load_asset
from mvdream_cli.raycast.embree import render_views
from mvdream_cli.raycast.mesh import Mesh
from mvdream_cli.raycast.points import POINTS_VERSION, Points, draw_points

# Raise one with any change after which the same asset and settings give other pictures; kept ones are then rendered again.
RENDERING_VERSION = 3  # of assets in files: 3 since their opacity, emission, skins and places of textures are read
BUILT_VERSION = 2  # of meshes that are built, such as those of the toybox


@dataclass(frozen=True)
class RenderSettings:
    """What all objects of a set share."""

    num_views: int
    size_px: int
    samples: int
    seed: int
    cameras: CameraDistribution
    points: int = 0
    light: LightDistribution = LightDistribution()

    def described(self) -> dict:
        """What decides the files of an object; sets without points or skies are what they were before there were any."""
        values = asdict(replace(self, light=LightDistribution()))
        points, _ = values.pop("points"), values.pop("light")
        return values | self.light.described() | ({"points": points, "points_version": POINTS_VERSION} if points else {})


def object_identity(source: AssetSource, settings: RenderSettings) -> str:
    """sha256 hex over all that the files of `render_object` are made from: the asset's contents, the settings, the law."""
    return _digest(source, source.identity(), settings)


def object_stamp(source: AssetSource, settings: RenderSettings) -> str:
    """As `object_identity`, without reading the asset: by sizes and times of its files."""
    return _digest(source, source.stamp(), settings)


def _digest(source: AssetSource, contents: str, settings: RenderSettings) -> str:
    version = BUILT_VERSION if callable(source.load) else RENDERING_VERSION
    return hashlib.sha256(repr((version, contents, settings.described())).encode()).hexdigest()


def render_object(source: AssetSource, identity: str, settings: RenderSettings) -> dict[str, bytes]:
    """Render one source with its own cameras and light; the files of `views.encode_object`.

    Args:
        identity: its `object_identity`, which the meta file carries.

    Raises:
        DataError: the asset cannot be read, or shows nothing.
    """
    rng = object_rng(settings.seed, source.id)
    azimuth_deg, elevation_deg, fovy_deg, distance = draw_training_cameras(rng, settings.num_views, settings.cameras)
    mesh = mesh_of(source)
    c2w, rgba, points = pictures_of(
        replace(source, load=lambda: mesh), rng, azimuth_deg, elevation_deg, fovy_deg, distance,
        size_px=settings.size_px, samples=settings.samples, points=settings.points, law=settings.light,
    )  # fmt: skip
    meta = {
        "id": source.id,
        "caption": source.caption,
        "size_px": settings.size_px,
        "c2w": c2w.tolist(),
        "fovy_deg": [fovy_deg] * settings.num_views,
        "elevation_deg": [elevation_deg] * settings.num_views,
        "azimuth_deg": azimuth_deg.tolist(),
        **source.about,
        **({"losses": list(mesh.losses)} if mesh.losses else {}),
        "identity": identity,
    }
    return encode_object(rgba, meta, points)


def mesh_of(source: AssetSource) -> Mesh:
    """The mesh of a source, read or built, not yet normalised.

    Raises:
        DataError: the asset cannot be read.
    """
    mesh = source.load() if callable(source.load) else load_asset(source.load)
    return mesh if isinstance(mesh, Mesh) else Mesh.from_part(mesh.vertices, mesh.faces, mesh.colors)


def pictures_of(
    source: AssetSource,
    rng: np.random.Generator,
    azimuth_deg: np.ndarray,
    elevation_deg: float,
    fovy_deg: float,
    distance: float,
    *,
    size_px: int,
    samples: int,
    points: int = 0,
    law: LightDistribution = LightDistribution(),
) -> tuple[np.ndarray, np.ndarray, Points | None]:
    """Views of one source, all from one distance: farther away than asked for where a view would cut something off.

    Args:
        rng: draws the light by its law, then the points.
        azimuth_deg: (V,).
        points: how many; 0: none.

    Returns:
        c2w (V, 4, 4) float32, rgba (V, S, S, 4) uint8, and what is true of the object at points, in the views' light.

    Raises:
        DataError: the asset cannot be read, or shows nothing.
    """
    mesh = mesh_of(source).normalise()
    light = draw_training_light(rng, law)
    used = mesh.vertices[np.unique(mesh.faces)]
    distance = max(distance, whole_distance(used, azimuth_deg, elevation_deg, fovy_deg))
    c2w = orbit(azimuth_deg, elevation_deg, distance).numpy()
    rgba = render_views(mesh, c2w, fovy_deg, size_px, samples, light)
    if not rgba[..., 3].any():
        raise DataError(f"{source.id}: no view shows anything; the mesh is too thin to be seen")
    return c2w, rgba, draw_points(mesh, light, points, rng) if points else None
