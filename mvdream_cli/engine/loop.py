"""The loop of `train`, `to3d` and `dreambooth`: everything around a step except what the step means."""

import contextlib
import math
import time
from collections import deque

from mvdream_cli.engine import checkpoint, distributed
from mvdream_cli.engine.background import Background
from mvdream_cli.engine.device import peak_memory_gb
from mvdream_cli.engine.method import Method
from mvdream_cli.engine.outcomes import Meter, Outcome
from mvdream_cli.engine.progress import Bar, say, warn
from mvdream_cli.engine.signals import Interrupted, Signals
from mvdream_cli.engine.step import take_step
from mvdream_cli.errors import CheckpointError, MVDreamError

FAILURES_IN_A_ROW = 5  # non-finite steps before going back to the last good checkpoint


def fit(
    method: Method,
    run,
    *,
    seed: int,
    log_every: int = 10,
    preview_every: int = 0,
    validate_every: int = 0,
    checkpoint_every: int = 0,
    checkpoint_minutes: float = 0.0,
    keep_checkpoints: int = 2,
) -> dict:
    """Take the steps of `method`, from the newest checkpoint of `run` if there is one.

    What is random in a step comes from its `Part`, or from the state that `seed_step` sets before each. Statistics come every
    `log_every` steps, previews and validations every `preview_every` and `validate_every`, checkpoints every `checkpoint_every`
    steps or `checkpoint_minutes` minutes, and all of them at the end. 0: never, except that the end has its statistics and its
    checkpoint. A checkpoint comes last: what belongs to its step is there, so that a run that was killed makes it again or has
    it. A method with `seconds` ends after them, those of earlier sessions included, and its learning rate with it.

    A step whose loss or gradient is not finite changes nothing and is counted. Five in a row go back to the newest
    checkpoint once, with other random numbers; five more raise MVDreamError. So does a step that is out of GPU memory and
    cannot be made smaller. SIGINT or SIGTERM: the step ends, the state is saved, Interrupted is raised; a second SIGINT leaves
    at once. Raises CheckpointError if the run was made with another seed, or its checkpoints cannot be read or written.

    A GPU is not waited for: it skips a bad step by itself, and what came of a step is read while the next one runs.
    Several ranks (`distributed`) take each step together, each with its own parts of the batch; a step is bad, and a signal
    caught, if it is so on any of them.

    Returns {"step", "loss", "seconds", "skipped", "resumed_from"}; loss is the mean of the last logged steps or None.
    """
    with contextlib.closing(method):
        every = {"log": log_every, "preview": preview_every, "validate": validate_every, "save": checkpoint_every}
        return _Fit(method, run, seed, keep_checkpoints).loop(every, checkpoint_minutes)


