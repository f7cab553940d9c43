"""The command line: parses, resolves the settings, calls one recipe of `commands`, prints its results.

Results go to stdout, everything else to stderr. The one place that turns errors into exit codes: 0 done, 1 failed,
2 wrong usage, 130 interrupted and 143 terminated with the state saved. Nothing heavy is imported before a command runs.
"""

import difflib
import json
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from mvdream_cli.errors import MVDreamError, UsageError

app = typer.Typer(
    name="mvdream",
    help="Text to consistent views, and views to 3D objects: MVDream, whole.",
    epilog="To resume a run, give the same command again. Every setting: mvdream COMMAND --dry-run.",
    rich_markup_mode="rich",
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
data_app = typer.Typer(help="Make training data: multi-view renderings of assets or of the toybox world.")
models_app = typer.Typer(help="Model files: fetch, check, find and convert them.")
app.add_typer(data_app, name="data")
app.add_typer(models_app, name="models")

SHARED = "Options of every command"
Preset = Annotated[
    str,
    typer.Option("--preset", metavar="NAME|FILE", rich_help_panel=SHARED, help="auto, cpu, v100, a100, ... or a YAML file."),
]
Model = Annotated[
    str | None,
    typer.Option("--model", metavar="NAME|PATH", rich_help_panel=SHARED,
                 help="mini, a name of `models list`, a folder, a file, OWNER/NAME."),
]  # fmt: skip
Out = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", rich_help_panel=SHARED, help="Run folder. [dim]runs/SLUG-HASH[/]")
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", min=0, rich_help_panel=SHARED, help="Same seed, same result.", show_default=False),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION.KEY=VALUE", rich_help_panel=SHARED, help="Any setting; repeatable."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", rich_help_panel=SHARED, help="Print settings and needs, and leave.")]
Json = Annotated[bool, typer.Option("--json", rich_help_panel=SHARED, help="Print the result as one line of JSON.")]
Offline = Annotated[bool, typer.Option("--offline", rich_help_panel=SHARED, help="Use no network.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", rich_help_panel=SHARED, help="Only warnings and errors.")]
Debug = Annotated[bool, typer.Option("--debug", rich_help_panel=SHARED, help="Show the traceback of an error.")]
Restart = Annotated[bool, typer.Option("--restart", rich_help_panel=SHARED, help="Start the run over.")]


def _version(asked: bool) -> None:
    if asked:
        from mvdream_cli import __version__

        print(f"mvdream {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version and leave.")
    ] = False,
) -> None:
    pass


@app.command()
def train(
    ctx: typer.Context,
    data: Annotated[str | None, typer.Option(metavar="DIR", help="Multi-view set.")] = None,
    images: Annotated[str | None, typer.Option(metavar="DIR", help="Set for the 2D mode.")] = None,
    component: Annotated[str | None, typer.Option(metavar="unet|vae|clip", help="Part of the model to train.")] = None,
    init: Annotated[str | None, typer.Option(metavar="MODEL", help="Model to start from.")] = None,
    steps: Annotated[int | None, typer.Option(help="Optimizer steps.")] = None,
    preset: Preset = "auto", model: Model = None, out: Out = None, seed: Seed = None, set_: Set = None,
    dry_run: DryRun = False, json_: Json = False, offline: Offline = False, quiet: Quiet = False, debug: Debug = False,
    restart: Restart = False,
) -> None:  # fmt: skip
    """Train the multi-view diffusion model, or the VAE and CLIP that it stands on."""
    flags = {"data": data, "images": images, "component": component, "init": init or model, "steps": steps}

    def recipe(settings):
        _need(settings.train.data, "train", "--data DIR, a set made by `mvdream data render`")
        from mvdream_cli.commands import train

        return train.run(settings, out=out, restart=restart)

    _run(ctx, "train", {f"train.{key}": value for key, value in flags.items()}, recipe)


