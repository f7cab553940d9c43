"""The options that commands share, declared once."""

import functools
import inspect
import re
import typing
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand

from mvdream_cli.cli import completion
from mvdream_cli.errors import UsageError

PANEL = "Options of every command"


def _option(name: str, help: str, **more) -> typer.models.OptionInfo:
    names = (name, "-q") if name == "--quiet" else (name,)
    return typer.Option(*names, rich_help_panel=PANEL, help=help, **more)


@dataclass(frozen=True)
class Shared:
    """What a command is told beside its own options."""

    preset: Annotated[
        str | None,
        _option(
            "--preset",
            "auto, cpu, v100, a100, ... or a YAML file. [dim]auto[/]",
            metavar="NAME|FILE",
            autocompletion=completion.presets,
        ),
    ] = None
    model: Annotated[
        str | None, _option("--model", "mini, a name of `models list`, a folder, a file, OWNER/NAME.", metavar="NAME|PATH")
    ] = None
    out: Annotated[Path | None, _option("--out", "Run folder. [dim]runs/SLUG-HASH[/]", metavar="DIR")] = None
    seed: Annotated[int | None, _option("--seed", "Same seed, same result.", min=0, show_default=False)] = None
    set_: Annotated[
        list[str] | None,
        _option("--set", "Any setting; repeatable.", metavar="SECTION.KEY=VALUE", autocompletion=completion.settings),
    ] = None
    dry_run: Annotated[bool, _option("--dry-run", "Print settings and what they need, and leave.")] = False
    json_: Annotated[bool, _option("--json", "Print the result as one line of JSON.")] = False
    events: Annotated[bool, _option("--events", "As --json=events: a line of JSON for whatever happens.")] = False
    offline: Annotated[bool, _option("--offline", "Use no network.")] = False
    quiet: Annotated[bool, _option("--quiet", "Only warnings and errors.")] = False
    debug: Annotated[bool, _option("--debug", "Show the traceback of an error.")] = False
    restart: Annotated[bool, _option("--restart", "Start the run over.")] = False


ALL = tuple(field.name for field in fields(Shared) if field.name != "restart")
RUN = (*ALL, "restart")  # of commands that leave a run folder


def shares(*names: str) -> Callable:
    """Give a command some of the shared options; its function gets them as the argument `shared`."""

    def decorate(function: Callable) -> Callable:
        @functools.wraps(function)
        def command(**given):
            shared = Shared(**{name: given.pop(name) for name in names})
            return function(**given, shared=shared)

        hints = typing.get_type_hints(Shared, include_extras=True)
        own = inspect.signature(function).parameters.values()
        parameters = [p.replace(kind=p.KEYWORD_ONLY) for p in own if p.name != "shared"]
        parameters += [
            inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name])
            for field in fields(Shared)
            if field.name in names
        ]
        del command.__wrapped__  # typer must see this signature, not the one of `function`
        command.__signature__ = inspect.Signature(parameters)
        command.__annotations__ = {p.name: p.annotation for p in parameters}
        return command

    return decorate


class RayAddress(TyperCommand):
    """A command whose option --ray may stand without its address: it is "" then. Typer itself has no such options."""

    def parse_args(self, ctx, args: list[str]) -> list[str]:
        spelled = []
        for k, word in enumerate(args):
            follows = args[k + 1] if k + 1 < len(args) else "--"
            spelled += ["--ray="] if word == "--ray" and follows.startswith("-") else [word]
        return super().parse_args(ctx, spelled)


def read_part(text: str) -> tuple[int, int]:
    """(3, 16) of --part 3/16, the third of sixteen.

    Raises:
        UsageError: it is no such part.
    """
    found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text.strip())
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise UsageError(f"--part: {text!r} is not K/N with K from 1 to N; the third of sixteen is 3/16, the first is 1/16")
    return int(found[1]), int(found[2])
