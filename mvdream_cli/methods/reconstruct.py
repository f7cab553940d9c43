"""Views to an object in one pass of a network: signed distance and color wherever one asks."""

import torch
import torch.nn.functional as F
from torch import Tensor

from mvdream_cli.cameras import MIRRORED, mirrored_cameras
from mvdream_cli.methods.posed_views import PosedViews
from mvdream_cli.models.reconstructor import Reconstructor
from mvdream_cli.scene.distance import DistanceGrid, sample_distance

WORLD = 2.0  # the box of a scene is twice as large as an object of the training data
BLOCK = {"cpu": 1 << 12}  # points at a time: what is known of them stays in the processor's cache
LARGE_BLOCK = 1 << 17
FARTHER = 0.25  # how much the larger of two distances counts; a half would be their mean (docs/log.md)


class Reconstruction:
    """What a reconstructor sees in pictures: signed distance and color at points of the box [-1, 1]^3.

    Args:
        views: of another size than the network's, they are scaled.
        mirror: show the network the mirrored views too. It errs otherwise there: of both answers come the mean color and a
            distance nearer to the smaller one, as a thin part that one of them has is mostly there.
    """

    @torch.no_grad()
    def __init__(self, network: Reconstructor, views: PosedViews, mirror: bool = True):
        self.network = network.eval()
        self.device = next(network.parameters()).device
        self.block = BLOCK.get(self.device.type, LARGE_BLOCK) // (1 + mirror)
        size = network.config.image_size
        images = views.images.to(self.device)
        if images.shape[1:3] != (size, size):
            images = F.interpolate(images.permute(0, 3, 1, 2), size=(size, size), mode="bilinear", antialias=True)
            images = images.permute(0, 2, 3, 1)
        c2w = views.c2w.to(self.device, copy=True)
        c2w[:, :3, 3] /= WORLD
        images, c2w, worlds = images[None], c2w[None], c2w.new_ones(1, 1, 3)
        if mirror:
            images, c2w = torch.cat([images, images.flip(3)]), torch.cat([c2w, mirrored_cameras(c2w)])
            worlds = torch.cat([worlds, c2w.new_tensor([[MIRRORED]])])
        self.worlds = worlds  # (M, 1, 3), one for each that the network is shown
        self.reading = network.read(images, c2w, views.fovy_deg.to(self.device).expand(len(worlds), -1))

    @torch.no_grad()
    def __call__(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """World points (K, 3) -> signed distance (K,), world units, and sRGB color (K, 3)."""
        answers = [self.network.at(self.reading, part / WORLD * self.worlds) for part in points.split(self.block)]
        distance, colors = (torch.cat(parts, 1) for parts in zip(*answers))  # (M, K), (M, K, 3)
        return WORLD * torch.lerp(distance.amin(0), distance.amax(0), FARTHER), colors.mean(0)

    def grid(self, resolution: int) -> DistanceGrid:
        """On a lattice of the box, `resolution` cells along its side."""
        return sample_distance(self, resolution, self.device)
