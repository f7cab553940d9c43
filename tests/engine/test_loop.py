"""fit: exact resume, kill -9, damaged checkpoints, NaN, signals. A linear model, on the CPU, with the real loop."""

import json
import signal
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from mvdream_cli.engine import checkpoint, loop
from mvdream_cli.engine.background import Background
from mvdream_cli.engine.loop import fit
from mvdream_cli.engine.method import Method
from mvdream_cli.engine.optim import Ema, adamw, warmup_cosine
from mvdream_cli.engine.outcomes import Outcome
from mvdream_cli.engine.run import open_run
from mvdream_cli.errors import CheckpointError, MVDreamError
from mvdream_cli.parts import equal_parts

ROOT = Path(__file__).parents[2]
HANG = 600  # seconds, so that a fault does not hold up all tests; no machine is that slow
FIT_OPTIONS = ("seed", "log_every", "preview_every", "checkpoint_every", "checkpoint_minutes", "keep_checkpoints")


def train(folder, steps, *, dtype=torch.float32, poison=lambda i, attempt_draw: 1.0, **options):
    """Fit a linear map by random batches drawn inside the step; (summary, weight, average)."""
    torch.manual_seed(0)
    model = torch.nn.Linear(6, 3).to(dtype)
    optimizer = adamw(model.parameters(), learning_rate=1e-2)
    average = Ema(model, 0.99, optimizer)

    def step(i, part):
        x = torch.randn(16, 6, dtype=dtype)
        factor = poison(i, torch.rand(()).item())
        loss = (model(x) - x[:, :3]).square().mean() * factor
        return loss, {"micro": float(part.first), "size": x.norm()}

    options = {"seed": 3, "log_every": 5, "checkpoint_every": 10} | options
    of_fit = {key: options.pop(key) for key in FIT_OPTIONS if key in options}
    options = {"lr_scale": warmup_cosine(4, 1000), "grad_clip": 1.0, "parts": lambda i: equal_parts(2)} | options
    method = Method("fitting", steps, step, {"model": model}, optimizer, {"model": average}, **options)
    with open_run(folder, "test", {"test": {"x": 1}}, identity_keys=["test"]) as run:
        summary = fit(method, run, **of_fit)
    return summary, model.weight.detach().clone(), torch.cat([a.flatten() for a in average.averages])


def fit_once(folder, step, model, optimizer=None, *, steps=1, **options):
    """`fit` of a step of one's own."""
    optimizer = optimizer or adamw(model.parameters(), learning_rate=0.1)
    with open_run(folder, "test", {}, identity_keys=[]) as run:
        return fit(Method("fitting", steps, step, {"m": model}, optimizer, **options), run, seed=0)


def stats(folder):
    return [json.loads(line) for line in (folder / "stats.jsonl").read_text().splitlines()]


