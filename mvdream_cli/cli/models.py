"""Model files, and what this machine has: models, doctor."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from mvdream_cli.cli.app import app, models_app
from mvdream_cli.cli.options import Shared, shares


@models_app.command("list")
@shares("json_", "debug")
def list_print_path(*, shared: Shared) -> None:
    """The models that have a name, and which of them are on this machine."""
    from mvdream_cli.commands import models

    rows = models.listed()
    if shared.json_:
        print(json.dumps(rows, default=str))
        return
    for row in rows:
        here = "here" if row["path"] else "-"
        print(f"{row['name']:<22}{row['size_gb']:>6.2f} GB  {here:<6}{row['about']} ({row['licence']})")


@models_app.command()
@shares("dry_run", "offline", "json_", "quiet", "debug")
def get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name of `models list`, or OWNER/NAME of the hub.")],
    *,
    shared: Shared,
) -> None:
    """Fetch a model, from the first source that has it; the same command again resumes."""
    _print_path(lambda models: models.get(name, shared.offline, shared.dry_run), shared)


@models_app.command()
@shares("json_", "quiet", "debug")
def verify(name: Annotated[str, typer.Argument(metavar="NAME", help="A model that was fetched.")], *, shared: Shared) -> None:
    """Compare the files of a fetched model with the checksums recorded when it came."""
    _print_path(lambda models: models.verify(name), shared)


@models_app.command()
@shares("json_", "quiet", "debug")
def where(name: Annotated[str, typer.Argument(metavar="NAME", help="A model.")], *, shared: Shared) -> None:
    """Print where a model lies on this machine."""
    _print_path(lambda models: models.find_model(name), shared)


@models_app.command()
@shares("dry_run", "json_", "quiet", "debug")
def convert(
    source: Annotated[str, typer.Argument(metavar="IN", help="A model folder or file.", show_default=False)],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder or file to write.", show_default=False)],
    *,
    format_: Annotated[str, typer.Option("--format", metavar="diffusers|mvdream-pt|ashawkey", help="Format of OUT.")],
    shared: Shared,
) -> None:
    """Write a model in another format, tensor for tensor the same."""
    if shared.dry_run:
        print(f"{source} would be written to {out} as {format_}")
        return
    from mvdream_cli.settings.machine import check_memory_limit

    check_memory_limit()
    from mvdream_cli.commands import model_formats

    _print_path(lambda _: model_formats.convert(source, out, format_), shared)


@models_app.command()
@shares("json_", "quiet", "debug")
def merge(
    source: Annotated[str, typer.Argument(metavar="LORA", help="A model that `dreambooth --lora` made.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write.")],
    *,
    shared: Shared,
) -> None:
    """Write a model that stands alone out of a LoRA and its base."""
    from mvdream_cli.settings.machine import check_memory_limit

    check_memory_limit()
    from mvdream_cli.commands import model_formats

    _print_path(lambda _: model_formats.merge(source, out), shared)


def _print_path(recipe: Callable[[Any], Path], shared: Shared) -> None:
    """Call a function of `commands.models` and print the path that it returns."""
    from mvdream_cli.engine import progress

    progress.show(shared.quiet)
    from mvdream_cli.commands import models

    path = recipe(models)
    print(json.dumps({"status": "finished", "model": str(path)}) if shared.json_ else path)


@app.command()
@shares("json_", "debug")
def doctor(
    *,
    licences: Annotated[bool, typer.Option("--licences", help="Licences of dependencies and models instead.")] = False,
    shared: Shared,
) -> None:
    """Show what this machine has, the preset that fits it, and how to mend what is wrong."""
    if licences:
        _print_licences(shared.json_)
        return
    from mvdream_cli.commands import doctor

    found = doctor.run()
    if shared.json_:
        print(json.dumps(found))
        return
    for name, text in found["facts"].items():
        print(f"{name:<14}{text}")
    print(f"{'preset':<14}{found['preset']}: {found['why']}")
    for item in found["problems"]:
        print(f"\nproblem: {item['problem']}\n    {item['fix']}")


def _print_licences(as_json: bool) -> None:
    """A line for each package and model; those that ask for more than to keep their text are marked with a !."""
    from mvdream_cli.commands import licences

    found = licences.run()
    if as_json:
        print(json.dumps(found))
        return
    for row in found["packages"]:
        note = f" ({row['note']})" if row["note"] else ""
        licence = row["licence"] or "does not say"
        print(f"{' ' if row['permissive'] else '!'} {row['name']:<28}{row['version']:<18}{licence}{note}")
    print()
    for row in found["models"]:
        print(f"{' ' if row['permissive'] else '!'} {row['name']:<28}{'model':<18}{row['licence']}")
    print("\n! asks for more than to keep its text, or does not say what it asks: read it before you pass it on")
