"""Settings as YAML that is itself a preset."""

import re

import pytest
import yaml

from mvdream_cli.settings.names import GROUPS, SETTINGS
from mvdream_cli.settings.presets import preset_names
from mvdream_cli.settings.resolve import resolve
from mvdream_cli.settings.show import dump

CHANGED = ["to3d.views.steps=7", "to3d.views.suffix=', a: b # c'", "train.vae.crop_px=64", "data.toybox.kinds=[dog, 'no']"]


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_comes_back_from_its_own_dump(name, tmp_path):
    settings = resolve(name, [*CHANGED, "train.optimizer.grad_clip=null"])
    assert resolve(written(tmp_path, dump(settings))) == settings


def test_what_was_set_over_a_recipe_comes_back_too(tmp_path):
    settings = resolve("cpu", ["to3d.recipe=mvdream-shading", "to3d.distillation.steps=7"])
    text = dump(settings)
    again = resolve(written(tmp_path, text)).to3d
    assert again == settings.to3d.model_copy(update={"recipe": None}) and again.distillation.steps == 7
    assert "  # the values of mvdream-shading are already in this file" in text


def test_each_setting_has_its_help_beside_it_and_each_group_the_first_line_of_its_own():
    lines = iter(dump(resolve("cpu")).splitlines())
    above = []
    for line in filter(None, lines):
        indent, key = re.match(r"( *)(\w+):", line).groups()
        above = [*above[: len(indent) // 2], key]
        name, comment = ".".join(above), line.partition("  # ")[2]
        if name in SETTINGS:
            assert line.endswith(f"  # {SETTINGS[name].description}"), line
        else:
            assert comment == (GROUPS[name].__doc__ or "").partition("\n")[0], line
    text = dump(resolve("cpu"))
    assert re.search(r"^  views: +# The first look, to which the object is fitted\.$", text, re.MULTILINE)
    assert re.search(r"^    steps: 10 +# denoising steps$", text, re.MULTILINE)


def test_the_dump_of_one_command_is_short_and_is_yaml():
    content = yaml.safe_load(dump(resolve("cpu"), ["export"]))
    assert list(content) == ["model", "engine", "export"] and content["export"]["faces"] == 20_000


def written(folder, text: str) -> str:
    path = folder / "again.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)
