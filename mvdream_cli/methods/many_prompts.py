"""Many prompts with one load of the model."""

import csv
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mvdream_cli.atomic import written_whole
from mvdream_cli.engine.progress import say, warn
from mvdream_cli.errors import MVDreamError, ObjectError, SomeFailedError, UsageError
from mvdream_cli.images import grid, load_image, read_tiles, save_image
from mvdream_cli.prompts import PromptLine
from mvdream_cli.settings import Settings
from mvdream_cli.settings.resolve import changed
from mvdream_cli.texts import printable

TILE_PX = 128


class Job(NamedTuple):
    """An object to make. problem: one sentence where none can be made, and there are no settings; else empty."""

    prompt: str
    settings: Settings | None
    problem: str = ""


def jobs_of(lines: Iterable[PromptLine], settings: Settings) -> list[Job]:
    """What is to be made of each line of a file; a line with an impossible setting says its problem."""
    jobs = []
    for line in lines:
        try:
            if line.problem:
                raise UsageError(line.problem)
            jobs.append(Job(line.prompt, changed(settings, line.settings)))
        except UsageError as error:
            jobs.append(Job(line.prompt, None, "; ".join(str(error).split("\n"))))
    return jobs


def make_all(
    jobs: list[Job],
    make: Callable[..., dict],
    open_model: Callable[..., tuple],
    root: Path = Path("runs"),
    restart: bool = False,
) -> dict:
    """Make an object of each job. What is finished is passed over, and what fails does not stop the rest.

    Leaves prompts.csv, rewritten after each job, and contact_sheet.png, a row for each object.

    Args:
        jobs: of `jobs_of`; those with a problem fail.
        make: `commands.to3d.run`. open_model: `commands.opening.open_model`.
        root: where the run folders, named after the prompts, and the two files go.

    Raises:
        SomeFailedError: at the end, when some failed. ObjectError: when all did.
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
    for k, (prompt, settings, problem) in enumerate(jobs):
        say(f"{k + 1} of {len(jobs)}: {prompt}")
        seed = settings.engine.seed if settings else ""
        row = {"prompt": prompt, "seed": seed, "status": "finished", "folder": "", "mesh": "", "error": ""}
        try:
            if problem:
                raise UsageError(problem)
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
        sentence = f"{failed} of {len(jobs)} prompts failed; {root / 'prompts.csv'} says why; to retry, repeat the command."
        raise ObjectError(sentence) if failed == len(jobs) else SomeFailedError(sentence, results)
    return results


def _write_table(path: Path, rows: list[dict]) -> None:
    with written_whole(path) as partial, open(partial, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows({key: _cell(value) for key, value in row.items()} for row in rows)


def _cell(value) -> str:
    """The value as a spreadsheet shows it: what would begin a formula there is marked as text."""
    text = printable(str(value))
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _strip(folder: Path) -> np.ndarray:
    """One row of the contact sheet: four sampled views (white without) and eight sides of the object; uint8 (S, 12 S, 3)."""
    views = np.full((4, TILE_PX, TILE_PX, 3), 255, np.uint8)
    if (folder / "views.png").is_file():
        height, width = load_image(folder / "views.png").shape[:2]
        sampled = read_tiles(folder / "views.png", width // height, TILE_PX)[:4]
        views[: len(sampled)] = sampled
    return grid(np.concatenate([views, read_tiles(folder / "turntable.png", 4, TILE_PX)[:8]]), 12)
