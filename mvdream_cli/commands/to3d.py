"""`mvdream to3d`: a prompt becomes a textured 3D object (MVDream, section 4.2).

The views are sampled first, so that one sees in seconds what will come; a radiance field is fitted to them, then refined by
score distillation; its surface is exported. `--method views` or `sds` does only one of the two.
"""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from mvdream_cli.cameras import FRONT_AZIMUTH_DEG, get_rays, orbit, orbit_views
from mvdream_cli.data.assets import load_asset
from mvdream_cli.data.render import Light, render_views
from mvdream_cli.diffusion.folders import known_words, model_identity, subject_warning
from mvdream_cli.diffusion.vocabulary import vocabulary_warning
from mvdream_cli.diffusion.weights import load_pipeline
from mvdream_cli.engine.device import pick_device, seed_step, set_threads
from mvdream_cli.engine.loop import fit
from mvdream_cli.engine.optim import adamw
from mvdream_cli.engine.progress import Bar, say, warn
from mvdream_cli.engine.run import open_run
from mvdream_cli.errors import ObjectError, UsageError
from mvdream_cli.guidance.score_distillation import annealed_timestep, score_distillation_loss
from mvdream_cli.images import grid, load_image, save_image
from mvdream_cli.mesh.convert import field_to_mesh
from mvdream_cli.mesh.deliver import show_object, write_formats
from mvdream_cli.metrics.clip import clip_similarity
from mvdream_cli.scene.field import build_field
from mvdream_cli.scene.fitting import border_colour, draw_pixels, foreground_mask, photometric_loss, pixel_weights
from mvdream_cli.scene.occupancy import Occupancy
from mvdream_cli.scene.regularizers import opaque, total_variation
from mvdream_cli.scene.render import render

AS_PAINTED = Light(ground=1.0, sky=0.0, lamp=0.0)  # the texture holds the light that the field has learnt
EMPTY_AFTER_STEPS = 20  # an object that shows nothing from then on will not come back


def open_model(settings) -> tuple:
    """(pipeline, its device), with one line of what was opened and why there."""
    engine = settings.engine
    set_threads(engine.threads)
    device, dtype, reason = pick_device(engine.device, engine.dtype)
    say(f"{settings.model} on {device} {dtype}: {reason}")
    pipeline = load_pipeline(settings.model, device, dtype, engine.vae_slicing, engine.channels_last, engine.compile)
    if pipeline.report:
        say(f"{settings.model}: {pipeline.report}")
    return pipeline, device


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
    identity = model_identity(settings.model)
    with open_run(
        out,
        "to3d",
        settings.model_dump(mode="json") | {"prompt": prompt, "model_identity": identity},
        identity_keys=["to3d", "engine.seed", "prompt", "model_identity"],
        text=prompt,
        restart=restart,
        root=root,
    ) as run:
        if run.finished:
            say(f"{run.folder}: already finished; --restart starts over")
            return {"run": run.folder, **{k: run.folder / v for k, v in run.results.items() if isinstance(v, str)}}
        for warning in (vocabulary_warning(prompt, known_words(settings.model)), subject_warning(settings.model, prompt)):
            if warning:
                warn(warning)
        say(f"writing to {run.folder}")
        pipeline, device = open_model(settings)
        targets = None
        if to3d.method in ("both", "views"):
            targets = sampled_views(pipeline, prompt, settings, run).to(device)
        field, occupancy = distil(pipeline, prompt, targets, settings, run, device)
        run.update(field=field.config())
        del pipeline

        export = settings.export
        mesh = field_to_mesh(
            field,
            occupancy=occupancy,
            resolution=export.resolution,
            level=export.level,
            smooth_cells=export.smooth_cells,
            max_faces=export.faces,
            texture_px=export.texture_size,
        )
        say(f"mesh: {len(mesh.faces)} triangles")
        made = write_formats(mesh, run.folder, to3d.formats)
        picture = partial(render_views, load_asset(made["mesh"]), light=AS_PAINTED)  # the file, not the field
        views = run.folder / "views.png" if targets is not None else None
        made |= show_object(run.folder, made["mesh"], prompt, settings.model_dump(mode="json"), picture, views)
        return run.finish(**made)


