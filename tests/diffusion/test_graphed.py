import pytest
import torch

from mvdream_cli.diffusion.graphed import replay_training_steps


def inputs(unet, views, objects=1):
    count, size = views * objects, unet.config.sample_size
    generator = torch.Generator().manual_seed(views)
    latents = torch.randn(count, unet.config.in_channels, size, size, generator=generator)
    text = torch.randn(count, 5, unet.config.cross_attention_dim, generator=generator)
    camera = torch.randn(count, 16, generator=generator) if views > 1 else None
    arguments = {"class_labels": camera, "cross_attention_kwargs": {"num_views": views}}
    return (latents, torch.full((count,), 300), text), arguments


def test_calls_are_captured_once_a_shape_and_only_in_training(tiny, monkeypatch):
    captured = []

    def stand_in(call, examples, allow_unused_input):
        captured.append(tuple(tuple(x.shape) for x in examples))
        return call

    monkeypatch.setattr(torch.cuda, "make_graphed_callables", stand_in)
    unet = tiny.unet.requires_grad_(True).train()
    expected = {views: unet(*inputs(unet, views)[0], **inputs(unet, views)[1]).sample for views in (1, 4)}
    replay_training_steps(unet)
    for views in (1, 4, 1, 4):
        arguments, options = inputs(unet, views)
        assert torch.equal(unet(*arguments, **options).sample, expected[views])
    assert [len(shapes) for shapes in captured] == [3, 4]  # without and with a camera
    unet.eval()
    arguments, options = inputs(unet, 4, objects=2)
    unet(*arguments, **options)
    assert len(captured) == 2


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_replayed_steps_equal_plain_ones(tiny):
    unet = tiny.unet.to("cuda", torch.bfloat16).requires_grad_(True).train()
    gradients = {}
    for name in ("plain", "replayed"):
        if name == "replayed":
            replay_training_steps(unet)
        for views in (4, 1, 4):
            arguments, options = inputs(unet, views)
            latents, timesteps, text = (x.cuda() for x in arguments)
            camera = None if options["class_labels"] is None else options["class_labels"].cuda().bfloat16()
            unet.zero_grad(set_to_none=True)
            sample = unet(latents.bfloat16(), timesteps, text.bfloat16(), **options | {"class_labels": camera}).sample
            sample.float().square().mean().backward()
            gradients[name, views] = torch.cat([p.grad.flatten().float() for p in unet.parameters() if p.grad is not None])
    for views in (1, 4):
        assert torch.allclose(gradients["plain", views], gradients["replayed", views], rtol=0.02, atol=1e-5)
