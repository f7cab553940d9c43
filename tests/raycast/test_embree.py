"""The renderer: sides and axes, colors, antialiasing, textures."""

import numpy as np
import pytest

from mvdream_cli.cameras import orbit
from mvdream_cli.raycast import embree
from mvdream_cli.raycast.embree import render_views, sample_pattern
from mvdream_cli.raycast.light import Light
from mvdream_cli.raycast.mesh import Mesh

FLAT = Light(ground=1.0, sky=0.0, lamp=0.0)
# +x red (front), +y green (left), +z blue (top), -x cyan, -y magenta, -z yellow
SIDES = {"+x": (1, 0, 0), "+y": (0, 1, 0), "+z": (0, 0, 1), "-x": (0, 1, 1), "-y": (1, 0, 1), "-z": (1, 1, 0)}


def colored_cube() -> Mesh:
    vertices, faces, colors = [], [], []
    for name, color in SIDES.items():
        axis, sign = "xyz".index(name[1]), 1.0 if name[0] == "+" else -1.0
        square = np.array([[0, -1, -1], [0, 1, -1], [0, 1, 1], [0, -1, 1]]) * 0.5
        square[:, 0] = 0.5 * sign
        base = 4 * len(vertices)
        vertices.append(np.roll(square, axis, axis=1))
        faces += [[base, base + 1, base + 2], [base, base + 2, base + 3]]
        colors.append(np.tile(color, (4, 1)))
    return Mesh.from_part(np.concatenate(vertices), np.array(faces), np.concatenate(colors))


def sphere(detail: int = 24, front=(0.8, 0.1, 0.1), back=(0.1, 0.2, 0.9)) -> Mesh:
    import trimesh

    ball = trimesh.creation.uv_sphere(radius=0.5, count=(detail, 2 * detail))
    colors = np.where(ball.vertices[:, :1] > 0, [front], [back])
    return Mesh.from_part(ball.vertices, ball.faces, colors)


