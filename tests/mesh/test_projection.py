import numpy as np
import torch
import trimesh

from mvdream_cli.cameras import orbit_views
from mvdream_cli.mesh.projection import Overlay, Pictures, bilinear, project
from mvdream_cli.raycast.embree import render_views
from mvdream_cli.raycast.light import Light
from mvdream_cli.raycast.mesh import Mesh

PAINTED = Light(ground=1.0, sky=0.0, lamp=0.0)
FOVY = np.full(4, 40.0, np.float32)


def pictures_of(shape, colors):
    c2w = orbit_views(4, 15.0, distance=3.2).numpy()
    rgba = render_views(Mesh.from_part(shape.vertices, shape.faces, colors), c2w, FOVY, 128, light=PAINTED)
    return Pictures(rgba[..., :3] / np.float32(255), c2w, FOVY, rgba[..., 3] > 127)


def test_the_pictures_of_a_mesh_give_it_its_colors_back():
    ball = trimesh.creation.icosphere(5, radius=0.8)
    colors = ball.vertices / 2 + 0.5
    overlay = Overlay(pictures_of(ball, colors), ball.vertices.astype(np.float32), ball.faces)
    found = overlay.colors(ball.vertices, overlay.weights, np.zeros_like(colors))
    seen = overlay.weights.sum(1) > 0.15
    assert seen.mean() > 0.45
    np.testing.assert_allclose(found[seen], colors[seen], atol=0.03)
    top = ball.vertices[:, 2] < -0.7  # from below nothing looks at it
    assert overlay.weights[top].sum() == 0 and (found[top] == 0).all()


def test_what_hides_behind_something_takes_no_color_of_it():
    near, far = trimesh.creation.icosphere(4, radius=0.3), trimesh.creation.icosphere(4, radius=0.3)
    near.apply_translation((0.6, 0, 0))
    far.apply_translation((-0.6, 0, 0))
    both = trimesh.util.concatenate([near, far])
    count = len(near.vertices)
    colors = np.repeat([[1.0, 0, 0], [0, 0, 1.0]], count, 0)
    pictures = pictures_of(both, colors)
    overlay = Overlay(pictures, both.vertices.astype(np.float32), both.faces)
    found = overlay.colors(both.vertices, overlay.weights, colors)
    # but for a few vertices behind the very border, whose pixels show both
    assert np.quantile(found[count:, 0], 0.998) < 0.1 and np.quantile(found[:count, 2], 0.998) < 0.1
    middle = np.linalg.norm(both.vertices[count:] - (-0.3, 0, -0.05), axis=1) < 0.1  # the near ball is before it
    assert middle.any() and overlay.weights[count:, 0][middle].max() == 0


def test_a_projection_is_where_the_renderer_draws():
    spot = trimesh.creation.icosphere(3, radius=0.05)
    spot.apply_translation((0.3, -0.2, 0.4))
    pictures = pictures_of(spot, np.ones((len(spot.vertices), 3)))
    for k in range(4):
        rows, columns = np.nonzero(pictures.masks[k])
        row, column = project(np.array([[0.3, -0.2, 0.4]]), pictures.c2w[k], 40.0, (128, 128))
        assert abs(rows.mean() - row[0]) < 0.5 and abs(columns.mean() - column[0]) < 0.5


def test_bilinear_equals_grid_sample():
    image, row, column = np.random.default_rng(0).random((6, 9, 2)), np.array([0.3, 4.6, 2.0]), np.array([7.4, 0.1, 3.0])
    grid = torch.tensor(np.stack([(column + 0.5) / 9 * 2 - 1, (row + 0.5) / 6 * 2 - 1], -1))[None, None]
    slow = torch.nn.functional.grid_sample(torch.tensor(image).permute(2, 0, 1)[None], grid, align_corners=False)
    np.testing.assert_allclose(bilinear(image, row, column), slow[0, :, 0].T.numpy(), atol=1e-9)
    assert (bilinear(image, np.array([-3.0]), np.array([2.0])) == 0).all()
