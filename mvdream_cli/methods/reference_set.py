"""True pictures that samples are compared with: renders of the very objects that the prompts describe, or any set."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from mvdream_cli.data.sources import AssetSource
from mvdream_cli.data.views import index_views, load
from mvdream_cli.errors import DataError
from mvdream_cli.images import composite, load_image
from mvdream_cli.methods.object_set import GRAY, picture
from mvdream_cli.methods.view_store import ViewStore
from mvdream_cli.raycast.assets import load_asset
from mvdream_cli.raycast.mesh import Mesh

PICTURES = (".png", ".jpg", ".jpeg", ".webp")


def render_true(sources: Sequence[AssetSource], store: ViewStore, num_views: int, size_px: int) -> None:
    """Render the objects that prompts were made from, as the model was shown them."""

    def make(some: list[int]) -> Tensor:
        return torch.stack([picture(mesh_of(sources[k]), num_views, size_px) for k in some])

    store.fill(make, 1, "true renders")


def mesh_of(source: AssetSource) -> Mesh:
    """The mesh of an object, read or built."""
    mesh = source.load() if callable(source.load) else load_asset(source.load)
    return mesh if isinstance(mesh, Mesh) else Mesh.from_part(mesh.vertices, mesh.faces, mesh.colors)


class PictureSet(NamedTuple):
    """`count` objects; `views` reads them one by one, (V, S, S, 3) in [0, 1] each."""

    count: int
    views: Iterator[Tensor]


def read_set(folder: Path, num_views: int | None = None, size_px: int | None = None) -> PictureSet:
    """The pictures of a set, object by object.

    A set is a multi-view set (`mvdream data render`), of whose objects `num_views` evenly spaced views are taken, over middle
    gray; a folder that `mvdream evaluate` left, with its strips in cache/views; or a folder of pictures, each an object of one
    view.

    Args:
        size_px: to which pictures are scaled, so that they can be compared; None keeps a picture as it is.

    Raises:
        DataError: nothing of the kind.
    """
    count, found = 0, iter(())
    if strips := list((folder / "cache" / "views").glob("*.png")):
        count, found = len(strips), ViewStore(folder / "cache" / "views", len(strips)).all()
    elif files := sorted(path for path in folder.glob("*") if path.suffix.lower() in PICTURES):
        count, found = len(files), (_square(load_image(path)) for path in files)
    elif folder.is_dir() and (list(folder.glob("views-*.tar")) or list(folder.glob("*/meta.json"))):
        entries = index_views(folder)
        count, found = len(entries), (_views(entry, num_views) for entry in entries)
    else:
        kinds = ", ".join(PICTURES)
        raise DataError(f"{folder}: holds neither a multi-view set nor views of `mvdream evaluate` nor {kinds} files")
    return PictureSet(count, (views if size_px is None else _scaled(views, size_px) for views in found))


def set_fingerprint(folder: Path) -> str:
    """A short hash of the names, sizes and times of all files of a set; it reads none of them."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    told = [(str(path.relative_to(folder)), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return hashlib.sha256(repr((str(folder.resolve()), told)).encode()).hexdigest()[:16]


def _views(entry, num_views: int | None) -> Tensor:
    count = entry.num_views if num_views is None else min(num_views, entry.num_views)
    rgba = load(entry, [round(k * entry.num_views / count) for k in range(count)])[0]
    return torch.from_numpy(composite(rgba, GRAY)).float()


def _square(rgba) -> Tensor:
    height, width = rgba.shape[:2]
    size = min(height, width)
    top, left = (height - size) // 2, (width - size) // 2
    return torch.from_numpy(composite(rgba[None, top : top + size, left : left + size], GRAY)).float()


def _scaled(views: Tensor, size_px: int) -> Tensor:
    if views.shape[1] == size_px:
        return views
    pixels = views.permute(0, 3, 1, 2)
    scaled = torch.nn.functional.interpolate(pixels, size=(size_px, size_px), mode="bilinear", antialias=True)
    return scaled.permute(0, 2, 3, 1)
