"""The tail of the way to a mesh: the texture or what takes its place, its maps, and how like the field all of it is."""

import numpy as np
import pytest
import torch
import trimesh

from mvdream_cli.cameras import orbit_views
from mvdream_cli.errors import ObjectError, UsageError
from mvdream_cli.mesh.finish import finish
from mvdream_cli.mesh.from_field import field_to_mesh
from mvdream_cli.mesh.likeness import agreeing, pictures_of_field, said_of
from mvdream_cli.mesh.maps import in_tangent_space, onto_surface, roughened, sky_seen, tangents_of
from mvdream_cli.mesh.projection import PICTURES, Pictures, load_pictures, save_pictures
from mvdream_cli.mesh.texture import Texels, paint
from mvdream_cli.mesh.unwrap import Layout, pairs_layout

BALL = trimesh.creation.icosphere(5, radius=0.6)
SURFACE = BALL.vertices.astype(np.float32), BALL.faces.astype(np.int32)
SMALL = {"faces": 400, "texture_size": 128}


class Ball:
    """Radius 0.6, its color changes slowly."""

    def density(self, points):
        return torch.nn.functional.softplus((2000.0 * (0.6 - points.norm(dim=-1))).clamp(max=120.0))

    def __call__(self, points):
        return self.density(points), 0.5 + 0.4 * torch.sin(4 * points)


def slow_color(points, normals):
    return 0.5 + 0.4 * np.sin(4 * points)


def halves(points, normals):
    return np.repeat((points[:, 2:] > 0.0).astype(np.float32), 3, 1)


def test_the_file_looks_as_the_field_does():
    mesh = field_to_mesh(Ball(), resolution=64, faces=2000, texture_size=256)
    assert mesh.facts["psnr_db"] > 30 and mesh.facts["silhouette_iou"] > 0.98
    assert "dB" in said_of(mesh.facts) and len(mesh.facts["level_curve"]) > 20
    assert {mesh.normal_map.shape, mesh.texture.shape} == {(256, 256, 3)} and mesh.occlusion.shape == mesh.roughness.shape
    again = field_to_mesh(Ball(), resolution=64, faces=2000, texture_size=256)
    for name in ("vertices", "faces", "texture", "normal_map", "occlusion", "roughness"):
        np.testing.assert_array_equal(getattr(again, name), getattr(mesh, name))  # whatever else the machine does


def test_pictures_that_the_field_no_longer_shows_are_left_out():
    shown = pictures_of_field(Ball(), count=2, size_px=48)
    assert agreeing(shown, Ball()).masks.sum() > 0.8 * shown.masks.sum()
    spoiled = shown.images.copy()
    spoiled[:, :, 24:] = 1 - spoiled[:, :, 24:]
    masks = agreeing(Pictures(spoiled, shown.c2w, shown.fovy_deg, shown.masks), Ball()).masks
    assert masks[:, :, :20].sum() > 0.8 * shown.masks[:, :, :20].sum() and masks[:, :, 30:].mean() < 0.1


def test_kept_pictures_come_back(tmp_path):
    assert load_pictures(tmp_path / PICTURES) is None
    pictures = Pictures(
        np.full((2, 4, 4, 3), 0.2, np.float32), orbit_views(2, 0.0).numpy(), np.ones(2), np.ones((2, 4, 4), bool)
    )
    save_pictures(tmp_path / PICTURES, pictures)
    for name, value in vars(load_pictures(tmp_path / PICTURES)).items():
        np.testing.assert_allclose(value, getattr(pictures, name), atol=1e-6)


def test_more_faces_than_a_texture_holds_get_vertex_colors():
    mesh = finish(SURFACE, slow_color, faces=5000, texture_size=128)
    assert mesh.layout is None and mesh.texture is None and mesh.normal_map is None and len(mesh.colors) == len(mesh.vertices)
    assert "too many" in said_of(mesh.facts | {"psnr_db": 30})
    assert finish(SURFACE, slow_color, faces=400, texture_size=0).facts.get("texture") is None


def test_a_solid_and_quadrilaterals_exclude_each_other():
    with pytest.raises(UsageError, match="watertight"):
        finish(SURFACE, slow_color, watertight=True, quads=True)
    mesh = finish(SURFACE, slow_color, watertight=True, **SMALL)
    assert trimesh.Trimesh(mesh.vertices, mesh.faces, process=False).is_watertight and len(mesh.faces) <= 400
    flat = SURFACE[0] * np.float32([1, 1, 0])
    with pytest.raises(ObjectError, match="encloses nothing"):
        finish((flat, SURFACE[1]), slow_color, watertight=True, **SMALL)


def test_quadrilaterals_are_marked_and_textured():
    pytest.importorskip("pynanoinstantmeshes")
    mesh = finish(SURFACE, slow_color, quads=True, faces=1000, texture_size=128)
    assert mesh.quads == len(mesh.faces) // 2 and mesh.texture is not None
    np.testing.assert_array_equal(mesh.faces[0::2, [0, 2]], mesh.faces[1::2, [0, 1]])


