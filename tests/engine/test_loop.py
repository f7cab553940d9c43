"""fit: exact resume, kill -9, damaged checkpoints, NaN, signals. A linear model, on the CPU, with the real loop."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from functools import partial
from pathlib import Path

import pytest
import torch

from mvdream_cli.engine import checkpoint
from mvdream_cli.engine.loop import _Background, _Outcome, fit
from mvdream_cli.engine.optim import Ema, adamw, warmup
from mvdream_cli.engine.run import open_run
from mvdream_cli.errors import CheckpointError, MVDreamError

ROOT = Path(__file__).parents[2]


def train(folder, steps, *, dtype=torch.float32, poison=lambda i, attempt_draw: 1.0, step_seconds=0.0, **options):
    """Fit a linear map by random batches drawn inside the step; (summary, weight, average)."""
    torch.manual_seed(0)
    model = torch.nn.Linear(6, 3).to(dtype)
    optimizer = adamw(model.parameters(), learning_rate=1e-2)
    average = Ema(model, 0.99, optimizer)

    def step(i, micro):
        x = torch.randn(16, 6, dtype=dtype)
        factor = poison(i, torch.rand(()).item())
        time.sleep(step_seconds)
        loss = (model(x) - x[:, :3]).square().mean() * factor
        return loss, {"micro": float(micro), "size": x.norm()}

    options = {
        "log_every": 5,
        "checkpoint_every": 10,
        "lr_scale": warmup(4),
        "grad_clip": 1.0,
        "grad_accum": 2,
    } | options
    with open_run(folder, "test", {"test": {"x": 1}}, identity_keys=["test"]) as run:
        summary = fit(
            step, steps=steps, seed=3, optimizer=optimizer, modules={"model": model}, ema={"model": average}, run=run,
            **options,
        )  # fmt: skip
    return summary, model.weight.detach().clone(), torch.cat([a.flatten() for a in average.averages])


def stats(folder):
    return [json.loads(line) for line in (folder / "stats.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_two_halves_equal_the_whole_bit_for_bit(tmp_path, dtype):
    summary, whole, whole_average = train(tmp_path / "a", 40, dtype=dtype)
    train(tmp_path / "b", 20, dtype=dtype)
    resumed, halves, halves_average = train(tmp_path / "b", 40, dtype=dtype)
    assert (summary["resumed_from"], resumed["resumed_from"]) == (0, 20)
    assert torch.equal(whole, halves) and torch.equal(whole_average, halves_average)
    assert "resumed from step 20 of 40" in (tmp_path / "b" / "log.txt").read_text()
    same = ("step", "loss", "grad_norm", "size", "learning_rate")
    assert [[s[k] for k in same] for s in stats(tmp_path / "a")] == [[s[k] for k in same] for s in stats(tmp_path / "b")]


def test_the_fit_learns_and_the_average_follows(tmp_path):
    _, weight, average = train(tmp_path / "a", 150, lr_scale=None)
    logged = stats(tmp_path / "a")
    assert logged[-1]["loss"] < 0.3 * logged[0]["loss"]
    assert not torch.equal(average[:18], weight.flatten()) and (average[:18] - weight.flatten()).abs().max() < 0.3


def run_in_process(folder, steps, **options):
    """The same training in another process, so that it can be killed."""
    code = f"""
        import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); sys.path.insert(0, {str(ROOT)!r})
        from pathlib import Path
        from mvdream_cli.engine.loop import Interrupted
        from test_loop import train
        def began(i, _):  # the handlers are in place and a step is under way
            if i == 0:
                print("began", flush=True)
            return 1.0

        try:
            train(Path({str(folder)!r}), {steps}, poison=began, **{options!r})
        except Interrupted as error:
            print(error, flush=True)
            sys.exit(error.exit_code)
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for(condition, process, seconds=240):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end and process.poll() is None, process.communicate()
        time.sleep(0.005)


def test_a_killed_run_resumes_bit_for_bit(tmp_path):
    _, whole, whole_average = train(tmp_path / "a", 60)
    process = run_in_process(tmp_path / "b", 60, step_seconds=0.01)
    logged = tmp_path / "b" / "stats.jsonl"
    wait_for(lambda: logged.is_file() and '"step": 35' in logged.read_text(), process)  # five steps after a checkpoint
    process.kill()
    process.wait()
    assert len(checkpoint.list_steps(tmp_path / "b" / "checkpoints")) >= 1
    summary, resumed, resumed_average = train(tmp_path / "b", 60)
    assert 30 <= summary["resumed_from"] < 60
    assert torch.equal(whole, resumed) and torch.equal(whole_average, resumed_average)
    assert [s["step"] for s in stats(tmp_path / "b")] == list(range(5, 61, 5))


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_finishes_the_step_saves_and_says_so(tmp_path, signum, code):
    process = run_in_process(tmp_path / "a", 100_000, step_seconds=0.01, checkpoint_every=0, log_every=1)
    wait_for(lambda: (tmp_path / "a" / "stats.jsonl").is_file(), process)
    process.send_signal(signum)
    out, _ = process.communicate(timeout=240)
    assert process.returncode == code and "the same command goes on from there" in out
    assert json.loads((tmp_path / "a" / "run.json").read_text())["status"] == "interrupted"
    (newest,) = checkpoint.list_steps(tmp_path / "a" / "checkpoints")
    assert checkpoint.verify(newest)["step"] == stats(tmp_path / "a")[-1]["step"] > 0


