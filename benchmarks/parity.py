"""The official MVDream code against ours, with the same weights and the same inputs.

    python benchmarks/parity.py CHECKOUT [--variant sd21|sd15] [--width 320] [--weights sd-v2.1-base-4view.pt]

CHECKOUT is a clone of bytedance/MVDream; its code needs einops, omegaconf and open_clip_torch. Without --weights both get the
same random ones (numbers and times do not depend on it). A narrow --width runs in seconds: 64 is the smallest.
Prints one line of JSON: relative errors, which have to be at most 1e-5 (1e-3 for the trajectory), and seconds per call.
"""

import argparse
import importlib.util
import json
import sys
import time
import types
from pathlib import Path

import torch

from mvdream_cli.cameras import camera_condition, orbit_views
from mvdream_cli.diffusion.attention import MultiViewAttnProcessor
from mvdream_cli.diffusion.schedule import ddim_step, ddim_timesteps
from mvdream_cli.models import ldm, single_file, state_files
from mvdream_cli.models.convert import official_state, schedule_buffers


class Nothing(type):
    """A class that has every attribute."""

    def __getattr__(cls, name):
        return None


class Placeholder(types.ModuleType):
    """In place of torchvision, which open_clip imports for its image side only: any name in it is an empty class."""

    __path__ = ()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing(name, (), {})


def use_checkout(checkout: Path) -> None:
    """Make the checkout's modules importable, past its own __init__, which opens the hub and needs setuptools."""
    if importlib.util.find_spec("torchvision") is None:
        for name in ("torchvision", "torchvision.transforms", "torchvision.transforms.functional", "torchvision.ops.misc"):
            sys.modules[name] = Placeholder(name)
        sys.modules["torchvision"].transforms = sys.modules["torchvision.transforms"]
        sys.modules["torchvision.transforms"].functional = sys.modules["torchvision.transforms.functional"]
    sys.modules["mvdream"] = types.ModuleType("mvdream")
    sys.modules["mvdream"].__path__ = [str(checkout / "mvdream")]