def test_ten_faces_are_a_closed_mesh():
    mesh = finish(SURFACE, slow_color, faces=10, texture_size=64)
    assert len(mesh.faces) <= 12 and trimesh.Trimesh(mesh.vertices, mesh.faces, process=False).is_watertight


def test_an_edge_of_colors_is_sampled_several_times_in_a_texel():
    layout = pairs_layout(SURFACE[1], 1024)
    texels = Texels.of(layout, 1024)
    _, texture = paint(halves, *SURFACE, texels)
    assert 0 < ((texture > 30) & (texture < 225)).mean() < 0.05  # between the colors only at the edge


def test_steps_of_weights_are_those_between_texels():
    texels = Texels.of(Layout(np.arange(3), np.int32([[0, 1, 2]]), np.float32([[0.1, 0.1], [0.9, 0.2], [0.3, 0.8]])), 32)
    weights, covered = texels.picture(texels.weights)
    both = covered[:-1, :-1] & covered[1:, :-1] & covered[:-1, 1:]
    across, down = weights[:-1, 1:] - weights[:-1, :-1], weights[1:, :-1] - weights[:-1, :-1]
    np.testing.assert_allclose(across[both], np.tile(texels.rightward[0], (both.sum(), 1)), atol=1e-5)
    np.testing.assert_allclose(down[both], np.tile(texels.downward[0], (both.sum(), 1)), atol=1e-5)


def test_a_normal_map_gives_the_normals_of_the_full_surface_back():
    coarse = trimesh.creation.icosphere(2, radius=0.6)
    vertices, normals = coarse.vertices.astype(np.float32), coarse.vertex_normals.astype(np.float32)
    layout = pairs_layout(coarse.faces.astype(np.int32), 256)
    texels = Texels.of(layout, 256)
    corners, layout_corners = coarse.faces[texels.face], layout.faces[texels.face]
    tangents = tangents_of(vertices, normals, layout)
    assert np.abs((tangents[:, :3] * normals[layout.vertices]).sum(1)).max() < 1e-5
    points = np.einsum("pk,pkc->pc", texels.weights, vertices[corners])
    smooth = points / np.linalg.norm(points, axis=1, keepdims=True)
    shown = trimesh.triangles.normals(vertices[coarse.faces])[0][texels.face].astype(np.float32)  # faceted: to be undone
    there = np.einsum("pk,pkc->pc", texels.weights, tangents[layout_corners])
    local = in_tangent_space(onto_surface(points, shown, SURFACE)[1], shown, there)
    up = np.cross(shown, there[:, :3]) * np.sign(there[:, 3:])
    seen = local[:, :1] * there[:, :3] + local[:, 1:2] * up + local[:, 2:] * shown  # as the specification of glTF has it
    seen /= np.linalg.norm(seen, axis=1, keepdims=True)
    assert (shown * smooth).sum(1).min() < 0.99 and (seen * smooth).sum(1).min() > 0.999
    assert np.median(local[:, 2]) > 0.9


def test_where_the_full_surface_is_out_of_reach_normals_stay():
    up = np.tile(np.float32([[0, 0, 1]]), (3, 1))
    height, normals = onto_surface(np.float32([[0, 0, 2], [0, 0, 0], [3, 0, 0]]), up, SURFACE)
    np.testing.assert_array_equal(normals, up)
    assert not height.any()


def test_the_sky_over_a_ball_is_open_and_in_a_box_is_not():
    for depth in (1.0, 0.985, 1.015):  # a coarse mesh lies under the surface at places, and that hides no sky
        assert sky_seen(*map(np.float32, (depth * BALL.vertices[:50], BALL.vertex_normals[:50])), SURFACE).min() > 0.98
    floor = trimesh.creation.box((1, 1, 0.01))
    wall = trimesh.creation.box((0.01, 1, 1))
    wall.apply_translation((0, 0, 0.5))
    both = trimesh.util.concatenate([floor, wall])
    points, up = np.float32([[0.02, 0, 0.005], [0.45, 0, 0.005]]), np.tile(np.float32([[0, 0, 1]]), (2, 1))
    beside, away = sky_seen(points, up, (both.vertices.astype(np.float32), both.faces.astype(np.int32)))
    assert 0.4 < beside < 0.65 and away > beside + 0.2  # a wall takes half of it


def test_what_varies_within_a_texel_is_rougher():
    normals = np.zeros((16, 16, 3), np.float32)
    normals[..., 2] = 1
    normals[4:8, 4:8, 0] = np.random.default_rng(0).uniform(-1, 1, (4, 4))
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    found = roughened(normals, np.ones((16, 16), bool), 0.5)
    assert np.abs(found[10:, 10:] - 0.5).max() < 1e-3 and found[5, 5] > 0.6 and found.max() <= 1
    assert roughened(normals, np.ones((16, 16), bool), 1.0).max() == 1
