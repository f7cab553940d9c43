"""Latents that are kept: those of the same pictures, seed, background and autoencoder, and no others."""

from functools import partial

import numpy as np
import pytest
import torch
import trimesh

from mvdream_cli.cameras import camera_condition
from mvdream_cli.data.latents import autoencoder_identity, cached_latents
from mvdream_cli.data.render_set import render_dataset
from mvdream_cli.data.sources import AssetSource
from mvdream_cli.data.views import index_views, load, set_identity
from mvdream_cli.errors import DataError
from mvdream_cli.images import composite
from mvdream_cli.raycast.mesh import Mesh


def box(length: float) -> Mesh:
    part = trimesh.creation.box((length, 1.0, 1.0))
    return Mesh.from_part(part.vertices, part.faces, np.full((len(part.vertices), 3), 0.5))


def rendered(folder, *, count: int = 3, longer: float = 0.0, word: str = "box"):
    sources = [AssetSource(f"box-{k}", partial(box, 1 + k + longer), f"{word} {k}") for k in range(count)]
    render_dataset(sources, folder, num_views=4, size_px=32, workers=1)
    return index_views(folder)


class Calls:
    """`cached_latents` of the tiny pipeline; `objects` and `said` tell of the last call."""

    def __init__(self, pipeline, path):
        self.pipeline, self.path = pipeline, path

    def __call__(self, entries, **changes):
        self.objects, self.said = [], []
        options = {"identity": set_identity(entries), "background": 0.25, "batch_size": 2} | changes
        return cached_latents(
            self.pipeline, entries, self.path, on_progress=self.objects.append, say=self.said.append, **options
        )


@pytest.fixture
def latents_of(tiny, tmp_path):
    return Calls(tiny, tmp_path / "cache" / "latents.safetensors")


def test_latents_are_the_means_of_all_views_over_one_gray(tmp_path, tiny, latents_of):
    entries = rendered(tmp_path / "set")
    latents, cameras, captions, spread = latents_of(entries)
    assert spread is None  # this autoencoder has no posterior
    assert latents_of.objects == [2, 3] and not latents_of.said and captions == ["box 0", "box 1", "box 2"]
    rgba, c2w, _, _ = load(entries[1])
    with torch.no_grad():
        expected = tiny.encode_images(torch.from_numpy(composite(rgba, 0.25)), sample=False)
    assert latents.shape == (3, *expected.shape) and latents.dtype == torch.float16
    torch.testing.assert_close(latents[1].float(), expected, atol=2e-2, rtol=1e-2)
    torch.testing.assert_close(cameras[1], camera_condition(torch.from_numpy(c2w)))
    again = latents_of(entries, batch_size=1)  # how many at a time changes nothing
    assert not latents_of.objects and not latents_of.said
    assert torch.equal(again.latents, latents) and torch.equal(again.cameras, cameras) and again.captions == captions


def test_a_set_rendered_again_is_encoded_again(tmp_path, latents_of):
    first = latents_of(rendered(tmp_path / "set"))
    latents_of(rendered(tmp_path / "set"))
    assert not latents_of.objects  # the same set
    pictures = latents_of(rendered(tmp_path / "set", longer=0.5))
    assert latents_of.objects and not torch.equal(pictures.latents, first.latents)
    assert latents_of.said == ["latents.safetensors: made from something else (views changed); encoding the views again"]
    words = latents_of(rendered(tmp_path / "set", longer=0.5, word="crate"))
    assert latents_of.objects and words.captions == ["crate 0", "crate 1", "crate 2"]
    assert len(latents_of(rendered(tmp_path / "set", count=2)).latents) == 2


