"""Presets, overrides, flags: precedence, bounds, and errors that name the place and the way out."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mvdream_cli import config
from mvdream_cli.errors import ConfigError
from mvdream_cli.settings import Section, Settings

COMMANDS = Path(config.__file__).parent / "commands"


@pytest.mark.parametrize("name", ["cpu", "v100", "a100"])
def test_every_preset_loads_and_comes_back_from_its_own_dump(name, tmp_path):
    settings = config.resolve(name)
    path = tmp_path / "again.yaml"
    path.write_text(config.dump(settings))
    assert config.resolve(str(path)) == settings


def test_the_gpu_presets_hold_the_values_of_the_paper():
    for name in ("v100", "a100"):
        s = config.resolve(name)
        assert (s.to3d.steps, s.to3d.guidance_scale, s.to3d.rescale, s.to3d.learning_rate) == (10_000, 50, 0.5, 0.01)
        assert (s.to3d.t_min, s.to3d.t_max, s.to3d.loss) == ((0.98, 0.02), (0.98, 0.50), "auto")
        assert (s.to3d.t_anneal_share, s.to3d.fovy_deg, s.to3d.camera_distance) == (0.8, (15, 60), (0.8, 1.0))
        assert s.to3d.negative_prompt.startswith("ugly, bad anatomy") and s.to3d.negative_prompt.endswith("proportions")
        assert (s.train.batch_size, s.train.steps, s.train.single_image_share) == (1024, 50_000, 0.3)


def test_the_recipe_of_the_paper_is_the_default_over_any_preset():
    recipe = config.load_recipe("mvdream")["to3d"]
    wanted = Settings().to3d
    for key in recipe.keys() - {"method", "loss"}:
        assert getattr(config.resolve("cpu", ["to3d.recipe=mvdream"]).to3d, key) == getattr(wanted, key), key
    shaded = config.resolve("cpu", ["to3d.recipe=mvdream-shading", "to3d.steps=7"]).to3d
    assert (shaded.shading, shaded.orient_weight, shaded.ambient, shaded.steps) == ("lambertian", (10, 1000), (0, 1), 7)
    assert shaded.view_steps == config.resolve("cpu").to3d.view_steps  # what a recipe leaves open stays the preset's
    baseline = config.resolve("cpu", ["to3d.recipe=dreamfusion"]).to3d
    assert (baseline.guidance, baseline.loss, baseline.steps, baseline.guidance_scale) == ("dreamfusion", "sds", 15_000, 100)
    with pytest.raises(ConfigError, match="did you mean dreamfusion"):
        config.resolve("cpu", ["to3d.recipe=dreamfuson"])


def test_a_line_of_a_prompts_file_may_name_a_recipe_and_what_differs_from_it():
    line = config.changed(config.resolve("cpu"), {"to3d.recipe": "mvdream-shading", "to3d.steps": 7}).to3d
    assert (line.shading, line.field, line.steps) == ("lambertian", "hash_grid", 7)
    with pytest.raises(ConfigError, match="prior judges single views"):
        config.resolve("cpu", ["to3d.prior=somewhere"])


@pytest.mark.parametrize("name", config.recipe_names())
def test_every_recipe_loads(name):
    assert config.resolve("cpu", [f"to3d.recipe={name}"]).to3d.method == "sds"


def test_precedence_is_preset_then_set_then_flag(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("to3d: {steps: 5, fit_steps: 6, views: 8}\n")
    settings = config.resolve(str(path), ["to3d.steps=50", "to3d.fit_steps=60"], {"to3d.steps": 500, "to3d.views": None})
    assert (settings.to3d.steps, settings.to3d.fit_steps, settings.to3d.views) == (500, 60, 8)


@pytest.mark.parametrize(
    ("override", "key", "value"),
    [
        ("train.learning_rate=1e-5", "learning_rate", 1e-5),
        ("train.steps=8e3", "steps", 8000),
        ("train.micro_batch_size=null", "micro_batch_size", None),
        ("train.gradient-checkpointing=true", "gradient_checkpointing", True),
        ("train.data=1984", "data", "1984"),
        ("train.data=a: b", "data", "a: b"),
        ("train.data='x=y'", "data", "x=y"),
        ("train.preview_prompts=[a cat, a dog]", "preview_prompts", ["a cat", "a dog"]),
    ],
)
def test_overrides_are_yaml_but_text_stays_text(override, key, value):
    found = getattr(config.resolve("cpu", [override]).train, key)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        (
            "to3d.guidence_scale=3",
            ["to3d.guidence_scale: unknown setting", "did you mean to3d.guidance_scale?", "(--set)"],
        ),
        ("to3.steps=3", ["to3: unknown setting", "did you mean to3d?"]),
        ("steps=3", ["needs its section", "train.steps", "to3d.steps"]),
        ("to3d.steps", ["section.key=value"]),
        ("train.batch_size=0", ["train.batch_size: should be greater than or equal to 1, not 0", "(--set)"]),
        ("train.learning_rate=fast", ["train.learning_rate", "valid number", "'fast'"]),
        ("train.learning_rate=.nan", ["train.learning_rate", "finite"]),
        ("export.format=gbl", ["'gbl' is not one of glb, obj", "did you mean glb?"]),
        ("to3d.fovy_deg=[60, 15]", ["to3d.fovy_deg: the first number must not be above the second"]),
        ("to3d.t_min=[0.99, 0.02]", ["to3d: t_min must not be above t_max"]),
        ("train.micro_batch_size=3", ["batch_size (16) must be a multiple of micro_batch_size (3)"]),
        ("engine.seed=-1", ["engine.seed: should be greater than or equal to 0"]),
        ("sample_views.elevation_deg=91", ["sample_views.elevation_deg", "less than or equal to 89"]),
    ],
)
def test_a_bad_override_says_where_what_and_the_way_out(override, parts):
    with pytest.raises(ConfigError) as caught:
        config.resolve("cpu", [override])
    assert all(part in str(caught.value) for part in parts), str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_problems_are_told_at_once_with_their_origin(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("to3d: {stps: 5}\nexport: {faces: many}\n")
    with pytest.raises(ConfigError) as caught:
        config.resolve(str(path), ["data.views=0"], {"train.steps": -4})
    lines = str(caught.value).splitlines()
    assert len(lines) == 4 and sum(str(path) in line for line in lines) == 2
    assert any("(--set)" in line for line in lines) and any("(command line)" in line for line in lines)


@pytest.mark.parametrize(
    ("content", "message"), [("a: [", "cannot be read as YAML"), ("- a", "must hold sections"), ("\xff", "sections")]
)
def test_a_preset_file_that_is_no_preset_is_named(tmp_path, content, message):
    path = tmp_path / "bad.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError, match=message) as caught:
        config.resolve(str(path))
    assert str(path) in str(caught.value)


def test_unknown_presets_are_answered_with_the_known_ones(tmp_path):
    with pytest.raises(ConfigError, match=r"did you mean v100\?.*choose auto, a100, a100-40gb"):
        config.resolve("v10")
    with pytest.raises(ConfigError, match="there is no file"):
        config.resolve(str(tmp_path / "none.yaml"))


def test_empty_sections_and_comments_are_no_settings(tmp_path):
    path = tmp_path / "empty.yaml"
    path.write_text("# nothing\nto3d:\n")
    assert config.resolve(str(path)) == Settings()


def test_auto_without_a_gpu_is_cpu(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert config.auto_preset()[0] == "cpu"
    assert config.resolve("auto") == config.resolve("cpu")


@pytest.mark.parametrize(
    ("name", "memory_gb", "preset"),
    [
        ("Tesla T4", 15.8, "t4-16gb"), ("Tesla V100-SXM2-16GB", 16.9, "v100-16gb"), ("Tesla V100-SXM2-32GB", 34.4, "v100-32gb"),
        ("NVIDIA GeForce RTX 4090", 25.8, "rtx-24gb"), ("NVIDIA A100-SXM4-40GB", 42.9, "a100-40gb"),
        ("NVIDIA H100 80GB HBM3", 85.5, "a100-80gb"), ("NVIDIA H200", 150.8, "h200"),
    ],
)  # fmt: skip
def test_each_card_gets_the_preset_of_its_size(name, memory_gb, preset):
    assert config.preset_for_gpu(name, memory_gb) == preset
    assert config.resolve(preset).model == "sd-v2.1-base-4view"


def test_aliases():
    assert config.resolve("v100") == config.resolve("v100-16gb") and config.resolve("a100") == config.resolve("a100-40gb")
    assert {"v100", "a100-80gb", "cpu", "h200"} <= set(config.preset_names())


def test_every_setting_has_a_line_of_help_and_angles_and_pixels_their_unit():
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if not (isinstance(section, type) and issubclass(section, Section)):
            assert field.description, name
            continue
        for key, setting in section.model_fields.items():
            assert setting.description and len(setting.description) <= 100, f"{name}.{key}"
            if re.search("elevation|azimuth|fovy", key):
                assert key.endswith("_deg"), f"{name}.{key}"


def test_every_setting_is_read_by_a_recipe():
    source = "\n".join(
        path.read_text() for path in [*COMMANDS.glob("*.py"), COMMANDS.parent / "cli.py", COMMANDS.parent / "config.py"]
    )
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            unread = [key for key in field.annotation.model_fields if not re.search(rf"\.{key}\b", source)]
            assert not unread, f"{name}: nothing reads {unread}"


def test_the_dump_of_one_command_is_short_and_is_yaml():
    content = yaml.safe_load(config.dump(config.resolve("cpu"), ["export"]))
    assert list(content) == ["model", "engine", "export"] and content["export"]["faces"] == 20_000


def test_torch_is_not_imported():
    code = "import sys, mvdream_cli.config as c; c.resolve('auto'); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(config.__file__).parents[1])
