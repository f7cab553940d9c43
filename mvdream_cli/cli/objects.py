"""From prompts to pictures, objects and files: sample-views, to3d, export."""

from pathlib import Path
from typing import Annotated

import typer

from mvdream_cli.cli import completion
from mvdream_cli.cli.app import app
from mvdream_cli.cli.options import ALL, RUN, RayAddress, Shared, read_part, shares
from mvdream_cli.cli.running import run_command
from mvdream_cli.errors import UsageError


@app.command("sample-views")
@shares(*RUN)
def sample_views(
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="What to draw, in quotes; -: stdin.", show_default=False)],
    *,
    negative: Annotated[str | None, typer.Option(metavar="TEXT", help="What to stay away from.")] = None,
    views: Annotated[int | None, typer.Option(help="Views around the object; 1: a picture without a camera.")] = None,
    elevation_deg: Annotated[float | None, typer.Option(help="Elevation of the views, in degrees.")] = None,
    azimuth_deg: Annotated[float | None, typer.Option(help="Azimuth of the first view, in degrees; 90: front.")] = None,
    azimuth_span_deg: Annotated[float | None, typer.Option(help="Degrees over which the views are spread.")] = None,
    camera: Annotated[bool | None, typer.Option("--camera/--no-camera", help="Tell the model the cameras.")] = None,
    size_px: Annotated[int | None, typer.Option(help="Side of a view in pixels.")] = None,
    samples: Annotated[int | None, typer.Option(help="How many objects.")] = None,
    steps: Annotated[int | None, typer.Option(help="Denoising steps.")] = None,
    guidance_scale: Annotated[float | None, typer.Option(help="Classifier-free guidance.")] = None,
    shared: Shared,
) -> None:
    """Draw consistent views of one object from a prompt."""
    from mvdream_cli.prompts import read_prompt

    text = read_prompt(prompt)

    def recipe(settings):
        from mvdream_cli.commands import sample_views

        return sample_views.run(settings, text, out=shared.out, restart=shared.restart)

    flags = {
        "negative_prompt": negative, "num_views": views, "elevation_deg": elevation_deg, "azimuth_deg": azimuth_deg,
        "azimuth_span_deg": azimuth_span_deg, "camera": camera, "size_px": size_px,
        "samples": samples, "steps": steps, "guidance_scale": guidance_scale,
    }  # fmt: skip
    run_command("sample_views", {f"sample_views.{key}": value for key, value in flags.items()}, recipe, shared)


