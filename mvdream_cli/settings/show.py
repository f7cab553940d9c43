"""Settings as YAML, with a line of help beside each, and who said it where it is no default: what --dry-run prints."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from mvdream_cli.settings import Settings
from mvdream_cli.settings.fields import Section

COMMENT_COLUMN = 48


def dump(settings: Settings, sections: list[str] | None = None, origins: Mapping[str, str] = {}) -> str:
    """The settings as a commented YAML text that is itself a preset.

    Args:
        settings: all of them.
        sections: names of the sections to show, beside model and engine; None: all.
        origins: who said the value of a setting, by its dotted name.
    """
    lines = []
    for key, field in Settings.model_fields.items():
        value = getattr(settings, key)
        if not isinstance(value, Section):
            lines.append(_setting(key, value, field.description, 0, origins.get(key)))
        elif sections is None or key in ("engine", *sections):
            lines += ["", *_group(key, value, origins)]
    return "\n".join(lines) + "\n"


def _group(name: str, group: Section, origins: Mapping[str, str]) -> Iterator[str]:
    """The lines of a group by its dotted name."""
    help_text, indent = type(group).__doc__, 2 * name.count(".")
    yield _beside(f"{' ' * indent}{name.rpartition('.')[2]}:", help_text and help_text.strip().splitlines()[0])
    for key, field in type(group).model_fields.items():
        value, dotted = getattr(group, key), f"{name}.{key}"
        if isinstance(value, Section):
            yield from _group(dotted, value, origins)
        elif dotted == "to3d.recipe" and value is not None:
            # A recipe goes over the preset that names it, and would take back what --set and options changed.
            yield _setting(key, None, f"the values of {value} are already in this file", indent + 2)
        else:
            yield _setting(key, value, field.description, indent + 2, origins.get(dotted))


def _setting(key: str, value: Any, description: str | None, indent: int, origin: str | None = None) -> str:
    value = list(value) if isinstance(value, tuple) else value
    text = yaml.safe_dump(value, default_flow_style=True, width=10**9, allow_unicode=True)
    text = text.removesuffix("\n").removesuffix("\n...")  # YAML ends a text or number alone in a document by three dots
    return _beside(f"{' ' * indent}{key}: {text}", f"{description} [{origin}]" if origin else description)


def _beside(text: str, comment: str | None) -> str:
    return f"{text:<{COMMENT_COLUMN}}  # {comment}" if comment else text
