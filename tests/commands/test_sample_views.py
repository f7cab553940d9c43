import json
import os

import numpy as np
import pytest
from conftest import DTYPE, mvdream

from mvdream_cli.engine.lock import NAME, lock
from mvdream_cli.images import load_image

pytestmark = pytest.mark.numeric
FEW = ("--preset", "cpu", "--steps", 2, "--set", "engine.threads=1")


def test_views_singles_and_cameras(tiny_folder, tmp_path):
    done = mvdream("sample-views", "a red dog", "--model", tiny_folder, "--samples", 2, "--views", 3, "--azimuth-deg", 30,
                   "--seed", 7, "--out", "run", *FEW, cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["run", "run/views.png", "run/cameras.json", "run/index.html"]
    sheet = load_image(tmp_path / "run" / "views.png")
    assert sheet.shape == (64, 96, 4)
    assert np.array_equal(load_image(tmp_path / "run" / "view-01-02.png"), sheet[32:, 64:])
    cameras = json.loads((tmp_path / "run" / "cameras.json").read_text())
    assert cameras["azimuth_deg"] == [30.0, 150.0, 270.0] and cameras["seeds"] == [7, 8] and len(cameras["c2w"]) == 3
    alone = mvdream("sample-views", "a red dog", "--model", tiny_folder, "--views", 3, "--azimuth-deg", 30, "--seed", 8,
                    "--out", "alone", *FEW, cwd=tmp_path)  # fmt: skip
    assert alone.returncode == 0
    difference = load_image(tmp_path / "alone" / "views.png").astype(int) - sheet[32:]
    assert abs(difference).max() <= {"float32": 1, "bfloat16": 12}[DTYPE]  # sample k does not depend on the batch


def test_unknown_words_are_named_with_near_ones(tiny_folder, tmp_path):
    done = mvdream("sample-views", "a red dgo", "--model", tiny_folder, *FEW, cwd=tmp_path)
    assert done.returncode == 0 and "'dgo' (nearest: dog" in done.stderr


def test_a_folder_is_used_by_one_process_at_a_time(tiny_folder, tmp_path):
    """This process holds the run folder; the command, another process, says who does, and works when it is free."""
    (tmp_path / "run").mkdir()
    held = lock(tmp_path / "run" / NAME, "run")
    command = ("sample-views", "a red dog", "--model", tiny_folder, "--out", "run", *FEW)
    refused = mvdream(*command, cwd=tmp_path)
    assert refused.returncode == 11 and f"pid {os.getpid()}" in refused.stderr, refused.stderr
    assert not (tmp_path / "run" / "run.json").exists()
    held.close()
    assert mvdream(*command, cwd=tmp_path).returncode == 0


def test_a_single_view_is_a_picture_without_a_camera_unless_it_is_asked_for(tiny_folder, tmp_path):
    command = ("sample-views", "a red dog", "--model", tiny_folder, "--views", 1, "--out")
    alone = mvdream(*command, "alone", *FEW, cwd=tmp_path)
    assert alone.returncode == 0, alone.stderr
    told = json.loads((tmp_path / "alone" / "cameras.json").read_text())
    assert "c2w" not in told and "without a camera" in told["convention"]
    seen = mvdream(*command, "seen", "--camera", *FEW, cwd=tmp_path)
    assert seen.returncode == 0 and len(json.loads((tmp_path / "seen" / "cameras.json").read_text())["c2w"]) == 1
    assert not np.array_equal(load_image(tmp_path / "alone" / "views.png"), load_image(tmp_path / "seen" / "views.png"))
    refused = mvdream("sample-views", "a red dog", "--model", tiny_folder, "--no-camera", *FEW, cwd=tmp_path)
    assert refused.returncode == 2 and "without a camera each view would be another object" in refused.stderr


def test_views_over_a_part_of_the_circle_at_another_size(tiny_folder, tmp_path):
    done = mvdream("sample-views", "a red dog", "--model", tiny_folder, "--views", 3, "--azimuth-deg", 30, "--azimuth-span-deg",
                   90, "--size-px", 48, "--out", "run", *FEW, cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0 and "trained with views of 32 px" in done.stderr, done.stderr
    assert load_image(tmp_path / "run" / "views.png").shape == (48, 144, 4)
    assert json.loads((tmp_path / "run" / "cameras.json").read_text())["azimuth_deg"] == [30.0, 60.0, 90.0]
    odd = mvdream("sample-views", "a red dog", "--model", tiny_folder, "--size-px", 50, *FEW, cwd=tmp_path)
    assert odd.returncode == 2 and "multiple of 4" in odd.stderr and "Traceback" not in odd.stderr
