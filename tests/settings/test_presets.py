"""Presets and recipes: found, read, and holding the values that they promise."""

import pytest

from mvdream_cli.errors import ConfigError
from mvdream_cli.settings import Settings
from mvdream_cli.settings.fields import Section
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
        assert (s.model, sampled.suffix, sampled.steps, sampled.guidance_scale) == ("mini", None, 10, 4)
        return
    to3d, guidance = s.to3d, s.to3d.guidance
    assert (to3d.method, to3d.distillation.steps, to3d.optimizer.learning_rate) == ("sds", 10_000, 0.01)
    assert (guidance.guidance_scale, guidance.rescale, guidance.form) == (50, 0.5, "auto")
    assert (guidance.t_min, guidance.t_max, guidance.anneal_fraction) == ((0.98, 0.02), (0.98, 0.50), 0.8)
    assert (to3d.cameras.fovy_deg, to3d.cameras.distance) == ((15, 60), (0.8, 1.0))
    assert guidance.negative_prompt is None  # MVDream's, of a model that knows its words
    assert (s.train.batch_size, s.train.steps, s.train.unet.single_image_probability) == (1024, 50_000, 0.3)
    assert (sampled.suffix, sampled.steps, sampled.guidance_scale) == (None, 50, 10)


def test_the_recipe_of_the_paper_is_the_default_over_any_preset():
    wanted, over = Settings().to3d, resolve("cpu", ["to3d.recipe=mvdream"]).to3d
    recipe = load_recipe("mvdream")["to3d"]
    assert (recipe.pop("method"), recipe["guidance"].pop("form")) == ("sds", "x0")  # the defaults: views first, auto
    for group, values in recipe.items():
        for key in values:
            assert getattr(getattr(over, group), key) == getattr(getattr(wanted, group), key), f"{group}.{key}"


def test_the_single_view_recipes_have_the_values_of_the_reference():
    """Of threestudio's files (docs/presets.md); "C" there is the step at which something changes."""
    made = {name: resolve("cpu", [f"to3d.recipe={name}"]).to3d for name in ("dreamfusion", "sjc", "vsd")}
    for name, t in made.items():
        assert t.guidance.negative_prompt == "" and t.guidance.name == name and not t.cameras.relative_distance
        assert (t.cameras.fovy_deg, t.cameras.elevation_deg, t.cameras.sphere_probability) == ((40, 70), (-10, 45), 0.5)
    dreamfusion, sjc, vsd = made.values()
    assert [t.guidance.guidance_scale for t in made.values()] == [101, 101, 7.5]
    assert [t.distillation.steps for t in made.values()] == [10_000, 10_000, 25_000]
    assert [t.field.box for t in made.values()] == [2, 1, 1]
    assert [t.cameras.distance for t in made.values()] == [(1.5, 2), (1.5, 1.5), (1, 1.5)]
    assert [t.cameras.position_jitter for t in made.values()] == [0.1, 0, 0]
    assert [t.guidance.t_max for t in made.values()] == [(0.98, 0.98), (0.97, 0.97), (0.98, 0.5)]
    assert (dreamfusion.light.unlit_fraction * 10_000, dreamfusion.light.ambient) == (2001, (0.1, 0.1))
    assert [t.background.random_probability for t in made.values()] == [0, 0, 0.5]
    ramp = dreamfusion.regularizers
    assert (ramp.orientation, ramp.orientation_fraction * 10_000, ramp.sparsity) == ((10, 1000), 5000, 1)
    rates = dreamfusion.optimizer
    assert (rates.learning_rate, rates.network_learning_rate, rates.background_learning_rate) == (0.01, 0.01, 0.001)
    assert (rates.name, rates.weight_decay) == ("adamw", 0)  # Adam
    assert (sjc.field.kind, sjc.field.voxels, sjc.regularizers.emptiness) == ("voxels", 100, (1e4, 2e5))
    assert (sjc.optimizer.name, sjc.optimizer.learning_rate, sjc.optimizer.background_learning_rate) == ("adamax", 0.05, 1e-4)
    pictures = [vsd.distillation.coarse_size_px, vsd.distillation.size_px, vsd.num_views]
    assert (pictures, vsd.distillation.coarse_fraction * 25_000) == ([64, 512, 1], 5000)
    assert vsd.guidance.anneal_start == vsd.guidance.anneal_fraction == 0.2
    opaque = vsd.regularizers
    assert (opaque.opacity_entropy, opaque.opacity_entropy_start * 25_000, opaque.sparsity) == (1000, 10_000, 10)


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_is_the_method_whatever_the_preset_is(name):
    """But for what it leaves to the machine, and what its own field does not have."""
    slow, fast = (resolve(preset, [f"to3d.recipe={name}"]).to3d for preset in ("cpu", "h200"))
    left = {"resolutions", "fit_probability", "total_variation", "weight_decay" if name == "sjc" else ""}
    left |= {"size_px"} if slow.distillation.coarse_fraction == 1 else set()  # there is no second size
    for group in type(slow).model_fields.keys() - {"views", "fit", "reconstruction"}:
        if isinstance(values := getattr(slow, group), Section):
            here, there = dict(values), dict(getattr(fast, group))
            assert not {key for key in here if here[key] != there[key]} - left, group
    assert slow.num_views == fast.num_views


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
    ("content", "message"),
    [("a: [", "cannot be read .*line 1, column 5.*give YAML"), ("- a", "must hold sections"), ("\xff", "sections")],
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


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdefg", "bcdefgh")
)
IN_ITSELF = "to3d: &a\n  steps: *a\n"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (BOMB, "more than 10000 values"), (IN_ITSELF, "an alias to what it stands in"), ("{a: " * 3000, "too deeply"),
        ("a: !!bool maybe", "line 1, column 4"), ("a:\n  b: !!timestamp noon", "line 2, column 6"), ("a: !!int ''", "column 4"),
        ("a: !!float x", "convert"), ("? {a: 1}\n: 2", "unhashable"), ("a: 1\n---\na: 2", "line 2"),
        ("a: " + "9" * 5000, "too large a number"), ("a: 0x" + "f" * 5000, "too large a number"), ("a: 2001-99-99", "month"),
        ("a: !!python/name:os.system", "python/name"), ("a: \0", "unacceptable character"),
        ("x" * (1 << 18) + ": 1", "bytes, more"),
    ],
)  # fmt: skip
def test_hostile_yaml_is_one_sentence(tmp_path, content, says):
    (tmp_path / "bad.yaml").write_text(content)
    with pytest.raises(ConfigError, match=says) as caught:
        load_preset(tmp_path / "bad.yaml")
    assert str(caught.value).startswith(str(tmp_path / "bad.yaml")) and len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)


def test_an_alias_may_spare_writing_a_thing_twice(tmp_path):
    (tmp_path / "good.yaml").write_text("to3d:\n  fit: &fit {steps: 5}\n  distillation: *fit\n")
    assert load_preset(tmp_path / "good.yaml") == {"to3d": {"fit": {"steps": 5}, "distillation": {"steps": 5}}}


def test_a_long_value_is_told_in_short(tmp_path):
    (tmp_path / "bad.yaml").write_text("to3d:\n  minutes: " + "x" * 5000)
    with pytest.raises(ConfigError, match=r"to3d.minutes: .*xxx\.\.\.") as caught:
        resolve(str(tmp_path / "bad.yaml"))
    assert len(str(caught.value)) < 400
