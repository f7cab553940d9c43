"""The laws of MVDream's UNet."""

import pytest
import torch


def inputs(tiny, objects=2, views=4):
    torch.manual_seed(1)
    count, channels, size = objects * views, tiny.unet.config.in_channels, tiny.unet.config.sample_size
    latents = torch.randn(count, channels, size, size)
    return latents, torch.full((count,), 500), torch.randn(count, 16, 32), torch.randn(count, 16)


def test_views_of_an_object_see_each_other_and_no_other_object(tiny):
    latents, t, text, camera = inputs(tiny)
    before = tiny.predict(latents, t, text, camera, 4)
    latents[1] += 1.0
    change = (tiny.predict(latents, t, text, camera, 4) - before).flatten(1).abs().amax(1)
    assert (change[:4] > 1e-5).all() and (change[4:] < 1e-6).all()


def test_one_view_is_plain_attention(tiny):
    """With one view the processor equals diffusers' own, to the last digits."""
    from diffusers.models.attention_processor import AttnProcessor2_0

    latents, t, text, camera = inputs(tiny)
    ours = tiny.predict(latents, t, text, camera, 1)
    tiny.unet.set_attn_processor(AttnProcessor2_0())
    theirs = tiny.unet(latents, t, text, class_labels=camera).sample
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_four_views_are_one_long_sequence(tiny):
    """The inflated self-attention against its slow twin: the tokens of the views concatenated by hand."""
    attention = tiny.unet.mid_block.attentions[0].transformer_blocks[0].attn1
    tokens = torch.randn(8, 5, attention.query_dim)
    ours = attention(tokens, num_views=4)
    q, k, v = (f(tokens.reshape(2, 20, -1)) for f in (attention.to_q, attention.to_k, attention.to_v))
    heads = [x.reshape(2, 20, attention.heads, -1).permute(0, 2, 1, 3) for x in (q, k, v)]
    weights = (heads[0] @ heads[1].mT / heads[0].shape[-1] ** 0.5).softmax(-1)
    slow = attention.to_out[0]((weights @ heads[2]).permute(0, 2, 1, 3).reshape(2, 20, -1)).reshape(8, 5, -1)
    torch.testing.assert_close(ours, slow, atol=1e-5, rtol=1e-5)


def test_no_camera_is_not_a_zero_camera(tiny):
    latents, t, text, _ = inputs(tiny)
    absent = tiny.predict(latents, t, text, None, 1)
    zeros = tiny.predict(latents, t, text, torch.zeros(8, 16), 1)
    assert (absent - zeros).abs().max() > 1e-4
    embedding, tiny.unet.class_embedding = tiny.unet.class_embedding, None
    torch.testing.assert_close(absent, tiny.predict(latents, t, text, None, 1))
    tiny.unet.class_embedding = embedding


def test_views_that_do_not_fill_objects_are_refused(tiny):
    latents, t, text, camera = inputs(tiny)
    with pytest.raises(AssertionError):
        tiny.predict(latents[:6], t[:6], text[:6], camera[:6], 4)
