"""Presets, recipes, overrides and flags, laid over each other."""

import subprocess
import sys

import pytest
from conftest import ROOT

from mvdream_cli.errors import ConfigError
from mvdream_cli.settings import Settings
from mvdream_cli.settings.resolve import changed, resolve


def read(settings, name):
    for part in name.split("."):
        settings = getattr(settings, part)
    return settings


def test_precedence_is_preset_then_set_then_flag_at_any_depth(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("to3d: {num_views: 8, views: {steps: 5, candidates: 7}, fit: {steps: 6}}\n")
    sets = ["to3d.views.steps=50", "to3d.fit.steps=60"]
    settings = resolve(str(path), sets, {"to3d.views.steps": 500, "to3d.num_views": None, "to3d.fit.rim_px": 0})
    assert (settings.to3d.views.steps, settings.to3d.fit.steps, settings.to3d.num_views) == (500, 60, 8)
    assert settings.to3d.fit.rim_px == 0
    assert settings.to3d.views.candidates == 7  # what else the preset says of a group stays


def test_a_recipe_goes_over_the_preset_and_under_set_and_flags(tmp_path):
    sets = ["to3d.distillation.steps=7", "to3d.recipe=mvdream-shading"]
    shaded = resolve("cpu", sets, {"to3d.light.ambient": [0.2, 0.3]}).to3d
    assert (shaded.light.shading, shaded.regularizers.orientation) == ("lambertian", (10, 1000))
    assert (shaded.distillation.steps, shaded.light.ambient) == (7, (0.2, 0.3))
    assert shaded.views == resolve("cpu").to3d.views  # what a recipe leaves open stays the preset's
    path = tmp_path / "mine.yaml"
    path.write_text("to3d: {recipe: sjc, guidance: {guidance_scale: 3}}\n")
    assert resolve(str(path)).to3d.guidance.guidance_scale == 101
    assert resolve(str(path), ["to3d.recipe=null"]).to3d.guidance.guidance_scale == 3


def test_a_line_of_a_prompts_file_may_name_a_recipe_and_what_differs_from_it():
    line = changed(resolve("cpu"), {"to3d.recipe": "mvdream-shading", "to3d.distillation.steps": 7, "engine.seed": 3})
    assert (line.to3d.light.shading, line.to3d.field.kind, line.to3d.distillation.steps) == ("lambertian", "hash_grid", 7)
    assert line.engine.seed == 3 and line.to3d.views == resolve("cpu").to3d.views
    had_one = resolve("cpu", ["to3d.recipe=vsd", "to3d.distillation.steps=9"])
    assert changed(had_one, {"engine.seed": 3}).to3d == had_one.to3d  # its own recipe is not laid over it again


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ({"to3d.view_steps": 3}, "to3d.view_steps was renamed to to3d.views.steps"),
        ({"to3d.field": "mlp"}, "to3d.field is a group now; the setting is to3d.field.kind"),
        ({"to3d.recipe": "nonsense"}, "to3d.recipe: there is no recipe 'nonsense'"),
        ({"to3d.views.steps": 0}, "to3d.views.steps: should be greater than or equal to 1, not 0; it is: denoising steps"),
    ],
)
def test_a_line_of_a_prompts_file_is_checked_like_the_rest(flags, says):
    with pytest.raises(ConfigError) as caught:
        changed(resolve("cpu"), flags | {"export.faces": 3})
    lines = str(caught.value).splitlines()
    assert len(lines) == 2 and any(line.startswith(says) for line in lines) and not any("(" in line for line in lines)


@pytest.mark.parametrize(
    ("override", "name", "value"),
    [
        ("train.optimizer.learning_rate=1e-5", "train.optimizer.learning_rate", 1e-5),
        ("train.steps=8e3", "train.steps", 8000),
        ("train.micro_batch_size=null", "train.micro_batch_size", None),
        ("train.unet.gradient-checkpointing=true", "train.unet.gradient_checkpointing", True),
        ("to3d.views.steps=10", "to3d.views.steps", 10),
        ("to3d.views={steps: 11, suffix: x}", "to3d.views.steps", 11),
        ("data.toybox.kinds=[dog]", "data.toybox.kinds", ("dog",)),
        ("train.data=1984", "train.data", "1984"),
        ("train.data=a: b", "train.data", "a: b"),
        ("train.data='x=y'", "train.data", "x=y"),
        ("to3d.guidance.prior=1984", "to3d.guidance.prior", "1984"),
        ("to3d.views.suffix=2e3", "to3d.views.suffix", "2e3"),
        ("to3d.views.suffix=", "to3d.views.suffix", ""),
        ("dreambooth.prior_images.prompt=null", "dreambooth.prior_images.prompt", None),
        ("train.preview_prompts=[a cat, a dog]", "train.preview_prompts", ["a cat", "a dog"]),
    ],
)
def test_overrides_are_yaml_but_text_stays_text_at_any_depth(override, name, value):
    found = read(resolve("cpu", [override, "to3d.guidance.name=vsd"]), name)
    assert found == value and type(found) is type(value)


def test_all_problems_are_told_at_once_with_their_origin(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("to3d: {views: {stps: 5}, field: mlp}\nexport: {faces: many}\n")
    with pytest.raises(ConfigError) as caught:
        resolve(str(path), ["data.num_views=0", "steps=3", "to3d.field.levels=4"], {"train.steps": -4})
    lines = str(caught.value).splitlines()
    assert len(lines) == 6
    for start, origin in [
        ("to3d.views.stps: unknown", f"({path})"), ("to3d.field is a group now", f"({path})"), ("export.faces: ", f"({path})"),
        ("data.num_views: ", "(--set)"), ("train.steps: ", "(command line)"), ("--set steps=3: ", ""),
    ]:  # fmt: skip
        assert any(line.startswith(start) and line.endswith(origin) for line in lines), (start, lines)


def test_auto_without_a_gpu_is_the_cpu_preset(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert resolve("auto") == resolve("cpu") != Settings()


def test_torch_is_not_imported():
    code = """if True:
        import sys
        from mvdream_cli.settings.resolve import resolve
        from mvdream_cli.settings.show import dump
        dump(resolve("auto"))
        assert "torch" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
