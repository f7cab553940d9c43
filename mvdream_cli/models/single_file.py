"""Open published checkpoints: one file with LDM's names, or a folder of one of the diffusers ports.

What a file holds is told by its tensors, never by its name. The networks are built from the tensors' shapes and then filled;
a tensor that is missing refuses the file, one that is left over is counted.
"""

import pickle
import re
import struct
from dataclasses import dataclass, field
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from mvdream_cli.diffusion.pipeline import MultiViewPipeline
from mvdream_cli.diffusion.unet import MultiViewUNet
from mvdream_cli.errors import ModelError
from mvdream_cli.models import ldm
from mvdream_cli.models.hub import CHECKPOINT_SUFFIXES
from mvdream_cli.models.ldm import State
from mvdream_cli.models.tokenizers import find_tokenizer

# What the official code keeps beside the networks: the noise schedule, which we compute.
SCHEDULE_BUFFERS = re.compile(
    r"betas|alphas_cumprod(_prev)?|sqrt_(one_minus_)?alphas_cumprod|log_one_minus_alphas_cumprod|"
    r"sqrt_recip(m1)?_alphas_cumprod|posterior_(variance|log_variance_clipped|mean_coef[12])"
)


NO_CAMERA = "no camera embedding: a fresh one, fit for training and the 2D mode only"


@dataclass
class TensorReport:
    """How a checkpoint was used: counts of its tensors, and the names of those left over."""

    total: int
    unused: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def knows_cameras(self) -> bool:
        """False for a plain Stable Diffusion."""
        return NO_CAMERA not in self.notes

    def __str__(self) -> str:
        listed = f" (left over: {', '.join(self.unused[:4])}{', ...' if len(self.unused) > 4 else ''})" if self.unused else ""
        return "; ".join([f"{self.total - len(self.unused)} of {self.total} tensors used{listed}", *self.notes])


def read_state(path: Path) -> State:
    """The tensors of a .safetensors file or a pickled state dict, bare or under "state_dict".

    Raises:
        ModelError: not readable, cut short, no state dict, or a pickle that would run code.
    """
    try:
        with path.open("rb") as file:
            head = file.read(16)
        if not head:
            raise ModelError(f"{path}: the file is empty; get it again.")
        if head[:2] == b"PK" or head[:1] == b"\x80":
            state = torch.load(path, map_location="cpu", weights_only=True, mmap=head[:2] == b"PK")
        elif len(head) > 8 and head[8:9] == b"{" and struct.unpack("<Q", head[:8])[0] < path.stat().st_size:
            state = load_file(path)
        else:
            raise ModelError(f"{path}: neither a safetensors file nor a PyTorch checkpoint, or cut short; get it again.")
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"{path}: the file holds more than tensors and could run code, so it is not opened; use a .safetensors version."
        ) from error
    except (OSError, RuntimeError, EOFError, SafetensorError) as error:
        raise ModelError(f"{path}: cannot be read ({str(error).splitlines()[0]}); get it again.") from error
    state = state.get("state_dict", state) if isinstance(state, dict) else None
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise ModelError(f"{path}: holds no dictionary of tensors.")
    return state


def refuse_foreign(path: Path, state: State) -> None:
    """Say what a file is that is no MVDream or Stable Diffusion 1.x or 2.x.

    Raises:
        ModelError: SDXL, a LoRA, a ControlNet, or anything else without the three networks.
    """
    keys = state.keys()
    what = None
    if any("lora" in key.lower() for key in keys):
        what = "a LoRA, not a model"
    elif any(key.startswith(("control_model.", "controlnet_")) for key in keys):
        what = "a ControlNet, not a model"
    elif any(key.startswith("conditioner.embedders.") or ".label_emb." in key for key in keys):
        what = "a Stable Diffusion XL model, whose UNet is another one"
    elif not any(key.startswith(ldm.UNET_PREFIX) for key in keys):
        what = "no checkpoint of MVDream or Stable Diffusion (there is no tensor model.diffusion_model.*)"
    if what:
        raise ModelError(
            f"{path}: this is {what}; take sd-v2.1-base-4view.pt, sd-v1.5-4view.pt or Stable Diffusion 1.x or 2.x."
        )


def pipeline_from_file(path: Path, tokenizer: CLIPTokenizer | None = None) -> tuple[MultiViewPipeline, TensorReport]:
    """A pipeline from one file with LDM's names: the official MVDream releases and Stable Diffusion 1.x and 2.x.

    Args:
        tokenizer: none looks for one, see `find_tokenizer`.

    Raises:
        ModelError: unreadable, of another architecture, or incomplete.
    """
    state = read_state(path)
    refuse_foreign(path, state)
    unet, used, notes = unet_from_ldm(_under(state, ldm.UNET_PREFIX), path)
    used = {ldm.UNET_PREFIX + key for key in used}
    vae, vae_used = vae_from_ldm(_under(state, ldm.VAE_PREFIX), path)
    used |= {ldm.VAE_PREFIX + key for key in vae_used}
    text_encoder, text_used = text_from_ldm(state, path)
    used |= text_used | {key for key in state if SCHEDULE_BUFFERS.fullmatch(key)}
    openclip = text_encoder.config.hidden_act == "gelu"
    tokenizer = tokenizer or find_tokenizer(path, pads_with_zero=openclip)
    report = TensorReport(len(state), sorted(set(state) - used), notes)
    return MultiViewPipeline(vae, text_encoder, tokenizer, unet, published_scheduler()), report


