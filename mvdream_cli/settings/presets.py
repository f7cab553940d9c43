"""Presets (settings for a kind of machine) and recipes (a method's own settings for `to3d`): found by name, read as YAML."""

import os
import re
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import ConstructorError

from mvdream_cli.doors import door, read_bytes, reason
from mvdream_cli.errors import ConfigError
from mvdream_cli.settings.explain import did_you_mean
from mvdream_cli.settings.names import GROUPS, SETTINGS, join
from mvdream_cli.texts import decode

PRESET_ALIASES = {"v100": "v100-16gb", "a100": "a100-40gb"}


MOST_YAML_BYTES = 1 << 18
MOST_YAML_NODES = 10_000  # with each alias counted as all that it stands for


class _Loader(yaml.SafeLoader):
    """YAML in which 1e-5 and 8e3 are numbers, as everybody expects (YAML 1.1 reads them as text)."""

    def construct_object(self, node, deep=False):
        try:
            return super().construct_object(node, deep)
        # what the constructors of PyYAML raise for !!bool x, !!timestamp x, !!int "" and the like
        except (ValueError, KeyError, AttributeError, IndexError, TypeError, OverflowError) as error:
            raise ConstructorError(None, None, reason(error), node.start_mark) from error

    def construct_whole(self, node):
        if len(node.value) > 40:
            raise ValueError(f"{node.value:.20}... is too large a number")
        return super().construct_yaml_int(node)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(\d[\d_]*(\.[\d_]*)?|\.\d[\d_]*)[eE][-+]?\d+$"), list("-+0123456789.")
)
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_whole)


def read_yaml(text: str) -> Any:
    """What a YAML text says. Raises yaml.YAMLError, also where a value is not what its tag says, or aliases multiply."""
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _size(node, {})
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise yaml.YAMLError(f"{error.problem}, line {mark.line + 1}, column {mark.column + 1}") from error
    except RecursionError as error:
        raise yaml.YAMLError("it is nested too deeply") from error


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """The nodes of a tree, those behind an alias each time that it stands there. Raises YAMLError for a circle, or too many."""
    if id(node) not in known:
        known[id(node)] = MOST_YAML_NODES  # until it is counted: an alias to what it stands in
        parts = node.value if isinstance(node, yaml.CollectionNode) else ()
        known[id(node)] = 1 + sum(_size(one, known) for part in parts for one in (part if isinstance(part, tuple) else (part,)))
    if known[id(node)] > MOST_YAML_NODES:
        raise yaml.YAMLError(f"it has more than {MOST_YAML_NODES} values, or an alias to what it stands in")
    return known[id(node)]


def read_value(name: str, text: str) -> Any:
    """The value that a text gives to a setting: YAML, except where the setting is itself a text."""
    try:
        value = read_yaml(text)
    except yaml.YAMLError:
        value = text
    kind = SETTINGS[name].annotation if name in SETTINGS else None
    if kind in (str, str | None) and not isinstance(value, str):
        # a prompt such as 1984 or "a: b" stays text, and nothing at all is the empty one
        value = None if value is None and kind is not str and text.strip() else text
    return value


def preset_folders() -> list[Path]:
    """Where presets lie: the checkout's top level, and the copy inside an installed package."""
    package = Path(__file__).resolve().parents[1]
    checkout = package.parent
    folders = [] if checkout.name in ("site-packages", "dist-packages") else [checkout / "presets"]
    return [*folders, package / "presets"]


def preset_names() -> list[str]:
    """All names that --preset takes, the aliases among them."""
    return sorted({path.stem for folder in preset_folders() for path in folder.glob("*.yaml")} | set(PRESET_ALIASES))


def find_preset(name_or_path: str) -> Path:
    """The file of a preset. Raises ConfigError for an unknown name or a missing file."""
    if name_or_path.endswith((".yaml", ".yml")) or os.sep in name_or_path:
        if not Path(name_or_path).is_file():
            raise ConfigError(
                f"--preset: there is no file {name_or_path}; the built-in presets are {', '.join(preset_names())}"
            )
        return Path(name_or_path)
    name = PRESET_ALIASES.get(name_or_path, name_or_path)
    for folder in preset_folders():
        if (folder / f"{name}.yaml").is_file():
            return folder / f"{name}.yaml"
    names = ["auto", *preset_names()]
    raise ConfigError(
        f"--preset: there is no preset {name_or_path!r}{did_you_mean(name_or_path, names)}; choose {', '.join(names)}"
    )


def load_preset(name_or_path: str | Path) -> dict:
    """The nested dict of a preset, not yet checked against the settings. Raises ConfigError if it is no YAML."""
    path = name_or_path if isinstance(name_or_path, Path) else find_preset(name_or_path)
    with door(path, ConfigError, "give YAML with sections such as 'to3d:' and indented settings", yaml.YAMLError):
        content = read_yaml(decode(read_bytes(path, MOST_YAML_BYTES)))
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ConfigError(f"{path}: must hold sections such as 'to3d:' with indented settings")
    return _without_empty_groups(content)


def recipe_names() -> list[str]:
    """All names that `to3d.recipe` takes."""
    return sorted({path.stem for folder in preset_folders() for path in folder.glob("recipes/*.yaml")})


def load_recipe(name: str) -> dict:
    """The nested dict of a recipe. Raises ConfigError for an unknown name."""
    names = recipe_names()
    for folder in preset_folders() if name in names else ():
        if (folder / "recipes" / f"{name}.yaml").is_file():
            return load_preset(folder / "recipes" / f"{name}.yaml")
    raise ConfigError(f"to3d.recipe: there is no recipe {name!r}{did_you_mean(name, names)}; choose {', '.join(names)}")


def _without_empty_groups(content: dict, group: str = "") -> dict:
    """A group whose lines are all comments is None in YAML; it sets nothing."""
    kept = {}
    for key, value in content.items():
        name = join(group, key)
        if isinstance(value, dict):
            kept[key] = _without_empty_groups(value, name)
        elif value is not None or name not in GROUPS:
            kept[key] = value
    return kept
