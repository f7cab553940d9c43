"""Training data: `mvdream data`."""

from pathlib import Path
from typing import Annotated

import typer

from mvdream_cli.cli.app import data_app
from mvdream_cli.cli.options import ALL, Shared, shares
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
    source: Annotated[str, typer.Argument(metavar="DIR|toybox", help="Folder of 3D assets, or the toybox world.")],
    *,
    objects: Annotated[int | None, typer.Option(help="How many objects (toybox).")] = None,
    views: Annotated[int | None, typer.Option(help="Views of each object.")] = None,
    size_px: Annotated[int | None, typer.Option(help="Side of a view in pixels.")] = None,
    shared: Shared,
) -> None:
    """Render 3D assets from all sides into training data, with captions. [dim]--out data/views[/]"""

    def recipe(settings):
        from mvdream_cli.commands import data

        return data.render(settings, source, shared.out or Path("data/views"))

    flags = {"data.toybox.objects": objects, "data.num_views": views, "data.size_px": size_px}
    run_command("data", flags, recipe, shared)
