"""The record of what a folder holds, so that no call adds something else to it."""

import json
from pathlib import Path

from mvdream_cli.atomic import written_whole
from mvdream_cli.errors import ConfigError


def agree(path: Path, values: dict) -> None:
    """Write `values` to `path`, or compare them with those that are there.

    Raises:
        ConfigError: the folder of `path` was begun with other values.
    """
    values = json.loads(json.dumps(values))  # tuples become lists, as in the file
    if not path.exists():
        with written_whole(path) as partial:
            partial.write_text(json.dumps(values), encoding="utf-8")
        return
    try:
        there = dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); choose another folder, or delete this one") from error
    differ = [f"{key} (there {there.get(key)}, here {value})" for key, value in values.items() if there.get(key) != value]
    if differ:
        raise ConfigError(
            f"{path.parent}: begun with other settings: {', '.join(differ)}; choose another folder, or delete this one"
        )
