import json

import numpy as np
import pytest
import torch
import trimesh

from mvdream_cli.errors import ObjectError, UsageError
from mvdream_cli.mesh.from_field import field_to_mesh
from mvdream_cli.mesh.texture import rasterize
from mvdream_cli.mesh.writers import write_mesh
from mvdream_cli.raycast.mesh import vertex_normals

RED, GREEN, BLUE = np.array([230, 26, 26]), np.array([26, 230, 26]), np.array([26, 26, 230])


class Egg:
    """Half-axes 0.3, 0.4, 0.5 along x, y, z. Red where it faces +x, green above, blue elsewhere."""

    def density(self, points):
        return torch.nn.functional.softplus(300.0 * (1.0 - (points / torch.tensor([0.3, 0.4, 0.5])).norm(dim=-1)))

    def __call__(self, points):
        x, z = points[..., :1] / 0.3, points[..., 2:] / 0.5
        red, green = ((x > z) & (x > 0.4)).float(), ((z >= x) & (z > 0.4)).float()
        return self.density(points), 0.1 + 0.8 * torch.cat([red, green, 1 - red - green], -1)


class Nothing:
    def density(self, points):
        return points[..., 0] * 0


@pytest.fixture(scope="module")
def egg():
    return field_to_mesh(Egg(), resolution=48, faces=3000, texture_size=256, normal_map=False, occlusion=False)


def _color_at(mesh: trimesh.Trimesh, direction) -> np.ndarray:
    """Texture color where a ray from outside meets the surface."""
    direction = np.asarray(direction, float)
    hit, _, face = mesh.ray.intersects_location([direction * 3], [-direction], multiple_hits=False)
    weights = trimesh.triangles.points_to_barycentric(mesh.triangles[face], hit)
    uv = (mesh.visual.uv[mesh.faces[face[0]]] * weights[0][:, None]).sum(0)
    material = mesh.visual.material
    image = material.baseColorTexture if hasattr(material, "baseColorTexture") else material.image
    image = np.asarray(image.convert("RGB"))
    size = image.shape[0]
    return image[int((1 - uv[1]) * size), int(uv[0] * size)].astype(int)


@pytest.mark.parametrize("name", ["glb", "obj"])
def test_textured_files_have_y_up_and_the_front_along_z(egg, tmp_path, name):
    written = write_mesh(egg, tmp_path / "deep" / f"egg.{name}")
    mesh = trimesh.load(written[0], force="mesh", process=False)
    np.testing.assert_allclose(mesh.extents, [0.8, 1.0, 0.6], atol=0.03)  # world y, z, x
    assert np.abs(_color_at(mesh, [0, 0, 1]) - RED).max() < 12  # the front, world +x
    assert np.abs(_color_at(mesh, [0, 1, 0]) - GREEN).max() < 12
    assert np.abs(_color_at(mesh, [0, -1, 0]) - BLUE).max() < 12
    assert np.abs(_color_at(mesh, [-1, 0, 0]) - BLUE).max() < 12
    mesh.merge_vertices(merge_tex=True, merge_norm=True)
    assert mesh.is_watertight and mesh.volume > 0.23


def test_glb_material_is_plain_and_normals_look_outwards(egg, tmp_path):
    path = write_mesh(egg, tmp_path / "egg.glb")[0]
    content = path.read_bytes()
    header = json.loads(content[20 : 20 + int.from_bytes(content[12:16], "little")])
    (material,), (image,) = header["materials"], header["images"]
    assert not material.get("doubleSided", False) and image["mimeType"] == "image/png"
    assert material["pbrMetallicRoughness"].items() >= {"metallicFactor": 0.0, "roughnessFactor": 1.0}.items()
    mesh = trimesh.load(path, force="mesh", process=False)
    assert mesh.visual.material.baseColorTexture.size == (256, 256)
    assert (mesh.vertex_normals * mesh.vertices).sum(1).min() > 0


def test_an_empty_field_or_an_unknown_format_leaves_no_file(egg, tmp_path):
    with pytest.raises(ObjectError, match="empty"):
        write_mesh(field_to_mesh(Nothing(), resolution=16), tmp_path / "nothing.glb")
    with pytest.raises(UsageError, match="'xyz'.*glb"):
        write_mesh(egg, tmp_path / "egg.xyz")
    assert not list(tmp_path.iterdir())


def test_rasterize_gives_each_texel_its_place():
    uv = np.float32([[0, 0], [1, 0], [0, 1], [1, 1]])
    faces = np.int32([[0, 1, 2], [3, 2, 1]])
    face, weights, texels = rasterize(uv, faces, 16)
    assert len(np.unique(texels)) == 256
    where = np.einsum("pk,pkc->pc", weights, uv[faces[face]])
    rows, columns = np.divmod(texels, 16)
    np.testing.assert_allclose(where, np.stack([(columns + 0.5) / 16, 1 - (rows + 0.5) / 16], 1), atol=1e-6)


def test_normals_are_those_of_the_ellipsoid(egg):
    expected = egg.vertices / np.array([0.3, 0.4, 0.5]) ** 2
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert ((vertex_normals(egg.vertices, egg.faces) * expected).sum(1) > 0.95).all()
