"""`mvdream evaluate` through the command line, with the tiny real model."""

import json
import os
import re
import socket
import subprocess
import sys

import pytest
import trimesh
from conftest import ROOT, mvdream

from mvdream_toybox.world import build, draw_spec

FEW = ("--preset", "cpu", "--set", "engine.threads=1", "--set", "evaluate.networks=[]", "--set", "evaluate.fit_objects=0")
SAMPLED = (*FEW, "--steps", 1, "--set", "sample_views.num_views=4")


def test_views_of_a_file_of_prompts_with_report(tiny_folder, tmp_path):
    (tmp_path / "prompts.txt").write_text("a red dog\na blue cat\na green car\n")
    command = ("evaluate", "views", "--prompts", "prompts.txt", "--model", tiny_folder, "--out", "run", *SAMPLED)
    done = mvdream(*command, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["run", "run/report.json", "run/report.md", "run/index.html"]
    assert "CLIP R-Precision" in done.stderr and "chance" in (tmp_path / "run" / "report.md").read_text()
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert [row["prompt"] for row in report["objects"]] == ["a red dog", "a blue cat", "a green car"]
    assert "the own CLIP of" in report["figures"][0]["network"] and report["figures"][0]["count"] == 3
    views = sorted((tmp_path / "run" / "cache" / "views").glob("*.png"))
    before = [path.stat().st_mtime_ns for path in views]
    again = mvdream(*command, "--set", "evaluate.examples=1", cwd=tmp_path)  # the samples stay, the report is new
    assert again.returncode == 0 and "already finished" not in again.stderr
    assert [path.stat().st_mtime_ns for path in views] == before
    third = mvdream(*command, "--set", "evaluate.examples=1", "--json", cwd=tmp_path)
    assert "already finished" in third.stderr and json.loads(third.stdout)["figures"][0]["name"] == "CLIP score"
    refused = mvdream(*command, "--seed", 5, cwd=tmp_path)
    assert refused.returncode == 1 and "engine.seed was 0, is 5" in refused.stderr
    assert mvdream(*command, "--seed", 5, "--restart", cwd=tmp_path).returncode == 0  # no view of the other seed is left
    assert not {path.stat().st_mtime_ns for path in views} & set(before)
    assert mvdream(*command, "--restart", cwd=tmp_path).returncode == 0
    alone = mvdream(*command[:2], "--prompts", "prompts.txt", "--model", tiny_folder, "--out", "two", *SAMPLED,
                    "--set", "evaluate.batch_size=1", cwd=tmp_path)  # fmt: skip
    assert alone.returncode == 0
    figures = [json.loads((tmp_path / run / "report.json").read_text())["figures"] for run in ("run", "two")]
    assert figures[0][0]["value"] == pytest.approx(figures[1][0]["value"], abs=0.1)  # not of the batch


def test_two_processes_draw_a_share_each_and_measure_what_one_does(tiny_folder, tmp_path):
    (tmp_path / "prompts.txt").write_text("a red dog\na blue cat\na green car\na golden crown\na red car\n")
    words = ("evaluate", "views", "--prompts", "prompts.txt", "--model", tiny_folder, *SAMPLED, "--set",
             "engine.dtype=float32", "--set", "evaluate.batch_size=1")  # fmt: skip
    command = [sys.executable, "-m", "mvdream_cli", *map(str, words)]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [*command, "--out", "both"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=os.environ | shared | {"RANK": str(rank), "LOCAL_RANK": str(rank), "PYTHONPATH": str(ROOT)},
        )
        for rank in range(2)
    ]  # fmt: skip
    told = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], told
    assert "both/report.json" in told[0][0] and told[1][0] == ""  # the first one speaks
    assert "sampling: 3/3" in told[0][1]  # of five: the other one drew two
    assert mvdream(*words, "--out", "alone", cwd=tmp_path).returncode == 0
    reports = [json.loads((tmp_path / run / "report.json").read_text()) for run in ("both", "alone")]
    assert reports[0]["figures"] == reports[1]["figures"] and reports[0]["objects"] == reports[1]["objects"]


