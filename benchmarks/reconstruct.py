"""How well do true views become an object? PSNR of the exported mesh at directions that no view had, over middle gray.

    python benchmarks/reconstruct.py --model MODEL [--views 8] [--kinds bulldog dragon car] --out reconstructed

The object of each kind is number 0 of world 1; the texture is as painted, light included. Leaves sheet.png: views, truth, mesh.
"""

import argparse
import json
import time
from pathlib import Path

import torch
from toys import ELEVATION_DEG, FOVY_DEG, RADIUS, mesh_of, pictures

from mvdream_cli.cameras import orbit, orbit_views
from mvdream_cli.images import composite, grid, save_image
from mvdream_cli.mesh.from_distance import distance_to_mesh
from mvdream_cli.mesh.projection import Pictures
from mvdream_cli.mesh.turntable import AS_PAINTED
from mvdream_cli.mesh.writers import write_mesh
from mvdream_cli.methods.posed_views import sampled_views
from mvdream_cli.methods.reconstruct import Reconstruction
from mvdream_cli.models.load import load_pipeline
from mvdream_cli.raycast.assets import load_asset
from mvdream_cli.raycast.embree import render_views
from mvdream_cli.settings.to3d import SampledViews
from mvdream_toybox.world import draw_spec

BETWEEN = ((135, 15), (225, 15), (315, 15), (45, 15), (110, 30), (290, 0))  # azimuth, elevation of the held-out directions
OPTIONS = SampledViews(fovy_deg=FOVY_DEG, elevation_deg=ELEVATION_DEG, distance=1.2)


def held_out(glb: Path, toy) -> tuple[torch.Tensor, torch.Tensor]:
    """A toy and the mesh of a file from the same directions, (6, H, W, 3) each."""
    mesh = load_asset(glb)
    c2w = torch.stack([orbit(azimuth, elevation, RADIUS) for azimuth, elevation in BETWEEN])
    truth = pictures(toy, c2w.numpy())
    c2w[:, :3, 3] *= 2  # the box of a scene is twice as large
    seen = render_views(mesh, c2w.numpy(), FOVY_DEG, truth.shape[1], light=AS_PAINTED)
    return truth, torch.from_numpy(composite(seen, 0.5))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="with a reconstructor")
    parser.add_argument("--views", type=int, default=4)
    parser.add_argument("--kinds", nargs="+", default=["bulldog", "dragon", "car"])
    parser.add_argument("--out", type=Path, default=Path("reconstructed"))
    arguments = parser.parse_args()
    network, rows = load_pipeline(arguments.model).reconstructor, []
    for kind in arguments.kinds:
        toy = mesh_of(draw_spec(1, 0, "all", (kind,)))
        images = pictures(toy, orbit_views(arguments.views, ELEVATION_DEG, distance=RADIUS).numpy())
        started = time.monotonic()
        views = sampled_views(images, OPTIONS)
        seen = Reconstruction(network, views).grid(128)
        seconds = time.monotonic() - started
        mesh = distance_to_mesh(seen, Pictures(*(part.numpy() for part in views)), texture_size=512)
        truth, made = held_out(write_mesh(mesh, arguments.out / f"{kind}.glb")[0], toy)
        psnr_db = -10 * (made - truth).square().mean((1, 2, 3)).log10()
        print(json.dumps({"kind": kind, "psnr_db": round(float(psnr_db.mean()), 2), "seconds": round(seconds, 2)}), flush=True)
        front = torch.nn.functional.pad(images[:6], (0, 0, 0, 0, 0, 0, 0, max(0, 6 - len(images))), value=1.0)
        rows += [front, truth, made]
    save_image(arguments.out / "sheet.png", grid(torch.cat(rows), 6))


if __name__ == "__main__":
    main()
