"""Multi-view self-attention: every token of an object sees the tokens of all its views (MVDream, section 3.1)."""

import torch.nn.functional as F
from diffusers.models.attention_processor import Attention
from torch import Tensor


class MultiViewAttnProcessor:
    """Attention whose self-attention is shared between the views of an object; cross-attention to text stays per view.

    The views of one object are contiguous in the batch: (B * V, L, D) is seen as (B, V * L, D). No weights of its own,
    and with `num_views=1` exactly Stable Diffusion's attention. `num_views` comes through `cross_attention_kwargs`.
    """

    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        num_views: int = 1,
    ) -> Tensor:
        batch, length, _ = hidden_states.shape
        is_self_attention = encoder_hidden_states is None
        if is_self_attention and num_views > 1:
            assert batch % num_views == 0, (batch, num_views)
            hidden_states = hidden_states.reshape(batch // num_views, num_views * length, -1)  # (B, V L, D)
        context = hidden_states if is_self_attention else encoder_hidden_states

        def split_heads(tokens: Tensor) -> Tensor:
            return tokens.unflatten(-1, (attn.heads, -1)).transpose(1, 2)  # (B, heads, L, D / heads)

        query, key, value = (
            split_heads(project(x)) for project, x in ((attn.to_q, hidden_states), (attn.to_k, context), (attn.to_v, context))
        )
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=attention_mask)
        mixed = mixed.transpose(1, 2).flatten(2)
        output = attn.to_out[1](attn.to_out[0](mixed))
        return output.reshape(batch, length, -1)
