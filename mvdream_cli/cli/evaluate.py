"""How good are a model, objects, sets: evaluate views, objects, sets, compare."""

from pathlib import Path
from typing import Annotated

import typer

from mvdream_cli.cli.app import evaluate_app
from mvdream_cli.cli.options import ALL, RUN, Shared, shares
from mvdream_cli.cli.running import run_command

Clip = Annotated[
    str | None, typer.Option("--clip", metavar="MODEL", help="A CLIP folder that judges. [dim]the model's own CLIP[/]")
]
Objects = Annotated[int | None, typer.Option("--objects", help="How many at most.")]


@evaluate_app.command()
@shares(*RUN)
def views(
    *,
    prompts: Annotated[
        str,
        typer.Option(metavar="SET|FILE", help="toybox, gallery, panel, faces, dreamfusion, or a file: one a line, or JSON."),
    ] = "toybox",
    reference: Annotated[Path | None, typer.Option(metavar="DIR", help="True pictures, for distances.")] = None,
    photographs: Annotated[Path | None, typer.Option(metavar="DIR", help="Of a subject, for its likeness.")] = None,
    objects: Objects = None,
    steps: Annotated[int | None, typer.Option(help="Denoising steps.")] = None,
    guidance_scale: Annotated[float | None, typer.Option(help="Classifier-free guidance.")] = None,
    clip: Clip = None,
    shared: Shared,
) -> None:
    """Measure a model by its samples for many prompts: text, sets, consistency of the views."""

    def recipe(settings):
        from mvdream_cli.commands import evaluate_views
        from mvdream_cli.prompts import read_prompt_set

        texts = None if prompts == "toybox" else read_prompt_set(prompts, settings.engine.offline)
        return evaluate_views.run(settings, texts, reference, photographs, shared.out, shared.restart)

    flags = {
        "evaluate.objects": objects, "evaluate.clip": clip,
        "sample_views.steps": steps, "sample_views.guidance_scale": guidance_scale,
    }  # fmt: skip
    run_command("evaluate", flags, recipe, shared)


@evaluate_app.command("objects")
@shares(*RUN)
def objects_(
    folder: Annotated[Path, typer.Argument(metavar="RUNS", help="Runs of to3d, or files with prompts.txt.")],
    *,
    objects: Objects = None,
    clip: Clip = None,
    shared: Shared,
) -> None:
    """Measure finished objects: do they show the prompt, and have they one face?"""

    def recipe(settings):
        from mvdream_cli.commands import evaluate_objects

        return evaluate_objects.run(settings, folder, shared.out, shared.restart)

    run_command("evaluate", {"evaluate.objects": objects, "evaluate.clip": clip}, recipe, shared)


@evaluate_app.command()
@shares(*ALL)
def sets(
    first: Annotated[Path, typer.Argument(metavar="SET", help="Pictures, views, or a multi-view set.")],
    second: Annotated[Path, typer.Argument(metavar="REFERENCE", help="The same, of what is true.")],
    *,
    shared: Shared,
) -> None:
    """Measure how far a set of pictures is from another one."""

    def recipe(settings):
        from mvdream_cli.commands import evaluate_sets

        return evaluate_sets.run(settings, first, second, shared.out)

    run_command("evaluate", {}, recipe, shared)


@evaluate_app.command()
@shares(*RUN)
def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="Runs of to3d, or files with prompts.txt.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="The same, of another run or tool.")],
    *,
    choices: Annotated[Path | None, typer.Option(metavar="FILE", help="What a person saved on the page.")] = None,
    objects: Objects = None,
    clip: Clip = None,
    shared: Shared,
) -> None:
    """Compare objects of the same prompts: a page to choose on, a judge, wins with intervals."""

    def recipe(settings):
        from mvdream_cli.commands import evaluate_compare

        return evaluate_compare.run(settings, first, second, choices, shared.out, shared.restart)

    run_command("evaluate", {"evaluate.objects": objects, "evaluate.clip": clip}, recipe, shared)
