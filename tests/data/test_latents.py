"""Latents that are kept: those of the same pictures, seed, background and autoencoder, and no others."""

from collections import Counter
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import trimesh

from mvdream_cli.cameras import camera_condition
from mvdream_cli.data import latent_files
from mvdream_cli.data.latent_files import LatentFiles, autoencoder_identity
from mvdream_cli.data.latents import Latents
from mvdream_cli.data.render_set import render_dataset
from mvdream_cli.data.sources import AssetSource
from mvdream_cli.data.views import index_views, load, set_identity
from mvdream_cli.errors import DataError
from mvdream_cli.images import composite
from mvdream_cli.parts import Part
from mvdream_cli.raycast.mesh import Mesh


@pytest.fixture(autouse=True)
def two_objects_in_a_file(monkeypatch):
    monkeypatch.setattr(latent_files, "OBJECTS", 2)


def box(length: float) -> Mesh:
    part = trimesh.creation.box((length, 1.0, 1.0))
    return Mesh.from_part(part.vertices, part.faces, np.full((len(part.vertices), 3), 0.5))


def rendered(folder, *, count: int = 3, longer: float = 0.0, word: str = "box"):
    sources = [AssetSource(f"box-{k}", partial(box, 1 + k + longer), f"{word} {k}") for k in range(count)]
    render_dataset(sources, folder, num_views=4, size_px=32, workers=1)
    return index_views(folder)


class Calls:
    """Makes and opens latents of a pipeline; `objects`, `said` and `broken` tell of the last call."""

    def __init__(self, pipeline, folder):
        self.pipeline, self.folder = pipeline, folder

    def files(self, entries, **changes) -> LatentFiles:
        gray = changes.pop("background", 0.25)
        options = {"identity": set_identity(entries), "grays": lambda name: np.array([gray]), "law": str(gray), "batch_size": 2}
        return LatentFiles(self.pipeline, entries, self.folder, say=self.said.append, **options | changes)

    def __call__(self, entries, **changes) -> Latents:
        self.objects, self.said = [], []
        files, encode = self.files(entries, **changes), LatentFiles._encode
        files._encode = lambda numbers, *rest: self.objects.extend(numbers) or encode(files, numbers, *rest)
        self.broken = files.make()
        return files.latents(seed=0)


@pytest.fixture
def latents_of(tiny, tmp_path):
    return Calls(tiny, tmp_path / "cache" / "latents")


def joined(latents: Latents, name: str) -> torch.Tensor:
    return torch.cat([file[name] for file in latents.files])


def test_latents_are_the_means_of_all_views_over_one_gray(tmp_path, tiny, latents_of):
    entries = rendered(tmp_path / "set")
    made = latents_of(entries)
    assert "spread" not in made.files[0]  # this autoencoder has no posterior
    assert latents_of.objects == [0, 1, 2] and not latents_of.said and made.captions == ["box 0", "box 1", "box 2"]
    assert [path.name for path in sorted(latents_of.folder.iterdir())] == [
        "latents-000000.safetensors", "latents-000001.safetensors",
    ]  # fmt: skip
    rgba, c2w, _, _ = load(entries[1])
    with torch.no_grad():
        expected = tiny.encode_images(torch.from_numpy(composite(rgba, 0.25)), sample=False)
    latents = joined(made, "latents")
    assert latents.shape == (3, 1, *expected.shape) and latents.dtype == torch.float16
    torch.testing.assert_close(latents[1, 0].float(), expected, atol=2e-2, rtol=1e-2)
    torch.testing.assert_close(joined(made, "cameras")[1], camera_condition(torch.from_numpy(c2w)))
    again = latents_of(entries, batch_size=1)  # how many at a time changes nothing
    assert not latents_of.objects and not latents_of.said
    assert all(torch.equal(joined(again, name), joined(made, name)) for name in ("latents", "cameras", "entries"))


