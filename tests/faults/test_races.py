"""Two processes at the same moment; `python -m benchmarks.races` tries each command many times."""

import pytest
from faults import racing, trials


@pytest.mark.parametrize("name", ["sample-views", "data-toybox"])
def test_of_two_one_works_and_the_other_says_who(name, tiny_inputs):
    (trial,) = [trial for trial in trials.TRIALS if trial.name == name]
    expected = racing.undisturbed(trial, tiny_inputs)
    assert not racing.raced(trial, tiny_inputs, expected)


def test_parts_of_a_set_at_once_are_the_set_and_the_same_part_twice_is_refused(tiny_inputs):
    words = ("data", "render", "toybox", "--objects=4", "--out=views", "--views=4", "--size-px=16")
    trial = trials.Trial("render", (*words, "--set=data.workers=1", "--set=data.shard_size=1"))
    expected = racing.undisturbed(trial, tiny_inputs)
    assert not racing.parts_at_once(trial, tiny_inputs, expected, count=2)
    assert not racing.raced(trial, tiny_inputs, expected)
