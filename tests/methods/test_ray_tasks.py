"""Prompts on a real Ray cluster of this machine, where Ray is installed."""

import csv
import io
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import environment, mvdream

from mvdream_cli.errors import MVDreamError, UsageError
from mvdream_cli.methods.many_prompts import Job
from mvdream_cli.methods.prompt_table import Table
from mvdream_cli.methods.ray_tasks import LOST, RayWorkers, WithoutRay, _connected
from mvdream_cli.settings.resolve import resolve

QUICK = ("--preset", "cpu", "--method", "views", "--candidates", 1, "--set", "to3d.fit.steps=2", "--set", "to3d.views.steps=1",
         "--set", "to3d.field.resolutions=[8,16]", "--set", "to3d.fit.rays=64", "--set", "to3d.rendering.samples_per_ray=16",
         "--set", "export.resolution=24", "--set", "export.faces=200", "--set", "export.texture_size=64",
         "--set", "turntable.formats=[]", "--set", "turntable.frames=8", "--set", "turntable.size_px=64")  # fmt: skip


def binary_of(path):
    """Geometry and textures of a GLB, without the part that says when it was made."""
    data = path.read_bytes()
    return data[20 + int.from_bytes(data[12:16], "little") :]


def test_a_missing_ray_is_told_in_a_sentence(tmp_path):
    (tmp_path / "prompts.txt").write_text("a dog\n")
    (tmp_path / "ray.py").write_text("raise ImportError('as if it was not here')\n")
    command = [sys.executable, "-m", "mvdream_cli", "to3d", "--prompts", "prompts.txt", "--preset", "cpu", "--ray"]
    paths = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{environment()['PYTHONPATH']}"}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment() | paths)
    assert done.returncode == 2 and "pip install 'mvdream-cli[ray]'" in done.stderr, done.stderr


def test_an_address_where_nobody_answers_is_told_at_once(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace())
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(UsageError, match=f"127.0.0.1:{port}: nobody answers there; start a cluster"):
        _connected(f"127.0.0.1:{port}")
    with pytest.raises(UsageError, match="give HOST:6379"):
        _connected("ray://head:10001")


def test_options_for_many_prompts_need_them(tmp_path):
    for words in (["--ray"], ["--ray", "1.2.3.4:6379"], ["--part", "1/2"]):
        done = mvdream("to3d", *words, "a dog" if words[0] == "--part" else "--quiet", cwd=tmp_path)
        assert done.returncode == 2, done.stderr
    (tmp_path / "prompts.txt").write_text("a dog\n")
    wrong = mvdream("to3d", "--prompts", "prompts.txt", "--part", "3/2", cwd=tmp_path)
    assert wrong.returncode == 2 and "K from 1 to N" in wrong.stderr