def test_what_a_part_gets_is_a_function_of_its_places(tmp_path, latents_of):
    made = latents_of(rendered(tmp_path / "set", count=5))
    whole, cameras, captions = made.draw(7, Part(0, 5, 5), 2)
    assert whole.shape[0] == cameras.shape[0] == 10 and len(set(captions)) == 5  # an epoch, of two opposite views each
    parts = [made.draw(7, part, 2) for part in (Part(0, 2, 5), Part(2, 3, 5), Part(3, 5, 5))]
    assert torch.equal(torch.cat([part[0] for part in parts]), whole)
    assert torch.equal(torch.cat([part[1] for part in parts]), cameras) and sum([part[2] for part in parts], []) == captions
    positions = cameras.view(10, 4, 4)[:, :3, 3]
    torch.testing.assert_close(positions[::2, :2], -positions[1::2, :2], atol=1e-5, rtol=0)
    for k, caption in enumerate(captions):
        there = joined(made, "latents")[int(caption.split()[1]), 0]
        assert any(torch.equal(whole[2 * k], there[v]) and torch.equal(whole[2 * k + 1], there[(v + 2) % 4]) for v in range(4))
    with pytest.raises(DataError, match="4 views, fewer than the 5"):
        made.draw(0, Part(0, 1, 1), 5)


