"""Worker processes: they end with the process that started them, and full memory is no verdict on an asset."""

import sys
from pathlib import Path

import pytest
from workers import workers_end_with

from mvdream_cli.data.render_object import RenderSettings
from mvdream_cli.data.render_pool import rendered
from mvdream_cli.data.sources import AssetSource
from mvdream_cli.data.training_cameras import CameraDistribution

SETTINGS = RenderSettings(4, 16, 1, 0, CameraDistribution())
ROOT = Path(__file__).parents[2]
SLOW = """
import os, sys, time
from mvdream_cli.data.render_set import render_dataset
from mvdream_cli.data.sources import AssetSource

def slow():
    with open(sys.argv[1] + f"/{os.getpid()}.pid", "w"):
        time.sleep(300)

render_dataset([AssetSource(f"slow-{k}", slow, "slow") for k in range(2)], sys.argv[1] + "/set", workers=2)
"""


def too_large():
    raise MemoryError


def broken():
    raise ValueError("no such shape")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process is not told that its parent has ended")
def test_workers_end_when_their_parent_is_killed(tmp_path):
    workers_end_with(SLOW, tmp_path)


def test_full_memory_is_told_from_a_broken_asset():
    jobs = [(AssetSource("large", too_large, "x"), ""), (AssetSource("broken", broken, "x"), "")]
    large, bad = rendered(jobs, SETTINGS, 0, 8)
    assert large.lost and large.files is None and "tried again" in large.reason
    assert not bad.lost and bad.reason == "broken: ValueError: no such shape"
