"""Five analytic fields, and runs of to3d, become GLB files; the same fields by threestudio's defaults, with the same libraries.

    python benchmarks/export.py --out FOLDER [--fields sphere,torus] [RUN ...]

Leaves table.json and sheet.png: for each object a row of the file from eight sides, then one by threestudio's defaults
(marching cubes with 128 cells of the box, density 25, xatlas as it is, no simplification, the color at the point; Apache-2.0,
its defaults rebuilt here). cpu_s is the processor's time, of this process and those it starts; load is the machine's, of the
last minute.
"""

import argparse
import json
import os
import resource
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
import trimesh

from mvdream_cli.commands.export import mesh_of_field, mesh_of_reconstruction
from mvdream_cli.engine.records import read_run
from mvdream_cli.images import grid, save_image
from mvdream_cli.mesh.from_field import field_to_mesh
from mvdream_cli.mesh.lattice import outward
from mvdream_cli.mesh.likeness import likeness, pictures_of_field
from mvdream_cli.mesh.texture import Texels, TexturedMesh, fill_gaps, to_uint8
from mvdream_cli.mesh.turntable import render_passes, turntable_cameras
from mvdream_cli.mesh.unwrap import Layout
from mvdream_cli.mesh.writers import write_mesh
from mvdream_cli.raycast.assets import load_asset
from mvdream_cli.raycast.mesh import vertex_normals
from mvdream_cli.scene.occupancy import Occupancy
from mvdream_cli.settings import Settings

RISE, DENSEST = 2000.0, 120.0  # of the density below the surface, as a reconstruction becomes a field


class Analytic:
    """A field of a signed distance (K, 3) -> (K,) and colors (K, 3) -> (K, 3)."""

    def __init__(self, distance, color):
        self.distance, self.color = distance, color

    def density(self, points):
        return torch.nn.functional.softplus((-RISE * self.distance(points)).clamp(max=DENSEST))

    def __call__(self, points):
        return self.density(points), self.color(points)


def box(points, half, center=(0.0, 0.0, 0.0)):
    q = (points - torch.tensor(center)).abs() - torch.tensor(half)
    return q.clamp(min=0).norm(dim=-1) + q.amax(-1).clamp(max=0)


def ball(points, radius, center=(0.0, 0.0, 0.0)):
    return (points - torch.tensor(center)).norm(dim=-1) - radius


def torus(points):
    return torch.stack([points[..., :2].norm(dim=-1) - 0.55, points[..., 2]], -1).norm(dim=-1) - 0.2


def frame(points, half=0.55, bar=0.09):
    q = points.abs() - half
    r = (q + bar).abs() - bar
    bars = [torch.stack([q[..., a], r[..., b], r[..., c]], -1) for a, b, c in ((0, 1, 2), (1, 0, 2), (2, 0, 1))]
    return torch.stack([v.clamp(min=0).norm(dim=-1) + v.amax(-1).clamp(max=0) for v in bars]).amin(0)


def waves(points):
    x, y, z = points.unbind(-1)
    return 0.5 + 0.4 * torch.stack([torch.sin(9 * x + 1), torch.sin(8 * y + 4 * z), torch.cos(7 * z)], -1)


def front(points):
    """Waves, but red where it looks to +x: the front is seen at once."""
    return torch.where(points[..., :1] > 0.45, torch.tensor([0.9, 0.1, 0.1]), waves(points))


FIELDS = {
    "sphere": Analytic(lambda p: ball(p, 0.6), front),
    "torus": Analytic(torus, front),
    "box frame": Analytic(frame, front),
    "thin sheet": Analytic(lambda p: box(p, (0.6, 0.45, 0.02)), front),
    "two parts": Analytic(
        lambda p: torch.minimum(ball(p, 0.3, (0.0, -0.4, 0.0)), box(p, (0.2, 0.25, 0.3), (0.0, 0.45, 0.1))), waves
    ),
}


