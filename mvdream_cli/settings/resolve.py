"""From a preset, overrides and flags to checked settings, and back to YAML. Never imports torch.

Precedence: preset < recipe < --set section.key=value < command-line flags. Every problem is found before anything runs,
and they are told together: where, what, way out.
"""

import difflib
import os
import re
import shutil
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from mvdream_cli.errors import ConfigError
from mvdream_cli.settings import Section, Settings

PRESET_ALIASES = {"v100": "v100-16gb", "a100": "a100-40gb"}


class _Loader(yaml.SafeLoader):
    """YAML in which 1e-5 and 8e3 are numbers, as everybody expects (YAML 1.1 reads them as text)."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)[eE][-+]?\d+$"), list("-+0123456789.")
)


def resolve(preset: str = "auto", overrides: list[str] | tuple = (), flags: dict[str, Any] | None = None) -> Settings:
    """Settings from a preset (name, file or "auto"), then the recipe that any of the three names as `to3d.recipe`, then
    "section.key=value" overrides, then flags by dotted key.

    Flags that are None were not given. Raises ConfigError listing every problem: where, what, way out.
    """
    path = find_preset(auto_preset()[0] if preset == "auto" else preset)
    layers = [(load_preset(path), str(path))]
    problems: list[str] = []
    for text in overrides:
        try:
            layers.append((_nest(*_parse_override(text)), "--set"))
        except ConfigError as error:
            problems.append(str(error))
    layers += [(_nest(key, value), "command line") for key, value in (flags or {}).items() if value is not None]
    sections = [layer["to3d"] for layer, _ in layers if isinstance(layer.get("to3d"), dict)]
    recipe = next((section["recipe"] for section in reversed(sections) if "recipe" in section), None)
    if recipe is not None:
        try:
            layers.insert(1, (load_recipe(str(recipe)), f"recipe {recipe}"))
        except ConfigError as error:
            problems.append(str(error))
    merged: dict = {}
    origins: dict[str, str] = {}
    for layer, origin in layers:
        _merge(merged, layer, origins, origin)
    try:
        settings = _checked(merged, origins)
    except ConfigError as error:
        problems.append(str(error))
    if problems:
        raise ConfigError("\n".join(problems))
    return settings


def _checked(merged: dict, origins: dict[str, str]) -> Settings:
    """Settings of a nested dict. Raises ConfigError with a line for each problem."""
    try:
        return Settings(**merged)
    except ValidationError as error:
        found: dict[str, str] = {}
        for item in error.errors():  # a union reports each of its branches: the first is enough
            found.setdefault(_place(item["loc"]), _explain(item, origins))
        raise ConfigError("\n".join(found.values())) from error


def changed(settings: Settings, flags: dict[str, Any]) -> Settings:
    """The settings with some of them, by dotted key, replaced; a recipe among them brings its values.

    Raises ConfigError for each that cannot be.
    """
    merged = settings.model_dump()
    if recipe := flags.get("to3d.recipe"):
        _merge(merged, load_recipe(str(recipe)), {}, "")
    for key, value in flags.items():
        _merge(merged, _nest(key, value), {}, "")
    return _checked(merged, {})


def preset_folders() -> list[Path]:
    """Where presets lie: the checkout's top level, and the copy inside an installed package."""
    package = Path(__file__).resolve().parent
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
        f"--preset: there is no preset {name_or_path!r}{_did_you_mean(name_or_path, names)}; choose {', '.join(names)}"
    )


def load_preset(name_or_path: str | Path) -> dict:
    """The nested dict of a preset, not yet checked against the models. Raises ConfigError if it is no YAML."""
    path = name_or_path if isinstance(name_or_path, Path) else find_preset(name_or_path)
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: cannot be read as YAML ({' '.join(str(error).split())})") from error
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ConfigError(f"{path}: must hold sections such as 'to3d:' with indented settings")
    return content


def recipe_names() -> list[str]:
    """All names that `to3d.recipe` takes."""
    return sorted({path.stem for folder in preset_folders() for path in folder.glob("recipes/*.yaml")})


def load_recipe(name: str) -> dict:
    """The nested dict of a recipe. Raises ConfigError for an unknown name."""
    names = recipe_names()
    for folder in preset_folders() if name in names else ():
        if (folder / "recipes" / f"{name}.yaml").is_file():
            return load_preset(folder / "recipes" / f"{name}.yaml")
    raise ConfigError(f"to3d.recipe: there is no recipe {name!r}{_did_you_mean(name, names)}; choose {', '.join(names)}")


def auto_preset() -> tuple[str, str]:
    """(preset, reason) for this machine, found without torch."""
    gpus = visible_gpus()
    if not gpus:
        return "cpu", "no NVIDIA GPU that this torch can use"
    name, memory_gb = max(gpus, key=lambda gpu: gpu[1])
    return preset_for_gpu(name, memory_gb), f"{name} with {memory_gb:.0f} GB"


def preset_for_gpu(name: str, memory_gb: float) -> str:
    """The preset made for the largest card that is not larger than this one."""
    if memory_gb >= 100:
        return "h200"
    if memory_gb >= 60:
        return "a100-80gb"
    if memory_gb >= 38:
        return "a100-40gb"
    if memory_gb >= 28:
        return "v100-32gb"
    if memory_gb >= 20:
        return "rtx-24gb"
    return "v100-16gb" if "V100" in name else "t4-16gb"


