"""What latents look like, about: a linear map from the numbers of a latent cell to its color."""

import torch
import torch.nn.functional as F
from torch import Tensor

PICTURES, PATCHES, SEED = 16, 4, 0


@torch.no_grad()
def latent_colors(pipeline) -> Tensor:
    """(C + 1, 3): [latent, 1] @ map is the mean color, sRGB, of the pixels that a latent cell stands for.

    The least-squares fit over pictures of smooth random colors, which are always the same. Good for showing a field of latents
    and for the colors of its mesh; what the decoder would paint between the cells is not in it.
    """
    device, size, stride = pipeline.vae.device, pipeline.image_size, pipeline.latent_stride
    colors = torch.rand(PICTURES, 3, PATCHES, PATCHES, generator=torch.Generator().manual_seed(SEED)).to(device)
    images = F.interpolate(colors, size=(size, size), mode="bilinear")  # (N, 3, S, S)
    latents = torch.cat([pipeline.encode_images(part.movedim(1, -1), sample=False).float() for part in images.split(4)])
    cells = latents.movedim(1, -1).flatten(0, 2)  # (N h w, C)
    wanted = F.avg_pool2d(images, stride).movedim(1, -1).flatten(0, 2)
    with_one = torch.cat([cells, torch.ones_like(cells[:, :1])], 1)
    return torch.linalg.lstsq(with_one.cpu(), wanted.cpu()).solution.to(device)