def pipeline_from_port(folder: Path) -> tuple[MultiViewPipeline, TensorReport]:
    """A pipeline from a diffusers folder whose UNet is not ours: LDM's names, a separate `camera_proj`, or no camera at all.

    Raises:
        ModelError: a component is missing or broken.
    """
    file = next((p for p in sorted((folder / "unet").iterdir()) if p.suffix in CHECKPOINT_SUFFIXES), None)
    if file is None:
        raise ModelError(f"{folder / 'unet'}: there are no weights; copy the whole model folder again.")
    state = read_state(file)
    if "input_blocks.0.0.weight" in state:
        unet, used, notes = unet_from_ldm(state, file)
        report = TensorReport(len(state), sorted(set(state) - used), notes)
    else:
        config = {k: v for k, v in MultiViewUNet.load_config(folder / "unet").items() if not k.startswith("_")}
        unet = MultiViewUNet.from_config(config | CAMERA_CONFIG)
        notes = []
        camera_folder = folder / "camera_proj"
        if camera_folder.is_dir():
            camera_file = next((p for p in sorted(camera_folder.iterdir()) if p.suffix in CHECKPOINT_SUFFIXES), None)
            if camera_file is None:
                raise ModelError(f"{camera_folder}: there are no weights; copy the whole model folder again.")
            state |= {f"class_embedding.{key}": value for key, value in read_state(camera_file).items()}
        notes += _fill(unet, state, file, may_lack="class_embedding.")
        report = TensorReport(len(state), sorted(set(state) - set(unet.state_dict())), notes)
    try:
        vae = AutoencoderKL.from_pretrained(folder, subfolder="vae", local_files_only=True)
        text_encoder = CLIPTextModel.from_pretrained(folder / "text_encoder", local_files_only=True)
        tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
        scheduler = DDIMScheduler.from_pretrained(folder, subfolder="scheduler", local_files_only=True)
    except Exception as error:  # whatever a broken file makes the readers raise
        raise ModelError(f"{folder}: {str(error).splitlines()[0]}") from error
    return MultiViewPipeline(vae, text_encoder, tokenizer, unet, scheduler), report


def published_scheduler() -> DDIMScheduler:
    """The noise schedule of both releases and of Stable Diffusion: 1000 steps, noise prediction."""
    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
    )


CAMERA_CONFIG = {"class_embed_type": "projection", "projection_class_embeddings_input_dim": 16}


def unet_from_ldm(state: State, path: Path) -> tuple[MultiViewUNet, set[str], list[str]]:
    """The UNet, built from the shapes of LDM's tensors (no prefix) and filled. Returns it, the keys used, and notes."""
    try:
        config, layers, up_attention = unet_config(state)
    except (KeyError, IndexError) as error:
        raise ModelError(f"{path}: the UNet is incomplete or of another architecture ({error} is missing).") from error
    unet = MultiViewUNet(**config)
    names = {key: ldm.unet_name(key, layers, up_attention) for key in unet.state_dict()}
    ours = {key: state[theirs] for key, theirs in names.items() if theirs in state}
    notes = _fill(unet, ours, path, may_lack="class_embedding.")
    return unet, {names[key] for key in ours}, notes


