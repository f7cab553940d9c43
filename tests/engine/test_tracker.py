"""Curves beside stats.jsonl. TensorBoard's package is tried where it is installed."""

import sys
from types import SimpleNamespace

import pytest

from mvdream_cli.engine.run import open_run
from mvdream_cli.engine.tracker import open_tracker
from mvdream_cli.errors import UsageError


@pytest.mark.parametrize(("kind", "module"), [("tensorboard", "torch.utils.tensorboard"), ("wandb", "wandb")])
def test_without_its_package_a_tracker_is_refused_with_the_way_out(kind, module, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UsageError, match=rf"engine.tracker: {kind} cannot be used here .*; pip install {kind}"):
        open_tracker(kind, tmp_path, {})
    assert open_tracker(None, tmp_path, {}) is None


def test_statistics_go_to_the_tracker_too(tmp_path):
    seen = []
    with open_run(tmp_path / "run", "test", {}, identity_keys=[]) as run:
        run.track = lambda step, facts: seen.append((step, facts))
        run.write_stats(step=3, loss=0.5, broken=float("nan"), text="x")
    assert seen == [(3, {"step": 3, "loss": 0.5})]
    assert '"broken": null' in (tmp_path / "run" / "stats.jsonl").read_text()


def test_wandb_goes_on_with_the_same_run(tmp_path, monkeypatch):
    asked, logged = {}, []
    run = SimpleNamespace(log=lambda facts, step: logged.append((step, facts)))
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=lambda **options: asked.update(options) or run))
    open_tracker("wandb", tmp_path / "mine", {"seed": 3})(7, {"loss": 1.0})
    assert logged == [(7, {"loss": 1.0})] and asked["id"] == "mine" and asked["resume"] == "allow"


def test_tensorboard_writes_curves(tmp_path):
    pytest.importorskip("tensorboard")
    track = open_tracker("tensorboard", tmp_path, {})
    for step in range(3):
        track(step, {"loss": 1.0 / (1 + step)})
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [(e.step, round(e.value, 3)) for e in events.Scalars("loss")] == [(0, 1.0), (1, 0.5), (2, 0.333)]
