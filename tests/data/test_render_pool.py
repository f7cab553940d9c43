"""Worker processes: they end with the process that started them, and full memory is no verdict on an asset."""

import os
import signal
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from workers import workers_end_with

from mvdream_cli.data.render_object import RenderSettings
from mvdream_cli.data.render_pool import Job, Limits, rendered
from mvdream_cli.data.render_set import render_dataset
from mvdream_cli.data.sources import AssetSource
from mvdream_cli.data.training_cameras import CameraDistribution
from mvdream_cli.raycast.mesh import Mesh

SETTINGS = RenderSettings(4, 16, 1, 0, CameraDistribution())
ROOT = Path(__file__).parents[2]
SLOW = """
import sys
from mvdream_cli.data.render_set import render_dataset
from mvdream_cli.data.sources import AssetSource
from workers import slow

render_dataset([AssetSource(f"slow-{k}", slow, "slow") for k in range(2)], sys.argv[1] + "/set", workers=2)
"""


def too_large():
    raise MemoryError


def broken():
    raise ValueError("no such shape")


POOL = "from mvdream_cli.data import worker_pool\n"
ALONE = {
    "the end of a pipe": "worker_pool.be_killed_with = lambda parent: None\n",
    "a signal of the system": "worker_pool._end_with = lambda reader: None\n",
    "the end of a pipe, a server between": "worker_pool.used_embree = lambda: True\n",
}


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
@pytest.mark.parametrize("by", ALONE)
def test_workers_end_when_their_parent_is_killed(tmp_path, by):
    workers_end_with(POOL + ALONE[by] + SLOW, tmp_path)


def box():
    return Mesh.from_part(np.float32([[0, 0, 0], [1, 0, 0], [0, 1, 1]]), np.array([[0, 1, 2]]), np.ones((3, 3)))


def hang(folder: Path):
    with (folder / "tries").open("a") as tries:
        tries.write("x")
    time.sleep(60)


def eat():
    return np.ones(2 * 10**9, np.uint8)


def end():
    os._exit(9)


def killed_once(folder: Path):
    """As the kernel does when memory is full: alone there is enough."""
    with (folder / "tries").open("a") as tries:
        tries.write("x")
    if (folder / "tries").read_text() == "x":
        os.kill(os.getpid(), signal.SIGKILL)
    return box()


def killed():
    os.kill(os.getpid(), signal.SIGKILL)


def answers(loads: dict, processes: int, limits: Limits = Limits()) -> dict:
    jobs = [Job(0, k, AssetSource(name, load, "x")) for k, (name, load) in enumerate(loads.items())]
    return {job.source.id: answer for job, answer in rendered(jobs, SETTINGS, processes, limits, 8)}


def test_full_memory_is_told_from_a_broken_asset():
    found = answers({"large": too_large, "broken": broken}, 0)
    assert found["large"].lost and found["large"].files is None and "needs more memory" in found["large"].reason
    assert not found["broken"].lost and found["broken"].reason == "broken: ValueError: no such shape"


def test_what_hangs_or_ends_its_process_stops_nothing(tmp_path):
    loads = {"hangs": partial(hang, tmp_path), "ends": end, "broken": broken, **{f"box-{k}": box for k in range(4)}}
    started = time.monotonic()
    found = answers(loads, 2, Limits(seconds=3.0))
    assert time.monotonic() - started < 30 and len(found) == 7
    assert all(found[f"box-{k}"].files for k in range(4)) and not found["broken"].lost
    assert found["hangs"].lost and "took longer than 3 s (data.limits.seconds)" in found["hangs"].reason
    assert found["ends"].lost and "ended the process" in found["ends"].reason


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux")
def test_a_worker_takes_no_more_memory_than_it_may():
    found = answers({"eats": eat, "box": box}, 1, Limits(memory_gb=1.0))
    assert found["eats"].lost and "than 1 GB (data.limits.memory_gb)" in found["eats"].reason and found["box"].files


def test_what_was_lost_is_tried_again_alone_at_the_end_and_alone_by_the_next_call(tmp_path):
    sources = [AssetSource("hangs", partial(hang, tmp_path), "x"), *(AssetSource(f"box-{k}", box, "x") for k in range(4))]
    options = {"num_views": 4, "size_px": 16, "shard_size": 3, "workers": 2, "limits": Limits(seconds=1.0)}
    report = render_dataset(sources, tmp_path / "set", **options)
    assert (
        (tmp_path / "tries").read_text() == "xx" and report.rendered == 4 and [name for name, _ in report.skipped] == ["hangs"]
    )
    sources[0] = AssetSource("hangs", box, "x", made_from="what it was")
    again = render_dataset(sources, tmp_path / "set", **options)
    assert (again.rendered, again.present, again.skipped) == (1, 4, [])


def test_a_worker_that_the_kernel_kills_is_tried_again_alone_and_later(tmp_path):
    found = answers({"killed": killed, "box": box}, 1)
    assert found["killed"].lost and "lower data.workers or data.limits.memory_gb" in found["killed"].reason
    sources = [AssetSource("large", partial(killed_once, tmp_path), "x"), AssetSource("box", box, "x")]
    options = {"num_views": 4, "size_px": 16, "workers": 2}
    report = render_dataset(sources, tmp_path / "set", **options)
    assert (tmp_path / "tries").read_text() == "xx" and (report.rendered, report.skipped) == (2, [])
    sources = [AssetSource("large", killed, "x"), AssetSource("box", box, "x")]
    report = render_dataset(sources, tmp_path / "later", **options)
    assert [name for name, _ in report.skipped] == ["large"] and report.rendered == 1
    sources[0] = AssetSource("large", box, "x")
    assert render_dataset(sources, tmp_path / "later", **options).rendered == 1
