"""Write docs/cli.md from the application itself: `python docs/generate_cli.py`. A test checks that it is current."""

import re
from pathlib import Path

import typer
from typer.cli import get_docs_for_click

from mvdream_cli.cli import app
from mvdream_cli.engine.events import EVENTS
from mvdream_cli.errors import EXIT_CODES
from mvdream_cli.settings.user import OTHER_VARIABLES

HEADER = """<!-- written by docs/generate_cli.py; do not edit -->

# Command-line reference

stdout has the answer and nothing else: paths, a table, or with `--json` one line of JSON. What happens meanwhile is on stderr.
Every setting behind an option, with its default, its bounds and who set it: `mvdream COMMAND --dry-run`.

## Where settings come from
Each over the ones before:

1. the defaults, which are the papers' values;
2. the preset: `--preset`, else `MVDREAM_PRESET`, else `preset:` of the config file, else the one that fits the machine;
3. the config file: a preset of one's own, for all commands, at `~/.config/mvdream/config.yaml` (`XDG_CONFIG_HOME`; macOS:
   `~/Library/Application Support/mvdream`; Windows: `%APPDATA%\\mvdream`);
4. the recipe that is asked for (`to3d.recipe`);
5. environment variables;
6. `--set SECTION.KEY=VALUE`;
7. options.

```yaml
# ~/.config/mvdream/config.yaml
preset: cpu
engine:
  threads: 2
turntable:
  formats: [mp4, gif]
```

"""
VARIABLES = {
    "MVDREAM_SECTION_KEY": "a setting by its dotted name in capitals, `_` for each dot: `MVDREAM_TO3D_VIEWS_STEPS=30` is "
    "`--set to3d.views.steps=30`; an unknown one is an error"
}
MORE_VARIABLES = {
    "NO_COLOR": "no colors",
    "HF_ENDPOINT": "a mirror of the hub from which models are fetched",
    "IMAGEIO_FFMPEG_EXE": "the ffmpeg that writes films",
}


def table(head: str, rows: dict, form: str = "`{}`") -> str:
    lines = [f"| {form.format(name)} | {text} |" for name, text in rows.items()]
    return "\n".join([head, "|---|---|", *lines]) + "\n"


def commands(group, path: str = "mvdream"):
    """(name, its command) of all commands that do something, in the order of the help."""
    for name in group.list_commands(typer.Context(group)):
        command = group.commands[name]
        yield from commands(command, f"{path} {name}") if hasattr(command, "commands") else [(f"{path} {name}", command)]


def index(command) -> str:
    """A line for each command, which leads to its section."""
    rows = {
        f"[`{name}`](#{name.replace(' ', '-')})": command.get_short_help_str(limit=200) for name, command in commands(command)
    }
    return "## Commands\n" + table("| command | what it does |", rows, "{}")


def reference() -> str:
    """The Markdown text of docs/cli.md."""
    command = typer.main.get_command(app)
    context = typer.Context(command, info_name="mvdream")
    text = get_docs_for_click(obj=command, ctx=context, name="mvdream")
    text = re.sub(r"\[/?(dim|bold)?\]", "", text)  # Rich's markup
    tables = [
        table("| variable | what it says |", VARIABLES | OTHER_VARIABLES | MORE_VARIABLES),
        index(command),
        "## Exit codes\n" + table("| code | meaning |", EXIT_CODES, "{}"),
        "## Events\n`--json=events`, or `--events`: one JSON object a line.\n\n" + table("| `event` | what it holds |", EVENTS),
    ]
    return HEADER + "\n".join([*tables, text.rstrip()]) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("cli.md").write_text(reference(), encoding="utf-8")