@app.command(cls=RayAddress)
@shares(*RUN)
def to3d(
    prompt: Annotated[str | None, typer.Argument(metavar="PROMPT", help="What to make, in quotes; -: stdin.")] = None,
    *,
    prompts: Annotated[Path | None, typer.Option(metavar="FILE", help="Many: one a line, or JSON objects; -: stdin.")] = None,
    part: Annotated[str | None, typer.Option(metavar="K/N", help="Of --prompts: the K-th of N parts.")] = None,
    ray: Annotated[
        str | None, typer.Option(metavar="[ADDRESS]", help="Have --prompts made by a Ray cluster, or by all cores here.")
    ] = None,
    from_views: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Pictures with cameras, as sample-views writes.")
    ] = None,
    negative: Annotated[str | None, typer.Option(metavar="TEXT", help="What to stay away from.")] = None,
    method: Annotated[
        str | None, typer.Option(metavar="both|views|reconstruct|sds", help="Fit or reconstruct views, distil, or both.")
    ] = None,
    guidance: Annotated[
        str | None, typer.Option(metavar="mvdream|dreamfusion|sjc|vsd", help="Loss of the diffusion model on a rendering.")
    ] = None,
    candidates: Annotated[int | None, typer.Option(help="Objects sampled; the best of them is made.")] = None,
    steps: Annotated[int | None, typer.Option(help="Score distillation steps.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Time budget; steps are left out to fit.")] = None,
    format_: Annotated[str | None, typer.Option("--format", metavar="glb,obj,...", help="Files to leave.")] = None,
    shared: Shared,
) -> None:
    """Make a textured 3D object from a prompt, or from pictures with cameras."""
    from mvdream_cli.prompts import NEGATIVE_KEYS, read_prompt, read_prompts

    given = [prompt is not None, prompts is not None, from_views is not None]
    if not any(given) or prompts is not None and sum(given) > 1:
        raise UsageError("to3d: needs a PROMPT in quotes, --prompts FILE, or --from-views DIR; see mvdream to3d --help")
    if from_views is not None and method == "sds":
        raise UsageError("to3d: --method sds looks at no views; leave it or --from-views out")
    if prompts is None and (ray is not None or part is not None):
        raise UsageError("to3d: --ray and --part are for many prompts: give --prompts FILE")
    which = read_part(part) if part is not None else None
    text, lines = read_prompt(prompt) if prompt is not None else "", read_prompts(prompts) if prompts else []

    def recipe(settings):
        from mvdream_cli.commands import opening, to3d
        from mvdream_cli.methods.many_prompts import jobs_of, make_all, part_of

        if text or from_views:
            return to3d.run(settings, text, out=shared.out, restart=shared.restart, from_views=from_views)
        chosen, name = part_of(lines, *which) if which else (lines, "prompts")
        jobs, root = jobs_of(chosen, settings), shared.out or Path("runs")
        return make_all(jobs, to3d.run, opening.open_model, root, restart=shared.restart, ray=ray, name=name)

    flags = {key: negative for key in NEGATIVE_KEYS} | {
        "to3d.method": method, "to3d.guidance.name": guidance, "to3d.views.candidates": candidates,
        "to3d.distillation.steps": steps, "to3d.minutes": minutes,
        "to3d.formats": _names(format_) if format_ is not None else None,
    }  # fmt: skip
    run_command("to3d", flags, recipe, shared)


@app.command()
@shares(*ALL)
def export(
    run: Annotated[
        Path | None,
        typer.Argument(metavar="[RUN]", help="Run folder of to3d; none: the newest.", autocompletion=completion.runs),
    ] = None,
    *,
    format_: Annotated[str | None, typer.Option("--format", metavar="glb,stl,...", help="Files to write, one of each.")] = None,
    faces: Annotated[int | None, typer.Option(help="Triangles at most.")] = None,
    texture_size: Annotated[int | None, typer.Option(help="Side of the texture in pixels.")] = None,
    watertight: Annotated[bool | None, typer.Option("--watertight", help="A closed solid, for printing.")] = None,
    quads: Annotated[bool | None, typer.Option("--quads", help="Quadrilaterals, for modelling on.")] = None,
    size_mm: Annotated[float | None, typer.Option(help="Longest side, in formats with a unit of length.")] = None,
    draco: Annotated[bool | None, typer.Option("--draco", help="Compress the geometry of glb and gltf.")] = None,
    turntable: Annotated[bool, typer.Option("--turntable", help="Write a film of it too.")] = False,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE|DIR", help="File to write, whose ending names the format; or its folder.")
    ] = None,
    shared: Shared,
) -> None:
    """Write the object of a run to files that open anywhere."""
    if format_ is None and output is not None and not output.is_dir() and output.suffix:
        format_ = output.suffix[1:]

    def recipe(settings):
        from mvdream_cli.commands import export

        return export.run(settings, run, output=output or shared.out, turntable=turntable)

    flags = {
        "files.formats": _names(format_.lower()) if format_ is not None else None,
        "files.size_mm": size_mm, "files.draco": draco, "faces": faces, "texture_size": texture_size,
        "watertight": watertight, "quads": quads,
    }  # fmt: skip
    run_command("export", {f"export.{key}": value for key, value in flags.items()}, recipe, shared)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]
