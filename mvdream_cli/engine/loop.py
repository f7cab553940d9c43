"""The loop of `train`, `to3d` and `dreambooth`: everything around a step except what the step means."""

import math
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch

from mvdream_cli.engine import checkpoint
from mvdream_cli.engine.device import peak_memory_gb, seed_step
from mvdream_cli.engine.optim import step_if
from mvdream_cli.engine.progress import Bar, say, warn
from mvdream_cli.errors import CheckpointError, MVDreamError

FAILURES_IN_A_ROW = 5  # non-finite steps before going back to the last good checkpoint


class Interrupted(MVDreamError):
    """A signal ended the run after its state was saved. Exit code 128 + signal: 130 (Ctrl-C) or 143 (SIGTERM)."""

    def __init__(self, message: str, signum: int):
        super().__init__(message)
        self.exit_code = 128 + signum


def fit(
    step: Callable,
    *,
    steps: int,
    seed: int,
    optimizer,
    modules: dict,
    run,
    ema: dict | None = None,
    lr_scale: Callable[[int], float] | None = None,
    grad_clip: float | None = None,
    grad_accum: int = 1,
    scaler=None,
    on_out_of_memory: Callable[[], int | None] | None = None,
    log_every: int = 10,
    preview: Callable[[int], Callable[[], None] | None] | None = None,
    preview_every: int = 0,
    checkpoint_every: int = 0,
    checkpoint_minutes: float = 0.0,
    keep_checkpoints: int = 2,
    description: str = "steps",
) -> dict:
    """Run `steps` optimizer steps, from the newest checkpoint of `run` if there is one.

    step(i, micro) -> (loss, stats): a 0-d loss tensor and a dict of floats or 0-d tensors, for step i (from 0) and
        micro-batch `micro` (0 to grad_accum - 1). Its randomness comes from the state that `seed_step` sets before it.
    optimizer: torch's or `optim.adamw`'s. modules: name -> object with state_dict and load_state_dict, what a
        checkpoint holds. ema: name -> `optim.Ema`, saved as "name_ema". scaler: a torch.amp.GradScaler for float16.
    lr_scale: i -> factor on every group's own learning rate. grad_clip: largest norm of all gradients together.
    on_out_of_memory: called when a step runs out of GPU memory; halves the micro-batch and returns the new grad_accum,
        or None if it cannot.
    preview(done) is called every `preview_every` steps and at the end with the number of finished steps. What it returns, if
        anything, is called beside the steps that follow: it must not touch what they change.
    Checkpoints every `checkpoint_every` steps or `checkpoint_minutes` minutes (0: never), and always at the end.

    A step whose loss or gradient is not finite changes nothing and is counted. Five in a row go back to the newest
    checkpoint once, with other random numbers; five more raise MVDreamError. SIGINT or SIGTERM: the step ends, the
    state is saved, Interrupted is raised; a second SIGINT leaves at once.
    A GPU is not waited for: it skips a bad step by itself, and what came of a step is read while the next one runs.
    Returns {"step", "loss", "seconds", "skipped", "resumed_from"}; loss is the mean of the last logged steps or None.
    """
    kept = {**modules, **{f"{name}_ema": average for name, average in (ema or {}).items()}}
    if scaler is not None:
        kept["scaler"] = scaler
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    base_rates = [group["lr"] for group in optimizer.param_groups]
    device = parameters[0].device

    state = checkpoint.restore(run.checkpoints, kept, optimizer)
    if state is not None and state["seed"] != seed:
        raise CheckpointError(f"{run.folder}: was made with seed {state['seed']}, not {seed}; --restart starts over")
    state = {"step": 0, "seconds": 0.0, "skipped": 0, "attempt": 0, "seed": seed, **(state or {})}
    i = resumed_from = saved_at = state["step"]
    if resumed_from:
        say(f"resumed from step {resumed_from} of {steps}")
        run.cut_stats(resumed_from)
    started = last_save = time.monotonic()
    failures, gone_back, loss_value, last_loss, meter = 0, False, None, None, _Meter()
    under_way: deque[_Outcome] = deque()  # steps whose outcome is not read yet

    def save() -> None:
        nonlocal last_save, saved_at
        if saved_at == i:
            return
        if not checkpoint.finite(parameters):
            warn(f"step {i}: the weights are not finite; no checkpoint is written")
            return
        now = {**state, "seconds": state["seconds"] + time.monotonic() - started}
        checkpoint.save(run.checkpoints, step=i, modules=kept, optimizer=optimizer, state=now, keep=keep_checkpoints)
        last_save, saved_at = time.monotonic(), i

    def settle(outcome: _Outcome) -> str | None:
        """Count the step; the reason if there were too many bad ones in a row."""
        nonlocal failures, loss_value
        loss_value, norm_value = outcome.read()
        bad = "loss" if not math.isfinite(loss_value) else "gradient" if not math.isfinite(norm_value) else None
        if bad is None:
            meter.add({**outcome.stats, "loss": loss_value, "grad_norm": norm_value})
            failures = 0
        # A scaler finds its scale by overflowing: its first few infinite gradients are no failures.
        elif bad == "loss" or scaler is None or scaler.get_scale() < 1.0:
            failures += 1
            state["skipped"] += 1
            say(f"step {outcome.step}: the {bad} is not finite; the step is skipped")
        if failures < FAILURES_IN_A_ROW:
            return None
        return f"step {outcome.step}: the {bad} was not finite {failures} times in a row"

    with Bar(description, steps, done=i) as bar, _Signals() as signals, _Background(device) as background:
        while i < steps and not signals.caught:
            for group, rate in zip(optimizer.param_groups, base_rates, strict=True):
                group["lr"] = rate * (lr_scale(i) if lr_scale is not None else 1.0)
            optimizer.zero_grad(set_to_none=True)
            try:
                loss, stats = _gradients(step, i, seed, state["attempt"], grad_accum, scaler)
            except torch.OutOfMemoryError as error:
                grad_accum = _after_out_of_memory(on_out_of_memory, error, i, device, optimizer)
                continue
            if scaler is not None:
                scaler.unscale_(optimizer)
            norm = _gradient_norm(parameters)
            if grad_clip is not None:
                _scale_gradients(parameters, (grad_clip / (norm + 1e-6)).clamp(max=1.0))
            good = torch.isfinite(loss) & torch.isfinite(norm)
            step_if(good, optimizer)
            if scaler is not None:
                scaler.update()
            for average in (ema or {}).values():
                average.update(i, good)
            under_way.append(_Outcome(i, loss, norm, stats))
            i += 1

            last = i == steps
            log_due, preview_due = (last or (every and i % every == 0) for every in (log_every, preview_every))
            save_due = checkpoint_every and i % checkpoint_every == 0
            save_due = save_due or (checkpoint_minutes and time.monotonic() - last_save >= 60 * checkpoint_minutes)
            failed = None
            while under_way and not failed and (len(under_way) > 1 or log_due or preview_due or save_due):
                failed = settle(under_way.popleft())
            if failed:
                if gone_back or not checkpoint.list_steps(run.checkpoints):
                    raise MVDreamError(
                        f"{failed}{' again' if gone_back else ''}; lower the learning rate, or use engine.dtype=float32"
                    )
                back = checkpoint.restore(run.checkpoints, kept, optimizer)
                state["attempt"] = back["attempt"] + 1
                warn(f"{failed}; going back to step {back['step']} with other random numbers")
                run.cut_stats(back["step"])
                i, saved_at, failures, gone_back, meter = back["step"], back["step"], 0, True, _Meter()
                under_way.clear()
                bar.update(i)
                continue

            if log_due:
                means = meter.take()
                last_loss = means.get("loss", last_loss)
                run.write_stats(
                    step=i, **means, learning_rate=optimizer.param_groups[0]["lr"], skipped=state["skipped"],
                    steps_per_second=round(bar.steps_per_second, 4), memory_gb=round(peak_memory_gb(device), 3),
                    seconds=round(state["seconds"] + time.monotonic() - started, 2),
                )  # fmt: skip
            shown = [f"{peak_memory_gb(device):.1f} GB"]
            if state["skipped"]:
                shown.insert(0, f"{state['skipped']} skipped")
            if loss_value is not None:
                shown.insert(0, f"loss {loss_value:.4g}")
            bar.update(i, ", ".join(shown))
            if last or (save_due and not failures):
                save()
            if preview is not None and preview_due and preview_every:
                background.run(preview(i))
        while under_way:
            settle(under_way.popleft())
        if signals.caught:
            save()
            saved = f"the state of step {saved_at} is saved: the same command goes on from there"
            raise Interrupted(f"{signals.name} at step {i} of {steps}; {saved}", signals.caught)
    if not checkpoint.finite(parameters):
        raise MVDreamError(f"step {i}: the weights are not finite at the end; lower the learning rate")
    seconds = state["seconds"] + time.monotonic() - started
    return {"step": i, "loss": last_loss, "seconds": seconds, "skipped": state["skipped"], "resumed_from": resumed_from}