def visible_gpus() -> list[tuple[str, float]]:
    """(name, memory in GB) of each NVIDIA GPU that this torch could use; asked from nvidia-smi."""
    try:
        if "+cpu" in metadata.version("torch"):
            return []
    except metadata.PackageNotFoundError:
        return []
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and (not visible.strip() or visible.strip() == "-1"):
        return []
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    command = [tool, "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
        rows = [line.rsplit(",", 1) for line in answer.strip().splitlines()]
        return [(name.strip(), float(memory) * 2**20 / 1e9) for name, memory in rows]
    except (OSError, ValueError, subprocess.SubprocessError):
        return []


def dump(settings: Settings, sections: list[str] | None = None) -> str:
    """The settings as a commented YAML text that is itself a preset; `sections`: only these, and model and engine."""
    lines = [_line("model", settings.model, Settings.model_fields["model"].description, 0)]
    for name in Settings.model_fields:
        section = getattr(settings, name)
        if not isinstance(section, Section) or (sections is not None and name not in ("engine", *sections)):
            continue
        lines += ["", f"{name}:"]
        lines += [_line(key, getattr(section, key), field.description, 2) for key, field in type(section).model_fields.items()]
    return "\n".join(lines) + "\n"


def _line(key: str, value: Any, description: str | None, indent: int) -> str:
    value = list(value) if isinstance(value, tuple) else value
    text = (
        yaml.safe_dump(value, default_flow_style=True, width=10**9, allow_unicode=True).removesuffix("\n").removesuffix("\n...")
    )
    return f"{' ' * indent + key + ': ' + text:<44}  # {description}"


def _nest(dotted: str, value: Any) -> dict:
    for part in reversed(dotted.split(".")):
        value = {part: value}
    return value


def _merge(into: dict, new: dict, origins: dict[str, str], origin: str, prefix: str = "") -> None:
    for key, value in new.items():
        dotted = f"{prefix}{key}"
        if isinstance(value, dict) and isinstance(into.get(key, {}), dict):
            _merge(into.setdefault(key, {}), value, origins, origin, f"{dotted}.")
        elif value is not None or prefix:  # an empty section of a preset is no section
            into[key] = value
        origins[dotted] = origin


def _parse_override(text: str) -> tuple[str, Any]:
    key, equals, raw = text.partition("=")
    key = key.strip().replace("-", "_")
    if not equals or not key:
        raise ConfigError(f"--set {text}: must look like section.key=value, for instance --set to3d.steps=500")
    if "." not in key and key != "model":
        places = [f"{section}.{key}" for section, fields in _sections().items() if key in fields]
        hint = f"; did you mean {' or '.join(places)}?" if places else ""
        raise ConfigError(f"--set {text}: the key needs its section, as in to3d.steps{hint}")
    try:
        value = yaml.load(raw, Loader=_Loader)
    except yaml.YAMLError:
        value = raw
    section, _, name = key.partition(".")
    field = Settings.model_fields.get(key) or _sections().get(section, {}).get(name)
    if field is not None and not isinstance(value, str) and field.annotation in (str, str | None):
        value = None if value is None and field.annotation is not str else raw  # a prompt such as 1984 or "a: b" stays text
    return key, value


def _sections() -> dict[str, dict]:
    """{section: {key: field}}."""
    models = {name: field.annotation for name, field in Settings.model_fields.items()}
    return {
        name: model.model_fields for name, model in models.items() if isinstance(model, type) and issubclass(model, Section)
    }


def _place(loc: tuple) -> str:
    """ "to3d.t_min" of ("to3d", "t_min", 0): what follows is a list index or the branch of a union."""
    return ".".join(str(part) for part in (loc[:2] if loc[0] in _sections() else loc[:1]))


def _explain(item: dict, origins: dict[str, str]) -> str:
    where = _place(item["loc"])
    section, _, key = where.rpartition(".")
    origin = next((origins[k] for k in (where, section) if k in origins), None)
    suffix = f" ({origin})" if origin else ""
    kind, value = item["type"], item["input"]
    if kind == "extra_forbidden":
        known = list(_sections().get(section, {})) if section else list(Settings.model_fields)
        hint = _did_you_mean(key, known, f"{section}." if section else "")
        if not hint:
            hint = f"; the {'settings there' if section else 'sections'} are {', '.join(known)}"
        return f"{where}: unknown setting{hint}{suffix}"
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'", item["ctx"]["expected"])
        return f"{where}: {value!r} is not one of {', '.join(choices)}{_did_you_mean(str(value), choices)}{suffix}"
    if kind == "value_error":
        return f"{where}: {item['ctx']['error']}{suffix}"
    field = _sections().get(section, {}).get(key) or Settings.model_fields.get(key)
    purpose = f"; it is: {field.description}" if field is not None and field.description else ""
    return f"{where}: {item['msg'].removeprefix('Input ')}, not {value!r}{purpose}{suffix}"


def _did_you_mean(word: str, known: list[str], prefix: str = "") -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean {prefix}{close[0]}?" if close else ""
