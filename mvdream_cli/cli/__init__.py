"""The command line: parses, resolves the settings, calls one function of `commands`, prints its results.

Results go to stdout, everything else to stderr. Nothing heavy is imported before a command runs. Errors become exit codes in
`boundary`.
"""

from mvdream_cli.cli import objects, runs, training, data, evaluate, models  # noqa: F401  # isort: skip (each adds its commands; the order of the help)
from mvdream_cli.cli.app import app

__all__ = ["app"]
