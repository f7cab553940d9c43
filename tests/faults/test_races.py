"""Two processes at the same moment; `python -m benchmarks.races` tries each command many times."""

import pytest
from faults import racing, trials


@pytest.fixture(scope="module")
def inputs(tiny_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("races") / "inputs"
    folder.mkdir()
    (folder / "model").symlink_to(tiny_folder)
    return folder


@pytest.mark.parametrize("name", ["sample-views", "data-toybox"])
def test_of_two_one_works_and_the_other_says_who(name, inputs):
    (trial,) = [trial for trial in trials.TRIALS if trial.name == name]
    expected = racing.undisturbed(trial, inputs)
    assert not racing.raced(trial, inputs, expected)


def test_parts_of_a_set_at_once_are_the_set_and_the_same_part_twice_is_refused(inputs):
    words = ("data", "render", "toybox", "--objects=4", "--out=views", "--views=4", "--size-px=16")
    trial = trials.Trial("render", (*words, "--set=data.workers=1", "--set=data.shard_size=1"))
    expected = racing.undisturbed(trial, inputs)
    assert not racing.parts_at_once(trial, inputs, expected, count=2)
    assert not racing.raced(trial, inputs, expected)
