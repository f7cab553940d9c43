"""From a preset, overrides and flags to checked settings.

Order: defaults < preset < the user's config < the recipe that any of these or those behind names < environment <
--set section.group.key=value < options. Every problem is found before anything runs, and they are told together.
"""

from typing import Any

from pydantic import ValidationError

from mvdream_cli.errors import ConfigError
from mvdream_cli.settings import Settings
from mvdream_cli.settings.explain import explain, sort_out
from mvdream_cli.settings.machine import auto_preset
from mvdream_cli.settings.names import GROUPS, SETTINGS, join, nest, places
from mvdream_cli.settings.presets import find_preset, load_preset, load_recipe, preset_folders, read_value
from mvdream_cli.settings.user import Layer, User


def resolve(
    preset: str = "auto",
    overrides: list[str] | tuple = (),
    flags: dict[str, Any] | None = None,
    user: User = User(),
) -> Settings:
    """Settings of all who may say something, in the order above.

    Args:
        preset: a name, a file, or "auto". overrides: "section.group.key=value". flags: by dotted name; None: not given.
        user: what the user wants of every command.

    Raises:
        ConfigError: a line for each problem: where, what, way out.
    """
    return resolve_with_origins(preset, overrides, flags, user)[0]


def resolve_with_origins(
    preset: str = "auto",
    overrides: list[str] | tuple = (),
    flags: dict[str, Any] | None = None,
    user: User = User(),
) -> tuple[Settings, dict[str, str]]:
    """As `resolve`; and who said the value of each setting that has not its default, by its dotted name."""
    path = find_preset(auto_preset()[0] if preset == "auto" else preset)
    origin = f"preset {path.stem}" if path.parent in preset_folders() else str(path)
    below: list[Layer] = [(load_preset(path), origin), user.config]
    layers, problems = list(user.environment), []
    for text in overrides:
        try:
            layers.append((nest(*_parse_override(text)), "--set"))
        except ConfigError as error:
            problems.append(str(error))
    layers += [(nest(name, value), "command line") for name, value in (flags or {}).items() if value is not None]
    return _checked([*below, *_recipe([*below, *layers], problems), *layers], problems)


def changed(settings: Settings, flags: dict[str, Any]) -> Settings:
    """The settings with some of them, by dotted name, replaced; a recipe among them brings its values.

    Raises ConfigError for each that cannot be.
    """
    problems: list[str] = []
    layers = [(nest(name, value), "") for name, value in flags.items()]
    return _checked([(settings.model_dump(), ""), *_recipe(layers, problems), *layers], problems)[0]


def _recipe(layers: list[Layer], problems: list[str]) -> list[Layer]:
    """The recipe that the last of the layers to speak of one asks for, if any."""
    sections = [layer["to3d"] for layer, _ in layers if isinstance(layer.get("to3d"), dict)]
    name = next((section["recipe"] for section in reversed(sections) if "recipe" in section), None)
    if name is None:
        return []
    try:
        return [(load_recipe(str(name)), f"recipe {name}")]
    except ConfigError as error:
        problems.append(str(error))
        return []


def _checked(layers: list[Layer], problems: list[str]) -> tuple[Settings, dict[str, str]]:
    """Settings of all layers, each over the ones before, and who said them. Raises ConfigError with a line for each problem."""
    merged: dict = {}
    origins: dict[str, str] = {}
    for layer, origin in layers:
        placed, lines = sort_out(layer, origin)
        problems += lines
        _merge(merged, placed, origins, origin)
    try:
        settings = Settings(**merged)
    except ValidationError as error:
        problems += explain(error, origins)
    if problems:
        raise ConfigError("\n".join(problems))
    return settings, origins


def _merge(into: dict, new: dict, origins: dict[str, str], origin: str, group: str = "") -> None:
    for key, value in new.items():
        name = join(group, key)
        if name in GROUPS:
            _merge(into.setdefault(key, {}), value, origins, origin, name)
        else:
            into[key] = value
        origins[name] = origin


def _parse_override(text: str) -> tuple[str, Any]:
    """(dotted name, value) of "section.group.key=value". Raises ConfigError."""
    name, equals, raw = text.partition("=")
    name = name.strip().replace("-", "_")
    if not equals or not name:
        raise ConfigError(f"--set {text}: must look like section.key=value, for instance --set to3d.views.steps=30")
    if "." not in name and name not in SETTINGS and name not in GROUPS:
        found = places(name)
        hint = f"; did you mean {' or '.join(found)}?" if found else ""
        raise ConfigError(f"--set {text}: the key needs its section, as in train.steps{hint}")
    return name, read_value(name, raw)
