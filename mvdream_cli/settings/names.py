"""Every setting and every group of settings by its dotted name, such as "to3d.views.steps" and "to3d.views"."""

from collections.abc import Iterator

from pydantic.fields import FieldInfo

from mvdream_cli.settings import Settings
from mvdream_cli.settings.fields import Section
from mvdream_cli.settings.renamed import NOW_A_GROUP, RENAMED


def _below(group: type[Section], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for key, field in group.model_fields.items():
        yield f"{prefix}{key}", field
        if isinstance(field.default, Section):
            yield from _below(type(field.default), f"{prefix}{key}.")


_ALL = dict(_below(Settings))
SETTINGS: dict[str, FieldInfo] = {name: field for name, field in _ALL.items() if not isinstance(field.default, Section)}
GROUPS: dict[str, type[Section]] = {"": Settings}  # "": that of all settings
GROUPS |= {name: type(field.default) for name, field in _ALL.items() if isinstance(field.default, Section)}


def join(group: str, key: str) -> str:
    """The dotted name of what a group ("" for the outermost) calls `key`."""
    return f"{group}.{key}" if group else key


def nest(name: str, value) -> dict:
    """{"to3d": {"views": {"steps": 10}}} of "to3d.views.steps" and 10."""
    for part in reversed(name.split(".")):
        value = {part: value}
    return value


def places(key: str, section: str = "") -> list[str]:
    """The settings whose last word is `key`, or was: those in a section, or all."""
    found = [name for name in SETTINGS if name.rpartition(".")[2] == key]
    found += [new for old, new in (RENAMED | NOW_A_GROUP).items() if old.rpartition(".")[2] == key]
    return list(dict.fromkeys(name for name in found if not section or name.startswith(f"{section}.")))