class _Background:
    """One job at a time beside the steps; what a job raises is raised here, by the next `run` or on leaving.

    On a GPU a thread fills the host's idle time. A CPU has none: two threads that each want all cores took twice as long, so
    there the job is done at once.
    """

    def __init__(self, device: torch.device):
        self.threads, self.job = ThreadPoolExecutor(1) if device.type != "cpu" else None, None

    def __enter__(self):
        return self

    def run(self, work: Callable[[], None] | None) -> None:
        self.wait()
        if work is not None and self.threads is None:
            work()
        elif work is not None:
            self.job = self.threads.submit(work)

    def wait(self) -> None:
        job, self.job = self.job, None
        if job is not None:
            job.result()

    def __exit__(self, kind, *_) -> None:
        if self.threads is not None:
            self.threads.shutdown()
        if kind is None:
            self.wait()


def _gradients(step, i: int, seed: int, attempt: int, grad_accum: int, scaler) -> tuple[torch.Tensor, dict]:
    """Gradients of the mean loss over the micro-batches; that loss () and the mean of the statistics."""
    total, sums = None, {}
    for micro in range(grad_accum):
        seed_step(seed, i, micro, attempt)
        loss, stats = step(i, micro)
        scaled = loss / grad_accum if grad_accum > 1 else loss
        (scaler.scale(scaled) if scaler is not None else scaled).backward()
        total = scaled.detach() if total is None else total + scaled.detach()
        for key, value in stats.items():
            value = value.detach() if isinstance(value, torch.Tensor) else value
            sums[key] = sums.get(key, 0.0) + value / grad_accum
    return total, sums


