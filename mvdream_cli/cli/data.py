"""Training data: `mvdream data`."""

from pathlib import Path
from typing import Annotated

import typer

from mvdream_cli.cli.app import data_app
from mvdream_cli.cli.options import ALL, Shared, read_part, shares
from mvdream_cli.cli.running import run_command


@data_app.command()
@shares(*ALL)
def toybox(
    *,
    objects: Annotated[int | None, typer.Option(help="How many objects.")] = None,
    split: Annotated[str | None, typer.Option(metavar="train|held-out|all", help="Part of the world.")] = None,
    shared: Shared,
) -> None:
    """Write objects of the procedural toybox world as GLB files, with captions. [dim]--out data/toybox[/]"""

    def recipe(settings):
        from mvdream_cli.commands import data

        return data.toybox(settings, shared.out or Path("data/toybox"))

    run_command("data", {"data.toybox.objects": objects, "data.toybox.split": split}, recipe, shared)


@data_app.command()
@shares(*ALL)
def render(
    source: Annotated[
        str,
        typer.Argument(
            metavar="DIR|LIST|toybox", help="Folder of 3D assets, a list of them (.jsonl, .txt), or the toybox world."
        ),
    ],
    *,
    objects: Annotated[int | None, typer.Option(help="How many objects (toybox).")] = None,
    views: Annotated[int | None, typer.Option(help="Views of each object.")] = None,
    size_px: Annotated[int | None, typer.Option(help="Side of a view in pixels.")] = None,
    part: Annotated[
        str, typer.Option(metavar="K/N", help="The K-th of N parts: each on a machine of its own, all into one --out.")
    ] = "1/1",
    shared: Shared,
) -> None:
    """Render 3D assets from all sides into training data, with captions. [dim]--out data/views[/]"""
    which = read_part(part)

    def recipe(settings):
        from mvdream_cli.commands import data

        return data.render(settings, source, shared.out or Path("data/views"), which)

    flags = {"data.toybox.objects": objects, "data.num_views": views, "data.size_px": size_px}
    run_command("data", flags, recipe, shared)


@data_app.command()
@shares(*ALL)
def check(
    folder: Annotated[Path, typer.Argument(metavar="SET", help="A multi-view set: shards or folders.")],
    *,
    sample: Annotated[
        int, typer.Option(min=0, help="Look at so many objects, drawn at random. [dim]all[/]", show_default=False)
    ] = 0,
    mend: Annotated[bool, typer.Option("--mend", help="Render again what is broken, from where the set comes.")] = False,
    shared: Shared,
) -> None:
    """Look at a set: statistics, duplicates, wrong cameras, broken files; a contact sheet. [dim]--out SET[/]"""

    def recipe(settings):
        from mvdream_cli.commands import data

        return data.check(settings, folder, shared.out or folder, sample=sample, mend=mend)

    run_command("data", {}, recipe, shared)
