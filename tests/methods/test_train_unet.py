import pytest
import torch
from conftest import HostWaits

from mvdream_cli.data.latents import Latents
from mvdream_cli.engine.device import seed_step
from mvdream_cli.errors import UsageError
from mvdream_cli.methods.train_unet import train_unet
from mvdream_cli.models.load import load_pipeline, save_pipeline
from mvdream_cli.parts import Part
from mvdream_cli.settings.resolve import resolve


def training(pipeline, *settings, device="cpu", tmp_path=None, held_out=False):
    options = resolve("cpu", [f"train.{value}" for value in settings]).train
    size = pipeline.unet.config.sample_size
    seed_step(0, -1)
    latents = torch.randn(6, 4, pipeline.latent_channels, size, size).half()
    file = {"latents": latents[:, None], "cameras": torch.randn(6, 4, 16), "entries": torch.arange(6)}
    objects = Latents([file], [f"a toy number {k}" for k in range(6)], seed=0)
    where = {"device": torch.device(device), "dtype": torch.float32, "seed": 0, "previews": tmp_path}
    return train_unet(pipeline, objects, objects, options, held_out=objects if held_out else None, **where)


def a_step(method):
    return method.step(0, method.parts(0)[0])


@pytest.mark.parametrize("probability", [0, 1])
def test_a_step_does_not_wait_for_a_gpu(probability, tiny):
    waits = HostWaits()
    tiny.text_encoder.to("meta")
    method = training(tiny, f"unet.single_image_probability={probability}", "batch_size=2", device="meta")
    waits.take(method.step)
    assert waits.seen == []


def test_the_coin_between_objects_and_single_images_falls_once_a_step(tiny):
    method = training(tiny, "unet.single_image_probability=0.5", "batch_size=4", "micro_batch_size=1")
    assert len(method.parts(0)) == 4
    seen = set()
    for i in range(12):
        kinds = set()
        for part in method.parts(i):
            kinds |= method.step(i, part)[1].keys()
        assert len(kinds) == 1
        seen |= kinds
    assert seen == {"loss_2d", "loss_multi_view"}


def test_short_memory_makes_micro_batches_smaller(tiny):
    method = training(tiny, "batch_size=4")
    assert method.shrink() == "2 micro-batches of 2 objects; the batch stays the same" and len(method.parts(0)) == 2
    loss, _ = method.step(0, method.parts(0)[1])
    loss.backward()
    assert method.shrink() and len(method.parts(0)) == 4 and method.shrink() is None


def test_cuda_graphs_are_refused_where_they_cannot_be(tiny, tmp_path):
    options = resolve("cpu", []).train
    where = {"device": torch.device("cpu"), "dtype": torch.bfloat16, "seed": 0, "previews": tmp_path}
    with pytest.raises(UsageError, match="engine.cuda_graphs: works on a CUDA GPU"):
        train_unet(tiny, None, None, options, cuda_graphs=True, **where)


def test_the_size_of_the_views_and_the_suffix_are_asked_of_the_model_as_they_were_trained(tiny, tmp_path):
    tiny.image_size = 48
    tiny.register_to_config(caption_suffix=", 3d asset")
    assert tiny.unet.config.sample_size == 12 and tiny("a cat", None, seeds=[0], steps=1).shape == (1, 1, 48, 48, 3)
    with pytest.raises(UsageError, match="multiple of 4"):
        tiny.image_size = 50
    again = load_pipeline(str(save_pipeline(tiny, tmp_path / "model")))
    assert again.image_size == 48
    assert [again.asked(text) for text in ("a cat", "a 3D cat", "")] == ["a cat, 3d asset", "a 3D cat", ""]
    assert again.asked("a cat", "") == "a cat" and again.asked("a cat", " toy") == "a cat toy"


@pytest.mark.parametrize("views", [1, 2, 4])
def test_any_number_of_views_is_trained_with_cameras_and_single_images_without(views, tiny):
    """The paper's ablation over 1, 2 and 4 views: one view of an object has its camera, a single image has none."""
    asked = []
    tiny.unet.class_embedding.register_forward_pre_hook(lambda _, args: asked.append(len(args[0])))
    for probability, cameras in ((0, [3 * views]), (1, [])):
        settings = (f"unet.single_image_probability={probability}", f"unet.views_per_object={views}", "batch_size=3")
        a_step(training(tiny, *settings))
        assert asked == cameras
        asked.clear()


@pytest.mark.parametrize("attention", ["temporal", "new-3d", "none"])
@pytest.mark.parametrize("camera", ["time", "text"])
def test_the_papers_ablations_train_every_weight_that_they_use(attention, camera, tiny):
    method = training(
        tiny, f"unet.attention={attention}", f"unet.camera={camera}", "unet.single_image_probability=0", "batch_size=2"
    )
    unet = tiny.unet
    assert (unet.config.get("view_attention"), unet.camera_input) == (attention, camera)
    for name, parameter in unet.named_parameters():  # what begins at zero would hold back the gradient of what is before it
        if "across_views.to_out" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    a_step(method)[0].backward()
    idle = {name.split(".")[0] for name, p in unet.named_parameters() if p.grad is None}
    assert idle == ({"class_embedding"} if camera == "text" else set())


def test_captions_are_dropped_as_often_as_asked(tiny, monkeypatch):
    told = []
    monkeypatch.setattr(type(tiny), "encode_prompt", lambda self, texts: told.extend(texts) or torch.zeros(len(texts), 16, 32))
    method = training(tiny, "unet.caption_dropout=0.25", "unet.single_image_probability=0", "batch_size=100")
    method.step(0, Part(0, 100, 400))
    assert 10 < told.count("") < 40


@pytest.mark.parametrize("single", [0, 1])
def test_however_a_batch_is_cut_it_has_one_loss_and_one_gradient(single, tiny):
    """Unequal parts too: what is random belongs to a place of the batch."""
    method = training(tiny, f"unet.single_image_probability={single}", "batch_size=5", "unet.min_snr_gamma=5")

    def taken(*edges):
        method.optimizer.zero_grad()
        parts = [Part(first, last, 5, (0, 3, 0)) for first, last in zip(edges, edges[1:])]
        losses = [method.step(3, part)[0] * part.share for part in parts]
        for loss in losses:
            loss.backward()
        return sum(losses).item(), [p.grad.clone() for p in tiny.unet.parameters() if p.grad is not None]

    loss, whole = taken(0, 5)
    for edges in ((0, 2, 5), (0, 1, 2, 3, 4, 5)):
        again, gradient = taken(*edges)
        assert again == pytest.approx(loss, rel=1e-5)
        for one, other in zip(whole, gradient, strict=True):
            torch.testing.assert_close(one, other, atol=2e-5, rtol=1e-3)


def test_validation_is_the_same_whoever_looks_and_tells_noise_levels_apart(tiny, tmp_path):
    """With the averaged weights, whatever the micro-batches; a perfect model has no loss."""
    settings = ("validation.objects=5", "validation.buckets=4", "batch_size=5")
    method = training(tiny, *settings, held_out=True)
    found = method.validate()
    assert list(found)[:2] == ["validation_loss", "validation_t000_249"] and len(found) == 5
    assert found["validation_loss"] == pytest.approx(sum(list(found.values())[1:]) / 4)
    again = training(tiny, *settings, "micro_batch_size=1", held_out=True).validate()
    assert again == pytest.approx(found, rel=1e-4) and method.validate() == found
    with torch.no_grad():
        for parameter in tiny.unet.parameters():
            parameter.add_(0.05)
    assert method.validate() == found and tiny.unet.training  # the average is what counts
