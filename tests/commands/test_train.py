"""Training through the command line, as a user runs it."""

import json
import shutil
import signal
import subprocess
import time

import pytest
from conftest import mvdream, start
from PIL import Image
from safetensors.torch import load_file

from mvdream_cli.data.views import encode_object, index_views, load, write_object

pytestmark = pytest.mark.numeric

COMMON = ("--preset", "cpu", "--set", "train.architecture=tiny", "--set", "train.batch_size=4", "--set",
          "engine.preview_every=0", "--set", "train.save_half=false", "--set", "engine.threads=1")  # fmt: skip


def unet_of(folder):
    return load_file(folder / "model" / "unet" / "diffusion_pytorch_model.safetensors")


@pytest.mark.parametrize("component", ["vae", "clip", "prior", "unet"])
def test_each_component_trains_and_leaves_a_model(component, view_set, tmp_path):
    done = mvdream("train", "--data", view_set, "--component", component, "--steps", 2, "--out", "run", "--json", *COMMON,
                   cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "finished"
    again = mvdream("train", "--data", view_set, "--component", component, "--steps", 2, "--out", "run", *COMMON,
                    cwd=tmp_path)  # fmt: skip
    assert again.returncode == 0 and "finished" in again.stderr
    next_ = mvdream("train", "--data", view_set, "--steps", 1, "--init", "run/model", "--out", "next", *COMMON,
                    cwd=tmp_path)  # fmt: skip
    assert next_.returncode == 0, next_.stderr


def test_float16_trains_with_a_scaled_loss(view_set, tmp_path):
    command = ["train", "--data", view_set, "--init", "first/model", *COMMON, "--set", "train.optimizer.learning_rate=1e-3"]
    first = mvdream(*command[:3], *COMMON, "--steps", 1, "--out", "first", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    half = ("--set", "engine.dtype=float16", "--set", "train.optimizer.warmup_steps=0")
    done = mvdream(*command, *half, "--steps", 12, "--out", "half", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    last = json.loads((tmp_path / "half" / "stats.jsonl").read_text().splitlines()[-1])
    assert last["skipped"] == 0 and last["loss"] < 10
    before, after = unet_of(tmp_path / "first"), unet_of(tmp_path / "half")
    assert any((before[key].float() - after[key].float()).abs().max() > 1e-3 for key in before)
    kept = json.loads((tmp_path / "half" / "checkpoints" / "step-00000012" / "state.json").read_text())["plain"]
    assert kept["scaler.scale"] >= 1


def test_killed_and_resumed_equals_uninterrupted(view_set, tmp_path):
    command = ["train", "--data", view_set, "--steps", 8, "--set", "engine.checkpoint_every=3", *COMMON]
    whole = mvdream(*command, "--out", "whole", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    process = start(*command, "--out", "killed", cwd=tmp_path, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 240
    while not (tmp_path / "killed" / "checkpoints" / "step-00000003").is_dir() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    resumed = mvdream(*command, "--out", "killed", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    first, second = unet_of(tmp_path / "whole"), unet_of(tmp_path / "killed")
    assert all((first[key] == second[key]).all() for key in first)


def test_changed_settings_and_missing_data_are_refused(view_set, tmp_path):
    assert mvdream("train", "--data", view_set, "--steps", 1, "--out", "run", *COMMON, cwd=tmp_path).returncode == 0
    other = ("--set", "train.optimizer.learning_rate=0.5")
    changed = mvdream("train", "--data", view_set, "--steps", 2, "--out", "run", *COMMON, *other, cwd=tmp_path)
    assert changed.returncode == 1 and "learning_rate" in changed.stderr and "--restart" in changed.stderr
    missing = mvdream("train", "--data", "nowhere", *COMMON, cwd=tmp_path)
    assert missing.returncode == 1 and "nowhere" in missing.stderr and "Traceback" not in missing.stderr
    assert mvdream("train", *COMMON, cwd=tmp_path).returncode == 2


def test_a_data_set_that_changed_is_not_trained_with_what_was_made_of_the_old_one(view_set, tmp_path):
    """Latents in the cache belong to the pictures that they were made from, and a checkpoint to its data."""
    data = tmp_path / "views"
    shutil.copytree(view_set, data)
    command = ["train", "--data", data, "--steps", 2, "--out", "run", *COMMON]
    assert mvdream(*command, cwd=tmp_path).returncode == 0
    one, other = sorted(data.glob("views-*.tar"))[0], tmp_path / "again"
    rendered = mvdream("data", "render", "toybox", "--objects", 8, "--views", 4, "--size-px", 32, "--seed", 5, "--out", other,
                       "--set", "data.workers=1", cwd=tmp_path)  # fmt: skip
    assert rendered.returncode == 0, rendered.stderr
    new = sorted(other.glob("views-*.tar"))[0]
    shutil.copy(new, one)
    shutil.copy(new.with_suffix(".json"), one.with_suffix(".json"))
    changed = mvdream(*command, cwd=tmp_path)
    assert changed.returncode == 1 and "data_identity" in changed.stderr, changed.stderr
    again = mvdream(*command, "--restart", cwd=tmp_path)
    assert again.returncode == 0, again.stderr


def test_pictures_with_captions_are_for_the_2d_mode_and_refused_early(tmp_path):
    """And the size of the views, which is not that of the fresh model, becomes the model's."""
    rendered = mvdream("data", "render", "toybox", "--objects", 4, "--views", 4, "--size-px", 48, "--out", "views", "--set",
                       "data.workers=1", cwd=tmp_path)  # fmt: skip
    assert rendered.returncode == 0, rendered.stderr
    (tmp_path / "pictures").mkdir()
    for k in range(3):
        Image.new("RGB", (40, 30), (200, 60 * k, 10)).save(tmp_path / "pictures" / f"{k}.jpg")
        (tmp_path / "pictures" / f"{k}.txt").write_text(f"a picture {k}")
    command = ["train", "--data", "views", *COMMON, "--set", "train.suffix=, 3d asset", "--steps", 2]
    only_2d = ("--images", "pictures", "--set", "train.unet.single_image_probability=1", "--set", "engine.log_every=1")
    done = mvdream(*command, *only_2d, "--out", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "loss_2d" in (tmp_path / "run" / "stats.jsonl").read_text()
    model = tmp_path / "run" / "model"
    assert json.loads((model / "model_index.json").read_text())["caption_suffix"] == ", 3d asset"
    assert json.loads((model / "unet" / "config.json").read_text())["sample_size"] == 12  # of the tiny model as it is built 8
    (tmp_path / "empty").mkdir()
    refused = mvdream(*command, "--images", "empty", "--out", "other", cwd=tmp_path)
    assert refused.returncode == 1 and "neither a multi-view set nor captioned pictures" in refused.stderr
    assert "encoding" not in refused.stderr and not (tmp_path / "other").exists()


def test_over_random_grays_killed_and_resumed_equals_uninterrupted(view_set, tmp_path):
    """Views are then read and encoded at each step."""
    command = ["train", "--data", view_set, *COMMON, "--set", "train.unet.background=null", "--set", "data.workers=2"]
    checkpoints = ("--set", "engine.checkpoint_every=2", "--set", "train.optimizer.final_learning_rate_fraction=1")
    assert mvdream(*command, *checkpoints, "--steps", 4, "--out", "whole", cwd=tmp_path).returncode == 0
    for steps in (2, 4):  # train.steps is free to grow
        done = mvdream(*command, *checkpoints, "--steps", steps, "--out", "parts", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    first, second = unet_of(tmp_path / "whole"), unet_of(tmp_path / "parts")
    assert all((first[key] == second[key]).all() for key in first)


def without_pictures(view_set, folder, *missing):
    """The set in the folder form, without the pictures `ID/NAME`."""
    for entry in index_views(view_set):
        rgba, c2w, fovy_deg, caption = load(entry)
        meta = {"id": entry.id, "caption": caption, "c2w": c2w.tolist(), "fovy_deg": fovy_deg.tolist()}
        write_object(folder, entry.id, encode_object(rgba, meta))
    for name in missing:
        (folder / name).unlink()
    return folder


def test_objects_that_are_not_whole_are_left_out_by_name(view_set, tmp_path):
    data = without_pictures(view_set, tmp_path / "views", "toy-3/001.png")
    done = mvdream("train", "--data", data, "--steps", 1, "--out", "run", *COMMON, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "1 object is left out: toy-3" in done.stderr and "views 1 are missing" in done.stderr
    assert "training unet on 7 objects" in done.stderr


def test_fewer_views_than_are_learnt_together_are_refused(view_set, tmp_path):
    more = ("--set", "train.unet.views_per_object=8")
    done = mvdream("train", "--data", view_set, "--steps", 1, "--out", "run", *COMMON, *more, cwd=tmp_path)
    assert done.returncode == 1 and "have 4 views, fewer than train.unet.views_per_object (8)" in done.stderr
    three = ("--set", "train.unet.views_per_object=3")
    done = mvdream("train", "--data", view_set, "--steps", 1, "--out", "other", *COMMON, *three, cwd=tmp_path)
    assert done.returncode == 0 and "4 views are no multiple of 3" in done.stderr, done.stderr


def test_a_part_of_a_set_is_held_out_for_validation(view_set, tmp_path):
    values = ("validation.every=2", "validation.objects=3", "validation.fraction=0.4", "unet.background=null", "unet.grays=2")
    more = [f"--set=train.{value}" for value in values]
    done = mvdream("train", "--data", view_set, "--steps", 3, "--out", "run", *COMMON, *more, cwd=tmp_path)
    assert done.returncode == 0 and "held out" in done.stderr, done.stderr
    lines = [json.loads(line) for line in (tmp_path / "run" / "stats.jsonl").read_text().splitlines()]
    told = [line["step"] for line in lines if "validation_loss" in line]
    assert told == [2, 3] and "validation_t900_999" in [key for line in lines for key in line]
    none = ("--set", "train.validation.every=2", "--set", "train.validation.fraction=0")
    refused = mvdream("train", "--data", view_set, "--steps", 3, "--out", "other", *COMMON, *none, cwd=tmp_path)
    assert refused.returncode == 1 and "leaves 0 to validate with and 8 to learn" in refused.stderr


TOYBOX = ("train", "--data", "toybox", *COMMON, "--set", "data.size_px=32")


RECONSTRUCTOR = ("--component", "reconstructor", "--set", "train.reconstructor.points=50", "--set",
                 "train.reconstructor.points_per_object=200", "--set", "train.reconstructor.redraw_steps=1")  # fmt: skip


def reconstructor_of(folder):
    return load_file(folder / "model" / "reconstructor" / "diffusion_pytorch_model.safetensors")


def test_a_reconstructor_killed_and_resumed_with_other_workers_equals_uninterrupted(tiny_folder, tmp_path):
    command = [*TOYBOX, *RECONSTRUCTOR, "--init", tiny_folder, "--steps", 6, "--set", "engine.checkpoint_every=2",
               "--set", "train.stream.repeats=2", "--set", "train.optimizer.warmup_steps=0"]  # fmt: skip
    whole = mvdream(*command, "--out", "whole", "--set", "data.workers=1", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    process = start(*command, "--out", "killed", "--set", "data.workers=1", cwd=tmp_path, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 240
    while not (tmp_path / "killed" / "checkpoints" / "step-00000002").is_dir() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    resumed = mvdream(*command, "--out", "killed", "--set", "data.workers=2", cwd=tmp_path)
    assert resumed.returncode == 0 and "resumed from step" in resumed.stderr, resumed.stderr
    first, second = reconstructor_of(tmp_path / "whole"), reconstructor_of(tmp_path / "killed")
    assert all((first[key] == second[key]).all() for key in first)
    made = mvdream("to3d", "a red dog", "--model", tmp_path / "whole", "--dry-run", cwd=tmp_path)
    assert made.returncode == 0, made.stderr


def test_a_reconstructor_learns_from_a_set_with_points_only(point_set, view_set, tmp_path):
    done = mvdream("train", "--data", point_set, *RECONSTRUCTOR, "--steps", 2, "--out", "run", *COMMON, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    refused = mvdream("train", "--data", view_set, *RECONSTRUCTOR, "--steps", 2, "--out", "other", *COMMON, cwd=tmp_path)
    assert refused.returncode == 1 and "holds no points" in refused.stderr and "data.points=6144" in refused.stderr


@pytest.mark.parametrize("component", ["vae", "clip", "prior"])
def test_components_learn_from_the_toybox_as_it_is_drawn(component, tmp_path):
    done = mvdream(*TOYBOX, "--component", component, "--steps", 2, "--out", "run", "--set", "data.workers=1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "dog" in json.loads((tmp_path / "run" / "model" / "words.json").read_text())


@pytest.mark.parametrize("repeats", [1, 2])
def test_a_stream_killed_and_resumed_with_other_workers_equals_uninterrupted(repeats, tmp_path):
    command = [*TOYBOX, "--steps", 8, "--set", "engine.checkpoint_every=3", "--set", f"train.stream.repeats={repeats}"]
    whole = mvdream(*command, "--out", "whole", "--set", "data.workers=1", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    one = ("--set", "data.workers=1")
    process = start(*command, "--out", "killed", *one, cwd=tmp_path, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 240
    while not (tmp_path / "killed" / "checkpoints" / "step-00000003").is_dir() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    resumed = mvdream(*command, "--out", "killed", "--set", "data.workers=3", "--set", "train.stream.ahead=1", cwd=tmp_path)
    assert resumed.returncode == 0 and "resumed from step" in resumed.stderr, resumed.stderr
    first, second = unet_of(tmp_path / "whole"), unet_of(tmp_path / "killed")
    assert all((first[key] == second[key]).all() for key in first)
    other = mvdream(*command, "--out", "whole", "--set", "data.toybox.kinds=[cat]", "--set", "data.workers=1", cwd=tmp_path)
    assert other.returncode == 1 and "data_identity" in other.stderr


def test_a_prior_learns_from_views_of_the_models_size(view_set, tiny_folder, tmp_path):
    """A fresh model takes the size of the set's views; one that draws another size says which set it needs."""
    fresh = mvdream("train", "--data", view_set, "--component", "prior", "--steps", 1, "--out", "fresh", *COMMON, cwd=tmp_path)
    assert fresh.returncode == 0, fresh.stderr
    wide = tmp_path / "wide"
    shutil.copytree(tiny_folder, wide)
    config = wide / "unet" / "config.json"
    config.write_text(config.read_text().replace('"sample_size": 8', '"sample_size": 12'))
    done = mvdream("train", "--data", view_set, "--component", "prior", "--init", wide, "--steps", 1, "--out", "run", *COMMON,
                   cwd=tmp_path)  # fmt: skip
    assert done.returncode == 2 and "its views have 32 px" in done.stderr and "data.size_px=48" in done.stderr
