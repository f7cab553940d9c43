"""`mvdream to3d`: a prompt becomes a textured 3D object (MVDream, section 4.2).

The views are sampled first, so that one sees in seconds what will come; a radiance field is fitted to them, then refined by
score distillation; its surface is exported. `--method views` or `sds` does only one of the two.
"""

import copy
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from mvdream_cli.cameras import get_rays, orbit_views
from mvdream_cli.engine.budget import affordable, seconds_of
from mvdream_cli.engine.device import pick_device, seed_step, set_threads
from mvdream_cli.engine.loop import fit
from mvdream_cli.engine.optim import adamw, warmup_cosine
from mvdream_cli.engine.progress import Bar, say, warn
from mvdream_cli.engine.run import open_run
from mvdream_cli.errors import ObjectError, UsageError
from mvdream_cli.guidance.priors import GUIDANCE
from mvdream_cli.guidance.random_cameras import Cameras, draw_random_cameras
from mvdream_cli.guidance.score_distillation import annealed_timestep
from mvdream_cli.images import grid, load_image, save_image
from mvdream_cli.mesh.from_field import field_to_mesh
from mvdream_cli.mesh.turntable import show_object, write_formats
from mvdream_cli.metrics.clip import clip_similarity
from mvdream_cli.metrics.consistency import opposite_agreement
from mvdream_cli.models.find import known_words, model_identity, subject_warning
from mvdream_cli.models.load import load_pipeline
from mvdream_cli.models.vocabulary import vocabulary_warning
from mvdream_cli.raycast.assets import load_asset
from mvdream_cli.raycast.embree import Light, render_views
from mvdream_cli.scene.background import NeuralBackground, random_background
from mvdream_cli.scene.field import build_field
from mvdream_cli.scene.fitting import FittedViews, border_colour, foreground_mask, photometric_loss
from mvdream_cli.scene.occupancy import Occupancy
from mvdream_cli.scene.regularizers import opacity_entropy, orientation, sparsity, total_variation
from mvdream_cli.scene.shading import analytic_normals, draw_lights, finite_normals, lambertian
from mvdream_cli.scene.volume_rendering import render

AS_PAINTED = Light(ground=1.0, sky=0.0, lamp=0.0)  # the texture holds the light that the field has learnt
EMPTY_AFTER_STEPS = 20  # an object that shows nothing, or nothing but itself, from then on will not come back
FULL = 0.97  # of the box
EXPORT_SHARE = 0.2  # of a time budget


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
        if not pipeline.knows_cameras and (to3d.method != "sds" or to3d.guidance == "mvdream"):
            raise UsageError(f"{settings.model} knows no cameras: use --method sds --guidance dreamfusion, or train it first")
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
        # the file is shown, not the field
        picture = partial(render_views, load_asset(made["mesh"]), light=AS_PAINTED, threads=torch.get_num_threads())
        views = run.folder / "views.png" if targets is not None else None
        made |= show_object(run.folder, made["mesh"], prompt, settings.model_dump(mode="json"), picture, views)
        return run.finish(**made)


def sampled_views(pipeline, prompt: str, settings, run) -> torch.Tensor:
    """The first look: views around the object, kept as views.png; (V, H, W, 3) in [0, 1], as the files hold them.

    Of several candidates the best is taken: near to the prompt by CLIP, and with views that agree. candidates.png shows all,
    best first.
    """
    to3d, paths = settings.to3d, [run.cache / f"view-{v:02d}.png" for v in range(settings.to3d.views)]
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
            likeness, agreement = clip_similarity(pipeline, drawn, [prompt])[:, 0], torch.zeros(len(drawn))
            if to3d.views % 2 == 0:
                agreement = opposite_agreement(torch.stack([foreground_mask(v, border_colour(v)) for v in drawn]))
            ranked = (likeness.cpu() + to3d.agreement_weight * agreement.cpu()).argsort(descending=True).tolist()
            sheet = save_image(run.folder / "candidates.png", grid(drawn[ranked].flatten(0, 1), to3d.views))
            listed = ", ".join(f"{settings.engine.seed + k} ({likeness[k]:.2f}, {agreement[k]:.2f})" for k in ranked)
            say(f"seeds by likeness to the prompt and agreement of the views: {listed}; {sheet}")
            drawn = drawn[ranked]
        for path, image in zip(paths, drawn[0]):
            save_image(path, image)
        say(f"sampled views: {save_image(run.folder / 'views.png', grid(drawn[0], to3d.views))}")
    return torch.stack([torch.from_numpy(load_image(path)[..., :3].copy()).float() / 255 for path in paths])


