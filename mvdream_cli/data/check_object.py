"""What one object of a multi-view set is like, and what is wrong with it."""

import hashlib
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from mvdream_cli.data.duplicates import look_hash
from mvdream_cli.data.reprojection import hull_off, points_off
from mvdream_cli.data.views import Entry, load, load_points, read_files
from mvdream_cli.errors import DataError
from mvdream_cli.images import check_picture

THUMB_PX = 96
THUMBS = 4  # views of a row of the contact sheet
POINTS_OFF = 0.03  # of the points inside, beside the silhouette: more are wrong cameras
HULL_OFF = 0.05  # of a silhouette, not filled by the hull
_MARGIN = 1  # pixels


def _none() -> np.ndarray:
    return np.zeros(0, np.float32)


@dataclass(frozen=True)
class Facts:
    """One object: numbers that statistics are made of, and `faults`, sentences about what must not be.

    size_px: side of a picture. coverage: share of a picture that the object covers, of each view. touching: views in which it
    touches the border. elevation_deg, fovy_deg: of each view. distance: times 2 tan(fovy / 2), of each view; see
    `CameraDistribution`. off: share of points or of silhouettes that cameras put elsewhere, `by` points or hull. digest: of the
    pictures' bytes. look: see `duplicates.look_hash`. thumbs: (4, T, T, 4) uint8.
    """

    id: str
    caption: str
    views: int = 0
    size_px: int = 0
    coverage: np.ndarray = field(default_factory=_none)
    touching: int = 0
    elevation_deg: np.ndarray = field(default_factory=_none)
    fovy_deg: np.ndarray = field(default_factory=_none)
    distance: np.ndarray = field(default_factory=_none)
    off: float = 0.0
    by: str = "hull"
    losses: int = 0
    digest: str = ""
    look: bytes = b""
    thumbs: np.ndarray | None = field(default=None, repr=False)
    faults: tuple[str, ...] = ()


def look_at(entry: Entry, thumbs: bool = False) -> Facts:
    """Read one object, pictures and points included, and say what it is like. What is broken is a fault, not an error."""
    try:
        meta, pictures = read_files(entry, range(entry.num_views))
        for picture in pictures:
            check_picture(picture)
        rgba, c2w, fovy_deg, caption = load(entry)
        has_points = entry.points_span is not None or (entry.spans is None and (entry.path / "points.npy").is_file())
        points = load_points(entry) if has_points else None
    except (DataError, OSError, ValueError) as error:
        return Facts(entry.id, entry.caption, faults=(" ".join(str(error).split()),))
    alpha, faults = rgba[..., 3], []
    coverage = (alpha > 127).mean((1, 2))
    border = np.concatenate([alpha[:, :_MARGIN], alpha[:, -_MARGIN:]], 1).any((1, 2))
    border |= np.concatenate([alpha[:, :, :_MARGIN], alpha[:, :, -_MARGIN:]], 2).any((1, 2))
    if empty := int((~alpha.any((1, 2))).sum()):
        faults.append(f"{empty} of its {len(rgba)} views show nothing")
    off, by = (points_off(alpha, c2w, fovy_deg, points), "points") if points else (hull_off(alpha, c2w, fovy_deg), "hull")
    if off > (POINTS_OFF if points else HULL_OFF) and not empty:
        what = "of its known points land beside the silhouette" if points else "of its silhouettes are not where the others are"
        faults.append(f"its cameras are not those of its pictures: {off:.0%} {what}")
    up = np.arcsin(np.clip(c2w[:, 2, 2], -1, 1))  # the camera looks along its -z
    distance = np.linalg.norm(c2w[:, :3, 3], axis=1) * 2 * np.tan(np.deg2rad(fovy_deg) / 2)
    rows = [rgba[k * len(rgba) // THUMBS] for k in range(THUMBS)]
    return Facts(
        entry.id,
        caption,
        len(rgba),
        rgba.shape[1],
        coverage.astype(np.float32),
        int(border.sum()),
        np.rad2deg(up).astype(np.float32),
        fovy_deg.astype(np.float32),
        distance.astype(np.float32),
        off,
        by,
        len(meta.get("losses") or ()),
        hashlib.sha256(b"".join(pictures)).hexdigest(),
        look_hash(rgba),
        np.stack([_small(row) for row in rows]) if thumbs else None,
        tuple(faults),
    )


def _small(rgba: np.ndarray) -> np.ndarray:
    """(S, S, 4) to (T, T, 4); what is transparent has no say in the color."""
    return np.asarray(Image.fromarray(rgba).convert("RGBa").resize((THUMB_PX, THUMB_PX), Image.BOX).convert("RGBA"))
