"""How many objects have more than one face: the multi-view model as judge, against DreamFusion by the same model's 2D mode.

    python benchmarks/janus.py --out janus [--steps 400] [--only mvdream]

Pure score distillation from a ball, for twenty prompts of things with a face. Everything but the judge is alike: weights, loss,
noise levels, cameras, renderings. Every object is seen from eight directions (a contact sheet, a row each: faces are counted by
eye). Three figures beside it, with those of true objects:
- overlap: intersection over union of silhouettes a quarter turn apart; high for what looks alike from all sides;
- in turn: share of pictures whose nearest of the true renders of its kind from known directions, by the patches of the model's
  own CLIP image tower, shows the right direction or one beside it, the object turned at best. Not by its pooled embedding,
  which has learnt that all views of an object have one caption. The floor is a shuffled order of true pictures.
- fronts: share of objects that show more than one front to the same judge, going around.
What is there is not made again.
"""

import argparse
import json
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from toys import around, mesh_of

from mvdream_cli.commands import to3d
from mvdream_cli.commands.opening import open_model
from mvdream_cli.images import grid, save_image
from mvdream_cli.metrics.janus import fronts_seen, in_turn, overlap, patches_seen
from mvdream_cli.raycast.assets import load_asset
from mvdream_cli.raycast.mesh import Mesh
from mvdream_cli.settings.resolve import resolve
from mvdream_toybox.world import draw_spec

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
DIRECTIONS = 8
SETTINGS = {
    "to3d.method": "sds",
    "to3d.guidance.form": "x0",
    "to3d.guidance.guidance_scale": 10.0,
    "to3d.distillation.weight": 0.05,
    "to3d.optimizer.final_learning_rate_fraction": 1.0,
    "to3d.rendering.samples_per_ray": 48,
    "to3d.guidance.t_min": [0.98, 0.02],
    "to3d.guidance.t_max": [0.98, 0.5],
    "export.texture_size": 256,
    "export.faces": 10_000,
}


def true_object(kind: str, index: int) -> Mesh:
    return mesh_of(draw_spec(7, index, "all", (kind,)))


def silhouettes(views: torch.Tensor) -> torch.Tensor:
    """(8, H, W) bool of views (8, H, W, 3) before middle gray."""
    return (views - 0.5).abs().amax(-1) > 0.03


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("janus"))
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--only", choices=("mvdream", "dreamfusion"))
    parser.add_argument("--count", type=int, default=len(PROMPTS))
    parser.add_argument("--set", action="append", default=[], help="a setting, as the program takes it")
    arguments = parser.parse_args()
    opened = pipeline, _ = open_model(resolve("cpu"))
    seen = partial(patches_seen, pipeline)

    @cache
    def references(kind: str) -> torch.Tensor:
        """What is seen of sixteen objects of a kind from each direction, on average; (8, E)."""
        return F.normalize(torch.stack([seen(around(true_object(kind, k))) for k in range(16)]).mean(0), dim=-1)

    def figures(sheets: list[torch.Tensor]) -> dict:
        """The figures of objects, in the order of the prompts."""
        views = [(seen(sheet), references(kind)) for sheet, kind in zip(sheets, PROMPTS.values())]
        return {
            "overlap": float(np.mean([overlap(silhouettes(sheet)) for sheet in sheets])),
            "in_turn": float(np.mean([in_turn(*pair) for pair in views])),
            "fronts": float(np.mean([fronts_seen(*pair) > 1 for pair in views])),
        }

    true = [around(true_object(kind, 100 + k)) for k, kind in enumerate(PROMPTS.values())]
    shuffle = np.random.default_rng(0)
    result = {"true objects": figures(true), "shuffled": figures([views[shuffle.permutation(DIRECTIONS)] for views in true])}
    for guidance in (arguments.only,) if arguments.only else ("mvdream", "dreamfusion"):
        rows = []
        for prompt in list(PROMPTS)[: arguments.count]:
            sets = [f"{key}={value}" for key, value in SETTINGS.items()]
            sets += [f"to3d.guidance.name={guidance}", f"to3d.distillation.steps={arguments.steps}", *arguments.set]
            folder = arguments.out / guidance / prompt.replace(" ", "-")
            made = to3d.run(resolve("cpu", sets), prompt, folder, open_model=lambda _: opened)
            rows.append(around(load_asset(made["mesh"]).normalise()))
        save_image(arguments.out / f"{guidance}.png", grid(torch.cat(rows), DIRECTIONS))
        result[guidance] = figures(rows)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
