"""The first `mini`'s UNet grown to today's channels and layers: wider and deeper at 16x16, on other latents, nearly as it was.

    git archive bd71f71 mvdream_cli/mini | tar x -C earlier
    git archive 2c1bae3 mvdream_cli/mini | tar x -C parts
    python -m benchmarks.mini.grow earlier/mvdream_cli/mini --parts parts/mvdream_cli/mini --out grown

The training of `mini`'s UNet on all kinds starts from what this leaves (docs/mini-training.md). After Net2Net
(Chen et al. 2016, arXiv:1511.05641):
- wider: 112 channels in place of 64; six of the eight in a group of the norms stand twice, and their readers share the weights;
- deeper: one more residual layer on the way down and one on the way up, which change nothing at first;
- latents: both encoders are principal components of 8x8 patches, so the earlier 8 numbers of a cell are a linear map of the 16.

It needs the weights of that commit, and its layers are named one by one: for these two shapes alone.

Letters: c and C a layer's channels before and after; P the numbers of a patch.
"""

import argparse
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderDC
from diffusers.models.embeddings import get_timestep_embedding
from torch import Tensor

from mvdream_cli.diffusion.unet import MultiViewUNet

NARROW, WIDE, GROUPS, TWICE = 64, 112, 8, 6

COPIES = torch.tensor([2 if c % (NARROW // GROUPS) < TWICE else 1 for c in range(NARROW)])
SOURCE = torch.arange(NARROW).repeat_interleave(COPIES)  # (C,): where each new channel comes from
FIRST = torch.rand(NARROW, generator=torch.Generator().manual_seed(1)) * 0.5 + 0.25  # unequal, so that copies learn apart
SHARE = torch.tensor([x for c in range(NARROW) for x in ((FIRST[c], 1 - FIRST[c]) if COPIES[c] == 2 else (1.0,))])
WIDENED, KEPT = (SOURCE, SHARE), (torch.arange(128), torch.ones(128))  # the channels that a layer reads


def joined(*inputs: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Source and share of inputs that are concatenated."""
    sources, start = [], 0
    for source, _ in inputs:
        sources.append(source + start)
        start += int(source.max()) + 1
    return torch.cat(sources), torch.cat([share for _, share in inputs])


def reading(weight: Tensor, *inputs: tuple[Tensor, Tensor]) -> Tensor:
    """(out, c, ...) -> (out, C, ...): the same answer to widened inputs."""
    source, share = joined(*inputs)
    return weight[:, source] * share.view(1, -1, *[1] * (weight.dim() - 2))


def patch_map(vae: AutoencoderDC) -> tuple[Tensor, Tensor]:
    """The linear encoder as weights (channels, P) and bias (channels,), scaled as the UNet sees its latents."""
    with torch.no_grad():
        bias = vae.encode(torch.zeros(1, 3, 8, 8)).latent
        weight = vae.encode(torch.eye(192).reshape(192, 3, 8, 8)).latent - bias
    return weight.flatten(1).T * vae.config.scaling_factor, bias.flatten() * vae.config.scaling_factor


def grow_resnet(old: dict, new: dict, source: str, name: str, *inputs: tuple[Tensor, Tensor], wider: bool) -> None:
    """The old residual layer `source` as the new layer `name`: its inputs are widened, and with `wider` itself too."""
    take = SOURCE if wider else slice(None)
    for part in ("norm1.weight", "norm1.bias"):
        new[f"{name}.{part}"] = old[f"{source}.{part}"][joined(*inputs)[0]]
    for part in ("conv1", "conv_shortcut"):
        if f"{source}.{part}.weight" in old:
            new[f"{name}.{part}.weight"] = reading(old[f"{source}.{part}.weight"], *inputs)[take]
            new[f"{name}.{part}.bias"] = old[f"{source}.{part}.bias"][take]
    for part in ("time_emb_proj.weight", "time_emb_proj.bias", "norm2.weight", "norm2.bias", "conv2.bias"):
        new[f"{name}.{part}"] = old[f"{source}.{part}"][take]
    weight = old[f"{source}.conv2.weight"]
    new[f"{name}.conv2.weight"] = reading(weight, WIDENED)[take] if wider else weight


def grow(before: MultiViewUNet, to_old: Tensor, offset: Tensor) -> MultiViewUNet:
    """A UNet of 16 channels out of one of 8, where old latents are `to_old` (8, 16) times new ones plus `offset` (8,)."""
    config = {name: value for name, value in before.config.items() if not name.startswith("_")}
    config |= {"in_channels": 16, "out_channels": 16, "block_out_channels": (WIDE, 128, 256), "layers_per_block": (2, 1, 1),
               "attention_head_dim": (4, 4, 8), "time_embedding_dim": 4 * NARROW}  # fmt: skip
    after = MultiViewUNet(**config)
    old, new = before.state_dict(), after.state_dict()
    new |= {name: weight for name, weight in old.items() if name in new and weight.shape == new[name].shape}

    # noise of deviation 1 on the new latents has deviation `scale` on the old ones
    scale, back = to_old.norm(dim=1), torch.linalg.pinv(to_old)
    new["conv_in.weight"] = torch.einsum("ochw,cd->odhw", old["conv_in.weight"] / scale.view(1, -1, 1, 1), to_old)[SOURCE]
    new["conv_in.bias"] = old["conv_in.bias"][SOURCE]
    new["conv_out.weight"] = torch.einsum("dc,cohw->dohw", back, reading(old["conv_out.weight"], WIDENED))
    new["conv_out.bias"] = back @ (old["conv_out.bias"] + offset)
    for part in ("weight", "bias"):
        new[f"conv_norm_out.{part}"] = old[f"conv_norm_out.{part}"][SOURCE]

    # other frequencies of the timestep: the combinations nearest to the old ones
    narrow, wide = (
        get_timestep_embedding(torch.arange(1000), width, flip_sin_to_cos=True, downscale_freq_shift=0).double()
        for width in (NARROW, WIDE)
    )
    combined = torch.linalg.solve(wide.T @ wide + 1e-3 * torch.eye(WIDE), wide.T @ narrow).float()
    new["time_embedding.linear_1.weight"] = old["time_embedding.linear_1.weight"] @ combined.T

    grow_resnet(old, new, "down_blocks.0.resnets.0", "down_blocks.0.resnets.0", WIDENED, wider=True)
    half = "down_blocks.0.downsamplers.0.conv"
    new[f"{half}.weight"] = reading(old[f"{half}.weight"], WIDENED)[SOURCE]
    new[f"{half}.bias"] = old[f"{half}.bias"][SOURCE]
    grow_resnet(old, new, "down_blocks.1.resnets.0", "down_blocks.1.resnets.0", WIDENED, wider=False)
    grow_resnet(old, new, "up_blocks.1.resnets.1", "up_blocks.1.resnets.1", KEPT, WIDENED, wider=False)
    grow_resnet(old, new, "up_blocks.2.resnets.0", "up_blocks.2.resnets.0", KEPT, WIDENED, wider=True)
    grow_resnet(old, new, "up_blocks.2.resnets.1", "up_blocks.2.resnets.2", WIDENED, WIDENED, wider=True)

    for name in ("down_blocks.0.resnets.1", "up_blocks.2.resnets.1"):  # the new layers add nothing
        for part in ("weight", "bias"):
            new[f"{name}.conv2.{part}"] = torch.zeros_like(new[f"{name}.conv2.{part}"])
    passed = torch.zeros_like(new["up_blocks.2.resnets.1.conv_shortcut.weight"])
    passed[range(WIDE), range(WIDE)] = 1
    new["up_blocks.2.resnets.1.conv_shortcut.weight"] = passed
    new["up_blocks.2.resnets.1.conv_shortcut.bias"] = torch.zeros(WIDE)
    after.load_state_dict(new)
    return after


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("earlier", type=Path, help="model folder whose UNet is grown")
    parser.add_argument("--parts", type=Path, required=True, help="model folder with the autoencoder and CLIP to come")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    (old, old_bias), (new, new_bias) = (
        patch_map(AutoencoderDC.from_pretrained(folder / "vae").float()) for folder in (arguments.earlier, arguments.parts)
    )
    to_old = torch.linalg.lstsq(new.T, old.T).solution.T  # (8, 16)
    print(f"of the old latents lost: {((to_old @ new - old).norm(dim=1) / old.norm(dim=1)).max():.3f} at most")
    unet = MultiViewUNet.from_pretrained(arguments.earlier / "unet").float()
    grown = grow(unet, to_old, old_bias - to_old @ new_bias)
    shutil.copytree(arguments.parts, arguments.out, ignore=shutil.ignore_patterns("unet"))
    grown.save_pretrained(arguments.out / "unet")


if __name__ == "__main__":
    main()
