"""Faults at a few write points of each command; `python -m benchmarks.faults` tries every one."""

import pytest
from faults import trials


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faults") / "inputs"
    trials.make_inputs(folder)
    return folder


@pytest.mark.parametrize("trial", trials.TRIALS, ids=lambda trial: trial.name)
def test_the_same_command_again_makes_the_same_files(trial, inputs):
    with trials.hub():
        found, expected = trials.points(trial, inputs)
        for share in (0.45, 0.85):
            at = int(share * len(found))
            assert not trials.killed(trial, inputs, at, expected), found[at]
        at = int(0.65 * len(found))
        assert not trials.full(trial, inputs, at, expected), found[at]
