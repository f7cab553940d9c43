"""MVDreamBooth on five subjects of the toybox world that `mini` has never seen: a table and contact sheets.

    python benchmarks/subjects.py --out subjects

Four photographs of each, from random directions over random plain backgrounds, with masks. The model is tuned as the paper does
it, without its preservation term, and with the photographs taken for views of a rig (3D mode). Judged by the base's own CLIP:
- told: share of sampled views nearer to the subject (other true renders of it) than to its class (sixteen others of its kind);
- agree: opposite silhouettes of the sampled views that match (`metrics.consistency`);
- crown: share of objects sampled "with a golden crown" that CLIP finds nearer to the class with it than to the class alone;
- told in 3D: as told, in eight renders of the object that `to3d` makes.
What is there is not done again.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from toys import FOVY_DEG, RADIUS, SIZE_PX, around, mesh_of, pictures

from mvdream_cli import config
from mvdream_cli.cameras import orbit, orbit_views
from mvdream_cli.commands import dreambooth, to3d
from mvdream_cli.data.assets import load_asset
from mvdream_cli.data.render import render_views
from mvdream_cli.diffusion.weights import load_pipeline
from mvdream_cli.images import grid, save_image
from mvdream_cli.metrics.clip import clip_similarity
from mvdream_cli.metrics.consistency import opposite_agreement
from mvdream_cli.scene.fitting import border_colour, foreground_mask
from mvdream_cli.toybox.world import Spec, draw_spec

SUBJECTS = {
    "bulldog": Spec("dog", "bulldog", "cyan", "striped", "pink", seed=1),
    "poodle": Spec("dog", "poodle", "green", "spotted", "red", seed=2),
    "dachshund": Spec("dog", "dachshund", "yellow", "spotted", "blue", seed=3),
    "cat": Spec("cat", None, "purple", "striped", "yellow", seed=4),
    "wizard": Spec("wizard", None, "orange", "striped", "blue", seed=5),
}
WAYS = {
    "paper": {},
    "no preservation": {"dreambooth.preservation_weight": 0},
    "3D mode": {"dreambooth.attention": "3d"},
}
WORD, CROWN = "sks", " with a golden crown"


def photographs(spec: Spec, folder: Path) -> torch.Tensor:
    """Four pictures of it with their masks, written to the folder; (4, H, W, 3)."""
    rng = np.random.default_rng(spec.seed)
    taken = []
    for k in range(4):
        azimuth, elevation = torch.tensor([rng.uniform(0, 360)]), torch.tensor([rng.uniform(0, 30)])
        c2w = orbit(azimuth, elevation, RADIUS).numpy()
        mesh = mesh_of(spec)
        taken.append(pictures(mesh, c2w, rng.uniform(0.1, 0.9, 3))[0])
        save_image(folder / f"{k}.png", taken[-1])
        save_image(folder / f"{k}.mask.png", render_views(mesh, c2w, FOVY_DEG, SIZE_PX)[0, ..., 3:].repeat(3, -1))
    return torch.stack(taken)


class Judge:
    """What the base model's CLIP says of a subject against its class."""

    @torch.no_grad()
    def __init__(self, pipeline, spec: Spec):
        self.pipeline, self.kind = pipeline, spec.kind
        others = [draw_spec(3, k, "all", (spec.variant or spec.kind,)) for k in range(16)]
        self.subject = pipeline.embed_images(around(mesh_of(spec)))  # (8, E)
        self.others = torch.cat([pipeline.embed_images(around(mesh_of(other), 4)) for other in others])  # (64, E)

    @torch.no_grad()
    def told(self, views: torch.Tensor) -> float:
        """Share of views (N, H, W, 3), cut out of their backgrounds, whose nearest true render is one of the subject."""
        cut = torch.where(foreground_mask(views, border_colour(views))[..., None], views, 0.5)
        embeds = self.pipeline.embed_images(cut)
        return ((embeds @ self.subject.T).amax(1) > (embeds @ self.others.T).amax(1)).float().mean().item()

    def crowned(self, objects: torch.Tensor) -> float:
        """Share of objects (B, V, H, W, 3) that are nearer to the class with the crown than without it."""
        scores = clip_similarity(self.pipeline, objects, [f"a {self.kind}{CROWN}", f"a {self.kind}"])
        return (scores[:, 0] > scores[:, 1]).float().mean().item()


def drawn(pipeline, prompt: str, count: int) -> torch.Tensor:
    """(count, 4, H, W, 3)"""
    return pipeline(prompt, orbit_views(4, 15.0), seeds=list(range(count)), steps=20, guidance_scale=4.0)


def measure(model: str, words: str, judge: Judge, folder: Path, settings, in_3d: bool) -> dict:
    """The figures of one model for one subject; the pictures stay in the folder."""
    if (folder / "figures.json").is_file():
        return json.loads((folder / "figures.json").read_text())
    pipeline = load_pipeline(model)
    plain, crowned = drawn(pipeline, f"photo of a {words}", 4), drawn(pipeline, f"photo of a {words}{CROWN}", 4)
    masks = torch.stack([foreground_mask(views, border_colour(views)) for views in plain])
    found = {
        "told": judge.told(plain.flatten(0, 1)),
        "agree": opposite_agreement(masks).mean().item(),
        "crown": judge.crowned(crowned),
    }
    save_image(folder / "samples.png", grid(torch.cat([plain[:2], crowned[:2]], 1).flatten(0, 1), 8))
    if in_3d:
        made = to3d.run(settings.model_copy(update={"model": model}), f"photo of a {words}", folder / "to3d")
        views = around(load_asset(made["mesh"]).normalise())
        save_image(folder / "object.png", grid(views, 8))
        found["told in 3D"] = judge.told(views)
    (folder / "figures.json").write_text(json.dumps(found))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("subjects"))
    parser.add_argument("--only", nargs="*", default=list(SUBJECTS))
    parser.add_argument("--ways", nargs="*", default=list(WAYS))
    parser.add_argument("--set", action="append", default=[], help="a setting, as the program takes it")
    arguments = parser.parse_args()
    base = load_pipeline("mini")
    table = {}
    for name in arguments.only:
        spec = SUBJECTS[name]
        folder = arguments.out / name
        judge, photos = Judge(base, spec), photographs(spec, folder / "photographs")
        save_image(folder / "photographs.png", grid(photos, 4))
        settings = config.resolve("cpu", ["to3d.candidates=2", *arguments.set])
        rows = {"true renders": {"told": judge.told(around(mesh_of(spec), 5))}}
        rows["base"] = measure("mini", spec.kind, judge, folder / "base", settings, in_3d=False)
        for way in arguments.ways:
            sets = [f"{key}={value}" for key, value in WAYS[way].items()]
            sets += [f"dreambooth.images={folder / 'photographs'}", f"dreambooth.subject={WORD} {spec.kind}"]
            run = dreambooth.run(config.resolve("cpu", [*sets, *arguments.set]), folder / way / "tuning")
            in_3d = way == "paper"
            rows[way] = measure(str(run["model"]), f"{WORD} {spec.kind}", judge, folder / way, settings, in_3d)
        table[name] = rows
        (arguments.out / "table.json").write_text(json.dumps(table, indent=1))
    mean = {
        way: {
            key: round(float(np.mean([rows[way][key] for rows in table.values()])), 3)
            for key in next(iter(table.values()))[way]
        }
        for way in next(iter(table.values()))
    }
    print(json.dumps(mean))


if __name__ == "__main__":
    main()
