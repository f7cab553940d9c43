"""A network that turns views with their cameras into a signed distance and a color at every point: an object in one pass.

A convolutional encoder reads each view; its tokens at the two coarsest levels see the tokens of all other views. A point of the
box is projected into each view and reads the features there. What the views say of it is joined by their weighted mean and
variance, whatever their number, and a small network tells how far away the surface is. Its color is mostly that of pixels:
the point asks each view how much it shows of it.

Lengths are those of training data: an object lies in [-0.5, 0.5]^3.
Letters in shapes: B objects, V views, H W pixels, P points, C channels, N tokens of a view.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn

from mvdream_cli.cameras import get_rays

RAY_CHANNELS = 6  # direction and moment
PLACE_CHANNELS = 10  # of a point in a view: in camera axes, its direction, whether it is in the picture, pixel color
HEADS = 4


class Reading(NamedTuple):
    """What the encoder knows of the views. features: (B V h w, C), rows of a table; images (B, V, H, W, 3)."""

    features: Tensor
    side: tuple[int, int]  # h, w
    images: Tensor
    c2w: Tensor  # (B, V, 4, 4) float32
    fovy_deg: Tensor  # (B, V) float32


class Reconstructor(ModelMixin, ConfigMixin):
    """Views to signed distance and color.

    Args:
        image_size: side of the views in pixels, a multiple of 16.
        widths: channels at a half, a quarter, an eighth and a sixteenth of it.
        attention_layers: numbers of them at the two coarsest levels.
        feature_channels: that a point reads of each view. view_width: of the network for one view of a point.
        point_width, point_layers: of the network for a point.
        frequencies: octaves of a point's sinusoids.
        truncation: distances beyond this are all the same.
    """

    @register_to_config
    def __init__(
        self,
        image_size: int = 128,
        widths: tuple[int, ...] = (32, 64, 96, 160),
        attention_layers: tuple[int, int] = (1, 2),
        head_channels: int = 32,
        feature_channels: int = 96,
        view_width: int = 128,
        point_width: int = 192,
        point_layers: int = 3,
        frequencies: int = 6,
        truncation: float = 0.1,
    ):
        super().__init__()
        self.stem = nn.Conv2d(12, widths[0], 3, padding=1)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2) for a, b in zip(widths, widths[1:]))
        self.encoders = nn.ModuleList(Residual(width) for width in widths)
        self.middle = Residual(widths[-1])
        self.decoders = nn.ModuleList(Residual(width) for width in widths[:-1])
        self.up = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in zip(widths, widths[1:]))
        self.rays = nn.ModuleList(nn.Linear(RAY_CHANNELS, width) for width in widths[-2:])
        self.attention = nn.ModuleList(
            nn.ModuleList(SharedAttention(width, head_channels) for _ in range(count))
            for width, count in zip(widths[-2:], attention_layers)
        )
        self.outputs = nn.ModuleList(nn.Conv2d(width, feature_channels, 1) for width in widths)
        self.of_place = nn.Linear(PLACE_CHANNELS, view_width)
        self.of_features = nn.Linear(feature_channels, view_width)
        self.of_view = nn.Linear(view_width, view_width)
        self.trust = nn.Linear(view_width, HEADS)
        self.of_point = nn.Linear(2 * view_width + 3 + 6 * frequencies, point_width)
        self.layers = nn.ModuleList(PointLayer(point_width) for _ in range(point_layers))
        self.asks = nn.Linear(point_width, HEADS * 8)
        self.answers = nn.Linear(view_width, HEADS * 8)
        self.leave = nn.Linear(point_width, 5)  # distance, own color, weight of the own color

    def forward(self, images: Tensor, c2w: Tensor, fovy_deg: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
        """Signed distance (B, P), negative inside, and color (B, P, 3) in [0, 1] at points (B, P, 3). See `read`, `at`."""
        return self.at(self.read(images, c2w, fovy_deg), points)

    def read(self, images: Tensor, c2w: Tensor, fovy_deg: Tensor) -> Reading:
        """Encode views.

        Args:
            images: (B, V, H, W, 3) in [0, 1], float32. c2w: (B, V, 4, 4). fovy_deg: (B, V).
        """
        objects, views, height, width = images.shape[:4]
        assert c2w.shape == (objects, views, 4, 4) and fovy_deg.shape == (objects, views), (c2w.shape, fovy_deg.shape)
        x = images.flatten(0, 1).permute(0, 3, 1, 2).to(self.stem.weight.dtype) * 2 - 1
        x = self.stem(F.pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last))
        kept = []
        for level, encode in enumerate(self.encoders):
            x = encode(self.down[level - 1](x) if level else x)
            x = self._look_around(x, level - len(self.encoders) + 2, c2w, fovy_deg)
            kept.append(x)
        x = self.middle(x)
        fused = self.outputs[-1](x)
        for level in reversed(range(len(self.decoders))):
            x = self.decoders[level](F.interpolate(self.up[level](x), scale_factor=2.0) + kept[level])
            fused = F.interpolate(fused, scale_factor=2.0, mode="bilinear") + self.outputs[level](x)
        table = fused.permute(0, 2, 3, 1).reshape(-1, fused.shape[1])  # (B V h w, C)
        return Reading(table, tuple(fused.shape[2:]), images, c2w, fovy_deg)

    def at(self, reading: Reading, points: Tensor) -> tuple[Tensor, Tensor]:
        """Signed distance (B, P) within the truncation, and color (B, P, 3), float32, at points (B, P, 3)."""
        dtype = self.stem.weight.dtype
        (objects, views), count = reading.c2w.shape[:2], points.shape[1]
        where, place = self._project(reading, points)  # (B, V, P, 2), (B, V, P, 7)
        pixels = look_up(reading.images.reshape(-1, 3), reading.images.shape[2:4], where)  # (B V P, 3)
        place = torch.cat([place.flatten(0, 2), pixels], -1).to(dtype)
        view = self.of_features(look_up(reading.features, reading.side, where)) + self.of_place(place)
        view = F.silu(view)
        view = view + F.silu(self.of_view(view))  # (B V P, D)
        view = view.view(objects, views, count, HEADS, -1)
        trust = self.trust(view.flatten(-2)).float().softmax(1).to(dtype)[..., None]  # (B, V, P, heads, 1)
        mean = (trust * view).sum(1)
        variance = (trust * (view - mean[:, None]).square()).sum(1)
        point = torch.cat([mean.flatten(2), variance.flatten(2), self._sinusoids(points).to(dtype)], -1)
        point = self.of_point(point)
        for layer in self.layers:
            point = layer(point)
        point = F.silu(point)
        out = self.leave(point).float()  # (B, P, 5)
        asked = self.asks(point).view(objects, 1, count, -1)
        shown = (asked * self.answers(view.flatten(-2))).float().sum(-1) / math.sqrt(asked.shape[-1])  # (B, V, P)
        share = torch.cat([shown, out[:, None, :, 4]], 1).softmax(1)[..., None]  # (B, V + 1, P, 1)
        colors = torch.cat([pixels.view(objects, views, count, 3), out[:, None, :, 1:4].sigmoid()], 1)
        return self.config.truncation * torch.tanh(out[..., 0]), (share * colors).sum(1)

    def _look_around(self, x: Tensor, level: int, c2w: Tensor, fovy_deg: Tensor) -> Tensor:
        """Attention of all views' tokens, at levels 0 and 1 of those that have it; (B V, C, h, w)."""
        if level < 0:
            return x
        objects, views = c2w.shape[:2]
        origins, directions = get_rays(c2w.float(), fovy_deg.float(), *x.shape[2:])  # (B, V, h, w, 3)
        rays = torch.cat([directions, torch.linalg.cross(origins, directions)], -1).to(x.dtype)
        tokens = x.permute(0, 2, 3, 1).reshape(objects, -1, x.shape[1])  # (B, V N, C)
        tokens = tokens + self.rays[level](rays.flatten(1, 3))
        for attend in self.attention[level]:
            tokens = attend(tokens)
        return tokens.view(objects * views, *x.shape[2:], -1).permute(0, 3, 1, 2)

    def _project(self, reading: Reading, points: Tensor) -> tuple[Tensor, Tensor]:
        """Where points lie in the views: (B, V, P, 2), row and column in [-1, 1]; and what the network is told (B, V, P, 7)."""
        c2w, rotation = reading.c2w, reading.c2w[..., :3, :3]
        turned = torch.einsum("bpi,bvij->bvpj", points, rotation)  # in camera axes, around the world's origin
        offset = torch.einsum("bvi,bvij->bvj", c2w[..., :3, 3], rotation)[:, :, None]
        local = turned - offset  # (B, V, P, 3), in camera axes, around the camera
        depth = (-local[..., 2:]).clamp(min=1e-3)
        height, width = reading.images.shape[2:4]
        half = torch.deg2rad(reading.fovy_deg)[:, :, None].div(2).tan()
        column, row = local[..., 0] / depth[..., 0] / half * (height / width), -local[..., 1] / depth[..., 0] / half
        where = torch.stack([row, column], -1)
        direction = F.normalize(points[:, None] - c2w[:, :, None, :3, 3], dim=-1)
        seen = (where.abs().amax(-1, keepdim=True) <= 1).float()
        return where, torch.cat([2 * turned, direction, seen], -1)

    def _sinusoids(self, points: Tensor) -> Tensor:
        """(B, P, 3) -> (B, P, 3 + 6 frequencies), float32."""
        octaves = math.pi * 2.0 ** torch.arange(self.config.frequencies, device=points.device)
        angles = (points[..., None] * octaves).flatten(-2)
        return torch.cat([points, angles.sin(), angles.cos()], -1)


