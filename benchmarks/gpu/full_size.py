"""The published architecture with random weights: what it costs does not depend on them."""

import torch
from diffusers import AutoencoderKL
from transformers import CLIPTextConfig, CLIPTextModel

from mvdream_cli.diffusion.pipeline import MultiViewPipeline
from mvdream_cli.diffusion.unet import MultiViewUNet
from mvdream_cli.models.single_file import CAMERA_CONFIG, published_scheduler
from mvdream_cli.models.tokenizers import clip_tokenizer

CARDS_GB = {  # memory of the card that a preset is made for
    "t4-16gb": 15.8,
    "v100-16gb": 16.9,
    "v100-32gb": 34.0,
    "rtx-24gb": 25.2,
    "a100-40gb": 42.0,
    "a100-80gb": 85.0,
    "h200": 150.0,
}
BEFORE_BFLOAT16 = ("t4-16gb", "v100-16gb", "v100-32gb")  # compute capability below 8


def published_unet(width: int = 320) -> MultiViewUNet:
    """The UNet of `sd-v2.1-base-4view`, its weights as torch draws them.

    Args:
        width: channels of the first level; less only to try a script.
    """
    channels = [width * m for m in (1, 2, 4, 4)]
    return MultiViewUNet(
        sample_size=32,
        block_out_channels=channels,
        down_block_types=["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"],
        up_block_types=["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3,
        cross_attention_dim=1024,
        attention_head_dim=[max(1, c // 64) for c in channels],  # diffusers' name for the number of heads
        use_linear_projection=True,
        **CAMERA_CONFIG,
    )


def published_vae(width: int = 320) -> AutoencoderKL:
    """Its autoencoder; `width` is that of the UNet."""
    return AutoencoderKL(
        block_out_channels=[max(32, width * 2 // 5) * m for m in (1, 2, 4, 4)],
        down_block_types=["DownEncoderBlock2D"] * 4,
        up_block_types=["UpDecoderBlock2D"] * 4,
        layers_per_block=2,
        latent_channels=4,
        sample_size=256,
    )


def published_pipeline(device, dtype: torch.dtype, width: int = 320) -> MultiViewPipeline:
    """`sd-v2.1-base-4view` without its weights: 868 M, 84 M and 340 M numbers, drawn small enough to stay finite.

    Args:
        width: channels of the UNet's first level; less only to try the script.
    """
    with torch.device("meta"):
        unet = published_unet(width)
        vae = published_vae(width)
    text_encoder = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=49_408, hidden_size=1024, intermediate_size=4096, num_hidden_layers=23 if width == 320 else 1,
            num_attention_heads=16, hidden_act="gelu", bos_token_id=49_406, eos_token_id=49_407,
        )
    )  # fmt: skip
    for part in (unet, vae, text_encoder):
        if part is not text_encoder:
            part.to_empty(device=device)
            for name, parameter in part.named_parameters():
                torch.nn.init.normal_(parameter, std=0.01) if parameter.ndim > 1 else torch.nn.init.constant_(
                    parameter, float("norm" in name and name.endswith("weight"))
                )
        part.to(device, dtype).eval().requires_grad_(False)
    pipeline = MultiViewPipeline(vae, text_encoder, clip_tokenizer(["i n"]), unet, published_scheduler())
    pipeline.knows_cameras = True
    return pipeline
