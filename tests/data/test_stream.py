"""Objects drawn on the way: a batch is a function of (seed, step), whoever draws it and whatever is broken."""

import multiprocessing
import os
import signal
import sys

import numpy as np
import pytest
import torch
import trimesh
from workers import workers_end_with

from mvdream_cli.data.sources import AssetSource
from mvdream_cli.data.stream import Stream, StreamLaw, contrasting_gray
from mvdream_cli.data.streamed import StreamedLatents, StreamedPictures
from mvdream_cli.data.training_cameras import CameraDistribution
from mvdream_cli.errors import DataError
from mvdream_cli.parts import Part
from mvdream_cli.raycast.mesh import Mesh

WHOLE = Part(0, 6, 6)
RIG = CameraDistribution((37.5, 37.5), (15.0, 15.0), (1.2, 1.2))
LAW = StreamLaw(4, 24, 0.7, RIG, CameraDistribution((30, 45), (0, 30), (1.15, 1.25)), first_views=8)
SLOW = """
import os, sys, time
from mvdream_cli.data.sources import AssetSource
from mvdream_cli.data.stream import Stream, StreamLaw
from mvdream_cli.data.training_cameras import CameraDistribution

def slow(seed, index, telling):
    with open(sys.argv[1] + f"/{os.getpid()}.pid", "w"):
        time.sleep(300)

law = StreamLaw(4, 16, 0.7, CameraDistribution(), CameraDistribution())
Stream(slow, law, seed=0, batch_size=8, workers=2).batch(0)
"""


class Box:
    """A box of a size and color of its own; `broken` ones have no faces, `deadly` ones end the process."""

    def __init__(self, seed: int, index: int, broken: bool = False, deadly: bool = False):
        self.seed, self.index, self.broken, self.deadly = seed, index, broken, deadly

    def __call__(self) -> Mesh:
        if self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.broken:
            raise ValueError("no faces")
        rng = np.random.default_rng((self.seed, self.index))
        box = trimesh.creation.box(rng.uniform(0.4, 1.0, 3))
        return Mesh.from_part(box.vertices, box.faces, np.tile(rng.random(3), (8, 1)))


def boxes(seed: int, index: int, telling: int) -> AssetSource:
    return AssetSource(f"box-{index}", Box(seed, index), f"box {index}" + " again" * telling)


def some_broken(seed: int, index: int, telling: int) -> AssetSource:
    return AssetSource(f"box-{index}", Box(seed, index, broken=index < 100 and index % 5 == 3), f"box {index}")


def all_broken(seed: int, index: int, telling: int) -> AssetSource:
    return AssetSource(f"box-{index}", Box(seed, index, broken=True), "nothing")


def deadly(seed: int, index: int, telling: int) -> AssetSource:
    return AssetSource(f"box-{index}", Box(seed, index, deadly=index == 9), "nothing")


def stream(draw=boxes, workers=0, law=LAW, **options) -> Stream:
    return Stream(draw, law, **{"seed": 1, "batch_size": 6, "workers": workers} | options)


def same(one, other) -> bool:
    arrays = zip((one.rgba, one.c2w), (other.rgba, other.c2w), strict=True)
    return all(np.array_equal(a, b) for a, b in arrays) and one.captions == other.captions and one.broken == other.broken


@pytest.mark.parametrize("draw", [boxes, some_broken])
def test_a_batch_is_a_function_of_seed_and_step(draw):
    with stream(draw) as alone, stream(draw, 1) as one, stream(draw, 3) as three:
        expected = [alone.batch(i) for i in range(4)]
        assert all(same(one.batch(i), expected[i]) for i in range(4))
        assert same(three.batch(2), expected[2]) and same(three.batch(3), expected[3])  # as after an interruption
        assert same(three.batch(0), expected[0])  # and after going back
        assert one.broken == alone.broken == (5 if draw is some_broken else 0)
    assert expected[0].rgba.shape == (6, 4, 24, 24, 4) and expected[0].captions[1] == ("box 1",)
    assert not same(expected[0], expected[1])
    assert not np.array_equal(stream(draw, seed=2).batch(0).rgba, expected[0].rgba)


