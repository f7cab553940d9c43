"""Prompts on a real Ray cluster of this machine, where Ray is installed."""

import csv
import io
import json
import os
import subprocess
import sys
import threading

import pytest
from conftest import environment, mvdream

from mvdream_cli.methods.many_prompts import Job
from mvdream_cli.methods.prompt_table import Table
from mvdream_cli.methods.ray_tasks import WithoutRay

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
