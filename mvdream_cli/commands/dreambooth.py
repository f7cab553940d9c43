"""`mvdream dreambooth`: a subject from a handful of photographs, in any view and context (MVDream, section 4.3).

The UNet is tuned in its 2D mode (one view, no camera), with a term that keeps its weights near where they were, so that what it
knows of views survives. The folder it leaves is a model: `--model`.
"""

import json
from pathlib import Path

import torch

from mvdream_cli.cameras import orbit_views
from mvdream_cli.data.photographs import load_photographs
from mvdream_cli.diffusion.folders import SUBJECT, known_words, model_identity
from mvdream_cli.diffusion.losses import denoising_loss, preservation_loss
from mvdream_cli.diffusion.vocabulary import common_pieces
from mvdream_cli.diffusion.weights import load_pipeline, save_pipeline
from mvdream_cli.engine.device import pick_device, seed_step, set_threads
from mvdream_cli.engine.loop import fit
from mvdream_cli.engine.optim import adamw
from mvdream_cli.engine.progress import say, warn
from mvdream_cli.engine.run import open_run
from mvdream_cli.errors import UsageError
from mvdream_cli.images import grid, save_image

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
        folder = save_pipeline(
            pipeline,
            run.folder / "model",
            torch.float16 if booth.save_half else None,
            words and words | set(booth.subject.split()),
        )
        note = {"subject": booth.subject, "base": settings.model, "tensors_changed": changed, "tensors": total}
        (folder / SUBJECT).write_text(json.dumps(note, indent=1))
        return run.finish(model=folder)


def tune(pipeline, photographs: torch.Tensor, captions: list, settings, run, device, dtype) -> tuple[int, int]:
    """The image loss in 2D mode plus lambda ||theta - theta_0|| / N. Returns (tensors of the UNet that changed, all)."""
    booth, engine = settings.dreambooth, settings.engine
    unet = pipeline.unet.train().requires_grad_(True)
    unet.class_embedding.requires_grad_(False)  # the camera is absent in the 2D mode: only weight decay would reach it
    if booth.gradient_checkpointing:
        unet.enable_gradient_checkpointing()
    before = {name: parameter.detach().clone() for name, parameter in unet.named_parameters()}
    template = booth.prompt.format(subject=booth.subject)
    with torch.no_grad():
        text = pipeline.encode_prompt([caption or template for caption in captions])
        latents = torch.cat([pipeline.encode_images(image[None].to(device), sample=False) for image in photographs])
    half = device.type == "cuda" and dtype != torch.float32

    def step(i: int, micro: int):
        drawn = torch.randint(len(latents), (booth.batch_size,)).to(device)
        with torch.autocast(device.type, dtype, enabled=half):
            image_loss = denoising_loss(pipeline, latents[drawn], text[drawn], None, 1)
        drift = preservation_loss(unet, before, booth.preservation)
        return image_loss + booth.preservation_weight * drift, {"loss_image": image_loss.detach(), "drift": drift.detach()}

    def preview(done: int) -> None:
        unet.eval()
        c2w = orbit_views(4, elevation_deg=15.0)
        prompts = [template, *booth.preview_prompts]
        rows = [pipeline(p, c2w, seeds=[0], steps=20, guidance_scale=settings.sample_views.guidance_scale)[0] for p in prompts]
        save_image(run.previews / f"step-{done:06d}.png", grid(torch.cat(rows), 4))
        unet.train()

    seed_step(engine.seed, -1)
    fit(
        step,
        steps=booth.steps,
        seed=engine.seed,
        optimizer=adamw(
            [p for p in unet.parameters() if p.requires_grad],
            learning_rate=booth.learning_rate,
            weight_decay=booth.weight_decay,
        ),
        modules={"unet": unet},
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
    changed = sum(not torch.equal(parameter, before[name]) for name, parameter in unet.named_parameters())
    return changed, len(before)
