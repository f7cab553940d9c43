"""`mvdream export`: the object of a run becomes files that open anywhere, and a page to look at it."""

from pathlib import Path

from mvdream_cli.engine.checkpoint import list_steps, read_weights
from mvdream_cli.engine.device import pick_device, set_threads
from mvdream_cli.engine.lock import beside, is_held, lock
from mvdream_cli.engine.progress import say
from mvdream_cli.engine.records import latest_run, read_run, write_json
from mvdream_cli.errors import CheckpointError, ModelError, UsageError
from mvdream_cli.mesh.formats.parts import FileOptions
from mvdream_cli.mesh.from_distance import RECONSTRUCTION, distance_to_mesh, load_reconstruction
from mvdream_cli.mesh.from_field import field_to_mesh
from mvdream_cli.mesh.likeness import said_of
from mvdream_cli.mesh.projection import PICTURES, load_pictures
from mvdream_cli.mesh.texture import TexturedMesh
from mvdream_cli.mesh.turntable import asset_of, write_films
from mvdream_cli.mesh.writers import WRITERS, check_wanted, check_writable, write_mesh
from mvdream_cli.methods.object_card import object_card
from mvdream_cli.pages.page import write_page
from mvdream_cli.pages.story import setting_rows, story
from mvdream_cli.pages.viewer_mesh import of_textured
from mvdream_cli.scene.field import build_field
from mvdream_cli.scene.occupancy import Occupancy


def run(settings, run_folder: Path | None = None, output: Path | None = None, turntable: bool = False) -> dict:
    """Export the object of a to3d run, of its newest checkpoint where it still goes on.

    Args:
        output: a file, whose ending is the one format, or a folder; None: the run's folder.
        turntable: write films of it too, as the settings have them.

    Returns:
        {"mesh": the first file, "mesh_stl": another, ..., "page": a page that shows them, "turntable": a film,
        "psnr_db": how like the field it is}; the facts of the surface stand in run.json, where the files go into the run.

    Raises:
        CheckpointError: the run holds no object, or is of a newer version. UsageError: formats and output do not agree.
        LockedError: another process writes these files.
        ObjectError: the object is empty or full. MVDreamError: the place cannot be written, or its disk is full.
        VideoError: the film could not be written; the files are.
    """
    export = settings.export
    folder = Path(run_folder) if run_folder is not None else latest_run(command="to3d")
    record = read_run(folder)
    _check_record(folder, record)
    paths = places(output, folder, export.files.formats)
    for path in paths:
        check_writable(path)
    options = FileOptions(export.files.size_mm, export.files.draco, about=object_card(record))
    check_wanted(export.files.formats, options)
    with lock(beside(paths[0].with_suffix("")), paths[0], "wait for it, or give another --output"):  # all share their stem
        return _write(settings, folder, record, paths, options, output is None, turntable)


def _write(
    settings, folder: Path, record: dict, paths: list[Path], options: FileOptions, in_run: bool, turntable: bool
) -> dict:
    export = settings.export
    set_threads(settings.engine.threads)
    device, _, _ = pick_device(settings.engine.device, settings.engine.dtype)
    mesh = mesh_of_field(folder, record, device, export) if "field" in record else mesh_of_reconstruction(folder, export)
    made, files = {}, []
    if in_run and not is_held(folder):
        write_json(folder / "run.json", record | {"surface": mesh.facts})
    for path in paths:
        written = write_mesh(mesh, path, options)
        made[f"mesh_{path.suffix[1:].lower()}" if made else "mesh"] = written[0]
        files += written
    told = story(folder, record) | {"command": "export", "settings": setting_rows("export", settings.model_dump(mode="json"))}
    made["page"] = write_page(paths[0].with_suffix(".html"), told, folder, of_textured(mesh))
    if turntable:
        made |= write_films(paths[0].with_name(f"{paths[0].stem}-turntable"), asset_of(mesh), **settings.turntable.options())
    say(f"{folder.name}: {said_of(mesh.facts)}; {', '.join(file.name for file in files)}")
    told = ("psnr_db", "psnr_without_floaters_db", "psnr_to_views_db")
    return made | {name: mesh.facts[name] for name in told if name in mesh.facts}


def places(output: Path | None, folder: Path, formats: list[str]) -> list[Path]:
    """The file of each format: `output` itself, or mesh.FORMAT in the folder that it is, by default the run's `folder`.

    Raises:
        UsageError: `output` has the ending of another format, or of none, or there are several.
    """
    formats = list(dict.fromkeys(formats))
    if output is None or output.is_dir() or not output.suffix:
        return [(output or folder) / f"mesh.{name}" for name in formats]
    ending = output.suffix[1:].lower()
    if ending not in WRITERS:
        known = ", ".join(f".{name}" for name in WRITERS)
        raise UsageError(f"export: --output {output} ends as no format does; use {known}, or name a folder that is there")
    if formats != [ending]:
        raise UsageError(
            f"export: --output {output} is one {ending} file, and --format asks for {', '.join(formats)}; "
            "leave one of the two out, or name a folder"
        )
    return [output]


def _check_record(folder: Path, record: dict) -> None:
    """Whether there is something to export."""
    goes_on = record.get("status") == "running" and is_held(folder)
    checkpointed = "field" in record and list_steps(folder / "checkpoints")
    if not checkpointed and not (folder / RECONSTRUCTION).is_file():
        if goes_on:
            raise CheckpointError(f"{folder}: this run goes on and holds no 3D object yet; wait for its first checkpoint")
        if record.get("command") == "to3d":
            raise CheckpointError(f"{folder}: this run stopped before it held a 3D object; run its to3d command again")
        raise CheckpointError(f"{folder}: this run holds no 3D object; name the folder of a to3d run")
    if goes_on:
        say(f"{folder.name}: this run goes on; its newest checkpoint is exported")


def mesh_of_field(folder: Path, record: dict, device, export) -> TexturedMesh:
    """Of the newest checkpoint."""
    weights = read_weights(folder / "checkpoints")
    try:
        field, occupancy = build_field(record["field"]), Occupancy(len(weights["occupancy"]["density"]))
        field.load_state_dict(weights["field"])
        occupancy.load_state_dict(weights["occupancy"])
    except (ModelError, KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:120]
        raise CheckpointError(f"{folder}: its object cannot be read ({reason}); make it again with --restart") from error
    pictures = load_pictures(folder / PICTURES)
    return field_to_mesh(field.to(device), occupancy=occupancy.to(device), pictures=pictures, **export.options())


def mesh_of_reconstruction(folder: Path, export) -> TexturedMesh:
    """Of the lattice that the run kept: its resolution is that of the run."""
    seen, pictures = load_reconstruction(folder / RECONSTRUCTION)
    return distance_to_mesh(seen, pictures, **export.options("resolution", "smooth_cells", "level"))
