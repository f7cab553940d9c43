"""The paper's experiments: their commands are accepted, and the page says no more than was computed."""

import json
import sys
import time

import numpy as np
import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT))

from benchmarks.paper.__main__ import collect, main, run_experiment, words_of
from benchmarks.paper.arms import SCALE
from benchmarks.paper.experiments import EXPERIMENTS, Claim, Experiment
from benchmarks.paper.page import page, verdict
from benchmarks.paper.paired import paired, sign_flip_p


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_command_is_accepted(name, tmp_path):
    from mvdream_cli.boundary import run_main

    experiment = EXPERIMENTS[name]
    for command in experiment.commands.values():
        module, *words = words_of(command, tmp_path, SCALE)
        if module == "mvdream_cli":
            assert run_main([*words, "--dry-run"]) == 0, command
        else:
            assert (ROOT / f"{module.replace('.', '/')}.py").is_file()
    assert set(experiment.rows.values()) <= set(experiment.commands)
    assert {row for claim in experiment.claims for row in (claim.higher, claim.lower)} <= set(experiment.rows)
    assert experiment.setup.format(**SCALE)


def test_arms_of_an_experiment_share_their_folders_with_the_others():
    """A folder has one command in all experiments, so that nothing is computed twice or in the place of something else."""
    made = {}
    for experiment in EXPERIMENTS.values():
        for folder, command in experiment.commands.items():
            assert made.setdefault(folder, command) == command, folder


def test_the_page_is_current_and_without_results_it_has_no_figure_of_ours():
    results = json.loads((ROOT / "benchmarks" / "paper" / "results.json").read_text(encoding="utf-8"))
    assert (ROOT / "docs" / "paper.md").read_text(encoding="utf-8") == page(results), (
        "run: python -m benchmarks.paper --page-only"
    )
    assert page({}).count("Not computed yet.") == len(EXPERIMENTS) and "\n| figure |" not in page({})


def figure(name, value, low, high, **more):
    return {"name": name, "value": value, "low": low, "high": high, "count": 9, "unit": "", "digits": 2, "better": "higher",
            "floor": None, "bound": None, "note": "why"} | more  # fmt: skip


def test_a_verdict_of_sets_needs_intervals_that_do_not_overlap():
    claim = Claim("x", "a", "b")

    def say(first, second):
        rows = {"a": {"figures": [figure("x", *first)]}, "b": {"figures": [figure("x", *second)]}}
        return verdict(claim, rows)

    assert say((3, 2.5, 3.5), (1, 0.5, 1.5)) == "agrees, 3.00 and 1.00"
    assert say((1, 0.5, 1.5), (3, 2.5, 3.5)).startswith("disagrees")
    assert say((3, 1, 5), (2, 1, 3)).startswith("unclear")
    assert say((3, None, None), (1, 0.5, 1.5)).startswith("unclear")
    assert say((None, None, None), (1, 0.5, 1.5)).startswith("not computed")
    assert verdict(claim, {}).startswith("not computed")


def test_a_verdict_of_pairs_needs_a_small_p():
    rows = {row: {"figures": [figure("x", 1, 0, 2)]} for row in "ab"}
    claim, sure = Claim("x", "a", "b"), {"value": 0.5, "low": 0.25, "high": 0.75, "p": 0.01, "count": 9}
    assert verdict(claim, rows, sure) == "agrees, difference 0.50 (0.25 to 0.75), p = 0.01, 9 pairs"
    assert verdict(claim, rows, sure | {"value": -0.5}).startswith("disagrees")
    assert verdict(claim, rows, sure | {"p": 0.05}).startswith("unclear")


def test_the_sign_flip_test_equals_mcnemars_on_yes_and_no():
    differences = np.array([1, 1, 1, 1, 1, -1, 0, 0, 0.0])
    assert sign_flip_p(differences) == pytest.approx(2 * 7 / 64)  # binomial: 0 or 1 of 6 the other way
    assert sign_flip_p(np.zeros(5)) == 1
    normal = np.random.default_rng(1).standard_normal(60)
    assert sign_flip_p(normal + 2) < 0.001 and sign_flip_p(normal - normal.mean()) > 0.9


