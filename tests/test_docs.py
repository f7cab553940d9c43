"""Documentation that could rot."""

import re
import shlex
import subprocess
import sys

from conftest import ROOT


def test_the_cli_reference_is_current():
    code = "import sys; sys.path.insert(0, 'docs'); from generate_cli import reference; sys.stdout.write(reference())"
    made = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert made == (ROOT / "docs" / "cli.md").read_text(encoding="utf-8"), "run: python docs/generate_cli.py"


def test_local_links_lead_somewhere():
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_commands_in_the_readme_parse(tmp_path, monkeypatch):
    """Each `mvdream ...` line of the README is accepted by the command line (as a dry run)."""
    from mvdream_cli.boundary import run_main

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^(?:pip install \. && )?mvdream (.+)$", text, re.MULTILINE)
    assert len(lines) >= 5
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prompts.txt").write_text("a dog\n")
    for line in lines:
        words = shlex.split(line, comments=True)
        assert run_main([*words, "--dry-run"]) == 0, line
