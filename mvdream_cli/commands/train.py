"""`mvdream train`: the multi-view diffusion model and what it stands on.

Three components, each trained with the others frozen: the VAE (images to latents), CLIP (captions and images to one space;
its text tower conditions the UNet), and the multi-view UNet (MVDream, sections 3.2 and 4.1).
"""

import re
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from mvdream_cli.atomic import written_whole
from mvdream_cli.cameras import camera_condition, orbit_views
from mvdream_cli.data.views import index_views, load
from mvdream_cli.diffusion.losses import autoencoder_loss, contrastive_loss, denoising_loss
from mvdream_cli.engine.device import pick_device, seed_step, set_threads
from mvdream_cli.engine.loop import fit
from mvdream_cli.engine.optim import Ema, adamw, warmup_cosine
from mvdream_cli.engine.progress import Bar, say
from mvdream_cli.engine.run import open_run
from mvdream_cli.errors import UsageError
from mvdream_cli.images import composite, grid, save_image
from mvdream_cli.models.architectures import build_pipeline, principal_encoder
from mvdream_cli.models.find import known_words, model_identity
from mvdream_cli.models.load import load_pipeline, save_pipeline

PRINCIPAL_IMAGES = 256  # views whose patches set a fresh autoencoder's components


def run(settings, out: Path | None = None, restart: bool = False) -> dict:
    """Train one component and leave a whole model folder. Returns {"model": folder, ...}."""
    train, engine = settings.train, settings.engine
    if train.data is None:
        raise UsageError("train: --data is missing; make a multi-view set with `mvdream data render toybox --out views`.")
    entries = index_views(Path(train.data))
    set_threads(engine.threads)
    device, dtype, reason = pick_device(engine.device, engine.dtype)
    identity = [model_identity(name) if name else name for name in (train.init, train.autoencoder)]
    with open_run(
        out,
        "train",
        settings.model_dump(mode="json") | {"init_identity": identity},
        identity_keys=["train", "engine.seed", "init_identity"],
        free_keys=("train.steps", "train.micro_batch_size"),
        text=f"train {train.component}",
        restart=restart,
    ) as run:
        if run.finished:
            say(f"{run.folder}: already finished; --restart starts over")
            return {"run": run.folder, "model": run.folder / "model"}
        say(f"training {train.component} on {len(entries)} objects, {device} {dtype}: {reason}")
        seed_step(engine.seed, -1)  # fresh weights depend on the seed alone
        if train.init:
            pipeline = load_pipeline(train.init, device)
            if pipeline.report:
                say(f"{train.init}: {pipeline.report}")
        else:
            pipeline = build_pipeline(train.architecture, [entry.caption for entry in entries]).to(device)
        if train.autoencoder:
            pipeline.register_modules(vae=load_pipeline(train.autoencoder, device).vae)
        TRAINERS[train.component](pipeline, entries, settings, run, device, dtype)
        words = (known_words(train.init) if train.init else None) or set()
        words |= {word for entry in entries for word in re.findall(r"[^\W\d_]+", entry.caption.lower())}
        model = save_pipeline(pipeline, run.folder / "model", torch.float16 if train.save_half else None, words)
        return run.finish(model=model)


