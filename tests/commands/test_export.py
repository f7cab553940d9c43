import json

import pytest
import torch
import trimesh

from mvdream_cli.commands import export
from mvdream_cli.engine import checkpoint
from mvdream_cli.engine.run import open_run
from mvdream_cli.errors import CheckpointError, MVDreamError, ObjectError, UsageError
from mvdream_cli.scene.field import DenseGridField
from mvdream_cli.scene.occupancy import Occupancy
from mvdream_cli.settings import Settings

SETTINGS = Settings().model_copy(
    update={"export": Settings().export.model_copy(update={"resolution": 24, "faces": 500, "texture_size": 64})}
)


def _run_folder(folder, empty=False):
    field, occupancy = DenseGridField((8,), blob_density=60.0), Occupancy(16)
    if empty:
        torch.nn.init.constant_(field.grids[0], -100.0)
    occupancy.update(field)
    with open_run(folder, "to3d", {}, identity_keys=[]) as run:
        run.update(field=field.config())
        optimizer = torch.optim.SGD(field.parameters(), lr=0.1)
        checkpoint.save(
            run.checkpoints,
            step=1,
            modules={"field": field, "occupancy": occupancy},
            optimizer=optimizer,
            state={"step": 1},
            keep=1,
        )
    return field, occupancy


def test_export_writes_the_object_of_a_run(tmp_path):
    _run_folder(tmp_path / "run")
    made = export.run(SETTINGS, tmp_path / "run")
    path = made["mesh"]
    assert "openViewer" in made["page"].read_text(encoding="utf-8") and made["page"].name == "mesh.html"
    assert path == tmp_path / "run" / "mesh.glb"
    mesh = trimesh.load(path, force="mesh")
    assert abs(mesh.extents.mean() - 1.0) < 0.1 and len(mesh.faces) <= 500
    surface = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))["surface"]
    assert (
        surface["psnr_db"] == made["psnr_db"] > 20 and len(surface["level_curve"]) > 20 and surface["faces"] == len(mesh.faces)
    )


def _asking(*formats):
    files = SETTINGS.export.files.model_copy(update={"formats": list(formats)})
    return SETTINGS.model_copy(update={"export": SETTINGS.export.model_copy(update={"files": files})})


def test_several_formats_into_a_folder(tmp_path):
    _run_folder(tmp_path / "run")
    made = export.run(_asking("stl", "glb", "stl"), tmp_path / "run", tmp_path / "new" / "folder")
    assert (made["mesh"], made["mesh_glb"]) == tuple(tmp_path / "new" / "folder" / name for name in ("mesh.stl", "mesh.glb"))
    assert {path.name for path in (tmp_path / "new" / "folder").iterdir()} == {"mesh.stl", "mesh.glb", "mesh.html"}


def test_output_and_format_agree_or_nothing_is_computed(tmp_path, monkeypatch):
    _run_folder(tmp_path / "run")
    (tmp_path / "v1.2").mkdir()
    assert export.places(tmp_path / "v1.2", tmp_path, ["glb"]) == [tmp_path / "v1.2" / "mesh.glb"]
    assert export.places(tmp_path / "Cat.GLB", tmp_path, ["glb"]) == [tmp_path / "Cat.GLB"]
    assert export.places(None, tmp_path, ["glb", "obj"]) == [tmp_path / "mesh.glb", tmp_path / "mesh.obj"]
    monkeypatch.setattr(export, "mesh_of_field", None)
    for formats, name, told in (
        (["obj"], "cat.glb", "is one glb file, and --format asks for obj"),
        (["glb", "stl"], "cat.glb", "asks for glb, stl"),
        (["glb"], "cat.blend", "ends as no format does; use .glb, "),
    ):
        with pytest.raises(UsageError, match=told):
            export.run(_asking(*formats), tmp_path / "run", tmp_path / name)
    (tmp_path / "file").touch()
    with pytest.raises(MVDreamError, match="cannot be written"):
        export.run(SETTINGS, tmp_path / "run", tmp_path / "file" / "cat.glb")


