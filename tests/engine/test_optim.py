"""Master weights, exponential averages, learning rates: against their own definitions."""

import copy
import sys

import pytest
import torch

from mvdream_cli.engine.optim import Ema, MasterAdamW, adamw, step_if, warmup_cosine
from mvdream_cli.errors import UsageError


def gradients(steps=30, size=50):
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(size, generator=generator).bfloat16() for _ in range(steps)]


def push(param, gradient):
    """Give `param` this gradient through a backward pass."""
    (param * gradient.to(param.dtype)).sum().backward()


def test_bfloat16_with_masters_is_the_float32_trajectory_rounded():
    start = torch.linspace(-1, 1, 50).bfloat16()
    half, full = torch.nn.Parameter(start.clone()), torch.nn.Parameter(start.float())
    ours = adamw([half], learning_rate=1e-3, weight_decay=0.1)
    torchs = torch.optim.AdamW([full], lr=1e-3, weight_decay=0.1, fused=True)
    assert isinstance(ours, MasterAdamW)
    for gradient in gradients():
        for param, optimizer in ((half, ours), (full, torchs)):
            optimizer.zero_grad()
            push(param, gradient)
            optimizer.step()
        assert torch.equal(ours.master_of(half), full) and torch.equal(half, full.bfloat16())


@pytest.mark.parametrize("kind", ["fused", "masters", "plain"])
def test_a_bad_step_changes_nothing_and_the_next_is_as_if_it_had_not_been(kind):
    weights, optimizers = [], []
    for _ in range(2):
        weights.append(torch.nn.Parameter(torch.linspace(-1, 1, 50).to(torch.bfloat16 if kind == "masters" else torch.float32)))
        make = torch.optim.SGD if kind == "plain" else torch.optim.AdamW
        options = {"lr": 1e-2} if kind == "plain" else {"lr": 1e-2, "fused": True}
        optimizers.append(adamw(weights[-1:], learning_rate=1e-2) if kind == "masters" else make(weights[-1:], **options))
    for i, gradient in enumerate(gradients(6)):
        if i in (2, 3):  # for the first only, and not finite
            optimizers[0].zero_grad()
            push(weights[0], gradient * float("nan" if i == 2 else "inf"))
            before = weights[0].detach().clone()
            step_if(torch.tensor(False), optimizers[0])
            assert torch.equal(weights[0], before)
        for weight, optimizer in zip(weights, optimizers):
            optimizer.zero_grad()
            push(weight, gradient)
            step_if(torch.tensor(True), optimizer)
    assert torch.equal(*weights) and not torch.equal(weights[0], torch.linspace(-1, 1, 50).to(weights[0]))


def test_updates_too_small_for_bfloat16_are_not_lost():
    half = torch.nn.Parameter(torch.ones(4, dtype=torch.bfloat16))
    optimizer = adamw([half], learning_rate=1e-4, weight_decay=0.0)
    for _ in range(100):  # each step is 1e-4, a fortieth of the spacing of bfloat16 below 1
        optimizer.zero_grad()
        push(half, torch.ones(4))
        optimizer.step()
    assert half.tolist() == pytest.approx([0.99] * 4, abs=0.002)


def test_micro_batches_add_up_in_float32():
    half = torch.nn.Parameter(torch.zeros(1, dtype=torch.bfloat16))
    optimizer = adamw([half], learning_rate=1.0)
    push(half, torch.tensor([256.0]))
    for _ in range(8):
        push(half, torch.tensor([0.5]))  # lost in bfloat16, whose spacing at 256 is 2
    assert half.grad is None and optimizer.param_groups[0]["params"][0].grad.item() == 260.0


def test_float32_gets_torchs_own_optimizer():
    params = [torch.nn.Parameter(torch.zeros(3)), torch.nn.Parameter(torch.zeros(3), requires_grad=False)]
    optimizer = adamw(params, learning_rate=0.1)
    assert type(optimizer) is torch.optim.AdamW and len(optimizer.param_groups[0]["params"]) == 1


def test_groups_keep_their_own_rates():
    a, b = torch.nn.Parameter(torch.zeros(2)), torch.nn.Parameter(torch.zeros(2, dtype=torch.bfloat16))
    optimizer = adamw([{"params": [a], "lr": 0.5}, {"params": [b]}], learning_rate=0.25, betas=(0.9, 0.99), eps=1e-15)
    push(a, torch.ones(2))
    push(b, torch.ones(2))
    optimizer.step()
    assert a[0].item() == pytest.approx(-0.5) and b[0].item() == pytest.approx(-0.25)
    assert [g["betas"] for g in optimizer.param_groups] == [(0.9, 0.99)] * 2


