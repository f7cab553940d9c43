"""What the viewer unpacks is the mesh, to 16 bits."""

import base64
import gzip
import io

import numpy as np
import pytest
import trimesh
from PIL import Image

from mvdream_cli.mesh.texture import TexturedMesh
from mvdream_cli.mesh.unwrap import Layout
from mvdream_cli.pages import viewer_mesh
from mvdream_cli.raycast.mesh import Mesh


def unpacked(packed):
    """As `unpack` of viewer.js reads it."""
    data, at, found = np.frombuffer(gzip.decompress(base64.b64decode(packed["data"])), np.uint8), 0, {}
    for name, width, size in packed["columns"]:
        rows = 3 * packed["faces"] if name == "index" else packed["vertices"]
        planes = data[at : at + rows * width * size].reshape(size, width, rows).astype(np.uint64)
        values = (planes << (8 * np.arange(size, dtype=np.uint64))[:, None, None]).sum(0)
        found[name] = (np.cumsum(values, 1) % np.uint64(256**size)).T.astype(np.int64)
        at += rows * width * size
    assert at == len(data)
    return found


@pytest.fixture(scope="module")
def ball():
    sphere = trimesh.creation.icosphere(3)
    vertices, faces = sphere.vertices.astype(np.float32) * [1.0, 0.5, 0.25], sphere.faces.astype(np.int32)
    normals = sphere.vertices.astype(np.float32)
    return vertices.astype(np.float32), faces, normals, np.arange(3 * len(vertices)).reshape(-1, 3).astype(np.uint8)


def test_positions_normals_and_colors_come_back(ball):
    vertices, faces, normals, colors = ball
    packed = viewer_mesh.of_textured(TexturedMesh(vertices, faces, normals, colors))
    found = unpacked(packed)
    assert (found["index"].reshape(-1, 3) == faces).all() and (found["color"] == colors).all()
    back = np.array(packed["low"]) + found["position"] / 65535 * packed["size"]
    assert abs(back - vertices).max() < 2e-5
    signed = np.where(found["normal"] > 127, found["normal"] - 256, found["normal"]) / 127
    assert abs(signed - normals).max() < 0.005


def test_a_texture_goes_with_the_vertices_of_its_layout(ball):
    vertices, faces, normals, colors = ball
    layout = Layout(
        np.arange(len(vertices))[::-1], len(vertices) - 1 - faces, np.random.default_rng(0).random((len(vertices), 2))
    )
    texture = np.zeros((64, 64, 3), np.uint8)
    texture[:32] = (250, 10, 10)
    mesh = TexturedMesh(vertices, faces, normals, colors, layout, texture)
    packed = viewer_mesh.of_textured(mesh)
    found = unpacked(packed)
    back = np.array(packed["low"]) + found["position"] / 65535 * packed["size"]
    assert abs(back - vertices[::-1]).max() < 2e-5 and abs(found["uv"] / 65535 - layout.uv).max() < 1e-5
    picture = Image.open(io.BytesIO(base64.b64decode(packed["texture"].split(",")[1])))
    assert picture.size == (64, 64) and picture.getpixel((5, 5))[0] > 200 and "normal_map" not in packed


def test_a_mesh_of_a_file_and_one_that_is_too_large(ball, monkeypatch):
    vertices, faces, normals, _ = ball
    colors = np.full((len(vertices), 3), 0.5, np.float32)
    assert (unpacked(viewer_mesh.of_asset(Mesh(vertices, faces, normals, colors)))["color"] == 128).all()
    monkeypatch.setattr(viewer_mesh, "MOST_FACES", len(faces) - 1)
    assert viewer_mesh.of_asset(Mesh(vertices, faces, normals, colors)) is None
