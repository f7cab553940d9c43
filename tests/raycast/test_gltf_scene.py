"""Where the vertices of glTF files are: skins, morphs, instances, number types, scenes; and what a file may not do."""

import json

import numpy as np
import pytest
from gltf_files import SQUARE, Glb

from mvdream_cli.errors import DataError
from mvdream_cli.raycast.assets import load_asset, referenced_files

QUARTER = [-(0.5**0.5), 0, 0, 0.5**0.5]  # of a turn about x: z up becomes y up


def box_of(path):
    """The bounding box in file axes: x, y (up), z (front)."""
    vertices = load_asset(path).vertices[:, [1, 2, 0]]
    return vertices.min(0).round(4).tolist(), vertices.max(0).round(4).tolist()


def skinned(weights: np.ndarray, **skin) -> Glb:
    """A square in x and y under an armature that is turned and a hundredth as large, whose joint turns nothing back."""
    glb = Glb()
    inverse = np.eye(4, dtype=np.float32).reshape(1, 16)
    joints = np.zeros((4, 4), np.uint8)
    primitive = glb.square(JOINTS_0=joints, WEIGHTS_0=weights)
    glb.mesh(primitive)
    glb.tree["nodes"] = [
        {"mesh": 0, "skin": 0, "translation": [50, 0, 0]},
        {"children": [2], "rotation": QUARTER, "scale": [0.01] * 3},
        {"scale": [100] * 3, "translation": [0, 0, 300]},
    ]
    glb.tree["scenes"] = [{"nodes": [0, 1]}]
    glb.tree["skins"] = [{"joints": [2], "inverseBindMatrices": glb.add(inverse), **skin}]
    return glb


def test_a_skin_stands_where_its_joints_are_at_rest_whatever_its_own_node_says(tmp_path):
    path = skinned(np.tile(np.array([[1, 0, 0, 0]], np.float32), (4, 1))).save(tmp_path / "a.glb")
    assert box_of(path) == ([-1, 3, -1], [1, 3, 1])
    normals = load_asset(path).normals
    np.testing.assert_allclose(normals, np.tile([0, 0, 1], (4, 1)), atol=1e-6)  # the square lay in x and y and looked to z


@pytest.mark.parametrize("weights", [np.zeros((4, 4)), np.full((4, 4), np.nan), np.full((4, 4), 0.1)])
def test_weights_that_do_not_add_up_are_made_to(tmp_path, weights):
    path = skinned(weights.astype(np.float32)).save(tmp_path / "a.glb")
    assert box_of(path) == ([-1, 3, -1], [1, 3, 1])


def test_weights_may_be_normalised_bytes(tmp_path):
    glb = skinned(np.zeros((4, 4), np.float32))
    weights = glb.add(np.tile(np.array([[255, 0, 0, 0]], np.uint8), (4, 1)), normalized=True)
    glb.tree["meshes"][0]["primitives"][0]["attributes"]["WEIGHTS_0"] = weights
    assert box_of(glb.save(tmp_path / "a.glb")) == ([-1, 3, -1], [1, 3, 1])


def test_a_skin_whose_joints_stand_nowhere_is_told_and_its_mesh_stays_where_its_node_is(tmp_path):
    glb = skinned(np.ones((4, 4), np.float32))
    glb.tree["scenes"] = [{"nodes": [0]}]
    path = glb.save(tmp_path / "a.glb")
    assert box_of(path) == ([49, -1, 0], [51, 1, 0])
    assert load_asset(path).losses == ("a skin has joints that are not in the scene",)


def test_default_weights_of_morph_targets_are_applied_those_of_the_node_first(tmp_path):
    for place, expected in {"mesh": 2.0, "node": 4.0}.items():
        glb = Glb()
        primitive = glb.square()
        primitive["targets"] = [{"POSITION": glb.add(np.tile(np.array([[0, 0, 4]], np.float32), (4, 1)))}]
        glb.mesh(primitive, weights=[0.5])
        if place == "node":
            glb.tree["nodes"][0]["weights"] = [1.0]
        assert box_of(glb.save(tmp_path / "a.glb")) == ([-1, -1, expected], [1, 1, expected])


