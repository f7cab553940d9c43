import pytest
import torch

from mvdream_cli.data.set_stream import SetStream
from mvdream_cli.data.streamed import StreamedPictures
from mvdream_cli.data.views import index_views
from mvdream_cli.engine import distributed
from mvdream_cli.errors import ModelError, UsageError
from mvdream_cli.methods.train_clip import of_whole_batch, train_clip
from mvdream_cli.parts import Part
from mvdream_cli.settings.resolve import resolve


def pictures(view_set, **options):
    stream = SetStream(index_views(view_set), **{"views": 1, "seed": 0, "batch_size": 8, "apart": True} | options)
    return StreamedPictures(stream, contrast=False)


def test_parts_of_a_batch_have_its_loss_and_gradient(tiny, view_set):
    """The loss compares all pairs, so parts are only a way to use less memory: same numbers."""
    options = resolve("cpu", ["train.batch_size=8"]).train
    method = train_clip(tiny, pictures(view_set), options, device=torch.device("cpu"))
    parameters = [p for group in method.optimizer.param_groups for p in group["params"]]

    def gradients():
        for p in parameters:
            p.grad = None
        (part,) = method.parts(0)
        loss, _ = method.step(0, part)
        loss.backward()
        return loss.detach(), [p.grad.clone() for p in parameters if p.grad is not None]

    whole_loss, whole = gradients()
    assert method.shrink() == "2 micro-batches of 4 pairs; the batch stays the same"
    loss, parts = gradients()
    torch.testing.assert_close(loss, whole_loss)
    for one, other in zip(whole, parts, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_embeddings_of_other_processes_count_as_if_they_were_here(monkeypatch):
    """Each of two processes knows the gradient of its own rows; both together are that of the whole batch."""
    torch.manual_seed(0)
    weights, x = torch.randn(3, 4, requires_grad=True), torch.randn(5, 3)
    (x @ weights).square().sum().exp().log().backward()
    expected, weights.grad = weights.grad.clone(), None
    parts = [Part(0, 2, 5), Part(2, 5, 5)]
    for part in parts:
        monkeypatch.setattr(distributed, "total", lambda whole: (x @ weights).detach())
        (of_whole_batch(part.of(x) @ weights, part).square().sum() * part.share).backward()
    torch.testing.assert_close(weights.grad, expected, rtol=1e-4, atol=1e-4)


def test_a_model_with_one_tower_is_refused(tiny, view_set):
    tiny.register_modules(image_encoder=None)
    options = resolve("cpu", ["train.init=sd-v2.1-base-4view"]).train
    with pytest.raises(ModelError, match="sd-v2.1-base-4view: has no image tower of CLIP"):
        train_clip(tiny, pictures(view_set), options, device=torch.device("cpu"))


@pytest.mark.parametrize("word_weight", [0.0, 1.0])
def test_the_tower_keeps_its_words_where_they_are_asked_for(tiny, view_set, word_weight):
    options = resolve("cpu", ["train.batch_size=8", f"train.clip.word_weight={word_weight}"]).train
    method = train_clip(tiny, pictures(view_set), options, device=torch.device("cpu"))
    optimizer, told = torch.optim.AdamW(method.modules["towers"].parameters(), lr=3e-3), []
    for i in range(20):
        optimizer.zero_grad()
        loss, figures = method.step(i, *method.parts(i))
        loss.backward()
        optimizer.step()
        told.append({name: float(value) for name, value in figures.items()})
    assert ("loss_words" in told[0]) == (word_weight > 0)
    if word_weight:
        assert told[-1]["loss_words"] < 0.6 * told[0]["loss_words"]


def test_a_frozen_text_tower_keeps_what_a_unet_reads(tiny, view_set):
    options = resolve("cpu", ["train.batch_size=8", "train.clip.freeze_text=true", "train.init=mini"]).train
    method = train_clip(tiny, pictures(view_set), options, device=torch.device("cpu"))
    words, states = tiny.embed_texts(["a dog"]), tiny.encode_prompt(["a dog"])
    for i in range(3):
        loss, figures = method.step(i, *method.parts(i))
        assert "loss_words" not in figures
        loss.backward()
        method.optimizer.param_groups[0]["lr"] = 1e-2
        method.optimizer.step()
    assert torch.equal(tiny.encode_prompt(["a dog"]), states)
    assert not torch.allclose(tiny.embed_texts(["a dog"]), words)


def test_a_fresh_text_tower_is_not_frozen(tiny, view_set):
    options = resolve("cpu", ["train.batch_size=8", "train.clip.freeze_text=true"]).train
    with pytest.raises(UsageError, match="a fresh text tower would stay untrained"):
        train_clip(tiny, pictures(view_set), options, device=torch.device("cpu"))