def train_unet(pipeline, entries, settings, run, device, dtype) -> None:
    """Joint training on multi-view sets and on single images in 2D mode (MVDream, section 4.1)."""
    train = settings.train
    objects = encoded_set(pipeline, entries, run.cache / "latents.safetensors", settings)
    images = (
        encoded_set(pipeline, index_views(train.images), run.cache / "images.safetensors", settings)
        if train.images
        else objects
    )
    unet = pipeline.unet.to(device, dtype, memory_format=torch.channels_last).train().requires_grad_(True)
    if train.gradient_checkpointing:
        unet.enable_gradient_checkpointing()
    if settings.engine.compile:
        unet.compile(dynamic=False)
    optimizer = adamw(unet.parameters(), learning_rate=train.learning_rate, weight_decay=train.weight_decay)
    ema = Ema(unet, train.ema_decay, optimizer)
    views, micro_objects = train.views_per_object, train.micro_batch_size or train.batch_size
    grad_accum = train.batch_size // micro_objects

    def step(i: int, micro: int):
        single = torch.rand(()).item() < train.single_image_share
        count, num_views = (micro_objects * views, 1) if single else (micro_objects, views)
        latents, cameras, captions = images if single else objects
        drawn = torch.randint(len(captions), (count,))
        chosen = orthogonal_views(count, latents.shape[1], num_views)  # (count, V)
        x = latents[drawn[:, None], chosen].flatten(0, 1).to(device, non_blocking=True).float()  # (count V, C, h, w)
        camera = None
        if not single:
            camera = cameras[drawn[:, None], chosen].flatten(0, 1).to(device, non_blocking=True)  # (count V, 16)
        with torch.no_grad():
            text = pipeline.encode_prompt([drop_caption(captions[k], train.caption_dropout) for k in drawn.tolist()])
        loss = denoising_loss(pipeline, x, text.repeat_interleave(num_views, 0), camera, num_views, train.timestep_power)
        return loss, {"loss_2d" if single else "loss_multi_view": loss.detach()}

    def preview(done: int) -> None:
        # compiling once more for the previews' shapes would cost more than it saves
        with ema.applied(), torch.compiler.set_stance("force_eager"):
            unet.eval()
            c2w = orbit_views(views, elevation_deg=15.0)
            rows = [pipeline(p, c2w, seeds=[0], steps=20, guidance_scale=5.0)[0] for p in train.preview_prompts]
            save_image(run.previews / f"step-{done:08d}.png", grid(torch.cat(rows), views))
            unet.train()

    try:
        fit(
            step,
            **loop_settings(settings),
            optimizer=optimizer,
            modules={"unet": unet},
            ema={"unet": ema},
            scaler=torch.amp.GradScaler(device.type) if dtype == torch.float16 else None,
            run=run,
            grad_accum=grad_accum,
            preview=preview,
            description="multi-view UNet",
        )
    finally:
        ema.copy_to(unet)


def train_vae(pipeline, entries, settings, run, device, dtype) -> None:
    """Reconstruction from principal components of patches; afterwards latents are scaled to unit variance."""
    train = settings.train
    vae = pipeline.vae.train().requires_grad_(True)
    if train.init is None:
        seed_step(settings.engine.seed, -4)
        principal_encoder(vae, draw_images(entries, PRINCIPAL_IMAGES, None))
    vae.to(device, memory_format=torch.channels_last)
    optimizer = adamw(vae.parameters(), learning_rate=train.learning_rate, weight_decay=train.weight_decay)
    ema = Ema(vae, train.ema_decay, optimizer)
    micro_images = train.micro_batch_size or train.batch_size

    def step(i: int, micro: int):
        images = draw_images(entries, micro_images, train.crop_px).to(device)
        return autoencoder_loss(vae, images, train.latent_noise, train.edge_weight)

    def preview(done: int) -> None:
        seed_step(settings.engine.seed, -2)
        images = draw_images(entries, 8, None)
        with ema.applied(), torch.no_grad():
            decoded = pipeline.decode_latents(pipeline.encode_images(images.to(device), sample=False))
        save_image(run.previews / f"step-{done:08d}.png", grid(torch.cat([images, decoded.cpu()]), 8))

    try:
        fit(
            step,
            **loop_settings(settings),
            optimizer=optimizer,
            modules={"vae": vae},
            ema={"vae": ema},
            run=run,
            grad_accum=train.batch_size // micro_images,
            preview=preview,
            description="VAE",
        )
    finally:
        ema.copy_to(vae)
    seed_step(settings.engine.seed, -3)
    with torch.no_grad():
        sample = torch.cat([pipeline.encode_images(draw_images(entries, 16, None).to(device)) for _ in range(16)])
    vae.register_to_config(scaling_factor=float(vae.config.scaling_factor / sample.std()))


def train_clip(pipeline, entries, settings, run, device, dtype) -> None:
    """Contrastive training of both towers on (view, caption) pairs, as CLIP."""
    train = settings.train
    towers = torch.nn.ModuleDict({"text": pipeline.text_encoder, "image": pipeline.image_encoder}).to(device)
    towers.train().requires_grad_(True)
    log_scale = torch.nn.Parameter(torch.tensor(np.log(1 / 0.07), dtype=torch.float32, device=device))
    optimizer = adamw([*towers.parameters(), log_scale], learning_rate=train.learning_rate, weight_decay=train.weight_decay)
    holder = torch.nn.ParameterDict({"log_scale": log_scale})

    def step(i: int, micro: int):
        objects = torch.randperm(len(entries))[: train.batch_size].tolist()
        images = torch.stack([random_view(entries[k]) for k in objects]).to(device)
        text_embeds = pipeline.embed_texts([entries[k].caption for k in objects])
        return contrastive_loss(pipeline.embed_images(images), text_embeds, log_scale.clamp(max=np.log(100.0)))

    fit(
        step,
        **loop_settings(settings),
        optimizer=optimizer,
        modules={"towers": towers, "scale": holder},
        run=run,
        description="CLIP",
    )