def test_the_toybox_gives_prompts_and_the_bound(tiny_folder, tmp_path):
    done = mvdream("evaluate", "views", "--objects", 2, "--model", tiny_folder, "--out", "run", *SAMPLED,
                   "--set", "data.toybox.kinds=[dog]", "--set", "evaluate.objects=2", cwd=tmp_path)  # fmt: skip
    if done.returncode:  # the tiny model knows a dozen words
        assert "captions of held-out objects use words" in done.stderr and done.returncode == 2, done.stderr
        done = mvdream("evaluate", "views", "--objects", 2, "--model", "mini", "--out", "run", *SAMPLED, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert report["figures"][0]["bound"] is not None and report["figures"][0]["floor"] is not None
    assert len(list((tmp_path / "run" / "cache" / "true").glob("*.png"))) == 2


def test_objects_are_measured_and_compared(tiny_folder, tmp_path):
    for side in "ab":
        for k, (prompt, kind) in enumerate((("a red dog", "dog"), ("a blue cat", "cat"))):
            part = build(draw_spec(k, ord(side), kinds=(kind,)))
            (tmp_path / side).mkdir(exist_ok=True)
            trimesh.Trimesh(part.vertices, part.faces).export(tmp_path / side / f"{k}.glb")
            with (tmp_path / side / "prompts.txt").open("a") as file:
                file.write(f"{prompt}\n")
    small = (*FEW, "--model", tiny_folder, "--set", "evaluate.object_size_px=32")
    done = mvdream("evaluate", "objects", "a", "--out", "of-a", *small, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "of-a" / "report.json").read_text())
    assert "overlap of silhouettes a quarter turn apart" in {figure["name"] for figure in report["figures"]}
    again = ("evaluate", "objects", "a", "--out", "of-a", *small)
    assert "already finished" in mvdream(*again, cwd=tmp_path).stderr
    other = mvdream(*again, "--model", "mini", cwd=tmp_path)  # another judge: measured anew
    assert other.returncode == 0 and "already finished" not in other.stderr, other.stderr
    command = ("evaluate", "compare", "a", "b", "--out", "pairs", *small)
    done = mvdream(*command, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "pairs/choose.html" in done.stdout and "preferred by the judge" in done.stderr
    page = (tmp_path / "pairs" / "choose.html").read_text()
    identity = re.search(r'"identity": "(\w+)"', page)[1]
    (tmp_path / "choices.json").write_text(json.dumps({"identity": identity, "choices": {"0": "a", "1": "tie"}}))
    done = mvdream(*command, "--choices", "choices.json", cwd=tmp_path)
    assert done.returncode == 0 and "preferred by the person" in done.stderr, done.stderr
    assert json.loads((tmp_path / "pairs" / "report.json").read_text())["objects"][0]["person"] == "a"
    assert mvdream("evaluate", "compare", "a", "b", "--choices", "x.json", *small, cwd=tmp_path).returncode == 1


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["views", "--prompts", "twice.txt"], 2, "prompts 1 and 3 are the same"),
        (["views", "--prompts", "dreamfusion", "--offline"], 2, "the network is not to be used; put https://"),
        (["views", "--prompts", "nowhere.txt"], 2, "nowhere.txt"),
        (["views", "--prompts", "gallery", "--reference", "empty"], 1, "holds neither"),
        (["views", "--prompts", "gallery", "--clip", "empty", "--model", "mini"], 1, "--clip empty: cannot be opened"),
        (["objects", "empty"], 1, "holds neither runs"),
        (["objects", "mixed"], 2, "1 of sample-views"),
        (["sets", "empty", "empty"], 1, "holds neither"),
        (["compare", "empty", "empty"], 1, "holds neither runs"),
        (["views", "--prompts", "gallery", "--photographs", "nowhere", "--model", "mini"], 1, "nowhere: is no folder"),
        (["views", "--set", "evaluate.networks=[vgg]"], 2, "efficientnet-lite0"),
    ],
)
def test_bad_input_is_one_sentence(arguments, code, says, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "twice.txt").write_text("a dog\na cat\nA dog\n")
    (tmp_path / "empty").mkdir()
    for name, command in (("a", "to3d"), ("b", "sample-views")):
        (tmp_path / "mixed" / name).mkdir(parents=True)
        (tmp_path / "mixed" / name / "run.json").write_text(json.dumps({"command": command, "status": "finished"}))
    done = mvdream("evaluate", *arguments, *FEW[:4], cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert says in done.stderr and "Traceback" not in done.stderr and not list(tmp_path.rglob("report.json"))