def test_a_run_ends_after_its_seconds_and_its_learning_rate_with_it(tmp_path, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("mvdream_cli.engine.loop.time.monotonic", lambda: clock[0])
    model = torch.nn.Linear(1, 1)

    def step(i, part):
        clock[0] += 1.0
        return model(torch.ones(1)).square().sum(), {}

    options = {"seconds": 10.0, "lr_scale": warmup_cosine(2, 1000)}
    assert fit_once(tmp_path / "a", step, model, steps=1000, **options)["step"] == 10
    clock[0] += 50.0  # the time between two sessions does not count
    assert fit_once(tmp_path / "a", step, model, steps=1000, **options | {"seconds": 14.0})["step"] == 14
    rates = [row["learning_rate"] for row in stats(tmp_path / "a")]
    assert rates[0] == pytest.approx(0.1 * 0.0245, rel=0.01)  # at nine tenths of the cosine
    assert fit_once(tmp_path / "b", step, model, steps=5, **options)["step"] == 5  # or when the steps are done


def test_a_run_that_died_in_a_preview_makes_it_again_with_the_same_statistics(tmp_path):
    """The checkpoint of a step is the last that comes of it; means go on over a checkpoint between two lines."""
    options = {"log_every": 4, "checkpoint_every": 6, "preview_every": 6, "keep_checkpoints": 1}
    drawn, seen = [], []
    train(tmp_path / "a", 14, preview=seen.append, **options)

    def dies(step):
        drawn.append(step)
        if len(drawn) == 2:
            raise MemoryError("no room for a preview")

    with pytest.raises(MemoryError):
        train(tmp_path / "b", 14, preview=dies, **options)
    assert [folder.name for folder in checkpoint.list_steps(tmp_path / "b" / "checkpoints")] == ["step-00000006"]
    train(tmp_path / "b", 14, preview=drawn.append, **options)
    assert drawn == [6, 12, 12, 14] and seen == [6, 12, 14]
    same = ("step", "loss", "grad_norm", "size")
    assert [[s[k] for k in same] for s in stats(tmp_path / "a")] == [[s[k] for k in same] for s in stats(tmp_path / "b")]


def test_what_a_killed_process_left_is_tidied_by_the_next(tmp_path):
    train(tmp_path / "a", 20, keep_checkpoints=2)
    root = tmp_path / "a" / "checkpoints"
    (root / ".old-step-00000003").mkdir()
    (tmp_path / "a" / "run.json").write_text((tmp_path / "a" / "run.json").read_text().replace("finished", "running"))
    train(tmp_path / "a", 20, keep_checkpoints=1)  # killed before it dropped the older one, and now there is no step to take
    assert [path.name for path in root.iterdir()] == ["step-00000020"]


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


def run_in_process(folder, steps, stop_at, **options):
    """The same training in another process, which says "here" in its step `stop_at` and goes on after a line on its input."""
    code = f"""
        import sys; sys.path[:0] = [{str(Path(__file__).parent)!r}, {str(ROOT)!r}]
        from pathlib import Path
        from mvdream_cli.engine.signals import Interrupted
        from test_loop import train

        places = [{stop_at}]

        def wait(i, _):
            if i in places:
                places.clear()
                print("here", flush=True)
                sys.stdin.readline()
            return 1.0

        try:
            train(Path({str(folder)!r}), {steps}, poison=wait, **{options!r})
        except Interrupted as error:
            print(error, flush=True)
            sys.exit(error.exit_code)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # background jobs ignore it, and theirs
    )  # fmt: skip
    assert process.stdout.readline() == "here\n", process.communicate()
    return process


def send(process, signum):
    """Send a signal and wait until its handler has run."""
    process.send_signal(signum)
    assert any("finishing this step and saving" in line for line in process.stderr)


def test_a_killed_run_resumes_bit_for_bit(tmp_path):
    _, whole, whole_average = train(tmp_path / "a", 60)
    process = run_in_process(tmp_path / "b", 60, stop_at=37)
    process.kill()
    process.wait()
    assert [s["step"] for s in stats(tmp_path / "b")][-1] == 35  # five steps after a checkpoint
    summary, resumed, resumed_average = train(tmp_path / "b", 60)
    assert summary["resumed_from"] == 30
    assert torch.equal(whole, resumed) and torch.equal(whole_average, resumed_average)
    assert [s["step"] for s in stats(tmp_path / "b")] == list(range(5, 61, 5))


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_finishes_the_step_saves_and_says_so(tmp_path, signum, code):
    process = run_in_process(tmp_path / "a", 100_000, stop_at=7, checkpoint_every=0, log_every=1)
    send(process, signum)
    out, _ = process.communicate("go on\n", timeout=HANG)
    assert process.returncode == code and "the same command goes on from there" in out
    assert out.startswith("interrupted" if signum == signal.SIGINT else "terminated")
    assert json.loads((tmp_path / "a" / "run.json").read_text())["status"] == "interrupted"
    (newest,) = checkpoint.list_steps(tmp_path / "a" / "checkpoints")
    assert checkpoint.verify(newest)["step"] == stats(tmp_path / "a")[-1]["step"] == 8


def test_a_second_interrupt_leaves_at_once(tmp_path):
    process = run_in_process(tmp_path / "a", 100, stop_at=0, checkpoint_every=0)  # the step never ends
    send(process, signal.SIGINT)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=HANG) == -signal.SIGINT  # as Python ends by it: around a command stands `Stops`


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
    summary, weight, _ = train(tmp_path / "a", 30, poison=lambda i, _: float("nan") if i in (3, 17) else 1.0,
                               parts=lambda i: equal_parts(accum))  # fmt: skip
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
    events, read = [], Outcome.read
    monkeypatch.setattr(Outcome, "read", lambda outcome: events.append(f"read {outcome.step}") or read(outcome))
    poison = lambda i, _: events.append(f"step {i}") or 1.0  # noqa: E731
    train(tmp_path / "a", 7, poison=poison, parts=lambda i: equal_parts(1), log_every=5)
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

    summary, weight, _ = train(tmp_path / "a", 40, poison=poison, parts=lambda i: equal_parts(1))
    assert summary["step"] == 40 and summary["skipped"] == 5 and weight.isfinite().all()
    assert [s["step"] for s in stats(tmp_path / "a")] == list(range(5, 41, 5))


def test_an_infinite_gradient_of_a_finite_loss_is_caught(tmp_path):
    weight = torch.nn.Parameter(torch.zeros(4))
    holder = torch.nn.ParameterDict({"w": weight})
    step = lambda i, _: ((weight if i else weight.sqrt()).sum() - 1.0, {})  # noqa: E731 (the slope of sqrt at 0 is infinite)
    summary = fit_once(tmp_path / "a", step, holder, steps=3)
    assert summary["skipped"] == 1 and weight.isfinite().all() and (weight < 0).all()


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
    sgd = torch.optim.SGD(model.parameters(), lr=1.0)
    fit_once(tmp_path / "a", lambda i, _: (100.0 * model.weight.sum(), {}), model, sgd, grad_clip=0.5)
    assert model.weight.norm().item() == pytest.approx(0.5, rel=1e-4)


def of_eight(folder, dtype, count_of, memory=8, shrink=None, strikes_at=0):
    """Three steps of eight objects each, some micro-batches of which do not fit; (stats, weight, tries).

    `count_of(i)`: micro-batches of step i. One of more than `memory` objects fails in step `strikes_at`, in its second half:
    the first has left its gradients.
    """
    torch.manual_seed(0)
    model, tries = torch.nn.Linear(4, 2).to(dtype), []

    def step(i, part):
        size = 8 // count_of(i)
        micro = part.first
        tries.append((i, micro, size))
        objects = torch.arange(8.0)[:, None].expand(8, 4)[micro * size : (micro + 1) * size]
        x = (torch.sin(objects * (i + 1)) + 0.1 * torch.randn(size, 4)).to(dtype)
        loss = model(x).square().mean()
        if i == strikes_at and size > memory and (micro + 1) * size >= 8:
            raise torch.OutOfMemoryError("too large")
        return loss, {"norm": x.norm()}

    optimizer = adamw(model.parameters(), learning_rate=0.1)
    fit_once(folder, step, model, optimizer, steps=3, parts=lambda i: equal_parts(count_of(i)), shrink=shrink, grad_clip=0.5)
    return [{**s, "seconds": 0, "steps_per_second": 0, "memory_gb": 0} for s in stats(folder)], model.weight.detach(), tries


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])  # torch's own optimizer, and master weights
@pytest.mark.parametrize("strikes_at", [0, 1])
def test_a_step_that_ran_out_of_memory_equals_one_of_smaller_parts_from_the_start(tmp_path, dtype, strikes_at):
    counts = {"now": 2}

    def shrink():
        counts["now"] *= 2
        return f"{counts['now']} micro-batches of {8 // counts['now']} objects; the batch stays the same"

    logged, weight, tries = of_eight(tmp_path / "a", dtype, lambda i: counts["now"], 2, shrink, strikes_at)
    whole = {i: [size for j, _, size in tries if j == i] for i in range(3)}
    assert whole.pop(strikes_at) == [4, 4, 2, 2, 2, 2]  # tried, and tried again in the same step
    assert all(sum(sizes) == 8 for sizes in whole.values()) and whole[2] == [2] * 4
    other, same_weight, _ = of_eight(tmp_path / "b", dtype, lambda i: 2 if i < strikes_at else 4)
    assert logged == other and torch.equal(weight, same_weight)
    log = (tmp_path / "a" / "log.txt").read_text()
    said = "out of GPU memory; going on with 4 micro-batches of 2 objects; the batch stays the same"
    assert log.count("out of GPU memory") == 1 and f"step {strikes_at}: {said}\n" in log


def test_memory_of_the_failed_try_is_free_before_the_next(tmp_path):
    model, held, alive = torch.nn.Linear(4, 1), [], []

    def step(i, part):
        activation = model(torch.randn(8, 4)).square()
        held.append(weakref.ref(activation))
        if len(held) < 3:
            raise torch.OutOfMemoryError("too large")
        return activation.mean(), {}

    fit_once(tmp_path / "a", step, model, shrink=lambda: alive.append(held[-1]() is not None) or "less")
    assert alive == [False, False]


@pytest.mark.parametrize("shrink", [None, lambda: None])
def test_out_of_memory_with_nothing_left_to_give_is_one_sentence(tmp_path, shrink):
    def step(i, part):
        raise torch.OutOfMemoryError("too large")

    with pytest.raises(MVDreamError, match=r"step 0: out of GPU memory \(peak .* GB\); use a smaller batch or preset"):
        fit_once(tmp_path / "a", step, torch.nn.Linear(4, 1), shrink=shrink)


@pytest.mark.parametrize("ending", ["two steps", "no step", "a step fails", "another seed"])
def test_a_method_is_closed_however_fit_leaves(tmp_path, ending):
    closed, model = [], torch.nn.Linear(4, 1)
    method = Method(
        "closing", 2, lambda i, _: (model.weight.sum(), {}), {"m": model}, adamw(model.parameters(), learning_rate=0.1),
        close=lambda: closed.append(True),
    )  # fmt: skip
    with open_run(tmp_path / "a", "test", {}, identity_keys=[]) as run:
        if ending == "a step fails":
            method.step = lambda i, _: 1 / 0
        if ending == "another seed":
            fit(method, run, seed=1)
            closed.clear()
        if ending in ("two steps", "no step"):
            method.steps = 2 if ending == "two steps" else 0
            assert fit(method, run, seed=0)["step"] == method.steps
        else:
            with pytest.raises((ZeroDivisionError, CheckpointError)):
                fit(method, run, seed=0)
    assert closed == [True]


def test_checkpoints_come_by_the_clock(tmp_path, monkeypatch):
    seconds = 0.0

    def poison(i, _):  # each step takes 25 seconds
        nonlocal seconds
        seconds += 25.0
        return 1.0

    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: seconds))
    saved, save = [], checkpoint.save
    monkeypatch.setattr(checkpoint, "save", lambda *args, **options: saved.append(options["step"]) or save(*args, **options))
    summary, _, _ = train(
        tmp_path / "a", 8, poison=poison, checkpoint_every=0, checkpoint_minutes=1.0, parts=lambda i: equal_parts(1)
    )
    assert saved == [3, 6, 8] and summary["seconds"] == 200.0


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

    with Background(torch.device("cuda")) as background:  # any device that leaves the processor time
        for number in range(3):
            background.run(partial(job, number))
    assert done == [(0, True), (1, True), (2, True)]
    with pytest.raises(OSError, match="no space left"), Background(torch.device("cuda")) as background:
        background.run(broken)
    with pytest.raises(OSError, match="no space left"), Background(torch.device("cuda")) as background:
        background.run(broken)
        background.run(partial(job, 3))


def test_another_seed_is_refused(tmp_path):
    train(tmp_path / "a", 10)
    with pytest.raises(CheckpointError, match="seed 3, not 4"):
        train(tmp_path / "a", 20, seed=4)


def test_no_signal_handler_is_left_behind(tmp_path):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    train(tmp_path / "a", 5)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