def test_a_second_interrupt_leaves_at_once(tmp_path):
    process = run_in_process(tmp_path / "a", 100, step_seconds=30, checkpoint_every=0)
    assert process.stdout.readline() == "began\n"
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 130


@pytest.mark.parametrize("name", ["weights.safetensors", "optimizer.pt", "state.json"])
def test_a_flipped_byte_falls_back_to_the_checkpoint_before(tmp_path, name):
    _, whole, _ = train(tmp_path / "a", 40)
    train(tmp_path / "b", 30)
    broken = tmp_path / "b" / "checkpoints" / "step-00000030" / name
    content = bytearray(broken.read_bytes())
    content[len(content) // 2] ^= 1
    broken.write_bytes(content)
    summary, resumed, _ = train(tmp_path / "b", 40)
    assert summary["resumed_from"] == 20 and torch.equal(whole, resumed)
    assert "step-00000030 is damaged" in (tmp_path / "b" / "log.txt").read_text()


def test_no_readable_checkpoint_is_an_error_not_a_silent_new_start(tmp_path):
    train(tmp_path / "a", 10)
    (tmp_path / "a" / "checkpoints" / "step-00000010" / "optimizer.pt").write_bytes(b"")
    with pytest.raises(CheckpointError, match="--restart"):
        train(tmp_path / "a", 20)


@pytest.mark.parametrize("accum", [1, 2])
def test_single_bad_steps_are_skipped_and_counted(tmp_path, accum):
    summary, weight, _ = train(tmp_path / "a", 30, poison=lambda i, _: float("nan") if i in (3, 17) else 1.0, grad_accum=accum)
    assert summary["skipped"] == 2 and summary["step"] == 30 and weight.isfinite().all()
    assert all(s["loss"] is not None for s in stats(tmp_path / "a"))


@pytest.mark.parametrize("scaled", [False, True])
def test_a_bad_step_leaves_weights_and_averages_as_they_are(tmp_path, scaled):
    def before(i, _, overflow=3):
        return float("inf") if i >= overflow else 1.0

    options = {"checkpoint_every": 0, "lr_scale": None}
    _, weight, average = train(tmp_path / "good", 3, **options)
    scaler = {"scaler": torch.amp.GradScaler("cpu", init_scale=1.0)} if scaled else {}
    _, same_weight, same_average = train(tmp_path / "bad", 6, poison=before, **options, **scaler)
    assert torch.equal(weight, same_weight) and torch.equal(average, same_average)


def test_what_came_of_a_step_is_read_while_the_next_one_runs(tmp_path, monkeypatch):
    events, read = [], _Outcome.read
    monkeypatch.setattr(_Outcome, "read", lambda outcome: events.append(f"read {outcome.step}") or read(outcome))
    train(tmp_path / "a", 7, poison=lambda i, _: events.append(f"step {i}") or 1.0, grad_accum=1, log_every=5)
    at_once = ["read 3", "read 4"]  # a line of statistics wants all of them
    between = ["step 1", "read 0", "step 2", "read 1", "step 3", "read 2", "step 4", *at_once, "step 5", "step 6"]
    assert events == ["step 0", *between, "read 5", "read 6"]


def test_a_lasting_fault_goes_back_once_and_then_stops_with_the_reason(tmp_path):
    with pytest.raises(MVDreamError, match=r"step 29: the loss was not finite 5 times in a row again; lower"):
        train(tmp_path / "a", 60, poison=lambda i, _: float("inf") if i >= 25 else 1.0)
    log = (tmp_path / "a" / "log.txt").read_text()
    assert log.count("going back to step 20") == 1
    assert [f.name for f in checkpoint.list_steps(tmp_path / "a" / "checkpoints")] == ["step-00000020", "step-00000010"]
    assert json.loads((tmp_path / "a" / "run.json").read_text())["status"] == "failed"


def test_going_back_draws_other_numbers_and_can_succeed(tmp_path):
    first = {}

    def poison(i, draw):  # the fault strikes those who draw the same numbers at steps 25 to 29 again
        return float("nan") if 25 <= i < 30 and first.setdefault(i, draw) == draw else 1.0

    summary, weight, _ = train(tmp_path / "a", 40, poison=poison, grad_accum=1)
    assert summary["step"] == 40 and summary["skipped"] == 5 and weight.isfinite().all()
    assert [s["step"] for s in stats(tmp_path / "a")] == list(range(5, 41, 5))


def test_an_infinite_gradient_of_a_finite_loss_is_caught(tmp_path):
    model = torch.nn.Parameter(torch.zeros(4))
    optimizer = adamw([model], learning_rate=0.1)
    holder = torch.nn.ParameterDict({"w": model})
    with open_run(tmp_path / "a", "test", {}, identity_keys=[]) as run:
        summary = fit(
            lambda i, _: ((model if i else model.sqrt()).sum() - 1.0, {}),  # the slope of sqrt at 0 is infinite
            steps=3, seed=0, optimizer=optimizer, modules={"w": holder}, run=run,
        )  # fmt: skip
    assert summary["skipped"] == 1 and model.isfinite().all() and (model < 0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])  # torch's own optimizer, and master weights