def test_the_state_goes_on_where_it_was():
    def run(first, last, param, optimizer):
        for gradient in gradients()[first:last]:
            optimizer.zero_grad()
            push(param, gradient)
            optimizer.step()

    a, b = (torch.nn.Parameter(torch.ones(50, dtype=torch.bfloat16)) for _ in range(2))
    first, second = adamw([a], learning_rate=1e-2), adamw([b], learning_rate=1e-2)
    run(0, 10, a, first)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    assert torch.equal(a, b)
    run(10, 20, a, first)
    run(10, 20, b, second)
    assert torch.equal(a, b) and torch.equal(first.master_of(a), second.master_of(b))
    with pytest.raises(ValueError, match="master weights"):
        adamw([a, b], learning_rate=1.0).load_state_dict(first.state_dict())


def test_the_average_follows_its_formula():
    module = torch.nn.Linear(1, 1, bias=False)
    average = Ema(module, decay=0.5)
    expected = module.weight.item()
    for step, value in enumerate([1.0, 2.0, 3.0, 4.0]):
        torch.nn.init.constant_(module.weight, value)
        average.update(step)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value
    assert average.averages[0].item() == pytest.approx(expected)
    with average.applied() as averaged:
        assert averaged.weight.item() == pytest.approx(expected)
    assert module.weight.item() == 4.0


def test_the_average_of_bfloat16_weights_is_taken_of_the_masters():
    module = torch.nn.Linear(1, 1, bias=False).to(torch.bfloat16)
    torch.nn.init.ones_(module.weight)  # so large that a step of 1e-4 is lost in bfloat16
    optimizer = adamw(module.parameters(), learning_rate=1e-4)
    average = Ema(module, 0.9, optimizer)
    push(module.weight, torch.ones(1, 1))
    optimizer.step()
    average.update(10**6)
    before, after = module.weight.item(), optimizer.master_of(module.weight).item()
    assert average.averages[0].item() == pytest.approx(0.9 * before + 0.1 * after, abs=1e-7)
    with pytest.raises(ValueError, match="other parameters"):
        average.load_state_dict({"bias": torch.zeros(1)})


def test_learning_rate_factors():
    assert [warmup_cosine(4, 100)(i, i) for i in (0, 1, 2, 3, 4)] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert warmup_cosine(0, 100)(0, 0) == 1.0 and warmup_cosine(0, 100)(100, 100) == pytest.approx(0.0)
    cosine = warmup_cosine(10, 110, final=0.2)
    assert cosine(0, 0) == 0.1 and cosine(9, 9) == 1.0 and cosine(10, 10) == 1.0
    assert cosine(60, 60) == pytest.approx(0.6) and cosine(110, 110) == cosine(500, 500) == pytest.approx(0.2)
    assert cosine(30, 60) == cosine(60, 60)  # the time goes faster than the steps
    assert cosine(0, 60) == 0.1 and cosine(4, 110) == pytest.approx(0.2)  # and faster than the warm-up


def test_eight_bits_need_their_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "bitsandbytes.optim", None)
    with pytest.raises(UsageError, match=r"train.optimizer.eight_bit: needs bitsandbytes, .*pip install bitsandbytes"):
        adamw([torch.nn.Parameter(torch.zeros(2))], learning_rate=0.1, eight_bit=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_eight_bits_do_nearly_what_thirty_two_do(dtype):
    pytest.importorskip("bitsandbytes")
    found = []
    for eight_bit in (False, True):
        torch.manual_seed(0)
        model = torch.nn.Linear(128, 64).to(dtype)
        optimizer = adamw(model.parameters(), learning_rate=0.01, eight_bit=eight_bit)
        for k in range(20):
            (model(torch.randn(16, 128, dtype=dtype)) - 1).square().mean().backward()
            step_if(torch.tensor(k != 5), optimizer)
            optimizer.zero_grad()
        inner = getattr(optimizer, "inner", optimizer)
        moments = {
            state.dtype for values in inner.state.values() for state in values.values() if isinstance(state, torch.Tensor)
        }
        found.append((model.weight.detach().float(), torch.uint8 in moments))
        again = adamw(model.parameters(), learning_rate=0.01, eight_bit=eight_bit)
        again.load_state_dict(optimizer.state_dict())
    assert [eight for _, eight in found] == [False, True]
    start = found[0][0] - found[1][0]
    assert start.abs().max() < 0.02 and start.abs().mean() < 0.004  # of 0.2 that each weight may have gone
