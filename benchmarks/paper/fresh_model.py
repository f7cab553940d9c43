"""A model whose UNet knows nothing yet: the autoencoder, the texts and CLIP of `mini`, and a fresh, small UNet for small views.

    python -m benchmarks.paper.fresh_model --size-px 64 --out fresh

All trainings of the paper's ablations start from what this UNet learns of single pictures, as the paper's start from Stable
Diffusion: `mini`'s own UNet has learnt one kind of attention already.
"""

import argparse
from pathlib import Path

import torch

from mvdream_cli.diffusion.unet import MultiViewUNet
from mvdream_cli.models.architectures import CAMERA_GAIN
from mvdream_cli.models.find import known_words
from mvdream_cli.models.load import load_pipeline, save_pipeline

CHANNELS, HEAD_CHANNELS = (64, 128), 32


def fresh_unet(like: MultiViewUNet, size: int) -> MultiViewUNet:
    """Two levels, one layer each, attention on both; for latents of `like`, of side `size`. From torch's global generator."""
    config = {key: value for key, value in like.config.items() if not key.startswith("_")}
    unet = MultiViewUNet(
        **config | {
            "sample_size": size,
            "block_out_channels": CHANNELS,
            "layers_per_block": 1,
            "attention_head_dim": [width // HEAD_CHANNELS for width in CHANNELS],
            "down_block_types": ["CrossAttnDownBlock2D"] * len(CHANNELS),
            "up_block_types": ["CrossAttnUpBlock2D"] * len(CHANNELS),
        }
    )  # fmt: skip
    with torch.no_grad():
        for layer in (unet.class_embedding.linear_1, unet.class_embedding.linear_2):
            layer.weight *= CAMERA_GAIN
    return unet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size-px", type=int, default=64)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    if (arguments.out / "model_index.json").is_file():
        return
    torch.manual_seed(0)
    pipeline = load_pipeline("mini")
    pipeline.register_modules(unet=fresh_unet(pipeline.unet, pipeline.latent_size(arguments.size_px)), reconstructor=None)
    save_pipeline(pipeline, arguments.out, torch.float32, known_words("mini"))


if __name__ == "__main__":
    main()
