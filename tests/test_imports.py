"""Who may import whom (docs: the house). Read from the source, so that nothing has to be imported."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "mvdream_cli"
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
        "toybox",
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
    "toybox": GROUND,
    "engine": {"errors"},
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


def files():
    return [p for p in sorted(PACKAGE.rglob("*.py")) if p != PACKAGE / "__init__.py"]


def room_of(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


def allowed(room, target):
    """`target` is what follows "mvdream_cli.", such as engine.loop or __version__."""
    return target == "__version__" or any(target == a or target.startswith(f"{a}.") for a in {room, *ROOMS[room]})


def test_every_room_is_known():
    assert {room_of(p) for p in files()} <= set(ROOMS)


def test_rooms_import_only_what_they_may():
    wrong = []
    for path in files():
        for name, _ in imports(path):
            target = name.removeprefix("mvdream_cli.")
            if name.startswith("mvdream_cli.") and not allowed(room_of(path), target):
                wrong.append(f"{path.relative_to(PACKAGE)} imports {name}")
    assert not wrong, "\n".join(wrong)


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
