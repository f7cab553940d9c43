import numpy as np
import pytest
import torch
import trimesh

from mvdream_cli.cameras import orbit_views
from mvdream_cli.errors import CheckpointError, ObjectError
from mvdream_cli.mesh.from_distance import distance_surface, distance_to_mesh, load_reconstruction, save_reconstruction
from mvdream_cli.mesh.likeness import said_of
from mvdream_cli.mesh.projection import Pictures
from mvdream_cli.scene.distance import DistanceGrid, sample_distance

CPU = torch.device("cpu")


def shell(points):
    """A ball of radius 0.7 with a hollow of 0.4 that nothing can see."""
    radius = points.norm(dim=-1)
    return torch.maximum(radius - 0.7, 0.4 - radius).clamp(-0.2, 0.2), torch.full((len(points), 3), 0.25)


def test_the_surface_is_closed_and_hollows_are_filled():
    solid = trimesh.Trimesh(*distance_surface(sample_distance(shell, 64, CPU)), process=False)
    assert solid.is_watertight and abs(solid.volume / (4 / 3 * np.pi * 0.7**3) - 1) < 0.02
    np.testing.assert_allclose(np.linalg.norm(solid.vertices, axis=1), 0.7, atol=0.01)


def test_an_object_at_the_border_of_the_box_is_closed():
    def half(points):
        return points[:, 2].clamp(-0.2, 0.2), torch.zeros(len(points), 3)

    solid = trimesh.Trimesh(*distance_surface(sample_distance(half, 32, CPU)), process=False)
    assert solid.is_watertight and 4.0 < solid.volume < 5.0  # rounded off beyond the box


@pytest.mark.parametrize(("value", "says"), [(0.1, "empty"), (-0.1, "fills")])
def test_nothing_and_everything_are_refused(value, says):
    grid = DistanceGrid(torch.full((17,) * 3, value), torch.zeros(17, 17, 17, 3))
    with pytest.raises(ObjectError, match=says):
        distance_surface(grid)


def test_floaters_are_dropped_and_the_likeness_is_told_with_and_without_them():
    def crumbled(points):
        ball, crumb = points.norm(dim=-1) - 0.5, (points - torch.tensor([0.8, 0.0, 0.0])).norm(dim=-1) - 0.06
        return torch.minimum(ball, crumb).clamp(-0.2, 0.2), torch.zeros(len(points), 3)

    facts = distance_to_mesh(sample_distance(crumbled, 64, CPU), faces=1000, texture_size=0).facts
    assert facts["psnr_db"] + 6 < facts["psnr_without_floaters_db"]
    assert f"{facts['psnr_without_floaters_db']:.1f} dB without its floaters" in said_of(facts)
    whole = distance_to_mesh(sample_distance(shell, 64, CPU), faces=1000, texture_size=0).facts
    assert "psnr_without_floaters_db" not in whole and "floaters" not in said_of(whole)


def test_what_is_kept_gives_the_same_mesh(tmp_path):
    grid = sample_distance(shell, 48, CPU)
    pictures = Pictures(
        np.full((4, 32, 32, 3), 0.75, np.float32), orbit_views(4, 15.0, distance=4.0).numpy(), np.full(4, 40.0, np.float32),
        np.ones((4, 32, 32), bool),
    )  # fmt: skip
    mesh = distance_to_mesh(grid, pictures, faces=1000, texture_size=64)
    assert len(mesh.faces) <= 1000 and mesh.texture.shape == (64, 64, 3)
    assert mesh.facts["psnr_db"] > 28 and mesh.facts["psnr_to_views_db"] > 5 and mesh.facts["silhouette_iou"] > 0.98
    shown = {int(x) for x in np.unique(mesh.colors)}
    assert max(shown) >= 190 and min(shown) <= 66  # the pictures where they see it, the lattice elsewhere
    save_reconstruction(tmp_path / "kept.npz", grid, pictures)
    again = distance_to_mesh(*load_reconstruction(tmp_path / "kept.npz"), faces=1000, texture_size=64)
    np.testing.assert_allclose(again.vertices.mean(0), mesh.vertices.mean(0), atol=4e-3)
    assert abs(again.colors.mean() - mesh.colors.mean()) < 2
    save_reconstruction(tmp_path / "plain.npz", grid, None)
    assert load_reconstruction(tmp_path / "plain.npz")[1] is None
    (tmp_path / "kept.npz").write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match="--restart"):
        load_reconstruction(tmp_path / "kept.npz")
