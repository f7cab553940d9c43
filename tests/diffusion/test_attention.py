"""The attention that two batched products make on a CPU against torch's own."""

import pytest
import torch
import torch.nn.functional as F

from mvdream_cli.diffusion.attention import attend_by_products


def mixed_and_gradients(attention, query, key, value):
    inputs = [x.clone().requires_grad_() for x in (query, key, value)]
    mixed = attention(*inputs)
    (mixed * torch.linspace(-1, 1, mixed.numel(), dtype=mixed.dtype).view_as(mixed)).sum().backward()
    return [mixed.detach(), *(x.grad for x in inputs)]


@pytest.mark.parametrize("context", [5, 48])
def test_products_are_torchs_attention(context):
    torch.manual_seed(0)
    query, key, value = (torch.randn(3, 2, length, 24, dtype=torch.float64) for length in (16, context, context))
    expected = mixed_and_gradients(F.scaled_dot_product_attention, query, key, value)
    for ours, theirs in zip(mixed_and_gradients(attend_by_products, query, key, value), expected, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_products_in_bfloat16_are_near_torchs_attention():
    torch.manual_seed(0)
    query, key, value = (torch.randn(3, 2, length, 32) for length in (64, 32, 32))
    expected = mixed_and_gradients(F.scaled_dot_product_attention, query, key, value)
    half = mixed_and_gradients(attend_by_products, *(x.bfloat16() for x in (query, key, value)))
    for ours, theirs in zip(half, expected, strict=True):
        assert (ours.float() - theirs).norm() < 0.01 * theirs.norm()
