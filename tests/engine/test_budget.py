import torch

from mvdream_cli.engine.budget import affordable, seconds_of


def test_phases_are_shortened_alike_and_never_grow():
    assert affordable([250, 60], [0.1, 1.0], 1000.0) == [250, 60]
    fit, sds = affordable([250, 60], [0.1, 1.0], 42.5)
    assert (fit, sds) == (125, 30)
    assert affordable([250, 60], [0.1, 1.0], -3.0) == [10, 10]
    assert affordable([0, 4], [0.0, 1.0], 1.0) == [0, 4]


def test_the_first_call_is_not_counted():
    durations, clock = iter([20.0, 1.0, 2.0]), [0.0]

    def step():
        clock[0] += next(durations)

    assert seconds_of(step, torch.device("cpu"), now=lambda: clock[0]) == 1.5


def test_what_a_gpu_was_asked_for_is_waited_for(monkeypatch):
    events = []
    monkeypatch.setattr(torch.accelerator, "synchronize", lambda: events.append("done"))
    seconds_of(lambda: events.append("asked"), torch.device("cuda"))
    assert events == ["asked", "done", "asked", "asked", "done"]
