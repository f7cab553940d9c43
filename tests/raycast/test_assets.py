"""Reading real kinds of files: axes, linear factors, vertex colors beside materials, textures, broken files."""

import json
import struct

import numpy as np
import pytest
import trimesh
from PIL import Image
from trimesh.visual import TextureVisuals
from trimesh.visual.material import PBRMaterial, SimpleMaterial

from mvdream_cli.errors import DataError
from mvdream_cli.raycast.assets import load_asset
from mvdream_cli.raycast.mesh import Mesh, vertex_normals
from mvdream_cli.raycast.paint import linear_to_srgb


def write_box(path, material=None, extents=(1, 1, 1), at=(0, 0, 0)):
    box = trimesh.creation.box(extents)
    box.apply_translation(at)
    uv = np.tile([[0.25, 0.75]], (len(box.vertices), 1))
    if material is not None:
        box.visual = TextureVisuals(uv=uv, material=material)
    box.export(path)
    return path


@pytest.mark.parametrize("name", ["box.glb", "box.gltf", "box.obj"])
def test_axes_file_front_is_plus_z_and_up_is_plus_y(tmp_path, name):
    write_box(tmp_path / name, extents=(0.2, 0.4, 0.6), at=(1, 2, 3))  # in file axes
    mesh = load_asset(tmp_path / name)
    assert np.allclose(mesh.vertices.max(0) - mesh.vertices.min(0), [0.6, 0.2, 0.4], atol=1e-5)
    assert np.allclose(mesh.vertices.mean(0), [3, 1, 2], atol=1e-5)
    assert mesh.vertices.dtype == np.float64 and mesh.faces.dtype == np.int32
    assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-4)
    outward = np.einsum("nc,nc->n", mesh.normals, mesh.vertices - mesh.vertices.mean(0))
    assert (outward > 0).all()


def test_node_transforms_are_applied(tmp_path):
    scene = trimesh.Scene()
    turn = trimesh.transformations.rotation_matrix(np.pi / 2, [0, 1, 0], [0, 0, 0])
    shift = trimesh.transformations.translation_matrix([5, 0, 0])
    scene.add_geometry(trimesh.creation.box((1, 1, 3)), transform=shift @ turn)
    scene.export(tmp_path / "scene.glb")
    mesh = load_asset(tmp_path / "scene.glb")
    assert np.allclose(mesh.vertices.min(0), [-0.5, 3.5, -0.5], atol=1e-5)
    assert np.allclose(mesh.vertices.max(0), [0.5, 6.5, 0.5], atol=1e-5)


def test_base_color_factor_is_linear(tmp_path):
    write_box(tmp_path / "red.glb", PBRMaterial(baseColorFactor=np.array([128, 26, 0, 255], np.uint8)))
    color = load_asset(tmp_path / "red.glb").colors[0]
    assert np.allclose(color, linear_to_srgb(np.array([128, 26, 0]) / 255), atol=0.01)
    assert color[0] > 0.7  # unconverted it would be 0.5


def test_vertex_colors_beside_a_material_are_kept(tmp_path):
    """trimesh hides COLOR_0 when the primitive has a material, so the file is written by hand."""
    positions = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)
    colors = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 0.2]], np.float32)
    blob = positions.tobytes() + colors.tobytes()
    view = [{"buffer": 0, "byteOffset": k * 36, "byteLength": 36} for k in (0, 1)]
    accessors = [{"bufferView": k, "componentType": 5126, "count": 3, "type": "VEC3"} for k in (0, 1)]
    accessors[0] |= {"min": [0, 0, 0], "max": [1, 1, 0]}
    tree = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0, "COLOR_0": 1}, "material": 0}]}],
        "materials": [{"pbrMetallicRoughness": {"baseColorFactor": [1, 1, 1, 1]}}],
        "buffers": [{"byteLength": len(blob)}],
        "bufferViews": view,
        "accessors": accessors,
    }
    text = json.dumps(tree).encode()
    text += b" " * (-len(text) % 4)
    body = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(blob), b"BIN\0") + blob
    (tmp_path / "colors.glb").write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body)
    mesh = load_asset(tmp_path / "colors.glb")
    assert np.allclose(mesh.colors, linear_to_srgb(colors), atol=0.01)