@app.command("sample-views")
def sample_views(
    ctx: typer.Context,
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="What to draw, in quotes.", show_default=False)],
    negative: Annotated[str | None, typer.Option(metavar="TEXT", help="What to stay away from.")] = None,
    views: Annotated[int | None, typer.Option(help="Views around the object.")] = None,
    elevation_deg: Annotated[float | None, typer.Option(help="Elevation of the views, in degrees.")] = None,
    azimuth_deg: Annotated[float | None, typer.Option(help="Azimuth of the first view, in degrees; 90: front.")] = None,
    samples: Annotated[int | None, typer.Option(help="How many objects.")] = None,
    steps: Annotated[int | None, typer.Option(help="Denoising steps.")] = None,
    guidance_scale: Annotated[float | None, typer.Option(help="Classifier-free guidance.")] = None,
    preset: Preset = "auto", model: Model = None, out: Out = None, seed: Seed = None, set_: Set = None,
    dry_run: DryRun = False, json_: Json = False, offline: Offline = False, quiet: Quiet = False, debug: Debug = False,
    restart: Restart = False,
) -> None:  # fmt: skip
    """Draw consistent views of one object from a prompt."""
    flags = {
        "negative_prompt": negative, "views": views, "elevation_deg": elevation_deg, "azimuth_deg": azimuth_deg,
        "samples": samples, "steps": steps, "guidance_scale": guidance_scale,
    }  # fmt: skip

    from mvdream_cli.prompts import check_prompt

    text = check_prompt(prompt)

    def recipe(settings):
        from mvdream_cli.commands import sample_views

        return sample_views.run(settings, text, out=out, restart=restart)

    _run(ctx, "sample_views", {f"sample_views.{key}": value for key, value in flags.items()}, recipe)


@app.command()
def to3d(
    ctx: typer.Context,
    prompt: Annotated[str | None, typer.Argument(metavar="PROMPT", help="What to make, in quotes.")] = None,
    prompts: Annotated[Path | None, typer.Option(metavar="FILE", help="Many: one a line, or JSON objects.")] = None,
    negative: Annotated[str | None, typer.Option(metavar="TEXT", help="What to stay away from.")] = None,
    method: Annotated[str | None, typer.Option(metavar="sds|views|both", help="Distil, fit views, or both.")] = None,
    guidance: Annotated[
        str | None, typer.Option(metavar="mvdream|dreamfusion|sjc|vsd", help="Who judges the object's renderings, and how.")
    ] = None,
    candidates: Annotated[int | None, typer.Option(help="Objects sampled; the best of them is made.")] = None,
    steps: Annotated[int | None, typer.Option(help="Score distillation steps.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Time budget; steps are left out to fit.")] = None,
    format_: Annotated[str | None, typer.Option("--format", metavar="glb,obj,...", help="Files to leave.")] = None,
    preset: Preset = "auto", model: Model = None, out: Out = None, seed: Seed = None, set_: Set = None,
    dry_run: DryRun = False, json_: Json = False, offline: Offline = False, quiet: Quiet = False, debug: Debug = False,
    restart: Restart = False,
) -> None:  # fmt: skip
    """Make a textured 3D object from a prompt."""
    formats = [name.strip() for name in format_.split(",")] if format_ is not None else None
    flags = {
        "negative_prompt": negative, "method": method, "guidance": guidance, "candidates": candidates, "steps": steps,
        "minutes": minutes, "formats": formats,
    }  # fmt: skip

    from mvdream_cli.prompts import check_prompt, read_prompts

    if (prompt is None) == (prompts is None):
        raise UsageError("to3d: needs a PROMPT in quotes, or --prompts FILE; see mvdream to3d --help")
    text, lines = check_prompt(prompt) if prompt is not None else "", read_prompts(prompts) if prompts else []

    def recipe(settings):
        from mvdream_cli.commands import batch, to3d
        from mvdream_cli.config import changed

        if text:
            return to3d.run(settings, text, out=out, restart=restart)
        jobs = [(changed(settings, flags), line) for line, flags in lines]
        return batch.run(jobs, to3d.run, to3d.open_model, root=out or Path("runs"), restart=restart)

    _run(ctx, "to3d", {f"to3d.{key}": value for key, value in flags.items()}, recipe)