def unet_config(state: State) -> tuple[dict, int, list[bool]]:
    """UNet2DConditionModel's settings, resnets of a down block, and which up blocks have attention, from LDM's tensors."""
    downsamplers = sorted(int(m[1]) for key in state if (m := re.fullmatch(r"input_blocks\.(\d+)\.0\.op\.weight", key)))
    layers = downsamplers[0] - 1
    firsts = [1 + level * (layers + 1) for level in range(len(downsamplers) + 1)]
    channels = [state[f"input_blocks.{i}.0.out_layers.3.weight"].shape[0] for i in firsts]
    attention = [f"input_blocks.{i}.1.proj_in.weight" in state for i in firsts]
    block = f"input_blocks.{firsts[attention.index(True)]}.1"
    linear = state[f"{block}.proj_in.weight"].ndim == 2
    has_camera = "camera_embed.0.weight" in state
    config = {
        "sample_size": 32 if has_camera else 64,
        "in_channels": state["input_blocks.0.0.weight"].shape[1],
        "out_channels": state["out.2.weight"].shape[0],
        "block_out_channels": channels,
        "layers_per_block": layers,
        "down_block_types": ["CrossAttnDownBlock2D" if a else "DownBlock2D" for a in attention],
        "up_block_types": ["CrossAttnUpBlock2D" if a else "UpBlock2D" for a in reversed(attention)],
        "cross_attention_dim": state[f"{block}.transformer_blocks.0.attn2.to_k.weight"].shape[1],
        # diffusers' name for what is the number of heads: 64 channels each in 2.x, eight heads in 1.x
        "attention_head_dim": [c // 64 for c in channels] if linear else 8,
        "use_linear_projection": linear,
        **CAMERA_CONFIG,
    }
    return config, layers, attention[::-1]


def vae_from_ldm(state: State, path: Path) -> tuple[AutoencoderKL, set[str]]:
    """The autoencoder, built from the shapes of LDM's tensors (no prefix) and filled. Returns it and the keys used."""
    try:
        levels = 1 + max(int(m[1]) for key in state if (m := re.match(r"encoder\.down\.(\d+)\.", key)))
        vae = AutoencoderKL(
            block_out_channels=[state[f"encoder.down.{i}.block.0.conv1.weight"].shape[0] for i in range(levels)],
            down_block_types=["DownEncoderBlock2D"] * levels,
            up_block_types=["UpDecoderBlock2D"] * levels,
            layers_per_block=1 + max(int(m[1]) for key in state if (m := re.match(r"encoder\.down\.0\.block\.(\d+)\.", key))),
            latent_channels=state["post_quant_conv.weight"].shape[0],
            scaling_factor=0.18215,
            sample_size=256,
        )
    except (KeyError, ValueError) as error:
        raise ModelError(f"{path}: the autoencoder is missing or incomplete ({error}).") from error
    names = list(vae.state_dict())
    _fill(vae, ldm.vae_from_ldm(state, names, levels), path)
    return vae, {ldm.vae_name(name, levels) for name in names}


def text_from_ldm(state: State, path: Path) -> tuple[CLIPTextModel, set[str]]:
    """The text encoder: OpenCLIP's tower without its last block (2.x), or CLIP-L's (1.x). Returns it and the keys used."""
    openclip, clip = _under(state, ldm.OPENCLIP_PREFIX), _under(state, ldm.CLIP_PREFIX)
    tower = openclip or clip
    if not tower:
        raise ModelError(f"{path}: the text encoder is missing (there is no tensor cond_stage_model.*).")
    try:
        table, position, up, pattern = (
            ("token_embedding.weight", "positional_embedding", "transformer.resblocks.0.mlp.c_fc.weight", r"resblocks\.(\d+)\.")
            if openclip
            else (
                "embeddings.token_embedding.weight",
                "embeddings.position_embedding.weight",
                "encoder.layers.0.mlp.fc1.weight",
                r"encoder\.layers\.(\d+)\.",
            )
        )
        blocks = 1 + max(int(m[1]) for key in tower if (m := re.search(pattern, key)))
        vocabulary, width = tower[table].shape
        config = CLIPTextConfig(
            vocab_size=vocabulary,
            hidden_size=width,
            intermediate_size=tower[up].shape[0],
            num_hidden_layers=blocks - 1 if openclip else blocks,  # the penultimate output
            num_attention_heads=max(1, width // 64),
            max_position_embeddings=tower[position].shape[0],
            hidden_act="gelu" if openclip else "quick_gelu",
            bos_token_id=vocabulary - 2,
            eos_token_id=vocabulary - 1,
            pad_token_id=vocabulary - 1,
        )
    except (KeyError, ValueError) as error:
        raise ModelError(f"{path}: the text encoder is incomplete ({error}).") from error
    encoder = CLIPTextModel(config)
    # transformers 5 dropped the prefix text_model. inside the model; files keep it
    prefix = "text_model." if any(key.startswith("text_model.") for key in encoder.state_dict()) else ""
    ours = ldm.text_from_openclip(tower, blocks - 1) if openclip else tower
    _fill(encoder, {prefix + key: value for key, value in ours.items()}, path, spare=("embeddings.position_ids",))
    prefix = ldm.OPENCLIP_PREFIX if openclip else ldm.CLIP_PREFIX
    return encoder, {prefix + key for key in tower}


def _under(state: State, prefix: str) -> State:
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}


def _fill(module, state: State, path: Path, may_lack: str | None = None, spare: tuple[str, ...] = ()) -> list[str]:
    """Load a state into a module. Returns notes.

    Raises:
        ModelError: tensors are missing (but those that start with `may_lack`, which stay as drawn) or have another shape.
    """
    wanted = module.state_dict()
    given = {key: value.to(wanted[key].dtype) for key, value in state.items() if key in wanted}
    lacking = [key for key in wanted if key not in given and not key.endswith(spare or ("\0",))]
    notes = []
    if may_lack and lacking and all(key.startswith(may_lack) for key in lacking):
        notes, lacking = [NO_CAMERA], []
    name = type(module).__name__
    if lacking:
        raise ModelError(
            f"{path}: {len(lacking)} of {len(wanted)} tensors of the {name} are missing, such as {lacking[0]}; "
            "get the file again."
        )
    wrong = [key for key in given if given[key].shape != wanted[key].shape]
    if wrong:
        raise ModelError(
            f"{path}: {wrong[0]} of the {name} has the shape {tuple(given[wrong[0]].shape)}, "
            f"not {tuple(wanted[wrong[0]].shape)}; this is another architecture."
        )
    module.load_state_dict(given, strict=False)
    return notes
