"""What is in a file of each format. benchmarks/clients.py asks the programs that open them."""

import io
import json
import re
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import trimesh
from PIL import Image
from textured_egg import BLUE, GREEN, HALF_AXES, RED, egg

from mvdream_cli.errors import UsageError
from mvdream_cli.mesh.formats.parts import FileOptions
from mvdream_cli.mesh.writers import WRITERS, check_wanted, write_mesh
from mvdream_cli.raycast.assets import load_asset
from mvdream_cli.raycast.paint import srgb_to_linear

ABOUT = {"prompt": 'a "blue" cat & <dog> ☃', "model": {"name": "mini", "license": "Apache-2.0"}}
Y_UP = HALF_AXES[[1, 2, 0]]


@pytest.fixture(scope="module")
def mesh():
    return egg()


@pytest.fixture(scope="module")
def plain(mesh):
    """Without a texture."""
    return replace(mesh, layout=None, texture=None)


def _tree(path) -> dict:
    content = path.read_bytes()
    return json.loads(content[20 : 20 + int.from_bytes(content[12:16], "little")] if content[:4] == b"glTF" else content)


def _array(path, tree: dict, index: int) -> np.ndarray:
    content = path.read_bytes()
    body = content[20 + int.from_bytes(content[12:16], "little") + 8 :]
    accessor = tree["accessors"][index]
    view = tree["bufferViews"][accessor["bufferView"]]
    kind = {5126: "<f4", 5123: "<u2", 5125: "<u4"}[accessor["componentType"]]
    values = np.frombuffer(body[view["byteOffset"] : view["byteOffset"] + view["byteLength"]], kind)
    return values.reshape(accessor["count"], -1)


def test_glb_tells_of_the_object_and_has_all_its_pictures(mesh, tmp_path):
    tree = _tree(write_mesh(mesh, tmp_path / "egg.glb", FileOptions(about=ABOUT))[0])
    assert tree["asset"]["extras"] == ABOUT and tree["asset"]["generator"].startswith("mvdream ")
    (material,) = tree["materials"]
    surface = material["pbrMetallicRoughness"]
    assert (surface["metallicFactor"], surface["roughnessFactor"]) == (0.0, 1.0) and not material.get("doubleSided")
    assert surface["metallicRoughnessTexture"] == material["occlusionTexture"]
    textures = surface["baseColorTexture"], material["normalTexture"], material["occlusionTexture"]
    assert {texture["index"] for texture in textures} == {0, 1, 2}
    read = trimesh.load(tmp_path / "egg.glb", force="mesh", process=False).visual.material
    packed = np.asarray(read.metallicRoughnessTexture)
    np.testing.assert_array_equal(packed[..., 0], mesh.occlusion)
    np.testing.assert_array_equal(packed[..., 1], mesh.roughness)
    assert not packed[..., 2].any()
    np.testing.assert_array_equal(np.asarray(read.normalTexture), mesh.normal_map)
    np.testing.assert_array_equal(np.asarray(read.baseColorTexture), mesh.texture)


@pytest.mark.parametrize("left", ["occlusion", "roughness"])
def test_of_occlusion_and_roughness_one_may_be_missing(mesh, tmp_path, left):
    without = {"occlusion", "roughness"} - {left}
    path = write_mesh(replace(mesh, **{name: None for name in without}), tmp_path / "egg.glb")[0]
    (material,) = _tree(path)["materials"]
    assert ("occlusionTexture" in material) == (left == "occlusion")
    assert ("metallicRoughnessTexture" in material["pbrMetallicRoughness"]) == (left == "roughness")


