"""Who may import whom (docs: the house). Read from the source, so that nothing has to be imported."""

import ast
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "mvdream_cli"
TOYBOX = PACKAGE.with_name("mvdream_toybox")
GROUND = {"errors", "cameras", "images", "files"}
ROOMS = {
    "cli": {"config", "prompts", "commands", "engine.progress", *GROUND},
    "prompts": {"errors"},
    "config": {"settings", "errors"},
    "settings": {"errors"},
    "errors": set(),
    "cameras": {"errors"},
    "images": {"errors", "files"},
    "files": {"errors"},
    "commands": {
        "guidance",
        "diffusion",
        "scene",
        "mesh",
        "data",
        "metrics",
        "engine",
        "config",
        "settings",
        *GROUND,
    },
    "guidance": {"diffusion", *GROUND},
    "diffusion": GROUND,
    "scene": GROUND,
    "mesh": {"scene", *GROUND},
    "metrics": {"diffusion", *GROUND},
    "data": GROUND,
    "engine": {"errors"},
}
TOYBOX_ROOMS = {
    "geometry": set(),
    "palette": {"geometry"},
    "kind": {"geometry"},
    "worn": {"palette", "geometry"},
    "things": {"worn", "kind", "palette", "geometry"},
    "world": {"things", "kind", "palette", "geometry"},
    "captions": {"world", "things", "palette"},
}
HEAVY = {"torch", "diffusers", "transformers", "nerfacc", "trimesh"}


def imports(path):
    """(module as written, True if at module level) of every import of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nested = {id(n) for f in ast.walk(tree) if isinstance(f, (ast.FunctionDef, ast.Lambda)) for n in ast.walk(f)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            names = [f"{base}.{alias.name}" for alias in node.names] if base.count(".") < 2 else [base]
        else:
            continue
        for name in names:
            yield name, id(node) not in nested


def files(package=PACKAGE):
    return [p for p in sorted(package.rglob("*.py")) if p != package / "__init__.py"]


def room_of(path, package=PACKAGE):
    parts = path.relative_to(package).with_suffix("").parts
    return parts[0]


def allowed(target, room, others):
    """`target` is what follows "mvdream_cli.", such as engine.loop or __version__."""
    return target == "__version__" or any(target == a or target.startswith(f"{a}.") for a in {room, *others})


HOUSES = pytest.mark.parametrize(("package", "rooms"), [(PACKAGE, ROOMS), (TOYBOX, TOYBOX_ROOMS)], ids=["cli", "toybox"])


@HOUSES
def test_every_room_is_known(package, rooms):
    assert {room_of(p, package) for p in files(package)} <= set(rooms)


@HOUSES
def test_rooms_import_only_what_they_may(package, rooms):
    wrong, own = [], f"{package.name}."
    for path in files(package):
        room = room_of(path, package)
        for name, _ in imports(path):
            if name.startswith(own) and not allowed(name.removeprefix(own), room, rooms[room]):
                wrong.append(f"{path.relative_to(package)} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_the_toybox_needs_only_numpy_and_only_commands_know_it():
    used = {name.split(".")[0] for path in TOYBOX.rglob("*.py") for name, _ in imports(path)}
    assert used <= {"mvdream_toybox", "numpy", *sys.stdlib_module_names}  # so nothing of mvdream_cli
    users = {room_of(p) for p in files() for name, _ in imports(p) if name.split(".")[0] == "mvdream_toybox"}
    assert users == {"commands"}


def test_commands_do_not_import_each_other():
    wrong = [
        f"{path.name} imports {name}"
        for path in (PACKAGE / "commands").glob("*.py")
        for name, _ in imports(path)
        if name.startswith("mvdream_cli.commands")
    ]
    assert not wrong, wrong


def test_what_answers_at_once_imports_nothing_heavy_at_module_level():
    light = ["cli", "config", "prompts", "settings", "errors", "__init__", "engine/__init__", "engine/progress", "engine/run"]
    for stem in light:
        for name, top in imports(PACKAGE / f"{stem}.py"):
            assert not (top and name.split(".")[0] in HEAVY), f"{stem} imports {name}"
            assert not (top and stem == "cli" and name.startswith("mvdream_cli.commands")), name


def test_settings_stop_at_the_commands():
    for path in files():
        if room_of(path) not in ("cli", "config", "commands", "settings"):
            read = {name for name, _ in imports(path)}
            assert not any(name.startswith(("mvdream_cli.config", "mvdream_cli.settings")) for name in read), path