@pytest.mark.parametrize(("azimuth_deg", "side"), [(90, "+x"), (180, "+y"), (270, "-x"), (0, "-y")])
def test_each_side_of_the_cube_is_seen_from_its_azimuth(azimuth_deg, side):
    image = render_views(colored_cube(), orbit(float(azimuth_deg), 0.0, 3.0).numpy()[None], 40.0, 32, light=FLAT)[0]
    assert tuple(image[16, 16] // 255) == (*SIDES[side], 1)
    assert image[0, 0].tolist() == [0, 0, 0, 0]


def test_top_is_up_and_left_is_right():
    c2w = orbit(60.0, 35.0, 3.0).numpy()[None]  # between -y and +x, from above
    image = render_views(colored_cube(), c2w, 40.0, 64, light=FLAT)[0]
    rows, columns = {}, {}
    for name in ("+x", "-y", "+z"):
        where = np.argwhere((image[..., :3] == np.array(SIDES[name]) * 255).all(-1) & (image[..., 3] == 255))
        rows[name], columns[name] = where.mean(0)
    assert rows["+z"] < min(rows["+x"], rows["-y"])  # row 0 is at the top
    assert columns["-y"] < columns["+x"]


def test_silhouette_of_a_sphere_has_the_right_size():
    distance, fovy_deg, size_px = 3.0, 40.0, 128
    alpha = render_views(sphere(), orbit(20.0, 10.0, distance).numpy()[None], fovy_deg, size_px)[0, ..., 3] / 255.0
    radius_px = np.tan(np.arcsin(0.5 / distance)) * 0.5 * size_px / np.tan(np.deg2rad(fovy_deg / 2))
    assert alpha.sum() == pytest.approx(np.pi * radius_px**2, rel=0.01)


@pytest.mark.parametrize("back", [(0.1, 0.2, 0.9), (0.8, 0.3, 0.1)])
def test_adaptive_antialiasing_equals_supersampling_everywhere(monkeypatch, back):
    mesh = sphere(40, back=back)
    c2w = orbit(np.array([30.0, 130.0]), 20.0, 2.2).numpy()
    adaptive = render_views(mesh, c2w, 40.0, 64, samples=4).astype(int)
    plain = render_views(mesh, c2w, 40.0, 64, samples=1).astype(int)
    monkeypatch.setattr(embree, "_edges", lambda image: np.ones(image.shape[:2], bool))
    full = render_views(mesh, c2w, 40.0, 64, samples=4).astype(int)
    difference = np.abs(adaptive - full)
    assert difference.max() <= 12
    assert difference.mean() < 0.25 < 0.5 * np.abs(plain - full).mean()


def test_threads_do_not_change_the_pictures():
    mesh, c2w = sphere(), orbit(np.array([30.0, 130.0, 200.0]), 20.0, 2.2).numpy()
    assert np.array_equal(render_views(mesh, c2w, 40.0, 32), render_views(mesh, c2w, 40.0, 32, threads=2))


def test_sample_pattern_covers_each_row_and_column_once():
    for samples in (2, 4, 9):
        cells = np.floor(sample_pattern(samples) * samples).astype(int)
        assert sorted(cells[:, 0]) == sorted(cells[:, 1]) == list(range(samples))


def test_light_keeps_colors_and_both_sides_of_faces_are_lit_alike():
    mesh = sphere()
    c2w = orbit(np.array([90.0, 270.0]), 10.0, 2.2).numpy()
    images = render_views(mesh, c2w, 40.0, 64)
    inside_out = Mesh(mesh.vertices, mesh.faces[:, ::-1].copy(), -mesh.normals, mesh.colors)
    assert np.abs(render_views(inside_out, c2w, 40.0, 64).astype(int) - images).max() <= 1
    red = images[0][images[0][..., 3] == 255][:, :3].astype(float)
    assert (red[:, 0] >= 0.55 * 0.8 * 255).all() and (red[:, 0] > 3 * red[:, 1]).mean() > 0.98
    assert red[:, 0].max() - red[:, 0].min() > 30  # it looks round


def test_texture_is_sampled_upright_and_reduced_for_small_pictures():
    # a square facing +x; v is up, u to the right as seen from the front (+y is the right of that picture)
    vertices = np.array([[0, -0.5, -0.5], [0, 0.5, -0.5], [0, 0.5, 0.5], [0, -0.5, 0.5]])
    square = Mesh.from_part(vertices, np.array([[0, 1, 2], [0, 2, 3]]), np.ones((4, 3)))
    square.uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    texture = np.zeros((64, 64, 3), np.uint8)
    texture[:32, :32], texture[:32, 32:], texture[32:, :32] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    square.textures, square.face_texture = [texture], np.zeros(2, np.int32)
    c2w = orbit(90.0, 0.0, 2.0).numpy()[None]
    image = render_views(square, c2w, 40.0, 32, light=FLAT)[0]
    assert [image[r, c, :3].tolist() for r, c in ((10, 10), (10, 22), (22, 10), (22, 22))] == [
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
        [0, 0, 0],
    ]
    square.textures = [np.indices((64, 64)).sum(0)[..., None].repeat(3, -1).astype(np.uint8) % 2 * 255]
    fine = render_views(square, c2w, 40.0, 16, samples=1, light=FLAT)[0]
    assert np.abs(fine[6:10, 6:10, :3].astype(int) - 127).max() < 20  # a fine chessboard is grey from afar


def test_an_object_off_centre_is_not_cut_off():
    mesh = sphere()
    for shift in np.array([[0, 0, 0.6], [0, 0, -0.6], [0, 0.6, 0], [0, -0.6, 0]]):
        moved = Mesh.from_part(mesh.vertices * 0.4 + shift, mesh.faces, mesh.colors)
        alpha = render_views(moved, orbit(90.0, 0.0, 3.0).numpy()[None], 40.0, 64)[0, ..., 3] / 255.0
        row, column = (np.indices(alpha.shape) * alpha).sum((1, 2)) / alpha.sum()
        focal = 32 / np.tan(np.deg2rad(20))
        assert (31.5 - row, column - 31.5) == pytest.approx((focal * shift[2] / 3, focal * shift[1] / 3), abs=0.7)
        assert alpha.sum() == pytest.approx(np.pi * (0.2 * focal / 3) ** 2, rel=0.06)


def test_a_face_that_reaches_behind_the_camera():
    ground = np.array([[-4, -9, -0.5], [-4, 9, -0.5], [1.5, 0, -0.5]])  # its tip is behind a camera at x = 1
    mesh = Mesh.from_part(ground, np.array([[0, 1, 2]]), np.ones((3, 3)))
    alpha = render_views(mesh, orbit(90.0, 0.0, 1.0).numpy()[None], 90.0, 32)[0, ..., 3]
    assert alpha[-1, 16] == 255 and not alpha[:16].any()


def test_camera_inside_the_object_and_behind_it():
    inside = np.eye(4, dtype=np.float32)[None]
    assert (render_views(colored_cube(), inside, 60.0, 16)[..., 3] == 255).all()
    away = orbit(0.0, 0.0, 3.0).numpy()[None].copy()
    away[:, :3, 2] *= -1  # looks away from the object
    away[:, :3, 0] *= -1
    assert not render_views(colored_cube(), away, 40.0, 16).any()
