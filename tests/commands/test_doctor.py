"""`mvdream doctor` tells facts, the preset that `auto` takes, and a command for each problem."""

import json
import os

from conftest import mvdream


def test_facts_and_preset(tmp_path):
    done = mvdream("doctor", "--json", cwd=tmp_path)
    found = json.loads(done.stdout)
    assert done.returncode == 0 and "torch" in found["facts"]["libraries"] and "cores" in found["facts"]["processor"]
    assert "mini" in found["facts"]["models"]
    shown = mvdream("doctor", cwd=tmp_path).stdout
    assert f"{found['preset']}: {found['why']}" in shown and "free disk" in shown


def test_a_problem_comes_with_its_command(tmp_path, monkeypatch):
    monkeypatch.setitem(os.environ, "CUDA_VISIBLE_DEVICES", "")
    done = mvdream("doctor", cwd=tmp_path)
    assert "problem: CUDA_VISIBLE_DEVICES hides all GPUs\n    unset CUDA_VISIBLE_DEVICES" in done.stdout
