"""`mvdream models`: model files and their formats."""

from pathlib import Path

from mvdream_cli.diffusion import convert as formats
from mvdream_cli.engine.progress import say
from mvdream_cli.errors import UsageError


def convert(source: str, out: Path, form: str) -> Path:
    """Write the model `source` to `out` in one of `formats.FORMATS`.

    Raises:
        UsageError: an unknown format. ModelError: see `formats.convert`.
    """
    if form not in formats.FORMATS:
        raise UsageError(f"--format: there is no format {form!r}; choose {', '.join(formats.FORMATS)}")
    made = formats.convert(source, out, form)
    say(f"{source} written as {form}")
    return made
