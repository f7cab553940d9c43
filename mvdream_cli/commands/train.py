"""`mvdream train`: the multi-view UNet and what it stands on, one component at a time. The methods are `methods.train_*`."""

import contextlib
import re
from pathlib import Path

import torch

from mvdream_cli.commands.training_data import open_data
from mvdream_cli.engine import distributed
from mvdream_cli.engine.device import pick_device, seed_step, set_threads
from mvdream_cli.engine.loop import fit
from mvdream_cli.engine.progress import say
from mvdream_cli.engine.run import open_run
from mvdream_cli.engine.tracker import open_tracker
from mvdream_cli.errors import UsageError
from mvdream_cli.methods.train_clip import train_clip
from mvdream_cli.methods.train_prior import train_prior
from mvdream_cli.methods.train_reconstructor import redraw_of, train_reconstructor
from mvdream_cli.methods.train_unet import train_unet
from mvdream_cli.methods.train_vae import scale_latents, train_vae
from mvdream_cli.models.architectures import add_prior, build_reconstructor
from mvdream_cli.models.find import known_words, model_identity
from mvdream_cli.models.load import pipeline_to_train, save_pipeline
from mvdream_cli.pages.page import write_run_page

FREE = (  # what may change where a run goes on
    "train.steps", "train.minutes", "train.micro_batch_size", "train.stream.ahead", "train.stream.broken_fraction",
)  # fmt: skip


def run(settings, out: Path | None = None, restart: bool = False) -> dict:
    """Train one component and leave a whole model folder. Returns {"model": folder, ...}."""
    train = settings.train
    if train.data is None:
        raise UsageError("train: --data is missing; take toybox, or a set made by `mvdream data render`.")
    with distributed.joined():
        results = train_one(settings, out, restart)
        return results if distributed.is_main() else {}


def train_one(settings, out: Path | None, restart: bool) -> dict:
    """As `run`, on each of the processes that train together."""
    train = settings.train
    distributed.share(train.batch_size)  # refused before anything is read or written
    with contextlib.ExitStack() as stack:
        data = stack.enter_context(open_data(train.data, settings))
        images = stack.enter_context(open_data(train.images, settings, singles=True)) if train.images else data
        recorded = settings.model_dump(mode="json") | {
            "init_identity": [model_identity(name) if name else name for name in (train.init, train.autoencoder)],
            "data_identity": [data.identity, *([images.identity] if train.images else [])],
        }
        with open_run(
            out,
            "train",
            recorded,
            identity_keys=["train", "engine.seed", "init_identity", "data_identity"],
            free_keys=(*FREE, *(() if train.validation.every else ("train.validation",))),
            text=f"train {train.component}",
            restart=restart,
        ) as run:
            if run.finished:
                say(f"{run.folder}: already finished; --restart starts over")
                return {"run": run.folder, "model": run.folder / "model"}
            return learn(settings, data, images, run)


def learn(settings, data, images, run) -> dict:
    """Take the steps and save the model. `data` and `images`: of `commands.training_data`."""
    train, engine = settings.train, settings.engine
    set_threads(engine.threads)
    device, dtype, reason = pick_device(engine.device, engine.dtype, training=True)
    say(f"training {train.component} on {data.about}, {device} {dtype}: {reason}")
    seed_step(engine.seed, -1)  # fresh weights depend on the seed alone
    pipeline = pipeline_to_train(train.init, train.autoencoder, train.architecture, data.captions, device)
    if pipeline.report:
        say(f"{train.init}: {pipeline.report}")
    if train.component == "unet":
        pipeline.image_size = data.size_px  # what is trained is what the model says, whatever it was before
        pipeline.register_to_config(caption_suffix=train.suffix)
        objects = data.latents(pipeline, run, "latents", settings)
        singles = images.latents(pipeline, run, "images", settings) if train.images else objects
        held_out = data.held_out(pipeline, run, settings) if train.validation.every else None
        where = {"device": device, "dtype": dtype, "seed": engine.seed, "previews": run.previews}
        faster = {"compile_unet": engine.compile, "cuda_graphs": engine.cuda_graphs}
        method = train_unet(pipeline, objects, singles, train, held_out=held_out, **faster, **where)
    elif train.component == "vae":
        pictures = data.pictures(settings)
        method = train_vae(pipeline, pictures, train, device=device, seed=engine.seed, previews=run.previews)
    elif train.component == "prior":
        method = prior_method(pipeline, data, settings, device, dtype, run)
    elif train.component == "reconstructor":
        method = reconstructor_method(pipeline, data, settings, device, dtype, run.previews)
    else:
        method = train_clip(pipeline, data.pictures(settings), train, device=device)
    if distributed.is_main():
        run.track = open_tracker(engine.tracker, run.folder, settings.model_dump(mode="json"))
    fit(method, run, validate_every=train.validation.every, **engine.loop())
    if train.component == "vae":
        scale_latents(pipeline, pictures, engine.seed)
    words = known_words(train.init) if train.init else set()
    # a model that does not say which words it knows, such as Stable Diffusion, knows no fewer now; a reconstructor learns none
    if words is not None and train.component != "reconstructor":
        words |= {word for caption in data.captions for word in re.findall(r"[^\W\d_]+", caption.lower())}
    dtype = torch.float16 if train.save_half else None

    def written() -> dict:
        return {"model": save_pipeline(pipeline, run.folder / "model", dtype, words), "page": write_run_page(run)}

    return run.finish(**distributed.from_main(written))


def prior_method(pipeline, data, settings, device, dtype, run):
    """The method that trains the pipeline's picture prior, a fresh one where it has none.

    Raises:
        UsageError: the views have another size than the model's.
    """
    train = settings.train
    if not train.init:
        pipeline.image_size = data.size_px
    if data.size_px != pipeline.image_size:
        raise UsageError(
            f"{train.data}: its views have {data.size_px} px, those of {train.init} {pipeline.image_size}; render the set, or "
            f"draw the toybox, with --set data.size_px={pipeline.image_size}"
        )
    if pipeline.prior is None:
        add_prior(train.architecture, pipeline)
    objects = data.latents(pipeline, run, "latents", settings)
    return train_prior(pipeline, objects, train, device=device, dtype=dtype, previews=run.previews)


def reconstructor_method(pipeline, data, settings, device, dtype, previews: Path):
    """The method that trains the pipeline's reconstructor, a fresh one where it has none."""
    train, options = settings.train, settings.train.reconstructor
    if pipeline.reconstructor is None:
        pipeline.register_modules(reconstructor=build_reconstructor(train.architecture, pipeline.image_size))
    draws = train.init and pipeline.knows_cameras and options.redrawn_probability + options.decoded_probability > 0
    objects = data.objects(redraw_of(pipeline, options, dtype) if draws else None, device, settings)
    return train_reconstructor(pipeline.reconstructor, objects, train, device=device, dtype=dtype, previews=previews)
