"""An object from a prompt or from pictures: views, then their reconstruction or a fit, then distillation, then the surface."""

from collections.abc import Callable
from pathlib import Path

from mvdream_cli.engine.device import seed_step
from mvdream_cli.engine.loop import fit
from mvdream_cli.engine.progress import say
from mvdream_cli.errors import UsageError
from mvdream_cli.images import grid, save_image
from mvdream_cli.mesh.from_distance import RECONSTRUCTION, distance_to_mesh, save_reconstruction
from mvdream_cli.mesh.from_field import field_to_mesh
from mvdream_cli.mesh.projection import PICTURES, Pictures, save_pictures
from mvdream_cli.mesh.texture import TexturedMesh
from mvdream_cli.methods.first_look import first_look
from mvdream_cli.methods.fit_surface import fit_surface
from mvdream_cli.methods.object_parts import build_guidance, guidance_texts
from mvdream_cli.methods.posed_views import PosedViews, read_posed_views, sampled_views
from mvdream_cli.methods.reconstruct import Reconstruction
from mvdream_cli.methods.sample_views import warn_about_length
from mvdream_cli.methods.text_to_3d import TextTo3D, views_to_fit
from mvdream_cli.scene.distance import DistanceGrid


def make_object(settings, prompt: str, run, open_model: Callable[..., tuple], from_views: Path | None = None) -> TexturedMesh:
    """The object, in the ways that the settings name; `run` keeps what a resumed or exporting command needs.

    Args:
        prompt: "" where there are only pictures: nothing is distilled then.
        open_model: returns (pipeline, device) of settings.
        from_views: a folder of pictures and cameras, which are taken in place of sampled ones.
    """
    to3d, seed = settings.to3d, settings.engine.seed
    pipeline, device = open_model(settings)
    if not pipeline.knows_cameras and not from_views and (to3d.method != "sds" or to3d.guidance.name == "mvdream"):
        raise UsageError(f"{settings.model} knows no cameras: use --method sds --guidance dreamfusion, or train it first")
    views = seen = guidance = None
    if from_views:
        views = read_posed_views(from_views, to3d.views)
        save_image(run.folder / "views.png", grid(views.images, len(views.images)))
    elif to3d.method != "sds":
        warn_about_length(pipeline, pipeline.asked(prompt, to3d.views.suffix), to3d.views.negative_prompt)
        views = sampled_views(first_look(pipeline, prompt, to3d, seed, run.folder, run.cache), to3d.views)
    if views is not None and reconstructs(settings, pipeline, from_views):
        reconstruction = Reconstruction(pipeline.reconstructor, views, mirror=to3d.reconstruction.mirror)
        seen = reconstruction.grid(to3d.reconstruction.resolution)
        if to3d.reconstruction.fit_steps:
            seen = fit_surface(seen, views, to3d, device=device, seed=seed, prompt=prompt)
    refines = to3d.method == "both" and (seen is None or to3d.reconstruction.refine)
    distils = bool(prompt) and (to3d.method == "sds" or refines)
    if seen is not None and not distils:
        return reconstructed(settings, run, views, seen)
    if distils:
        prior = to3d.guidance.prior
        single = open_model(settings.model_copy(update={"model": prior}))[0] if prior else pipeline
        warn_about_length(single, *guidance_texts(single, prompt, to3d))
        seed_step(seed, -1)  # a fresh LoRA and a fresh field depend on the seed alone
        guidance = build_guidance(single, prompt, to3d)
    rays = views_to_fit(views.to(device), to3d) if views is not None else None
    making = TextTo3D(to3d, guidance, rays, device=device, seed=seed, prompt=prompt)
    if seen is not None:
        making.begin_with(seen)
    if to3d.minutes is not None:
        making.keep_to_budget(to3d.minutes, run)
    run.update(field=making.field.config())  # before the first checkpoint, so that `mvdream export` can read that
    fit(making.method(run.previews), run, **settings.engine.loop())
    making.occupancy.update(making.field)
    del pipeline, guidance
    pictures = Pictures(*(part.cpu().numpy() for part in views)) if views is not None else None
    if pictures is not None:
        save_pictures(run.folder / PICTURES, pictures)
    return field_to_mesh(making.field, occupancy=making.occupancy, pictures=pictures, **settings.export.options())


def reconstructs(settings, pipeline, from_views: Path | None) -> bool:
    """Whether the views go through the model's reconstructor.

    Raises:
        UsageError: they were to, and it has none.
    """
    method = settings.to3d.method
    if method == "views" or pipeline.reconstructor is not None:
        return method != "views"
    how = "train one with `mvdream train --component reconstructor`, or use --method views"
    if method == "reconstruct" and not from_views:
        raise UsageError(f"{settings.model} has no reconstructor; {how}")
    if from_views:
        say(f"{settings.model} has no reconstructor: the object is fitted to the views; for a better one, {how.split(',')[0]}")
    return False


def reconstructed(settings, run, views: PosedViews, seen: DistanceGrid) -> TexturedMesh:
    """The surface of what the network sees, with the views as its texture; what `mvdream export` needs is kept."""
    pictures = None
    if settings.to3d.reconstruction.texture == "views":
        pictures = Pictures(*(part.cpu().numpy() for part in views))
    save_reconstruction(run.folder / RECONSTRUCTION, seen, pictures)
    return distance_to_mesh(seen, pictures, **settings.export.options("resolution", "smooth_cells", "level"))
