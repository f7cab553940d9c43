"""Views to an object in one pass of a network: signed distance and color wherever one asks."""

import torch
import torch.nn.functional as F
from torch import Tensor

from mvdream_cli.methods.posed_views import PosedViews
from mvdream_cli.models.reconstructor import Reconstructor
from mvdream_cli.scene.distance import DistanceGrid, sample_distance

WORLD = 2.0  # the box of a scene is twice as large as an object of the training data
BLOCK = {"cpu": 1 << 12}  # points at a time: what is known of them stays in the processor's cache
LARGE_BLOCK = 1 << 17


class Reconstruction:
    """What a reconstructor sees in pictures: signed distance and color at points of the box [-1, 1]^3.

    Args:
        views: of another size than the network's, they are scaled.
    """

    @torch.no_grad()
    def __init__(self, network: Reconstructor, views: PosedViews):
        self.network = network.eval()
        self.device = next(network.parameters()).device
        self.block = BLOCK.get(self.device.type, LARGE_BLOCK)
        size = network.config.image_size
        images = views.images.to(self.device)
        if images.shape[1:3] != (size, size):
            images = F.interpolate(images.permute(0, 3, 1, 2), size=(size, size), mode="bilinear", antialias=True)
            images = images.permute(0, 2, 3, 1)
        c2w = views.c2w.to(self.device, copy=True)
        c2w[:, :3, 3] /= WORLD
        self.reading = network.read(images[None], c2w[None], views.fovy_deg.to(self.device)[None])

    @torch.no_grad()
    def __call__(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """World points (K, 3) -> signed distance (K,), world units, and sRGB color (K, 3)."""
        answers = [self.network.at(self.reading, part[None] / WORLD) for part in points.split(self.block)]
        distance, colors = (torch.cat([answer[k][0] for answer in answers]) for k in range(2))
        return WORLD * distance, colors

    def grid(self, resolution: int) -> DistanceGrid:
        """On a lattice of the box, `resolution` cells along its side."""
        return sample_distance(self, resolution, self.device)
