"""The hash grid's lookup as Triton kernels for CUDA; `encodings.HashGrid` in plain torch is its slow twin.

One kernel gathers, one scatters, one differentiates with respect to the points. A gather or scatter weighs the eight corners
of a cell either with the trilinear weights, or with their change along a direction: the second form is what the backward pass
of the derivative needs, so that normals taken from the density's gradient train the table.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

BLOCK = 128


@triton.jit
def _level(levels, scales, level):
    """Cells a side, nodes a side, entries, first entry, and whether it is dense."""
    resolution, size = tl.load(levels + 4 * level).to(tl.uint32), tl.load(levels + 4 * level + 1).to(tl.uint32)
    begin, dense = tl.load(levels + 4 * level + 2), tl.load(levels + 4 * level + 3)
    return tl.load(scales + level), resolution, size, begin, dense


@triton.jit
def _cell(points, scale, k, live):
    """Lower corner (int) and fraction of points k at a level, each as x, y, z."""
    x = tl.load(points + 3 * k, mask=live, other=0.0) * scale + 0.5
    y = tl.load(points + 3 * k + 1, mask=live, other=0.0) * scale + 0.5
    z = tl.load(points + 3 * k + 2, mask=live, other=0.0) * scale + 0.5
    low_x, low_y, low_z = tl.floor(x), tl.floor(y), tl.floor(z)
    return low_x.to(tl.int32), low_y.to(tl.int32), low_z.to(tl.int32), x - low_x, y - low_y, z - low_z


@triton.jit
def _node(x, y, z, corner: tl.constexpr, resolution, size, dense):
    """Index of a cell's corner within its level: tiny-cuda-nn's, dense where the level fits, else hashed in 32 bits."""
    x = (x + (corner & 1)).to(tl.uint32)
    y = (y + (corner >> 1 & 1)).to(tl.uint32)
    z = (z + (corner >> 2 & 1)).to(tl.uint32)
    in_order = x + y * resolution + z * resolution * resolution
    hashed = x ^ (y * tl.full((1,), 2654435761, tl.uint32)) ^ (z * tl.full((1,), 805459861, tl.uint32))
    return tl.where(dense != 0, in_order % size, hashed & (size - 1)).to(tl.int64)  # a hashed level's size is a power of two


@triton.jit
def _sides(fx, fy, fz, corner: tl.constexpr):
    """The three factors of a corner's weight, and the sign of their derivative."""
    wx = fx if (corner & 1) == 1 else 1.0 - fx
    wy = fy if (corner >> 1 & 1) == 1 else 1.0 - fy
    wz = fz if (corner >> 2 & 1) == 1 else 1.0 - fz
    sx = 2.0 * (corner & 1) - 1.0
    sy = 2.0 * (corner >> 1 & 1) - 1.0
    sz = 2.0 * (corner >> 2 & 1) - 1.0
    return wx, wy, wz, sx, sy, sz


@triton.jit
def _weight(fx, fy, fz, corner: tl.constexpr, direction, scale, k, live, along: tl.constexpr):
    wx, wy, wz, sx, sy, sz = _sides(fx, fy, fz, corner)
    if along:
        dx = tl.load(direction + 3 * k, mask=live, other=0.0)
        dy = tl.load(direction + 3 * k + 1, mask=live, other=0.0)
        dz = tl.load(direction + 3 * k + 2, mask=live, other=0.0)
        return scale * (dx * sx * wy * wz + dy * wx * sy * wz + dz * wx * wy * sz)
    return wx * wy * wz


@triton.jit
def _gather(points, direction, table, levels, scales, out, count, num_levels, features: tl.constexpr, along: tl.constexpr,
            block: tl.constexpr):  # fmt: skip
    k, level = tl.program_id(0) * block + tl.arange(0, block), tl.program_id(1)
    live = k < count
    scale, resolution, size, begin, dense = _level(levels, scales, level)
    x, y, z, fx, fy, fz = _cell(points, scale, k, live)
    for feature in tl.static_range(features):
        total = 0.0 * fx
        for corner in tl.static_range(8):
            node = begin + _node(x, y, z, corner, resolution, size, dense)
            weight = _weight(fx, fy, fz, corner, direction, scale, k, live, along)
            total += weight * tl.load(table + node * features + feature, mask=live, other=0.0)
        tl.store(out + (k.to(tl.int64) * num_levels + level) * features + feature, total, mask=live)


@triton.jit
def _scatter(points, direction, gradient, levels, scales, out, count, num_levels, features: tl.constexpr, along: tl.constexpr,
             block: tl.constexpr):  # fmt: skip
    k, level = tl.program_id(0) * block + tl.arange(0, block), tl.program_id(1)
    live = k < count
    scale, resolution, size, begin, dense = _level(levels, scales, level)
    x, y, z, fx, fy, fz = _cell(points, scale, k, live)
    for feature in tl.static_range(features):
        arriving = tl.load(gradient + (k.to(tl.int64) * num_levels + level) * features + feature, mask=live, other=0.0)
        for corner in tl.static_range(8):
            node = begin + _node(x, y, z, corner, resolution, size, dense)
            weight = _weight(fx, fy, fz, corner, direction, scale, k, live, along)
            tl.atomic_add(out + node * features + feature, weight * arriving, mask=live)