def distil(pipeline, prompt: str, targets, settings, run, device):
    """Fit a field to the sampled views (if any), then refine it by score distillation. Returns field and occupancy."""
    to3d, engine = settings.to3d, settings.engine
    seed_step(engine.seed, -1)
    field = new_field(to3d).to(device)
    occupancy = Occupancy().to(device)
    surroundings = NeuralBackground().to(device)
    grids = field.grid_parameters()
    networks = [p for p in field.parameters() if all(p is not grid for grid in grids)] + list(surroundings.parameters())
    fit_steps = 0 if targets is None else to3d.fit_steps
    sds_steps = 0 if to3d.method == "views" else to3d.steps
    prior, form = GUIDANCE[to3d.guidance]
    judge = prior(
        pipeline if to3d.prior is None else open_model(settings.model_copy(update={"model": to3d.prior}))[0],
        prompt + to3d.suffix,
        to3d.negative_prompt,
        num_views=to3d.views,
        form=form if to3d.loss == "auto" else to3d.loss,
        guidance_scale=to3d.guidance_scale,
        rescale=to3d.rescale,
        **({"rank": to3d.vsd_rank} if to3d.guidance == "vsd" else {}),
    )
    learners = list(judge.trained.parameters()) if judge.trained is not None else []
    optimizer = adamw(
        [
            {"params": grids},
            {"params": networks, "lr": to3d.network_learning_rate},
            {"params": learners, "lr": to3d.vsd_learning_rate},
        ],
        learning_rate=to3d.learning_rate,
        betas=(0.9, 0.99),
        eps=1e-15,
        weight_decay=to3d.weight_decay,
    )
    kept = {"field": field, "occupancy": occupancy, "background": surroundings}
    if learners:
        kept["learnt"] = judge.trained
    if targets is not None:
        distance = to3d.view_distance / math.tan(math.radians(to3d.view_fovy_deg) / 2)
        c2w = orbit_views(len(targets), to3d.view_elevation_deg, distance=distance)
        weights = {"background_weight": to3d.fit_background_weight, "rim_px": to3d.fit_rim_px}
        views = FittedViews(targets, c2w, to3d.view_fovy_deg, **weights)
    normals_of = analytic_normals if to3d.normals == "analytic" and to3d.field != "dense_grid" else finite_normals
    look = partial(
        render, field, samples_per_ray=to3d.samples_per_ray, occupancy=occupancy, normals_of=normals_of, stratified=True
    )

    def fit_views():
        """Pixels of the sampled views against rays of the field, the background replaced by the same random colour in both."""
        background = random_background("color", device)
        rays_o, rays_d, target, weight = views.draw(to3d.fit_rays, background)
        seen = look(rays_o, rays_d, background=background)
        return seen, photometric_loss(seen.rgb, target, weight)

    def distil_score(i: int):
        """Cameras from random directions against the diffusion model (MVDream, section 4.2)."""
        done = i / sds_steps
        coarse = done < to3d.coarse_share
        size = to3d.coarse_size_px if coarse else to3d.render_size_px
        cameras = draw_rigs(to3d, to3d.coarse_rigs if coarse else to3d.rigs).to(device)
        rays_o, rays_d = get_rays(cameras.c2w, cameras.fovy_deg, size, size)
        if to3d.background == "network" and torch.rand(()).item() >= to3d.background_random_share:
            background = surroundings(rays_d)
        else:
            background = random_background("color" if to3d.background == "network" else to3d.background, device)
        orient = to3d.orient_weight[0] + (to3d.orient_weight[1] - to3d.orient_weight[0]) * min(2 * done, 1.0)
        shade = random_light(to3d, cameras.c2w[:, :3, 3], done, size * size)
        seen = look(rays_o, rays_d, background=background, with_normals=orient > 0, shade=shade)
        timestep = annealed_timestep(
            i,
            anneal_steps=int(sds_steps * to3d.t_anneal_share),
            min_from=to3d.t_min[0],
            min_to=to3d.t_min[1],
            max_from=to3d.t_max[0],
            max_to=to3d.t_max[1],
        )
        loss = to3d.sds_weight * judge.loss(seen.rgb, cameras, timestep)
        if orient:
            loss = loss + orient * orientation(seen)
        if to3d.sparsity_weight:
            loss = loss + to3d.sparsity_weight * sparsity(seen.opacity)
        return seen, loss

    def step(i: int, micro: int):
        look_again = i % to3d.occupancy_every == 0  # rarely: each look at a number waits for the GPU
        if look_again:
            occupancy.update(field)
            if i >= EMPTY_AFTER_STEPS and occupancy.fraction() > FULL:
                raise ObjectError(f"the object of {prompt!r} fills the whole box at step {i}; try another --seed.")
        anchored = targets is not None and torch.rand(()).item() < to3d.anchor_share
        seen, loss = fit_views() if i < fit_steps or anchored else distil_score(i - fit_steps)
        covered = seen.opacity.mean()
        if look_again and i >= EMPTY_AFTER_STEPS and covered < 1e-3:
            raise ObjectError(f"the object of {prompt!r} is empty since step {i}; try another --seed or a plainer prompt.")
        total = loss + to3d.opaque_weight * opacity_entropy(seen.opacity)
        if to3d.field == "dense_grid" and to3d.smooth_weight:
            total = total + to3d.smooth_weight * total_variation(field.grids[-1])
        return total, {"loss": loss.detach(), "covered": covered.detach()}

    if to3d.minutes is not None:
        if "planned_steps" not in run.record:
            occupancy.update(field)
            coarse = int(sds_steps * to3d.coarse_share)
            phases = [
                (fit_steps, fit_views),
                (coarse, partial(distil_score, 0)),
                (sds_steps - coarse, partial(distil_score, coarse)),
            ]
            costs = [seconds_of(lambda phase=phase: phase()[1].backward(), device) if count else 0.0 for count, phase in phases]
            left = 60 * to3d.minutes * (1 - EXPORT_SHARE) - run.seconds()
            run.update(planned_steps=affordable([count for count, _ in phases], costs, left))
        fit_steps, *distillation = run.record["planned_steps"]
        sds_steps = sum(distillation)
        say(f"{to3d.minutes:g} minutes: {fit_steps} fitting and {sds_steps} distillation steps")

    def preview(done: int) -> Callable[[], None]:
        still = copy.deepcopy((field, occupancy))  # the steps go on while it is rendered
        return partial(render_preview, *still, run.previews / f"step-{done:06d}.png", to3d.samples_per_ray)

    try:
        fit(
            step,
            steps=fit_steps + sds_steps,
            lr_scale=warmup_cosine(0, fit_steps + sds_steps, to3d.final_learning_rate_share),
            seed=engine.seed,
            optimizer=optimizer,
            modules=kept,
            run=run,
            log_every=engine.log_every,
            preview=preview,
            preview_every=engine.preview_every,
            checkpoint_every=engine.checkpoint_every,
            checkpoint_minutes=engine.checkpoint_minutes,
            keep_checkpoints=engine.keep_checkpoints,
            description="distilling",
        )
    finally:
        judge.close()
    occupancy.update(field)
    return field, occupancy


