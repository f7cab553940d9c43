"""Checkpoints: what goes in comes out, the last few are kept, a full disk or a kill leaves the one before."""

import errno
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch

from mvdream_cli.engine import checkpoint
from mvdream_cli.errors import CheckpointError

ROOT = Path(__file__).parents[2]


class Counter:
    """Something that is no module, with a tensor and plain values."""

    def __init__(self):
        self.values = {
            "grid": torch.arange(6.0),
            "flags": torch.tensor([True, False]),
            "name": "a",
            "sizes": [1, 2],
            "x": 0.1,
        }

    def state_dict(self):
        return self.values

    def load_state_dict(self, values):
        self.values = dict(values)


def things(width=4):
    model = torch.nn.Sequential(torch.nn.Linear(width, width), torch.nn.BatchNorm1d(width))
    model.tied = model[0].weight  # shared memory, which safetensors refuses
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    model(torch.randn(8, width)).sum().backward()
    optimizer.step()
    return {"model": model, "counter": Counter()}, optimizer


def save(root, step, modules, optimizer, keep=2):
    return checkpoint.save(root, step=step, modules=modules, optimizer=optimizer, state={"seed": 1}, keep=keep)


def test_what_goes_in_comes_out(tmp_path):
    modules, optimizer = things()
    save(tmp_path, 5, modules, optimizer)
    others, other_optimizer = things()
    others["counter"].values = {}
    state = checkpoint.restore(tmp_path, others, other_optimizer)
    assert (state["step"], state["seed"]) == (5, 1) and "torch" in state["versions"]
    for key, value in modules["model"].state_dict().items():
        assert torch.equal(value, others["model"].state_dict()[key]), key
    restored = others["counter"].values
    assert torch.equal(restored["grid"], torch.arange(6.0)) and restored["flags"].dtype == torch.bool
    assert (restored["name"], restored["sizes"], restored["x"]) == ("a", [1, 2], 0.1)
    moments = [s["exp_avg"] for s in optimizer.state_dict()["state"].values()]
    assert all(map(torch.equal, moments, [s["exp_avg"] for s in other_optimizer.state_dict()["state"].values()]))
    assert set(checkpoint.read_weights(tmp_path)) == {"model", "counter"}
    assert torch.equal(checkpoint.read_weights(tmp_path / "step-00000005")["counter"]["grid"], torch.arange(6.0))


def test_the_last_ones_are_kept_and_leftovers_swept(tmp_path):
    modules, optimizer = things()
    for leftover in (".tmp-step-00000009", ".old-step-00000008"):  # a process was killed while writing
        (tmp_path / leftover).mkdir()
    for step in (10, 20, 30):
        save(tmp_path, step, modules, optimizer)
    assert sorted(f.name for f in tmp_path.iterdir()) == ["step-00000020", "step-00000030"]
    save(tmp_path, 30, modules, optimizer)  # the same step again
    assert sorted(f.name for f in tmp_path.iterdir()) == ["step-00000020", "step-00000030"]


def test_nothing_is_no_checkpoint(tmp_path):
    modules, optimizer = things()
    assert checkpoint.restore(tmp_path / "none", modules, optimizer) is None
    with pytest.raises(CheckpointError, match="no whole checkpoint"):
        checkpoint.read_weights(tmp_path / "none")


def test_another_model_is_refused_not_half_loaded(tmp_path):
    save(tmp_path, 5, *things())
    with pytest.raises(CheckpointError, match=r"does not fit this model .*--restart"):
        checkpoint.restore(tmp_path, *things(width=5))
    modules, optimizer = things()
    with pytest.raises(CheckpointError, match="it holds counter, model, not model"):
        checkpoint.restore(tmp_path, {"model": modules["model"]}, optimizer)


def test_a_truncated_file_is_set_aside_and_reported(tmp_path):
    modules, optimizer = things()
    for step in (1, 2):
        save(tmp_path, step, modules, optimizer)
    path = tmp_path / "step-00000002" / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-7])
    assert checkpoint.restore(tmp_path, modules, optimizer)["step"] == 1
    assert (tmp_path / "step-00000002.broken").is_dir()
    save(tmp_path, 2, modules, optimizer)
    assert sorted(f.name for f in tmp_path.iterdir()) == ["step-00000001", "step-00000002"]


def test_an_edited_state_is_noticed(tmp_path):
    folder = save(tmp_path, 5, *things())
    state = json.loads((folder / "state.json").read_text())
    (folder / "state.json").write_text(json.dumps(state | {"step": 6}))
    with pytest.raises(ValueError, match="checksum"):
        checkpoint.verify(folder)


def test_code_in_an_optimizer_file_does_not_run(tmp_path):
    import hashlib
    import pickle

    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    modules, optimizer = things()
    folder = save(tmp_path / "c", 5, modules, optimizer)
    (folder / "optimizer.pt").write_bytes(pickle.dumps(Evil(), protocol=2))
    state = json.loads((folder / "state.json").read_text())
    state["sha256"]["optimizer.pt"] = hashlib.sha256((folder / "optimizer.pt").read_bytes()).hexdigest()
    del state["checksum"]
    (folder / "state.json").write_text(json.dumps(state | {"checksum": checkpoint.state_checksum(state)}))
    with pytest.raises(CheckpointError, match="none of its 1 checkpoints can be read"):
        checkpoint.restore(tmp_path / "c", modules, optimizer)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("limit", [20_000, 300_000])
def test_a_write_that_fails_keeps_the_checkpoint_before(tmp_path, limit):
    """A limit on the size of files stands for the full disk: weights fail at 20 kB, the optimizer's state at 300 kB."""
    code = f"""
        import resource, sys; sys.path[:0] = [{str(ROOT)!r}, {str(Path(__file__).parent)!r}]
        from pathlib import Path
        from test_checkpoint import save, things
        from mvdream_cli.errors import CheckpointError
        modules, optimizer = things(width=200)
        save(Path({str(tmp_path)!r}), 1, modules, optimizer)
        resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
        try:
            save(Path({str(tmp_path)!r}), 2, modules, optimizer)
        except CheckpointError as error:
            print(error)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True)
    assert "could not be written" in done.stdout and "free some space" in done.stdout, done
    assert [f.name for f in tmp_path.iterdir()] == ["step-00000001"]
    assert checkpoint.verify(tmp_path / "step-00000001")["step"] == 1


def test_a_disk_without_room_is_noticed_before_writing(tmp_path):
    class Huge:
        def state_dict(self):
            return {"grid": torch.empty(1).expand(1 << 60)}  # more bytes than any disk has, none of them in memory

    _, optimizer = things()
    with pytest.raises(CheckpointError, match=r"the disk is full: .* GB free, the checkpoint of step 7 needs"):
        save(tmp_path, 7, {"huge": Huge()}, optimizer)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_on_the_way_is_one_sentence_with_the_way_out(tmp_path, monkeypatch):
    modules, optimizer = things()
    save(tmp_path, 1, modules, optimizer)

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(CheckpointError, match=r"could not be written \(.*No space left on device\); free some space .*before"):
        save(tmp_path, 2, modules, optimizer)
    assert [f.name for f in tmp_path.iterdir()] == ["step-00000001"]
