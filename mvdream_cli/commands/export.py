"""`mvdream export`: the object of a finished or stopped run becomes a file that opens anywhere, and a page to look at it."""

from pathlib import Path

from mvdream_cli.engine.checkpoint import read_weights
from mvdream_cli.engine.device import pick_device, set_threads
from mvdream_cli.engine.progress import say
from mvdream_cli.engine.records import latest_run, read_run
from mvdream_cli.errors import CheckpointError
from mvdream_cli.mesh.from_distance import RECONSTRUCTION, distance_to_mesh, load_reconstruction
from mvdream_cli.mesh.from_field import field_to_mesh
from mvdream_cli.mesh.page import write_page_of
from mvdream_cli.mesh.texture import TexturedMesh
from mvdream_cli.mesh.writers import write_mesh
from mvdream_cli.scene.field import build_field
from mvdream_cli.scene.occupancy import Occupancy


def run(settings, run_folder: Path | None = None, output: Path | None = None) -> dict:
    """Export the newest checkpoint of a to3d run. Returns {"mesh": path of the file, "page": a page that shows it}."""
    export = settings.export
    folder = Path(run_folder) if run_folder is not None else latest_run(command="to3d")
    record = read_run(folder)
    if "field" not in record and not (folder / RECONSTRUCTION).is_file():
        raise CheckpointError(f"{folder}: this run holds no 3D object; name the folder of a to3d run")
    set_threads(settings.engine.threads)
    device, _, _ = pick_device(settings.engine.device, settings.engine.dtype)
    path = Path(output) if output is not None else folder / f"mesh.{export.format}"
    mesh = mesh_of_field(folder, record, device, export) if "field" in record else mesh_of_reconstruction(folder, export)
    written = write_mesh(mesh, path, export.format)
    page = write_page_of(mesh, path.with_suffix(".html"), record.get("text", path.stem), settings.export.model_dump())
    say(f"{folder.name}: {len(mesh.faces)} triangles, {', '.join(file.name for file in written)}")
    return {"mesh": written[0], "page": page}


def mesh_of_field(folder: Path, record: dict, device, export) -> TexturedMesh:
    """Of the newest checkpoint."""
    weights = read_weights(folder / "checkpoints")
    field, occupancy = build_field(record["field"]), Occupancy(len(weights["occupancy"]["density"]))
    field.load_state_dict(weights["field"])
    occupancy.load_state_dict(weights["occupancy"])
    return field_to_mesh(field.to(device), occupancy=occupancy.to(device), **export.options("format"))


def mesh_of_reconstruction(folder: Path, export) -> TexturedMesh:
    """Of the lattice that the run kept: its resolution is that of the run."""
    seen, pictures = load_reconstruction(folder / RECONSTRUCTION)
    return distance_to_mesh(seen, pictures, faces=export.faces, texture_size=export.texture_size)
