"""MVDreamBooth on five subjects of the toybox world that `mini` has never seen: a table and contact sheets.

    python benchmarks/subjects.py --out subjects

Four photographs of each, from random directions over random plain backgrounds, with masks. The model is tuned as the paper does
it, without its preservation term, and with the photographs taken for views of a rig (3D mode). Judged by the base's own CLIP:
- told: share of sampled views nearer to the subject (true renders of it) than to its class (sixteen others of its kind);
- agree: opposite silhouettes of the sampled views that match (`metrics.consistency`);
- and for each context, "wearing a golden crown" and "riding a car" (animals only): followed, the share of views sampled with
  these words that are nearer to true renders in the context, of the subject or of others, than to true renders without it (its
  floor: plain samples that count as followed); told, as above, all true renders being in the context;
- in 3D: the same of eight renders of objects that `to3d` makes, plain and crowned.
What is there is not done again.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from toys import FOVY_DEG, RADIUS, SIZE_PX, around, mesh_of, pictures

from mvdream_cli.cameras import orbit, orbit_views
from mvdream_cli.commands import dreambooth, to3d
from mvdream_cli.images import grid, save_image
from mvdream_cli.metrics.consistency import opposite_agreement
from mvdream_cli.models.load import load_pipeline
from mvdream_cli.raycast.assets import load_asset
from mvdream_cli.raycast.embree import render_views
from mvdream_cli.scene.fitting import border_color, foreground_mask
from mvdream_cli.settings.resolve import resolve
from mvdream_toybox.things import KINDS
from mvdream_toybox.world import Spec, draw_spec

SUBJECTS = {
    "bulldog": Spec("dog", "bulldog", "cyan", "striped", "pink", seed=1),
    "poodle": Spec("dog", "poodle", "green", "spotted", "red", seed=2),
    "dachshund": Spec("dog", "dachshund", "yellow", "spotted", "blue", seed=3),
    "cat": Spec("cat", None, "purple", "striped", "yellow", seed=4),
    "wizard": Spec("wizard", None, "orange", "striped", "blue", seed=5),
}
WAYS = {
    "paper": {},
    "no preservation": {"dreambooth.preservation.weight": 0},
    "3D mode": {"dreambooth.attention": "3d"},
}
WORD = "sks"
CROWN, CAR = " wearing a golden crown", " riding a car"


def in_context(spec: Spec, words: str) -> Spec | None:
    """The same thing in the context; None for a wizard in a car, which the world does not have."""
    if words == CROWN:
        return replace(spec, worn=(("crown", "golden"),))
    kind, variant = spec.kind + CAR, spec.variant and spec.variant + CAR
    return replace(spec, kind=kind, variant=variant, worn=()) if kind in KINDS else None


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
    """What the base model's CLIP says of a subject, its class and their contexts."""

    @torch.no_grad()
    def __init__(self, pipeline, spec: Spec):
        self.pipeline = pipeline
        others = [draw_spec(3, k, "all", (spec.variant or spec.kind,)) for k in range(16)]
        self.contexts = [words for words in (CROWN, CAR) if in_context(spec, words)]
        self.subject, self.others = {}, {}  # true renders by context: (8, E), (64, E)
        for words in ("", *self.contexts):
            seen = [around(mesh_of(in_context(other, words) if words else other), 4) for other in others]
            self.others[words] = torch.cat([pipeline.embed_images(views) for views in seen])
            self.subject[words] = pipeline.embed_images(around(mesh_of(in_context(spec, words) if words else spec)))

    @torch.no_grad()
    def embeds(self, views: torch.Tensor) -> torch.Tensor:
        """(N, H, W, 3), cut out of their backgrounds -> (N, E)"""
        return self.pipeline.embed_images(torch.where(foreground_mask(views, border_color(views))[..., None], views, 0.5))

    def told(self, views: torch.Tensor, words: str = "") -> float:
        """Share of views (N, H, W, 3) whose nearest true render in the context is one of the subject."""
        embeds = self.embeds(views)
        return ((embeds @ self.subject[words].T).amax(1) > (embeds @ self.others[words].T).amax(1)).float().mean().item()

    def followed(self, views: torch.Tensor, words: str) -> float:
        """Share of views (N, H, W, 3) whose nearest true render is in the context."""
        embeds = self.embeds(views)
        inside, outside = (embeds @ torch.cat([self.subject[w], self.others[w]]).T for w in (words, ""))
        return (inside.amax(1) > outside.amax(1)).float().mean().item()