def test_instances_are_all_there(tmp_path):
    glb = Glb(extensionsRequired=["EXT_mesh_gpu_instancing"])
    glb.mesh(glb.square())
    attributes = {
        "TRANSLATION": glb.add(np.array([[0, 0, 0], [10, 0, 0]], np.float32)),
        "SCALE": glb.add(np.array([[1, 1, 1], [1, 3, 1]], np.float32)),
    }
    glb.tree["nodes"][0] |= {"extensions": {"EXT_mesh_gpu_instancing": {"attributes": attributes}}, "translation": [0, 1, 0]}
    path = glb.save(tmp_path / "a.glb")
    assert box_of(path) == ([-1, -2, 0], [11, 4, 0]) and len(load_asset(path).faces) == 4


def test_quantised_positions_and_normalised_attributes(tmp_path):
    glb = Glb(extensionsRequired=["KHR_mesh_quantization"])
    position = glb.add((SQUARE * 32767).astype(np.int16), normalized=True)
    color = glb.add(np.tile(np.array([[65535, 0, 0, 65535]], np.uint16), (4, 1)), normalized=True)
    glb.mesh(glb.square(POSITION=position, COLOR_0=color))
    path = glb.save(tmp_path / "a.glb")
    assert box_of(path) == ([-1, -1, 0], [1, 1, 0])
    assert load_asset(path).colors.tolist() == [[1, 0, 0]] * 4


def test_sparse_accessors_strides_strips_and_fans(tmp_path):
    for mode, count in {5: 2, 6: 2}.items():
        glb = Glb()
        packed = glb.view(np.hstack([SQUARE, SQUARE]).astype("<f4").tobytes(), byteStride=24)
        sparse = {
            "count": 1,
            "indices": {"bufferView": glb.view(b"\1\0\0\0"), "componentType": 5121},
            "values": {"bufferView": glb.view(np.array([9, -1, 0], np.float32).tobytes())},
        }
        accessor = {"bufferView": packed, "componentType": 5126, "count": 4, "type": "VEC3", "sparse": sparse}
        glb.tree["accessors"].append(accessor)
        primitive = {**glb.square(POSITION=0), "mode": mode}
        del primitive["indices"]
        glb.mesh(primitive)
        path = glb.save(tmp_path / "a.glb")
        assert box_of(path) == ([-1, -1, 0], [9, 1, 0]) and len(load_asset(path).faces) == count


def test_the_default_scene_is_taken_and_files_without_scenes_have_all_roots(tmp_path):
    glb = Glb(scenes=[{"nodes": [0]}, {"nodes": [1]}], scene=1)
    glb.mesh(glb.square()).mesh(glb.square(at=(5, 0, 0)))
    glb.tree["nodes"] = [{"mesh": 0}, {"children": [2]}, {"mesh": 1}]
    assert box_of(glb.save(tmp_path / "a.glb")) == ([4, -1, 0], [6, 1, 0])
    del glb.tree["scenes"], glb.tree["scene"]
    assert box_of(glb.save(tmp_path / "b.glb")) == ([-1, -1, 0], [6, 1, 0])
    glb.tree["nodes"][1]["extensions"] = {"KHR_node_visibility": {"visible": False}}
    assert box_of(glb.save(tmp_path / "c.glb")) == ([-1, -1, 0], [1, 1, 0])


def test_far_from_the_origin_nothing_is_rounded_before_it_is_centred(tmp_path):
    glb = Glb()
    glb.mesh(glb.square(size=0.5))
    glb.tree["nodes"][0]["translation"] = [481_234.5, 5_412_346.1, 0]
    mesh = load_asset(glb.save(tmp_path / "a.glb"))
    assert mesh.vertices.dtype == np.float64
    np.testing.assert_allclose(np.ptp(mesh.normalise().vertices, axis=0), [0, 1, 1], atol=1e-6)
    assert mesh.normalise().vertices.dtype == np.float32


def test_required_extensions_that_are_not_understood_are_named_with_the_cure(tmp_path):
    for name, cure in {
        "EXT_meshopt_compression": "dequantize", "KHR_texture_basisu": "PNG", "ACME_splats": "without it",
    }.items():  # fmt: skip
        glb = Glb(extensionsRequired=[name], extensionsUsed=[name])
        glb.mesh(glb.square())
        with pytest.raises(DataError, match=rf"a.glb: .*{name}.*{cure}"):
            load_asset(glb.save(tmp_path / "a.glb"))
    glb = Glb(extensionsUsed=["ACME_splats"])  # used, and not required
    glb.mesh(glb.square())
    assert load_asset(glb.save(tmp_path / "a.glb")).losses == ()


