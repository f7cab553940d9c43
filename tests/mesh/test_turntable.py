import numpy as np
import torch

from mvdream_cli.images import load_image
from mvdream_cli.mesh.from_field import field_to_mesh
from mvdream_cli.mesh.turntable import show_object, turntable_cameras
from mvdream_cli.mesh.writers import write_formats
from mvdream_cli.raycast.assets import load_asset


class OffCentreBall:
    """Radius 0.2 around (0.5, 0, 0.3), in world axes; red where it looks to the front, +x, and green behind."""

    def density(self, points):
        return torch.nn.functional.softplus(400.0 * (0.2 - (points - torch.tensor([0.5, 0.0, 0.3])).norm(dim=-1)))

    def __call__(self, points):
        front = (points[..., :1] > 0.5).float()
        return self.density(points), torch.cat([front, 1 - front, 0 * front], -1)


def test_files_pictures_and_page_of_an_object(tmp_path):
    mesh = field_to_mesh(OffCentreBall(), resolution=24, faces=500, texture_size=64)
    made = write_formats(mesh, tmp_path, ["obj", "stl"])
    assert {key: path.name for key, path in made.items()} == {
        "mesh": "mesh.glb",
        "mesh_obj": "mesh.obj",
        "mesh_stl": "mesh.stl",
    }
    cameras = turntable_cameras(load_asset(made["mesh"]).vertices, 8)
    np.testing.assert_allclose(cameras[:, :3, 3].mean(0)[:2], [0.5, 0.0], atol=0.02)

    shown = show_object(tmp_path, made["mesh"], "a ball", {"seed": 1}, frames=8, size_px=64)
    assert {path.name for path in shown.values()} == {"turntable.mp4", "turntable.png", "index.html"}
    assert shown["turntable"].stat().st_size > 500
    sheet = load_image(shown["turntable_sheet"]).astype(int)  # 2 rows of 4
    assert sheet.shape == (128, 256, 4)
    assert abs(sheet[32, 32, :3] - [255, 0, 0]).max() < 30  # the front first
    assert abs(sheet[96, 32, :3] - [0, 255, 0]).max() < 30  # half a turn later
    covered = (sheet[:64, :64, :3] < 250).any(-1)
    assert covered.any(0).sum() in range(56, 64) and covered.any(1).sum() in range(56, 64)