class Residual(nn.Module):
    """x + convolutions(x), (N, C, h, w)."""

    def __init__(self, width: int):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.conv1, self.conv2 = (nn.Conv2d(width, width, 3, padding=1) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv1(F.silu(over_channels(self.norm1, x)))
        return x + self.conv2(F.silu(over_channels(self.norm2, h)))


def over_channels(norm: nn.LayerNorm, x: Tensor) -> Tensor:
    """A layer norm of each pixel of (N, C, h, w); on a CPU ten times as fast as a group norm."""
    return norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class SharedAttention(nn.Module):
    """A transformer layer over the tokens of all views of an object, (B, V N, C)."""

    def __init__(self, width: int, head_channels: int):
        super().__init__()
        self.heads = width // head_channels
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = self.qkv(self.norm1(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        x = x + self.out(seen)
        return x + self.narrow(F.silu(self.wide(self.norm2(x))))


class PointLayer(nn.Module):
    """x + network(x), (..., C)."""

    def __init__(self, width: int):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.first, self.second = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.silu(self.first(self.norm(x))))


def look_up(table: Tensor, side: tuple[int, int], where: Tensor) -> Tensor:
    """Bilinear reading of pictures that lie row by row in a table; the border's values outside.

    As `grid_sample`, but of rows that lie together in memory: several times faster on a CPU.

    Args:
        table: (B V h w, C). side: h, w. where: (B, V, P, 2), row and column in [-1, 1].

    Returns:
        (B V P, C).
    """
    height, width = side
    scale = where.new_tensor((height, width))
    at = ((where + 1) * 0.5 * scale - 0.5).clamp(min=0).minimum(scale - 1).flatten(0, 1)  # (B V, P, 2)
    low = at.floor().minimum((scale - 2).clamp(min=0))
    share = at - low
    low = low.long()
    picture = torch.arange(len(at), device=at.device)[:, None] * (height * width)
    first = picture + low[..., 0] * width + low[..., 1]  # (B V, P)
    down, right = (width if height > 1 else 0), (1 if width > 1 else 0)
    rows = torch.stack([first, first + right, first + down, first + down + right], -1)
    y, x = share.unbind(-1)
    weights = torch.stack([(1 - y) * (1 - x), (1 - y) * x, y * (1 - x), y * x], -1)
    return F.embedding_bag(rows.flatten(0, 1), table, mode="sum", per_sample_weights=weights.flatten(0, 1).to(table.dtype))
