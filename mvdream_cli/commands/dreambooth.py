"""`mvdream dreambooth`: a subject from a handful of photographs. The method is `methods.dreambooth`.

The folder it leaves is a model: `--model`.
"""

from pathlib import Path

import torch

from mvdream_cli.data.photographs import load_photographs, photographs_identity
from mvdream_cli.engine.best import Best
from mvdream_cli.engine.device import pick_device, seed_step, set_threads
from mvdream_cli.engine.loop import fit
from mvdream_cli.engine.progress import say, warn
from mvdream_cli.engine.run import open_run
from mvdream_cli.errors import UsageError
from mvdream_cli.images import grid, save_image
from mvdream_cli.methods.dreambooth import DreamBooth, class_pictures, class_prompt
from mvdream_cli.methods.sample_views import warn_about_length
from mvdream_cli.models.find import known_words, model_identity
from mvdream_cli.models.load import load_pipeline
from mvdream_cli.models.subject import save_subject
from mvdream_cli.models.vocabulary import common_pieces
from mvdream_cli.pages.page import write_run_page

FEW, MANY = 3, 20  # photographs


def run(settings, out: Path | None = None, restart: bool = False) -> dict:
    """Tune the model to the subject. Returns {"model": folder, ...}."""
    booth, engine = settings.dreambooth, settings.engine
    if booth.images is None:
        raise UsageError("dreambooth: needs --images DIR, a folder with 3 to 20 photographs of the subject")
    identities = {
        "model_identity": model_identity(settings.model),
        "images_identity": photographs_identity(Path(booth.images)),
    }
    with open_run(
        out,
        "dreambooth",
        settings.model_dump(mode="json") | identities,
        identity_keys=["dreambooth", "engine.seed", *identities],
        free_keys=("dreambooth.steps",),
        text=f"dreambooth {booth.subject}",
        restart=restart,
    ) as run:
        if run.finished:
            say(f"{run.folder}: already finished; --restart starts over")
            return {"run": run.folder, "model": run.folder / "model"}
        set_threads(engine.threads)
        device, dtype, reason = pick_device(engine.device, engine.dtype, training=True)
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
        prompt = booth.prompt.format(subject=booth.subject)
        warn_about_length(pipeline, prompt, class_prompt(booth), *(caption for caption in captions if caption))
        save_image(run.previews / "photographs.png", grid(photographs, min(len(photographs), 5)))

        pictures = class_pictures(pipeline, booth, engine.seed, run.cache / "prior")
        best, where = Best(run.cache / "best.safetensors"), {"device": device, "dtype": dtype}
        seed_step(engine.seed, -1)  # a fresh LoRA depends on the seed alone
        tuning = DreamBooth(pipeline, photographs, captions, pictures, booth, best=best, **where)
        fit(tuning.method(run.previews), run, **engine.loop())
        changed, total = tuning.finish()
        say(f"{changed} of {total} tensors of the UNet differ from {settings.model}")
        base = str(Path(settings.model).resolve()) if Path(settings.model).exists() else settings.model
        note = {"subject": booth.subject, "base": base, "tensors_changed": changed, "tensors": total}
        words = (words := known_words(settings.model)) and words | set(booth.subject.split())
        dtype = torch.float16 if booth.save_half else None
        model = save_subject(pipeline, run.folder / "model", note, words, booth.lora_rank > 0, dtype)
        return run.finish(model=model, page=write_run_page(run))
