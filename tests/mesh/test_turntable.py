from dataclasses import replace

import numpy as np
import pytest
import torch
import trimesh

from mvdream_cli.images import load_image
from mvdream_cli.mesh.from_field import field_to_mesh
from mvdream_cli.mesh.turntable import PASSES, asset_of, render_passes, turntable_cameras, write_films, write_sheet
from mvdream_cli.mesh.writers import write_formats
from mvdream_cli.raycast.assets import load_asset
from mvdream_cli.raycast.mesh import Mesh


class OffCentreBall:
    """Radius 0.2 around (0.5, 0, 0.3), in world axes; red where it looks to the front, +x, and green behind."""

    def density(self, points):
        return torch.nn.functional.softplus(400.0 * (0.2 - (points - torch.tensor([0.5, 0.0, 0.3])).norm(dim=-1)))

    def __call__(self, points):
        front = (points[..., :1] > 0.5).float()
        return self.density(points), torch.cat([front, 1 - front, 0 * front], -1)


@pytest.fixture(scope="module")
def ball():
    return field_to_mesh(OffCentreBall(), resolution=24, faces=500, texture_size=64)


@pytest.fixture(scope="module")
def made(ball, tmp_path_factory):
    return write_formats(ball, tmp_path_factory.mktemp("ball"), [])


def test_the_sheet_shows_eight_sides_from_the_front_on(made, tmp_path):
    mesh = load_asset(made["mesh"])
    cameras = turntable_cameras(mesh.vertices, 8)
    np.testing.assert_allclose(cameras[:, :3, 3].mean(0)[:2], [0.5, 0.0], atol=0.02)
    sheet = load_image(write_sheet(tmp_path / "turntable.png", mesh, 64)).astype(int)  # 2 rows of 4
    assert sheet.shape == (128, 256, 4)
    assert abs(sheet[32, 32, :3] - [255, 0, 0]).max() < 30  # the front first
    assert abs(sheet[96, 32, :3] - [0, 255, 0]).max() < 30  # half a turn later
    covered = (sheet[:64, :64, :3] < 250).any(-1)
    assert covered.any(0).sum() in range(56, 64) and covered.any(1).sum() in range(56, 64)


def test_films_show_the_passes_side_by_side(made, tmp_path):
    files = write_films(tmp_path / "film", load_asset(made["mesh"]), formats=["webp", "gif"], frames=4, size_px=32)
    assert {key: path.name for key, path in files.items()} == {"turntable": "film.webp", "turntable_gif": "film.gif"}
    assert load_image(files["turntable_gif"]).shape[:2] == (32, 96)
    assert write_films(tmp_path / "none", load_asset(made["mesh"]), formats=[]) == {} and len(list(tmp_path.iterdir())) == 2


def test_normals_and_depth_are_those_of_a_ball(made):
    """In camera axes a ball looks the same from everywhere: its normals are the places in the picture."""
    sphere = trimesh.creation.icosphere(4)
    vertices = sphere.vertices.astype(np.float32)
    ball = Mesh(vertices, sphere.faces.astype(np.int32), vertices.copy(), np.ones_like(vertices))
    seen = render_passes(ball, turntable_cameras(vertices, 3), 65, ["normal", "depth"])
    for normal, depth in zip(seen["normal"].astype(float), seen["depth"].astype(float)):
        np.testing.assert_allclose(normal[32, 32], [127.5, 127.5, 255], atol=3)  # towards the camera
        assert normal[32, 60, 0] > 220 and normal[32, 60, 2] < 220 and normal[4, 32, 1] > 220  # to the right, up
        assert (normal[0, 0] == 255).all() and (depth[0, 0] == 255).all()
        assert depth[32, 32, 0] > depth[32, 48, 0] > depth[32, 60, 0]  # white is near
    assert abs(seen["normal"][0].astype(int) - seen["normal"][1]).mean() < 1


def test_a_mesh_that_is_no_file_yet_looks_like_its_file(ball, made):
    read = load_asset(made["mesh"])
    c2w = turntable_cameras(read.vertices, 3)
    file, direct = (render_passes(mesh, c2w, 48, PASSES) for mesh in (read, asset_of(ball)))
    for name in PASSES:
        assert abs(file[name].astype(int) - direct[name]).mean() < 0.5, name
    plain = asset_of(replace(ball, layout=None, texture=None))
    assert abs(render_passes(plain, c2w, 48, ["shaded"])["shaded"].astype(int) - direct["shaded"]).mean() < 12