def test_tangents_and_texture_coordinates_agree_with_the_surface(mesh, tmp_path):
    """glTF: the third direction, cross(normal, tangent) * w, is that in which v falls, because its v counts downwards."""
    path = write_mesh(mesh, tmp_path / "egg.glb")[0]
    tree = _tree(path)
    attributes = tree["meshes"][0]["primitives"][0]["attributes"]
    position, normal, tangent, uv = (_array(path, tree, attributes[n]) for n in ("POSITION", "NORMAL", "TANGENT", "TEXCOORD_0"))
    faces = _array(path, tree, tree["meshes"][0]["primitives"][0]["indices"]).reshape(-1, 3)
    assert np.abs(np.linalg.norm(tangent[:, :3], axis=1) - 1).max() < 1e-5 and set(tangent[:, 3]) == {1.0}
    a, b, c = position[faces].transpose(1, 0, 2).astype(float)
    (ub, vb), (uc, vc) = (uv[faces[:, k]].T - uv[faces[:, 0]].T for k in (1, 2))
    wide = np.abs(ub * vc - uc * vb) > 1e-7
    along_u = ((b - a) * vc[:, None] - (c - a) * vb[:, None]) / (ub * vc - uc * vb)[:, None]
    along_v = ((c - a) * ub[:, None] - (b - a) * uc[:, None]) / (ub * vc - uc * vb)[:, None]
    first = faces[:, 0]
    third = np.cross(normal[first], tangent[first, :3]) * tangent[first, 3:]
    assert ((tangent[first, :3] * along_u).sum(1)[wide] > 0).all() and ((third * along_v).sum(1)[wide] < 0).all()


def test_vertex_colors_of_glb_are_linear(plain, tmp_path):
    path = write_mesh(plain, tmp_path / "egg.glb")[0]
    tree = _tree(path)
    colors = _array(path, tree, tree["meshes"][0]["primitives"][0]["attributes"]["COLOR_0"])
    np.testing.assert_allclose(colors[:, :3] / 65535, srgb_to_linear(plain.colors / 255), atol=1e-5)
    assert (colors[:, 3] == 65535).all() and tree["accessors"][3]["normalized"]
    assert abs(colors[(plain.colors == RED).all(1)][0, 0] / 65535 - 0.7913) < 1e-4  # of 230


@pytest.mark.parametrize("name", ["egg.glb", "my egg.gltf", "an égg.obj"])
def test_what_is_written_is_read_again_in_world_axes(mesh, tmp_path, name):
    read = load_asset(write_mesh(mesh, tmp_path / name)[0])
    assert not read.losses
    np.testing.assert_allclose(np.ptp(read.vertices, axis=0), 2 * HALF_AXES, atol=1e-5)


def test_obj_names_its_pictures_and_keeps_quadrilaterals(mesh, tmp_path):
    main, *beside = write_mesh(mesh, tmp_path / "egg.obj")
    text = main.read_text()
    material = next(path for path in beside if path.suffix == ".mtl")
    assert f"mtllib {material.name}\n" in text
    named = dict(line.split() for line in material.read_text().splitlines() if ".png" in line)
    assert set(named) == {"map_Kd", "norm", "map_Pr"} and len(set(named.values())) == 3
    assert {path.name for path in beside} == {material.name, *named.values()} and not any(" " in path.name for path in beside)
    faces = re.findall(r"^f (.*)$", text, re.MULTILINE)
    sides = [len(face.split()) for face in faces]
    assert sides.count(4) == mesh.quads and sides.count(3) == len(mesh.faces) - 2 * mesh.quads


def test_a_seam_along_the_diagonal_of_a_quadrilateral_leaves_triangles(mesh, tmp_path):
    count = len(mesh.faces)
    alone = np.arange(3 * count, dtype=np.int32).reshape(-1, 3)  # each triangle has corners of its own
    layout = type(mesh.layout)(mesh.faces.reshape(-1), alone, np.zeros((3 * count, 2), np.float32))
    text = write_mesh(replace(mesh, layout=layout, tangents=None), tmp_path / "egg.obj")[0].read_text()
    assert {len(line.split()) for line in text.splitlines() if line.startswith("f ")} == {4}


def test_ply_keeps_the_world_axes_lengths_and_colors(mesh, tmp_path):
    ply = trimesh.load(write_mesh(mesh, tmp_path / "egg.ply", FileOptions(size_mm=50.0))[0], process=False)
    np.testing.assert_allclose(ply.extents, 2 * HALF_AXES, atol=1e-5)
    assert ply.is_watertight and len(ply.faces) == len(mesh.faces)
    for direction, color in (([1, 0, 0], RED), ([0, 0, 1], GREEN), ([-1, 0, 0], BLUE)):
        assert (ply.visual.vertex_colors[(ply.vertices @ direction).argmax(), :3] == color).all()


