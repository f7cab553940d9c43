"""Fresh, untrained components by name: the embedded `mini` and, for measurements and tests, smaller ones.

`mini` follows the published architecture at a size that a CPU can train: views of 128 px, latents of 16x16 with 16 channels,
a two-level UNet with most of its layers at 16x16 and attention at 8x8, and a small CLIP whose text tower conditions it. The
autoencoder is diffusers' AutoencoderDC: at this size it learns several times faster than an AutoencoderKL (docs/log.md).
"""

import torch
from diffusers import AutoencoderDC, DDIMScheduler
from torch import Tensor
from transformers import (
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

from mvdream_cli.diffusion.picture_prior import PicturePrior, beside_pictures
from mvdream_cli.diffusion.pipeline import MultiViewPipeline
from mvdream_cli.diffusion.unet import MultiViewUNet
from mvdream_cli.models.reconstructor import Reconstructor
from mvdream_cli.models.tokenizers import train_tokenizer

# On the weights of a fresh camera embedding: as drawn, its term is a fifth of the timestep's, and a small UNet had not begun to
# use it after 20,000 objects (docs/log.md).
CAMERA_GAIN = 2.2

SIZES = {
    "mini": {
        "image_size": 128,
        "vae_channels": (16, 32, 64, 128),
        "latent_channels": 16,
        "unet_channels": (160, 192),
        "unet_layers": (3, 2),
        "unet_attention": (False, True),
        "head_channels": 32,
        "text_width": 256,
        "text_layers": 4,
        "text_length": 32,
        "vision_width": 192,
        "vision_layers": 4,
        "vision_size": 64,
        "vision_patch": 8,
        "embedding_width": 128,
        "vocabulary_size": 3000,
        "prior": {},
        "reconstructor": {},
    },
    "tiny": {
        "image_size": 32,
        "vae_channels": (8, 8, 16),
        "latent_channels": 4,
        "unet_channels": (32, 32),
        "unet_layers": 1,
        "unet_attention": (True, True),
        "head_channels": 16,
        "text_width": 32,
        "text_layers": 2,
        "text_length": 16,
        "vision_width": 32,
        "vision_layers": 1,
        "vision_size": 32,
        "vision_patch": 8,
        "embedding_width": 16,
        "vocabulary_size": 600,
        "prior": {"read_width": 32, "width": 64, "pictures": 32},
        "reconstructor": {
            "widths": (8, 8, 16, 16),
            "head_channels": 16,
            "feature_channels": 16,
            "view_width": 16,
            "point_width": 32,
            "point_layers": 1,
        },  # fmt: skip
    },
}


def build_pipeline(size: str, captions: list[str]) -> MultiViewPipeline:
    """An untrained pipeline of a size in `SIZES`, its weights drawn from torch's global generator.

    Args:
        captions: text from which the tokenizer's vocabulary is learnt.
    """
    s = SIZES[size]
    tokenizer = train_tokenizer(captions, s["vocabulary_size"], s["text_length"])
    text_encoder = CLIPTextModelWithProjection(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=s["text_width"],
            intermediate_size=4 * s["text_width"],
            num_hidden_layers=s["text_layers"],
            num_attention_heads=s["text_width"] // s["head_channels"],
            max_position_embeddings=s["text_length"],
            hidden_act="gelu",
            projection_dim=s["embedding_width"],
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    image_encoder = CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=s["vision_width"],
            intermediate_size=4 * s["vision_width"],
            num_hidden_layers=s["vision_layers"],
            num_attention_heads=s["vision_width"] // s["head_channels"],
            image_size=s["vision_size"],
            patch_size=s["vision_patch"],
            hidden_act="gelu",
            projection_dim=s["embedding_width"],
        )
    )
    widths = s["vae_channels"]
    depth = len(widths) - 1
    vae = AutoencoderDC(
        latent_channels=s["latent_channels"],
        encoder_block_types="ResBlock",
        decoder_block_types="ResBlock",
        # each halving keeps all numbers of the patch: room for `principal_encoder`
        encoder_block_out_channels=(12, *(3 * 4**level for level in range(1, depth + 1))),
        decoder_block_out_channels=widths,
        encoder_layers_per_block=(0, *[1] * (depth - 1), 0),
        encoder_out_shortcut=False,
        encoder_qkv_multiscales=((),) * len(widths),
        decoder_layers_per_block=(0, *[1] * (depth - 1), 2),
        decoder_qkv_multiscales=((),) * len(widths),
        downsample_block_type="pixel_unshuffle",
        upsample_block_type="pixel_shuffle",
        scaling_factor=1.0,
    )
    stride = 2**depth
    channels, attention = s["unet_channels"], s["unet_attention"]
    unet = MultiViewUNet(
        sample_size=s["image_size"] // stride,
        in_channels=s["latent_channels"],
        out_channels=s["latent_channels"],
        down_block_types=["CrossAttnDownBlock2D" if a else "DownBlock2D" for a in attention],
        up_block_types=["CrossAttnUpBlock2D" if a else "UpBlock2D" for a in reversed(attention)],
        block_out_channels=channels,
        layers_per_block=s["unet_layers"],
        cross_attention_dim=s["text_width"],
        attention_head_dim=[c // s["head_channels"] for c in channels],
        use_linear_projection=True,
        norm_num_groups=8,  # with a channel a group, the norm would undo the timestep and camera terms
        class_embed_type="projection",
        projection_class_embeddings_input_dim=16,
        addition_embed_type="text",  # the whole caption beside the timestep, at every level
        addition_embed_type_num_heads=s["text_width"] // s["head_channels"],
    )
    with torch.no_grad():
        for layer in (unet.class_embedding.linear_1, unet.class_embedding.linear_2):
            layer.weight *= CAMERA_GAIN
    scheduler = DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=True,
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
    )
    return MultiViewPipeline(vae, text_encoder, tokenizer, unet, scheduler, image_encoder)


