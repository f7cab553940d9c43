"""What the long commands share: settings are resolved, shown or used, and results printed."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mvdream_cli.cli.options import Shared
from mvdream_cli.errors import UsageError

ALSO_READ = {
    "to3d": ["export", "turntable"],
    "export": ["turntable"],
    "evaluate": ["sample_views"],
}  # other sections that a command reads


def need(value: Any, command: str, what: str) -> None:
    if not value:
        raise UsageError(f"{command}: needs {what}; see mvdream {command} --help")


def run_command(section: str, flags: dict[str, Any], recipe: Callable[[Any], dict], shared: Shared) -> None:
    """Resolve the settings, then show them (--dry-run) or call `recipe` with them and print the paths that it returns.

    Args:
        section: of the settings that the command reads. flags: dotted settings that options gave; None was not given.
    """
    from mvdream_cli.engine import events, progress, terminal
    from mvdream_cli.settings import machine, show
    from mvdream_cli.settings.resolve import resolve_with_origins
    from mvdream_cli.settings.user import read_user

    progress.show(shared.quiet, shared.events)
    events.emit("started", command=section, argv=sys.argv[1:])
    user = read_user()
    preset, reason = (shared.preset, "") if shared.preset else user.preset or ("auto", "")
    if preset == "auto":
        preset, reason = machine.auto_preset()
    flags |= {"model": shared.model, "engine.seed": shared.seed, "engine.offline": shared.offline or None}
    settings, origins = resolve_with_origins(preset, shared.set_ or (), flags, user)
    if shared.dry_run:
        if shared.json_:
            print(json.dumps(settings.model_dump(mode="json")))
            return
        from mvdream_cli.commands.dry_run import forecast

        print(show.dump(settings, [section, *ALSO_READ.get(section, [])], origins).rstrip())
        print("\n".join(f"# {line}" for line in forecast(settings, section, shared.out)))
        return
    machine.check_memory_limit()
    if settings.engine.offline:
        os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    terminal.allow(settings.engine.inline_pictures and not (shared.quiet or shared.json_ or shared.events))
    if reason:
        progress.say(f"preset {preset}: {reason}")
    from mvdream_cli.commands import models

    models.ensure(settings, section)
    results = recipe(settings)
    if shared.events:
        events.emit("done", results=results)
        return
    if shared.json_:
        print(json.dumps({"status": "finished", **results}, default=str))
        return
    for value in results.values():
        for path in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(path, Path):
                print(path)
