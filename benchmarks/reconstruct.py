"""How well do views become an object? Of true views, PSNR of the mesh at directions that no view had, over middle gray.

    python benchmarks/reconstruct.py --model MODEL [--views 8] [--kinds bulldog dragon car] --out reconstructed
    python benchmarks/reconstruct.py --model MODEL --kinds --sampled --out reconstructed

The object of each kind is number 0 of world 1; the texture is as painted, light included. Leaves sheet.png: views, truth, mesh.
Of views that the model samples for prompts, most of them of things with thin parts, how much the mesh's silhouettes overlap
with those of the views: intersection over union of all four (`mesh.likeness`). Leaves sampled.png: views, mesh.
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
from mvdream_cli.mesh.likeness import likeness
from mvdream_cli.mesh.projection import Pictures
from mvdream_cli.mesh.turntable import AS_PAINTED, asset_of
from mvdream_cli.mesh.writers import write_mesh
from mvdream_cli.methods.fit_surface import fit_surface
from mvdream_cli.methods.posed_views import sampled_views
from mvdream_cli.methods.reconstruct import Reconstruction
from mvdream_cli.models.load import load_pipeline
from mvdream_cli.raycast.assets import load_asset
from mvdream_cli.raycast.embree import render_views
from mvdream_cli.settings.resolve import resolve
from mvdream_cli.settings.to3d import SampledViews
from mvdream_toybox.world import draw_spec

BETWEEN = ((135, 15), (225, 15), (315, 15), (45, 15), (110, 30), (290, 0))  # azimuth, elevation of the held-out directions
SETTINGS = resolve("cpu").to3d
OPTIONS = SampledViews(fovy_deg=FOVY_DEG, elevation_deg=ELEVATION_DEG, distance=1.2)
PROMPTS = (
    "a blue tall ship", "a red dragon", "an orange octopus", "a brown horse", "a yellow airplane", "a wooden axe", "a giraffe",
    "a red biplane", "a black spider", "a white swan", "a knight riding a horse", "a blue bicycle", "a green cactus",
    "a brown wooden chair", "a deer wearing a red scarf", "a purple butterfly", "a robot wearing a blue hat",
    "a bulldog wearing a black pirate hat", "a gray elephant", "a brown bear wearing glasses",
)  # fmt: skip


def held_out(glb: Path, toy) -> tuple[torch.Tensor, torch.Tensor]:
    """A toy and the mesh of a file from the same directions, (6, H, W, 3) each."""
    mesh = load_asset(glb)
    c2w = torch.stack([orbit(azimuth, elevation, RADIUS) for azimuth, elevation in BETWEEN])
    truth = pictures(toy, c2w.numpy())
    c2w[:, :3, 3] *= 2  # the box of a scene is twice as large
    seen = render_views(mesh, c2w.numpy(), FOVY_DEG, truth.shape[1], light=AS_PAINTED)
    return truth, torch.from_numpy(composite(seen, 0.5))


def sampled(pipeline, out: Path) -> None:
    """Overlap of silhouettes for `PROMPTS`, and sampled.png."""
    c2w, rows, overlaps = orbit_views(4, ELEVATION_DEG, distance=RADIUS), [], []
    for prompt in PROMPTS:
        images = pipeline(prompt, c2w, seeds=[0], guidance_scale=4.0, steps=10)[0]
        views = sampled_views(images, OPTIONS)
        mesh = made_of(pipeline.reconstructor, views)
        overlaps.append(likeness(mesh, pictures_of(views))["silhouette_iou"])
        seen = render_views(asset_of(mesh), views.c2w.numpy(), FOVY_DEG, images.shape[1], light=AS_PAINTED)
        rows += [images, torch.from_numpy(composite(seen, 0.5))]
        print(json.dumps({"prompt": prompt, "overlap": round(overlaps[-1], 3)}), flush=True)
    print(json.dumps({"mean overlap": round(sum(overlaps) / len(overlaps), 3)}))
    save_image(out / "sampled.png", grid(torch.cat(rows), 8))


def pictures_of(views) -> Pictures:
    return Pictures(*(part.numpy() for part in views))


def made_of(network, views):
    """The mesh of views, with their colors, as `mvdream to3d` makes it."""
    seen = fit_surface(Reconstruction(network, views).grid(128), views, SETTINGS, device="cpu", seed=0)
    return distance_to_mesh(seen, pictures_of(views), texture_size=512)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="with a reconstructor")
    parser.add_argument("--views", type=int, default=4)
    parser.add_argument("--kinds", nargs="*", default=["bulldog", "dragon", "car"])
    parser.add_argument("--sampled", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("reconstructed"))
    arguments = parser.parse_args()
    pipeline, rows = load_pipeline(arguments.model), []
    for kind in arguments.kinds:
        toy = mesh_of(draw_spec(1, 0, "all", (kind,)))
        images = pictures(toy, orbit_views(arguments.views, ELEVATION_DEG, distance=RADIUS).numpy())
        started = time.monotonic()
        mesh = made_of(pipeline.reconstructor, sampled_views(images, OPTIONS))
        seconds = time.monotonic() - started
        truth, made = held_out(write_mesh(mesh, arguments.out / f"{kind}.glb")[0], toy)
        psnr_db = -10 * (made - truth).square().mean((1, 2, 3)).log10()
        print(json.dumps({"kind": kind, "psnr_db": round(float(psnr_db.mean()), 2), "seconds": round(seconds, 2)}), flush=True)
        front = torch.nn.functional.pad(images[:6], (0, 0, 0, 0, 0, 0, 0, max(0, 6 - len(images))), value=1.0)
        rows += [front, truth, made]
    if rows:
        save_image(arguments.out / "sheet.png", grid(torch.cat(rows), 6))
    if arguments.sampled:
        sampled(pipeline, arguments.out)


if __name__ == "__main__":
    main()
