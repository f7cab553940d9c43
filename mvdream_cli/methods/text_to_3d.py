"""Text to 3D (MVDream, section 4.2): a radiance field is fitted to sampled views, then refined by score distillation.

A step renders the field, asks one of two losses what is wrong with the picture, and adds what every good object has:
    fit           pixels of the sampled views against rays of the field
    distillation  pictures from random cameras against the diffusion model; small pictures first, larger ones later
"""

import copy
import math
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mvdream_cli.cameras import get_rays, orbit_views
from mvdream_cli.engine import progress
from mvdream_cli.engine.budget import affordable, seconds_of
from mvdream_cli.engine.method import Method
from mvdream_cli.engine.optim import warmup_cosine
from mvdream_cli.engine.progress import say
from mvdream_cli.errors import ObjectError
from mvdream_cli.guidance.priors import Guidance
from mvdream_cli.guidance.random_cameras import draw_random_cameras
from mvdream_cli.guidance.score_distillation import annealed_timestep
from mvdream_cli.images import grid, save_image
from mvdream_cli.methods.micro_batches import MicroBatches
from mvdream_cli.methods.object_parts import build_object, build_optimizer
from mvdream_cli.methods.posed_views import PosedViews
from mvdream_cli.parts import Part
from mvdream_cli.scene.background import random_background
from mvdream_cli.scene.distance import DistanceGrid, become
from mvdream_cli.scene.field import DenseGridField
from mvdream_cli.scene.fitting import FittedViews, photometric_loss
from mvdream_cli.scene.occupancy import Occupancy
from mvdream_cli.scene.regularizers import (
    center_depth,
    depth_variance,
    emptiness,
    opacity_entropy,
    orientation,
    sparsity,
    total_variation,
)
from mvdream_cli.scene.shading import analytic_normals, finite_normals, random_light
from mvdream_cli.scene.volume_rendering import Render, render
from mvdream_cli.scene.voxel_field import InLatents
from mvdream_cli.settings.to3d import To3D

EMPTY_AFTER_STEPS = 20  # an object that shows nothing, or nothing but itself, from then on will not come back
FULL = 0.97  # of the box
EXPORT_FRACTION = 0.2  # of a time budget
FEWEST_SAMPLES = 16  # of a ray: with fewer there is no surface left to see