def sampled_views(pipeline, prompt: str, settings, run) -> torch.Tensor:
    """The first look: views around the object, kept as views.png; (V, H, W, 3) in [0, 1], as the files hold them.

    Of several candidates the one that CLIP finds nearest to the prompt is taken; candidates.png shows all, best first.
    """
    to3d, paths = settings.to3d, [run.folder / f"view-{v:02d}.png" for v in range(settings.to3d.views)]
    if not all(path.is_file() for path in paths):
        if to3d.candidates > 1 and pipeline.image_encoder is None:
            raise UsageError(f"to3d.candidates: {settings.model} has no CLIP image encoder to choose with; use 1")
        c2w = orbit_views(to3d.views, to3d.view_elevation_deg)
        with Bar("sampling views", to3d.view_steps) as bar:
            drawn = pipeline(
                prompt + settings.sample_views.suffix,
                c2w,
                seeds=[settings.engine.seed + k for k in range(to3d.candidates)],
                negative_prompt=settings.sample_views.negative_prompt,
                guidance_scale=to3d.view_guidance_scale,
                steps=to3d.view_steps,
                on_step=lambda i: bar.update(i + 1),
            )
        if to3d.candidates > 1:
            similarity = clip_similarity(pipeline, drawn, [prompt])[:, 0]
            ranked = similarity.argsort(descending=True).tolist()
            sheet = save_image(run.folder / "candidates.png", grid(drawn[ranked].flatten(0, 1), to3d.views))
            listed = ", ".join(f"{settings.engine.seed + k} ({similarity[k]:.2f})" for k in ranked)
            say(f"seeds by likeness to the prompt: {listed}; {sheet}")
            drawn = drawn[ranked]
        for path, image in zip(paths, drawn[0]):
            save_image(path, image)
        say(f"sampled views: {save_image(run.folder / 'views.png', grid(drawn[0], to3d.views))}")
    return torch.stack([torch.from_numpy(load_image(path)[..., :3].copy()).float() / 255 for path in paths])