@app.command()
def dreambooth(
    ctx: typer.Context,
    images: Annotated[str | None, typer.Option(metavar="DIR", help="3 to 20 photographs of the subject.")] = None,
    subject: Annotated[str | None, typer.Option(metavar="WORDS", help='A rare word and a class, as in "sks dog".')] = None,
    class_prompt: Annotated[str | None, typer.Option(metavar="TEXT", help="What the base draws for --prior-images.")] = None,
    prior_images: Annotated[int | None, typer.Option(help="Pictures of the class, drawn by the base, to learn beside.")] = None,
    lora: Annotated[int | None, typer.Option(metavar="RANK", help="Tune thin matrices only; a few MB.")] = None,
    steps: Annotated[int | None, typer.Option(help="Optimizer steps.")] = None,
    preset: Preset = "auto", model: Model = None, out: Out = None, seed: Seed = None, set_: Set = None,
    dry_run: DryRun = False, json_: Json = False, offline: Offline = False, quiet: Quiet = False, debug: Debug = False,
    restart: Restart = False,
) -> None:  # fmt: skip
    """Teach the model a subject from photographs. The folder it leaves is a model: --model."""
    flags = {
        "images": images, "subject": subject, "class_prompt": class_prompt, "prior_images": prior_images, "lora_rank": lora,
        "steps": steps,
    }  # fmt: skip

    def recipe(settings):
        _need(settings.dreambooth.images, "dreambooth", "--images DIR, a folder with 3 to 20 photographs of the subject")
        from mvdream_cli.commands import dreambooth

        return dreambooth.run(settings, out=out, restart=restart)

    _run(ctx, "dreambooth", {f"dreambooth.{key}": value for key, value in flags.items()}, recipe)


@app.command()
def export(
    ctx: typer.Context,
    run: Annotated[Path | None, typer.Argument(metavar="[RUN]", help="Run folder of to3d; none: the newest.")] = None,
    format_: Annotated[str | None, typer.Option("--format", metavar="glb|obj|ply|...", help="File format.")] = None,
    faces: Annotated[int | None, typer.Option(help="Triangles at most.")] = None,
    texture_size: Annotated[int | None, typer.Option(help="Side of the texture in pixels.")] = None,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="File to write; it names the format.")] = None,
    preset: Preset = "auto", model: Model = None, out: Out = None, seed: Seed = None, set_: Set = None,
    dry_run: DryRun = False, json_: Json = False, offline: Offline = False, quiet: Quiet = False, debug: Debug = False,
) -> None:  # fmt: skip
    """Write the object of a run to a file that opens anywhere."""
    if format_ is None and output is not None and output.suffix:
        format_ = output.suffix[1:].lower()
    flags = {"format": format_, "faces": faces, "texture_size": texture_size}

    def recipe(settings):
        from mvdream_cli.commands import export

        target = output if output is not None or out is None else out / f"mesh.{settings.export.format}"
        return export.run(settings, run, output=target)

    _run(ctx, "export", {f"export.{key}": value for key, value in flags.items()}, recipe)


@app.command()
def doctor(json_: Json = False, debug: Debug = False) -> None:
    """Show what this machine has, the preset that fits it, and how to mend what is wrong."""
    from mvdream_cli.commands import doctor

    found = doctor.run()
    if json_:
        print(json.dumps(found))
        return
    for name, text in found["facts"].items():
        print(f"{name:<14}{text}")
    print(f"{'preset':<14}{found['preset']}: {found['why']}")
    for item in found["problems"]:
        print(f"\nproblem: {item['problem']}\n    {item['fix']}")


@data_app.command()
def toybox(
    ctx: typer.Context,
    objects: Annotated[int | None, typer.Option(help="How many objects.")] = None,
    split: Annotated[str | None, typer.Option(metavar="train|held-out|all", help="Part of the world.")] = None,
    preset: Preset = "auto", model: Model = None, out: Out = None, seed: Seed = None, set_: Set = None,
    dry_run: DryRun = False, json_: Json = False, offline: Offline = False, quiet: Quiet = False, debug: Debug = False,
) -> None:  # fmt: skip
    """Write objects of the procedural toybox world as GLB files, with captions. [dim]--out data/toybox[/]"""

    def recipe(settings):
        from mvdream_cli.commands import data

        return data.toybox(settings, out or Path("data/toybox"))

    _run(ctx, "data", {"data.objects": objects, "data.split": split}, recipe)


