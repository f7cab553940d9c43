"""Who may import whom (docs: the house). Read from the source, so that nothing has to be imported."""

import ast
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "mvdream_cli"
TOYBOX = PACKAGE.with_name("mvdream_toybox")
GROUND = {"versions", "errors", "doors", "hashes", "atomic", "cameras", "captions", "images", "parts", "videos", "texts"}
GROUND |= {"parents"}
FLOOR = {"diffusion", "models", "scene", "raycast", "data", "metrics", "guidance", "engine"}
# Room -> the rooms that it may import, besides itself. What stands higher in this list is imported by nothing below.
ROOMS = {
    "__main__": {"boundary"},
    "boundary": {"cli", "engine.events", "engine.signals", "texts", "errors"},
    "cli": {
        "commands",
        "methods.many_prompts",
        "settings",
        "prompts",
        "engine.progress",
        "engine.events",
        "engine.terminal",
        "engine.records",
        "versions",
        "errors",
    },
    "commands": {
        "methods",
        "mesh",
        "models",
        "data",
        "engine",
        "scene.field",
        "scene.occupancy",
        "raycast.assets",
        "pages",
        "settings",
        *GROUND,
    },
    "pages": {"mesh", "raycast", "engine", *GROUND},
    "methods": {"settings", "prompts", "mesh", *FLOOR, *GROUND},
    "mesh": {"scene", "raycast", *GROUND},
    "guidance": {"diffusion", *GROUND},
    "metrics": {"diffusion", *GROUND},
    "models": {"diffusion", *GROUND},
    "data": {"raycast", *GROUND},
    "engine": {"versions", "errors", "doors", "texts", "hashes", "atomic", "parts"},
    "diffusion": GROUND,
    "scene": GROUND,
    "raycast": GROUND,
    "settings": {"errors", "doors", "texts"},
    "prompts": {"prompt_library", "errors", "doors", "texts"},
    "prompt_library": {"errors", "atomic", "hashes"},
    "images": {"errors", "doors", "atomic"},
    "videos": {"errors", "atomic"},
    "cameras": {"errors"},
    "parts": set(),
    "captions": {"errors"},
    "atomic": {"errors"},
    "parents": set(),
    "versions": set(),
    "hashes": {"doors"},
    "texts": {"doors"},
    "doors": {"errors"},
    "errors": set(),
}
TOYBOX_ROOMS = {
    "geometry": set(),
    "palette": {"geometry"},
    "kind": {"geometry"},
    "worn": {"palette", "geometry"},
    "things": {"worn", "kind", "palette", "geometry"},
    "turns": {"things", "kind", "palette"},
    "world": {"turns", "things", "kind", "palette", "geometry"},
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


def test_no_room_looks_upwards():
    order = list(ROOMS)
    for room, others in ROOMS.items():
        lower = order[order.index(room) + 1 :]
        assert {other.split(".")[0] for other in others} <= set(lower), room


SHARED_BY_COMMANDS = {
    f"mvdream_cli.commands.{name}" for name in ("opening", "toybox_questions", "toybox_stream", "toybox_world", "training_data")
}


def test_commands_do_not_import_each_other():
    wrong = [
        f"{path.name} imports {name}"
        for path in (PACKAGE / "commands").glob("*.py")
        for name, _ in imports(path)
        if name.startswith("mvdream_cli.commands") and name not in SHARED_BY_COMMANDS
    ]
    assert not wrong, wrong


def test_what_answers_at_once_imports_nothing_heavy_at_module_level():
    light = [*PACKAGE.glob("cli/*.py"), *PACKAGE.glob("settings/*.py")]
    light += [
        PACKAGE / f"{stem}.py" for stem in ("__init__", "boundary", "prompts", "texts", "doors", "errors", "engine/__init__")
    ]
    light += [PACKAGE / f"engine/{stem}.py" for stem in ("progress", "records", "events", "terminal")]
    assert len(light) > 15
    for path in light:
        for name, top in imports(path):
            assert not (top and name.split(".")[0] in HEAVY), f"{path} imports {name}"
            assert not (top and path.parent.name == "cli" and name.startswith("mvdream_cli.commands")), name


def test_settings_stop_at_the_methods():
    for path in files():
        if room_of(path) not in ("cli", "commands", "methods", "settings"):
            assert not any(name.startswith("mvdream_cli.settings") for name, _ in imports(path)), path
