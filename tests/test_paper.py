"""The paper's experiments: their commands are accepted, and the page says no more than was computed."""

import json
import sys

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT))

from benchmarks.paper.__main__ import collect, words_of
from benchmarks.paper.experiments import EXPERIMENTS, SCALE, Claim
from benchmarks.paper.page import page, verdict


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_command_is_accepted(name, tmp_path):
    from mvdream_cli.boundary import run_main

    experiment = EXPERIMENTS[name]
    for command in experiment.commands.values():
        assert run_main([*words_of(command, tmp_path, SCALE), "--dry-run"]) == 0, command
    assert set(experiment.rows.values()) <= set(experiment.commands)
    assert {row for claim in experiment.claims for row in (claim.better, claim.worse)} <= set(experiment.rows)


def test_the_page_is_current_and_without_results_it_has_no_figure_of_ours():
    results = json.loads((ROOT / "benchmarks" / "paper" / "results.json").read_text(encoding="utf-8"))
    assert (ROOT / "docs" / "paper.md").read_text(encoding="utf-8") == page(results), (
        "run: python -m benchmarks.paper --page-only"
    )
    assert page({}).count("Not computed yet.") == sum(bool(e.commands) for e in EXPERIMENTS.values())
    assert "Ours:\n\n|" not in page({})


def figure(name, value, low, high, **more):
    return {"name": name, "value": value, "low": low, "high": high, "count": 9, "unit": "", "digits": 2, "better": "higher",
            "floor": None, "bound": None, "note": "why"} | more  # fmt: skip


def test_a_verdict_needs_intervals_that_do_not_overlap():
    claim = Claim("x", "a", "b")

    def say(first, second, **more):
        rows = {"a": {"figures": [figure("x", *first, **more)]}, "b": {"figures": [figure("x", *second, **more)]}}
        return verdict(claim, rows).split(": ")[1]

    assert say((3, 2.5, 3.5), (1, 0.5, 1.5)) == "agrees with the paper"
    assert say((3, 2.5, 3.5), (1, 0.5, 1.5), better="lower") == "disagrees with the paper"
    assert say((3, 1, 5), (2, 1, 3)).startswith("cannot be told")
    assert say((3, None, None), (1, 0.5, 1.5)).startswith("cannot be told")
    assert say((None, None, None), (1, 0.5, 1.5)).startswith("not computed")
    assert "not computed yet" in verdict(claim, {})


def test_results_are_those_of_the_reports(tmp_path):
    report = {"figures": [figure("CLIP score", 31.0, 30.0, 32.0)], "taken": "today", "versions": {}}
    (tmp_path / "mvdream-measured").mkdir()
    (tmp_path / "mvdream-measured" / "report.json").write_text(json.dumps(report))
    found = collect(EXPERIMENTS["guidance"], tmp_path, SCALE)
    assert list(found) == ["MVDream"] and found["MVDream"]["command"].startswith("mvdream evaluate objects")
    text = page({"guidance": found})
    assert "| CLIP score | 31.00 (30.00 to 32.00), n = 9 | not computed yet | not computed yet |" in text
    assert "1 of 5 experiments" in text
