"""Whether the cameras of an object are those of its pictures.

Where points of the object are known, those inside must land on its silhouette in every view. Where they are not, the part of
space that all silhouettes allow (the visual hull) must fill each of them; wrong cameras carve it away. Shapes that look alike
from all sides tell nothing.

Letters in shapes: V views, S pixels of a side, P points, G cells of a side.
"""

import numpy as np

from mvdream_cli.raycast.points import Points

GRID = 64  # cells along the side of the box, and pixels of the silhouettes that carve it
VIEWS = 8  # at most, spread evenly
THIN = 0.35  # of the middle area of the silhouettes: a smaller one carves nothing, as rays may have missed half of it
ROOM = 1.15  # the box that is carved, in units of what the narrowest picture shows at the middle
BESIDE_PX = 2  # of the picture's own pixels; a thing that is thinner than a pixel may be missed by its rays


def project(points: np.ndarray, c2w: np.ndarray, fovy_deg: np.ndarray, size_px: int) -> np.ndarray:
    """Where points (P, 3) lie in pictures with cameras (V, 4, 4): (V, P, 2) rows and columns, in pixels from the top left
    corner; NaN behind the camera."""
    local = np.einsum("vij,vpi->vpj", c2w[:, :3, :3], points[None] - c2w[:, None, :3, 3])
    depth = np.where(local[..., 2] < -1e-6, -local[..., 2], np.nan)
    focal = 0.5 * size_px / np.tan(np.deg2rad(np.asarray(fovy_deg, np.float64)) / 2)[:, None]
    return np.stack([0.5 * size_px - focal * local[..., 1] / depth, 0.5 * size_px + focal * local[..., 0] / depth], -1)


def points_off(alpha: np.ndarray, c2w: np.ndarray, fovy_deg: np.ndarray, points: Points) -> float:
    """The share of the points inside an object that land beside its silhouette, in the worst view.

    Args:
        alpha: (V, S, S) uint8.
    """
    inside = points.points[points.distance < 0].astype(np.float64)
    if not len(inside):
        return 0.0
    place = project(inside, c2w, fovy_deg, alpha.shape[1])
    return float(max((~_on(_grown(mask > 0, BESIDE_PX), view)).mean() for mask, view in zip(alpha, place)))


def hull_off(alpha: np.ndarray, c2w: np.ndarray, fovy_deg: np.ndarray) -> float:
    """The share of a silhouette that the visual hull leaves empty, mean over the views; 0 where nothing is seen at all.

    Args:
        alpha: (V, S, S) uint8.
    """
    chosen = np.unique(np.linspace(0, len(alpha) - 1, min(len(alpha), VIEWS)).round().astype(int))
    if len(alpha) > VIEWS:  # from all around, not the last beside the first
        chosen = (np.arange(VIEWS) * len(alpha) / VIEWS).astype(int)
    alpha, c2w, fovy_deg = alpha[chosen], np.asarray(c2w, np.float64)[chosen], np.broadcast_to(fovy_deg, len(alpha))[chosen]
    some, most = _reduced(alpha)
    if not most.any():
        return 0.0
    # the point that all cameras look at, and how much they see around it
    backward, origin = c2w[:, :3, 2], c2w[:, :3, 3]
    across = np.eye(3) - backward[:, :, None] * backward[:, None, :]
    middle = np.linalg.lstsq(across.sum(0), np.einsum("vij,vj->i", across, origin), rcond=None)[0]
    half = ROOM * float((np.linalg.norm(origin - middle, axis=1) * np.tan(np.deg2rad(fovy_deg) / 2)).min())
    axis = (np.arange(GRID) + 0.5) / GRID * 2 - 1
    cells = middle + half * np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
    area = some.sum((1, 2))
    wide = area >= THIN * np.median(area)
    for mask, pose, fovy in zip(some[wide], c2w[wide], fovy_deg[wide]):
        cells = cells[_on(_grown(mask, 1), project(cells, pose[None], fovy[None], GRID)[0])]
    off = []
    for mask, pose, fovy in zip(most, c2w, fovy_deg):
        filled = np.zeros((GRID, GRID), bool)
        row, column = np.floor(project(cells, pose[None], fovy[None], GRID)[0]).T.astype(int)
        seen = (row >= 0) & (row < GRID) & (column >= 0) & (column < GRID)
        filled[row[seen], column[seen]] = True
        off.append((mask & ~_grown(filled, 1)).sum() / max(mask.sum(), 1))
    return float(np.mean(off))


def _reduced(alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Silhouettes (V, G, G): cells of which some is covered, and cells of which most is."""
    edges = np.linspace(0, alpha.shape[1], GRID + 1)
    first = np.floor(edges[:-1]).astype(int)
    last = np.maximum(np.ceil(edges[1:]).astype(int), first + 1)
    total = np.pad((alpha > 0).astype(np.int32), ((0, 0), (1, 0), (1, 0))).cumsum(1).cumsum(2)

    def between(rows, columns):
        return total[:, rows][:, :, columns]

    count = between(last, last) - between(first, last) - between(last, first) + between(first, first)
    return count > 0, count > 0.6 * ((last - first)[:, None] * (last - first))


def _grown(mask: np.ndarray, by: int) -> np.ndarray:
    """A mask (S, S) and all within `by` pixels of it, along rows and columns."""
    for _ in range(by):
        wide = np.pad(mask, 1)
        mask = wide[1:-1, 1:-1] | wide[:-2, 1:-1] | wide[2:, 1:-1] | wide[1:-1, :-2] | wide[1:-1, 2:]
    return mask


def _on(mask: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Which of the places (P, 2) lie on a mask (S, S)."""
    with np.errstate(invalid="ignore"):
        row, column = np.floor(np.nan_to_num(place, nan=-1.0)).T.astype(int)
    seen = (row >= 0) & (row < len(mask)) & (column >= 0) & (column < len(mask))
    return seen & mask[row.clip(0, len(mask) - 1), column.clip(0, len(mask) - 1)]
