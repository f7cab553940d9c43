"""Which light an object is seen in."""

import json

import numpy as np
import pytest
import trimesh

from mvdream_cli.data.render_object import RenderSettings
from mvdream_cli.data.render_set import render_dataset
from mvdream_cli.data.sources import AssetSource
from mvdream_cli.data.training_cameras import CameraDistribution, object_rng
from mvdream_cli.data.training_lights import LightDistribution, draw_training_light, read_panoramas
from mvdream_cli.data.views import index_views, load
from mvdream_cli.errors import ConfigError, DataError
from mvdream_cli.raycast.environment import HEIGHT, WIDTH, Environment
from mvdream_cli.raycast.light import Light, draw_light

SMALL = {"num_views": 4, "size_px": 24, "workers": 0}
UNIFORM = np.ones((HEIGHT, WIDTH, 3), np.float32)


def box():
    shape = trimesh.creation.box()
    return type("Part", (), {"vertices": shape.vertices, "faces": shape.faces, "colors": np.full((8, 3), 0.5)})


def kinds(law, count=200):
    return [type(draw_training_light(object_rng(0, str(k)), law)) for k in range(count)]


def test_lights_are_drawn_as_often_as_they_are_asked_for():
    assert set(kinds(LightDistribution(0.0))) == {Light} and set(kinds(LightDistribution(1.0), 20)) == {Environment}
    assert 70 < kinds(LightDistribution(0.5)).count(Environment) < 130
    one, other = (draw_training_light(object_rng(seed, "a"), LightDistribution(1.0)) for seed in (0, 0))
    assert (one.mirrored == other.mirrored).all()


def test_sets_with_lamps_only_are_what_they_were():
    settings = RenderSettings(4, 24, 4, 0, CameraDistribution())
    assert "light" not in settings.described() and "environment" not in settings.described()
    assert draw_training_light(object_rng(0, "a")) == draw_light(object_rng(0, "a"))
    told = RenderSettings(4, 24, 4, 0, CameraDistribution(), light=LightDistribution(0.5, (UNIFORM,))).described()
    assert told["environment"] == 0.5 and len(told["panoramas"]) == 64 and json.dumps(told)


def test_a_set_in_light_from_all_around(tmp_path):
    sources = [AssetSource(f"box-{k}", box, "a box") for k in range(3)]
    render_dataset(sources, tmp_path / "lamps", **SMALL)
    law = LightDistribution(1.0)
    render_dataset(sources, tmp_path / "skies", light=law, **SMALL)
    assert render_dataset(sources, tmp_path / "skies", light=law, **SMALL).rendered == 0
    for lamps, skies in zip(index_views(tmp_path / "lamps"), index_views(tmp_path / "skies")):
        (a, c2w, *_), (b, same, *_) = load(lamps), load(skies)
        assert (c2w == same).all() and (a[..., 3] == b[..., 3]).all() and not (a == b).all()
    with pytest.raises(ConfigError, match="environment"):
        render_dataset(sources, tmp_path / "skies", light=LightDistribution(0.5), **SMALL)


def test_panoramas_of_a_folder_light_objects_turned(tmp_path):
    with pytest.raises(DataError, match="holds no panoramas"):
        read_panoramas(tmp_path)
    for name in "ab":
        head = b"#?RADIANCE\n\n-Y 4 +X 8\n"
        pixels = np.full((4, 8, 4), [128, 128, 128, 129], np.uint8)
        pixels[:, :2, 0] = 250
        (tmp_path / f"{name}.hdr").write_bytes(head + pixels.tobytes())
    maps = read_panoramas(tmp_path)
    assert len(maps) == 2 and maps[0].shape == (HEIGHT, WIDTH, 3)
    lights = [draw_training_light(object_rng(0, str(k)), LightDistribution(1.0, maps)) for k in range(3)]
    assert not np.allclose(lights[0].mirrored, lights[1].mirrored)
