"""`mvdream sample-views`: a prompt becomes consistent views of one object."""

import json
from pathlib import Path

from mvdream_cli.cameras import orbit_views
from mvdream_cli.engine.device import pick_device, set_threads
from mvdream_cli.engine.progress import Bar, say, warn
from mvdream_cli.engine.run import open_run
from mvdream_cli.errors import UsageError
from mvdream_cli.images import grid, save_image
from mvdream_cli.models.find import known_words, model_identity, subject_warning
from mvdream_cli.models.load import load_pipeline
from mvdream_cli.models.vocabulary import vocabulary_warning


def run(settings, prompt: str, out: Path | None = None, restart: bool = False) -> dict:
    """Sample and write views.png (a row per sample), view-SS-VV.png and cameras.json. Returns their paths."""
    sample, engine = settings.sample_views, settings.engine
    identity = model_identity(settings.model)
    with open_run(
        out,
        "sample-views",
        settings.model_dump(mode="json") | {"prompt": prompt, "model_identity": identity},
        identity_keys=["sample_views", "engine.seed", "prompt", "model_identity"],
        text=prompt,
        restart=restart,
    ) as run:
        if run.finished and (run.folder / "views.png").is_file():
            say(f"{run.folder}: already finished; --restart starts over")
            return {"run": run.folder, "views": run.folder / "views.png"}
        for warning in (vocabulary_warning(prompt, known_words(settings.model)), subject_warning(settings.model, prompt)):
            if warning:
                warn(warning)
        set_threads(engine.threads)
        device, dtype, reason = pick_device(engine.device, engine.dtype)
        say(f"sampling with {settings.model} on {device} {dtype}: {reason}")
        pipeline = load_pipeline(settings.model, device, dtype, engine.vae_slicing, engine.channels_last, engine.compile)
        if pipeline.report:
            say(f"{settings.model}: {pipeline.report}")
        if not pipeline.knows_cameras and sample.views > 1:
            raise UsageError(f"{settings.model} knows no cameras: it draws single pictures, --views 1; or train it first")
        c2w = orbit_views(sample.views, sample.elevation_deg, sample.azimuth_deg)
        seeds = [engine.seed + k for k in range(sample.samples)]
        with Bar("sampling", sample.steps) as bar:
            images = pipeline(
                prompt + sample.suffix,
                c2w if pipeline.knows_cameras else None,
                seeds=seeds,
                negative_prompt=sample.negative_prompt,
                guidance_scale=sample.guidance_scale,
                steps=sample.steps,
                on_step=lambda i: bar.update(i + 1),
            )
        for s, row in enumerate(images):
            for v, image in enumerate(row):
                save_image(run.folder / f"view-{s:02d}-{v:02d}.png", image)
        cameras = {
            "convention": "world z up, OpenGL camera axes, azimuth 0 at -y and 90 (the front) at +x, unit distance",
            "azimuth_deg": [(sample.azimuth_deg + 360.0 * v / sample.views) % 360 for v in range(sample.views)],
            "elevation_deg": sample.elevation_deg,
            "seeds": seeds,
            "c2w": c2w.tolist(),
        }
        (run.folder / "cameras.json").write_text(json.dumps(cameras, indent=1))
        views = save_image(run.folder / "views.png", grid(images.flatten(0, 1), sample.views))
        return run.finish(views=views, cameras=run.folder / "cameras.json")
