"""A rendered set that is read while the training goes on: a function of seed and step, whatever reads it."""

import numpy as np
import pytest
import torch

from mvdream_cli.data.set_stream import SetStream
from mvdream_cli.data.streamed import StreamedLatents
from mvdream_cli.data.views import index_views, load
from mvdream_cli.errors import DataError


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
    grays = torch.cat([latents.draw(i, 0, 40, 4)[0][::4] for i in range(5)]).flatten()
    assert abs(grays.mean() - 0.5) < 0.08 and abs(grays.std() - 12**-0.5) < 0.05 and len(set(grays.tolist())) > 190


def test_a_broken_object_is_named(view_set, tmp_path):
    entries = index_views(view_set)
    (tmp_path / "views-000000.tar").write_bytes(b"")
    moved = [entry.__class__(**entry.__dict__ | {"path": tmp_path / "views-000000.tar"}) for entry in entries]
    with pytest.raises(DataError, match="views-000000.tar: .* again"):
        SetStream(moved, views=4, seed=0, batch_size=2).batch(0)
