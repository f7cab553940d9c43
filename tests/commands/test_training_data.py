"""Sets with something wrong: one clear sentence, or what is wrong is left out, counted and named."""

import pytest

from mvdream_cli.commands.training_data import RenderedSet, usable_set
from mvdream_cli.data.views import encode_object, index_views, load, write_object
from mvdream_cli.errors import DataError
from mvdream_cli.settings.resolve import resolve


def settings(*values):
    return resolve("cpu", [f"train.{value}" for value in ("architecture=tiny", *values)])


def a_set(view_set, folder, objects=8, captions=lambda k: f"a thing {k}"):
    """The first objects of a set in the folder form, with other captions."""
    for k, entry in enumerate(index_views(view_set)[:objects]):
        rgba, c2w, fovy_deg, _ = load(entry)
        meta = {"id": entry.id, "caption": captions(k), "c2w": c2w.tolist(), "fovy_deg": fovy_deg.tolist()}
        write_object(folder, entry.id, encode_object(rgba, meta))
    return folder


def test_objects_without_a_caption_are_left_out_by_name_where_words_are_learnt(view_set, tmp_path):
    folder = a_set(view_set, tmp_path, captions=lambda k: " " if k in (1, 4) else f"a thing {k}")
    assert len(usable_set(str(folder), with_words=True)[0]) == 6
    assert len(usable_set(str(folder), with_words=False)[0]) == 8
    assert RenderedSet(str(folder), settings("component=unet", "suffix=, 3d asset")).captions[0] == "a thing 0, 3d asset"
    with pytest.raises(DataError, match="none of its objects has a caption"):
        usable_set(str(a_set(view_set, tmp_path / "none", 2, lambda k: "")), with_words=True)


def test_a_set_of_one_object_is_learnt_but_not_by_clip(view_set, tmp_path):
    folder = str(a_set(view_set, tmp_path, objects=1))
    one = RenderedSet(folder, settings("component=vae"))
    images = one.pictures(settings("component=vae", "batch_size=3")).sample(2)
    assert images.shape == (2, 32, 32, 3) and one.about == "1 objects"
    one.close()
    with pytest.raises(DataError, match="1 objects are too few for CLIP"):
        RenderedSet(folder, settings("component=clip")).pictures(settings("component=clip"))


def test_one_split_for_all_renderings_and_none_that_is_empty(view_set):
    whole = RenderedSet(str(view_set), settings("component=unet", "validation.every=5", "validation.fraction=0.4"))
    assert len(whole.entries) + len(whole.unseen) == 8 and whole.unseen and "held out" in whole.about
    assert not {entry.id for entry in whole.entries} & {entry.id for entry in whole.unseen}
    with pytest.raises(DataError, match="leaves 8 to validate with and 0 to learn"):
        RenderedSet(str(view_set), settings("component=unet", "validation.every=5", "validation.fraction=1"))


def test_the_identity_of_a_set_knows_what_is_left_out(view_set, tmp_path):
    first = usable_set(str(a_set(view_set, tmp_path / "a")), True)[1]
    fewer = usable_set(str(a_set(view_set, tmp_path / "b", captions=lambda k: "" if k == 3 else f"a thing {k}")), True)[1]
    assert first != fewer