def test_several_grays_are_seen_alike_often(tmp_path, tiny, latents_of):
    entries = rendered(tmp_path / "set", count=3)
    grays = {"box-0": [0.1, 0.6], "box-1": [0.3, 0.8], "box-2": [0.0, 1.0]}
    made = latents_of(entries, grays=lambda name: np.array(grays[name]), law="two of its own")
    assert joined(made, "latents").shape[:3] == (3, 2, 4)
    with torch.no_grad():
        expected = tiny.encode_images(torch.from_numpy(composite(load(entries[1])[0], 0.8)), sample=False)
    torch.testing.assert_close(joined(made, "latents")[1, 1].float(), expected, atol=2e-2, rtol=1e-2)
    seen = Counter()
    for i in range(100):
        drawn, _, captions = made.draw(i, Part(0, 3, 3), 4)
        k = captions.index("box 1")
        of_view = joined(made, "latents")[1].flatten(0, 1)
        seen[int((of_view == drawn[4 * k]).flatten(1).all(1).nonzero()[0]) // 4] += 1
    assert min(seen.values()) > 30


def test_a_stopped_encoding_goes_on_and_processes_share_it(tmp_path, latents_of):
    entries = rendered(tmp_path / "set", count=5)
    latents_of.said = []
    files = latents_of.files(entries)
    files.make(slice(1, None, 2))
    assert [path.name for path in latents_of.folder.iterdir()] == ["latents-000001.safetensors"]
    with pytest.raises(DataError, match=r"latents-000000.safetensors: .*run the same command again"):
        files.latents(0)
    latents_of(entries)
    assert latents_of.objects == [0, 1, 4]


def test_a_set_rendered_again_is_encoded_again(tmp_path, latents_of):
    first = latents_of(rendered(tmp_path / "set"))
    latents_of(rendered(tmp_path / "set"))
    assert not latents_of.objects  # the same set
    kept = joined(first, "latents").clone()
    pictures = latents_of(rendered(tmp_path / "set", longer=0.5))
    assert latents_of.objects and not torch.equal(joined(pictures, "latents"), kept)
    assert latents_of.said[0] == (
        "latents-000000.safetensors: made from something else (views changed); encoding the views again"
    )
    words = latents_of(rendered(tmp_path / "set", longer=0.5, word="crate"))
    assert latents_of.objects and words.captions == ["crate 0", "crate 1", "crate 2"]
    assert len(latents_of(rendered(tmp_path / "set", count=2))) == 2


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
    with torch.no_grad():
        next(tiny.vae.decoder.parameters()).add_(0.1)
    assert autoencoder_identity(tiny.vae) == before  # latents do not depend on it
    tiny.vae.register_to_config(scaling_factor=tiny.vae.config.scaling_factor * 2)
    assert autoencoder_identity(tiny.vae) != before
    assert len(autoencoder_identity(tiny.vae.to(torch.bfloat16))) == 64


def test_a_damaged_or_foreign_file_is_made_again(tmp_path, latents_of):
    entries = rendered(tmp_path / "set", count=2)
    first = joined(latents_of(entries), "latents").clone()
    path = latents_of.folder / "latents-000000.safetensors"
    whole = path.read_bytes()
    flipped = whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:]  # one bit of one number
    for content in (whole[: len(whole) // 2], b"", b"no latents at all", flipped):
        path.unlink()
        path.write_bytes(content)
        assert torch.equal(joined(latents_of(entries), "latents"), first)
        assert latents_of.objects and "damaged" in latents_of.said[0] and len(latents_of.said) == 1
    assert path.read_bytes() == whole
    latents_of(entries[:1], identity=set_identity(entries))  # said to be the same, and is not
    assert latents_of.objects == [0] and "other shapes" in latents_of.said[0]


def test_a_full_disk_is_told_before_it_is_full(tmp_path, latents_of, monkeypatch):
    entries = rendered(tmp_path / "set")
    monkeypatch.setattr(latent_files.shutil, "disk_usage", lambda folder: SimpleNamespace(free=2_000))
    with pytest.raises(DataError, match=r"the latents need 0.0 GB more, 0.0 GB are free; .*train.unet.background=null"):
        latents_of(entries)
    assert not list(latents_of.folder.glob("*.safetensors"))


def test_what_is_drawn_are_samples_of_the_posteriors(tmp_path, tiny_with_posterior):
    entries = rendered(tmp_path / "set", count=1)
    found = Calls(tiny_with_posterior, tmp_path / "latents")(entries)
    rgba = torch.from_numpy(composite(load(entries[0])[0], 0.25))
    with torch.no_grad():
        mean, std = tiny_with_posterior.encode_posterior(rgba)
    torch.testing.assert_close(joined(found, "spread")[0, 0].float(), std, atol=1e-2, rtol=1e-2)
    drawn = torch.stack([found.draw(i, Part(0, 1, 1, (0, i, 0)), 4)[0] for i in range(300)])
    overall = (mean[None] + std[None] * torch.randn(300, *mean.shape)).std()
    assert abs(drawn.std() / overall - 1) < 0.05
    assert len({round(value, 5) for value in drawn[:, 0, 0, 0, 0].tolist()}) > 250


def test_entries_that_cannot_be_read_are_left_out(tmp_path, latents_of):
    entries = rendered(tmp_path / "set")

    def read(entry):
        if entry.id == "box-1":
            raise DataError("box-1 is broken")
        return load(entry)

    found = latents_of(entries, read=read)
    assert latents_of.broken == ["box-1 is broken"] and joined(found, "entries").tolist() == [0, 2] and len(found) == 2
    assert set(found.draw(0, Part(0, 2, 2), 4)[2]) == {"box 0", "box 2"}
    assert joined(latents_of(entries, read=read), "entries").tolist() == [0, 2] and not latents_of.objects  # from the files
    with pytest.raises(DataError, match="none of the 1"):
        latents_of(entries[1:2], identity="x", read=read)


@pytest.mark.parametrize("batch_size", [1, 2])
def test_objects_of_other_sizes_are_refused(tmp_path, latents_of, batch_size):
    entries = rendered(tmp_path / "set", count=1)
    render_dataset([AssetSource("other", partial(box, 2.0), "x")], tmp_path / "other", num_views=8, size_px=32, workers=1)
    with pytest.raises(DataError, match="render all alike"):
        latents_of([*entries, *index_views(tmp_path / "other")], batch_size=batch_size)
    assert not list(latents_of.folder.glob("*"))
