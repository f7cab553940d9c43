"""Errors that name the place, what is wrong there, and the way out."""

import pytest

from mvdream_cli.errors import ConfigError
from mvdream_cli.settings.explain import did_you_mean
from mvdream_cli.settings.resolve import resolve


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("to3d.views.stps=3", "to3d.views.stps: unknown setting; did you mean to3d.views.steps? (--set)"),
        ("data.toybox.kind=[dog]", "data.toybox.kind: unknown setting; did you mean data.toybox.kinds? (--set)"),
        ("to3d.guidence.rescale=1", "to3d.guidence: unknown setting; did you mean to3d.guidance? (--set)"),
        ("to3.steps=3", "to3: unknown setting; did you mean to3d? (--set)"),
        ("to3d.zzz.steps=3", "to3d.zzz: unknown setting; the settings there are method, num_views, minutes, "),
        ("zzz.steps=3", "zzz: unknown setting; the sections are model, engine, train, "),
        # in another group of the section: by its name, or by the old one where a typing error hides it
        ("train.crop_pixels=64", "train.crop_pixels: unknown setting; did you mean train.vae.crop_px? (--set)"),
        ("to3d.optimizer.sparsity=1", "to3d.optimizer.sparsity: unknown setting; did you mean to3d.regularizers.sparsity?"),
        ("to3d.guidence_scale=3", "to3d.guidence_scale: unknown setting; did you mean to3d.guidance.guidance_scale? (--set)"),
        (
            "to3d.fit.guidance_scale=3",
            "to3d.fit.guidance_scale: unknown setting; did you mean to3d.views.guidance_scale or to3d.guidance.guidance_scale?",
        ),
    ],
)
def test_a_name_that_is_not_there_is_answered_with_the_nearest_that_is(override, says):
    assert error_of(override).startswith(says), error_of(override)


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("to3d.view_steps=10", "to3d.view_steps was renamed to to3d.views.steps (--set)"),
        ("to3d.view-steps=10", "to3d.view_steps was renamed to to3d.views.steps (--set)"),
        ("to3d.steps=10", "to3d.steps was renamed to to3d.distillation.steps (--set)"),
        ("data.kinds=[dog]", "data.kinds was renamed to data.toybox.kinds (--set)"),
        ("to3d.field=mlp", "to3d.field is a group now; the setting is to3d.field.kind (--set)"),
        ("to3d.views=8", "to3d.views is a group now; the setting is to3d.num_views (--set)"),
        ("to3d.views=", "to3d.views is a group now; the setting is to3d.num_views (--set)"),
        ("to3d.cameras=8", "to3d.cameras is a group, which takes no value itself; in it are fovy_deg, elevation_deg, "),
        ("to3d=8", "to3d is a group, which takes no value itself; in it are method, num_views, "),
    ],
)
def test_old_names_are_answered_with_the_new_ones(override, says):
    assert error_of(override).startswith(says), error_of(override)


def test_old_names_in_a_file_are_answered_with_the_new_ones(tmp_path):
    path = tmp_path / "old.yaml"
    path.write_text("to3d:\n  guidance: vsd\n  view_steps: 3\n  fit.steps: 5\ntrain: {learning_rate: 1}\nsteps: 5\n")
    assert error_of(preset=str(path)).splitlines() == [
        f"to3d.guidance is a group now; the setting is to3d.guidance.name ({path})",
        f"to3d.view_steps was renamed to to3d.views.steps ({path})",
        f"to3d.fit.steps: in a file, each name before a dot is a line of its own, with what it holds indented below ({path})",
        f"train.learning_rate was renamed to train.optimizer.learning_rate ({path})",
        "steps: unknown setting; did you mean train.steps or sample_views.steps or to3d.views.steps or to3d.fit.steps or "
        f"to3d.distillation.steps or dreambooth.steps or dreambooth.prior_images.steps? ({path})",
    ]


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("rays=3", "--set rays=3: the key needs its section, as in train.steps; did you mean to3d.fit.rays?"),
        ("fit_rays=3", "--set fit_rays=3: the key needs its section, as in train.steps; did you mean to3d.fit.rays?"),
        ("field=mlp", "--set field=mlp: the key needs its section, as in train.steps; did you mean to3d.field.kind?"),
        (
            "views=8",
            "--set views=8: the key needs its section, as in train.steps; did you mean sample_views.num_views or "
            "data.num_views or to3d.num_views?",
        ),
        ("zzz=8", "--set zzz=8: the key needs its section, as in train.steps"),
        ("to3d.steps", "--set to3d.steps: must look like section.key=value, for instance --set to3d.views.steps=30"),
        ("=3", "--set =3: must look like section.key=value, for instance --set to3d.views.steps=30"),
    ],
)
def test_a_key_without_its_section_is_answered_with_the_places_that_have_it(override, says):
    assert error_of(override) == says


@pytest.mark.parametrize(
    ("override", "says"),
    [
        (
            "train.batch_size=0",
            "train.batch_size: should be greater than or equal to 1, not 0; it is: objects (VAE and CLIP: images) in one",
        ),
        ("train.optimizer.learning_rate=fast", "train.optimizer.learning_rate: should be a valid number, "),
        ("train.optimizer.learning_rate=.nan", "train.optimizer.learning_rate: should be a finite number"),
        (
            "export.files.formats=[gbl]",
            "export.files.formats: 'gbl' is not one of glb, gltf, obj, ply, stl, 3mf, usdz; did you mean glb? (--set)",
        ),
        ("to3d.field.kind=hash", "to3d.field.kind: 'hash' is not one of dense_grid, hash_grid, mlp, voxels; did"),
        ("to3d.formats=[glb, gbl]", "to3d.formats: 'gbl' is not one of glb, "),
        ("export.level=low", "export.level: should be a valid number, "),
        ("to3d.cameras.fovy_deg=[60, 15]", "to3d.cameras.fovy_deg: the first number must not be above the second, as"),
        ("to3d.field.resolutions=[24, 2]", "to3d.field.resolutions: should be greater than or equal to 4, not 2; it is: "),
        ("to3d.guidance.t_min=[0.99, 0.02]", "to3d.guidance: t_min must not be above t_max (--set)"),
        ("to3d.guidance.prior=somewhere", "to3d.guidance: prior is for single views; use it with guidance dreamfusion"),
        ("train.micro_batch_size=3", "train: batch_size (16) must be a multiple of micro_batch_size (3) (--set)"),
        ("engine.seed=-1", "engine.seed: should be greater than or equal to 0, not -1"),
        ("sample_views.elevation_deg=91", "sample_views.elevation_deg: should be less than or equal to 89, not 91"),
    ],
)
def test_a_value_that_cannot_be_is_explained(override, says):
    assert error_of(override).startswith(says), error_of(override)


def test_a_contradiction_is_told_with_who_spoke_last(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("train: {batch_size: 16, micro_batch_size: 3}\n")
    assert error_of(preset=str(path)).endswith(f"({path})")
    assert error_of("train.batch_size=8", preset=str(path)).endswith("(--set)")


def test_only_what_is_similar_is_suggested():
    assert did_you_mean("hashgrid", ["mlp", "hash_grid"]) == "; did you mean hash_grid?" and did_you_mean("x", ["mlp"]) == ""


def error_of(*overrides, preset="cpu") -> str:
    with pytest.raises(ConfigError) as caught:
        resolve(preset, overrides)
    return str(caught.value)
