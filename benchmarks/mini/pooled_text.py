"""A model folder's UNet with the whole caption beside the timestep: the term `addition_embed_type="text"` of diffusers, added.

    git archive 2c1bae3 mvdream_cli/mini | tar x -C earlier
    python -m benchmarks.mini.pooled_text earlier/mvdream_cli/mini --out pooled

A caption's tokens, pooled by attention, are added to the embedding of the timestep and so reach every residual layer, at all
levels; cross-attention reaches those alone that have it. The term is drawn fresh at a part of the timestep's size. `mini`'s
training went on from what this leaves (docs/mini-training.md).
"""

import argparse
import shutil
from pathlib import Path

import torch

from mvdream_cli.diffusion.unet import MultiViewUNet

SIZE = 0.7  # the timestep's own term has a deviation of 0.9 at t=900, 2.7 at t=100
HEADS = 4


def with_pooled_text(before: MultiViewUNet) -> MultiViewUNet:
    """The same UNet with a fresh term, drawn from torch's global generator."""
    config = {name: value for name, value in before.config.items() if not name.startswith("_")}
    after = MultiViewUNet(**config | {"addition_embed_type": "text", "addition_embed_type_num_heads": HEADS})
    after.load_state_dict(after.state_dict() | before.state_dict())
    with torch.no_grad():
        after.add_embedding.norm2.weight.fill_(SIZE)
    return after


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    unet = with_pooled_text(MultiViewUNet.from_pretrained(arguments.folder / "unet").float())
    shutil.copytree(arguments.folder, arguments.out, ignore=shutil.ignore_patterns("unet"))
    unet.save_pretrained(arguments.out / "unet")


if __name__ == "__main__":
    main()