def test_compressed_meshes_are_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "DracoPy", None)
    glb = Glb()
    primitive = glb.square()
    primitive["extensions"] = {"KHR_draco_mesh_compression": {"bufferView": 0, "attributes": {"POSITION": 0}}}
    with pytest.raises(DataError, match="Draco.*install DracoPy"):
        load_asset(glb.mesh(primitive).save(tmp_path / "draco.glb"))
    glb = Glb()
    glb.mesh(glb.square())
    glb.tree["bufferViews"][0] |= {"buffer": 1, "extensions": {"EXT_meshopt_compression": {"buffer": 0}}}
    path = glb.save(tmp_path / "meshopt.gltf")
    tree = json.loads(path.read_text())
    tree["buffers"].append({"byteLength": 48})  # a place for what would be unpacked
    path.write_text(json.dumps(tree))
    with pytest.raises(DataError, match="meshopt.*dequantize"):
        load_asset(path)


def test_names_of_files_beside_a_model(tmp_path):
    glb = Glb()
    glb.mesh(glb.square())
    path = glb.save(tmp_path / "a.gltf")
    (tmp_path / "My Data").mkdir()
    (tmp_path / "a.bin").rename(tmp_path / "My Data" / "Caf\u00e9.bin")
    tree = json.loads(path.read_text())
    for uri in ("My%20Data/Caf%C3%A9.bin", "my data\\cafe\u0301.BIN", "C:\\work\\My Data\\Caf\u00e9.bin"):
        tree["buffers"][0]["uri"] = uri
        path.write_text(json.dumps(tree))
        assert len(load_asset(path).faces) == 2
        assert [file.name for file in referenced_files(path)] == ["Caf\u00e9.bin"]
    outside = tmp_path / "inner"
    outside.mkdir()
    tree["buffers"][0]["uri"] = "../My%20Data/Caf%C3%A9.bin"
    (outside / "a.gltf").write_text(json.dumps(tree))
    with pytest.raises(DataError, match="is not beside the model"):
        load_asset(outside / "a.gltf")


def test_what_does_not_fit_together_is_refused_in_a_sentence(tmp_path):
    def changed(change):
        glb = Glb()
        glb.mesh(glb.square())
        change(glb.tree)
        return glb.save(tmp_path / "a.glb")

    cases = {
        "reaches beyond its buffer": lambda t: t["accessors"][0].update(count=5),
        "a count that cannot be": lambda t: t["accessors"][0].update(count=10**15),
        "elements and no data": lambda t: t["accessors"][0].update(count=40_000_000, bufferView=None),
        "of another kind": lambda t: t["accessors"][0].update(type="VEC9"),
        "or one in itself": lambda t: t["nodes"][0].update(children=[0]),
        r"nodes\[7\] is not there": lambda t: t["nodes"][0].update(children=[7]),
        r"meshes\[7\] is not there": lambda t: t["nodes"][0].update(mesh=7),
        "do not fit together": lambda t: t["nodes"][0].update(matrix=[1, 2]),
        "no triangles": lambda t: t["meshes"][0]["primitives"][0].update(mode=1),
        "names vertex": lambda t: t["accessors"][0].update(count=2),
        "not finite": lambda t: t["nodes"][0].update(scale=[float("inf")] * 3),
        "simplify the model": lambda t: t.update(nodes=[{"children": [k + 1, k + 1]} for k in range(60)] + [{"mesh": 0}]),
    }  # fmt: skip
    for message, change in cases.items():
        with pytest.raises(DataError, match=message) as caught:
            load_asset(changed(change))
        assert "\n" not in str(caught.value) and str(tmp_path / "a.glb") in str(caught.value)


def test_broken_attributes_are_left_out_and_told(tmp_path):
    glb = Glb()
    primitive = glb.square(NORMAL=SQUARE[:3])
    primitive["attributes"]["COLOR_0"] = 77
    mesh = load_asset(glb.mesh(primitive).save(tmp_path / "a.glb"))
    assert mesh.losses == ("NORMAL has 3 values for 4 vertices", "COLOR_0 of a part of the mesh is broken")
    assert np.allclose(np.abs(mesh.normals), [1, 0, 0])
