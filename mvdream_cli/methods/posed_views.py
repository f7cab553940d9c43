"""Views with their cameras: those that were sampled, or pictures of one's own in the form that `sample-views` writes."""

import hashlib
import json
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mvdream_cli.cameras import orbit_views
from mvdream_cli.doors import read_json
from mvdream_cli.errors import DataError
from mvdream_cli.hashes import checksum
from mvdream_cli.images import load_image
from mvdream_cli.scene.fitting import border_color, foreground_mask
from mvdream_cli.settings.to3d import SampledViews

CAMERAS = "cameras.json"
GRAY = 0.5  # behind the object, as in training pictures
FEWEST = 2
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


class PosedViews(NamedTuple):
    """images (V, S, S, 3) in [0, 1], c2w (V, 4, 4), fovy_deg (V,), of a world whose object lies in [-1, 1]^3.

    masks: where the object is, (V, S, S) bool.
    """

    images: Tensor
    c2w: Tensor
    fovy_deg: Tensor
    masks: Tensor

    def to(self, device: torch.device) -> "PosedViews":
        return PosedViews(*(part.to(device) for part in self))


def sampled_views(images: Tensor, options: SampledViews) -> PosedViews:
    """Sampled views (V, H, W, 3) with the cameras that the settings take them to have."""
    c2w = orbit_views(len(images), options.elevation_deg, distance=_distance(options))
    fovy_deg = torch.full((len(images),), options.fovy_deg)
    return PosedViews(images, c2w, fovy_deg, foreground_mask(images, border_color(images)))


def read_posed_views(folder: Path, options: SampledViews) -> PosedViews:
    """Pictures and their cameras: cameras.json, and PNG, JPEG or WebP files.

    cameras.json is an object with
        c2w         a 4x4 camera-to-world matrix for each picture: world z up, OpenGL camera axes, front at +x
        fovy_deg    vertical field of view, one or one for each; without it, `c2w` only says from where a camera looks: field of
                    view and distance are those of the settings
        images      names of the pictures, in the order of `c2w`; without it, view-00-00.png, view-00-01.png ...
        center, half_side   of a box around the object, in the world of `c2w`; without them, it lies in [-1, 1]^3
    Pictures have an alpha channel, or an even background.

    Raises:
        DataError: something is missing or does not fit together.
    """
    told = _read_cameras(folder)
    paths = _pictures(folder, told)
    c2w = torch.tensor(_numbers(folder, "c2w", told["c2w"], (4, 4)))
    if len(paths) != len(c2w):
        raise DataError(f"{folder}: {len(paths)} pictures, but {CAMERAS} holds {len(c2w)} cameras; each needs its own")
    if len(paths) < FEWEST:
        raise DataError(f"{folder}: {len(paths)} picture; an object needs at least {FEWEST}, from different sides")
    if (c2w[:, :3, :3].transpose(1, 2) @ c2w[:, :3, :3] - torch.eye(3)).abs().max() > 1e-2:
        raise DataError(f"{folder}/{CAMERAS}: c2w must hold rotations without scale in its first three columns")
    if "fovy_deg" in told:
        fovy_deg = _numbers(folder, "fovy_deg", np.broadcast_to(told["fovy_deg"], len(c2w)), ())
        center, half_side = _numbers(folder, "center", [told.get("center", [0, 0, 0])], (3,))[0], told.get("half_side", 1.0)
        if not (isinstance(half_side, (int, float)) and half_side > 0 and fovy_deg.min() > 0 and fovy_deg.max() < 180):
            raise DataError(f"{folder}/{CAMERAS}: half_side must be above 0, and fovy_deg between 0 and 180")
        c2w[:, :3, 3] = (c2w[:, :3, 3] - torch.from_numpy(center)) / half_side
        fovy_deg = torch.from_numpy(fovy_deg)
    else:
        fovy_deg = torch.full((len(c2w),), options.fovy_deg)
        c2w[:, :3, 3] = F.normalize(c2w[:, :3, 3], dim=-1) * _distance(options)
    pictures = [load_image(path) for path in paths]
    if len({picture.shape for picture in pictures}) > 1:
        listed = ", ".join(f"{path.name} {p.shape[1]}x{p.shape[0]}" for path, p in zip(paths, pictures))
        raise DataError(f"{folder}: the pictures differ in size ({listed}); scale them alike")
    rgba = torch.from_numpy(np.stack(pictures)).float() / 255
    if (rgba[..., 3] == 1).all():
        background = border_color(rgba[..., :3])
        masks = foreground_mask(rgba[..., :3], background)
    else:
        masks, background = rgba[..., 3] > 0.5, torch.full((len(rgba), 3), GRAY)
    alpha = torch.where(rgba[..., 3:] == 1, masks[..., None].float(), rgba[..., 3:])
    if not masks.flatten(1).any(1).all():
        empty = paths[int((~masks.flatten(1).any(1)).nonzero()[0])].name
        raise DataError(f"{folder}/{empty}: shows no object before its background")
    images = rgba[..., :3] * alpha + GRAY * (1 - alpha)
    return _square(PosedViews(images, c2w, fovy_deg, masks))