@pytest.mark.parametrize(("size_mm", "longest"), [(None, 100.0), (42.0, 42.0)])
def test_stl_stands_on_the_plate_in_millimeters(mesh, tmp_path, size_mm, longest):
    stl = trimesh.load(write_mesh(mesh, tmp_path / "egg.stl", FileOptions(size_mm=size_mm))[0])
    np.testing.assert_allclose(stl.bounds, [[0, 0, 0], HALF_AXES / 0.5 * longest], atol=1e-3)
    assert stl.is_watertight and stl.is_winding_consistent and stl.volume > 0


def test_holes_are_closed_in_what_is_printed(mesh, tmp_path):
    torn = replace(mesh, faces=np.delete(mesh.faces, [10, 500, 501], 0), quads=0)
    assert not trimesh.Trimesh(torn.vertices, torn.faces).is_watertight
    assert trimesh.load(write_mesh(torn, tmp_path / "egg.stl")[0]).is_watertight


@pytest.mark.parametrize(("file_format", "longest"), [("glb", 0.25), ("gltf", 0.25), ("obj", 1.0)])
def test_a_size_is_in_meters_where_the_format_has_them(mesh, tmp_path, file_format, longest):
    read = load_asset(write_mesh(mesh, tmp_path / f"egg.{file_format}", FileOptions(size_mm=250.0))[0])
    assert abs(np.ptp(read.vertices, axis=0).max() - longest) < 1e-4


def test_3mf_is_a_solid_with_colors_that_the_consortiums_library_reads(mesh, tmp_path):
    lib3mf = pytest.importorskip("lib3mf")
    path = write_mesh(mesh, tmp_path / "egg.3mf", FileOptions(about=ABOUT))[0]
    model = lib3mf.Wrapper().CreateModel()
    reader = model.QueryReader("3mf")
    reader.SetStrictModeActive(True)
    reader.ReadFromFile(str(path))
    assert reader.GetWarningCount() == 0 and model.GetUnit() == lib3mf.ModelUnit.MilliMeter
    assert model.GetMetaDataGroup().GetMetaDataByKey("", "Title").GetValue() == ABOUT["prompt"]
    objects = model.GetMeshObjects()
    assert objects.MoveNext()
    solid = objects.GetCurrentMeshObject()
    assert solid.IsManifoldAndOriented() and solid.IsValid()
    corners = np.array([vertex.Coordinates[:] for vertex in solid.GetVertices()])
    np.testing.assert_allclose([corners.min(0), corners.max(0)], [[0, 0, 0], HALF_AXES * 200], atol=1e-2)
    group = next(iter(_each(model.GetColorGroups())))
    shown = {}
    for index in range(solid.GetTriangleCount()):
        properties, triangle = solid.GetTriangleProperties(index), solid.GetTriangle(index)
        for vertex, color in zip(triangle.Indices, properties.PropertyIDs):
            shown[vertex] = group.GetColor(color)
    for direction, color in (([1, 0, 0], RED), ([0, 0, 1], GREEN), ([-1, 0, 0], BLUE)):
        seen = shown[int((corners @ direction).argmax())]
        assert [seen.Red, seen.Green, seen.Blue, seen.Alpha] == [*color, 255]


def _each(iterator):
    while iterator.MoveNext():
        yield iterator.GetCurrentColorGroup()


def test_usdz_holds_aligned_uncompressed_entries(mesh, tmp_path):
    path = write_mesh(mesh, tmp_path / "egg.usdz", FileOptions(about=ABOUT))[0]
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        names = [entry.filename for entry in archive.infolist()]
        assert names == ["object.usda", "color.png", "normal.png", "occlusion.png", "roughness.png"]
        for entry in archive.infolist():
            extra = int.from_bytes(content[entry.header_offset + 28 : entry.header_offset + 30], "little")
            assert entry.compress_type == zipfile.ZIP_STORED
            assert (entry.header_offset + 30 + len(entry.filename) + extra) % 64 == 0
        assert archive.read("object.usda").startswith(b"#usda 1.0") and archive.testzip() is None
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(archive.read("normal.png")))), mesh.normal_map)


