"""Write docs/cli.md from the application itself: `python docs/generate_cli.py`. A test checks that it is current."""

import re
from pathlib import Path

import typer
from typer.cli import get_docs_for_click

from mvdream_cli.cli import app

HEADER = """<!-- written by docs/generate_cli.py; do not edit -->

# Command-line reference

Every setting behind an option, with its default and bounds: `mvdream COMMAND --dry-run`.

"""


def reference() -> str:
    """The Markdown text of docs/cli.md."""
    command = typer.main.get_command(app)
    context = typer.Context(command, info_name="mvdream")
    text = get_docs_for_click(obj=command, ctx=context, name="mvdream")
    text = re.sub(r"\[/?(dim|bold)?\]", "", text)  # Rich's markup
    return HEADER + text.rstrip() + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("cli.md").write_text(reference(), encoding="utf-8")
