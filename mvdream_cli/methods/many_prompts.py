"""Many prompts: one after another here, or wherever `ray_tasks` has them made; what came of each stands in a table."""

import csv
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mvdream_cli.atomic import written_whole
from mvdream_cli.engine.progress import say, warn
from mvdream_cli.errors import LockedError, MVDreamError, ObjectError, SomeFailedError, UsageError
from mvdream_cli.images import grid, load_image, read_tiles, save_image
from mvdream_cli.prompts import PromptLine
from mvdream_cli.settings import Settings
from mvdream_cli.settings.resolve import changed
from mvdream_cli.texts import printable

TILE_PX = 128
SHEET_ROWS = 200  # of the contact sheet: 25,600 px
BUSY = "in use"  # the status of a prompt whose folder another process has

Rows = Iterable[tuple[int, dict]]  # (number of the job, its row of the table), in the order in which they end


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
            jobs.append(Job(line.prompt, changed(settings, line.settings) if line.settings else settings))
        except UsageError as error:
            jobs.append(Job(line.prompt, None, "; ".join(str(error).split("\n"))))
    return jobs


def make_all(
    jobs: Sequence[Job],
    make: Callable[..., dict],
    open_model: Callable[..., tuple],
    root: Path = Path("runs"),
    restart: bool = False,
    ray: str | None = None,
    name: str = "prompts",
) -> dict:
    """Make an object of each job. What is finished is passed over, and what fails does not stop the rest.

    Leaves NAME.csv, kept current, and contact_sheet.png, a row for each of the first `SHEET_ROWS` objects.

    Args:
        jobs: of `jobs_of`; those with a problem fail.
        make: `commands.to3d.run`. open_model: `commands.opening.open_model`.
        root: where the run folders, named after the prompts, and the two files go.
        ray: None: here, one after another; else the address of a Ray cluster, "" for Ray's own choice.
        name: of the table.

    Raises:
        SomeFailedError: at the end, when some failed. ObjectError: when all did.
    """
    root.mkdir(parents=True, exist_ok=True)
    if ray is None:
        rows = one_after_another(jobs, make, open_model, root, restart)
    else:
        from mvdream_cli.methods.ray_tasks import on_ray

        rows = on_ray(jobs, make, open_model, root, restart, address=ray)
    return gather(rows, len(jobs), root, name)


def one_after_another(jobs: Sequence[Job], make, open_model, root: Path, restart: bool) -> Iterator[tuple[int, dict]]:
    """Make the objects in this process, in order."""
    make_here = partial(make, restart=restart, root=root, open_model=opened_once(open_model))
    for k, job in enumerate(jobs):
        say(f"{k + 1} of {len(jobs)}: {job.prompt}")
        row = make_row(job, make_here)
        if row["error"]:
            warn(row["error"])
        yield k, row


def make_row(job: Job, make: Callable[..., dict]) -> dict:
    """Make one object; its row of the table, whatever comes of it.

    Raises:
        MVDreamError: a signal ended it.
    """
    seed = job.settings.engine.seed if job.settings else ""
    row = {"prompt": job.prompt, "seed": seed, "status": "finished", "folder": "", "mesh": "", "error": ""}
    try:
        if job.problem:
            raise UsageError(job.problem)
        made = make(job.settings, job.prompt)
        row |= {"folder": made["run"], "mesh": made["mesh"]}
    except (MVDreamError, OSError, RuntimeError, ValueError) as error:
        if getattr(error, "exit_code", 1) in (130, 143):
            raise
        status = BUSY if isinstance(error, LockedError) else "failed"
        row |= {"status": status, "error": str(error).splitlines()[0] if str(error) else type(error).__name__}
    return row


def opened_once(open_model: Callable[..., tuple]) -> Callable[..., tuple]:
    """`open_model` that keeps the last model open, for prompts that differ in their seed only."""
    opened: dict = {}

    def open_once(settings) -> tuple:
        key = repr((settings.model, settings.engine.model_copy(update={"seed": 0})))
        if key not in opened:
            opened.clear()
            opened[key] = open_model(settings)
        return opened[key]

    return open_once


def gather(rows: Rows, count: int, root: Path, name: str = "prompts") -> dict:
    """Keep the table current while `count` rows come in, draw the contact sheet, and say how many failed.

    Raises:
        SomeFailedError: some did. ObjectError: all did.
    """
    table, found = root / f"{name}.csv", {}
    next_write = 0.0  # a table of 100,000 rows is not written 100,000 times
    for number, row in rows:
        found[number] = row
        if time.monotonic() >= next_write or len(found) == count:
            began = time.monotonic()
            _write_table(table, [found[k] for k in sorted(found)])
            next_write = time.monotonic() + 20 * (time.monotonic() - began)
    results = {name: table}
    shown = [folder for k in sorted(found) if (folder := found[k]["folder"]) and (folder / "turntable.png").is_file()]
    if shown:
        sheet = np.concatenate([_strip(folder) for folder in shown[:SHEET_ROWS]])
        sheet_name = "contact_sheet" if name == "prompts" else f"{name}-contact_sheet"
        results["contact_sheet"] = save_image(root / f"{sheet_name}.png", sheet)
    failed = sum(row["status"] != "finished" for row in found.values())
    if failed:
        sentence = f"{failed} of {count} prompts failed; {table} says why; to retry, repeat the command."
        raise ObjectError(sentence) if failed == count else SomeFailedError(sentence, results)
    return results


def part_of(lines: Sequence, k: int, n: int) -> tuple[Sequence, str]:
    """(every n-th line from the k-th on, the name of their table), k from 1 to n."""
    return lines[k - 1 :: n], f"prompts-{k}-of-{n}"


def _write_table(path: Path, rows: list[dict]) -> None:
    with written_whole(path) as partial_path, open(partial_path, "w", newline="", encoding="utf-8") as file:
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
