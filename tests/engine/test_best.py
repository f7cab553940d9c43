import pytest
import torch
from safetensors import safe_open

from mvdream_cli.engine.best import Best
from mvdream_cli.errors import CheckpointError


def test_the_highest_score_is_kept_and_found_again(tmp_path):
    best, layer = Best(tmp_path / "best.safetensors"), torch.nn.Linear(2, 2)
    assert best.facts() is None
    for step, score in ((10, 0.5), (20, 0.9), (30, 0.7)):
        torch.nn.init.constant_(layer.weight, step)
        best.offer(layer, step, score)
    again = Best(best.path)
    assert again.facts() == (20, 0.9)
    again.restore(layer)
    assert (layer.weight == 20).all()
    with safe_open(best.path, "numpy") as file:
        assert list(file.metadata()) == ["best"]  # of several the order, and so the bytes, would be drawn by chance


def test_a_damaged_file_is_told(tmp_path):
    best, layer = Best(tmp_path / "best.safetensors"), torch.nn.Linear(2, 2)
    best.offer(layer, 1, 0.5)
    whole = best.path.read_bytes()
    best.path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(CheckpointError, match="best.safetensors: cannot be read .*checksum.*delete it"):
        best.restore(layer)
    best.path.write_bytes(whole[:20])
    with pytest.raises(CheckpointError, match="best.safetensors: cannot be read"):
        best.facts()
