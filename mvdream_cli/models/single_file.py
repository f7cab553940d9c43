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
from transformers import CLIPTextModel, CLIPTokenizer

from mvdream_cli.captions import ASSET_SUFFIX
from mvdream_cli.diffusion.pipeline import MultiViewPipeline
from mvdream_cli.diffusion.unet import MultiViewUNet
from mvdream_cli.errors import ModelError
from mvdream_cli.models import ldm
from mvdream_cli.models.hub import CHECKPOINT_SUFFIXES
from mvdream_cli.models.ldm import State
from mvdream_cli.models.networks import (
    CAMERA_CONFIG,
    NO_CAMERA,
    fill,
    text_from_ldm,
    under,
    unet_from_ldm,
    vae_from_ldm,
)
from mvdream_cli.models.tokenizers import find_tokenizer

# What the official code keeps beside the networks: the noise schedule, which we compute.
SCHEDULE_BUFFERS = re.compile(
    r"betas|alphas_cumprod(_prev)?|sqrt_(one_minus_)?alphas_cumprod|log_one_minus_alphas_cumprod|"
    r"sqrt_recip(m1)?_alphas_cumprod|posterior_(variance|log_variance_clipped|mean_coef[12])"
)


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
    unet, used, notes = unet_from_ldm(under(state, ldm.UNET_PREFIX), path)
    used = {ldm.UNET_PREFIX + key for key in used}
    vae, vae_used = vae_from_ldm(under(state, ldm.VAE_PREFIX), path)
    used |= {ldm.VAE_PREFIX + key for key in vae_used}
    text_encoder, text_used = text_from_ldm(state, path)
    used |= text_used | {key for key in state if SCHEDULE_BUFFERS.fullmatch(key)}
    openclip = text_encoder.config.hidden_act == "gelu"
    tokenizer = tokenizer or find_tokenizer(path, pads_with_zero=openclip)
    report = TensorReport(len(state), sorted(set(state) - used), notes)
    suffix = ASSET_SUFFIX if report.knows_cameras else ""  # what the released model was trained with
    return MultiViewPipeline(vae, text_encoder, tokenizer, unet, published_scheduler(), caption_suffix=suffix), report


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
        notes += fill(unet, state, file, may_lack="class_embedding.")
        report = TensorReport(len(state), sorted(set(state) - set(unet.state_dict())), notes)
    try:
        vae = AutoencoderKL.from_pretrained(folder, subfolder="vae", local_files_only=True)
        text_encoder = CLIPTextModel.from_pretrained(folder / "text_encoder", local_files_only=True)
        tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
        scheduler = DDIMScheduler.from_pretrained(folder, subfolder="scheduler", local_files_only=True)
    except Exception as error:  # whatever a broken file makes the readers raise
        raise ModelError(f"{folder}: {str(error).splitlines()[0]}") from error
    suffix = ASSET_SUFFIX if report.knows_cameras else ""
    return MultiViewPipeline(vae, text_encoder, tokenizer, unet, scheduler, caption_suffix=suffix), report


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
