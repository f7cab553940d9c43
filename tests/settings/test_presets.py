"""Presets and recipes: found, read, and holding the values that they promise."""

import pytest

from mvdream_cli.errors import ConfigError
from mvdream_cli.settings import Settings
from mvdream_cli.settings.presets import find_preset, load_preset, load_recipe, preset_names, recipe_names
from mvdream_cli.settings.resolve import resolve


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_gives_the_papers_values_or_is_the_cpus(name):
    s = resolve(name)
    sampled, prior = s.sample_views, s.dreambooth.prior_images
    # The same model is asked in the same way by all three commands.
    assert (s.to3d.views.suffix, s.to3d.views.negative_prompt) == (sampled.suffix, sampled.negative_prompt)
    assert (prior.steps, prior.guidance_scale) == (sampled.steps, sampled.guidance_scale)
    if name == "cpu":
        assert (s.model, sampled.suffix, sampled.steps, sampled.guidance_scale) == ("mini", None, 25, 4)
        return
    to3d, guidance = s.to3d, s.to3d.guidance
    assert (to3d.method, to3d.distillation.steps, to3d.optimizer.learning_rate) == ("sds", 10_000, 0.01)
    assert (guidance.guidance_scale, guidance.rescale, guidance.form) == (50, 0.5, "auto")
    assert (guidance.t_min, guidance.t_max, guidance.anneal_fraction) == ((0.98, 0.02), (0.98, 0.50), 0.8)
    assert (to3d.cameras.fovy_deg, to3d.cameras.distance) == ((15, 60), (0.8, 1.0))
    assert guidance.negative_prompt.startswith("ugly, bad anatomy") and guidance.negative_prompt.endswith("proportions")
    assert (s.train.batch_size, s.train.steps, s.train.unet.single_image_probability) == (1024, 50_000, 0.3)
    assert (sampled.suffix, sampled.steps, sampled.guidance_scale) == (None, 50, 10)


def test_the_recipe_of_the_paper_is_the_default_over_any_preset():
    wanted, over = Settings().to3d, resolve("cpu", ["to3d.recipe=mvdream"]).to3d
    recipe = load_recipe("mvdream")["to3d"]
    assert (recipe.pop("method"), recipe["guidance"].pop("form")) == ("sds", "x0")  # the defaults: views first, auto
    for group, values in recipe.items():
        for key in values:
            assert getattr(getattr(over, group), key) == getattr(getattr(wanted, group), key), f"{group}.{key}"


def test_the_baseline_has_dreamfusions_values():
    made = resolve("cpu", ["to3d.recipe=dreamfusion"]).to3d
    assert (made.guidance.name, made.guidance.form, made.guidance.guidance_scale) == ("dreamfusion", "sds", 100)
    assert (made.distillation.steps, made.light.ambient, made.light.distance) == (15_000, (0.1, 0.1), (0.8, 1.5))
    cameras = made.cameras
    assert (cameras.position_jitter, cameras.target_jitter, cameras.up_jitter) == (0.1, 0.2, 0.02)
    assert not cameras.relative_distance


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_is_of_to3d_alone_and_leaves_the_sampled_views_to_the_preset(name):
    recipe = load_recipe(name)
    assert list(recipe) == ["to3d"] and not {"views", "fit", "recipe"} & recipe["to3d"].keys()
    assert resolve("cpu", [f"to3d.recipe={name}"]).to3d.method == "sds"


def test_aliases():
    assert resolve("v100") == resolve("v100-16gb") and resolve("a100") == resolve("a100-40gb")
    assert {"v100", "a100-80gb", "cpu", "h200"} <= set(preset_names())


def test_unknown_presets_and_recipes_are_answered_with_the_known_ones(tmp_path):
    with pytest.raises(ConfigError, match=r"did you mean v100\?.*choose auto, a100, a100-40gb"):
        find_preset("v10")
    with pytest.raises(ConfigError, match="there is no file"):
        find_preset(str(tmp_path / "none.yaml"))
    with pytest.raises(ConfigError, match=r"did you mean dreamfusion\?; choose dreamfusion, mvdream, "):
        load_recipe("dreamfuson")


@pytest.mark.parametrize(
    ("content", "message"), [("a: [", "cannot be read as YAML"), ("- a", "must hold sections"), ("\xff", "sections")]
)
def test_a_preset_file_that_is_no_preset_is_named(tmp_path, content, message):
    path = tmp_path / "bad.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError, match=message) as caught:
        load_preset(str(path))
    assert str(path) in str(caught.value)


def test_empty_groups_and_comments_are_no_settings(tmp_path):
    path = tmp_path / "empty.yaml"
    path.write_text("# nothing\nengine:\nto3d:\n  views:\n    # steps: 5\n  minutes:\ntrain: {grad_clip: null}\n")
    assert load_preset(path) == {"to3d": {"minutes": None}, "train": {"grad_clip": None}}  # null is a value of a setting
    path.write_text("# nothing\nto3d:\n  views:\n")
    assert resolve(str(path)) == Settings()


def test_numbers_with_an_exponent_are_numbers(tmp_path):
    path = tmp_path / "numbers.yaml"
    path.write_text("a: [1e-5, 8e3, 2.5E+2, 1_000]\n")
    assert load_preset(path) == {"a": [1e-5, 8000.0, 250.0, 1000]}
