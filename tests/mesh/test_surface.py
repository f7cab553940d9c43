import math

import numpy as np
import pytest
import torch
import trimesh

from mvdream_cli.errors import ObjectError
from mvdream_cli.mesh.lattice import close_holes, polygonise, round_off
from mvdream_cli.mesh.level import choose_level
from mvdream_cli.mesh.simplify import collapse, drop_floaters, is_closed, simplify, smooth
from mvdream_cli.mesh.surface import extract_surface
from mvdream_cli.raycast.mesh import vertex_normals


class Ball:
    """A ball whose density rises steadily below its skin, `rise` per unit of length."""

    def __init__(self, radius=0.5, rise=400.0, center=(0.0, 0.0, 0.0)):
        self.radius, self.rise, self.center = radius, rise, torch.tensor(center)

    def density(self, points):
        return torch.nn.functional.softplus(self.rise * (self.radius - (points - self.center).norm(dim=-1)))

    def __call__(self, points):
        return self.density(points), torch.full(points.shape, 0.5)


class Function:
    def __init__(self, density):
        self.density = density


def _solid(vertices, faces) -> trimesh.Trimesh:
    return trimesh.Trimesh(vertices, faces, process=False)


def test_normals_of_folded_faces_and_slivers_are_unit():
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [2, 2, 2], [3, 3, 3]], np.float32)
    faces = np.array([[0, 1, 2], [0, 2, 1], [3, 4, 4]], np.int32)
    np.testing.assert_allclose(np.linalg.norm(vertex_normals(vertices, faces), axis=1), 1.0, atol=1e-6)


def test_ball_is_watertight_with_its_radius_volume_and_place():
    center = np.array([0.2, -0.1, 0.3])
    vertices, faces = extract_surface(Ball(0.4, center=tuple(center)), 64, level=1.0)
    mesh = _solid(vertices, faces)
    assert mesh.is_watertight and mesh.is_winding_consistent
    np.testing.assert_allclose(np.linalg.norm(vertices - center, axis=1), 0.4, atol=0.003)
    assert abs(mesh.volume - 4 / 3 * math.pi * 0.4**3) < 0.005  # positive: the faces look outwards
    out = vertex_normals(vertices, faces)
    assert ((out * (vertices - center) / 0.4).sum(1) > 0.98).all()


class Rough(Ball):
    """The ball with a skin of spikes and pits."""

    def density(self, points):
        spikes = 0.06 * torch.sin(60 * points).prod(-1)
        return torch.nn.functional.softplus(self.rise * (self.radius + spikes - points.norm(dim=-1)))


def test_a_rough_field_gets_a_smooth_skin_of_the_same_size():
    rough, _ = extract_surface(Rough(0.5), 64, level=1.0)
    vertices, faces = extract_surface(Rough(0.5), 64, level=1.0, smooth_cells=2.0)
    radius = np.linalg.norm(vertices, axis=1)
    assert radius.std() < 0.5 * np.linalg.norm(rough, axis=1).std() and abs(radius.mean() - 0.5) < 0.02
    assert _solid(vertices, faces).is_watertight


def test_the_level_is_that_of_the_silhouette():
    """Where the skin is fog, the level must follow the rendering and not the density's scale."""
    for rise in (30.0, 300.0, 3000.0):
        field = Ball(0.5, rise)
        level = choose_level(field, size_px=64)
        vertices, _ = extract_surface(field, 48, level.density)
        # A ray that grazes at distance b from the centre is half opaque where the density along it adds up to ln 2.
        b = np.linspace(0.2, 0.6, 4001)
        along = np.linspace(-0.6, 0.6, 801)
        points = torch.from_numpy(np.stack([*np.broadcast_arrays(b[:, None], along[None], 0.0)], -1)).float()
        thick = field.density(points).sum(1).numpy() * (along[1] - along[0])
        silhouette = b[np.argmin(np.abs(thick - math.log(2)))]
        assert abs(np.linalg.norm(vertices, axis=1).mean() - silhouette) < 0.03, rise
        densities, overlap, depth_error, wrong = np.array(level.curve).T
        assert (np.diff(densities) > 0).all() and (overlap <= 1).all() and (depth_error >= 0).all()
        near = np.abs(np.log(densities / level.density)).argmin()
        assert wrong[near] <= wrong.min() + 0.04 and overlap[near] > 0.75


def test_hidden_cavity_is_filled_and_a_field_at_the_wall_is_closed():
    shell = Function(lambda points: ((points.norm(dim=-1) < 0.5) & (points.norm(dim=-1) > 0.3)).float() * 100)
    mesh = _solid(*extract_surface(shell, 40, 10.0))
    assert mesh.is_watertight and mesh.volume > 0.48
    slab = Function(lambda points: (points[..., 2] < 0.0).float() * 100)
    mesh = _solid(*extract_surface(slab, 40, 10.0))
    assert mesh.is_watertight and 4.0 < mesh.volume < 5.0