def test_two_parts_make_the_whole(tiny_folder, tmp_path):
    (tmp_path / "prompts.txt").write_text("a red dog\na blue cat\na red car\n")
    command = ["to3d", "--prompts", "prompts.txt", "--model", tiny_folder, "--out", "many", *QUICK]
    for part in ("1/2", "2/2"):
        done = mvdream(*command, "--part", part, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    names = sorted(path.name for path in (tmp_path / "many").glob("prompts*.csv"))
    assert names == ["prompts-1-of-2.csv", "prompts-2-of-2.csv"]
    whole = mvdream(*command, cwd=tmp_path)
    assert whole.stderr.count("already finished") == 3, whole.stderr


def test_the_live_table_shows_what_is_made():
    from rich.console import Console

    table = Table([Job(f"a [bold]dog[/] {k}", None) for k in range(5)])
    console = Console(width=80, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    table.end({"prompt": "a dog", "error": "", "folder": "runs/a-dog"})
    console.print(table.drawn([(3, "host 17", table.began)], 2, height=20))
    text = console.export_text()
    assert "1 of 5 done" in text and "a [bold]dog[/] 3" in text and "host 17" in text


def test_what_ray_prints_is_kept_from_stdout():
    stdout, log = io.StringIO(), io.StringIO()
    sorted_ = WithoutRay(stdout, log)
    of_ray = threading.Thread(target=lambda: print("a raylet died", file=sorted_), name="ray_listen_error_messages")
    of_ray.start()
    of_ray.join()
    print('{"event": "done"}', file=sorted_, flush=True)
    assert stdout.getvalue() == '{"event": "done"}\n' and log.getvalue() == "a raylet died\n"


class StandInRay:
    """The part of Ray that is used, with `resources` and, as what comes of each task, one of `ends`."""

    def __init__(self, resources, ends=()):
        names = (*LOST, "WorkerCrashedError", "OutOfMemoryError")
        base = type("RayError", (Exception,), {})
        self.exceptions = SimpleNamespace(RayError=base, **{name: type(name, (base,), {}) for name in names})
        self.resources, self.ends, self.asked, self.threads = resources, list(ends), {}, []
        self.port = socket.create_server(("127.0.0.1", 0))

    def cluster_resources(self):
        return self.resources

    def nodes(self):
        return [{"Alive": True}, {"Alive": False}]

    def get_runtime_context(self):
        return SimpleNamespace(gcs_address=f"127.0.0.1:{self.port.getsockname()[1]}")

    def remote(self, **asked):
        self.asked = asked
        return lambda function: self

    def begin(self, job, *more):
        self.threads.append(job.settings.engine.threads)
        return iter(["host 1", self.ends.pop(0)])

    def wait(self, streams, num_returns, timeout):
        return streams, []

    def get(self, said):
        if isinstance(said, str) and said in vars(self.exceptions):
            raise getattr(self.exceptions, said)(f"{said}\nmore of it")
        return said


def workers_of(ray, *overrides):
    job = Job("a dog", resolve("cpu", overrides))
    workers = RayWorkers(ray, job.settings.engine.ray, [job] * 9, print, print, Path("runs"), restart=True)
    workers.task = SimpleNamespace(options=lambda name: SimpleNamespace(remote=ray.begin))
    return workers


def test_a_prompt_takes_a_gpu_where_there_are_any():
    ray = StandInRay({"CPU": 64.0, "GPU": 8.0})
    assert workers_of(ray).places() == 8 and ray.asked["num_gpus"] == 1 and ray.asked["max_calls"] == 1
    assert workers_of(ray, "engine.ray.gpus=0.25").places() == 32 and ray.asked["num_gpus"] == 0.25
    assert workers_of(ray, "engine.ray.cpus=16").places() == 4 and ray.asked["num_cpus"] == 16
    assert workers_of(ray, "engine.ray.gpus=0").places() == 64 and "num_gpus" not in ray.asked
    ray = StandInRay({"CPU": 6.0})
    assert workers_of(ray, "engine.ray.cpus=2").places() == 3 and "num_gpus" not in ray.asked
    assert ray.asked["max_retries"] == 0  # Ray's own retries know nothing of --restart


def test_threads_are_those_of_the_task():
    ray = StandInRay({"CPU": 6.0}, ["x"] * 3)
    for overrides in (("engine.ray.cpus=2",), ("engine.ray.cpus=0.5",), ("engine.threads=3",)):
        workers_of(ray, *overrides).start(0, again=False)
    assert ray.threads == [2, 1, 3]


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        ("NodeDiedError", "lost"), ("LocalRayletDiedError", "lost"), ("ObjectLostError", "lost"),
        ("WorkerCrashedError", "died"), ("OutOfMemoryError", "died"), ({"status": "finished"}, "row"),
    ],
)  # fmt: skip
def test_what_became_of_a_task(end, kind):
    workers = workers_of(StandInRay({"CPU": 1.0}, [end]))
    workers.start(4, again=False)
    assert [event[:2] for event in workers.wait(0)] == [(4, "begun")] and workers.running
    (event,) = workers.wait(0)
    assert event[:2] == (4, kind) and "more" not in str(event.said) and not workers.running


def test_a_head_that_is_gone_is_one_sentence(monkeypatch):
    ray = StandInRay({"CPU": 1.0})
    workers = workers_of(ray)
    ray.port.close()
    monkeypatch.setattr(workers, "asked", -1e9)
    with pytest.raises(MVDreamError, match="the head of the Ray cluster is gone; start it again and repeat"):
        workers.places()
    workers.stop()  # waits for nobody


def test_a_cluster_makes_what_one_process_makes(tiny_folder, tmp_path):
    pytest.importorskip("ray")
    (tmp_path / "prompts.txt").write_text('a red dog\n{"prompt": "a car", "model": "nowhere"}\na blue cat\n')
    command = ["to3d", "--prompts", "prompts.txt", "--model", tiny_folder, "--set", "engine.threads=1", *QUICK]
    words = [sys.executable, "-m", "mvdream_cli", *map(str, command), "--out", "far", "--json", "--ray", "local"]
    far = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, env=environment() | {"RAY_AUTH_MODE": "disabled"})
    assert far.returncode == 3 and "1 of 3 prompts failed" in far.stderr, far.stderr
    assert json.loads(far.stdout)["exit_code"] == 3  # and nothing else on stdout
    assert mvdream(*command, "--out", "near", "--set", "engine.dtype=auto", cwd=tmp_path).returncode == 3
    tables = [list(csv.DictReader((tmp_path / where / "prompts.csv").open())) for where in ("far", "near")]
    for row, other in zip(*tables):
        assert row["prompt"] == other["prompt"] and row["status"] == other["status"] and row["error"] == other["error"]
        if row["mesh"]:
            assert binary_of(tmp_path / row["mesh"]) == binary_of(tmp_path / other["mesh"])
