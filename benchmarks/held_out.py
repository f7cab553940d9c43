"""Does `mini` draw what it was told? Share of four-view samples whose right caption is the nearest of 20 by mini's own CLIP.

    python benchmarks/held_out.py --count 200 --model mini --out held_out

Combinations of kind, color, pattern and worn things that no training object had, against true renders of the same objects.
The embeddings of the four views are averaged; the 19 wrong captions are those of other held-out objects.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from toys import ELEVATION_DEG, around, mesh_of

from mvdream_cli.cameras import orbit_views
from mvdream_cli.images import grid, save_image
from mvdream_cli.metrics.clip import clip_similarity
from mvdream_cli.models.load import load_pipeline
from mvdream_toybox.captions import caption
from mvdream_toybox.world import draw_spec


def nearest_share(scores: torch.Tensor, captions: list[str], among: int = 20) -> float:
    """Share of objects whose own caption beats `among` - 1 others; scores (N, N) of objects (rows) and captions."""
    rng = np.random.default_rng(0)
    hits = 0
    for i in range(len(captions)):
        others = rng.permutation([j for j in range(len(captions)) if captions[j] != captions[i]])[: among - 1]
        hits += bool(scores[i, i] > scores[i, others].max())
    return hits / len(captions)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--model", default="mini")
    parser.add_argument(
        "--data", type=Path, required=True, help="JSON with kinds and worn: data.toybox.kinds and .worn of the training"
    )
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--guidance-scale", type=float, default=5.0)
    parser.add_argument("--out", type=Path, default=Path("held_out"))
    arguments = parser.parse_args()
    world = json.loads(arguments.data.read_text())
    pipeline = load_pipeline(arguments.model)
    specs = [draw_spec(1, i, "held-out", tuple(world["kinds"]), tuple(world["worn"])) for i in range(arguments.count)]
    captions = [caption(spec, np.random.default_rng((1, i, 1))) for i, spec in enumerate(specs)]
    real = [around(mesh_of(spec), 4) for spec in specs]
    c2w = orbit_views(4, ELEVATION_DEG)
    drawn = [
        pipeline(text, c2w, seeds=[i], steps=arguments.steps, guidance_scale=arguments.guidance_scale)[0]
        for i, text in enumerate(captions)
    ]
    save_image(arguments.out / "samples.png", grid(torch.cat(drawn[:24]), 8))
    result = {
        "count": len(specs),
        "samples": nearest_share(clip_similarity(pipeline, torch.stack(drawn), captions), captions),
        "true_renders": nearest_share(clip_similarity(pipeline, torch.stack(real), captions), captions),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
