"""From a prompt to a GLB through the command line, with the tiny real model."""

import csv
import json
import signal
import subprocess
import time

import pytest
import trimesh
from conftest import DTYPE, mvdream, start
from safetensors.torch import load_file

from mvdream_cli.images import load_image

pytestmark = pytest.mark.numeric

FEW = ("--preset", "cpu", "--set", "to3d.fit.steps=4", "--steps", 4, "--candidates", 3, "--set", "to3d.views.steps=2",
       "--set", "to3d.field.resolutions=[8,16]", "--set", "to3d.field.levels=3", "--set", "to3d.field.log2_table=10",
       "--set", "to3d.fit.rays=256", "--set", "to3d.distillation.size_px=16", "--set", "to3d.rendering.samples_per_ray=16",
       "--set", "export.resolution=24", "--set", "export.faces=500", "--set", "export.texture_size=64",
       "--set", "engine.checkpoint_every=2", "--set", "engine.threads=1", "--set", "engine.preview_every=4",
       "--set", "turntable.frames=4", "--set", "turntable.size_px=64")  # fmt: skip


def field_of(folder):
    newest = sorted((folder / "checkpoints").glob("step-*"))[-1]
    return load_file(newest / "weights.safetensors")


SHADED = ["to3d.recipe=mvdream-shading", "to3d.distillation.coarse_size_px=16", "to3d.light.unlit_fraction=0.3"]
SHADED += [
    "to3d.light.albedo_probability=0",
    "to3d.field.levels=3",
    "to3d.field.log2_table=10",
    "to3d.distillation.coarse_rigs=1",
]


@pytest.mark.parametrize(
    ("method", "extra"),
    [
        ("both", []), ("views", []), ("sds", SHADED),
        ("sds", ["to3d.guidance.name=vsd", "to3d.background.kind=network"]),
    ],
)  # fmt: skip
def test_prompt_to_files(method, extra, tiny_folder, tmp_path):
    done = mvdream("to3d", "a red dog / with *wings*\n🐕", "--model", tiny_folder, "--method", method, *FEW, "--json",
                   *(word for setting in extra for word in ("--set", setting)), cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    folder = tmp_path / result["run"]
    assert folder.parent == tmp_path / "runs"
    for name in ("mesh.glb", "turntable.mp4", "turntable.png", "index.html", "run.json", "stats.jsonl", "log.txt"):
        assert (folder / name).stat().st_size > 0, name
    assert (folder / "views.png").is_file() == (method != "sds")
    if method != "sds":  # the best of the candidates is the one made
        views, candidates = load_image(folder / "views.png"), load_image(folder / "candidates.png")
        assert candidates.shape[0] == 3 * views.shape[0] and (candidates[: views.shape[0]] == views).all()
        # what a resumed run reads is in the cache, which --restart deletes: another seed's views are drawn anew
        assert (folder / "cache" / "view-00.png").is_file() and not list(folder.glob("view-*.png"))
    rate = json.loads((folder / "stats.jsonl").read_text().splitlines()[-1])["learning_rate"]
    settings = json.loads((folder / "run.json").read_text())["settings"]["to3d"]["optimizer"]
    low = settings["final_learning_rate_fraction"]
    assert (rate < settings["learning_rate"]) == (low < 1) and rate >= low * settings["learning_rate"]
    mesh = trimesh.load_scene(folder / "mesh.glb").to_geometry()
    assert 0 < len(mesh.faces) <= 600
    assert "wings" in done.stderr  # a word that the model was not trained on
    exported = mvdream("export", "--format", "obj", cwd=tmp_path)
    assert exported.returncode == 0, exported.stderr
    assert (folder / "mesh.obj").is_file() and any(folder.glob("mesh-*-color.png"))


FIRST = (*FEW, "--set", "to3d.reconstruction.resolution=32", "--set", "to3d.reconstruction.fit_steps=5")


def test_a_film_that_cannot_be_written_is_left_out_and_the_object_stands(reconstructing_folder, tmp_path, monkeypatch):
    tool = tmp_path / "ffmpeg"
    tool.write_text('#!/bin/sh\nfor last; do :; done\nhead -c 50 > "$last"\necho "no room" >&2\nexit 3\n')
    tool.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tool))
    done = mvdream("to3d", "a red dog", "--model", reconstructing_folder, "--out", "run", *FIRST, cwd=tmp_path)
    assert done.returncode == 0 and "warning: run/turntable.mp4: ffmpeg failed with exit code 3 (no room)" in done.stderr
    left = {path.name for path in (tmp_path / "run").iterdir() if "turntable" in path.name}
    assert left == {"turntable.png"} and (tmp_path / "run" / "index.html").is_file() and "turntable.mp4" not in done.stdout