def add_prior(size: str, pipeline: MultiViewPipeline) -> None:
    """Give a pipeline an untrained picture prior of a size in `SIZES`, and its UNet room for the pictures."""
    text_width, latent_size = pipeline.text_encoder.config.hidden_size, pipeline.latent_size()
    prior = PicturePrior(text_width, pipeline.latent_channels, latent_size, **SIZES[size]["prior"])
    pipeline.register_modules(prior=prior, unet=beside_pictures(pipeline.unet))


def build_reconstructor(size: str, image_size: int) -> Reconstructor:
    """An untrained reconstructor of a size in `SIZES`, for views of `image_size` pixels."""
    return Reconstructor(image_size=image_size, **SIZES[size]["reconstructor"])


@torch.no_grad()
def principal_encoder(vae: AutoencoderDC, images: Tensor) -> None:
    """Set the encoder of a fresh `vae` to the principal components of the patches of `images`, and freeze it.

    Latents are then linear in the pixels and as smooth as these, which a small diffusion model needs: those of a learnt
    encoder look like noise from cell to cell (docs/log.md). Component k is scaled by its variance to the power -1/4, half
    way to white, so that fine detail weighs a little more than it measures.

    Args:
        images: (N, H, W, 3) in [0, 1].
    """
    encoder = vae.encoder
    for name, parameter in encoder.named_parameters():
        if not name.startswith("conv_out"):
            parameter.zero_()  # leaves the shortcuts, which only move pixels into channels
    encoder.conv_in.conv.weight[:, :, 1, 1] = torch.eye(3)
    features = images.permute(0, 3, 1, 2) * 2 - 1
    for block in (encoder.conv_in, *encoder.down_blocks):
        features = block(features)  # (N, 3 s s, h, w)
    samples = features.movedim(1, -1).flatten(0, 2).double()
    mean = samples.mean(0)
    variances, components = torch.linalg.eigh(torch.cov(samples.T))
    variances, components = variances.flip(0).clamp(min=1e-8), components.flip(1)
    count = vae.config.latent_channels
    components = components * components.sum(0).sign()  # eigenvectors come with any sign
    weight = (components[:, :count] * variances[:count] ** -0.25).T  # (C, 3 s s)
    encoder.conv_out.weight.zero_()
    encoder.conv_out.weight[:, :, 1, 1] = weight.float()
    encoder.conv_out.bias.copy_(-(weight @ mean).float())
    encoder.requires_grad_(False)