@pytest.mark.parametrize("name", ["box.glb", "box.obj"])
def test_texture_is_read_and_multiplied_by_the_factor(tmp_path, name):
    picture = np.zeros((4, 4, 3), np.uint8)
    picture[:2, :2] = (10, 200, 30)  # the upper left: u 0.25, v 0.75
    image = Image.fromarray(picture)
    if name.endswith(".glb"):
        material = PBRMaterial(baseColorTexture=image, baseColorFactor=np.array([128, 128, 128, 255], np.uint8))
    else:
        material = SimpleMaterial(image=image, diffuse=[100, 100, 100, 255])
    write_box(tmp_path / name, material)
    mesh = load_asset(tmp_path / name)
    assert np.allclose(mesh.colors, linear_to_srgb(128 / 255) if name.endswith(".glb") else 1.0, atol=0.01)
    height, width = mesh.textures[0].shape[:2]
    row, column = int((1 - mesh.uv[0, 1]) * height), int(mesh.uv[0, 0] * width)
    assert np.abs(mesh.textures[0][row, column].astype(int) - (10, 200, 30)).max() <= 25  # OBJ may write a JPEG
    assert (mesh.face_texture == 0).all()


def test_pieces_share_equal_textures_and_untextured_ones_have_none(tmp_path):
    image = Image.fromarray(np.full((4, 4, 3), 90, np.uint8))
    scene = trimesh.Scene()
    for at in range(3):
        box = trimesh.creation.box()
        box.apply_translation([2 * at, 0, 0])
        material = PBRMaterial(baseColorTexture=image if at else None, name=str(at))
        box.visual = TextureVisuals(uv=np.zeros((len(box.vertices), 2)), material=material)
        scene.add_geometry(box)
    scene.export(tmp_path / "three.glb")
    mesh = load_asset(tmp_path / "three.glb")
    assert len(mesh.textures) == 1 and sorted(np.unique(mesh.face_texture)) == [-1, 0]


def test_a_large_palette_texture_is_reduced_and_kept(tmp_path):
    image = Image.fromarray(np.full((1200, 1200), 1, np.uint8)).convert("P")
    image.putpalette([0, 0, 0, 200, 100, 50] + [0] * 762)
    write_box(tmp_path / "box.glb", PBRMaterial(baseColorTexture=image))
    texture = load_asset(tmp_path / "box.glb").textures[0]
    assert texture.shape == (600, 600, 3) and (texture == (200, 100, 50)).all()


def test_missing_material_file_still_loads(tmp_path):
    write_box(tmp_path / "box.obj", SimpleMaterial(image=Image.new("RGB", (4, 4), (255, 0, 0))))
    for other in tmp_path.iterdir():
        if other.suffix != ".obj":
            other.unlink()
    assert len(load_asset(tmp_path / "box.obj").faces) == 12


def test_broken_files_are_refused_with_a_sentence(tmp_path):
    whole = write_box(tmp_path / "whole.glb").read_bytes()
    cases = {
        "short.glb": whole[: len(whole) // 2],
        "page.glb": b"<!DOCTYPE html><html>Not found</html>",
        "empty.glb": b"",
        "noise.obj": b"\x00\x01\x02 nothing",
        "kind.fbx": b"x",
        "pointer.glb": b"version https://git-lfs.github.com/spec/v1\noid",
    }
    for name, content in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=name) as caught:
            load_asset(tmp_path / name)
        assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match="cannot be read"):
        load_asset(tmp_path / "absent.glb")


def test_a_mesh_without_extent_is_refused(tmp_path):
    trimesh.Trimesh(np.zeros((3, 3)), [[0, 1, 2]], process=False).export(tmp_path / "draco.glb")
    with pytest.raises(DataError, match="one point|no triangles"):
        load_asset(tmp_path / "draco.glb")


def test_normalise_fits_the_unit_box_and_ignores_unused_vertices():
    vertices = np.array([[100, 0, 0], [103, 0, 0], [100, 6, 0], [100, 0, 1], [-999, 0, 0]], float)
    mesh = Mesh.from_part(vertices, np.array([[0, 1, 2], [0, 2, 3]]), np.ones((5, 3))).normalise()
    used = mesh.vertices[:4]
    assert np.allclose(used.max(0), [0.25, 0.5, 0.5 / 6]) and np.allclose(used.min(0), -used.max(0))


def test_smooth_normals_of_a_sphere_point_outwards():
    ball = trimesh.creation.icosphere(3)
    normals = vertex_normals(ball.vertices, ball.faces)
    assert np.abs(normals - ball.vertices).max() < 0.02