def test_the_card_of_the_run_is_in_the_file(tmp_path):
    _run_folder(tmp_path / "run")
    path = tmp_path / "run" / "run.json"
    record = json.loads(path.read_text())
    record |= {"settings": {"model": "/home/me/models/rex", "engine": {"seed": 3}}, "created": "2026-11-27T10:00:00+0000"}
    record["identity"] = {"prompt": "a dog", "model_identity": "0123456789abcdef"}
    path.write_text(json.dumps(record))
    content = export.run(SETTINGS, tmp_path / "run")["mesh"].read_bytes()
    extras = json.loads(content[20 : 20 + int.from_bytes(content[12:16], "little")])["asset"]["extras"]
    assert extras["prompt"] == "a dog" and extras["model"] == {"name": "rex", "identity": "0123456789abcdef"}
    assert extras["seed"] == 3 and extras["versions"]["torch"] and b"/home/me" not in content
    assert b"2026-11" not in content  # the same bytes again


def test_a_run_that_goes_on_gives_its_newest_checkpoint(tmp_path, caplog):
    """Or says to wait for the first one."""
    caplog.set_level("INFO")
    field, _ = _run_folder(tmp_path / "run")
    with open_run(tmp_path / "run", "to3d", {}, identity_keys=[]):
        assert export.run(SETTINGS, tmp_path / "run", tmp_path / "now.glb")["mesh"].is_file()
    assert "this run goes on; its newest checkpoint is exported" in caplog.text
    with open_run(tmp_path / "new", "to3d", {}, identity_keys=[]) as run:
        with pytest.raises(CheckpointError, match="goes on and holds no 3D object yet; wait"):
            export.run(SETTINGS, tmp_path / "new")
        run.update(field=field.config())
        with pytest.raises(CheckpointError, match="goes on and holds no 3D object yet; wait"):
            export.run(SETTINGS, tmp_path / "new")
    with pytest.raises(CheckpointError, match="stopped before"):
        export.run(SETTINGS, tmp_path / "new")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"versions": {"mvdream-cli": "99.1.0"}}, "written by mvdream 99.1.0, and this is"),
        ({"field": {"kind": "gaussians"}}, "its object cannot be read .*gaussians"),
        ({"field": {"kind": "dense_grid", "resolutions": [8], "warp": 3}}, "its object cannot be read"),
        ({"field": {"kind": "dense_grid", "resolutions": [9]}}, "its object cannot be read"),
    ],
)
def test_a_run_that_cannot_be_read_says_so_and_leaves_no_file(tmp_path, changed, told):
    _run_folder(tmp_path / "run")
    path = tmp_path / "run" / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    with pytest.raises(CheckpointError, match=told):
        export.run(SETTINGS, tmp_path / "run", tmp_path / "out.glb")
    assert not (tmp_path / "out.glb").exists()


def test_export_of_an_empty_object_or_another_run_says_so_and_leaves_no_file(tmp_path):
    _run_folder(tmp_path / "empty", empty=True)
    with pytest.raises(ObjectError, match="empty"):
        export.run(SETTINGS, tmp_path / "empty", tmp_path / "out.glb")
    with open_run(tmp_path / "other", "train", {}, identity_keys=[]):
        pass
    with pytest.raises(CheckpointError, match="holds no 3D object"):
        export.run(SETTINGS, tmp_path / "other", tmp_path / "out.glb")
    assert not (tmp_path / "out.glb").exists()


def test_a_film_beside_the_file(tmp_path):
    _run_folder(tmp_path / "run")
    film = Settings().turntable.model_copy(update={"formats": ["gif"], "frames": 3, "size_px": 32})
    made = export.run(
        _asking("stl").model_copy(update={"turntable": film}), tmp_path / "run", tmp_path / "a.stl", turntable=True
    )
    assert made["turntable"] == tmp_path / "a-turntable.gif" and made["turntable"].stat().st_size > 500
