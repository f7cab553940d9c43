"""A folder of GLB files: one world in it, captions that fit, files kept only if they are of the same object."""

import json
from functools import partial

import numpy as np
import pytest
import trimesh

from mvdream_cli.data.asset_folder import write_assets
from mvdream_cli.data.sources import AssetSource
from mvdream_cli.errors import ConfigError
from mvdream_cli.raycast.assets import load_asset
from mvdream_cli.raycast.mesh import Mesh


def box(length: float) -> Mesh:
    part = trimesh.creation.box((length, 1.0, 1.0))
    return Mesh.from_part(part.vertices, part.faces, np.full((len(part.vertices), 3), 0.5))


def boxes(first: int, count: int, longer: float = 0.0) -> list[AssetSource]:
    return [AssetSource(f"toy-{k}", partial(box, k + longer), f"box {k} {longer}") for k in range(first, first + count)]


def captions(folder) -> dict[str, str]:
    rows = [json.loads(line) for line in (folder / "captions.jsonl").read_text().splitlines()]
    assert [row["file"] for row in rows] == sorted(row["file"] for row in rows)
    return {row["file"]: row["caption"] for row in rows}


def test_calls_add_to_one_folder(tmp_path):
    write_assets(boxes(3, 2), tmp_path, {"seed": 0})
    times = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.glb")}
    done = []
    write_assets(boxes(1, 3), tmp_path, {"seed": 0}, on_progress=done.append)
    assert captions(tmp_path) == {f"toy-{k}.glb": f"box {k} 0.0" for k in range(1, 5)}
    assert len(times) == 2 and done == [1, 2, 3]
    assert all(path.stat().st_mtime_ns == time for path, time in times.items())  # kept
    mesh = load_asset(tmp_path / "toy-4.glb")  # back in the world's axes and colors
    np.testing.assert_allclose(np.ptp(mesh.vertices, axis=0), (4, 1, 1), atol=1e-5)
    np.testing.assert_allclose(mesh.colours, 0.5, atol=0.01)


def test_another_world_is_refused(tmp_path):
    write_assets(boxes(1, 2), tmp_path, {"seed": 0, "kinds": ("cat",)})
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ConfigError, match=r"seed \(there 0, here 1\); choose another folder"):
        write_assets(boxes(1, 2, 0.5), tmp_path, {"seed": 1, "kinds": ("cat",)})
    (tmp_path / "toybox.json").unlink()
    with pytest.raises(ConfigError, match="no toybox.json"):  # as from before there was a record
        write_assets(boxes(1, 2, 0.5), tmp_path, {"seed": 1})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        name: content for name, content in before.items() if name != "toybox.json"
    }


def test_a_file_of_another_object_is_made_again(tmp_path):
    write_assets(boxes(1, 3), tmp_path, {"seed": 0})
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.glb")}
    (tmp_path / "toy-1.glb").write_bytes(before["toy-2.glb"])
    (tmp_path / "toy-2.glb").write_bytes(trimesh.creation.box().export(file_type="glb"))
    (tmp_path / "toy-3.glb").write_text("cut short")
    write_assets(boxes(1, 3), tmp_path, {"seed": 0})
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.glb")} == before


def test_captions_are_there_before_the_models_and_whole(tmp_path):
    def stop(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_assets(boxes(1, 3), tmp_path, {"seed": 0}, on_progress=stop)
    assert len(captions(tmp_path)) == 3 and len(list(tmp_path.glob("*.glb"))) == 1