TRAINERS = {"unet": train_unet, "vae": train_vae, "clip": train_clip}


def loop_settings(settings) -> dict:
    """The arguments of `fit` that come straight from the settings."""
    train, engine = settings.train, settings.engine
    return dict(
        steps=train.steps,
        seed=engine.seed,
        grad_clip=train.grad_clip,
        lr_scale=warmup_cosine(train.warmup_steps, train.steps, train.final_learning_rate_share),
        log_every=engine.log_every,
        preview_every=engine.preview_every,
        checkpoint_every=engine.checkpoint_every,
        checkpoint_minutes=engine.checkpoint_minutes,
        keep_checkpoints=engine.keep_checkpoints,
    )


def drop_caption(caption: str, dropout: float) -> str:
    """The caption, or the empty one with probability `dropout` (for classifier-free guidance)."""
    return "" if torch.rand(()).item() < dropout else caption


def orthogonal_views(objects: int, total: int, num_views: int) -> torch.Tensor:
    """Indices (objects, num_views) of evenly spaced views out of `total`, from a random first view on."""
    first = torch.randint(total, (objects, 1))
    return (first + torch.arange(num_views) * (total // num_views)) % total


def random_view(entry, crop_px: int | None = None) -> torch.Tensor:
    """One view of an object over a random gray (MVDream, appendix), (H, W, 3) in [0, 1]; optionally a crop of it."""
    rgba = load(entry, views=[int(torch.randint(entry.num_views, ()))])[0][0]
    if crop_px and crop_px < rgba.shape[0]:
        solid = np.argwhere(rgba[..., 3] > 0)
        centre = solid[int(torch.randint(len(solid), ()))] if len(solid) else np.array(rgba.shape[:2]) // 2
        top, left = np.clip(centre - crop_px // 2, 0, rgba.shape[0] - crop_px)
        rgba = rgba[top : top + crop_px, left : left + crop_px]
    return torch.from_numpy(composite(rgba, float(torch.rand(()))))


def draw_images(entries, count: int, crop_px: int | None) -> torch.Tensor:
    """Views of random objects, (count, H, W, 3)."""
    return torch.stack([random_view(entries[int(k)], crop_px) for k in torch.randint(len(entries), (count,))])


def encoded_set(pipeline, entries, path: Path, settings) -> tuple[torch.Tensor, torch.Tensor, list[str]]:
    """Latents of all views (posterior means), each object over one gray; kept in `path` so that resuming is quick.

    Returns:
        latents (N, V, C, h, w) float16, camera vectors (N, V, 16) float32, captions (N).
    """
    if not path.is_file():
        rng = np.random.default_rng(settings.engine.seed)
        latents, cameras, size = [], [], settings.train.encode_batch_size
        with Bar("encoding views", len(entries)) as bar, torch.no_grad():
            for start in range(0, len(entries), size):
                rgba, c2w = (np.stack(part) for part in list(zip(*map(load, entries[start : start + size])))[:2])
                gray = rng.random((len(rgba), 1, 1, 1, 1))
                if settings.train.background is not None:
                    gray = np.full_like(gray, settings.train.background)
                pixels = torch.from_numpy(composite(rgba, gray)).flatten(0, 1).to(pipeline.vae.device)
                encoded = pipeline.encode_images(pixels, sample=False)  # (n V, C, h, w)
                latents.append(encoded.unflatten(0, rgba.shape[:2]).half().cpu())
                cameras.append(camera_condition(torch.from_numpy(c2w)))
                bar.update(start + len(rgba))
        with written_whole(path) as partial:
            save_file({"latents": torch.cat(latents), "cameras": torch.cat(cameras)}, partial)
    kept = load_file(path)
    return kept["latents"], kept["cameras"], [entry.caption for entry in entries]