def test_processes_draw_their_places_of_one_batch():
    whole, parts = stream().batch(3), [stream(places=range(0, 2)).batch(3), stream(places=range(2, 6)).batch(3)]
    assert np.array_equal(np.concatenate([part.rgba for part in parts]), whole.rgba)
    assert [caption for part in parts for caption in part.captions] == whole.captions


def test_broken_objects_are_replaced_counted_and_told_once():
    said = []
    broken = stream(some_broken, say=said.append)
    batch, whole = broken.batch(0), stream().batch(0)
    different = [k for k in range(6) if not np.array_equal(batch.rgba[k], whole.rgba[k])]
    assert different == [3] and batch.captions[3] != ("box 3",) and len(set(batch.captions)) == len(batch.rgba) == 6
    broken.batch(1)
    assert len(said) == 1 and "box-3: ValueError: no faces" in said[0] and broken.broken == 2
    with pytest.raises(DataError, match="20 objects in a row cannot be drawn"):
        stream(all_broken).batch(0)


def test_a_worker_that_is_ended_is_told_in_a_sentence():
    with stream(deadly, 1) as ended, pytest.raises(DataError, match=r"data\.workers"):
        for i in range(3):
            ended.batch(i)


def test_no_more_is_drawn_ahead_than_allowed():
    with stream(workers=1, ahead=2) as bounded:
        for i in range(3):
            bounded.batch(i)
            assert set(bounded._jobs) == {i + 1, i + 2}
        bounded.batch(40)
        assert set(bounded._jobs) == {41, 42}


def test_a_stream_that_is_left_has_no_workers_any_more():
    before = set(multiprocessing.active_children())
    with Stream(boxes, LAW, seed=1, batch_size=12, workers=2, ahead=3) as stream:
        stream.batch(0)
        assert set(multiprocessing.active_children()) - before
    assert not set(multiprocessing.active_children()) - before


def test_most_objects_are_seen_as_to3d_asks_for_them():
    c2w = stream(batch_size=120, law=LAW.__class__(**LAW.__dict__ | {"size_px": 16, "samples": 1})).batch(0).c2w
    position = c2w[..., :3, 3]
    elevation_deg = np.rad2deg(np.arcsin(position[:, 0, 2] / np.linalg.norm(position[:, 0], axis=-1)))
    front = (abs(elevation_deg - 15) < 1e-3) & (abs(position[:, 0, 1]) < 1e-4) & (position[:, 0, 0] > 0)
    assert 0.55 < front.mean() < 0.85
    others = np.rad2deg(np.arctan2(position[~front, 0, 0], -position[~front, 0, 1])) % 360
    assert len(set(np.round(others).tolist())) > 4 and np.ptp(elevation_deg[~front]) > 10


def encode(images):
    """As an autoencoder without a posterior."""
    return images.movedim(-1, 1)[:, :, ::8, ::8], None


def encode_widely(images):
    mean = encode(images)[0]
    return mean, torch.full_like(mean, 0.5)


def test_parts_of_a_batch_are_the_batch():
    """Also where the memory was short, and parts became smaller."""
    latents = StreamedLatents(stream(), encode, device=torch.device("cpu"), background=0.5, batch_size=4)
    whole, cameras, captions = latents.draw(2, WHOLE, 4)
    parts = [latents.draw(2, part, 4) for part in (Part(0, 2, 6), Part(2, 3, 6), Part(3, 6, 6))]
    assert torch.equal(torch.cat([part[0] for part in parts]), whole) and whole.shape == (24, 3, 3, 3)
    assert torch.equal(torch.cat([part[1] for part in parts]), cameras) and cameras.shape == (24, 16)
    assert [caption for part in parts for caption in part[2]] == captions
    single, _, texts = latents.draw(2, WHOLE.each(4), 1)
    assert torch.equal(single, whole) and texts[:5] == [captions[0]] * 4 + [captions[1]]


