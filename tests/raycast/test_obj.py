"""OBJ files as programs write them: names of textures, options, materials that are missing, large coordinates."""

import numpy as np
import pytest
from PIL import Image

from mvdream_cli.raycast.assets import load_asset, referenced_files

SQUARE = "v -1 -1 0\nv 1 -1 0\nv 1 1 0\nv -1 1 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\n"
FACE = "f 1/1 2/2 3/3 4/4\n"


def an_obj(folder, material: str, name: str = "a", library: str | None = None):
    (folder / "Textures").mkdir(exist_ok=True)
    Image.new("RGBA", (4, 4), (200, 10, 20, 128)).save(folder / "Textures" / "my paint.png")
    (folder / f"{name}.mtl").write_text(f"newmtl m\nKd 0.5 0.5 0.5\n{material}\n")
    (folder / f"{name}.obj").write_text(f"mtllib {library or name + '.mtl'}\n{SQUARE}usemtl m\n{FACE}")
    return folder / f"{name}.obj"


@pytest.mark.parametrize("name", [
    "Textures/my paint.png", "Textures\\my paint.png", "textures\\MY PAINT.PNG", "./Textures/./my paint.png",
    "/home/someone/work/Textures/my paint.png", "C:\\Users\\someone\\Textures\\my paint.png", '"Textures/my paint.png"',
    "-s 1 1 1 -o 0 0 0 Textures/my paint.png", "-clamp on -mm 0 1 -blendu on Textures/my paint.png",
    "-s 2 Textures/my paint.png",
])  # fmt: skip
def test_textures_are_found_whatever_they_are_called(tmp_path, name):
    mesh = load_asset(an_obj(tmp_path, f"map_Kd {name}"))
    assert mesh.losses == () and mesh.textures[0][0, 0].tolist() == [200, 10, 20]
    assert (mesh.colors == 1).all()  # Kd is grey beside a texture, and not meant
    assert mesh.cutoff is None  # nobody said that the picture's opacity counts
    assert [file.name for file in referenced_files(tmp_path / "a.obj")] == ["a.mtl", "my paint.png"]


def test_options_of_a_map_move_its_places(tmp_path):
    mesh = load_asset(an_obj(tmp_path, "map_Kd -s 2 3 1 -o 0.5 0.25 0 -clamp on Textures/my paint.png"))
    np.testing.assert_allclose(mesh.uv.max(0), [2.5, 3.25])
    assert mesh.wraps == [("clamp", "clamp")]


def test_a_second_coordinate_that_is_left_out_is_0(tmp_path):
    path = an_obj(tmp_path, "map_Kd -o 0 0.25 0 Textures/my paint.png")
    path.write_text(path.read_text().replace("vt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\n", "vt 0\nvt 1\nvt 1\nvt 0\n"))
    np.testing.assert_allclose(load_asset(path).uv[:, 1], 0.25)


def test_what_is_missing_is_told_and_the_rest_is_used(tmp_path):
    mesh = load_asset(an_obj(tmp_path, "map_Kd Textures/gone.png"))
    assert mesh.losses == ("the color texture (Textures/gone.png: the file is not there)",)
    assert np.allclose(mesh.colors, 0.5) and not mesh.textures
    mesh = load_asset(an_obj(tmp_path, "", library="none.mtl"))
    assert mesh.losses == ("the material file 'none.mtl' is not there",)
    assert (mesh.colors == 1).all()  # white, as without places on a texture
    (tmp_path / "a.obj").write_text(SQUARE + FACE)
    mesh = load_asset(tmp_path / "a.obj")
    assert mesh.losses == () and (mesh.colors == 1).all()


