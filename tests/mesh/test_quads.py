import importlib.util

import numpy as np
import pytest
import trimesh

from mvdream_cli.errors import UsageError
from mvdream_cli.mesh.quads import quadrangulate

TORUS = trimesh.creation.torus(0.6, 0.25, 48, 32)


def test_quadrilaterals_cover_the_surface(capfd):
    pytest.importorskip("pynanoinstantmeshes")
    vertices, faces = quadrangulate(TORUS.vertices, TORUS.faces, 4000)
    assert 2000 < len(faces) < 6000 and len(faces) % 2 == 0
    np.testing.assert_array_equal(faces[0::2, [0, 2]], faces[1::2, [0, 1]])  # halves share their diagonal
    solid = trimesh.Trimesh(vertices, faces, process=False)
    assert solid.is_watertight and abs(solid.volume / TORUS.volume - 1) < 0.03
    again = quadrangulate(TORUS.vertices, TORUS.faces, 4000)
    np.testing.assert_array_equal(again[0], vertices)
    assert capfd.readouterr() == ("", "")  # the library writes pages


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"mvdream-cli\[quads\]"):
        quadrangulate(TORUS.vertices, TORUS.faces, 4000)