def test_usdz_is_valid_to_openusd(mesh, tmp_path):
    pytest.importorskip("pxr")
    from pxr import Usd, UsdGeom, UsdShade, UsdUtils, UsdValidation

    path = write_mesh(mesh, tmp_path / "egg.usdz", FileOptions(about=ABOUT, size_mm=300.0))[0]
    stage = Usd.Stage.Open(str(path))
    every = UsdValidation.ValidationRegistry().GetOrLoadAllValidators()
    assert not [error.GetMessage() for error in UsdValidation.ValidationContext(every).Validate(stage)]
    assert UsdGeom.GetStageUpAxis(stage) == "Y" and UsdGeom.GetStageMetersPerUnit(stage) == 1.0
    shape = UsdGeom.Mesh(stage.GetPrimAtPath("/Object/Mesh"))
    np.testing.assert_allclose(np.ptp(shape.GetPointsAttr().Get(), axis=0), 0.6 * Y_UP, atol=1e-5)
    counts = np.array(shape.GetFaceVertexCountsAttr().Get())
    assert (counts == 4).sum() == mesh.quads and set(counts) == {3, 4}
    material, _ = UsdShade.MaterialBindingAPI(shape).ComputeBoundMaterial()
    connected = {i.GetBaseName() for i in material.ComputeSurfaceSource()[0].GetInputs() if i.HasConnectedSource()}
    assert connected == {"diffuseColor", "normal", "occlusion", "roughness"}
    layers, assets, missing = UsdUtils.ComputeAllDependencies(str(path))
    assert len(layers) == 1 and len(assets) == 4 and not missing


def test_usdz_without_a_texture_has_linear_colors_at_its_vertices(plain, tmp_path):
    pytest.importorskip("pxr")
    from pxr import Usd, UsdGeom, UsdValidation

    stage = Usd.Stage.Open(str(write_mesh(plain, tmp_path / "egg.usdz")[0]))
    every = UsdValidation.ValidationRegistry().GetOrLoadAllValidators()
    assert not [error.GetMessage() for error in UsdValidation.ValidationContext(every).Validate(stage)]
    colors = UsdGeom.Mesh(stage.GetPrimAtPath("/Object/Mesh")).GetDisplayColorPrimvar()
    assert colors.GetInterpolation() == "vertex"
    np.testing.assert_allclose(colors.Get(), srgb_to_linear(plain.colors / 255), atol=1e-4)


@pytest.mark.parametrize("textured", [True, False])
def test_draco_is_smaller_and_holds_the_same(mesh, plain, tmp_path, textured):
    pytest.importorskip("DracoPy")
    mesh = mesh if textured else plain
    large = write_mesh(mesh, tmp_path / "large.glb")[0]
    small, *beside = write_mesh(mesh, tmp_path / "small.gltf", FileOptions(draco=True))
    geometry = next(path for path in beside if path.suffix == ".bin")
    assert geometry.stat().st_size < 0.2 * large.stat().st_size
    one, other = load_asset(large), load_asset(small)
    assert _tree(small)["extensionsRequired"] == ["KHR_draco_mesh_compression"] and len(one.faces) == len(other.faces)
    step = 1.0 / 2**14
    for place in (other.vertices[::50], other.vertices[-1:]):
        nearest = np.linalg.norm(one.vertices[:, None] - place[None], axis=-1).min(0)
        assert nearest.max() < step


def test_draco_that_cannot_be_is_told_before(monkeypatch):
    wanted = FileOptions(draco=True)
    with pytest.raises(UsageError, match="compresses glb and gltf"):
        check_wanted(["obj", "stl"], wanted)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match="pip install"):
        check_wanted(["glb"], wanted)
    check_wanted(["glb", "obj"], FileOptions())


@pytest.mark.parametrize("file_format", WRITERS)
def test_the_same_mesh_is_the_same_file(mesh, tmp_path, file_format):
    first, second = (
        {p.name: p.read_bytes() for p in write_mesh(mesh, tmp_path / str(k) / f"egg.{file_format}", FileOptions(about=ABOUT))}
        for k in range(2)
    )
    assert first == second
