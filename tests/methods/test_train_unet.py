import pytest
import torch
from conftest import HostWaits

from mvdream_cli.data.latents import Latents
from mvdream_cli.engine.device import seed_step
from mvdream_cli.errors import UsageError
from mvdream_cli.methods.train_unet import drop_caption, train_unet
from mvdream_cli.settings.resolve import resolve


def training(pipeline, *settings, device="cpu", tmp_path=None):
    options = resolve("cpu", [f"train.{value}" for value in settings]).train
    size = pipeline.unet.config.sample_size
    seed_step(0, -1)
    latents = torch.randn(6, 4, pipeline.unet.config.in_channels, size, size).half()
    objects = Latents(latents, torch.randn(6, 4, 16), [f"a toy number {k}" for k in range(6)])
    where = {"device": torch.device(device), "dtype": torch.float32, "seed": 0, "previews": tmp_path}
    return train_unet(pipeline, objects, objects, options, **where)


@pytest.mark.parametrize("probability", [0, 1])
def test_a_step_does_not_wait_for_a_gpu(probability, tiny):
    waits = HostWaits()
    tiny.text_encoder.to("meta")
    method = training(tiny, f"unet.single_image_probability={probability}", "batch_size=2", device="meta")
    waits.take(method.step)
    assert waits.seen == []


def test_the_coin_between_objects_and_single_images_falls_once_a_step(tiny):
    method = training(tiny, "unet.single_image_probability=0.5", "batch_size=4", "micro_batch_size=1")
    assert method.micro_batches(0) == 4
    seen = set()
    for i in range(12):
        kinds = set()
        for micro in range(4):
            seed_step(0, i, micro)
            kinds |= method.step(i, micro)[1].keys()
        assert len(kinds) == 1
        seen |= kinds
    assert seen == {"loss_2d", "loss_multi_view"}


def test_short_memory_makes_micro_batches_smaller(tiny):
    method = training(tiny, "batch_size=4")
    assert method.shrink() == "2 micro-batches of 2 objects; the batch stays the same" and method.micro_batches(0) == 2
    loss, _ = method.step(0, 1)
    loss.backward()
    assert method.shrink() and method.micro_batches(0) == 4 and method.shrink() is None


def test_cuda_graphs_are_refused_where_they_cannot_be(tiny, tmp_path):
    options = resolve("cpu", []).train
    where = {"device": torch.device("cpu"), "dtype": torch.bfloat16, "seed": 0, "previews": tmp_path}
    with pytest.raises(UsageError, match="engine.cuda_graphs: works on a CUDA GPU"):
        train_unet(tiny, None, None, options, cuda_graphs=True, **where)


def test_captions_are_dropped_as_often_as_asked():
    torch.manual_seed(0)
    dropped = [drop_caption("a dog", 0.25) == "" for _ in range(400)]
    assert 0.18 < sum(dropped) / 400 < 0.32
