"""What a UNet predicts, noise or velocity, told by the network itself: files with LDM's names do not say it."""

import re
from pathlib import Path

import torch
from diffusers import DDIMScheduler

from mvdream_cli.atomic import written_whole
from mvdream_cli.diffusion.schedule import alpha_sigma
from mvdream_cli.texts import read_text

NOISE, VELOCITY = "epsilon", "v_prediction"
_SIDE = 32  # of the latents that are tried
_SURE = 0.5  # correlation


@torch.no_grad()
def predicts(pipeline) -> str | None:
    """NOISE, VELOCITY, or None for a network that shows neither, as an untrained one.

    Pure noise x is shown to the network. At the last step nearly all of it is noise, and a noise predictor returns it; the
    velocity alpha noise - sigma x0 is then an image, which x does not resemble. Nearer to the image alpha is larger, and a
    velocity predictor returns most of x as well.
    """
    shape = (1, pipeline.latent_channels, _SIDE, _SIDE)
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(pipeline.unet.device)
    text = pipeline.encode_prompt([""])

    def likeness(timestep: int) -> float:
        output = pipeline.predict(x, torch.tensor(timestep, device=x.device), text, None, 1)
        return float(torch.nan_to_num(torch.corrcoef(torch.stack([output.flatten(), x.flatten()]))[0, 1]))

    last = len(pipeline.scheduler.alphas_cumprod) - 1
    if likeness(last) > _SURE:
        return NOISE
    alpha, _ = alpha_sigma(pipeline.scheduler, torch.arange(last + 1))
    middle = int((alpha.flatten() > 0.8).sum())  # four fifths of a velocity are noise there
    return VELOCITY if likeness(middle) > _SURE else None


def settle_prediction(pipeline, path: Path) -> str | None:
    """Set the pipeline's scheduler to what its UNet predicts, or what the YAML file beside a checkpoint says.

    Returns:
        One clause if that is another prediction than the scheduler had, else None.
    """
    said, reason = _written_beside(path), f"as {path.with_suffix('.yaml').name} says"
    if said is None:
        said, reason = predicts(pipeline), "told from its answer to noise"
    if said is None or said == pipeline.scheduler.config.prediction_type:
        return None
    pipeline.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config, prediction_type=said)
    return f"the UNet predicts {'velocity' if said == VELOCITY else 'noise'} ({reason})"


def write_beside(path: Path, prediction_type: str) -> None:
    """Leave a YAML file beside a single-file checkpoint that predicts velocity, as other programs look for it."""
    if prediction_type == VELOCITY:
        with written_whole(path.with_suffix(".yaml")) as partial:
            partial.write_text('model:\n  params:\n    parameterization: "v"\n', encoding="utf-8")


def _written_beside(path: Path) -> str | None:
    """What LDM's configuration file of the same stem says, if there is one."""
    try:
        found = re.search(r"^\s*parameterization:\s*[\"']?(v|eps)\b", read_text(path.with_suffix(".yaml")), re.MULTILINE)
    except (OSError, ValueError):
        return None
    return found and {"v": VELOCITY, "eps": NOISE}[found[1]]
