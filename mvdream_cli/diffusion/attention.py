"""Multi-view self-attention: every token of an object sees the tokens of all its views (MVDream, section 3.1).

Letters in shapes: B objects, V views, L tokens of a view, D channels.
"""

import torch
import torch.nn.functional as F
from diffusers.models.attention import BasicTransformerBlock
from diffusers.models.attention_processor import Attention
from torch import Tensor, nn

# What the paper compares (section 3.1, ablation): Stable Diffusion's attention inflated to all views, which it takes; new
# layers, between the views at one place ("temporal") or all tokens of all views ("new-3d"); none at all.
VIEW_ATTENTION = ("inflated", "temporal", "new-3d", "none")


# Of queries with keys, up to which a CPU keeps all weights of attention in bfloat16: 2 MB a head.
MAX_PAIRS = 2**20


class MultiViewAttnProcessor:
    """Attention whose self-attention reaches the other views of an object; cross-attention to text stays per view.

    The views of one object are contiguous in the batch: (B V, L, D). `num_views` comes through `cross_attention_kwargs`; with 1
    this is exactly Stable Diffusion's attention, whatever the kind.

    Args:
        kind: one of `VIEW_ATTENTION`. "inflated": one sequence of V L tokens, no weights of its own. "temporal" and "new-3d":
            each view alone, plus what the layer of `add_view_layers` says.
    """

    def __init__(self, kind: str = "inflated"):
        self.kind = kind

    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        num_views: int = 1,
    ) -> Tensor:
        if encoder_hidden_states is not None:
            return attend(attn, hidden_states, encoder_hidden_states, attention_mask)
        if num_views == 1 or self.kind == "none":
            return attend(attn, hidden_states, hidden_states, attention_mask)
        batch, length, _ = hidden_states.shape
        assert batch % num_views == 0, (batch, num_views)
        together = hidden_states.reshape(batch // num_views, num_views * length, -1)  # (B, V L, D)
        if self.kind == "inflated":
            return attend(attn, together, together, attention_mask).reshape(batch, length, -1)
        alone = attend(attn, hidden_states, hidden_states, attention_mask)
        if self.kind == "new-3d":
            return alone + attend(attn.across_views, together, together).reshape(batch, length, -1)
        at_one_place = together.unflatten(1, (num_views, length)).transpose(1, 2).flatten(0, 1)  # (B L, V, D)
        mixed = attend(attn.across_views, at_one_place, at_one_place)
        return alone + mixed.unflatten(0, (-1, length)).transpose(1, 2).reshape(batch, length, -1)


def attend(attn: Attention, hidden_states: Tensor, context: Tensor, attention_mask: Tensor | None = None) -> Tensor:
    """Attention of tokens (B, L, D) to a context (B, M, D'), (B, L, D)."""

    def split_heads(tokens: Tensor) -> Tensor:
        return tokens.unflatten(-1, (attn.heads, -1)).transpose(1, 2)  # (B, heads, L, D / heads)

    query, key, value = (
        split_heads(project(x)) for project, x in ((attn.to_q, hidden_states), (attn.to_k, context), (attn.to_v, context))
    )
    few = query.shape[2] * key.shape[2] <= MAX_PAIRS
    if few and attention_mask is None and query.is_cpu and query.dtype == torch.bfloat16:
        mixed = attend_by_products(query, key, value)
    else:
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=attention_mask)
    return attn.to_out[1](attn.to_out[0](mixed.transpose(1, 2).flatten(2)))


def attend_by_products(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """`F.scaled_dot_product_attention` by two batched products: query (B, heads, L, d), key and value (B, heads, M, d).

    torch's fused kernel for CPUs prepares an oneDNN product anew for every block of every head: in bfloat16 its backward pass
    takes up to twenty times as long as this where the context is short (docs/log.md). This keeps all weights, (B, heads, L, M).

    Returns:
        (B, heads, L, d).
    """
    weights = (query * query.shape[-1] ** -0.5 @ key.mT).softmax(dim=-1)
    return weights @ value


def add_view_layers(unet) -> None:
    """Give each self-attention of a UNet a layer for the other views, `across_views`, of its own size.

    Its output begins at zero, so that the untrained layer changes nothing. It stands beside the self-attention and reads the
    same normed tokens.
    """
    for block in [module for module in unet.modules() if isinstance(module, BasicTransformerBlock)]:
        own = block.attn1
        layer = Attention(own.query_dim, heads=own.heads, dim_head=own.inner_dim // own.heads)
        nn.init.zeros_(layer.to_out[0].weight)
        nn.init.zeros_(layer.to_out[0].bias)
        own.across_views = layer