def test_background_and_autoencoder_are_a_part_of_the_identity(tmp_path, tiny, latents_of):
    entries = rendered(tmp_path / "set", count=2)
    latents_of(entries)
    latents_of(entries, background=0.5)
    assert latents_of.objects and "(background changed)" in latents_of.said[0]
    with torch.no_grad():
        next(tiny.vae.parameters()).add_(0.1)
    latents_of(entries, background=0.5)
    assert latents_of.objects and "(autoencoder changed)" in latents_of.said[0]
    before = autoencoder_identity(tiny.vae)
    tiny.vae.register_to_config(scaling_factor=tiny.vae.config.scaling_factor * 2)
    assert autoencoder_identity(tiny.vae) != before
    assert len(autoencoder_identity(tiny.vae.to(torch.bfloat16))) == 64


def test_a_damaged_or_foreign_file_is_made_again(tmp_path, latents_of):
    entries = rendered(tmp_path / "set", count=2)
    first = latents_of(entries)
    whole = latents_of.path.read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"no latents at all"):
        latents_of.path.write_bytes(content)
        assert torch.equal(latents_of(entries).latents, first.latents)
        assert latents_of.objects and "damaged" in latents_of.said[0] and len(latents_of.said) == 1
    assert latents_of.path.read_bytes() == whole
    latents_of(entries[:1], identity=set_identity(entries))  # said to be the same, and is not
    assert latents_of.objects == [1] and "other shapes" in latents_of.said[0]


def test_what_is_drawn_are_samples_of_the_posteriors(tmp_path, tiny_with_posterior):
    entries = rendered(tmp_path / "set", count=2)
    found = Calls(tiny_with_posterior, tmp_path / "latents.safetensors")(entries)
    assert found.latents.shape == found.spread.shape and found.spread.min() > 0
    rgba = torch.from_numpy(composite(load(entries[0])[0], 0.25))
    with torch.no_grad():
        mean, std = tiny_with_posterior.encode_posterior(rgba)
        torch.manual_seed(1)
        sampled = tiny_with_posterior.encode_images(rgba)
        torch.manual_seed(1)
        assert torch.equal(sampled, mean + std * torch.randn(mean.shape))
    torch.testing.assert_close(found.spread[0].float(), std, atol=1e-2, rtol=1e-2)
    only_first = found._replace(latents=found.latents[:1], cameras=found.cameras[:1], spread=found.spread[:1], captions=["x"])
    torch.manual_seed(0)
    drawn = torch.stack([only_first.draw(0, 0, 1, 4)[0].roll(0) for _ in range(300)])
    views = drawn.unflatten(0, (-1,)).float()
    overall = (mean.float()[None] + std.float()[None] * torch.randn(300, *mean.shape)).std()
    assert abs(views.std() / overall - 1) < 0.05
    assert len({round(value, 5) for value in views[:, 0, 0, 0, 0].tolist()}) > 250


def test_entries_that_cannot_be_read_are_left_out_where_that_is_allowed(tmp_path, latents_of):
    entries = rendered(tmp_path / "set")
    told = []

    def read(entry):
        if entry.id == "box-1":
            raise DataError("box-1 is broken")
        return load(entry)

    with pytest.raises(DataError, match="box-1"):
        latents_of(entries, read=read)
    for _ in range(2):  # the second from the file
        found = latents_of(entries, read=read, on_broken=told.append)
        assert found.captions == ["box 0", "box 2"] and len(found.latents) == 2 and told == ["box-1 is broken"]
    with pytest.raises(DataError, match="none of the 1"):
        latents_of(entries[1:2], identity="x", read=read, on_broken=told.append)


@pytest.mark.parametrize("batch_size", [1, 2])
def test_objects_of_other_sizes_are_refused(tmp_path, latents_of, batch_size):
    entries = rendered(tmp_path / "set", count=1)
    render_dataset([AssetSource("other", partial(box, 2.0), "x")], tmp_path / "other", num_views=8, size_px=32, workers=1)
    with pytest.raises(DataError, match="render all alike"):
        latents_of([*entries, *index_views(tmp_path / "other")], batch_size=batch_size)
    assert not latents_of.path.exists()
