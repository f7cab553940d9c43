"""The objects of many runs on one sheet, to be judged by eye: a row each, the sampled views, then the file from eight sides.

    mvdream to3d --prompts mvdream_cli/prompt_sets/panel.txt --out panel
    python benchmarks/contact_sheet.py panel --columns 2 --out panel.jpg

The rows are those of `prompts.csv` in the folder, in its order; runs without an object leave a gap.
"""

import argparse
import csv
from pathlib import Path

import torch
from toys import ELEVATION_DEG, RADIUS, pictures

from mvdream_cli.cameras import orbit_views
from mvdream_cli.images import grid, load_image, save_image
from mvdream_cli.raycast.assets import load_asset

VIEWS, SIDES = 4, 8
AROUND = orbit_views(SIDES, ELEVATION_DEG, distance=2 * RADIUS).numpy()  # the box of a file is twice as large as a toy's


def row_of(run: Path, size_px: int) -> torch.Tensor:
    """(VIEWS + SIDES, S, S, 3) in [0, 1], the front first; gray where there is nothing."""
    row = torch.full((VIEWS + SIDES, size_px, size_px, 3), 0.5)
    if (run / "views.png").is_file():
        strip = torch.from_numpy(load_image(run / "views.png")[..., :3].copy()).float() / 255
        views = torch.stack(strip.split(strip.shape[0], 1)[:VIEWS])
        row[: len(views)] = shrunk(views, size_px)
    if (run / "mesh.glb").is_file():
        row[VIEWS:] = shrunk(pictures(load_asset(run / "mesh.glb"), AROUND), size_px)
    return row


def shrunk(images: torch.Tensor, size_px: int) -> torch.Tensor:
    channels_first = images.permute(0, 3, 1, 2)
    return torch.nn.functional.interpolate(channels_first, size=(size_px, size_px), mode="area").permute(0, 2, 3, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="what `mvdream to3d --prompts` has written")
    parser.add_argument("--columns", type=int, default=1, help="objects beside each other")
    parser.add_argument("--size-px", type=int, default=96)
    parser.add_argument("--out", type=Path, default=Path("contact_sheet.jpg"))
    arguments = parser.parse_args()
    with (arguments.folder / "prompts.csv").open(encoding="utf-8", newline="") as file:
        runs = [Path(row["folder"]) for row in csv.DictReader(file)]
    rows = torch.cat([row_of(run, arguments.size_px) for run in runs])
    print(save_image(arguments.out, grid(rows, arguments.columns * (VIEWS + SIDES))))


if __name__ == "__main__":
    main()