def test_a_model_that_reconstructs(reconstructing_folder, tmp_path):
    done = mvdream("to3d", "a red dog", "--model", reconstructing_folder, "--out", "run", *FIRST, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "fitting the surface: 5/5" in done.stderr, done.stderr
    assert "fitting: " not in done.stderr and "distilling" not in done.stderr  # as the preset has it
    for name in ("mesh.glb", "views.png", "reconstruction.npz", "index.html"):
        assert (tmp_path / "run" / name).stat().st_size > 0, name
    exported = mvdream("export", "run", "--format", "ply", "--faces", 200, cwd=tmp_path)
    assert exported.returncode == 0, exported.stderr
    assert 0 < len(trimesh.load(tmp_path / "run" / "mesh.ply").faces) <= 220
    refined = mvdream("to3d", "a red dog", "--model", reconstructing_folder, "--out", "refined", *FIRST, "--set",
                      "to3d.reconstruction.refine=true", cwd=tmp_path)  # fmt: skip
    assert refined.returncode == 0 and "distilling: 4/4" in refined.stderr, refined.stderr
    assert "fitting: " not in refined.stderr  # the field begins with what is seen
    assert not (tmp_path / "refined" / "reconstruction.npz").exists()


def test_pictures_with_cameras(reconstructing_folder, tiny_folder, tmp_path):
    """What `sample-views` leaves goes through a reconstructor, or is fitted where there is none."""
    sampled = mvdream("sample-views", "a red dog", "--model", tiny_folder, "--steps", 2, "--out", "views", "--preset", "cpu",
                      cwd=tmp_path)  # fmt: skip
    assert sampled.returncode == 0, sampled.stderr
    done = mvdream("to3d", "--from-views", "views", "--model", reconstructing_folder, "--out", "run", *FIRST, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "mesh.glb").is_file() and (tmp_path / "run" / "views.png").is_file()
    again = mvdream("to3d", "--from-views", "views", "--model", reconstructing_folder, "--out", "run", *FIRST, cwd=tmp_path)
    assert "already finished" in again.stderr
    fitted = mvdream("to3d", "--from-views", "views", "--model", tiny_folder, "--out", "fitted", *FIRST, cwd=tmp_path)
    assert fitted.returncode == 0 and "has no reconstructor: the object is fitted" in fitted.stderr, fitted.stderr
    (tmp_path / "views" / "cameras.json").unlink()
    missing = mvdream("to3d", "--from-views", "views", "--model", tiny_folder, "--out", "other", *FIRST, cwd=tmp_path)
    assert missing.returncode == 1 and "cameras.json is missing" in missing.stderr
    asked = mvdream("to3d", "a red dog", "--method", "reconstruct", "--model", tiny_folder, *FIRST, cwd=tmp_path)
    assert asked.returncode == 2 and "has no reconstructor; train one" in asked.stderr, asked.stderr


def test_a_file_of_prompts(tiny_folder, tmp_path):
    (tmp_path / "prompts.txt").write_text(
        'a red dog\n\n{"prompt": "a car", "model": "nowhere"}\n{"prompt": "a cat", "seed": 7}\n'
        '{"prompt": "=1+1"\n{"prompt": "a \\u001b[2J cow", "to3d.nothing": 1}\n'
    )
    command = ["to3d", "--prompts", "prompts.txt", "--model", tiny_folder, "--out", "many", *FEW]
    done = mvdream(*command, cwd=tmp_path)
    assert done.returncode == 3 and "3 of 5 prompts failed" in done.stderr, done.stderr
    rows = list(csv.DictReader((tmp_path / "many" / "prompts.csv").open()))
    assert [row["status"] for row in rows] == ["finished", "failed", "finished", "failed", "failed"]
    assert rows[2]["seed"] == "7"
    assert "prompts.txt, line 5: cannot be read" in rows[3]["error"] and "to3d.nothing: unknown" in rows[4]["error"]
    assert "\x1b" not in done.stderr + rows[4]["prompt"] and "\\x1b[2J cow" in done.stderr
    assert "nowhere" in rows[1]["error"] and (tmp_path / rows[2]["mesh"]).is_file()
    assert load_image(tmp_path / "many" / "contact_sheet.png").shape[:2] == (256, 12 * 128)
    assert done.stderr.count(f"{DTYPE}:") == 1  # one load of the model
    again = mvdream(*command, cwd=tmp_path)
    assert again.stderr.count("already finished") == 2 and "fitting" not in again.stderr
    neither = mvdream("to3d", cwd=tmp_path)
    assert neither.returncode == 2 and "--prompts FILE" in neither.stderr


def test_killed_and_resumed_equals_uninterrupted(tiny_folder, tmp_path):
    command = ["to3d", "a red dog", "--model", tiny_folder, *FEW]
    assert mvdream(*command, "--out", "whole", cwd=tmp_path).returncode == 0
    process = start(*command, "--out", "killed", cwd=tmp_path, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 240
    while not list((tmp_path / "killed" / "checkpoints").glob("step-*[0-9]")) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "killed" / "mesh.glb").exists()
    resumed = mvdream(*command, "--out", "killed", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    first, second = field_of(tmp_path / "whole"), field_of(tmp_path / "killed")
    assert first.keys() == second.keys() and all((first[key] == second[key]).all() for key in first)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([""], 2, "empty"),
        (["x" * 10_000], 2, "10000"),
        (["a dog", "--model", "nowhere"], 1, "nowhere"),
        (["a dog", "--preset", "cpi"], 2, "cpu"),
        (["a dog", "--set", "to3d.stps=3"], 2, "to3d.distillation.steps"),
        (["a dog", "--set", "nonsense"], 2, "section.key=value"),
        (["a dog", "--steps", "-4"], 2, "steps"),
        (["a dog", "--out", "/proc/nothing"], 1, "--out"),
    ],
)
def test_bad_input_is_one_sentence(arguments, code, says, tmp_path):
    done = mvdream("to3d", *arguments, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert says in done.stderr and "Traceback" not in done.stderr
    assert not list(tmp_path.rglob("*.glb"))