def official_model(variant: str, width: int):
    """The official interface: UNet, autoencoder and schedule, built by its own code; the text tower apart."""
    from mvdream.ldm.interface import LatentDiffusionInterface

    heads = {"num_head_channels": 64, "use_linear_in_transformer": True} if variant == "sd21" else {"num_heads": 8}
    unet = {
        "image_size": 32, "in_channels": 4, "out_channels": 4, "model_channels": width, "attention_resolutions": [4, 2, 1],
        "num_res_blocks": 2, "channel_mult": [1, 2, 4, 4], "use_spatial_transformer": True, "transformer_depth": 1,
        "context_dim": 1024 if variant == "sd21" else 768, "use_checkpoint": False, "legacy": False, "camera_dim": 16, **heads,
    }  # fmt: skip
    vae = {
        "double_z": True, "z_channels": 4, "resolution": 256, "in_channels": 3, "out_ch": 3,
        "ch": max(32, width * 2 // 5), "ch_mult": [1, 2, 4, 4], "num_res_blocks": 2, "attn_resolutions": [], "dropout": 0.0,
    }  # fmt: skip
    nothing = {"target": "torch.nn.Identity"}
    return LatentDiffusionInterface(
        {"target": "mvdream.ldm.modules.diffusionmodules.openaimodel.MultiViewUNetModel", "params": unet},
        nothing,
        {
            "target": "mvdream.ldm.models.autoencoder.AutoencoderKL",
            "params": {"embed_dim": 4, "ddconfig": vae, "lossconfig": nothing},
        },
    ).eval()


def official_sampler(model):
    """The official DDIM sampler; it puts its buffers on CUDA, wherever the model is."""
    from mvdream.ldm.models.diffusion.ddim import DDIMSampler

    sampler = DDIMSampler(model)
    sampler.register_buffer = lambda name, value: setattr(sampler, name, value)
    model.device = model.betas.device
    return sampler


def openclip_tower(width: int, layers: int):
    """OpenCLIP's text tower with random weights, in the official embedder, which returns its penultimate output."""
    import open_clip
    from mvdream.ldm.modules.encoders.modules import FrozenOpenCLIPEmbedder

    tower = open_clip.model.CLIP(
        width,
        open_clip.CLIPVisionCfg(layers=1, width=64, image_size=32, patch_size=16),
        open_clip.CLIPTextCfg(width=width, heads=max(1, width // 64), layers=layers, vocab_size=49408, context_length=77),
    )
    del tower.visual
    for block in tower.transformer.resblocks:
        block.attn.batch_first = False  # as open_clip was when the official code was written against it
    embedder = FrozenOpenCLIPEmbedder.__new__(FrozenOpenCLIPEmbedder)
    torch.nn.Module.__init__(embedder)
    embedder.model, embedder.layer_idx = tower, 1
    return embedder.eval()


def clip_tower(width: int, layers: int):
    """CLIP's text tower with random weights, in the official embedder; its output is that of the whole tower."""
    from mvdream.ldm.modules.encoders.modules import FrozenCLIPEmbedder
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        hidden_size=width, intermediate_size=4 * width, num_hidden_layers=layers, num_attention_heads=width // 64,
        bos_token_id=49406, eos_token_id=49407, pad_token_id=49407,
    )  # fmt: skip
    tower = CLIPTextModel(config)
    # the names that it had when the official code was written against it
    tower.embeddings.register_buffer("position_ids", torch.arange(config.max_position_embeddings)[None])
    embedder = FrozenCLIPEmbedder.__new__(FrozenCLIPEmbedder)
    torch.nn.Module.__init__(embedder)
    embedder.transformer = torch.nn.ModuleDict({"text_model": tower})
    return embedder.eval()


def relative_error(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    return ((ours - theirs).norm() / theirs.norm()).item()


def timed(seconds: dict, name: str, call):
    started = time.perf_counter()
    result = call()
    seconds[name] = round(time.perf_counter() - started, 3)
    print(f"{name}: {seconds[name]} s", file=sys.stderr, flush=True)
    return result


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--variant", choices=("sd21", "sd15"), default="sd21")
    parser.add_argument("--width", type=int, default=320, help="channels of the first level; 320 is the published size")
    parser.add_argument("--weights", type=Path, help="a published .pt file; none: random weights")
    parser.add_argument("--steps", type=int, default=50, help="of the DDIM trajectory")
    parser.add_argument("--latent", type=int, default=32, help="side of the latents")
    arguments = parser.parse_args()
    use_checkout(arguments.checkout)
    from mvdream.camera_utils import get_camera

    torch.manual_seed(0)
    theirs = official_model(arguments.variant, arguments.width)
    if arguments.weights:
        theirs.load_state_dict(state_files.read_state(arguments.weights), strict=False)
    else:
        for parameter in theirs.parameters():  # some layers begin at zero and would hide what is before them
            if parameter.count_nonzero() == 0:
                parameter.normal_(std=0.02)
    state = theirs.state_dict()
    under = {
        prefix: {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
        for prefix in (ldm.UNET_PREFIX, ldm.VAE_PREFIX)
    }
    unet, used, _ = single_file.unet_from_ldm(under[ldm.UNET_PREFIX], arguments.checkout)
    assert used == set(under[ldm.UNET_PREFIX])
    unet.eval().set_attn_processor(MultiViewAttnProcessor())
    vae = single_file.vae_from_ldm(under[ldm.VAE_PREFIX], arguments.checkout)[0].eval()
    scheduler = single_file.published_scheduler()

    errors, seconds = {}, {}
    camera = get_camera(4, elevation=15, azimuth_start=90)
    ours_camera = camera_condition(orbit_views(4, 15.0, start_azimuth_deg=90.0))
    errors["get_camera"] = relative_error(ours_camera, camera.float())
    camera = camera.float()

    side, width = arguments.latent, unet.config.cross_attention_dim

    def compare_unet(views: int) -> None:
        """One call with that many views of two objects; 0: the 2D mode, without a camera."""
        frames, name = max(views, 1), f"unet, {views} views" if views else "unet, 2D mode"
        x, text = torch.randn(2 * frames, 4, side, side), torch.randn(2 * frames, 77, width)
        t = torch.full((2 * frames,), 500)
        condition = camera[:views].repeat(2, 1) if views else None
        official = timed(
            seconds, f"{name}, official", lambda: theirs.model(x, t, context=text, camera=condition, num_frames=frames)
        )
        kwargs = {"class_labels": condition, "cross_attention_kwargs": {"num_views": frames}}
        errors[name] = relative_error(timed(seconds, f"{name}, ours", lambda: unet(x, t, text, **kwargs).sample), official)

    for views in (4, 2, 1, 0):
        compare_unet(views)

    latents, image = torch.randn(1, 4, side, side), torch.rand(1, 3, 8 * side, 8 * side) * 2 - 1
    errors["vae decode"] = relative_error(vae.decode(latents).sample, theirs.first_stage_model.decode(latents))
    errors["vae encode"] = relative_error(vae.encode(image).latent_dist.mean, theirs.first_stage_model.encode(image).mean)

    buffers = schedule_buffers(scheduler.betas)
    errors["schedule"] = max(relative_error(buffers[key], getattr(theirs, key)) for key in buffers)

    text, negative, noise = torch.randn(1, 77, width), torch.randn(1, 77, width), torch.randn(4, 4, side, side)
    text, negative = text.expand(4, -1, -1), negative.expand(4, -1, -1)
    shared = {"camera": camera, "num_frames": 4}
    official = timed(
        seconds,
        "trajectory, official",
        lambda: official_sampler(theirs).sample(
            arguments.steps, 4, noise.shape[1:], {"context": text} | shared, verbose=False, x_T=noise,
            unconditional_guidance_scale=10.0, unconditional_conditioning={"context": negative} | shared,
        )[0],
    )  # fmt: skip

    def trajectory():
        x = noise
        visited = ddim_timesteps(scheduler, arguments.steps)
        for step, following in zip(visited, [*visited[1:], None]):
            both = unet(
                torch.cat([x, x]), step, torch.cat([text, negative]), class_labels=camera.repeat(2, 1),
                cross_attention_kwargs={"num_views": 4},
            ).sample  # fmt: skip
            conditional, unconditional = both.chunk(2)
            x = ddim_step(scheduler, x, unconditional + 10.0 * (conditional - unconditional), step, following)
        return x

    errors["trajectory"] = relative_error(timed(seconds, "trajectory, ours", trajectory), official)

    full, tokens = arguments.width == 320, torch.randint(0, 49407, (2, 77))
    if arguments.variant == "sd21":
        theirs.cond_stage_model = embedder = openclip_tower(*((1024, 24) if full else (64, 4)))
        expected = embedder.encode_with_transformer(tokens)
    else:
        theirs.cond_stage_model = embedder = clip_tower(*((768, 12) if full else (64, 4)))
        expected = embedder.transformer["text_model"](tokens).last_hidden_state
    tower = {f"cond_stage_model.{key}": value for key, value in embedder.state_dict().items()}
    encoder, _ = single_file.text_from_ldm(tower, arguments.checkout)
    errors["text tower"] = relative_error(encoder.eval()(tokens).last_hidden_state, expected)
    ours = types.SimpleNamespace(unet=unet, vae=vae, text_encoder=encoder, scheduler=scheduler)
    theirs.load_state_dict(official_state(ours, {}), strict=True)  # raises for a key too many or too few
    print(json.dumps({"variant": arguments.variant, "width": arguments.width, "errors": errors, "seconds": seconds}))


if __name__ == "__main__":
    main()