def distil(pipeline, prompt: str, targets, settings, run, device):
    """Fit a field to the sampled views (if any), then refine it by score distillation. Returns field and occupancy."""
    to3d, engine = settings.to3d, settings.engine
    described = {"kind": to3d.field, "blob_density": to3d.blob_density, "blob_radius": to3d.blob_radius}
    if to3d.field == "dense_grid":
        described["resolutions"] = to3d.grid_resolutions
    else:
        described["grid"] = {"levels": to3d.hash_levels, "log2_table": to3d.hash_table_log2}
    field = build_field(described).to(device)
    occupancy = Occupancy().to(device)
    optimizer = adamw(
        field.parameters(),
        learning_rate=to3d.learning_rate,
        betas=(0.9, 0.99),
        eps=1e-15,
        weight_decay=to3d.weight_decay,
    )
    fit_steps = 0 if targets is None else to3d.fit_steps
    sds_steps = 0 if to3d.method == "views" else to3d.steps
    with torch.no_grad():
        text, negative = pipeline.encode_prompt([prompt + to3d.suffix, to3d.negative_prompt]).split(1)
    if targets is not None:
        view_size = targets.shape[1]
        distance = to3d.view_distance / math.tan(math.radians(to3d.view_fovy_deg) / 2)
        rays_o, rays_d = get_rays(
            orbit_views(len(targets), to3d.view_elevation_deg, distance=distance).to(device),
            to3d.view_fovy_deg,
            view_size,
            view_size,
        )
        rays_o, rays_d = rays_o.flatten(1, 2), rays_d.flatten(1, 2)  # (V, H W, 3)
        mask = foreground_mask(targets, border_colour(targets))  # (V, H, W)
        colours, inside = targets.flatten(1, 2), mask.flatten(1, 2)[..., None]
        weights = pixel_weights(mask, to3d.fit_background_weight, to3d.fit_rim_px).flatten(1, 2)

    def fit_views():
        """Pixels of the sampled views against rays of the field, the background replaced by the same random colour in both."""
        view, pixel = draw_pixels(mask, to3d.fit_rays)
        background = torch.rand(3).to(device)
        seen = render(
            field,
            rays_o[view, pixel],
            rays_d[view, pixel],
            background=background,
            stratified=True,
            samples_per_ray=to3d.samples_per_ray,
            occupancy=occupancy,
        )
        target = torch.where(inside[view, pixel], colours[view, pixel], background)
        return seen, photometric_loss(seen.rgb, target, weights[view, pixel])

    def distil_score(i: int):
        """Four orthogonal views from a random direction against the diffusion model."""
        c2w, fovy_deg = random_rig(to3d)
        size = to3d.render_size_px
        seen = render(
            field,
            *get_rays(c2w.to(device), fovy_deg, size, size),
            background=random_background(to3d, device),
            samples_per_ray=to3d.samples_per_ray,
            occupancy=occupancy,
            stratified=True,
        )
        images = seen.rgb.permute(0, 3, 1, 2)
        images = torch.nn.functional.interpolate(images, size=(pipeline.image_size,) * 2, mode="bilinear")
        timestep = annealed_timestep(
            i,
            anneal_steps=int(sds_steps * to3d.t_anneal_share),
            min_from=to3d.t_min[0],
            min_to=to3d.t_min[1],
            max_from=to3d.t_max[0],
            max_to=to3d.t_max[1],
        )
        loss = score_distillation_loss(
            pipeline,
            images.permute(0, 2, 3, 1),
            c2w.to(device),
            text,
            negative,
            timestep=timestep,
            form=to3d.loss,
            guidance_scale=to3d.guidance_scale,
            rescale=to3d.rescale,
            num_views=to3d.views,
        )
        return seen, loss * to3d.sds_weight

    def step(i: int, micro: int):
        if i % to3d.occupancy_every == 0:
            occupancy.update(field)
        anchored = targets is not None and torch.rand(()).item() < to3d.anchor_share
        seen, loss = fit_views() if i < fit_steps or anchored else distil_score(i - fit_steps)
        covered = seen.opacity.mean()
        if i >= EMPTY_AFTER_STEPS and covered < 1e-3:
            raise ObjectError(f"the object of {prompt!r} is empty since step {i}; try another --seed or a plainer prompt.")
        total = loss + to3d.opaque_weight * opaque(seen.opacity)
        if to3d.field == "dense_grid" and to3d.smooth_weight:
            total = total + to3d.smooth_weight * total_variation(field.grids[-1])
        return total, {"loss": loss.detach(), "covered": covered.detach()}

    def preview(done: int) -> None:
        with torch.no_grad():
            c2w = orbit_views(4, 15.0, distance=1.0 / math.tan(math.radians(20.0))).to(device)
            seen = render(
                field,
                *get_rays(c2w, 40.0, 128, 128),
                background=torch.ones(3, device=device),
                samples_per_ray=to3d.samples_per_ray,
                occupancy=occupancy,
            )
        save_image(run.previews / f"step-{done:06d}.png", grid(seen.rgb, 4))

    seed_step(engine.seed, -1)
    fit(
        step,
        steps=fit_steps + sds_steps,
        seed=engine.seed,
        optimizer=optimizer,
        modules={"field": field, "occupancy": occupancy},
        run=run,
        log_every=engine.log_every,
        preview=preview,
        preview_every=engine.preview_every,
        checkpoint_every=engine.checkpoint_every,
        checkpoint_minutes=engine.checkpoint_minutes,
        keep_checkpoints=engine.keep_checkpoints,
        description="distilling",
    )
    occupancy.update(field)
    return field, occupancy


def random_rig(to3d) -> tuple[torch.Tensor, float]:
    """Evenly spaced cameras from a random direction; c2w (V, 4, 4) and their common field of view (MVDream, section 4.2)."""

    def uniform(bounds) -> float:
        return bounds[0] + (bounds[1] - bounds[0]) * torch.rand(()).item()

    fovy_deg, elevation_deg = uniform(to3d.fovy_deg), uniform(to3d.elevation_deg)
    distance = uniform(to3d.camera_distance) / math.tan(math.radians(fovy_deg) / 2)
    azimuth_deg = FRONT_AZIMUTH_DEG + uniform((0.0, 360.0)) + torch.arange(to3d.views) * 360.0 / to3d.views
    return orbit(azimuth_deg, elevation_deg, distance), fovy_deg


def random_background(to3d, device) -> torch.Tensor:
    """One colour for all views: a gray, as in the training pictures, or any; (3,)."""
    if to3d.background == "middle gray":
        return torch.full((3,), 0.5, device=device)
    colour = torch.rand(()).expand(3) if to3d.background == "gray" else torch.rand(3)
    return colour.to(device)