def drawn(pipeline, prompt: str, count: int) -> torch.Tensor:
    """(count, 4, H, W, 3)"""
    return pipeline(prompt, orbit_views(4, 15.0), seeds=list(range(count)), steps=20, guidance_scale=4.0)


def true_figures(judge: Judge, spec: Spec) -> dict:
    """Of the subject itself, from other directions: what a perfect model would get."""
    found = {"told": judge.told(around(mesh_of(spec), 5))}
    for context in judge.contexts:
        views = around(mesh_of(in_context(spec, context)), 5)
        found |= {f"followed{context}": judge.followed(views, context), f"told{context}": judge.told(views, context)}
    return found


def measure(model: str, words: str, judge: Judge, folder: Path, settings, in_3d: bool) -> dict:
    """The figures of one model for one subject; the pictures stay in the folder."""
    if (folder / "figures.json").is_file():
        return json.loads((folder / "figures.json").read_text())
    pipeline = load_pipeline(model)
    plain = drawn(pipeline, f"photo of a {words}", 4)
    masks = torch.stack([foreground_mask(views, border_color(views)) for views in plain])
    found = {"told": judge.told(plain.flatten(0, 1)), "agree": opposite_agreement(masks).mean().item()}
    sheet = [plain[:2]]
    for context in judge.contexts:
        asked = drawn(pipeline, f"photo of a {words}{context}", 4)
        found[f"followed{context}"] = judge.followed(asked.flatten(0, 1), context)
        found[f"floor{context}"] = judge.followed(plain.flatten(0, 1), context)
        found[f"told{context}"] = judge.told(asked.flatten(0, 1), context)
        sheet.append(asked[:2])
    save_image(folder / "samples.png", grid(torch.cat(sheet, 1).flatten(0, 1), 4 * len(sheet)))
    for context in ("", CROWN) if in_3d else ():
        made = to3d.run(
            settings.model_copy(update={"model": model}), f"photo of a {words}{context}", folder / f"to3d{context[:8]}"
        )
        views = around(load_asset(made["mesh"]).normalise())
        save_image(folder / f"object{context[:8]}.png", grid(views, 8))
        found[f"told in 3D{context}"] = judge.told(views, context)
        if context:
            found[f"followed in 3D{context}"] = judge.followed(views, context)
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
        settings = resolve("cpu", ["to3d.views.candidates=2", *arguments.set])
        rows = {"true renders": true_figures(judge, spec)}
        rows["base"] = measure("mini", spec.kind, judge, folder / "base", settings, in_3d=False)
        for way in arguments.ways:
            sets = [f"{key}={value}" for key, value in WAYS[way].items()]
            sets += [f"dreambooth.images={folder / 'photographs'}", f"dreambooth.subject={WORD} {spec.kind}"]
            run = dreambooth.run(resolve("cpu", [*sets, *arguments.set]), folder / way / "tuning")
            in_3d = way == "paper"
            rows[way] = measure(str(run["model"]), f"{WORD} {spec.kind}", judge, folder / way, settings, in_3d)
        table[name] = rows
        (arguments.out / "table.json").write_text(json.dumps(table, indent=1))
    mean = {}
    for way in next(iter(table.values())):
        keys = dict.fromkeys(key for rows in table.values() for key in rows[way])
        of = {key: [rows[way][key] for rows in table.values() if key in rows[way]] for key in keys}
        mean[way] = {key: round(float(np.mean(values)), 3) for key, values in of.items()}
    print(json.dumps(mean))


if __name__ == "__main__":
    main()
