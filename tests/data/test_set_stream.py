"""A rendered set that is read while the training goes on: a function of seed and step, whatever reads it."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import toy_sources

from mvdream_cli.data.render_set import render_dataset
from mvdream_cli.data.set_stream import SetStream
from mvdream_cli.data.streamed import StreamedLatents
from mvdream_cli.data.views import index_views, load, load_points
from mvdream_cli.errors import DataError
from mvdream_cli.parts import Part


def stream(view_set, **changes):
    return SetStream(index_views(view_set), **{"views": 4, "seed": 0, "batch_size": 6} | changes)


def test_a_batch_is_a_function_of_seed_and_step(view_set):
    one, other = stream(view_set), stream(view_set, workers=3, ahead=0)
    for i in (0, 1, 7):
        a, b = one.batch(i), other.batch(i)
        assert np.array_equal(a.rgba, b.rgba) and np.array_equal(a.c2w, b.c2w) and a.captions == b.captions
    assert a.rgba.shape == (6, 4, 32, 32, 4) and set(one._jobs) == {8, 9}
    assert not np.array_equal(stream(view_set, seed=1).batch(0).rgba, one.batch(0).rgba)


def test_views_are_those_of_the_object_from_a_random_first_on(view_set):
    entries, batch = {entry.caption: entry for entry in index_views(view_set)}, stream(view_set, batch_size=30).batch(0)
    firsts = set()
    for rgba, c2w, (caption,) in zip(batch.rgba, batch.c2w, batch.captions):
        pictures, cameras, _, _ = load(entries[caption])
        first = next(k for k in range(4) if np.array_equal(c2w[0], cameras[k]))
        assert np.array_equal(rgba, np.roll(pictures, -first, 0)) and np.array_equal(c2w, np.roll(cameras, -first, 0))
        firsts.add(first)
    assert firsts == {0, 1, 2, 3}
    opposite = stream(view_set, views=2).batch(0).c2w[:, :, :2, 3]
    np.testing.assert_allclose(opposite[:, 0], -opposite[:, 1], atol=1e-5)


def test_latents_are_encoded_anew_over_plain_random_grays(view_set):
    """All grays are as likely as any other; the toybox's contrast with the object."""

    def corner(images):
        return images.movedim(-1, 1)[:, :1, :1, :1], None

    latents = StreamedLatents(
        stream(view_set, batch_size=40), corner, device=torch.device("cpu"), background=None, contrast=False, batch_size=16
    )
    grays = torch.cat([latents.draw(i, Part(0, 40, 40), 4)[0][::4] for i in range(5)]).flatten()
    assert abs(grays.mean() - 0.5) < 0.08 and abs(grays.std() - 12**-0.5) < 0.05 and len(set(grays.tolist())) > 190


def test_processes_read_their_places_of_one_batch(view_set):
    whole, parts = stream(view_set).batch(3), [stream(view_set, places=range(*edges)).batch(3) for edges in ((0, 1), (1, 6))]
    assert np.array_equal(np.concatenate([part.rgba for part in parts]), whole.rgba)
    assert [caption for part in parts for caption in part.captions] == whole.captions


def test_every_object_comes_once_an_epoch(view_set):
    seen = [stream(view_set, batch_size=4).batch(i).captions for i in range(4)]
    assert all(len({told for batch in epoch for told in batch}) == 8 for epoch in (seen[:2], seen[2:]))
    odd = stream(view_set, batch_size=3, apart=True)  # two batches of three an epoch: none holds an object twice
    assert all(len(set(odd.numbers(i).tolist())) == 3 for i in range(40))
    assert len({k for i in range(40) for k in odd.numbers(i).tolist()}) == 8


def spoiled(view_set, folder, *, entry, content=None):
    """A copy of the set whose object number `entry` has pictures that are not what was written, or those of another size."""
    shutil.copytree(view_set, folder)
    found = index_views(folder)
    with found[entry].path.open("r+b") as shard:
        for offset, length in found[entry].spans:
            shard.seek(offset)
            shard.write(content if content is not None else b"x" * length)
    return found


def test_an_object_that_cannot_be_read_is_replaced_by_another_one_always_the_same(view_set, tmp_path):
    entries, said = spoiled(view_set, tmp_path / "set", entry=2), []
    options = {"views": 4, "seed": 0, "batch_size": 8, "broken_fraction": 0.2}
    broken, whole = SetStream(entries, **options, say=said.append), stream(view_set, batch_size=8)
    place = int(np.flatnonzero(whole.numbers(1) == 2)[0])
    found, there = broken.batch(1), whole.batch(1)
    different = [k for k in range(8) if not np.array_equal(found.rgba[k], there.rgba[k])]
    assert different == [place] and found.captions[place] != there.captions[place]
    assert list(broken.broken) == [entries[2].id] and len(said) == 1 and entries[2].id in said[0]
    again = SetStream(entries, **options, places=range(place, place + 1), workers=3)
    assert np.array_equal(again.batch(1).rgba[0], found.rgba[place]) and len(said) == 1


def test_a_view_of_another_size_is_replaced_too(view_set, tmp_path):
    entries = index_views(view_set)
    small = rendered(tmp_path / "small", 16)
    found = SetStream([*entries[:7], small], views=4, seed=0, batch_size=8, broken_fraction=0.2)
    assert found.batch(0).rgba.shape == (8, 4, 32, 32, 4)
    assert "16 x 16 px, others of 32 x 32" in found.broken[small.id]


def rendered(folder, size_px):
    render_dataset(toy_sources(1), folder, num_views=4, size_px=size_px, workers=1)
    return replace(index_views(folder)[0], id="small")


def test_too_many_broken_objects_end_it_and_so_does_a_set_of_nothing_else(view_set, tmp_path):
    entries = spoiled(view_set, tmp_path / "set", entry=2)
    with pytest.raises(DataError, match=r"1 of 8 objects cannot be read, more than train.stream.broken_fraction allows"):
        SetStream(entries, views=4, seed=0, batch_size=8, broken_fraction=0.1).batch(0)
    entries[0].path.write_bytes(b"")
    with pytest.raises(DataError, match=r"views-000000.tar: .* again"):
        SetStream(entries, views=4, seed=0, batch_size=2)


def test_points_come_in_another_order_and_a_set_without_is_refused(point_set, view_set):
    drawn = stream(point_set, batch_size=5, points=True).batch(1)
    assert drawn.points.points.shape == (5, 300, 3) and drawn.rgba.shape == (5, 4, 32, 32, 4)
    again = stream(point_set, batch_size=5, points=True, workers=3).batch(1)
    assert np.array_equal(drawn.points.points, again.points.points)
    entry = {entry.caption: entry for entry in index_views(point_set)}[drawn.captions[0][0]]
    told, at = load_points(entry), drawn.points.distance[0].argsort(kind="stable")
    assert not np.array_equal(told.distance, drawn.points.distance[0])
    np.testing.assert_array_equal(np.sort(told.distance), drawn.points.distance[0][at])
    with pytest.raises(DataError, match=r"holds no points; render the set again with --set data.points=6144"):
        stream(view_set, points=True)
    with pytest.raises(DataError, match="holds 8 views of an object; 12 are asked for"):
        stream(point_set, views=12)


def test_one_object_is_a_set(view_set):
    one = SetStream(index_views(view_set)[:1], views=4, seed=0, batch_size=5)
    assert len({caption for i in range(3) for caption in one.batch(i).captions}) == 1