@torch.no_grad()
def threestudio(field, size: int = 1024) -> TexturedMesh:
    import xatlas
    from skimage.measure import marching_cubes

    axis = torch.linspace(-1, 1, 128)
    nodes = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1)
    density = torch.stack([field.density(part) for part in nodes]).numpy()
    vertices, faces, _, _ = marching_cubes(density, 25.0, spacing=(2 / 127,) * 3)
    vertices = (vertices - 1.0).astype(np.float32)
    faces = outward(vertices, faces.astype(np.int32))
    index, corners, uv = xatlas.parametrize(vertices, faces.astype(np.uint32))
    layout = Layout(index.astype(np.int32), corners.astype(np.int32), uv)
    texels = Texels.of(layout, size)
    points = np.einsum("pk,pkc->pc", texels.weights, vertices[faces[texels.face]])
    colors = torch.cat([field(part)[1] for part in torch.from_numpy(points).split(1 << 17)]).numpy()
    texture = fill_gaps(*texels.picture(to_uint8(colors)))
    painted = to_uint8(field(torch.from_numpy(vertices))[1].numpy())
    return TexturedMesh(vertices, faces, vertex_normals(vertices, faces), painted, layout, texture)


def seconds() -> float:
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def measured(name: str, make, out: Path, shown=None) -> tuple[dict, np.ndarray]:
    """A row of the table and one of the sheet; what is measured is the file, read again."""
    used, began = seconds(), time.perf_counter()
    try:
        mesh = make()
    except ValueError as error:  # marching cubes where no node of the lattice is above the level
        print(json.dumps({"name": name, "none": str(error)}), flush=True)
        return {"name": name, "none": str(error)}, np.full((160, 8 * 160, 3), 255, np.uint8)
    path = write_mesh(mesh, out / f"{name.replace(' ', '-')}.glb")[0]
    row = {"name": name, "cpu_s": round(seconds() - used, 1), "wall_s": round(time.perf_counter() - began, 1)}
    row["load"] = round(os.getloadavg()[0], 1)
    row |= {"mb": round(path.stat().st_size / 1e6, 2), "faces": len(mesh.faces)}
    told = ("psnr_db", "psnr_without_floaters_db", "silhouette_iou", "psnr_to_views_db")
    row |= {key: mesh.facts[key] for key in told if key in mesh.facts}
    if shown is not None:
        row |= likeness(mesh, shown)
    solid = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    solid.merge_vertices()
    row |= {"watertight": bool(solid.is_watertight), "components": int(solid.body_count)}
    asset, extents = load_asset(path), np.ptp(trimesh.load(path, force="mesh").vertices, axis=0)
    row["y_up_front_z"] = bool(np.allclose(extents, np.ptp(mesh.vertices, axis=0)[[1, 2, 0]], atol=1e-3))
    pictures = render_passes(asset, turntable_cameras(asset.vertices, 8), 160, ["shaded"])["shaded"]
    print(json.dumps(row), flush=True)
    return row, grid(pictures, 8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fields", default=",".join(FIELDS))
    parser.add_argument("runs", nargs="*", type=Path)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    export, cpu, found = Settings().export, torch.device("cpu"), []
    for name in filter(None, asked.fields.split(",")):
        field, occupancy = FIELDS[name], Occupancy()
        occupancy.update(field)
        shown = pictures_of_field(field, occupancy)
        options = export.options()
        found.append(measured(name, partial(field_to_mesh, field, occupancy=occupancy, **options), asked.out, shown))
        found.append(measured(f"{name}, threestudio", partial(threestudio, field), asked.out, shown))
    for folder in asked.runs:
        record = read_run(folder)
        if "field" in record:
            found.append(measured(folder.name, partial(mesh_of_field, folder, record, cpu, export), asked.out))
        else:
            found.append(measured(folder.name, partial(mesh_of_reconstruction, folder, export), asked.out))
    (asked.out / "table.json").write_text(json.dumps([row for row, _ in found], indent=1))
    save_image(asked.out / "sheet.png", np.concatenate([picture for _, picture in found]))


if __name__ == "__main__":
    main()