def test_a_picture_that_is_none_is_told(tmp_path):
    path = an_obj(tmp_path, "map_Kd eps.png")
    (tmp_path / "eps.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    assert load_asset(path).losses == ("the color texture (eps.png: no picture of a kind that is read)",)


def test_several_libraries_and_names_with_blanks_and_accents(tmp_path):
    (tmp_path / "one.mtl").write_text("newmtl red paint\nKd 1 0 0\n")
    (tmp_path / "Gr\u00fcn.mtl").write_text("newmtl green\n  Kd 0 1 0\n")
    faces = "usemtl red paint\nf 1 2 3\nusemtl green\nf 1 3 4\n"
    (tmp_path / "a.obj").write_text(f"mtllib one.mtl\nmtllib gru\u0308n.MTL\n{SQUARE}{faces}", encoding="utf-8")
    mesh = load_asset(tmp_path / "a.obj")
    assert mesh.losses == () and sorted(map(tuple, np.unique(mesh.colors, axis=0).tolist())) == [(0, 1, 0), (1, 0, 0)]
    (tmp_path / "a.obj").write_text(f"mtllib one.mtl Gr\u00fcn.mtl\n{SQUARE}{faces}", encoding="utf-8")
    assert len(np.unique(load_asset(tmp_path / "a.obj").colors, axis=0)) == 2


@pytest.mark.parametrize(
    ("line", "opacity"), [("d 0.25", 0.25), ("Tr 0.75", 0.25), ("d 1", None), ("d 0", None), ("Tr 1.0", None)]
)
def test_opacity_of_a_material(tmp_path, line, opacity):
    mesh = load_asset(an_obj(tmp_path, line))
    assert (mesh.cutoff is None) if opacity is None else np.allclose(mesh.alpha, opacity)


def test_a_map_of_opacity_and_light_that_is_given_off(tmp_path):
    mesh = load_asset(an_obj(tmp_path, "map_d Textures/my paint.png\nKe 1 0 0"))
    assert mesh.textures[0].shape == (4, 4, 4) and (mesh.textures[0][..., 3] == 128).all() and (mesh.cutoff == 0).all()
    assert np.allclose(mesh.emission.colors, [1, 0, 0])


def test_coordinates_of_a_map_of_the_earth_are_not_rounded(tmp_path):
    shift = np.array([481_234.5, 5_412_346.0, 120.25])
    lines = SQUARE.splitlines()
    corners = [np.array(line.split()[1:], float) * 0.1 + shift for line in lines[:4]]
    lines[:4] = [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in corners]
    (tmp_path / "a.obj").write_text("\n".join(lines) + "\n" + FACE)
    mesh = load_asset(tmp_path / "a.obj").normalise()
    np.testing.assert_allclose(np.ptp(mesh.vertices, axis=0), [0, 1, 1], atol=1e-6)


def test_colors_of_vertices_in_either_range(tmp_path):
    for top in (1, 255):
        rows = [f"{line} {top} 0 0" if line.startswith("v ") else line for line in SQUARE.splitlines()]
        (tmp_path / "a.obj").write_text("\n".join(rows) + "\nf 1 2 3 4\n")
        assert np.allclose(load_asset(tmp_path / "a.obj").colors, [1, 0, 0], atol=0.01)


def test_materials_that_are_in_no_file_are_told(tmp_path):
    path = an_obj(tmp_path, "")
    path.write_text(path.read_text() + "usemtl other paint\nf 1 2 3\n")
    losses = load_asset(path).losses
    assert losses == ("1 of 2 materials, such as 'other paint', are in no material file",)
    (tmp_path / "b.obj").write_text(SQUARE + "usemtl m\n" + FACE)
    assert "1 of 1 materials" in load_asset(tmp_path / "b.obj").losses[0]


def test_files_in_old_and_in_marked_encodings(tmp_path):
    for encoding in ("latin-1", "utf-8-sig", "utf-16"):
        (tmp_path / "a.mtl").write_bytes("newmtl gr\u00fcn\nKd 0 1 0\n".encode(encoding))
        (tmp_path / "a.obj").write_bytes(f"mtllib a.mtl\n{SQUARE}usemtl gr\u00fcn\n{FACE}".encode(encoding))
        mesh = load_asset(tmp_path / "a.obj")
        assert mesh.losses == () and np.allclose(mesh.colors, [0, 1, 0]), encoding


def test_lines_that_call_themselves_faces_are_left_out(tmp_path):
    (tmp_path / "a.obj").write_text(SQUARE + "f 1 2 3\nusemtl x\nf 1 2\n")
    assert len(load_asset(tmp_path / "a.obj").faces) == 1