@data_app.command()
def render(
    ctx: typer.Context,
    source: Annotated[str, typer.Argument(metavar="DIR|toybox", help="Folder of 3D assets, or the toybox world.")],
    objects: Annotated[int | None, typer.Option(help="How many objects (toybox).")] = None,
    views: Annotated[int | None, typer.Option(help="Views of each object.")] = None,
    size_px: Annotated[int | None, typer.Option(help="Side of a view in pixels.")] = None,
    preset: Preset = "auto", model: Model = None, out: Out = None, seed: Seed = None, set_: Set = None,
    dry_run: DryRun = False, json_: Json = False, offline: Offline = False, quiet: Quiet = False, debug: Debug = False,
) -> None:  # fmt: skip
    """Render 3D assets from all sides into training data, with captions. [dim]--out data/views[/]"""

    def recipe(settings):
        from mvdream_cli.commands import data

        return data.render(settings, source, out or Path("data/views"))

    _run(ctx, "data", {"data.objects": objects, "data.views": views, "data.size_px": size_px}, recipe)


@models_app.command("list")
def list_models(json_: Json = False, debug: Debug = False) -> None:
    """The models that have a name, and which of them are on this machine."""
    from mvdream_cli.commands import models

    rows = models.listed()
    if json_:
        print(json.dumps(rows, default=str))
        return
    for row in rows:
        print(
            f"{row['name']:<22}{row['size_gb']:>6.2f} GB  {'here' if row['path'] else '-':<6}{row['about']} ({row['licence']})"
        )


@models_app.command()
def get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name of `models list`, or OWNER/NAME of the hub.")],
    dry_run: DryRun = False, offline: Offline = False, json_: Json = False, quiet: Quiet = False, debug: Debug = False,
) -> None:  # fmt: skip
    """Fetch a model, from the first source that has it; the same command again resumes."""
    _models(quiet, json_, lambda models: models.get(name, offline, dry_run))


@models_app.command()
def verify(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A model that was fetched.")],
    json_: Json = False, quiet: Quiet = False, debug: Debug = False,
) -> None:  # fmt: skip
    """Compare the files of a fetched model with the checksums recorded when it came."""
    _models(quiet, json_, lambda models: models.verify(name))


@models_app.command()
def where(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A model.")],
    json_: Json = False, debug: Debug = False,
) -> None:  # fmt: skip
    """Print where a model lies on this machine."""
    _models(True, json_, lambda models: models.find_model(name))


@models_app.command()
def convert(
    source: Annotated[str, typer.Argument(metavar="IN", help="A model folder or file.", show_default=False)],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder or file to write.", show_default=False)],
    format_: Annotated[str, typer.Option("--format", metavar="diffusers|mvdream-pt|ashawkey", help="Format of OUT.")],
    dry_run: DryRun = False, json_: Json = False, quiet: Quiet = False, debug: Debug = False,
) -> None:  # fmt: skip
    """Write a model in another format, tensor for tensor the same."""
    if dry_run:
        print(f"{source} would be written to {out} as {format_}")
        return
    _models(quiet, json_, lambda models: models.convert(source, out, format_))


@models_app.command()
def merge(
    source: Annotated[str, typer.Argument(metavar="LORA", help="A model that `dreambooth --lora` made.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write.")],
    quiet: Quiet = False, json_: Json = False, debug: Debug = False,
) -> None:  # fmt: skip
    """Write a model that stands alone out of a LoRA and its base."""
    _models(quiet, json_, lambda models: models.merge(source, out))


def _models(quiet: bool, json_: bool, recipe: Callable[[Any], Path]) -> None:
    """Call a recipe of `commands.models` and print the path that it returns."""
    from mvdream_cli.engine import progress

    progress.show(quiet)
    from mvdream_cli.commands import models

    path = recipe(models)
    print(json.dumps({"status": "finished", "model": str(path)}) if json_ else path)


def _need(value: Any, command: str, what: str) -> None:
    if not value:
        raise UsageError(f"{command}: needs {what}; see mvdream {command} --help")


