import torch

from mvdream_cli.data.training_pictures import ViewSet
from mvdream_cli.data.views import index_views
from mvdream_cli.engine.device import seed_step
from mvdream_cli.methods.train_clip import train_clip
from mvdream_cli.settings.resolve import resolve


def test_parts_of_a_batch_have_its_loss_and_gradient(tiny, view_set):
    """The loss compares all pairs, so parts are only a way to use less memory: same numbers."""
    options = resolve("cpu", ["train.batch_size=8"]).train
    method = train_clip(tiny, ViewSet(index_views(view_set)), options, device=torch.device("cpu"))
    parameters = [p for group in method.optimizer.param_groups for p in group["params"]]

    def gradients():
        for p in parameters:
            p.grad = None
        seed_step(0, 0)
        loss, _ = method.step(0, 0)
        loss.backward()
        return loss.detach(), [p.grad.clone() for p in parameters if p.grad is not None]

    whole_loss, whole = gradients()
    assert method.shrink() == "2 micro-batches of 4 pairs; the batch stays the same" and method.micro_batches(0) == 1
    loss, parts = gradients()
    torch.testing.assert_close(loss, whole_loss)
    for one, other in zip(whole, parts, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)
