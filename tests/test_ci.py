"""What CI installs fits what pyproject.toml allows."""

import re
import subprocess
import sys

from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def dependencies() -> list[Requirement]:
    listed = re.search(r"^dependencies = \[\n(.*?)^\]", (ROOT / "pyproject.toml").read_text(), re.MULTILINE | re.DOTALL)[1]
    return [Requirement(text) for text in re.findall(r'^\s*"([^"]+)"', listed, re.MULTILINE)]


def pinned(text: str) -> dict[str, str]:
    lines = [line.partition(";")[0].strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}


def test_the_lock_file_holds_each_dependency_in_a_version_that_is_allowed():
    locked = pinned((ROOT / ".ci" / "constraints.txt").read_text())
    for needed in dependencies():
        version = locked[canonicalize_name(needed.name)]
        assert needed.specifier.contains(version, prereleases=True), (
            f"{needed} is locked as {version}: .ci/versions newest --lock"
        )
    assert {"pytest", "ruff"} <= locked.keys() and "mvdream-cli" not in locked and "+" not in "".join(locked.values())


def test_the_oldest_versions_are_the_lower_bounds():
    made = subprocess.run([sys.executable, ROOT / ".ci" / "lower_bounds.py"], capture_output=True, text=True, check=True).stdout
    oldest = pinned(made)
    wanted = {canonicalize_name(needed.name) for needed in dependencies()} - {"torch"}
    assert oldest.keys() == wanted
    assert all(
        needed.specifier.contains(oldest[canonicalize_name(needed.name)]) for needed in dependencies() if needed.name != "torch"
    )
