"""How many objects have more than one face: the multi-view model as judge, against DreamFusion by the same model's 2D mode.

    python benchmarks/janus.py --out janus [--steps 400] [--only mvdream]

Pure score distillation from a ball, for twenty prompts of things with a face. Everything but the judge is alike: weights, loss,
noise levels, cameras, renderings. Every object is seen from eight directions (a contact sheet, a row each: faces are counted by
eye), and each picture is compared, by the model's own CLIP image tower, with true renders of its kind from known directions.
The figure is the share of pictures whose nearest direction is the right one or beside it, the object as a whole turned at
best: high for an object with one front, near chance for one that looks alike from several sides. True objects give the ceiling,
a shuffled order of their pictures the floor. What is there is not made again.
"""

import argparse
import json
from functools import cache
from pathlib import Path

import numpy as np
import torch

from mvdream_cli import config
from mvdream_cli.cameras import orbit_views
from mvdream_cli.commands import to3d
from mvdream_cli.data.assets import Mesh, load_asset
from mvdream_cli.data.render import render_views
from mvdream_cli.images import composite, grid, save_image
from mvdream_cli.toybox.world import build, draw_spec

PROMPTS = {  # what is asked for, and the kind of its true renders
    "a bulldog": "bulldog",
    "a bulldog wearing a black pirate hat": "bulldog",
    "a corgi": "corgi",
    "a corgi with a golden crown": "corgi",
    "a dalmatian": "dalmatian",
    "a brown poodle": "poodle",
    "a husky wearing a red scarf": "husky",
    "a brown dachshund": "dachshund",
    "a chihuahua": "chihuahua",
    "a white dog": "dog",
    "a black cat": "cat",
    "a blue cat with a golden crown": "cat",
    "an orange cat wearing glasses": "cat",
    "a wizard with white hair": "wizard",
    "a wizard in a purple robe": "wizard",
    "a red robot": "robot",
    "a blue robot wearing a crown": "robot",
    "a green dragon": "dragon",
    "a red dragon": "dragon",
    "an astronaut riding a horse": "astronaut riding a horse",
}
FOVY_DEG, DISTANCE, ELEVATION_DEG, SIZE_PX, DIRECTIONS = 37.5, 1.2, 15.0, 128, 8
SETTINGS = {
    "to3d.method": "sds",
    "to3d.loss": "x0",
    "to3d.guidance_scale": 10.0,
    "to3d.sds_weight": 0.05,
    "to3d.t_min": [0.98, 0.02],
    "to3d.t_max": [0.98, 0.5],
    "export.texture_size": 256,
    "export.faces": 10_000,
}


def around(mesh: Mesh) -> torch.Tensor:
    """The mesh from eight directions, the front first, over middle gray; (8, H, W, 3)."""
    c2w = orbit_views(DIRECTIONS, ELEVATION_DEG, distance=0.5 * DISTANCE / np.tan(np.deg2rad(FOVY_DEG / 2))).numpy()
    return torch.from_numpy(composite(render_views(mesh, c2w, FOVY_DEG, SIZE_PX), 0.5))


def true_object(kind: str, index: int) -> Mesh:
    part = build(draw_spec(7, index, "all", (kind,)))
    return Mesh.from_part(part.vertices, part.faces, part.colours).normalise()


@torch.no_grad()
def in_turn(pipeline, views: torch.Tensor, references: torch.Tensor) -> float:
    """Share of views (8, H, W, 3) whose nearest reference (8, E) is at most one direction off, the object turned at best."""
    embeds = pipeline.embed_images(views)
    like = ((embeds - embeds.mean(0)) @ references.T).numpy()  # what changes around the object, not what it is
    here = np.arange(DIRECTIONS)
    turn = max(here, key=lambda turn: like[here, (here + turn) % DIRECTIONS].sum())
    off = (like.argmax(1) - here - turn + DIRECTIONS // 2) % DIRECTIONS - DIRECTIONS // 2
    return float((abs(off) <= 1).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("janus"))
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--only", choices=("mvdream", "dreamfusion"))
    parser.add_argument("--count", type=int, default=len(PROMPTS))
    parser.add_argument("--set", action="append", default=[], help="a setting, as the program takes it")
    arguments = parser.parse_args()
    opened = None

    def open_model(settings):
        nonlocal opened
        opened = opened or to3d.open_model(settings)
        return opened

    pipeline, _ = open_model(config.resolve("cpu"))

    @cache
    @torch.no_grad()
    def references(kind: str) -> torch.Tensor:
        """Mean embeddings of sixteen objects of a kind from each direction, less those of all directions; (8, E)."""
        seen = torch.stack([pipeline.embed_images(around(true_object(kind, k))) for k in range(16)]).mean(0)
        return torch.nn.functional.normalize(seen - seen.mean(0), dim=-1)

    def share(sheets: list[torch.Tensor]) -> dict:
        """The figure of objects, in the order of the prompts."""
        found = [in_turn(pipeline, views, references(kind)) for views, kind in zip(sheets, PROMPTS.values())]
        return {"mean": float(np.mean(found)), "each": found}

    true = [around(true_object(kind, 100 + k)) for k, kind in enumerate(PROMPTS.values())]
    shuffle = np.random.default_rng(0)
    result = {"true objects": share(true), "shuffled": share([views[shuffle.permutation(DIRECTIONS)] for views in true])}
    for guidance in (arguments.only,) if arguments.only else ("mvdream", "dreamfusion"):
        rows = []
        for prompt in list(PROMPTS)[: arguments.count]:
            sets = [f"{key}={value}" for key, value in SETTINGS.items()]
            sets += [f"to3d.guidance={guidance}", f"to3d.steps={arguments.steps}", *arguments.set]
            folder = arguments.out / guidance / prompt.replace(" ", "-")
            made = to3d.run(config.resolve("cpu", sets), prompt, folder, open_model=open_model)
            rows.append(around(load_asset(made["mesh"]).normalise()))
        save_image(arguments.out / f"{guidance}.png", grid(torch.cat(rows), DIRECTIONS))
        result[guidance] = share(rows)
    (arguments.out / "result.json").write_text(json.dumps(result))
    print(json.dumps({way: found["mean"] for way, found in result.items()}))


if __name__ == "__main__":
    main()
