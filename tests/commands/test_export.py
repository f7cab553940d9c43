import pytest
import torch
import trimesh

from mvdream_cli.commands import export
from mvdream_cli.engine import checkpoint
from mvdream_cli.engine.run import open_run
from mvdream_cli.errors import CheckpointError, ObjectError
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
    assert "GLTFLoader" in made["page"].read_text(encoding="utf-8") and made["page"].name == "mesh.html"
    assert path == tmp_path / "run" / "mesh.glb"
    mesh = trimesh.load(path, force="mesh")
    assert abs(mesh.extents.mean() - 1.0) < 0.1 and len(mesh.faces) <= 500


def test_export_of_an_empty_object_or_another_run_says_so_and_leaves_no_file(tmp_path):
    _run_folder(tmp_path / "empty", empty=True)
    with pytest.raises(ObjectError, match="empty"):
        export.run(SETTINGS, tmp_path / "empty", tmp_path / "out.glb")
    with open_run(tmp_path / "other", "train", {}, identity_keys=[]):
        pass
    with pytest.raises(CheckpointError, match="holds no 3D object"):
        export.run(SETTINGS, tmp_path / "other", tmp_path / "out.glb")
    assert not (tmp_path / "out.glb").exists()