def test_objects_that_are_shown_several_times_are_a_function_of_the_step_too():
    law = LAW.__class__(**LAW.__dict__ | {"tellings": 3})

    def latents(workers=0):
        options = {"background": None, "batch_size": 4, "repeats": 3, "keep": 2}
        return StreamedLatents(stream(law=law, workers=workers), encode, device=torch.device("cpu"), **options)

    whole, shown, told = latents(), [], set()
    steps = [whole.draw(i, WHOLE, 4) for i in range(15)]
    resumed = latents(1)
    for i in (9, 10, 14):
        again = resumed.draw(i, WHOLE, 4)
        assert all(torch.equal(a, b) for a, b in zip(again[:2], steps[i][:2])) and again[2] == steps[i][2]
    for _, _, captions in steps:
        assert len({caption.replace(" again", "") for caption in captions}) == 6  # none twice in a step
        shown += [int(caption.split()[1]) for caption in captions]
        told |= {caption.partition(" ")[2].partition(" ")[2] for caption in captions}
    assert max(shown) < 5 * 6 and len(set(shown)) > 20 and told == {"", "again", "again again"}
    assert {caption for caption in steps[14][2]} <= {f"box {k}" + " again" * t for k in range(18, 30) for t in range(3)}
    with whole.stream:
        single, _, texts = whole.draw(14, WHOLE.each(4), 1)
    assert torch.equal(single, steps[14][0]) and len(texts) == 24


@pytest.mark.parametrize("background", [None, 0.5])
def test_the_gray_is_another_one_each_time_an_object_is_seen(background):
    """The corner of these pictures shows nothing but the gray."""
    options = {"background": background, "batch_size": 4, "repeats": 3, "keep": 1}
    latents = StreamedLatents(stream(), encode, device=torch.device("cpu"), **options)
    seen = {}
    for i in range(3):  # the same batch three times
        corners, _, captions = latents.draw(i, WHOLE, 4)
        for caption, corner in zip(captions, corners[::4, 0, 0, 0].tolist()):
            seen.setdefault(caption, []).append(round(corner, 4))
    assert len(seen) == 6 and all(len(set(grays)) == (3 if background is None else 1) for grays in seen.values())
    again = StreamedLatents(stream(), encode, device=torch.device("cpu"), **options).draw(2, Part(3, 6, 6), 4)
    assert torch.equal(again[0], corners_of(latents, 2))


def corners_of(latents, i):
    return latents.draw(i, WHOLE, 4)[0][12:]


@pytest.mark.parametrize("background", [None, 0.5])
def test_latents_of_a_stream_are_samples_of_their_posteriors(background):
    latents = StreamedLatents(stream(), encode_widely, device=torch.device("cpu"), background=background, batch_size=4)
    first, second = (latents.draw(0, Part(0, 6, 6, (attempt,)), 4)[0] for attempt in range(2))
    assert 0.6 < (first - second).std() < 0.8  # sqrt(2) / 2


def test_pictures_are_single_views():
    pictures = StreamedPictures(stream(law=LAW.__class__(**LAW.__dict__ | {"single": True})))
    images, captions = pictures.draw(0, Part(3, 6, 6), crop_px=16)
    assert images.shape == (3, 16, 16, 3) and captions == ["box 3", "box 4", "box 5"]
    assert pictures.sample(5).shape == (5, 24, 24, 3)


def test_gray_things_stand_before_another_gray():
    rgba = np.full((2, 1, 8, 8, 4), 128, np.uint8)
    rgba[1, ..., :3] = 250
    rgba[:, :, :4, :, 3] = 0
    rgba[:, :, :4, :, :3] = 0  # what is not there does not count
    assert contrasting_gray(rgba, np.array([[0.5, 0.9], [0.9, 0.2]])).tolist() == [0.9, 0.2]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process is not told that its parent has ended")
def test_workers_end_when_their_parent_is_killed(tmp_path):
    workers_end_with(SLOW, tmp_path)
