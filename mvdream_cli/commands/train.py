"""`mvdream train`: the multi-view UNet and what it stands on, one component at a time. The methods are `methods.train_*`."""

import re
from pathlib import Path

import torch

from mvdream_cli.data.latents import Latents, cached_latents
from mvdream_cli.data.views import index_views, set_identity
from mvdream_cli.engine.device import pick_device, seed_step, set_threads
from mvdream_cli.engine.loop import fit
from mvdream_cli.engine.progress import Bar, say
from mvdream_cli.engine.run import open_run
from mvdream_cli.errors import UsageError
from mvdream_cli.methods.train_clip import train_clip
from mvdream_cli.methods.train_unet import train_unet
from mvdream_cli.methods.train_vae import scale_latents, train_vae
from mvdream_cli.models.find import known_words, model_identity
from mvdream_cli.models.load import pipeline_to_train, save_pipeline


def run(settings, out: Path | None = None, restart: bool = False) -> dict:
    """Train one component and leave a whole model folder. Returns {"model": folder, ...}."""
    train, engine = settings.train, settings.engine
    if train.data is None:
        raise UsageError("train: --data is missing; make a multi-view set with `mvdream data render toybox --out views`.")
    entries = index_views(Path(train.data))
    images = index_views(Path(train.images)) if train.images else entries
    recorded = settings.model_dump(mode="json") | {
        "init_identity": [model_identity(name) if name else name for name in (train.init, train.autoencoder)],
        "data_identity": [set_identity(entries), *([set_identity(images)] if train.images else [])],
    }
    with open_run(
        out,
        "train",
        recorded,
        identity_keys=["train", "engine.seed", "init_identity", "data_identity"],
        free_keys=("train.steps", "train.micro_batch_size"),
        text=f"train {train.component}",
        restart=restart,
    ) as run:
        if run.finished:
            say(f"{run.folder}: already finished; --restart starts over")
            return {"run": run.folder, "model": run.folder / "model"}
        set_threads(engine.threads)
        device, dtype, reason = pick_device(engine.device, engine.dtype, training=True)
        say(f"training {train.component} on {len(entries)} objects, {device} {dtype}: {reason}")
        seed_step(engine.seed, -1)  # fresh weights depend on the seed alone
        captions = [entry.caption for entry in entries]
        pipeline = pipeline_to_train(train.init, train.autoencoder, train.architecture, captions, device)
        if pipeline.report:
            say(f"{train.init}: {pipeline.report}")
        if train.component == "unet":
            objects = encode(pipeline, entries, run, "latents", settings)
            singles = encode(pipeline, images, run, "images", settings) if train.images else objects
            where = {"device": device, "dtype": dtype, "seed": engine.seed, "previews": run.previews}
            method = train_unet(pipeline, objects, singles, train, compile_unet=engine.compile, **where)
        elif train.component == "vae":
            method = train_vae(pipeline, entries, train, device=device, seed=engine.seed, previews=run.previews)
        else:
            method = train_clip(pipeline, entries, train, device=device)
        fit(method, run, **engine.loop())
        if train.component == "vae":
            scale_latents(pipeline, entries, engine.seed)
        words = (known_words(train.init) if train.init else None) or set()
        words |= {word for entry in entries for word in re.findall(r"[^\W\d_]+", entry.caption.lower())}
        dtype = torch.float16 if train.save_half else None
        return run.finish(model=save_pipeline(pipeline, run.folder / "model", dtype, words))


def encode(pipeline, entries, run, name: str, settings) -> Latents:
    """Latents of all views, kept in the run's cache."""
    options = settings.train.unet
    with Bar("encoding views", len(entries)) as bar:
        return cached_latents(
            pipeline, entries, run.cache / f"{name}.safetensors", identity=set_identity(entries), seed=settings.engine.seed,
            background=options.background, batch_size=options.encode_batch_size, on_progress=bar.update, say=say,
        )  # fmt: skip