def views_identity(folder: Path) -> str:
    """sha256 hex over the cameras and the pictures of a folder.

    Raises:
        DataError: something is missing.
    """
    told = _read_cameras(folder)
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    for path in _pictures(folder, told):
        digest.update(repr((path.name, checksum(path))).encode())
    return digest.hexdigest()


def _distance(options: SampledViews) -> float:
    return options.distance / math.tan(math.radians(options.fovy_deg) / 2)


def _read_cameras(folder: Path) -> dict:
    form = 'an object with "c2w", a 4x4 matrix for each picture, as `mvdream sample-views` writes it'
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; give one with pictures and {CAMERAS}")
    try:
        told = read_json(folder / CAMERAS)
    except FileNotFoundError:
        raise DataError(f"{folder}: {CAMERAS} is missing; write {form}") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{folder}/{CAMERAS}: cannot be read ({error}); write {form}") from error
    if not isinstance(told, dict) or "c2w" not in told:
        raise DataError(f"{folder}/{CAMERAS}: is not {form}")
    return told


def _numbers(folder: Path, name: str, values, shape: tuple[int, ...]) -> np.ndarray:
    """(N, *shape) float32."""
    try:
        array = np.asarray(values, np.float32)
        if array.shape[1:] != shape or not len(array) or not np.isfinite(array).all():
            raise ValueError(f"of shape {array.shape}")
    except (TypeError, ValueError) as error:
        raise DataError(f"{folder}/{CAMERAS}: {name} must be finite numbers, {shape or 'one'} for each ({error})") from error
    return array


def _pictures(folder: Path, told: dict) -> list[Path]:
    if "images" in told:
        paths = [folder / str(name) for name in told["images"]]
        if missing := [path.name for path in paths if not path.is_file()]:
            raise DataError(f"{folder}: {', '.join(missing)}, named in {CAMERAS}, is missing")
        return paths
    sampled = sorted(folder.glob("view-00-*.png"))
    others = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.stem != "views")
    if not sampled and not others:
        raise DataError(f"{folder}: holds no pictures ({', '.join(SUFFIXES)})")
    return sampled or others


def _square(views: PosedViews) -> PosedViews:
    """With background on two sides, where the pictures are not square; the field of view grows with the height."""
    height, width = views.images.shape[1:3]
    if height == width:
        return views
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    around = (left, side - width - left, top, side - height - top)
    images = F.pad(views.images.permute(0, 3, 1, 2), around, value=GRAY).permute(0, 2, 3, 1)
    fovy_deg = 2 * torch.rad2deg(torch.atan(torch.tan(torch.deg2rad(views.fovy_deg) / 2) * side / height))
    return PosedViews(images, views.c2w, fovy_deg, F.pad(views.masks, around))