def test_pairs_are_of_the_same_prompt_and_of_numbers():
    first = {"a": {"x": 1.0}, "b": {"x": 1.0}, "c": {"x": None}, "d": {"x": 5.0}}
    second = {"a": {"x": 0.0}, "b": {"x": 1.0}, "c": {"x": 3.0}, "e": {"x": 9.0}}
    found = paired(first, second, "x")
    assert (found.value, found.count, found.p) == (0.5, 2, 1)
    assert paired(first, second, "y") is None and paired(first, {}, "x") is None


def test_results_are_those_of_the_reports(tmp_path):
    rows = [{"prompt": f"thing {k}", "CLIP score": 31.0 + k} for k in range(6)]
    for folder, more in (("mvdream-measured", 2.0), ("dreamfusion-measured", 0.0)):
        objects = [row | {"CLIP score": row["CLIP score"] + more} for row in rows]
        report = {"figures": [figure("CLIP score", 31.0 + more, 30.0, 32.0)], "taken": "today", "versions": {}}
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "report.json").write_text(json.dumps(report | {"objects": objects}))
    found = collect(EXPERIMENTS["guidance"], tmp_path, SCALE)
    assert list(found["rows"]) == ["MVDream", "DreamFusion"]
    assert found["rows"]["MVDream"]["command"].startswith("mvdream_cli evaluate objects")
    text = page({"guidance": found})
    assert "| CLIP score | 33.00 (30.00 to 32.00), n = 9 | 31.00 (30.00 to 32.00), n = 9 | not computed yet |" in text
    assert "| CLIP score: MVDream above DreamFusion | agrees, difference 2.00 (2.00 to 2.00), p = 0.031, 6 pairs |" in text
    assert "1 of 7 experiments" in text and "80 steps of score distillation" in text
    assert collect(EXPERIMENTS["annealing"], tmp_path / "nowhere", SCALE) == {}


def test_it_ends_when_its_minutes_are_over_and_says_so(tmp_path, monkeypatch, capsys):
    (tmp_path / "slow.py").write_text(
        "import pathlib, signal, sys, time\n"
        "def stop(*_):\n    pathlib.Path(sys.argv[-1] + '.saved').touch(); sys.exit(143)\n"
        "signal.signal(signal.SIGTERM, stop)\npathlib.Path(sys.argv[-1]).touch()\ntime.sleep(60)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    slow = Experiment("slow", "?", "", commands={"first": "slow", "second": "slow"})
    started = time.monotonic()
    assert not run_experiment(slow, tmp_path, SCALE, deadline=started + 3)
    assert time.monotonic() - started < 30
    assert (tmp_path / "first.saved").is_file() and not (tmp_path / "second").exists()
    assert not run_experiment(slow, tmp_path, SCALE, deadline=started)  # no command is begun
    assert "failed" not in capsys.readouterr().err


def test_a_scale_that_is_not_known_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["paper", "--dry-run", "--scale", "stepps=3"])
    with pytest.raises(SystemExit):
        main()
    assert "there is no stepps; choose pictures" in capsys.readouterr().err


def test_what_is_left_out_of_all_rows_is_told_once_below_the_table():
    gone = figure("FID", None, None, None, note="left out: no weights")
    rows = {row: {"figures": [figure("CLIP score", 1, 0, 2), gone], "taken": "", "machine": "", "command": ""} for row in
            ("annealed", "not annealed")}  # fmt: skip
    text = page({"annealing": {"setup": "", "rows": rows, "claims": [None, None]}})
    assert text.count("no weights") == 1 and "\nLeft out: FID: no weights.\n" in text and "| FID |" in text.split("Ours")[0]
