"""The 3D object: density and color at every point of the box [-1, 1]^3.

Whatever answers `density(points)` and `field(points)` as below can be rendered and exported; tests use analytic ones.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mvdream_cli.errors import ModelError
from mvdream_cli.scene.encodings import FrequencyEncoding, HashGrid
from mvdream_cli.scene.voxel_field import VoxelField

MOST_BATCHES = 8  # of points in one lookup of a dense grid


class DenseGridField(nn.Module):
    """A sum of dense trilinear grids, coarse to fine, decoded without a network.

    Each grid stores four numbers per node: raw density and raw color. With p a point of the box,
        density = softplus(density_scale * sum of grids + blob)     1 / length, >= 0
        blob    = blob_density * (1 - |p| / blob_radius)            the initial ball of Magic3D
        rgb     = sigmoid(color_scale * sum of grids)               sRGB in (0, 1)
    The coarse grids spread each gradient over a neighbourhood, which keeps distilled shapes smooth; the fine ones hold
    the detail. One lookup is a `grid_sample`, the fastest differentiable one that a CPU has.

    Args:
        resolutions: nodes per axis of each grid. The finest sets what can be shown: 96 nodes are 2 cm in a 2 m box.
        blob_density, blob_radius: the ball that an untouched field shows.
        density_scale, color_scale: how far one optimizer step of the parameters moves the raw values.
    """

    def __init__(
        self,
        resolutions: tuple[int, ...] = (24, 96),
        blob_density: float = 10.0,
        blob_radius: float = 0.5,
        density_scale: float = 10.0,
        color_scale: float = 2.0,
    ):
        super().__init__()
        self.resolutions = tuple(int(resolution) for resolution in resolutions)
        self.blob_density, self.blob_radius = float(blob_density), float(blob_radius)
        self.density_scale, self.color_scale = float(density_scale), float(color_scale)
        self.grids = nn.ParameterList(nn.Parameter(torch.zeros(1, 4, r, r, r)) for r in self.resolutions)

    def config(self) -> dict:
        """What `build_field` needs, with the state dict, to make this field again."""
        return {
            "kind": "dense_grid",
            "resolutions": list(self.resolutions),
            "blob_density": self.blob_density,
            "blob_radius": self.blob_radius,
            "density_scale": self.density_scale,
            "color_scale": self.color_scale,
        }

    def grid_parameters(self) -> list[nn.Parameter]:
        """Those that want a grid's learning rate; the rest are networks'."""
        return list(self.grids)

    def _lookup(self, points: Tensor, channels: int) -> Tensor:
        """(K, 3) -> (K, channels), the first channels of the sum over the grids."""
        # on a CPU grid_sample works on the batch in parallel, not on the points of one; each has a gradient of the grid's size
        batch = min(torch.get_num_threads(), MOST_BATCHES) if points.device.type == "cpu" else 1
        padding = -len(points) % batch
        coordinates = F.pad(points, (0, 0, 0, padding)).view(batch, 1, 1, -1, 3)
        total = 0.0
        for grid in self.grids:
            values = (grid if channels == grid.shape[1] else grid[:, :channels]).expand(batch, -1, -1, -1, -1)
            total = total + F.grid_sample(values, coordinates, align_corners=True, padding_mode="border")
        return total.movedim(1, -1).reshape(-1, channels)[: len(points)]

    def _raw_density(self, points: Tensor, grid_value: Tensor) -> Tensor:
        return self.density_scale * grid_value + self.blob_density * (1.0 - points.norm(dim=-1) / self.blob_radius)

    def raw_density(self, points: Tensor) -> Tensor:
        """Density before softplus, (..., 3) -> (...): its gradient does not vanish where the density saturates at 0."""
        flat = points.reshape(-1, 3)
        return self._raw_density(flat, self._lookup(flat, 1)[:, 0]).view(points.shape[:-1])

    def density(self, points: Tensor) -> Tensor:
        """Density at world points (..., 3) of the box -> (...), 1 / length."""
        return F.softplus(self.raw_density(points))

    def forward(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """World points (..., 3) of the box -> density (...) and sRGB color (..., 3) in (0, 1)."""
        flat = points.reshape(-1, 3)
        values = self._lookup(flat, 4)
        density = F.softplus(self._raw_density(flat, values[:, 0]))
        rgb = torch.sigmoid(self.color_scale * values[:, 1:])
        return density.view(points.shape[:-1]), rgb.view(points.shape)


class HashGridField(nn.Module):
    """The reference's field: a multiresolution hash grid decoded by two small networks, one for density, one for color.

    With p a point of the box,
        density = softplus(density_net(grid(p)) + blob), blob = blob_density * (1 - |p| / blob_radius)
        rgb     = sigmoid(color_net(grid(p)))

    Args:
        blob_density, blob_radius: the ball that an untouched field shows.
        width: of the one hidden layer of each network.
        grid: arguments of `HashGrid` other than its defaults, the reference's.
    """

    def __init__(
        self, blob_density: float = 10.0, blob_radius: float = 0.5, width: int = 64, grid: dict[str, float] | None = None
    ):
        super().__init__()
        self.blob_density, self.blob_radius, self.width = float(blob_density), float(blob_radius), width
        self.grid_options = dict(grid or {})
        self.grid = HashGrid(**self.grid_options)
        self.density_net, self.color_net = (
            nn.Sequential(
                nn.Linear(self.grid.out_features, width, bias=False), nn.ReLU(), nn.Linear(width, channels, bias=False)
            )
            for channels in (1, 3)
        )

    def config(self) -> dict:
        """What `build_field` needs, with the state dict, to make this field again."""
        return {
            "kind": "hash_grid",
            "blob_density": self.blob_density,
            "blob_radius": self.blob_radius,
            "width": self.width,
            "grid": self.grid_options,
        }

    def grid_parameters(self) -> list[nn.Parameter]:
        """Those that want a grid's learning rate; the rest are networks'."""
        return [self.grid.table]

    def _raw_density(self, points: Tensor, encoded: Tensor) -> Tensor:
        return self.density_net(encoded)[:, 0] + self.blob_density * (1.0 - points.norm(dim=-1) / self.blob_radius)

    def raw_density(self, points: Tensor) -> Tensor:
        """Density before softplus, (..., 3) -> (...)."""
        flat = points.reshape(-1, 3)
        return self._raw_density(flat, self.grid(flat * 0.5 + 0.5)).view(points.shape[:-1])

    def density(self, points: Tensor) -> Tensor:
        """Density at world points (..., 3) of the box -> (...), 1 / length."""
        return F.softplus(self.raw_density(points))

    def forward(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """World points (..., 3) of the box -> density (...) and sRGB color (..., 3) in (0, 1)."""
        flat = points.reshape(-1, 3)
        encoded = self.grid(flat * 0.5 + 0.5)
        density = F.softplus(self._raw_density(flat, encoded))
        return density.view(points.shape[:-1]), torch.sigmoid(self.color_net(encoded)).view(points.shape)


class MLPField(nn.Module):
    """DreamFusion's field: one network of residual blocks on frequencies (arXiv:2209.14988, appendix A.1).

    Density and color are activated as those of `HashGridField`. Frequencies are plain, not integrated over cones.

    Args:
        blob_density, blob_radius: the ball that an untouched field shows.
        width, blocks: of the network.
        frequencies: octaves of the encoding.
    """

    def __init__(
        self, blob_density: float = 10.0, blob_radius: float = 0.5, width: int = 128, blocks: int = 5, frequencies: int = 8
    ):
        super().__init__()
        self.blob_density, self.blob_radius = float(blob_density), float(blob_radius)
        self.width, self.frequencies = width, frequencies
        self.encoding = FrequencyEncoding(frequencies)
        self.enter = nn.Linear(self.encoding.out_features, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
            for _ in range(blocks)
        )
        self.leave = nn.Linear(width, 4)

    def config(self) -> dict:
        """What `build_field` needs, with the state dict, to make this field again."""
        return {
            "kind": "mlp",
            "blob_density": self.blob_density,
            "blob_radius": self.blob_radius,
            "width": self.width,
            "blocks": len(self.blocks),
            "frequencies": self.frequencies,
        }

    def grid_parameters(self) -> list[nn.Parameter]:
        """None: the rest are networks'."""
        return []

    def _raw(self, points: Tensor) -> tuple[Tensor, Tensor]:
        features = self.enter(self.encoding(points))
        for block in self.blocks:
            features = features + block(features)
        density, color = self.leave(F.silu(features)).split([1, 3], -1)
        return density[:, 0] + self.blob_density * (1.0 - points.norm(dim=-1) / self.blob_radius), color

    def raw_density(self, points: Tensor) -> Tensor:
        """Density before softplus, (..., 3) -> (...)."""
        return self._raw(points.reshape(-1, 3))[0].view(points.shape[:-1])

    def density(self, points: Tensor) -> Tensor:
        """Density at world points (..., 3) of the box -> (...), 1 / length."""
        return F.softplus(self.raw_density(points))

    def forward(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """World points (..., 3) of the box -> density (...) and sRGB color (..., 3) in (0, 1)."""
        density, color = self._raw(points.reshape(-1, 3))
        return F.softplus(density).view(points.shape[:-1]), torch.sigmoid(color).view(points.shape)


class ScaledField(nn.Module):
    """A field of a box of half side `box`, as one of the box [-1, 1]^3.

    Its cells and networks see the same points. A density is per length, so it is `box` times as large where lengths are longer.
    """

    def __init__(self, inner: nn.Module, box: float):
        super().__init__()
        self.inner, self.box = inner, float(box)

    def config(self) -> dict:
        """What `build_field` needs, with the state dict, to make this field again."""
        return self.inner.config() | {"box": self.box}

    def grid_parameters(self) -> list[nn.Parameter]:
        """Those of the field inside."""
        return self.inner.grid_parameters()

    def raw_density(self, points: Tensor) -> Tensor:
        """That of the field inside, for normals: (..., 3) -> (...)."""
        return self.inner.raw_density(points)

    def density(self, points: Tensor) -> Tensor:
        """Density at points (..., 3) of the box [-1, 1]^3 -> (...), 1 / length there."""
        return self.box * self.inner.density(points)

    def forward(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Points (..., 3) of the box [-1, 1]^3 -> density (...) and sRGB color (..., 3)."""
        density, rgb = self.inner(points)
        return self.box * density, rgb

    def latents(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Of a `VoxelField` inside: density (...) and latents (..., C)."""
        density, latents = self.inner.latents(points)
        return self.box * density, latents


FIELDS = {"dense_grid": DenseGridField, "hash_grid": HashGridField, "mlp": MLPField, "voxels": VoxelField}


def build_field(config: dict) -> nn.Module:
    """The field that `field.config()` described, with fresh parameters; with "box" in it, a `ScaledField`.

    Raises:
        ModelError: the kind of field is unknown.
    """
    options = dict(config)
    kind = options.pop("kind", "dense_grid")
    if kind not in FIELDS:
        raise ModelError(f"scene: unknown field '{kind}'; known: {', '.join(FIELDS)}")
    box = options.pop("box", 1.0)
    field = FIELDS[kind](**options)
    return field if box == 1.0 else ScaledField(field, box)