@torch.no_grad()
def render_preview(field, occupancy: Occupancy, path: Path, samples_per_ray: int) -> None:
    """Write four sides of the field, 128 px each, in a row over white; `path` is the picture's."""
    device = occupancy.bounds.device
    rays = get_rays(orbit_views(4, 15.0, distance=1.0 / math.tan(math.radians(20.0))).to(device), 40.0, 128, 128)
    seen = render(field, *rays, background=torch.ones(3, device=device), samples_per_ray=samples_per_ray, occupancy=occupancy)
    save_image(path, grid(seen.rgb, 4))


def new_field(to3d) -> torch.nn.Module:
    """The field that the settings describe, untouched."""
    described = {"kind": to3d.field, "blob_density": to3d.blob_density, "blob_radius": to3d.blob_radius}
    if to3d.field == "dense_grid":
        described["resolutions"] = to3d.grid_resolutions
    elif to3d.field == "hash_grid":
        described["grid"] = {"levels": to3d.hash_levels, "log2_table": to3d.hash_table_log2}
    return build_field(described)


def draw_rigs(to3d, rigs: int) -> Cameras:
    """Rigs of evenly spaced cameras for a multi-view model, as many independent ones for a single-view model."""
    together = to3d.guidance == "mvdream"
    return draw_random_cameras(
        rigs if together else rigs * to3d.views,
        to3d.views if together else 1,
        fovy_deg=to3d.fovy_deg,
        elevation_deg=to3d.elevation_deg,
        distance=to3d.camera_distance,
        relative_distance=to3d.relative_distance,
        sphere_probability=to3d.sphere_probability,
        position_jitter=to3d.camera_jitter[0],
        target_jitter=to3d.camera_jitter[1],
        up_jitter=to3d.camera_jitter[2],
    )


def random_light(to3d, positions: torch.Tensor, done: float, rays_per_camera: int):
    """None, or the shade of this step: a lamp near each camera, the same draw for all of them (MVDream, appendix)."""
    lit = to3d.shading == "lambertian" and done >= to3d.unlit_share
    if not lit or torch.rand(()).item() < to3d.albedo_probability:
        return None
    lights = draw_lights(positions, to3d.views if to3d.guidance == "mvdream" else 1, to3d.light_distance)
    ambient = to3d.ambient[0] + (to3d.ambient[1] - to3d.ambient[0]) * torch.rand(()).item()
    return lambertian(lights, ambient, torch.rand(()).item() < to3d.textureless_probability, rays_per_camera)
