"""benchmarks/clients: the programs that are Python packages open every format here; it must be able to find what is wrong."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from conftest import ROOT
from textured_egg import egg

sys.path.insert(0, str(ROOT))

from benchmarks.clients.__main__ import main
from benchmarks.clients.seen import Seen, disagreements
from mvdream_cli.mesh.formats.parts import FileOptions
from mvdream_cli.mesh.writers import WRITERS, write_mesh

CLIENTS = "trimesh,usd-core,lib3mf"
EIGHT_FACES = [[2, 1, 0], [3, 2, 0], [4, 3, 0], [1, 4, 0], [2, 5, 1], [3, 5, 2], [4, 5, 3], [1, 5, 4]]


@pytest.fixture(autouse=True)
def _here():
    for package in ("lib3mf", "pxr", "DracoPy"):
        pytest.importorskip(package)


def _few_faces():
    points = np.float32([[0, 0, -0.5], [1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0], [0, 0, 0.7]])
    normals = points / np.linalg.norm(points, axis=1, keepdims=True)
    colors = np.full((6, 3), 128, np.uint8)
    return replace(
        egg(), vertices=points, faces=np.int32(EIGHT_FACES), normals=normals, colors=colors, layout=None, texture=None, quads=0
    )


def _run(monkeypatch, capsys, exports, out, *more) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["clients", str(exports), "--out", str(out), "--only", CLIENTS, *more])
    code = main()
    return code, capsys.readouterr().out


def test_every_format_opens_with_and_without_a_texture(tmp_path, monkeypatch, capsys):
    for name in WRITERS:
        write_mesh(egg(), tmp_path / "exports" / f"egg.{name}")
        write_mesh(_few_faces(), tmp_path / "exports" / "few" / f"few.{name}")
    write_mesh(egg(), tmp_path / "exports" / "draco.glb", FileOptions(draco=True, size_mm=70.0))
    code, told = _run(monkeypatch, capsys, tmp_path / "exports", tmp_path / "out")
    assert code == 0, told
    report = json.loads((tmp_path / "out" / "clients.json").read_text())
    assert len(report["files"]) == 2 * len(WRITERS) + 1
    assert all(by_client for by_client in report["files"].values())
    assert report["files"]["egg.usdz"]["usd-core"]["pictures"] == 4


def test_broken_files_and_other_axes_are_found(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "exports"
    glb, usdz = (write_mesh(egg(), folder / name)[0] for name in ("egg.glb", "egg.usdz"))
    glb.write_bytes(glb.read_bytes()[:-500])
    usdz.write_bytes(usdz.read_bytes().replace(b'upAxis = "Y"', b'upAxis = "Z"'))
    torn = np.frombuffer(write_mesh(egg(), folder / "egg.stl")[0].read_bytes(), np.uint8).copy()
    torn[84 + 12 : 84 + 16] = np.frombuffer(np.float32(9).tobytes(), np.uint8)  # one corner elsewhere
    (folder / "egg.stl").write_bytes(torn.tobytes())
    code, told = _run(monkeypatch, capsys, folder, tmp_path / "out")
    assert code == 1 and "egg.usdz: usd-core: the up axis is not y" in told
    assert "egg.glb: trimesh: " in told and "egg.stl: trimesh: is not watertight" in told


def test_clients_that_disagree_are_told():
    seen = [Seen("a", 10, [1.0, 2.0, 3.0]), Seen("b", 10, [1.0, 2.0, 3.0]), Seen("c", 12, [1.0, 3.0, 2.0])]
    disagreements("file", seen)
    assert not seen[0].problems and not seen[1].problems and len(seen[2].problems) == 2
