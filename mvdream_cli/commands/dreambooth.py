"""`mvdream dreambooth`: a subject from a handful of photographs, in any view and context (MVDream, section 4.3).

The UNet is tuned in its 2D mode (one view, no camera), with a term that keeps its weights near where they were, so that what it
knows of views survives. The folder it leaves is a model: `--model`.
"""

import json
from pathlib import Path

import torch

from mvdream_cli.cameras import camera_condition, orbit_views
from mvdream_cli.data.photographs import load_photographs
from mvdream_cli.diffusion.lora import add_lora, count_changed, lora_preservation
from mvdream_cli.diffusion.losses import denoising_loss, preservation_loss
from mvdream_cli.engine.best import Best
from mvdream_cli.engine.device import pick_device, seed_step, set_threads
from mvdream_cli.engine.loop import fit
from mvdream_cli.engine.optim import adamw
from mvdream_cli.engine.progress import say, warn
from mvdream_cli.engine.run import open_run
from mvdream_cli.errors import MVDreamError, UsageError
from mvdream_cli.images import grid, load_image, save_image
from mvdream_cli.metrics.subject import SubjectGauge
from mvdream_cli.models.find import SUBJECT, known_words, model_identity
from mvdream_cli.models.load import load_pipeline, save_pipeline
from mvdream_cli.models.lora import save_lora
from mvdream_cli.models.vocabulary import common_pieces

FEW, MANY = 3, 20  # photographs


def run(settings, out: Path | None = None, restart: bool = False) -> dict:
    """Tune the model to the subject. Returns {"model": folder, ...}."""
    booth, engine = settings.dreambooth, settings.engine
    if booth.images is None:
        raise UsageError("dreambooth: needs --images DIR, a folder with 3 to 20 photographs of the subject")
    set_threads(engine.threads)
    device, dtype, reason = pick_device(engine.device, engine.dtype)
    with open_run(
        out,
        "dreambooth",
        settings.model_dump(mode="json") | {"model_identity": model_identity(settings.model)},
        identity_keys=["dreambooth", "engine.seed", "model_identity"],
        free_keys=("dreambooth.steps",),
        text=f"dreambooth {booth.subject}",
        restart=restart,
    ) as run:
        if run.finished:
            say(f"{run.folder}: already finished; --restart starts over")
            return {"run": run.folder, "model": run.folder / "model"}
        pipeline = load_pipeline(settings.model, device)  # float32 weights: the preservation term needs them
        photographs, captions, passed_over = load_photographs(Path(booth.images), pipeline.image_size, booth.background)
        for sentence in passed_over:
            warn(sentence)
        say(f"{len(photographs)} photographs of {booth.subject!r}, {settings.model} on {device}: {reason}")
        if not FEW <= len(photographs) <= MANY:
            warn(f"{len(photographs)} photographs: {FEW} to {MANY} work best")
        word = booth.subject.split()[0]
        if pieces := common_pieces(pipeline.tokenizer, word):
            warn(f"{word!r} already means {', '.join(pieces)} to this model; a rarer word, such as sks or ohwx, is better")
        save_image(run.previews / "photographs.png", grid(photographs, min(len(photographs), 5)))
        changed, total = tune(pipeline, photographs, captions, settings, run, device, dtype)
        say(f"{changed} of {total} tensors of the UNet differ from {settings.model}")
        words = known_words(settings.model)
        words = words and words | set(booth.subject.split())
        base = str(Path(settings.model).resolve()) if Path(settings.model).exists() else settings.model
        note = {"subject": booth.subject, "base": base, "tensors_changed": changed, "tensors": total}
        folder = run.folder / "model"
        if booth.lora_rank:
            save_lora(pipeline.unet, folder, note, words)
        else:
            save_pipeline(pipeline, folder, torch.float16 if booth.save_half else None, words)
            (folder / SUBJECT).write_text(json.dumps(note, indent=1))
        return run.finish(model=folder)


