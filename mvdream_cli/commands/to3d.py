"""`mvdream to3d`: a prompt becomes a textured 3D object. The method is `methods.text_to_3d`."""

from collections.abc import Callable
from pathlib import Path

from mvdream_cli.commands.opening import open_model, warn_about_length, warn_about_words
from mvdream_cli.engine.device import seed_step
from mvdream_cli.engine.loop import fit
from mvdream_cli.engine.progress import say
from mvdream_cli.engine.run import open_run
from mvdream_cli.errors import UsageError
from mvdream_cli.mesh.from_field import field_to_mesh
from mvdream_cli.mesh.turntable import show_object
from mvdream_cli.mesh.writers import write_formats
from mvdream_cli.methods.first_look import first_look
from mvdream_cli.methods.object_parts import build_guidance, guidance_texts
from mvdream_cli.methods.text_to_3d import TextTo3D, views_to_fit
from mvdream_cli.models.find import model_identity


def run(
    settings,
    prompt: str,
    out: Path | None = None,
    restart: bool = False,
    root: Path = Path("runs"),
    open_model: Callable[..., tuple] = open_model,
) -> dict:
    """Make the object. Returns the paths of what was made.

    Args:
        out: the run folder; none: one in `root`, named after the prompt.
        open_model: returns (pipeline, device) of settings.
    """
    to3d = settings.to3d
    recorded = settings.model_dump(mode="json") | {"prompt": prompt, "model_identity": model_identity(settings.model)}
    if to3d.guidance.prior:
        recorded["prior_identity"] = model_identity(to3d.guidance.prior)
    identity_keys = ["to3d", "engine.seed", "prompt", "model_identity", "prior_identity"]
    with open_run(out, "to3d", recorded, identity_keys=identity_keys, text=prompt, restart=restart, root=root) as run:
        if run.finished:
            say(f"{run.folder}: already finished; --restart starts over")
            return {"run": run.folder, **{k: run.folder / v for k, v in run.results.items() if isinstance(v, str)}}
        warn_about_words(settings, prompt)
        say(f"writing to {run.folder}")
        pipeline, device = open_model(settings)
        if not pipeline.knows_cameras and (to3d.method != "sds" or to3d.guidance.name == "mvdream"):
            raise UsageError(f"{settings.model} knows no cameras: use --method sds --guidance dreamfusion, or train it first")

        views = guidance = None
        if to3d.method != "sds":
            warn_about_length(pipeline, pipeline.asked(prompt, to3d.views.suffix), to3d.views.negative_prompt)
            images = first_look(pipeline, prompt, to3d, settings.engine.seed, run.folder, run.cache)
            views = views_to_fit(images.to(device), to3d)
        if to3d.method != "views":
            prior = to3d.guidance.prior
            single = open_model(settings.model_copy(update={"model": prior}))[0] if prior else pipeline
            warn_about_length(single, *guidance_texts(single, prompt, to3d))
            seed_step(settings.engine.seed, -1)  # a fresh LoRA and a fresh field depend on the seed alone
            guidance = build_guidance(single, prompt, to3d)
        making = TextTo3D(to3d, guidance, views, device=device, seed=settings.engine.seed, prompt=prompt)
        if to3d.minutes is not None:
            making.keep_to_budget(to3d.minutes, run)
        fit(making.method(run.previews), run, **settings.engine.loop())
        making.occupancy.update(making.field)
        run.update(field=making.field.config())
        del pipeline, guidance

        mesh = field_to_mesh(making.field, occupancy=making.occupancy, **settings.export.options("format"))
        say(f"mesh: {len(mesh.faces)} triangles")
        made = write_formats(mesh, run.folder, to3d.formats)
        views_png = run.folder / "views.png" if views is not None else None
        made |= show_object(run.folder, made["mesh"], prompt, settings.model_dump(mode="json"), views_png)
        return run.finish(**made)
