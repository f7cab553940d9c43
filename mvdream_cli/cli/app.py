"""The Typer app, to which the other files of this folder add commands."""

import platform
from typing import Annotated

import typer

app = typer.Typer(
    name="mvdream",
    help="Text to consistent views, and views to 3D objects: MVDream, whole.",
    epilog="To resume a run, give the same command again. Every setting: mvdream COMMAND --dry-run.",
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
data_app = typer.Typer(help="Make training data: multi-view renderings of assets or of the toybox world.")
models_app = typer.Typer(help="Model files: fetch, check, find and convert them.")
app.add_typer(data_app, name="data")
runs_app = typer.Typer(help="Runs: list them, show one, clean up.")
evaluate_app = typer.Typer(help="Measure models, objects and sets, with intervals, floors and bounds.")
app.add_typer(models_app, name="models")
app.add_typer(evaluate_app, name="evaluate")
app.add_typer(runs_app, name="runs")


def _version(asked: bool) -> None:
    if asked:
        from mvdream_cli import __version__
        from mvdream_cli.settings.machine import device_text
        from mvdream_cli.versions import versions

        known = versions()
        print(f"mvdream {__version__}")
        print("\n".join(f"{name} {known.get(name, 'is not installed')}" for name in ("torch", "diffusers")))
        print(f"python {platform.python_version()}\ndevice {device_text()}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the versions of what matters, and leave.")
    ] = False,
) -> None:
    pass
