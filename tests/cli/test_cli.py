"""The roof: help at once, one sentence and the right exit code for every mistake, stdout for results only."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMMANDS = ["train", "sample-views", "to3d", "export", "data toybox", "data render"]


def mvdream(*args, cwd=None, **variables):
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | variables
    command = [sys.executable, "-m", "mvdream_cli", *args]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=120)


def test_help_imports_nothing_that_takes_long():
    """How long it takes is measured by benchmarks/help.py; what it must not import is told here."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from mvdream_cli.boundary import run_main\n"
        "assert run_main(['--help']) == 0\n"
        "heavy = {'torch', 'numpy', 'diffusers', 'transformers', 'pydantic', 'yaml', 'trimesh', 'PIL'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for command in ("train", "sample-views", "to3d", "export", "data"):
        assert command in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_and_has_the_shared_options(command):
    done = mvdream(*command.split(), "--help")
    assert done.returncode == 0 and not done.stderr
    for option in (
        "--preset",
        "--model",
        "--out",
        "--seed",
        "--set",
        "--dry-run",
        "--json",
        "--offline",
        "--quiet",
        "--debug",
    ):
        assert option in done.stdout


def test_without_arguments_the_help_is_shown():
    assert "sample-views" in mvdream().stdout


def test_version():
    from mvdream_cli import __version__

    lines = mvdream("--version").stdout.splitlines()
    assert lines[0] == f"mvdream {__version__}" and [line.split()[0] for line in lines[1:]] == [
        "torch",
        "diffusers",
        "python",
        "device",
    ]
    assert all(len(line.split()) > 1 for line in lines)


