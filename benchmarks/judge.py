"""What do pictures and objects show? An independent judge: an ImageNet network that has never seen the toybox or `mini`.

    pip install -e '.[judge]'
    python benchmarks/judge.py --model mini --out judge                  # samples of 60 objects that no training saw
    python benchmarks/judge.py --objects judge/objects --out judge       # their GLB files, named 000.glb, 001.glb, ...

Four questions about the four views of an object, each answered by the nearest true render, by features of EfficientNet-Lite0:
- kind: among four objects of each kind of the world; - worn: the same object with each thing that its kind can wear, or none;
- color: the same object in each of ten colors; - direction: of each view, the same object from eight sides (a neighbor counts).
"The same object" has other proportions. Beside the shares of right answers stand the bound, true renders with proportions of
their own, and the floor, pictures of another object. A GLB is turned by quarters to where its views fit best. "second front":
share of objects of which another view than the front one looks most like the front.
"""

import argparse
import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from toys import ELEVATION_DEG, around, mesh_of

from mvdream_cli.cameras import orbit_views
from mvdream_cli.images import grid, save_image
from mvdream_cli.metrics.networks import efficientnet_module
from mvdream_cli.models.load import load_pipeline
from mvdream_cli.raycast.assets import load_asset
from mvdream_toybox.captions import caption
from mvdream_toybox.turns import kind_of
from mvdream_toybox.world import KINDS, WORN, Spec, draw_spec

COLORS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white")
OF_A_KIND = 4
SEED = 1


@torch.no_grad()
def features(images: torch.Tensor) -> torch.Tensor:
    """(N, F) of images (N, S, S, 3) in [0, 1]: coarse maps of three depths, each of unit length, so that colors count too."""
    net = efficientnet_module()
    x = F.interpolate(images.permute(0, 3, 1, 2), size=(160, 160), mode="bilinear", antialias=True) * 2 - 1
    parts = [F.adaptive_avg_pool2d(x, 6)]
    x = net._swish(net._bn0(net._conv_stem(x)))
    for index, block in enumerate(net._blocks):
        x = block(x)
        if index in (4, 10):  # strides 8 and 16
            parts.append(F.adaptive_avg_pool2d(x, 5))
    parts.append(F.adaptive_avg_pool2d(net._swish(net._bn1(net._conv_head(x))), 1))
    return torch.cat([F.normalize(part.flatten(1) - part.flatten(1).mean(1, keepdim=True), dim=1) for part in parts], 1)


@cache
def true_features(spec: Spec, views: int = 4) -> torch.Tensor:
    """(views, F) of a true object, the front first."""
    return features(around(mesh_of(spec), views))


def other(spec: Spec) -> Spec:
    """The same in words, with other proportions."""
    return replace(spec, seed=spec.seed + 1)


def nearest(seen: torch.Tensor, choices: list[torch.Tensor]) -> int:
    """Which of `choices` (V, F) is nearest to `seen` (V, F), view by view."""
    return int(torch.stack([(seen * choice).sum() for choice in choices]).argmax())


def kinds_bank(kinds: tuple[str, ...]) -> tuple[list[str], list[torch.Tensor]]:
    specs = [draw_spec(SEED + 100 + k, 0, "all", (kind,)) for kind in kinds for k in range(OF_A_KIND)]
    return [kind for kind in kinds for _ in range(OF_A_KIND)], [true_features(spec) for spec in specs]