class _Fit:
    """One call of `fit`: where it stands, and its parts."""

    def __init__(self, method: Method, run, seed: int, keep_checkpoints: int):
        self.method, self.run, self.keep_checkpoints = method, run, keep_checkpoints
        self.meter = Meter()
        averages = {f"{name}_ema": average for name, average in method.ema.items()}
        self.kept = {**method.modules, **averages, "meter": self.meter}
        if method.scaler is not None:
            self.kept["scaler"] = method.scaler
        self.parameters = [p for group in method.optimizer.param_groups for p in group["params"]]
        self.base_rates = [group["lr"] for group in method.optimizer.param_groups]
        self.device = self.parameters[0].device
        state = checkpoint.restore(run.checkpoints, self.kept, method.optimizer)
        if state is not None and state["seed"] != seed:
            raise CheckpointError(f"{run.folder}: was made with seed {state['seed']}, not {seed}; --restart starts over")
        self.state = {"step": 0, "seconds": 0.0, "skipped": 0, "attempt": 0, "seed": seed, "loss": None, **(state or {})}
        self.i = self.resumed_from = self.saved_at = self.state["step"]
        if self.resumed_from:
            say(f"resumed from step {self.resumed_from} of {method.steps}")
        run.cut_stats(self.resumed_from)
        checkpoint.prune(run.checkpoints, keep_checkpoints)
        self.started = self.saved_time = time.monotonic()
        self.failures, self.gone_back, self.loss = 0, False, None
        self.under_way: deque[Outcome] = deque()  # steps whose outcome is not read yet

    def loop(self, every: dict[str, int], checkpoint_minutes: float) -> dict:
        method, steps = self.method, self.method.steps
        with Bar(method.description, steps, self.i) as bar, Signals() as signals, Background(self.device) as background:
            last = self.at_end()
            while not last and not distributed.agree_max(signals.caught):
                scale = method.lr_scale(self.i, self.position()) if method.lr_scale is not None else 1.0
                for group, rate in zip(method.optimizer.param_groups, self.base_rates, strict=True):
                    group["lr"] = rate * scale
                self.under_way.append(take_step(method, self.parameters, self.i, self.state["seed"], self.state["attempt"]))
                self.i += 1
                last = self.at_end()
                due = {name: bool(steps and self.i % steps == 0) for name, steps in every.items()}
                log_due = last or due["log"]
                preview_due, validate_due = (bool(every[name]) and (last or due[name]) for name in ("preview", "validate"))
                save_due = due["save"]
                if checkpoint_minutes and not save_due:  # clocks of ranks differ
                    save_due = distributed.agree_max(time.monotonic() - self.saved_time >= 60 * checkpoint_minutes)
                failed = self.settle(everything=log_due or preview_due or validate_due or save_due)
                if failed:
                    self.go_back(failed)
                    bar.update(self.i)
                    last = False
                    continue
                if log_due:
                    self.log(bar)
                bar.update(self.i, self.facts(), self.seconds_left())
                if method.validate is not None and validate_due:
                    self.run.write_stats(step=self.i, **method.validate())
                if method.preview is not None and preview_due and distributed.is_main():
                    background.run(method.preview(self.i))
                if last or (save_due and not self.failures):
                    background.wait()
                    self.save()
            self.settle(everything=True)
            if caught := distributed.agree_max(signals.caught):
                background.wait()
                self.save()
                saved = f"the state of step {self.saved_at} is saved: the same command goes on from there"
                raise Interrupted(f"at step {self.i} of {steps}; {saved}", caught)
        if not checkpoint.finite(self.parameters):
            raise MVDreamError(f"step {self.i}: the weights are not finite at the end; lower the learning rate")
        return {"step": self.i, "loss": self.state["loss"], "seconds": self.seconds(), "skipped": self.state["skipped"],
                "resumed_from": self.resumed_from}  # fmt: skip

    def at_end(self) -> bool:
        """Whether no step follows, on all ranks alike: their clocks differ."""
        limit = self.method.seconds
        return self.i >= self.method.steps or (limit is not None and bool(distributed.agree_max(self.seconds() >= limit)))

    def seconds_left(self) -> float:
        return math.inf if self.method.seconds is None else max(0.0, self.method.seconds - self.seconds())

    def position(self) -> float:
        """Where the learning rate's schedule stands: at this step, or further on if the time ends before the steps do."""
        limit = self.method.seconds
        return self.i if limit is None else max(self.i, self.method.steps * min(1.0, self.seconds() / limit))

    def settle(self, everything: bool) -> str | None:
        """Read what came of the steps before the newest, or of everything; the reason if too many in a row were bad."""
        scaler = self.method.scaler
        while self.under_way and (everything or len(self.under_way) > 1):
            outcome = self.under_way.popleft()
            self.loss, norm, bad = outcome.read()
            if bad is None:
                self.meter.add({**outcome.stats, "loss": self.loss, "grad_norm": norm})
                self.failures = 0
            # A scaler finds its scale by overflowing: its first few infinite gradients are no failures.
            elif bad == "loss" or scaler is None or scaler.get_scale() < 1.0:
                self.failures += 1
                self.state["skipped"] += 1
                say(f"step {outcome.step}: the {bad} is not finite; the step is skipped")
                if self.failures >= FAILURES_IN_A_ROW:
                    return f"step {outcome.step}: the {bad} was not finite {self.failures} times in a row"
        return None

    def go_back(self, failed: str) -> None:
        """To the newest checkpoint, the first time; raises MVDreamError the second time or if there is none."""
        back = None if self.gone_back else checkpoint.restore(self.run.checkpoints, self.kept, self.method.optimizer)
        if back is None:
            again = " again" if self.gone_back else ""
            raise MVDreamError(f"{failed}{again}; lower the learning rate, or use engine.dtype=float32")
        self.state["attempt"] = back["attempt"] + 1
        warn(f"{failed}; going back to step {back['step']} with other random numbers")
        self.run.cut_stats(back["step"])
        self.i, self.saved_at, self.failures, self.gone_back = back["step"], back["step"], 0, True
        self.under_way.clear()

    def save(self) -> None:
        """A checkpoint of step `i`, unless there is one already or the weights are not finite."""
        if self.saved_at == self.i:
            return
        if not checkpoint.finite(self.parameters):
            warn(f"step {self.i}: the weights are not finite; no checkpoint is written")
            return
        checkpoint.save(
            self.run.checkpoints, step=self.i, modules=self.kept, optimizer=self.method.optimizer,
            state={**self.state, "seconds": self.seconds()}, keep=self.keep_checkpoints,
        )  # fmt: skip
        self.saved_time, self.saved_at = time.monotonic(), self.i

    def log(self, bar: Bar) -> None:
        means = self.meter.take()
        self.state["loss"] = means.get("loss", self.state["loss"])
        self.run.write_stats(
            step=self.i, steps=self.method.steps, **means, learning_rate=self.method.optimizer.param_groups[0]["lr"],
            skipped=self.state["skipped"], steps_per_second=round(bar.steps_per_second, 4),
            memory_gb=round(peak_memory_gb(self.device), 3), seconds=round(self.seconds(), 2),
        )  # fmt: skip

    def facts(self) -> str:
        """Short text for the bar."""
        shown = [f"loss {self.loss:.4g}"] if self.loss is not None else []
        shown += [f"{self.state['skipped']} skipped"] if self.state["skipped"] else []
        return ", ".join([*shown, f"{peak_memory_gb(self.device):.1f} GB"])

    def seconds(self) -> float:
        """Seconds of work on the run so far, earlier sessions included."""
        return self.state["seconds"] + time.monotonic() - self.started