def test_what_the_box_cuts_is_rounded_off():
    """A rod along z through the lid: over the box comes a dome whose middle is the highest."""
    rod = Function(lambda points: torch.nn.functional.softplus(400.0 * (0.3 - points[..., :2].norm(dim=-1))))
    vertices, faces = extract_surface(rod, 64, 1.0)
    assert _solid(vertices, faces).is_watertight
    top = vertices[vertices[:, 2] > 1.0]
    radius = np.linalg.norm(top[:, :2], axis=1)
    assert 1.05 < top[:, 2].max() < 1.12 and vertices[:, 2].min() < -1.05
    assert top[radius < 0.05, 2].min() > top[(radius > 0.2) & (radius < 0.25), 2].max()
    flat = np.abs(vertices[:, 2] - 1.0) < 0.02
    assert np.linalg.norm(vertices[flat, :2], axis=1).min() > 0.22  # no lid


def test_small_holes_are_closed_and_large_ones_stay():
    solid = np.ones((30, 30, 30), np.float32)
    solid[14:16, 14:16] = -1  # a shaft of two cells
    closed = close_holes(solid, 1)
    assert (closed[:, :, 1:-1] > 0).all() and closed[14, 14, 7] == 1 and (close_holes(solid, 0) == solid).all()
    solid[10:20, 10:20] = -1
    assert (close_holes(solid, 1)[11:19, 11:19] < 0).all()
    solid[:, :, :5] = solid[:, :, -5:] = 1  # now it is hollow, and nobody sees it
    assert (close_holes(solid, 0) > 0).all()


def test_a_lattice_gets_air_all_around():
    values, before = round_off(np.full((5, 6, 7), 1.0, np.float32), 0.1, np.zeros((3, 2), bool))
    assert values.shape == (7, 8, 9) and list(before) == [1, 1, 1]
    assert _solid(*polygonise(values, np.zeros(3), 0.1)).is_watertight


@pytest.mark.parametrize(
    "density, words",
    [
        (lambda points: points[..., 0] * 0, "empty"),
        (lambda points: points[..., 0] * 0 + 50.0, "fills the whole box"),
        (lambda points: points[..., 0] * float("nan"), "not finite"),
    ],
)
def test_bad_fields_raise(density, words):
    with pytest.raises(ObjectError, match=words):
        extract_surface(Function(density), 16)
    if "empty" in words:
        with pytest.raises(ObjectError, match=words):
            extract_surface(Function(density), 16, level=5.0)


def test_floaters_go_and_big_pieces_stay():
    vertices, faces = extract_surface(Ball(0.3), 32, 1.0)
    speck, pyramid = (
        np.float32([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]) * 0.01,
        np.int32([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]),
    )
    second = vertices + np.float32([0.65, 0, 0])
    n = len(vertices)
    all_vertices = np.concatenate([speck, vertices, second])
    all_faces = np.concatenate([pyramid, faces + 4, faces + 4 + n])
    inner = vertices * np.float32(0.5)
    all_vertices = np.concatenate([all_vertices, inner])
    all_faces = np.concatenate([all_faces, faces[:, ::-1] + 4 + 2 * n])  # a shell that looks inwards
    kept_vertices, kept_faces = drop_floaters(all_vertices, all_faces)
    assert len(kept_vertices) == 2 * n and len(kept_faces) == 2 * len(faces)
    np.testing.assert_array_equal(kept_vertices[kept_faces], np.concatenate([vertices[faces], second[faces]]))


def test_simplified_and_smoothed_ball_is_still_a_closed_ball():
    vertices, faces = extract_surface(Ball(), 64, 1.0)
    vertices, faces = simplify(*smooth(vertices, faces, 5), 2000)
    mesh = _solid(vertices, faces)
    assert 1500 < len(faces) <= 2000 and mesh.is_watertight
    assert abs(mesh.volume - 4 / 3 * math.pi * 0.5**3) < 0.01
    assert simplify(vertices, faces, 5000)[1] is faces


def frame(points):
    """Twelve bars along the edges of a cube, which a simplification of few faces folds."""
    q = np.abs(points) - 0.55
    r = np.abs(q + 0.09) - 0.09
    bars = [np.stack([q[..., a], r[..., b], r[..., c]], -1).max(-1) for a, b, c in ((0, 1, 2), (1, 0, 2), (2, 0, 1))]
    return np.min(bars, 0)


@pytest.mark.parametrize("max_faces", [2000, 100, 40, 10, 4])
def test_what_was_closed_stays_closed_however_few_faces(max_faces):
    nodes = np.stack(np.meshgrid(*[np.linspace(-1, 1, 48)] * 3, indexing="ij"), -1)
    vertices, faces = polygonise(-frame(nodes).astype(np.float32), np.full(3, -1.0), 2 / 47)
    assert is_closed(faces)
    made = simplify(vertices, faces, max_faces)
    mesh = _solid(*made)
    assert is_closed(made[1]) and mesh.is_watertight and mesh.volume > 0
    assert 4 <= len(made[1]) <= max(64, max_faces * 1.1)


def test_a_collapse_alone_folds():
    """Else `simplify` would have nothing to mend."""
    nodes = np.stack(np.meshgrid(*[np.linspace(-1, 1, 48)] * 3, indexing="ij"), -1)
    vertices, faces = polygonise(-frame(nodes).astype(np.float32), np.full(3, -1.0), 2 / 47)
    assert not all(is_closed(collapse(vertices, faces, count)[1]) for count in (100, 40, 10, 4))
