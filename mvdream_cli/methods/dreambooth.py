"""MVDreamBooth (MVDream, section 4.3): a subject from a handful of photographs, without losing what the model knows of views.

The UNet is tuned in its 2D mode (one view, no camera) on the photographs, with a term that keeps its weights near where they
were. Pictures of the class, drawn by the base, may be learnt beside (DreamBooth, arXiv:2208.12242, section 3.3).

The camera embedding stays as it was. The 2D mode does not ask it, so that nothing but weight decay would change it, and what
the model knows of cameras is what is to be kept; the cameras of `attention: 3d` are guesses, which it must not learn either. It
counts in N all the same, the number of the network's weights, which the paper divides by. The text encoder is frozen too.
"""

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from mvdream_cli.cameras import camera_condition, orbit_views
from mvdream_cli.diffusion.lora import add_lora, count_changed, lora_preservation
from mvdream_cli.diffusion.losses import denoising_loss, preservation_loss
from mvdream_cli.diffusion.pipeline import posterior_sample
from mvdream_cli.engine import progress
from mvdream_cli.engine.best import Best
from mvdream_cli.engine.method import Method
from mvdream_cli.engine.optim import adamw
from mvdream_cli.engine.progress import say
from mvdream_cli.errors import MVDreamError
from mvdream_cli.images import grid, is_whole, load_image, save_image
from mvdream_cli.methods.micro_batches import MicroBatches
from mvdream_cli.metrics.subject import SubjectGauge
from mvdream_cli.parts import Part
from mvdream_cli.settings.dreambooth import Dreambooth

VIEWS = 4  # of a preview, and of a rig in 3D mode
ELEVATION_DEG = 15.0


class Posteriors(NamedTuple):
    """Of N pictures: means (N, C, h, w), and standard deviations, None where the autoencoder has no posterior."""

    mean: Tensor
    std: Tensor | None

    def sample(self, which: Tensor) -> Tensor:
        """Latents of the pictures `which` (K,), drawn anew."""
        return posterior_sample(self.mean[which], None if self.std is None else self.std[which])


