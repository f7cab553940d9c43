"""The user's own settings of every command: a config file and environment variables."""

import json

import pytest
from conftest import mvdream

from mvdream_cli.errors import ConfigError
from mvdream_cli.settings.names import SETTINGS
from mvdream_cli.settings.resolve import resolve, resolve_with_origins
from mvdream_cli.settings.user import OTHER_VARIABLES, VARIABLES, config_path, read_user


def written(folder, text):
    path = folder / "config.yaml"
    path.write_text(text)
    return {"MVDREAM_CONFIG": str(path)}


def test_a_variable_names_one_setting_and_each_setting_has_one():
    assert len(VARIABLES) == len(SETTINGS) and not set(VARIABLES) & set(OTHER_VARIABLES)
    assert VARIABLES["MVDREAM_TO3D_VIEWS_STEPS"] == "to3d.views.steps" and VARIABLES["MVDREAM_MODEL"] == "model"


def test_who_comes_later_has_the_say(tmp_path):
    environ = written(tmp_path, "to3d:\n  views: {steps: 11, candidates: 2}\n  fit: {steps: 5}\nexport: {faces: 99}\n")
    environ |= {"MVDREAM_TO3D_FIT_STEPS": "6", "MVDREAM_TO3D_DISTILLATION_STEPS": "7", "MVDREAM_ENGINE_SEED": "3"}
    user = read_user(environ)
    settings, said = resolve_with_origins("cpu", ["to3d.distillation.steps=8"], {"engine.seed": 4}, user)
    to3d, config = settings.to3d, environ["MVDREAM_CONFIG"]
    assert (to3d.views.steps, said["to3d.views.steps"]) == (11, config)
    assert (to3d.fit.steps, said["to3d.fit.steps"]) == (6, "MVDREAM_TO3D_FIT_STEPS")
    assert (to3d.distillation.steps, said["to3d.distillation.steps"]) == (8, "--set")
    assert (settings.engine.seed, said["engine.seed"]) == (4, "command line")
    assert said["to3d.method"] == "preset cpu" and "to3d.num_views" not in said and settings.export.faces == 99
    recipe = resolve(
        "cpu", ["to3d.recipe=dreamfusion"], user=read_user(written(tmp_path, "to3d: {guidance: {guidance_scale: 3}}"))
    )
    assert recipe.to3d.guidance.guidance_scale == 101  # a recipe that is asked for is whole


def test_values_are_read_as_those_of_set():
    environ = {"MVDREAM_CONFIG": "", "MVDREAM_TURNTABLE_FORMATS": "[gif, mp4]", "MVDREAM_SAMPLE_VIEWS_NEGATIVE_PROMPT": "1984"}
    settings = resolve("cpu", user=read_user(environ))
    assert settings.turntable.formats == ["gif", "mp4"] and settings.sample_views.negative_prompt == "1984"


@pytest.mark.parametrize(
    ("text", "environ", "said"),
    [
        ("to3d: {vews: 3}", {}, r"to3d.vews: unknown setting; did you mean to3d.views\? \(.*config.yaml\)"),
        ("export: {faces: few}", {}, r"export.faces: .*not 'few'.*\(.*config.yaml\)"),
        ("preset: 3", {}, r"preset: must be a name such as cpu, not 3 \(.*config.yaml\)"),
        ("preset: cpx", {}, r"preset of .*config.yaml: there is no preset 'cpx'; did you mean cpu\?"),
        ("a: [", {}, r"config.yaml: cannot be read .*; give YAML with sections"),
        ("", {"MVDREAM_ENGINE_SEED": "x"}, r"engine.seed: .*not 'x'.*\(MVDREAM_ENGINE_SEED\)"),
        ("", {"MVDREAM_SEED": "3"}, r"MVDREAM_SEED: is no setting; did you mean MVDREAM_ENGINE_SEED\?.*unset it"),
        ("", {"MVDREAM_DATA_WORKRS": "3"}, r"did you mean MVDREAM_DATA_WORKERS\?"),
        ("", {"MVDREAM_PRESET": "v10"}, r"preset of MVDREAM_PRESET: there is no preset 'v10'; did you mean v100\?"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_the_way_out(text, environ, said, tmp_path):
    with pytest.raises(ConfigError, match=said):
        resolve("cpu", user=read_user(written(tmp_path, text) | environ))


def test_a_file_that_is_named_must_be_there_and_that_of_the_system_need_not(tmp_path):
    with pytest.raises(ConfigError, match="MVDREAM_CONFIG: there is no file .*gone.yaml; write one"):
        read_user({"MVDREAM_CONFIG": str(tmp_path / "gone.yaml")})
    environ = {"XDG_CONFIG_HOME": str(tmp_path), "APPDATA": str(tmp_path), "HOME": str(tmp_path)}
    assert config_path(environ).parts[-2:] == ("mvdream", "config.yaml") and read_user(environ).config[0] == {}
    assert config_path({"MVDREAM_CONFIG": ""}) is None


def test_the_command_line_reads_both(tmp_path, monkeypatch):
    for key, value in (written(tmp_path, "preset: cpu\nexport: {faces: 77}\n") | {"MVDREAM_ENGINE_SEED": "5"}).items():
        monkeypatch.setenv(key, value)
    shown = mvdream("export", "--dry-run", cwd=tmp_path)
    assert f"[{tmp_path / 'config.yaml'}]" in shown.stdout and "[MVDREAM_ENGINE_SEED]" in shown.stdout
    settings = json.loads(mvdream("export", "--dry-run", "--json", cwd=tmp_path).stdout)
    assert settings["export"]["faces"] == 77 and settings["engine"]["seed"] == 5
    monkeypatch.setenv("MVDREAM_STEPS", "5")
    failed = mvdream("export", "--dry-run", cwd=tmp_path)
    assert failed.returncode == 2 and failed.stderr.count("error: ") == 1