def test_a_scaler_finds_its_scale_without_counting_failures_and_resumes(tmp_path, dtype):
    def scaler():
        return torch.amp.GradScaler("cpu", init_scale=2.0**127, growth_interval=15)

    summary, whole, _ = train(tmp_path / "a", 60, dtype=dtype, scaler=scaler())
    assert summary["skipped"] == 0 and whole.isfinite().all()
    assert stats(tmp_path / "a")[-1]["loss"] < stats(tmp_path / "a")[0]["loss"]
    train(tmp_path / "b", 30, dtype=dtype, scaler=scaler())
    assert torch.equal(train(tmp_path / "b", 60, dtype=dtype, scaler=scaler())[1], whole)


def test_the_gradient_is_clipped_to_its_norm(tmp_path):
    model = torch.nn.Linear(4, 1, bias=False)
    torch.nn.init.zeros_(model.weight)
    with open_run(tmp_path / "a", "test", {}, identity_keys=[]) as run:
        fit(
            lambda i, _: (100.0 * model.weight.sum(), {}),
            steps=1, seed=0, grad_clip=0.5, modules={"m": model}, run=run,
            optimizer=torch.optim.SGD(model.parameters(), lr=1.0),
        )  # fmt: skip
    assert model.weight.norm().item() == pytest.approx(0.5, rel=1e-4)


def test_out_of_memory_splits_the_batch_and_goes_on(tmp_path):
    model, sizes = torch.nn.Linear(4, 1), []
    size = 8

    def step(i, micro):
        if size > 2:
            raise torch.OutOfMemoryError("too large")
        sizes.append(size)
        return model(torch.randn(size, 4)).square().mean(), {}

    def smaller():
        nonlocal size
        size //= 2
        return 8 // size

    with open_run(tmp_path / "a", "test", {}, identity_keys=[]) as run:
        optimizer = adamw(model.parameters(), learning_rate=0.1)
        fit(step, steps=2, seed=0, optimizer=optimizer, modules={"m": model}, run=run, on_out_of_memory=smaller)
    assert sizes == [2] * 8 and "4 smaller micro-batches" in (tmp_path / "a" / "log.txt").read_text()


def test_previews_come_with_the_number_of_finished_steps(tmp_path):
    seen = []
    train(tmp_path / "a", 25, preview=seen.append, preview_every=10)
    assert seen == [10, 20, 25]


def test_what_a_preview_leaves_over_is_done(tmp_path):
    done = []
    train(tmp_path / "a", 25, preview=lambda step: partial(done.append, step), preview_every=10)
    assert done == [10, 20, 25]


def test_jobs_beside_the_steps_come_in_order_and_fail_the_run():
    done, main_thread = [], threading.get_ident()

    def job(number):
        time.sleep(0.05)
        done.append((number, threading.get_ident() != main_thread))

    def broken():
        raise OSError("no space left")

    with _Background(torch.device("cuda")) as background:  # any device that leaves the processor time
        for number in range(3):
            background.run(partial(job, number))
    assert done == [(0, True), (1, True), (2, True)]
    with pytest.raises(OSError, match="no space left"), _Background(torch.device("cuda")) as background:
        background.run(broken)
    with pytest.raises(OSError, match="no space left"), _Background(torch.device("cuda")) as background:
        background.run(broken)
        background.run(partial(job, 3))


def test_another_seed_is_refused(tmp_path):
    train(tmp_path / "a", 10)
    model = torch.nn.Linear(6, 3)
    with open_run(tmp_path / "a", "test", {"test": {"x": 1}}, identity_keys=["test"]) as run:
        optimizer = adamw(model.parameters(), learning_rate=1e-2)
        with pytest.raises(CheckpointError, match="seed 3, not 4"):
            modules = {"model": model, "model_ema": Ema(model, 0.9)}
            fit(lambda i, m: None, steps=20, seed=4, optimizer=optimizer, modules=modules, run=run)


def test_no_signal_handler_is_left_behind(tmp_path):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    train(tmp_path / "a", 5)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    assert os.getpid()