@pytest.mark.parametrize(
    ("args", "parts"),
    [
        (["to4d", "x"], ["to4d", "to3d"]),
        (["to3d", "x", "--stpes", "3"], ["--stpes", "did you mean --steps"]),
        (["to3d", "x", "--steps", "abc"], ["--steps", "integer"]),
        (["to3d", "x", "--steps", "-1"], ["to3d.distillation.steps", "greater than or equal to 0"]),
        (["to3d"], ["PROMPT"]),
        (["to3d", "   "], ["the prompt is empty"]),
        (["to3d", "x", "--method", "bth"], ["'bth' is not one of", "did you mean both?"]),
        (["to3d", "x", "--format", "glb,obk"], ["'obk'", "did you mean obj?"]),
        (["sample-views"], ["PROMPT"]),
        (["train"], ["--data"]),
        (["data", "render"], ["DIR|LIST|toybox"]),
        (["export", "--output", "x.blend"], ["'blend' is not one of"]),
        (["to3d", "x", "--preset", "cpx"], ["did you mean cpu?"]),
        (["to3d", "x", "--set", "to3d.guidence_scale=3"], ["did you mean to3d.guidance.guidance_scale?"]),
        (["to3d", "x", "--seed", "-4"], ["--seed"]),
        (["to3d", "x", "--json=event"], ["--json takes no value but events"]),
        (["runs", "clean", "--older-than-days", "3"], ["name which: --unfinished"]),
        (["vew"], ["Did you mean 'view'"]),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_code_2(args, parts):
    done = mvdream(*args)
    assert done.returncode == 2 and done.stdout == "", done
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and all(part in errors[0] for part in parts), done.stderr
    assert "Traceback" not in done.stderr


def test_debug_adds_the_traceback():
    assert "Traceback" in mvdream("train", "--debug").stderr


def test_an_error_with_json_is_one_line_too():
    done = mvdream("to3d", "x", "--set", "to3d.distillation.steps=-1", "--json")
    assert done.returncode == 2 and json.loads(done.stdout)["status"] == "failed"


@pytest.mark.parametrize("command", COMMANDS)
def test_dry_run_prints_a_preset_and_makes_nothing(command, tmp_path):
    args = ["a dog"] if command in ("to3d", "sample-views", "data render") else []
    done = mvdream(
        *command.split(),
        *args,
        "--preset",
        "cpu",
        "--seed",
        "7",
        "--set",
        "engine.log_every=3",
        "--dry-run",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    content = yaml.safe_load(done.stdout)
    section = command.split()[0].replace("-", "_")
    also = {"to3d": ["export", "turntable"], "export": ["turntable"]}.get(section, [])
    assert set(content) == {"model", "engine", section, *also}  # all that it reads
    assert (content["engine"]["seed"], content["engine"]["log_every"]) == (7, 3)
    assert "# disk: " in done.stdout
    assert ("parameters" in done.stdout) == (command in ("to3d", "sample-views"))  # mini's
    assert not list(tmp_path.iterdir())


def test_flags_reach_the_settings():
    done = mvdream("to3d", "x", "--steps", "12", "--format", "obj, stl", "--model", "some/folder", "--dry-run", "--json")
    settings = json.loads(done.stdout)
    assert settings["model"] == "some/folder" and settings["to3d"]["distillation"]["steps"] == 12
    assert settings["to3d"]["formats"] == ["obj", "stl"]


def test_what_the_shell_offers_is_there_at_once():
    """Completion runs at each Tab: it must not import what takes long."""
    code = (
        f"import os, sys; sys.path.insert(0, {str(ROOT)!r}); from mvdream_cli.boundary import run_main\n"
        "words = sys.argv[1]\n"
        "os.environ |= {'_MVDREAM_COMPLETE': 'complete_bash', 'COMP_WORDS': words}\n"
        "os.environ['COMP_CWORD'] = str(words.count(' '))\n"
        "try:\n    run_main([])\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'numpy', 'diffusers', 'transformers', 'trimesh', 'PIL'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )

    def offered(words, cwd=None):
        done = subprocess.run([sys.executable, "-c", code, words], capture_output=True, text=True, check=True, cwd=cwd)
        return done.stdout.split()

    assert offered("mvdream to") == ["to3d"] and "--prompts" in offered("mvdream to3d --p")
    assert offered("mvdream to3d --preset a100-4") == ["a100-40gb"]
    assert offered("mvdream to3d --set to3d.views.st") == ["to3d.views.steps="]


def test_the_shells_get_their_scripts():
    # else Typer looks for the shell that this process was started by, and gives its script whatever is asked for
    by_name = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    scripts = [mvdream("--show-completion", shell, **by_name).stdout for shell in ("bash", "zsh", "fish")]
    assert all("_MVDREAM_COMPLETE=complete" in script for script in scripts) and len(set(scripts)) == 3


@pytest.mark.parametrize(
    ("words", "text", "code", "told"),
    [
        (["to3d", "-"], b"a red dog\n\n", 0, ""),
        (["sample-views", "-"], "ein Bär".encode("utf-16"), 0, ""),
        (["to3d", "--prompts", "-"], b"a dog\n# no\na cat\n", 0, ""),
        (["to3d", "-"], b"", 2, "the prompt is empty"),
        (["to3d", "-"], b"a dog\na cat\n", 2, "-: stdin holds 2 lines; give one, or `to3d --prompts -`"),
        (["to3d", "-"], b"\xff\xfe\xfd", 2, "-: cannot be read"),
        (["to3d", "--prompts", "-"], b"", 2, "--prompts: - holds no prompt; write one a line"),
    ],
)
def test_prompts_come_from_stdin(words, text, code, told):
    command = [sys.executable, "-m", "mvdream_cli", *words, "--dry-run", "--json"]
    done = subprocess.run(command, capture_output=True, input=text, env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=120)
    assert done.returncode == code, done
    assert told in done.stderr.decode() and b"Traceback" not in done.stderr


def test_a_reader_who_goes_away_is_no_error():
    command = [sys.executable, "-m", "mvdream_cli", "to3d", "x", "--dry-run", "--preset", "cpu"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        process.stdout.close()
        assert process.stderr.read() == b"" and process.wait() == 141