def _run(ctx: typer.Context, section: str, flags: dict[str, Any], recipe: Callable[[Any], dict]) -> None:
    """What all commands share: resolve the settings, show them or call the recipe, print its result."""
    from mvdream_cli import config
    from mvdream_cli.engine import progress

    shared = ctx.params
    progress.show(shared["quiet"])
    preset, reason = shared["preset"], ""
    if preset == "auto":
        preset, reason = config.auto_preset()
    flags |= {"model": shared["model"], "engine.seed": shared["seed"], "engine.offline": shared["offline"] or None}
    settings = config.resolve(preset, shared["set_"] or (), flags)
    if shared["dry_run"]:
        if shared["json_"]:
            print(json.dumps(settings.model_dump(mode="json")))
            return
        from mvdream_cli.commands.dry_run import needs

        print(config.dump(settings, [section]).rstrip())
        print("\n".join(f"# {line}" for line in needs(settings, section, shared.get("out"))))
        return
    if settings.engine.offline:
        os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    if reason:
        progress.say(f"preset {preset}: {reason}")
    from mvdream_cli.commands import models

    models.ensure(settings, section)
    results = recipe(settings)
    if shared["json_"]:
        print(json.dumps({"status": "finished", **results}, default=str))
    else:
        for value in results.values():
            for path in value if isinstance(value, (list, tuple)) else [value]:
                if isinstance(path, Path):
                    print(path)


def main(args: list[str] | None = None) -> None:
    """Entry point of the executable `mvdream`."""
    sys.exit(run_main(sys.argv[1:] if args is None else args))


def run_main(args: list[str]) -> int:
    """Run the command line `args`; returns the exit code. Errors are told on stderr in one sentence."""
    try:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # outside the loop too, files and locks are let go
        code = app(args or ["--help"], prog_name="mvdream", standalone_mode=False)
        sys.stdout.flush()
        if code == 130:
            print("interrupted", file=sys.stderr)
        return code if isinstance(code, int) else 0
    except (KeyboardInterrupt, typer.Abort):
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `mvdream ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # the boundary: whatever it is, it becomes one sentence and an exit code
        if "--debug" in args:
            import traceback

            traceback.print_exc()
        message, code = _describe(error)
        stopped = code in (130, 143)
        print(
            message if stopped else "\n".join(f"{_red('error:')} {line}" for line in message.split("\n")),
            file=sys.stderr,
        )
        if "--json" in args:
            status = "interrupted" if stopped else "failed"
            print(json.dumps({"status": status, "error": message, "exit_code": code}))
        return code


def _red(text: str) -> str:
    return f"\033[31m{text}\033[0m" if sys.stderr.isatty() and not os.environ.get("NO_COLOR") else text


def _describe(error: Exception) -> tuple[str, int]:
    """(one sentence, or one a line for several settings; exit code)."""
    if isinstance(error, MVDreamError):
        return str(error), getattr(error, "exit_code", 2 if isinstance(error, UsageError) else 1)
    if hasattr(error, "format_message"):  # the parser's own: unknown option, missing argument, not a number
        ctx = getattr(error, "ctx", None)
        where = ctx.command_path if ctx is not None else "mvdream"
        message = error.format_message().rstrip(".")
        if getattr(error, "possibilities", None):
            best = difflib.get_close_matches(error.option_name, error.possibilities, n=1, cutoff=0.0)[0]
            message = f"there is no option {error.option_name}; did you mean {best}?"
        return f"{message.rstrip('?')}; see {where} --help", getattr(error, "exit_code", 2)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'input or output'}: {error.strerror}", 1
    # by its name and words, so that torch is not imported for it
    if type(error).__name__ in ("OutOfMemoryError", "MemoryError") or "can't allocate memory" in str(error):
        needed = re.search(r"allocate ([\d.]+ ?\w+)", str(error))
        wanted = f" ({needed[1]} more were asked for)" if needed else ""
        return f"out of memory{wanted}; take fewer views, candidates or samples, smaller renderings, or a smaller --preset", 1
    hint = "this is a fault of mvdream: run it again with --debug and report the traceback"
    return f"{type(error).__name__}: {error}; {hint}", 1


if __name__ == "__main__":
    main()
