"""Open published checkpoints: one file with LDM's names, or a folder of one of the diffusers ports.

What a file holds is told by its tensors, never by its name. The networks are built from the tensors' shapes and then filled;
a tensor that is missing refuses the file, one that is left over is counted.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from diffusers import AutoencoderKL, DDIMScheduler
from transformers import CLIPTextModel, CLIPTokenizer

from mvdream_cli.captions import ASSET_SUFFIX
from mvdream_cli.diffusion.pipeline import MultiViewPipeline
from mvdream_cli.diffusion.unet import MultiViewUNet
from mvdream_cli.doors import reason
from mvdream_cli.errors import ModelError
from mvdream_cli.models import ldm
from mvdream_cli.models.find import weight_files
from mvdream_cli.models.ldm import State
from mvdream_cli.models.networks import (
    CAMERA_CONFIG,
    NO_CAMERA,
    architecture,
    filled,
    text_from_ldm,
    under,
    unet_from_ldm,
    vae_from_ldm,
)
from mvdream_cli.models.parts import (
    has_usual_files,
    network_state,
    open_network,
    open_scheduler,
    read_config,
    refuse_other_inputs,
)
from mvdream_cli.models.prediction import VELOCITY, settle_prediction
from mvdream_cli.models.state_files import read_state
from mvdream_cli.models.tokenizers import find_tokenizer, read_tokenizer

# What the official code keeps beside the networks: the noise schedule, which we compute.
SCHEDULE_BUFFERS = re.compile(
    r"betas|alphas_cumprod(_prev)?|sqrt_(one_minus_)?alphas_cumprod|log_one_minus_alphas_cumprod|"
    r"sqrt_recip(m1)?_alphas_cumprod|posterior_(variance|log_variance_clipped|mean_coef[12])"
)
VELOCITY_SIZE = 96  # latents of the Stable Diffusion 2.x that predict velocity: 768 px


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
    first, last = (
        state.get(key) for key in (f"{ldm.UNET_PREFIX}input_blocks.0.0.weight", f"{ldm.VAE_PREFIX}post_quant_conv.weight")
    )
    if first is not None and first.ndim > 1:
        refuse_other_inputs(path, first.shape[1], 4 if last is None else last.shape[0])
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
    pipeline = MultiViewPipeline(vae, text_encoder, tokenizer, unet, published_scheduler(), caption_suffix=suffix)
    _settle(pipeline, report, path)
    return pipeline, report


def _settle(pipeline: MultiViewPipeline, report: TensorReport, path: Path) -> None:
    """Read the UNet's predictions as what they are, and say it if that is not what was assumed."""
    for part in (pipeline.unet, pipeline.text_encoder):
        part.eval()
    with architecture(path, "model"):  # which is tried here for the first time
        if note := settle_prediction(pipeline, path):
            report.notes.append(note)
    if path.is_file() and pipeline.scheduler.config.prediction_type == VELOCITY and not report.knows_cameras:
        pipeline.unet.register_to_config(sample_size=VELOCITY_SIZE)


def pipeline_from_port(folder: Path) -> tuple[MultiViewPipeline, TensorReport]:
    """A pipeline from a diffusers folder whose UNet is not ours: LDM's names, a separate `camera_proj`, or no camera at all.

    Raises:
        ModelError: a component is missing or broken.
    """
    state, file = network_state(folder / "unet"), weight_files(folder / "unet")[0]
    config = {key: value for key, value in read_config(folder / "unet").items() if not key.startswith("_")}
    if "input_blocks.0.0.weight" in state:
        unet, used, notes = unet_from_ldm(state, file)
        report = TensorReport(len(state), sorted(set(state) - used), notes)
    else:
        if (folder / "camera_proj").is_dir():
            state |= {f"class_embedding.{key}": value for key, value in network_state(folder / "camera_proj").items()}
        unet, notes = filled(
            lambda: MultiViewUNet.from_config(config | CAMERA_CONFIG), state, file, may_lack="class_embedding."
        )
        report = TensorReport(len(state), sorted(set(state) - set(unet.state_dict())), notes)
    try:
        if has_usual_files(folder / "vae"):
            vae = AutoencoderKL.from_pretrained(folder, subfolder="vae", local_files_only=True)
        else:
            vae = open_network(AutoencoderKL, folder / "vae")
        if has_usual_files(folder / "text_encoder"):
            text_encoder = CLIPTextModel.from_pretrained(folder / "text_encoder", local_files_only=True)
        else:
            text_encoder = open_network(CLIPTextModel, folder / "text_encoder")
    except ModelError:
        raise
    except Exception as error:  # whatever a broken file makes the readers raise
        raise ModelError(f"{folder}: cannot be opened ({reason(error)}); copy the model folder again.") from error
    suffix = ASSET_SUFFIX if report.knows_cameras else ""
    tokenizer, scheduler = read_tokenizer(folder / "tokenizer"), open_scheduler(folder)
    pipeline = MultiViewPipeline(vae, text_encoder, tokenizer, unet, scheduler, caption_suffix=suffix)
    _settle(pipeline, report, folder)
    return pipeline, report


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