@triton.jit
def _differentiate(points, table, gradient, levels, scales, out, count, num_levels, features: tl.constexpr,
                   block: tl.constexpr):  # fmt: skip
    k = tl.program_id(0) * block + tl.arange(0, block)
    live = k < count
    to_x = (0 * k).to(tl.float32)
    to_y = to_x
    to_z = to_x
    for level in range(num_levels):
        scale, resolution, size, begin, dense = _level(levels, scales, level)
        x, y, z, fx, fy, fz = _cell(points, scale, k, live)
        for feature in tl.static_range(features):
            arriving = tl.load(gradient + (k.to(tl.int64) * num_levels + level) * features + feature, mask=live, other=0.0)
            for corner in tl.static_range(8):
                node = begin + _node(x, y, z, corner, resolution, size, dense)
                value = scale * arriving * tl.load(table + node * features + feature, mask=live, other=0.0)
                wx, wy, wz, sx, sy, sz = _sides(fx, fy, fz, corner)
                to_x += value * sx * wy * wz
                to_y += value * wx * sy * wz
                to_z += value * wx * wy * sz
    tl.store(out + 3 * k, to_x, mask=live)
    tl.store(out + 3 * k + 1, to_y, mask=live)
    tl.store(out + 3 * k + 2, to_z, mask=live)


def _over_levels(kernel, source: Tensor, points: Tensor, levels: Tensor, scales: Tensor, out: Tensor, features: int,
                 direction: Tensor | None) -> Tensor:  # fmt: skip
    if len(points):
        kernel[(triton.cdiv(len(points), BLOCK), len(levels))](
            points, points if direction is None else direction.contiguous(), source, levels, scales, out, len(points),
            len(levels), features=features, along=direction is not None, block=BLOCK,
        )  # fmt: skip
    return out


def _gathered(points, table, levels, scales, direction=None) -> Tensor:
    """(K, levels * features)"""
    out = points.new_empty(len(points), len(levels) * table.shape[1])
    return _over_levels(_gather, table, points, levels, scales, out, table.shape[1], direction)


def _scattered(points, gradient, table, levels, scales, direction=None) -> Tensor:
    """The table's gradient, (T, features)"""
    out = torch.zeros_like(table)
    return _over_levels(_scatter, gradient.contiguous(), points, levels, scales, out, table.shape[1], direction)


class _Encode(torch.autograd.Function):
    @staticmethod
    def forward(ctx, points, table, levels, scales):
        ctx.save_for_backward(points, table, levels, scales)
        return _gathered(points, table, levels, scales)

    @staticmethod
    def backward(ctx, gradient):
        points, table, levels, scales = ctx.saved_tensors
        to_points = _Differentiate.apply(points, table, gradient, levels, scales) if ctx.needs_input_grad[0] else None
        to_table = _scattered(points, gradient, table, levels, scales) if ctx.needs_input_grad[1] else None
        return to_points, to_table, None, None


class _Differentiate(torch.autograd.Function):
    """The gradient that reaches the points, itself differentiable with respect to the table and what arrives."""

    @staticmethod
    def forward(ctx, points, table, gradient, levels, scales):
        gradient = gradient.contiguous()
        ctx.save_for_backward(points, table, gradient, levels, scales)
        out = torch.empty_like(points)
        if len(points):
            _differentiate[(triton.cdiv(len(points), BLOCK),)](
                points, table, gradient, levels, scales, out, len(points), len(levels), features=table.shape[1], block=BLOCK
            )
        return out

    @staticmethod
    def backward(ctx, along):
        points, table, gradient, levels, scales = ctx.saved_tensors
        to_table = _scattered(points, gradient, table, levels, scales, along) if ctx.needs_input_grad[1] else None
        to_gradient = _gathered(points, table, levels, scales, along) if ctx.needs_input_grad[2] else None
        return None, to_table, to_gradient, None, None


def encode(points: Tensor, table: Tensor, levels: Tensor, scales: Tensor) -> Tensor:
    """Features of points; differentiable twice, but for the second derivative with respect to the points.

    Args:
        points: (K, 3) in [0, 1], float32.
        table: (T, features), float32, all levels one after the other.
        levels: (L, 4) int64: nodes a side, entries, where the level begins in the table, 1 if dense.
        scales: (L,) float32, cells a side.

    Returns:
        (K, L * features).
    """
    return _Encode.apply(points.contiguous(), table, levels, scales)