class TextTo3D:
    """The object under construction, and the steps that shape it.

    Args:
        options: of the method, as in the settings.
        guidance: the loss of the diffusion model on a rendering; None when nothing is distilled.
        views: the sampled views to fit; None when there are none.
        seed: of the run, for what a step decides before its random numbers are set.
        prompt: only named in errors.

    Attributes:
        fit_steps, distillation_steps: how many of each; a time budget shortens them.
    """

    def __init__(
        self, options: To3D, guidance: Guidance | None, views: FittedViews | None, *, device, seed: int = 0, prompt: str = ""
    ):
        self.options, self.guidance, self.views, self.device = options, guidance, views, torch.device(device)
        self.seed, self.prompt = seed, prompt
        self.field, self.surroundings = (part.to(device) for part in build_object(options, guidance))
        self.in_latents = options.field.kind == "voxels"  # rendered without an encoder, every sample of the whole box
        self.occupancy = Occupancy().to(device)
        self.fit_steps = options.fit.steps if views is not None else 0
        self.distillation_steps = options.distillation.steps if guidance is not None else 0
        self.samples_per_ray = options.rendering.samples_per_ray
        distillation = options.distillation
        self.rig_views = options.num_views if options.guidance.name == "mvdream" else 1  # pictures that are guided together
        together = options.num_views // self.rig_views
        self.micro_batches = {
            "fit": MicroBatches(options.fit.rays, "rays"),
            "coarse": MicroBatches(distillation.coarse_rigs * together, "rigs"),
            "fine": MicroBatches(distillation.rigs * together, "rigs"),
        }
        self.phase = "fit"
        analytic = options.rendering.normals == "analytic" and options.field.kind != "dense_grid"
        self.normals_of = analytic_normals if analytic else finite_normals

    def begin_with(self, grid: DistanceGrid) -> None:
        """Distil what was reconstructed, in place of what would be fitted. Only a dense grid can; others are fitted."""
        if isinstance(self.field, DenseGridField):
            become(self.field, grid)
            self.fit_steps = 0

    def method(self, previews: Path) -> Method:
        """What the loop needs. Pictures of four sides go to `previews`/step-NNNNNN.png."""
        trained = self.guidance.trained if self.guidance is not None else None
        modules = {"field": self.field, "occupancy": self.occupancy, "background": self.surroundings}
        steps = self.fit_steps + self.distillation_steps
        return Method(
            description="distilling" if self.distillation_steps else "fitting",
            steps=steps,
            step=self.step,
            modules=modules | ({"lora": trained} if trained is not None else {}),
            optimizer=build_optimizer(self.options, self.field, self.surroundings, trained),
            lr_scale=warmup_cosine(0, steps, self.options.optimizer.final_learning_rate_fraction),
            scaler=torch.amp.GradScaler(self.device.type) if self.guidance is not None and self.guidance.float16 else None,
            parts=lambda i: self.micro_batches[self.phase_of(i)].parts,
            shrink=self.shrink,
            preview=lambda done: self.preview(previews / f"step-{done:06d}.png"),
            close=self.guidance.close if self.guidance is not None else lambda: None,
        )

    def step(self, i: int, part: Part) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss () and statistics of a part of step `i`, which draws random numbers of its own.

        Raises:
            ObjectError: the object is empty or fills the box.
        """
        weights = self.options.regularizers
        look_again = part.first == 0 and i % self.options.rendering.occupancy_every == 0  # rarely: the host waits for them
        if look_again:
            self.occupancy.update(self.field)
            if i >= EMPTY_AFTER_STEPS and self.occupancy.fraction() > FULL:
                raise ObjectError(f"the object of {self.prompt!r} fills the whole box at step {i}; try another --seed.")
        self.phase = self.phase_of(i)
        out, loss = self.fit_step() if self.phase == "fit" else self.distillation_step(i - self.fit_steps)
        covered = out.opacity.mean()
        if look_again and i >= EMPTY_AFTER_STEPS and covered < 1e-3:
            raise ObjectError(f"the object of {self.prompt!r} is empty since step {i}; try another --seed or a plainer prompt.")
        if i - self.fit_steps >= weights.opacity_entropy_start * self.distillation_steps or not weights.opacity_entropy_start:
            loss = loss + weights.opacity_entropy * opacity_entropy(out.opacity)
        if self.phase == "fit" and 2 * i >= self.fit_steps:  # as fog an object finds its place, then it gets a surface
            loss = loss + self.options.fit.depth_variance * depth_variance(out)
        if self.options.field.kind == "dense_grid" and weights.total_variation:
            loss = loss + weights.total_variation * total_variation(self.field.grid_parameters()[-1])
        return loss, {"loss": loss.detach(), "covered": covered.detach()}

    def fit_step(self) -> tuple[Render, Tensor]:
        """Pixels of the sampled views against rays of the field, over the same random color in both."""
        background = random_background("color", self.device)
        rays_o, rays_d, target, weight = self.views.draw(self.micro_batches["fit"].size, background)
        out = self._render(rays_o, rays_d, background=background)
        return out, photometric_loss(out.rgb, target, weight)

    def distillation_step(self, k: int) -> tuple[Render, Tensor]:
        """Pictures from random cameras against the diffusion model; `k` counts distillation steps from 0."""
        options, done = self.options, k / self.distillation_steps
        size = options.distillation.coarse_size_px if self.phase == "coarse" else options.distillation.size_px
        rigs = self.micro_batches[self.phase].size
        cameras = draw_random_cameras(rigs, self.rig_views, **options.cameras.options()).to(self.device)
        rays_o, rays_d = get_rays(cameras.c2w, cameras.fovy_deg, size, size)
        rays_o = rays_o / options.field.box  # in the units of the box, whose sides are at -1 and 1

        kind = options.background.kind
        if self.in_latents or (kind == "network" and torch.rand(()).item() >= options.background.random_probability):
            background = self.surroundings(rays_d)
        else:
            background = random_background("color" if kind == "network" else kind, self.device)
        shade = random_light(
            cameras.c2w[:, :3, 3], self.rig_views, done, size * size, box=options.field.box, **options.light.options()
        )
        weights = options.regularizers
        first, last = weights.orientation
        orientation_weight = first + (last - first) * min(done / weights.orientation_fraction, 1.0)
        out = self._render(rays_o, rays_d, background=background, with_normals=orientation_weight > 0, shade=shade)

        guidance = options.guidance
        timestep = annealed_timestep(
            k,
            anneal_from=int(self.distillation_steps * guidance.anneal_start),
            anneal_steps=int(self.distillation_steps * guidance.anneal_fraction),
            t_min=guidance.t_min,
            t_max=guidance.t_max,
            count=len(cameras.c2w) if guidance.name != "mvdream" else None,  # pictures that are guided alone have their own
        )
        loss = options.distillation.weight * self.guidance.loss(out.rgb, cameras, timestep)
        emptiness_weight = weights.emptiness[int(done >= 0.5)]
        for weight, term in (
            (orientation_weight, lambda: orientation(out)),
            (weights.sparsity, lambda: sparsity(out.opacity)),
            (emptiness_weight, lambda: emptiness(out, self.samples_per_ray)),
            (weights.center_depth, lambda: center_depth(out)),
        ):
            if weight:
                loss = loss + weight * term()
        return out, loss

    def phase_of(self, i: int) -> str:
        """ "fit", "coarse" or "fine": what step `i` does, the same for all of its micro-batches."""
        distillation = self.options.distillation
        again = self.views is not None and distillation.fit_probability > 0
        if i < self.fit_steps or (again and np.random.default_rng((self.seed, i)).random() < distillation.fit_probability):
            return "fit"
        return "coarse" if i - self.fit_steps < self.distillation_steps * distillation.coarse_fraction else "fine"

    def shrink(self) -> str | None:
        """Out of GPU memory: more micro-batches of fewer rays or rigs, then fewer samples on a ray. Says what changed."""
        changed = self.micro_batches[self.phase].shrink()
        if changed is not None:
            return changed
        if self.samples_per_ray < 2 * FEWEST_SAMPLES:
            return None
        self.samples_per_ray //= 2
        return f"{self.samples_per_ray} samples on a ray"

    def keep_to_budget(self, minutes: float, run, now: Callable[[], float] = time.perf_counter) -> None:
        """Leave out steps so that the whole run takes `minutes`; a resumed run keeps to what was planned.

        Args:
            now: the clock, in seconds.
        """
        if "planned_steps" not in run.record:
            self.occupancy.update(self.field)
            coarse = int(self.distillation_steps * self.options.distillation.coarse_fraction)
            phases = [("fit", self.fit_steps, self.fit_step)]
            phases += [
                (phase, count, partial(self.distillation_step, k))
                for phase, count, k in (("coarse", coarse, 0), ("fine", self.distillation_steps - coarse, coarse))
            ]
            costs = []
            for self.phase, count, step in phases:
                costs.append(seconds_of(lambda step=step: step()[1].backward(), self.device, now=now) if count else 0.0)
            left = 60 * minutes * (1 - EXPORT_FRACTION) - run.seconds()
            fit_steps, *distillation = affordable([count for _, count, _ in phases], costs, left)
            run.update(planned_steps=[fit_steps, sum(distillation)])
        self.fit_steps, self.distillation_steps = run.record["planned_steps"]
        say(f"{minutes:g} minutes: {self.fit_steps} fitting and {self.distillation_steps} distillation steps")

    def preview(self, path: Path) -> Callable[[], None]:
        """A job that pictures four sides of the object as it is now; the steps may go on beside it."""
        return partial(render_sides, *copy.deepcopy((self.field, self.occupancy)), path, self.samples_per_ray)

    def _render(self, rays_o: Tensor, rays_d: Tensor, **options) -> Render:
        field, where = self.field, {"occupancy": self.occupancy}
        if self.in_latents:
            field, where = InLatents(self.field), {"occupancy": None, "min_weight": 0.0}
        return render(
            field, rays_o, rays_d, samples_per_ray=self.samples_per_ray, normals_of=self.normals_of, stratified=True,
            **where, **options,
        )  # fmt: skip


def views_to_fit(views: PosedViews, options: To3D) -> FittedViews:
    """The views as rays and pixels."""
    fit = options.fit
    return FittedViews(views.images, views.c2w, views.fovy_deg, background_weight=fit.background_weight, rim_px=fit.rim_px)


@torch.no_grad()
def render_sides(field, occupancy: Occupancy, path: Path, samples_per_ray: int) -> None:
    """Write four sides of the field, 128 px each, in a row over white; `path` is the picture's."""
    device = occupancy.bounds.device
    rays = get_rays(orbit_views(4, 15.0, distance=1.0 / math.tan(math.radians(20.0))).to(device), 40.0, 128, 128)
    out = render(field, *rays, background=torch.ones(3, device=device), samples_per_ray=samples_per_ray, occupancy=occupancy)
    progress.preview(save_image(path, grid(out.rgb, 4)))
