"""Many prompts with one load of the model."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mvdream_cli.atomic import written_whole
from mvdream_cli.engine.progress import say, warn
from mvdream_cli.errors import MVDreamError, ObjectError
from mvdream_cli.images import grid, load_image, read_tiles, save_image

TILE_PX = 128


def make_all(
    jobs: list[tuple],
    make: Callable[..., dict],
    open_model: Callable[..., tuple],
    root: Path = Path("runs"),
    restart: bool = False,
) -> dict:
    """Make an object of each job. What is finished is passed over, and what fails does not stop the rest.

    Leaves prompts.csv, rewritten after each job, and contact_sheet.png, a row for each object.

    Args:
        jobs: (settings, prompt) of each object.
        make: `commands.to3d.run`. open_model: `commands.opening.open_model`.
        root: where the run folders, named after the prompts, and the two files go.

    Raises:
        ObjectError: at the end, when some failed.
    """
    root.mkdir(parents=True, exist_ok=True)
    opened: dict = {}

    def open_once(settings) -> tuple:
        key = repr((settings.model, settings.engine.model_copy(update={"seed": 0})))
        if key not in opened:
            opened.clear()
            opened[key] = open_model(settings)
        return opened[key]

    rows, failed = [], 0
    for k, (settings, prompt) in enumerate(jobs):
        say(f"{k + 1} of {len(jobs)}: {prompt}")
        row = {"prompt": prompt, "seed": settings.engine.seed, "status": "finished", "folder": "", "mesh": "", "error": ""}
        try:
            made = make(settings, prompt, restart=restart, root=root, open_model=open_once)
            row |= {"folder": made["run"], "mesh": made["mesh"]}
        except (MVDreamError, OSError, RuntimeError, ValueError) as error:
            if getattr(error, "exit_code", 1) in (130, 143):
                raise
            failed += 1
            row |= {"status": "failed", "error": str(error).splitlines()[0] if str(error) else type(error).__name__}
            warn(row["error"])
        rows.append(row)
        _write_table(root / "prompts.csv", rows)
    results = {"prompts": root / "prompts.csv"}
    shown = [_strip(row["folder"]) for row in rows if row["folder"]]
    if shown:
        results["contact_sheet"] = save_image(root / "contact_sheet.png", np.concatenate(shown))
    if failed:
        raise ObjectError(
            f"{failed} of {len(jobs)} prompts failed; {root / 'prompts.csv'} says why; to retry, repeat the command."
        )
    return results


def _write_table(path: Path, rows: list[dict]) -> None:
    with written_whole(path) as partial, open(partial, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def _strip(folder: Path) -> np.ndarray:
    """One row of the contact sheet: four sampled views (white without) and eight sides of the object; uint8 (S, 12 S, 3)."""
    views = np.full((4, TILE_PX, TILE_PX, 3), 255, np.uint8)
    if (folder / "views.png").is_file():
        height, width = load_image(folder / "views.png").shape[:2]
        sampled = read_tiles(folder / "views.png", width // height, TILE_PX)[:4]
        views[: len(sampled)] = sampled
    return grid(np.concatenate([views, read_tiles(folder / "turntable.png", 4, TILE_PX)[:8]]), 12)