class DreamBooth:
    """The tuning, its previews, and what came of it.

    Args:
        photographs: (N, H, W, 3) in [0, 1]. captions: of each, or None for the subject's prompt.
        class_pictures: (M, H, W, 3), drawn by the base before the tuning; M may be 0.
        best: where the best state is kept.
    """

    def __init__(
        self, pipeline, photographs: Tensor, captions: list[str | None], class_pictures: list[Tensor], options: Dreambooth,
        *, device: torch.device, dtype: torch.dtype, best: Best,
    ):  # fmt: skip
        self.pipeline, self.options, self.device, self.dtype, self.best = pipeline, options, device, dtype, best
        self.prompt = options.prompt.format(subject=options.subject)
        self.class_prompt = class_prompt(options)
        with torch.no_grad():
            self.text = pipeline.encode_prompt([caption or self.prompt for caption in captions])
            self.latents = self._encode(photographs)
            self.class_text = pipeline.encode_prompt([self.class_prompt])
            self.class_latents = self._encode(class_pictures)
        unet = pipeline.unet
        if options.lora_rank:
            self.trained = add_lora(unet, options.lora_rank)
        else:
            self.trained = unet.requires_grad_(True)
            for name in ("class_embedding", "camera_token"):  # of the two a UNet asks one
                getattr(unet, name, torch.nn.Module()).requires_grad_(False)
            self.before = {name: parameter.detach().clone() for name, parameter in unet.named_parameters()}
        self.gauge = None
        if options.keep_best and pipeline.image_encoder is not None:
            self.gauge = SubjectGauge(pipeline, photographs.to(device), self.views_of(self.class_prompt))
        if options.attention == "3d":  # photographs are taken for the views of rigs
            self.views, self.camera = VIEWS, camera_condition(orbit_views(VIEWS, elevation_deg=ELEVATION_DEG)).to(device)
        else:
            self.views, self.camera = 1, None
        self.micro_batches = MicroBatches(options.batch_size // self.views, "photographs" if self.views == 1 else "rigs")
        unet.train()
        if options.gradient_checkpointing:
            unet.enable_gradient_checkpointing()

    @property
    def half(self) -> bool:
        """Whether steps run in half precision over float32 weights, which the preservation term needs."""
        return self.device.type == "cuda" and self.dtype != torch.float32

    def method(self, previews: Path) -> Method:
        """What the loop needs. Previews go to `previews`/step-NNNNNN.png."""
        optimizer = self.options.optimizer
        return Method(
            description="dreambooth",
            steps=self.options.steps,
            step=self.step,
            modules={"lora" if self.options.lora_rank else "unet": self.trained},
            optimizer=adamw(
                [p for p in self.trained.parameters() if p.requires_grad],
                learning_rate=optimizer.learning_rate,
                weight_decay=optimizer.weight_decay,
            ),
            grad_clip=optimizer.grad_clip,
            scaler=torch.amp.GradScaler(self.device.type) if self.half and self.dtype == torch.float16 else None,
            parts=lambda i: self.micro_batches.parts,
            shrink=self.micro_batches.shrink,
            preview=lambda done: self.preview(previews / f"step-{done:06d}.png", done),
        )

    def step(self, i: int, part: Part) -> tuple[Tensor, dict[str, Tensor]]:
        """The image loss in 2D mode plus lambda ||theta - theta_0|| / N."""
        options, count = self.options, part.size * self.views
        drawn = torch.randint(len(self.latents.mean), (count,), device=self.device)
        camera = None if self.camera is None else self.camera.repeat(part.size, 1)
        with torch.autocast(self.device.type, self.dtype, enabled=self.half):
            loss = denoising_loss(self.pipeline, self.latents.sample(drawn), self.text[drawn], camera, self.views)
            stats = {"loss_image": loss.detach()}
            if len(self.class_latents.mean):
                drawn = torch.randint(len(self.class_latents.mean), (count,), device=self.device)
                text = self.class_text.expand(count, -1, -1)
                class_loss = denoising_loss(self.pipeline, self.class_latents.sample(drawn), text, None, 1)
                loss, stats["loss_prior"] = loss + options.prior_images.weight * class_loss, class_loss.detach()
        norm = options.preservation.norm
        unet = self.pipeline.unet
        drift = lora_preservation(unet, norm) if options.lora_rank else preservation_loss(unet, self.before, norm)
        return loss + options.preservation.weight * drift, {**stats, "drift": drift.detach()}

    def preview(self, path: Path, done: int) -> None:
        """Draw the subject and its class; with a CLIP tower, measure them and keep the best state so far."""
        unet = self.pipeline.unet.eval()
        rows = [self.views_of(prompt) for prompt in (self.prompt, self.class_prompt, *self.options.preview_prompts)]
        unet.train()
        progress.preview(save_image(path, grid(torch.cat(rows), VIEWS)))
        if self.gauge is not None:
            found = self.gauge.measure(rows[0], rows[1])
            say(f"step {done}: likeness to the photographs {found['likeness']:.3f}, class kept {found['class_kept']:.3f}")
            self.best.offer(self.trained, done, sum(found.values()))

    def finish(self) -> tuple[int, int]:
        """Take the best state, if one was kept. Returns (tensors of the UNet that changed, all)."""
        if self.gauge is not None and self.best.facts() is not None:
            self.best.restore(self.trained)
            say(f"the state of step {self.best.facts()[0]} is kept: the best sum of likeness and class kept")
        if self.options.lora_rank:
            return count_changed(self.pipeline.unet)
        parameters = self.pipeline.unet.named_parameters()
        return sum(not torch.equal(parameter, self.before[name]) for name, parameter in parameters), len(self.before)

    def views_of(self, prompt: str) -> Tensor:
        """Four views, always from the same noise; (4, H, W, 3)."""
        scale = self.options.prior_images.guidance_scale
        c2w = orbit_views(VIEWS, elevation_deg=ELEVATION_DEG)
        return self.pipeline(self.pipeline.asked(prompt), c2w, seeds=[0], steps=20, guidance_scale=scale)[0]

    def _encode(self, pictures) -> "Posteriors":
        found = [self.pipeline.encode_posterior(picture[None].to(self.device)) for picture in pictures]
        mean, std = zip(*found) if found else ((torch.empty(0, device=self.device),), (None,))
        return Posteriors(torch.cat(mean), None if std[0] is None else torch.cat(std))


def class_prompt(options: Dreambooth) -> str:
    """What pictures of the subject's class show: the subject's prompt without the rare word, or what the settings say."""
    words = options.subject.split()[1:]
    return options.prior_images.prompt or options.prompt.format(subject=" ".join(words) or options.subject)


def class_pictures(pipeline, options: Dreambooth, seed: int, folder: Path) -> list[Tensor]:
    """Pictures of the class as the base draws them in its 2D mode, (H, W, 3) in [0, 1] each; kept in `folder`.

    A black one, as a safety checker or an overflow leaves, is drawn again from other noise.

    Raises:
        MVDreamError: nothing but black comes.
    """
    prior, paths = options.prior_images, [folder / f"{k:03d}.png" for k in range(options.prior_images.count)]
    for k, path in enumerate(paths):
        for attempt in range(0 if is_whole(path) else 5):
            seeds = [seed + k + 1000 * attempt]
            drawn = pipeline(class_prompt(options), None, seeds=seeds, steps=prior.steps, guidance_scale=prior.guidance_scale)
            if drawn.max() > 0.02:
                save_image(path, drawn[0, 0])
                break
        if not is_whole(path):
            raise MVDreamError("dreambooth: the model draws nothing but black pictures; use engine.dtype=float32.")
    return [torch.from_numpy(load_image(path)[..., :3].copy()).float() / 255 for path in paths]
