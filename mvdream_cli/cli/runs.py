"""What was made: runs list, show, clean; view."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from mvdream_cli.cli import completion
from mvdream_cli.cli.app import app, runs_app
from mvdream_cli.cli.options import Shared, shares
from mvdream_cli.errors import UsageError

Root = Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Folder of runs.")]


@app.command()
@shares("json_", "quiet", "debug")
def view(
    target: Annotated[
        Path | None,
        typer.Argument(metavar="[RUN|FOLDER]", help="A run, or a folder of runs. [dim]runs[/]", autocompletion=completion.runs),
    ] = None,
    *,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Serve on this port of the loopback; 0: any that is free.")
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser.")] = True,
    shared: Shared,
) -> None:
    """Look at a finished run's page, or serve a gallery with runs that go on."""
    from mvdream_cli.engine import progress

    progress.show(shared.quiet)
    from mvdream_cli.commands import view as command

    def tell(address: str) -> None:
        print(json.dumps({"address": address}) if shared.json_ else address, flush=True)

    command.run(target, port, browser, tell)


@runs_app.command("list")
@shares("json_", "debug")
def list_(folder: Root = Path("runs"), *, shared: Shared) -> None:
    """List the runs in a folder, the newest first."""
    from mvdream_cli.commands import runs

    rows = runs.listed(folder)
    if shared.json_:
        print(json.dumps([row.as_json() for row in rows]))
        return
    if not rows:
        print(f"{folder}: no run here", file=sys.stderr)
    cells = [[str(row.folder), row.command or "-", row.state, size_text(row.bytes), age_text(row.changed)] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells)]
    for row, texts in zip(rows, cells):
        print("  ".join([*(text.ljust(width) for text, width in zip(texts, widths)), row.text]).rstrip())


@runs_app.command()
@shares("json_", "debug")
def show(
    run: Annotated[
        Path | None, typer.Argument(metavar="[RUN]", help="Run folder; none: the newest.", autocompletion=completion.runs)
    ] = None,
    *,
    shared: Shared,
) -> None:
    """Show what a run is, its settings, and its files."""
    from mvdream_cli.commands import runs
    from mvdream_cli.engine.records import latest_run

    told = runs.shown(run if run is not None else latest_run())
    if shared.json_:
        print(json.dumps(told))
        return
    reason = f": {told['reason']}" if told["reason"] else ""
    rows = {"folder": told["folder"], "state": f"{told['state']}{reason}", "text": told["text"]}
    for name, text in {**rows, **told["facts"]}.items():
        print(f"{name:<10}{text}")
    print("\nfiles")
    for name, size in told["files"].items():
        print(f"  {name:<32}{size_text(size):>10}")
    print("\nsettings")
    for name, text in told["settings"].items():
        print(f"  {name:<46}{text}")


@runs_app.command()
@shares("json_", "debug")
def clean(
    folder: Root = Path("runs"),
    *,
    unfinished: Annotated[bool, typer.Option("--unfinished", help="Whole runs that stopped or failed, too.")] = False,
    broken: Annotated[bool, typer.Option("--broken", help="Whole runs whose run.json cannot be read, too.")] = False,
    finished: Annotated[bool, typer.Option("--finished", help="Whole runs that are finished, too.")] = False,
    older_than_days: Annotated[float, typer.Option(min=0, help="Whole runs only if they were not touched for so long.")] = 0.0,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete. Without it nothing is deleted.")] = False,
    shared: Shared,
) -> None:
    """Tell what could be deleted: caches of finished runs and half-written files. --yes deletes it."""
    from mvdream_cli.commands import runs

    states = [name for name, asked in {"unfinished": unfinished, "broken": broken, "finished": finished}.items() if asked]
    if older_than_days and not states:
        raise UsageError("runs clean: --older-than-days is for whole runs; name which: --unfinished, --broken, --finished")
    found = runs.to_clean(folder, states, older_than_days)
    if yes:
        runs.delete([path for path, _, _ in found], folder)
    if shared.json_:
        listed = [{"path": str(path), "bytes": size, "why": why} for path, size, why in found]
        print(json.dumps({"deleted": yes, "bytes": sum(size for _, size, _ in found), "paths": listed}))
        return
    for path, size, why in found:
        print(f"{path}  {size_text(size)}  {why}")
    total = size_text(sum(size for _, size, _ in found))
    print("nothing to delete" if not found else f"{total} deleted" if yes else f"{total} could be deleted; --yes deletes it")


def size_text(size: float) -> str:
    """5.9 MB of 5,894,123."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError


def age_text(changed: float) -> str:
    """3 min ago, of seconds since 1970."""
    import time

    seconds = max(0.0, time.time() - changed)
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit} ago"
    return "just now"
