"""`mvdream to3d`: a prompt, or pictures with cameras, become a textured 3D object.

What is done in which order is told by `methods.make_object`.
"""

from collections.abc import Callable
from pathlib import Path

from mvdream_cli.commands.opening import open_model, warn_about_words
from mvdream_cli.engine.progress import made, say, warn
from mvdream_cli.engine.run import open_run
from mvdream_cli.errors import VideoError
from mvdream_cli.mesh.formats.parts import FileOptions
from mvdream_cli.mesh.likeness import said_of
from mvdream_cli.mesh.turntable import write_films, write_sheet
from mvdream_cli.mesh.writers import check_wanted, write_formats
from mvdream_cli.methods.make_object import make_object
from mvdream_cli.methods.object_card import object_card
from mvdream_cli.methods.posed_views import views_identity
from mvdream_cli.models.find import model_identity
from mvdream_cli.pages.page import write_run_page
from mvdream_cli.pages.viewer_mesh import of_textured
from mvdream_cli.raycast.assets import load_asset


def run(
    settings,
    prompt: str,
    out: Path | None = None,
    restart: bool = False,
    root: Path = Path("runs"),
    open_model: Callable[..., tuple] = open_model,
    from_views: Path | None = None,
) -> dict:
    """Make the object. Returns the paths of what was made.

    Args:
        prompt: "" with `from_views`, where nothing is distilled then.
        out: the run folder; none: one in `root`, named after the prompt.
        open_model: returns (pipeline, device) of settings.
        from_views: a folder of pictures and cameras, which are taken in place of sampled ones.
    """
    to3d = settings.to3d
    recorded = settings.model_dump(mode="json") | {"prompt": prompt, "model_identity": model_identity(settings.model)}
    if to3d.guidance.prior:
        recorded["prior_identity"] = model_identity(to3d.guidance.prior)
    if from_views:
        recorded["views_identity"] = views_identity(from_views)
    identity_keys = ["to3d", "engine.seed", "prompt", "model_identity", "prior_identity", "views_identity"]
    text = prompt or from_views.resolve().name
    with open_run(out, "to3d", recorded, identity_keys=identity_keys, text=text, restart=restart, root=root) as run:
        if run.finished:
            say(f"{run.folder}: already finished; --restart starts over")
            return {"run": run.folder, **{k: run.folder / v for k, v in run.results.items() if isinstance(v, str)}}
        asked = settings.export.files
        options = FileOptions(asked.size_mm, asked.draco, about=object_card(run.record))
        check_wanted(["glb", *to3d.formats], options)
        if prompt:
            warn_about_words(settings, prompt)
        say(f"writing to {run.folder}")
        mesh = make_object(settings, prompt, run, open_model, from_views)
        run.update(surface=mesh.facts)
        say(f"mesh: {said_of(mesh.facts)}")
        files = write_formats(mesh, run.folder, to3d.formats, options)
        files |= picture(run.folder, files["mesh"], settings)
        files["page"] = write_run_page(run, of_textured(mesh))
        return run.finish(**files)


def picture(folder: Path, file: Path, settings) -> dict[str, Path]:
    """Eight views of a file, and films of it; a film that cannot be written is left out with a warning."""
    mesh, turntable = load_asset(file), settings.turntable
    sheet = write_sheet(folder / "turntable.png", mesh, turntable.size_px, turntable.elevation_deg)
    made("the object from eight sides", sheet)
    try:
        return {"turntable_sheet": sheet, **write_films(folder / "turntable", mesh, **turntable.options())}
    except VideoError as error:
        warn(str(error))
        return {"turntable_sheet": sheet}
