"""A texture layout for a mesh, within a time limit.

xatlas can take minutes, or abort, on a bad mesh. It therefore runs as a process of its own (`python -m
mvdream_cli.mesh.unwrap IN.npz OUT.npz`), and a plain layout stands by.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Layout(NamedTuple):
    """`vertices` (A,) index into the mesh's vertices, `faces` (M, 3) into the A, `uv` (A, 2) in [0, 1], v up."""

    vertices: np.ndarray
    faces: np.ndarray
    uv: np.ndarray


def unwrap(vertices: np.ndarray, faces: np.ndarray, texture_size: int, limit_seconds: float = 30.0) -> Layout:
    """Charts by xatlas; a cell for each pair of triangles if that fails or takes longer than `limit_seconds`."""
    with tempfile.TemporaryDirectory(prefix="mvdream-unwrap-") as folder:
        source, result = Path(folder) / "in.npz", Path(folder) / "out.npz"
        np.savez(source, vertices=vertices, faces=faces, texture_size=texture_size)
        command = [sys.executable, "-m", "mvdream_cli.mesh.unwrap", str(source), str(result)]
        environment_root = str(Path(__file__).resolve().parents[2])
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=limit_seconds, cwd=environment_root)
            with np.load(result) as arrays:
                return Layout(arrays["vertices"], arrays["faces"], arrays["uv"])
        except (subprocess.SubprocessError, OSError):
            return pairs_layout(faces, texture_size)


def charts_layout(vertices: np.ndarray, faces: np.ndarray, texture_size: int) -> Layout:
    """xatlas, with charts kept small: its time grows with the square of a chart's size."""
    import xatlas

    a, b, c = vertices[faces].transpose(1, 0, 2)
    area = 0.5 * float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum())
    charts, packing = xatlas.ChartOptions(), xatlas.PackOptions()
    charts.max_iterations = 1
    charts.max_chart_area = area / 150.0
    packing.resolution, packing.padding = min(texture_size, 1024), 3  # packing 2048 texels takes ten times as long
    atlas = xatlas.Atlas()
    atlas.add_mesh(np.ascontiguousarray(vertices, np.float32), np.ascontiguousarray(faces, np.uint32))
    atlas.generate(charts, packing)
    index, corners, uv = atlas.get_mesh(0)
    return Layout(index.astype(np.int32), corners.astype(np.int32), uv.astype(np.float32))


def pairs_layout(faces: np.ndarray, texture_size: int) -> Layout:
    """Every two triangles share a square cell, cut along its diagonal: never fails, costs a seam at every edge."""
    count = len(faces)
    columns = int(np.ceil(np.sqrt(-(-count // 2))))
    cell = 1.0 / columns
    margin = min(1.5 / texture_size, 0.2 * cell)
    low, high, gap = margin, cell - margin, 2.0 * margin
    first = np.array([[low, low], [high - gap, low], [low, high - gap]])
    second = np.array([[high, high], [low + gap, high], [high, low + gap]])
    index = np.arange(count)
    corner = np.stack([index // 2 % columns, index // 2 // columns], 1) * cell  # (M, 2)
    uv = corner[:, None] + np.where((index % 2 == 0)[:, None, None], first, second)  # (M, 3, 2)
    corners = np.arange(3 * count, dtype=np.int32).reshape(-1, 3)
    return Layout(faces.reshape(-1).astype(np.int32), corners, uv.reshape(-1, 2).astype(np.float32))


def _main(source: str, result: str) -> None:
    with np.load(source) as arrays:
        layout = charts_layout(arrays["vertices"], arrays["faces"], int(arrays["texture_size"]))
    np.savez(result, **layout._asdict())


if __name__ == "__main__":
    _main(*sys.argv[1:])
