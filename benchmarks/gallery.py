"""The gallery of docs/: twelve prompts through `mvdream to3d`, each shown by its sampled views and eight renders of its GLB.

python benchmarks/gallery.py --out gallery            runs what is missing, then writes gallery/sheet.png and times.json
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from mvdream_cli.engine.run import slug
from mvdream_cli.images import grid, load_image, save_image

PROMPTS = (
    "a bulldog wearing a black pirate hat",
    "a beautiful, intricate butterfly",
    "a majestic royal tall ship",
    "a stack of pancakes with maple syrup and butter",
    "a Viking axe",
    "a flying dragon",
    "a cute fluffy dog",
    "a red sports car",
    "a wizard with white hair",
    "an astronaut riding a horse",
    "a blue robot wearing a golden crown",
    "a green mushroom",
)
TILE_PX = 128


def tiles(path: Path, columns: int) -> np.ndarray:
    """The tiles of a sheet, scaled to TILE_PX; (N, TILE_PX, TILE_PX, 3)."""
    image = Image.fromarray(load_image(path)[..., :3])
    side = image.width // columns
    image = image.resize((columns * TILE_PX, image.height // side * TILE_PX), Image.LANCZOS)
    sheet = np.asarray(image)
    rows = sheet.shape[0] // TILE_PX
    return sheet.reshape(rows, TILE_PX, columns, TILE_PX, 3).swapaxes(1, 2).reshape(-1, TILE_PX, TILE_PX, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("gallery"))
    parser.add_argument("--model", default="mini")
    parser.add_argument("--first", type=int, default=len(PROMPTS), help="only the first N prompts")
    arguments = parser.parse_args()
    seconds, rows = {}, []
    for prompt in PROMPTS[: arguments.first]:
        folder = arguments.out / slug(prompt)
        started = time.monotonic()
        fresh = not (folder / "index.html").exists()
        command = ["mvdream", "to3d", prompt, "--model", arguments.model, "--out", str(folder), "--quiet"]
        if subprocess.run(command, check=False).returncode:
            print(f"failed: {prompt}", file=sys.stderr)
            continue
        if fresh:
            seconds[prompt] = round(time.monotonic() - started, 1)
            print(f"{seconds[prompt]:6.1f} s  {prompt}", flush=True)
        rows.append(np.concatenate([tiles(folder / "views.png", 4), tiles(folder / "turntable.png", 4)]))
    save_image(arguments.out / "sheet.png", grid(np.concatenate(rows), 12))
    (arguments.out / "times.json").write_text(json.dumps(seconds, indent=1))


if __name__ == "__main__":
    main()
