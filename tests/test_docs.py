"""Documentation that could rot."""

import re
import shlex
import subprocess
import sys

import pytest
import yaml
from conftest import ROOT, mvdream
from PIL import Image


def test_the_cli_reference_is_current():
    code = "import sys; sys.path.insert(0, 'docs'); from generate_cli import reference; sys.stdout.write(reference())"
    made = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert made == (ROOT / "docs" / "cli.md").read_text(encoding="utf-8"), "run: python docs/generate_cli.py"


def test_each_command_has_a_section_to_which_the_index_leads():
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    commands = re.findall(r"^\| \[`(mvdream [^`]+)`\]\(#([^)]+)\)", text, re.MULTILINE)
    assert len(commands) > 20
    for name, anchor in commands:
        section = re.search(rf"^#+ `{name}`$(.+?)^#", text + "\n#", re.MULTILINE | re.DOTALL)
        assert anchor == name.replace(" ", "-") and section and "Usage" in section[1] and "--help" in section[1], name


def test_local_links_lead_somewhere():
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def readme_commands() -> list[list[str]]:
    """The words of each `mvdream ...` line in a block of the README, in order."""
    blocks = re.findall(r"^```\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("mvdream ")]
    return [shlex.split(line.removeprefix("mvdream "), comments=True) for line in lines]


def needs_the_published_weights(words: list[str]) -> bool:
    return any("sd-v2.1" in word for word in words)


def test_commands_in_the_readme_parse(tmp_path, monkeypatch):
    """Each is accepted by the command line (as a dry run)."""
    from mvdream_cli.boundary import run_main

    assert len(readme_commands()) >= 10
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prompts.txt").write_text("a dog\n")
    for words in readme_commands():
        assert run_main([*words, "--dry-run"]) == 0, words


@pytest.mark.readme
def test_commands_in_the_readme_run(tmp_path):
    """All of them, in order, in one folder, with the embedded model; a preset of few steps and small pictures is all that is
    added, and numbers of steps and objects become small."""
    (tmp_path / "prompts.txt").write_text("a red car\n")
    (tmp_path / "photos").mkdir()
    for k in range(3):
        Image.new("RGB", (64, 64), (200, 40 * k, 10)).save(tmp_path / "photos" / f"{k}.png")
    settings = yaml.safe_load((ROOT / "presets" / "cpu.yaml").read_text(encoding="utf-8"))
    settings["engine"] |= {"preview_every": 0}
    settings["train"] |= {"batch_size": 2, "steps": 1}
    settings["sample_views"] |= {"steps": 2}
    settings["dreambooth"] |= {"steps": 1, "prior_images": {"steps": 2, "guidance_scale": 4.0}}
    settings["export"] |= {"resolution": 32, "faces": 500, "texture_size": 64}
    settings["data"] |= {"num_views": 4, "workers": 1}
    settings["evaluate"] |= {"fit_objects": 1, "fit_steps": 2}
    settings["to3d"]["views"] |= {"steps": 2, "candidates": 2}
    settings["to3d"]["fit"] |= {"steps": 4, "rays": 256}
    settings["to3d"]["distillation"] |= {"steps": 1, "size_px": 16}
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(settings))
    made = []
    for words in readme_commands():
        if needs_the_published_weights(words):
            continue
        for option, few in (("--steps", "1"), ("--objects", "3"), ("--faces", "400")):
            if option in words:
                words[words.index(option) + 1] = few
        done = mvdream(*words, "--preset", "small.yaml", cwd=tmp_path)
        assert done.returncode == 0, (words, done.stderr)
        made += [path for path in done.stdout.splitlines() if "/" in path or path]
    assert len(made) > 20 and all((tmp_path / path).exists() for path in made)
