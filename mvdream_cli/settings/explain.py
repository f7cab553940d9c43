"""What is wrong with settings, in one line for each problem: where, what, the way out, and who said it.

Two kinds of problems: names that have no place among the settings (`sort_out`, layer by layer, so that no layer hides the
mistake of another), and values that their setting does not take (`explain`, of pydantic's report on all layers together).
"""

import difflib
import re

from pydantic import ValidationError

from mvdream_cli.settings.names import GROUPS, SETTINGS, join, places
from mvdream_cli.settings.renamed import NOW_A_GROUP, RENAMED

LONGEST_NAME = 100  # of a setting, when it is told or likened to others


def sort_out(layer: dict, origin: str, group: str = "") -> tuple[dict, list[str]]:
    """(what of a nested dict has a place among the settings, a line for each name that has none)."""
    placed, problems = {}, []
    for key, value in layer.items():
        name = join(group, key)
        known = key in GROUPS[group].model_fields
        if known and name in SETTINGS:
            placed[key] = value
        elif known and isinstance(value, dict):
            placed[key], deeper = sort_out(value, origin, name)
            problems += deeper
        else:
            problems.append((_no_setting(name) if known else _unknown(name, group, str(key))) + _said_by(origin))
    return placed, problems


def explain(error: ValidationError, origins: dict[str, str]) -> list[str]:
    """A line for each setting that has a wrong value, or group whose values contradict each other.

    Args:
        origins: which layer said something last, by the dotted names of settings and groups.
    """
    found: dict[str, str] = {}
    for item in error.errors():  # a union reports each of its branches: the first is enough
        where = _place(item["loc"])
        found.setdefault(where, _wrong_value(where, item) + _said_by(origins.get(where, "")))
    return list(found.values())


def did_you_mean(word: str, known: list[str]) -> str:
    """The end of a sentence that names the most similar of the known words, or nothing."""
    close = _closest(word, known)
    return f"; did you mean {close}?" if close else ""


def _no_setting(name: str) -> str:
    """Of a group to which a value was given."""
    if name in NOW_A_GROUP:
        return f"{name} is a group now; the setting is {NOW_A_GROUP[name]}"
    return f"{name} is a group, which takes no value itself; in it are {', '.join(GROUPS[name].model_fields)}"


def _unknown(name: str, group: str, key: str) -> str:
    if len(name) > LONGEST_NAME:
        return f"{name[:LONGEST_NAME]}...: unknown setting; no name is that long"
    if name in RENAMED:
        return f"{name} was renamed to {RENAMED[name]}"
    if name in SETTINGS or name in GROUPS:  # a key with dots in a file
        return f"{name}: in a file, each name before a dot is a line of its own, with what it holds indented below"
    own, section = list(GROUPS[group].model_fields), name.partition(".")[0] if group else ""
    deeper = [old.rpartition(".")[2] for old in (*SETTINGS, *RENAMED) if not section or old.startswith(f"{section}.")]
    close = _closest(key, [*own, *deeper])
    if close is None:
        return f"{name}: unknown setting; {'the settings there' if group else 'the sections'} are {', '.join(own)}"
    if close in own:
        meant = [join(group, close)]
    elif (old := join(group, close)) in RENAMED:
        meant = [RENAMED[old]]
    else:
        meant = places(close, section)
    return f"{name}: unknown setting; did you mean {' or '.join(meant)}?"


def _wrong_value(where: str, item: dict) -> str:
    kind, value = item["type"], item["input"]
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'", item["ctx"]["expected"])
        return f"{where}: {_shown(value)} is not one of {', '.join(choices)}{did_you_mean(str(value)[:80], choices)}"
    if kind == "value_error":
        return f"{where}: {item['ctx']['error']}"
    purpose = f"; it is: {SETTINGS[where].description}" if where in SETTINGS else ""
    return f"{where}: {item['msg'].removeprefix('Input ')}, not {_shown(value)}{purpose}"


def _shown(value) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _place(loc: tuple) -> str:
    """ "to3d.guidance.t_min" of ("to3d", "guidance", "t_min", 0): after a setting come list indices and branches of unions."""
    name = ""
    for part in loc:
        if name in SETTINGS:
            break
        name = join(name, str(part))
    return name


def _said_by(origin: str) -> str:
    return f" ({origin})" if origin else ""


def _closest(word: str, known: list[str]) -> str | None:
    return next(iter(difflib.get_close_matches(word, known, n=1, cutoff=0.6)), None)
