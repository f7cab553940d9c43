"""Options that commands share are declared once and reach the command as one argument."""

import pytest
import typer
from typer.testing import CliRunner

from mvdream_cli.cli.options import ALL, Shared, read_part, shares
from mvdream_cli.errors import UsageError


def test_a_command_gets_its_own_options_and_the_shared_ones():
    app, seen = typer.Typer(), []

    @app.command()
    @shares(*ALL)
    def act(prompt: str, *, steps: int = 3, shared: Shared) -> None:
        """Act."""
        seen.append((prompt, steps, shared))

    told = CliRunner().invoke(app, ["a dog", "--steps", "5", "--seed", "7", "--set", "a.b=1", "--set", "c.d=2", "-q"])
    assert told.exit_code == 0, told.output
    prompt, steps, shared = seen[0]
    assert (prompt, steps, shared.seed, shared.set_, shared.quiet) == ("a dog", 5, 7, ["a.b=1", "c.d=2"], True)
    assert not shared.restart  # not among ALL
    assert "--restart" not in CliRunner().invoke(app, ["--help"]).output


def test_a_command_may_take_some_of_them():
    app, seen = typer.Typer(), []

    @app.command()
    @shares("json_", "debug")
    def act(*, shared: Shared) -> None:
        seen.append(shared)

    assert CliRunner().invoke(app, ["--json"]).exit_code == 0 and seen[0].json_
    assert CliRunner().invoke(app, ["--seed", "3"]).exit_code == 2


@pytest.mark.parametrize("part", ["0/4", "5/4", "1", "a/b", "1/0", "-1/3", "²/3", ""])
def test_a_part_that_is_none(part):
    with pytest.raises(UsageError, match="K/N"):
        read_part(part)
    assert read_part("3/16") == (3, 16)
