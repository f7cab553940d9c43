import os
from pathlib import Path

import numpy as np
import pytest
import trimesh

from mvdream_cli.errors import ObjectError
from mvdream_cli.mesh import unwrap as unwrapping
from mvdream_cli.mesh.aside import call_aside
from mvdream_cli.mesh.texture import rasterize
from mvdream_cli.mesh.unwrap import blocks, charts, pairs_layout, unwrap

BALL = trimesh.creation.icosphere(4)


def abort(vertices, **arguments):
    os.abort()


def refuse(vertices, **arguments):
    print("what is printed goes nowhere")
    raise ValueError("no vertices today")


def echo(**arguments):
    return arguments


@pytest.mark.parametrize("block_faces", [8000, 700])
def test_charts_hold_every_face_once_and_do_not_overlap(monkeypatch, block_faces):
    monkeypatch.setattr(unwrapping.blocks, "__defaults__", (block_faces,))
    layout = unwrapping.Layout(**charts(BALL.vertices, BALL.faces, 512))
    np.testing.assert_array_equal(layout.vertices[layout.faces], BALL.faces)
    assert layout.uv.min() >= 0 and layout.uv.max() <= 1 and len(layout.vertices) < 2 * len(BALL.vertices)
    face, _, texels = rasterize(layout.uv, layout.faces, 512)
    assert len(np.unique(texels)) == len(texels) and len(np.unique(face)) == len(BALL.faces)
    doubled = layout.uv[layout.faces].astype(float)
    first, second = doubled[:, 1] - doubled[:, 0], doubled[:, 2] - doubled[:, 0]
    area = np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) / BALL.area_faces
    assert np.quantile(area, 0.9) / np.quantile(area, 0.1) < 2  # a face's share of the texture is that of the surface


def test_the_layout_is_the_same_each_time():
    first, second = (unwrap(BALL.vertices, BALL.faces, 256) for _ in range(2))
    for one, other in zip(first, second):
        np.testing.assert_array_equal(one, other)


def test_where_xatlas_aborts_each_pair_of_faces_has_a_cell(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
    monkeypatch.setattr(unwrapping, "charts", abort)
    layout, plain = unwrap(BALL.vertices, BALL.faces, 512), pairs_layout(BALL.faces, 512)
    np.testing.assert_array_equal(layout.uv, plain.uv)
    np.testing.assert_array_equal(plain.vertices[plain.faces], BALL.faces)
    assert plain.uv.min() > 0 and plain.uv.max() < 1
    face, _, texels = rasterize(plain.uv, plain.faces, 512)
    assert len(np.unique(texels)) == len(texels) and len(np.unique(face)) == len(BALL.faces)


def test_blocks_have_every_face_once_and_are_small():
    centres = np.random.default_rng(0).random((1000, 3)) * (1, 5, 1)
    found = blocks(centres, 130)
    assert max(map(len, found)) <= 130 and sorted(np.concatenate(found)) == list(range(1000))
    assert max(np.ptp(centres[block, 1]) for block in found) < 1  # cut along the longest side
    assert len(blocks(np.zeros((10, 3)), 4)) == 4  # also where all centres are the same


def test_a_function_aside_answers_or_says_what_stopped_it(capfd, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
    answer = call_aside(echo, numbers=np.arange(3))
    np.testing.assert_array_equal(answer["numbers"], np.arange(3))
    with pytest.raises(ObjectError, match="refuse failed .*no vertices today"):
        call_aside(refuse, vertices=np.zeros(3))
    with pytest.raises(ObjectError, match="abort failed .*exit code -6"):
        call_aside(abort, vertices=np.zeros(3))
    assert capfd.readouterr() == ("", "")
