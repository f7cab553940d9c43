"""What a user wants of every command: a config file, and environment variables. Never imports torch.

The config file is a preset of the user's own, with `preset: NAME` beside its sections if it likes. A variable is a setting's
dotted name in capitals behind MVDREAM_, with underscores for dots: MVDREAM_TO3D_VIEWS_STEPS=30.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mvdream_cli.errors import ConfigError
from mvdream_cli.settings.explain import did_you_mean
from mvdream_cli.settings.names import SETTINGS, nest, places
from mvdream_cli.settings.presets import find_preset, load_preset, read_value

PREFIX = "MVDREAM_"
OTHER_VARIABLES = {
    "MVDREAM_CONFIG": "the config file; empty: none",
    "MVDREAM_PRESET": "what --preset says where it is not given",
    "MVDREAM_MODELS": "folders of models, as a PATH; downloads go to the first",
}
_FOR_TESTS = "MVDREAM_TEST_"
Layer = tuple[dict, str]  # nested settings, and who says so


def variable(name: str) -> str:
    """MVDREAM_TO3D_VIEWS_STEPS of "to3d.views.steps"."""
    return PREFIX + name.upper().replace(".", "_")


VARIABLES = {variable(name): name for name in SETTINGS}


@dataclass(frozen=True)
class User:
    """config: its settings and its path. environment: a layer for each variable. preset: its name, and who named it."""

    config: Layer = ({}, "")
    environment: list[Layer] = field(default_factory=list)
    preset: tuple[str, str] | None = None


def config_path(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Where the config file lies, or would: MVDREAM_CONFIG, else the place for such files on this system."""
    if "MVDREAM_CONFIG" in environ:
        return Path(environ["MVDREAM_CONFIG"]).expanduser() if environ["MVDREAM_CONFIG"] else None
    if sys.platform == "win32":
        folder = Path(environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Application Support"
    else:
        folder = Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return folder / "mvdream" / "config.yaml"


def read_user(environ: Mapping[str, str] = os.environ) -> User:
    """What the user's file and variables say.

    Raises:
        ConfigError: the file cannot be read, or a variable is no setting. Values are checked with those of all other layers.
    """
    content, path = _read_config(environ)
    preset = (content.pop("preset"), str(path)) if "preset" in content else None
    if preset is not None and not isinstance(preset[0], str):
        raise ConfigError(f"preset: must be a name such as cpu, not {preset[0]!r} ({path})")
    if environ.get("MVDREAM_PRESET"):
        preset = environ["MVDREAM_PRESET"], "MVDREAM_PRESET"
    if preset is not None and preset[0] != "auto":
        try:
            find_preset(preset[0])
        except ConfigError as error:
            raise ConfigError(str(error).replace("--preset", f"preset of {preset[1]}")) from error
    environment, problems = [], []
    for key, text in sorted(environ.items()):
        if not key.startswith(PREFIX) or key in OTHER_VARIABLES or key.startswith(_FOR_TESTS):
            continue
        if key in VARIABLES:
            environment.append((nest(VARIABLES[key], read_value(VARIABLES[key], text)), key))
        else:
            problems.append(f"{key}: is no setting{_meant(key)} (environment); correct its name, or unset it")
    if problems:
        raise ConfigError("\n".join(problems))
    return User((content, str(path)), environment, preset)


def _read_config(environ: Mapping[str, str]) -> tuple[dict, Path | None]:
    path = config_path(environ)
    if path is None or not path.is_file():
        if environ.get("MVDREAM_CONFIG"):
            raise ConfigError(f"MVDREAM_CONFIG: there is no file {path}; write one, or unset the variable")
        return {}, path
    return load_preset(path), path


def _meant(key: str) -> str:
    """The end of a sentence that names the variables of the settings with this last word, or the most similar one."""
    word = key.removeprefix(PREFIX).lower()
    section = next((name for name in {name.partition(".")[0] for name in SETTINGS} if word.startswith(f"{name}_")), "")
    found = places(word.removeprefix(f"{section}_"), section)
    return f"; did you mean {' or '.join(map(variable, found))}?" if found else did_you_mean(key, list(VARIABLES))
