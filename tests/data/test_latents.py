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
        options = {"identity": set_identity(entries), "seed": 0, "background": None, "batch_size": 2} | changes
        return cached_latents(
            self.pipeline, entries, self.path, on_progress=self.objects.append, say=self.said.append, **options
        )


@pytest.fixture
def latents_of(tiny, tmp_path):
    return Calls(tiny, tmp_path / "cache" / "latents.safetensors")


def test_latents_are_the_means_of_all_views_over_one_gray_each(tmp_path, tiny, latents_of):
    entries = rendered(tmp_path / "set")
    latents, cameras, captions = latents_of(entries)
    assert latents_of.objects == [2, 3] and not latents_of.said and captions == ["box 0", "box 1", "box 2"]
    rgba, c2w, _, _ = load(entries[1])
    gray = np.random.default_rng(0).random(3)[1]
    with torch.no_grad():
        expected = tiny.encode_images(torch.from_numpy(composite(rgba, gray)), sample=False)
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


def test_seed_background_and_autoencoder_are_a_part_of_the_identity(tmp_path, tiny, latents_of):
    entries = rendered(tmp_path / "set", count=2)
    latents_of(entries)
    for changes, name in (({"seed": 1}, "seed"), ({"seed": 1, "background": 0.5}, "background")):
        latents_of(entries, **changes)
        assert latents_of.objects and f"({name} changed)" in latents_of.said[0]
    with torch.no_grad():
        next(tiny.vae.parameters()).add_(0.1)
    latents_of(entries, seed=1, background=0.5)
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


def test_the_caller_may_encode(tmp_path, latents_of):
    entries = rendered(tmp_path / "set", count=2)
    seen = []

    def encode(images):
        seen.append(images.shape)
        return torch.zeros(len(images), 4, 2, 2)

    assert latents_of(entries, encode=encode).latents.shape == (2, 4, 4, 2, 2) and seen == [(8, 32, 32, 3)]


@pytest.mark.parametrize("batch_size", [1, 2])
def test_objects_of_other_sizes_are_refused(tmp_path, latents_of, batch_size):
    entries = rendered(tmp_path / "set", count=1)
    render_dataset([AssetSource("other", partial(box, 2.0), "x")], tmp_path / "other", num_views=8, size_px=32, workers=1)
    with pytest.raises(DataError, match="render all alike"):
        latents_of([*entries, *index_views(tmp_path / "other")], batch_size=batch_size)
    assert not latents_of.path.exists()
