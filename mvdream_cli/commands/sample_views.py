"""`mvdream sample-views`: a prompt becomes consistent views of one object."""

import json
from pathlib import Path

from mvdream_cli.atomic import written_whole
from mvdream_cli.cameras import orbit_views
from mvdream_cli.commands.opening import open_model, warn_about_words
from mvdream_cli.engine.progress import Bar, made, say, warn
from mvdream_cli.engine.run import open_run
from mvdream_cli.errors import UsageError
from mvdream_cli.images import grid, save_image
from mvdream_cli.methods.sample_views import sample_views, warn_about_length
from mvdream_cli.models.find import model_identity
from mvdream_cli.pages.page import write_run_page


def run(settings, prompt: str, out: Path | None = None, restart: bool = False) -> dict:
    """Sample and write views.png (a row per sample), view-SS-VV.png and cameras.json. Returns their paths."""
    options, engine = settings.sample_views, settings.engine
    with open_run(
        out,
        "sample-views",
        settings.model_dump(mode="json") | {"prompt": prompt, "model_identity": model_identity(settings.model)},
        identity_keys=["sample_views", "engine.seed", "prompt", "model_identity"],
        text=prompt,
        restart=restart,
    ) as run:
        if run.finished:
            say(f"{run.folder}: already finished; --restart starts over")
            return {"run": run.folder, **{name: run.folder / file for name, file in run.results.items()}}
        warn_about_words(settings, prompt)
        pipeline, _ = open_model(settings)
        if not pipeline.knows_cameras and options.has_camera():
            raise UsageError(f"{settings.model} knows no cameras: it draws single pictures, --views 1; or train it first")
        if options.size_px is not None and options.size_px != pipeline.image_size:
            warn(f"{settings.model} was trained with views of {pipeline.image_size} px; at {options.size_px} px it draws worse")

        azimuth_deg = [options.azimuth_deg + options.azimuth_span_deg * v / options.num_views for v in range(options.num_views)]
        c2w = orbit_views(
            options.num_views, options.elevation_deg, options.azimuth_deg, span_deg=options.azimuth_span_deg
        )  # fmt: skip
        seeds = [engine.seed + k for k in range(options.samples)]
        suffix = options.suffix if options.has_camera() or options.suffix is not None else ""  # captions of pictures had none
        asked = pipeline.asked(prompt, suffix)
        warn_about_length(pipeline, asked, options.negative_prompt)
        with Bar("sampling", options.steps) as bar:
            images = sample_views(
                pipeline,
                asked,
                c2w if options.has_camera() else None,
                seeds=seeds,
                negative_prompt=options.negative_prompt,
                guidance_scale=options.guidance_scale,
                guidance_rescale=options.guidance_rescale,
                steps=options.steps,
                size_px=options.size_px,
                on_step=lambda i: bar.update(i + 1),
            )

        for s, row in enumerate(images):
            for v, image in enumerate(row):
                save_image(run.folder / f"view-{s:02d}-{v:02d}.png", image)
        cameras = {
            "convention": "world z up, OpenGL camera axes, azimuth 0 at -y and 90 (the front) at +x, unit distance",
            "azimuth_deg": [azimuth % 360 for azimuth in azimuth_deg],
            "elevation_deg": options.elevation_deg,
            "seeds": seeds,
            "c2w": c2w.tolist(),
        }
        if not options.has_camera():
            cameras = {"convention": "a picture in the 2D mode, without a camera", "seeds": seeds}
        with written_whole(run.folder / "cameras.json") as partial:
            partial.write_text(json.dumps(cameras, indent=1))
        views = made("views", save_image(run.folder / "views.png", grid(images.flatten(0, 1), options.num_views)))
        return run.finish(views=views, cameras=run.folder / "cameras.json", page=write_run_page(run))
