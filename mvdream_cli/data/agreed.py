"""The record of what a folder holds, so that no call adds something else to it."""

import json
import os
from pathlib import Path

from mvdream_cli.atomic import written_whole
from mvdream_cli.doors import door, read_json
from mvdream_cli.errors import ConfigError


def agree(path: Path, values: dict, by: str = "one") -> None:
    """Write `values` to `path`, or compare them with those that are there.

    Args:
        by: who writes, of several machines that may begin a folder at the same moment; the same when a killed one begins again.

    Raises:
        ConfigError: the folder of `path` was begun with other values.
    """
    values = json.loads(json.dumps(values))  # tuples become lists, as in the file
    if not path.exists():
        _write(path, json.dumps(values), by)
    with door(path, ConfigError, "choose another folder, or delete this one", TypeError):
        there = dict(read_json(path))
    differ = [f"{key} (there {there.get(key)}, here {value})" for key, value in values.items() if there.get(key) != value]
    if differ:
        raise ConfigError(
            f"{path.parent}: begun with other settings: {', '.join(differ)}; choose another folder, or delete this one"
        )


def record(path: Path, values: dict, by: str = "one") -> None:
    """Write `values` to `path`, in place of what is there. by: see `agree`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, json.dumps(values, ensure_ascii=False), by)


def _write(path: Path, text: str, by: str) -> None:
    """Under a name of this writer alone first, which the next one of that name removes where it was killed."""
    aside = path.with_name(f".tmp-{by}-{path.name}")
    with written_whole(aside) as partial:
        partial.write_text(text, encoding="utf-8")
    os.replace(aside, path)
