"""Every setting is read by some code. Found in the source, by following settings from name to name."""

import ast
import inspect
import textwrap
from pathlib import Path

import mvdream_cli
from mvdream_cli.settings.names import GROUPS, SETTINGS, join

PACKAGE = Path(mvdream_cli.__file__).parent
GROUP_OF = {(group.__module__, group.__name__): name for name, group in GROUPS.items()}


class Reads(ast.NodeVisitor):
    """Collects in `read` the settings that a file reads.

    A group of settings is known by the annotation of a parameter, or because the parameter is called `settings` or like a
    section, or because a function of the same file hands it over; then through attributes, assignments to names and to
    attributes of self, and `model_copy`. `group.options()` reads all of a group; another method of a group, such as
    `engine.loop()`, reads what it names.
    """

    def __init__(self, tree: ast.Module, read: set[str]):
        self.read, self.names, self.of_self, self.classes = read, {}, {}, {}
        self.functions = {node.name: node.args.args for node in tree.body if isinstance(node, ast.FunctionDef)}
        self.handed_over: dict[ast.arg, str] = {}
        for _ in range(3):  # a call may stand below the function that it calls, and in one that is called itself
            self.visit(tree)

    def group(self, node: ast.AST) -> str | None:
        """The dotted name of the group that an expression stands for."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "model_copy":
            return self.group(node.func.value)
        if not isinstance(node, ast.Attribute):
            return None
        if isinstance(node.value, ast.Name) and node.value.id == "self":
            return self.of_self.get(node.attr)
        above = self.group(node.value)
        return name if above is not None and (name := join(above, node.attr)) in GROUPS else None

    def visit_ImportFrom(self, node):
        groups = {alias.asname or alias.name: GROUP_OF.get((node.module, alias.name)) for alias in node.names}
        self.classes |= {name: group for name, group in groups.items() if group is not None}

    def visit_FunctionDef(self, node):
        outside = self.names
        arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        self.names = outside | {argument.arg: self.group_of_argument(argument) for argument in arguments}
        self.generic_visit(node)
        self.names = outside

    def group_of_argument(self, argument: ast.arg) -> str | None:
        if argument.annotation is None:
            by_name = "" if argument.arg == "settings" else argument.arg if argument.arg in GROUPS else None
            return self.handed_over.get(argument, by_name)
        return self.classes.get(argument.annotation.id) if isinstance(argument.annotation, ast.Name) else None

    def visit_Assign(self, node):
        for target in node.targets:
            both = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
            for to, value in zip(target.elts, node.value.elts) if both else [(target, node.value)]:
                if isinstance(to, ast.Name):
                    self.names[to.id] = self.group(value)
                elif isinstance(to, ast.Attribute):
                    self.of_self[to.attr] = self.group(value)
        self.generic_visit(node)

    def visit_Attribute(self, node):
        if (group := self.group(node.value)) is not None and (name := join(group, node.attr)) in SETTINGS:
            self.read.add(name)
        self.generic_visit(node)

    def visit_Call(self, node):
        group = self.group(node.func.value) if isinstance(node.func, ast.Attribute) else None
        if group is not None and node.func.attr == "options":
            left_out = [argument.value for argument in node.args]
            self.read |= {join(group, key) for key in GROUPS[group].model_fields if key not in left_out} & SETTINGS.keys()
        elif group is not None and inspect.isfunction(method := vars(GROUPS[group]).get(node.func.attr)):
            body = list(ast.walk(ast.parse(textwrap.dedent(inspect.getsource(method)))))
            words = {part.attr for part in body if isinstance(part, ast.Attribute)}
            words |= {part.value for part in body if isinstance(part, ast.Constant) and isinstance(part.value, str)}
            self.read |= {join(group, word) for word in words} & SETTINGS.keys()
        if isinstance(node.func, ast.Name):
            for argument, value in zip(self.functions.get(node.func.id, ()), node.args):
                if (handed := self.group(value)) is not None:
                    self.handed_over[argument] = handed
        self.generic_visit(node)


def read_by(*sources: str) -> set[str]:
    found = set()
    for source in sources:
        Reads(ast.parse(source), found)
    return found


def test_every_setting_is_read():
    folders = [PACKAGE / "commands", PACKAGE / "methods"]
    read = read_by(*(path.read_text(encoding="utf-8") for folder in folders for path in sorted(folder.glob("*.py"))))
    unread = SETTINGS.keys() - read - {"to3d.recipe", "engine.inline_pictures"}  # read by `resolve` and by cli
    assert not unread, f"nothing reads {sorted(unread)}"


def test_reads_are_told_from_words_that_only_look_alike():
    assert read_by("def f(settings, other): other.steps, settings.steps, settings.to3d.fit") == set()
    assert read_by("def f(settings): settings.to3d.fit.steps; settings = 1; settings.train.steps") == {"to3d.fit.steps"}
    assert read_by("def f(settings):\n  a, b = settings.to3d, 1\n  def g(b): c = a.views; return c.steps") == {
        "to3d.views.steps"
    }
    assert read_by("from mvdream_cli.settings.train import Train\ndef f(x: Train, settings: int): x.steps, settings.model") == {
        "train.steps"
    }
    method = "class A:\n  def __init__(self, settings): self.a = settings.model_copy().data.cameras\n  def f(self): self.a.{}"
    assert read_by(method.format("distance")) == {"data.cameras.distance"}
    assert read_by(method.format("options('fovy_deg')")) == {"data.cameras.distance", "data.cameras.elevation_deg"}
    assert read_by("def g(x): return x.first\ndef f(settings): g(settings.data.toybox)") == {"data.toybox.first"}
    loop = read_by("def f(settings): fit(**settings.engine.loop())")
    assert "engine.keep_checkpoints" in loop and "engine.threads" not in loop