def answers(seen: torch.Tensor, spec: Spec, bank) -> dict[str, float]:
    """Question -> share of right answers, for views with features `seen` (4, F) of what should be `spec`."""
    names, choices = bank
    right = {"kind": float(names[nearest(seen, choices)] == spec.kind)}
    twin = other(other(spec))
    kind = kind_of(spec.kind)
    if spec.worn:
        name, color = spec.worn[0]
        wearable = [thing for thing in WORN if WORN[thing].anchor in kind.wears]
        others = [w for w in wearable if w != name][:: max(1, len(wearable) // 8)][:8]
        worn = [replace(twin, worn=spec.worn), replace(twin, worn=()), *(replace(twin, worn=((w, color),)) for w in others)]
        right["worn"] = float(nearest(seen, [true_features(s) for s in worn]) == 0)
    if spec.color in COLORS and (kind.colors is None or set(COLORS) <= set(kind.colors)):
        colors = [replace(twin, color=color) for color in COLORS]
        right["color"] = float(COLORS[nearest(seen, [true_features(s) for s in colors])] == spec.color)
    eight = true_features(twin, 8)
    found = (seen @ eight.T).argmax(1)
    apart = (found - torch.arange(4) * 2) % 8
    right["direction"] = float(((apart <= 1) | (apart == 7)).float().mean())
    right["second front"] = float(((found == 0) & (torch.arange(4) > 0)).any())
    return right


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="mini")
    parser.add_argument("--objects", type=Path, help="a folder of NNN.glb: judge these and sample nothing")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--world", type=Path, help="JSON with kinds and worn; none: the whole toybox")
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--guidance-scale", type=float, default=4.0)
    parser.add_argument("--guidance-rescale", type=float, default=0.0)
    parser.add_argument("--out", type=Path, default=Path("judge"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    world = json.loads(arguments.world.read_text()) if arguments.world else {"kinds": tuple(KINDS), "worn": tuple(WORN)}
    kinds, worn = tuple(world["kinds"]), tuple(world["worn"])
    specs = [draw_spec(SEED, i, "held-out", kinds, worn) for i in range(arguments.count)]
    captions = [caption(spec, np.random.default_rng((SEED, i, 1))) for i, spec in enumerate(specs)]
    (arguments.out / "prompts.txt").write_text("\n".join(captions) + "\n")
    bank = kinds_bank(tuple(dict.fromkeys(spec.kind for spec in specs)) if arguments.world else tuple(KINDS))
    if arguments.objects:
        seen = {
            i: around(load_asset(path), 4) for i in range(len(specs)) if (path := arguments.objects / f"{i:03d}.glb").exists()
        }
    else:
        pipeline, c2w = load_pipeline(arguments.model), orbit_views(4, ELEVATION_DEG)
        options = {key: getattr(arguments, key) for key in ("steps", "guidance_scale", "guidance_rescale")}
        seen = {i: pipeline(text, c2w, seeds=[i], **options)[0] for i, text in enumerate(captions)}
    save_image(arguments.out / "seen.png", grid(torch.cat([views for views in list(seen.values())[:48]]), 16))
    table = {"seen": [], "true renders": [], "shuffled": []}
    order = list(seen)
    for k, i in enumerate(order):
        table["seen"].append(answers(best_turn(features(seen[i]), specs[i], arguments.objects is not None), specs[i], bank))
        table["true renders"].append(answers(true_features(other(specs[i])), specs[i], bank))
        table["shuffled"].append(answers(features(seen[order[k - 1]]), specs[i], bank))
    result = {name: mean_of(rows) for name, rows in table.items()}
    line = json.dumps({"objects": len(seen), "arguments": {k: str(v) for k, v in vars(arguments).items()}, **result})
    print(line)
    with (arguments.out / "judge.jsonl").open("a") as file:
        file.write(line + "\n")


def best_turn(seen: torch.Tensor, spec: Spec, may_turn: bool) -> torch.Tensor:
    """The views of an object, turned by quarters to where they fit a true one best; samples stay."""
    turns = [seen.roll(k, 0) for k in range(4)] if may_turn else [seen]
    true = true_features(other(other(spec)))
    return max(turns, key=lambda turned: float((turned * true).sum()))


def mean_of(rows: list[dict]) -> dict[str, float]:
    questions = {key: None for row in rows for key in row}
    return {key: round(float(np.mean([row[key] for row in rows if key in row])), 3) for key in questions}


if __name__ == "__main__":
    main()
