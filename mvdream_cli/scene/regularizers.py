"""What a good object looks like, whatever the prompt. Each returns one scalar with gradient."""

import torch
import torch.nn.functional as F
from torch import Tensor

from mvdream_cli.scene.volume_rendering import Render


def orientation(out: Render) -> Tensor:
    """Normals should not face away from the camera (Ref-NeRF, DreamFusion): w * max(0, n . d)^2, summed, per
    ray that hits. `out` must have been rendered with normals; the weights carry no gradient."""
    facing_away = (out.samples.normals * out.samples.directions).sum(-1).clamp(min=0.0)
    return (out.samples.weights.detach() * facing_away.square()).sum() / (out.opacity > 0).sum().clamp(min=1)


def sparsity(opacity: Tensor) -> Tensor:
    """Little of the picture should be covered: mean of sqrt(opacity^2 + 0.01). Any shape."""
    return (opacity.square() + 0.01).sqrt().mean()


def opacity_entropy(opacity: Tensor) -> Tensor:
    """Pixels should be covered or not, nothing between: the entropy of the opacity. Any shape."""
    opacity = opacity.clamp(1e-3, 1.0 - 1e-3)
    return F.binary_cross_entropy(opacity, opacity)


def emptiness(out: Render, samples_per_ray: int, scale: float = 10.0) -> Tensor:
    """Most of space should be empty: mean of log(1 + scale * w) over all samples of all rays (Score Jacobian Chaining).

    Samples that `out` does not list weigh nothing. Many small weights cost more than one large one.
    """
    return torch.log1p(scale * out.samples.weights).sum() / (out.opacity.numel() * samples_per_ray)


def depth_variance(out: Render) -> Tensor:
    """A ray should be stopped in one place: sum of w * (t - mean t)^2 over its samples, mean over all rays; length^2.

    The z-variance of HiFA (arXiv:2305.18766), but not divided by the ray's opacity: what hardly shows counts little.
    """
    samples = out.samples
    mean = (out.depth / out.opacity.clamp(min=1e-6)).view(-1)
    return (samples.weights * (samples.t - mean[samples.rays]).square()).sum() / out.opacity.numel()


def center_depth(out: Render, center: float = 50 / 64, far: float = 10.0) -> Tensor:
    """The middle of a picture should be nearer than its border: - log(mean depth of the border - that of the middle)
    (Score Jacobian Chaining), what is not covered being `far` away.

    Where the middle is not nearer, the difference counts as 1e-6 and has no gradient.

    Args:
        out: of pictures (..., H, W). center: side of the middle, as a part of the picture's.
    """
    depth = out.depth + far * (1.0 - out.opacity)
    height, width = depth.shape[-2:]
    rows, columns = (round((1 - center) / 2 * side) for side in (height, width))
    middle = depth[..., rows : height - rows, columns : width - columns]
    border = (depth.sum() - middle.sum()) / (depth.numel() - middle.numel())
    return -torch.log((border - middle.mean()).clamp(min=1e-6))


class _TotalVariation(torch.autograd.Function):
    """The gradient is made beside the value, in one buffer; autograd would fill six of the grid's size with zeros."""

    @staticmethod
    def forward(ctx, grid):
        total, gradient = 0.0, torch.zeros_like(grid)
        for dim in (2, 3, 4):
            steps = grid.diff(dim=dim)
            total = total + steps.flatten().dot(steps.flatten()) / steps.numel()
            gradient.narrow(dim, 1, steps.shape[dim]).add_(steps, alpha=2 / steps.numel())
            gradient.narrow(dim, 0, steps.shape[dim]).sub_(steps, alpha=2 / steps.numel())
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx, arriving):
        return ctx.saved_tensors[0] * arriving


def total_variation(grid: Tensor) -> Tensor:
    """Neighbouring nodes of a grid (1, D, R, R, R) should agree: mean squared difference along the three axes."""
    return _TotalVariation.apply(grid)