def _gradient_norm(parameters: list[torch.Tensor]) -> torch.Tensor:
    """Euclidean norm () of all gradients together, in float32, on the device of the first."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    if not gradients:
        return torch.zeros((), device=parameters[0].device)
    return torch.nn.utils.get_total_norm(gradients).float()


def _scale_gradients(parameters: list[torch.Tensor], factor: torch.Tensor) -> None:
    if gradients := [p.grad for p in parameters if p.grad is not None]:
        torch._foreach_mul_(gradients, factor)


def _after_out_of_memory(on_out_of_memory, error, i: int, device: torch.device, optimizer) -> int:
    optimizer.zero_grad(set_to_none=True)
    torch.cuda.empty_cache()
    grad_accum = on_out_of_memory() if on_out_of_memory is not None else None
    if grad_accum is None:
        raise MVDreamError(
            f"step {i}: out of GPU memory (peak {peak_memory_gb(device):.1f} GB); use a smaller batch or preset"
        ) from error
    warn(f"step {i}: out of GPU memory; going on with {grad_accum} smaller micro-batches a step")
    return grad_accum


class _Outcome:
    """What came of a step: its loss and gradient norm on their way to the host, and its statistics."""

    def __init__(self, step: int, loss: torch.Tensor, norm: torch.Tensor, stats: dict):
        self.step, self.stats = step, stats
        numbers = torch.stack([loss.float(), norm.to(loss.device)])
        self.numbers = numbers.to("cpu", non_blocking=numbers.is_cuda)
        self.arrived = None
        if numbers.is_cuda:
            self.arrived = torch.cuda.Event()
            self.arrived.record(torch.cuda.current_stream(numbers.device))

    def read(self) -> list[float]:
        """Loss and norm, as soon as this step is done, whatever was asked of the GPU since."""
        if self.arrived is not None:
            self.arrived.synchronize()
        return self.numbers.tolist()


class _Meter:
    """Means of statistics since they were last taken, added up without waiting for the device."""

    def __init__(self):
        self.sums: dict = {}
        self.counts: dict[str, int] = {}

    def add(self, values: dict) -> None:
        for key, value in values.items():
            self.sums[key] = self.sums.get(key, 0.0) + value
            self.counts[key] = self.counts.get(key, 0) + 1

    def take(self) -> dict[str, float]:
        means = {key: float(total) / self.counts[key] for key, total in self.sums.items()}
        self.sums, self.counts = {}, {}
        return means


class _Signals:
    """Within this context SIGINT and SIGTERM are noted in `caught`; a second SIGINT ends the process at once."""

    def __init__(self):
        self.caught = 0

    @property
    def name(self) -> str:
        return "interrupted" if self.caught == signal.SIGINT else "terminated"

    def __enter__(self):
        self.before = {}
        if threading.current_thread() is threading.main_thread():  # elsewhere Python allows no handlers
            for signum in (signal.SIGINT, signal.SIGTERM):
                self.before[signum] = signal.signal(signum, self._note)
        return self

    def __exit__(self, *_) -> None:
        for signum, handler in self.before.items():
            signal.signal(signum, handler)

    def _note(self, signum: int, frame) -> None:
        if self.caught and signum == signal.SIGINT:
            os._exit(128 + signum)
        self.caught = self.caught or int(signum)
        os.write(2, b"\nfinishing this step and saving; Ctrl-C again leaves at once\n")  # printing is not safe in a handler