def tune(pipeline, photographs: torch.Tensor, captions: list, settings, run, device, dtype) -> tuple[int, int]:
    """The image loss in 2D mode plus lambda ||theta - theta_0|| / N. Returns (tensors of the UNet that changed, all)."""
    booth, engine = settings.dreambooth, settings.engine
    unet = pipeline.unet
    template = booth.prompt.format(subject=booth.subject)
    of_class = booth.class_prompt or booth.prompt.format(subject=" ".join(booth.subject.split()[1:]) or booth.subject)
    pictures = [prior_picture(pipeline, of_class, k, settings, run) for k in range(booth.prior_images)]
    with torch.no_grad():
        text = pipeline.encode_prompt([caption or template for caption in captions])
        latents = torch.cat([pipeline.encode_images(image[None].to(device), sample=False) for image in photographs])
        prior_text = pipeline.encode_prompt([of_class])
        prior = [pipeline.encode_images(image[None].to(device), sample=False) for image in pictures]
    if booth.lora_rank:
        trained = add_lora(unet, booth.lora_rank)
    else:
        trained = unet.requires_grad_(True)
        unet.class_embedding.requires_grad_(False)  # in the 2D mode only weight decay would reach the camera's embedding
        before = {name: parameter.detach().clone() for name, parameter in unet.named_parameters()}
    gauge, best = None, Best(run.cache / "best.safetensors")
    if booth.keep_best and pipeline.image_encoder is not None:
        gauge = SubjectGauge(pipeline, photographs.to(device), drawn_views(pipeline, of_class, settings))
    unet.train()
    if booth.gradient_checkpointing:
        unet.enable_gradient_checkpointing()
    half = device.type == "cuda" and dtype != torch.float32
    camera, views = None, 1
    if booth.attention == "3d":  # whole rigs, as `Dreambooth` in the settings makes sure
        camera, views = camera_condition(orbit_views(4, elevation_deg=15.0)).to(device).repeat(booth.batch_size // 4, 1), 4

    def step(i: int, micro: int):
        drawn = torch.randint(len(latents), (booth.batch_size,), device=device)
        with torch.autocast(device.type, dtype, enabled=half):
            loss = denoising_loss(pipeline, latents[drawn], text[drawn], camera, views)
            stats = {"loss_image": loss.detach()}
            if prior:
                drawn = torch.randint(len(prior), (booth.batch_size,)).tolist()
                of_prior = torch.cat([prior[k] for k in drawn])
                prior_loss = denoising_loss(pipeline, of_prior, prior_text.expand(len(drawn), -1, -1), None, 1)
                loss, stats["loss_prior"] = loss + booth.prior_weight * prior_loss, prior_loss.detach()
        if booth.lora_rank:
            drift = lora_preservation(unet, booth.preservation)
        else:
            drift = preservation_loss(unet, before, booth.preservation)
        return loss + booth.preservation_weight * drift, {**stats, "drift": drift.detach()}

    def preview(done: int) -> None:
        unet.eval()
        rows = [drawn_views(pipeline, prompt, settings) for prompt in (template, of_class, *booth.preview_prompts)]
        unet.train()
        save_image(run.previews / f"step-{done:06d}.png", grid(torch.cat(rows), 4))
        if gauge is not None:
            found = gauge.measure(rows[0], rows[1])
            say(f"step {done}: likeness to the photographs {found['likeness']:.3f}, class kept {found['class_kept']:.3f}")
            best.offer(trained, done, sum(found.values()))

    seed_step(engine.seed, -1)
    fit(
        step,
        steps=booth.steps,
        seed=engine.seed,
        optimizer=adamw(
            [p for p in trained.parameters() if p.requires_grad],
            learning_rate=booth.learning_rate,
            weight_decay=booth.weight_decay,
        ),
        modules={"lora" if booth.lora_rank else "unet": trained},
        run=run,
        grad_clip=1.0,
        scaler=torch.amp.GradScaler(device.type) if half and dtype == torch.float16 else None,
        log_every=engine.log_every,
        preview=preview,
        preview_every=engine.preview_every,
        checkpoint_every=engine.checkpoint_every,
        checkpoint_minutes=engine.checkpoint_minutes,
        keep_checkpoints=engine.keep_checkpoints,
        description="dreambooth",
    )
    if gauge is not None and best.facts() is not None:
        best.restore(trained)
        say(f"the state of step {best.facts()[0]} is kept: the best sum of likeness and class kept")
    if booth.lora_rank:
        return count_changed(unet)
    changed = sum(not torch.equal(parameter, before[name]) for name, parameter in unet.named_parameters())
    return changed, len(before)


def drawn_views(pipeline, prompt: str, settings) -> torch.Tensor:
    """Four views, always from the same noise; (4, H, W, 3)."""
    c2w = orbit_views(4, elevation_deg=15.0)
    return pipeline(prompt, c2w, seeds=[0], steps=20, guidance_scale=settings.sample_views.guidance_scale)[0]


def prior_picture(pipeline, prompt: str, k: int, settings, run) -> torch.Tensor:
    """Picture k of the class as the base draws it in its 2D mode, kept in the run's cache; (H, W, 3) in [0, 1].

    A black one, as a safety checker or an overflow leaves, is drawn again from other noise.

    Raises:
        MVDreamError: nothing but black comes.
    """
    path = run.cache / "prior" / f"{k:03d}.png"
    for attempt in range(5 if not path.is_file() else 0):
        image = pipeline(
            prompt,
            None,
            seeds=[settings.engine.seed + k + 1000 * attempt],
            steps=settings.sample_views.steps,
            guidance_scale=settings.sample_views.guidance_scale,
        )[0, 0]
        if image.max() > 0.02:
            save_image(path, image)
            break
    if not path.is_file():
        raise MVDreamError(f"dreambooth: {settings.model} draws nothing but black for {prompt!r}; use engine.dtype=float32.")
    return torch.from_numpy(load_image(path)[..., :3].copy()).float() / 255
