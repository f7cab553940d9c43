"""The laws of MVDream's UNet."""

import copy

import pytest
import torch

from mvdream_cli.diffusion.attention import MultiViewAttnProcessor
from mvdream_cli.diffusion.unet import with_variants
from mvdream_cli.models.load import load_pipeline, save_pipeline


def inputs(tiny, objects=2, views=4):
    torch.manual_seed(1)
    count, channels, size = objects * views, tiny.latent_channels, tiny.unet.config.sample_size
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


def changed(tiny, **variant):
    """The tiny UNet as a variant whose new layers do something."""
    unet = with_variants(tiny.unet, variant.get("view_attention"), variant.get("camera_input"))
    for name, parameter in unet.named_parameters():
        if "across_views.to_out" in name:
            torch.nn.init.normal_(parameter, std=0.3)
    return unet


@pytest.mark.parametrize("kind", ["temporal", "new-3d"])
def test_new_layers_between_views_change_nothing_before_they_are_trained(tiny, kind):
    latents, t, text, camera = inputs(tiny)
    alone = tiny.unet(latents, t, text, class_labels=camera).sample
    fresh = with_variants(tiny.unet, kind, None)
    together = fresh(latents, t, text, class_labels=camera, cross_attention_kwargs={"num_views": 4}).sample
    torch.testing.assert_close(together, alone)  # that of no attention between the views
    assert fresh.config.view_attention == kind and with_variants(fresh, None, None) is fresh


@pytest.mark.parametrize("kind", ["inflated", "temporal", "new-3d", "none"])
def test_what_a_view_sees_of_the_others(tiny, kind):
    tiny.register_modules(unet=changed(tiny, view_attention=kind))
    latents, t, text, camera = inputs(tiny)
    before = tiny.predict(latents, t, text, camera, 4)
    latents[1] += 1.0
    change = (tiny.predict(latents, t, text, camera, 4) - before).flatten(1).abs().amax(1)
    assert change[1] > 1e-4 and (change[4:] < 1e-6).all()
    assert (change[[0, 2, 3]] > 1e-5).all() if kind != "none" else (change[[0, 2, 3]] < 1e-6).all()


def test_temporal_attention_is_between_the_views_at_one_place(tiny):
    """Against its slow twin: each place by itself; and new 3D attention over all places of all views."""
    block = changed(tiny, view_attention="temporal").mid_block.attentions[0].transformer_blocks[0].attn1
    tokens, layer = torch.randn(8, 5, block.query_dim), block.across_views

    def plain(sequence):
        q, k, v = (f(sequence).unflatten(-1, (layer.heads, -1)) for f in (layer.to_q, layer.to_k, layer.to_v))
        weights = torch.einsum("bihd,bjhd->bhij", q, k) / q.shape[-1] ** 0.5
        return layer.to_out[0](torch.einsum("bhij,bjhd->bihd", weights.softmax(-1), v).flatten(2))

    alone = MultiViewAttnProcessor("none")(block, tokens, num_views=4)
    slow = torch.zeros(8, 5, block.query_dim)
    for place in range(5):
        slow[:, place] = plain(tokens[:, place].reshape(2, 4, -1)).reshape(8, -1)
    temporal = MultiViewAttnProcessor("temporal")(block, tokens, num_views=4)
    torch.testing.assert_close(temporal, alone + slow, atol=1e-5, rtol=1e-5)
    everywhere = MultiViewAttnProcessor("new-3d")(block, tokens, num_views=4)
    torch.testing.assert_close(everywhere, alone + plain(tokens.reshape(2, 20, -1)).reshape(8, 5, -1), atol=1e-5, rtol=1e-5)


def test_a_camera_beside_the_text_is_one_more_token_and_absent_in_the_2d_mode(tiny):
    tiny.register_modules(unet=changed(tiny, camera_input="text"))
    unet = tiny.unet
    latents, t, text, camera = inputs(tiny)
    unet.class_embedding.register_forward_pre_hook(lambda *_: pytest.fail("the camera went to the timestep"))
    ours = tiny.predict(latents, t, text, camera, 4)
    longer = torch.cat([text, unet.camera_token(camera)[:, None]], 1)
    torch.testing.assert_close(ours, tiny.predict(latents, t, longer, None, 4))
    assert (ours - tiny.predict(latents, t, text, None, 4)).abs().max() > 1e-5


@pytest.mark.parametrize("variant", [{"view_attention": "new-3d", "camera_input": "text"}, {"view_attention": "none"}, {}])
def test_a_variant_is_kept_in_the_folder(tiny, tmp_path, variant):
    tiny.register_modules(unet=changed(tiny, **variant))
    again = load_pipeline(str(save_pipeline(tiny, tmp_path / "model")))
    assert {"view_attention", "camera_input"} & set(again.unet.config) == set(variant)
    latents, t, text, camera = inputs(tiny)
    torch.testing.assert_close(again.predict(latents, t, text, camera, 4), tiny.predict(latents, t, text, camera, 4))


def test_another_embedding_of_the_camera_takes_the_place_of_the_models_own(tiny):
    latents, t, text, camera = inputs(tiny)
    own = tiny.predict(latents, t, text, camera, 4)
    other = copy.deepcopy(tiny.unet.class_embedding)
    torch.nn.init.zeros_(other.linear_2.weight)
    torch.nn.init.zeros_(other.linear_2.bias)
    with tiny.unet.camera_embedded_by(other):
        torch.testing.assert_close(tiny.predict(latents, t, text, camera, 4), tiny.predict(latents, t, text, None, 4))
    torch.testing.assert_close(tiny.predict(latents, t, text, camera, 4), own)
