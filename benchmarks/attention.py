"""Attention on a CPU in bfloat16: torch's fused kernel against two batched products.

    python -m benchmarks.attention --threads 2

Prints milliseconds, forward and backward, best of six: the attentions of `mini` at 16 objects of four views, and longer ones.
"""

import argparse
import time

import torch
import torch.nn.functional as F

from mvdream_cli.diffusion.attention import attend_by_products
from mvdream_cli.engine.device import set_threads

# batch, heads, tokens, tokens of the context, width of a head
SHAPES = {
    "all views at 8x8": (16, 4, 256, 256, 32),
    "text at 8x8": (64, 4, 64, 32, 32),
    "all views at 4x4": (16, 8, 64, 64, 32),
    "text at 4x4": (64, 8, 16, 32, 32),
    "all views at 16x16": (4, 5, 1024, 1024, 64),
    "all views at 32x32": (1, 5, 4096, 4096, 64),
    "text, 77 tokens, at 32x32": (4, 5, 1024, 77, 64),
}


def in_float32(query, key, value):
    return F.scaled_dot_product_attention(query.float(), key.float(), value.float()).to(query.dtype)


def milliseconds(attention, batch, heads, length, context, width):
    tokens = [torch.randn(batch, count, heads, width, dtype=torch.bfloat16) for count in (length, context, context)]
    inputs = [x.transpose(1, 2).requires_grad_() for x in tokens]
    times = []
    for _ in range(6):
        for x in inputs:
            x.grad = None
        start = time.perf_counter()
        mixed = attention(*inputs).transpose(1, 2).flatten(2)
        middle = time.perf_counter()
        mixed.sum().backward()
        times.append((time.perf_counter() - start, middle - start))
    total, forward = min(times)
    return 1000 * forward, 1000 * (total - forward)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    set_threads(parser.parse_args().threads)
    for name, shape in SHAPES.items():
        for attention in (F.scaled_dot_product_attention, in_float32, attend_by_products):
            forward, backward = milliseconds(attention, *shape)
            print(f"{name:26} {attention.__name__:30} {forward:7.1f} {backward:7.1f}", flush=True)


if __name__ == "__main__":
    main()
