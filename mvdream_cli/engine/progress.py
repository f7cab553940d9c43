"""What a person sees while a command works: messages and one progress bar, always on stderr. stdout is for results."""

import logging
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path

from mvdream_cli.engine import events, terminal
from mvdream_cli.texts import printable

logger = logging.getLogger("mvdream")
logger.setLevel(logging.INFO)
logger.propagate = False

PLAIN_LINE_SECONDS = 15.0  # in a pipe or a log file: one line this often
EVENT_SECONDS = 0.5

_console = None  # a rich Console on a terminal, else None
_visible = False  # nothing is shown before `show` was called, so the package is silent as a library


def say(text: str) -> None:
    """One line for the person, made `printable`: to stderr (not with --quiet) and to the log of the open run."""
    logger.info(printable(text))


def warn(text: str) -> None:
    """As `say`, but shown with --quiet too."""
    logger.warning(printable(text))


def made(what: str, path: Path) -> Path:
    """A picture that a person wants to see now: its place in one line, and the picture itself in a terminal that can."""
    say(f"{what}: {path}")
    if not logger.disabled:
        events.emit("file", what=what, path=path)
        terminal.show_picture(path)
    return path


def preview(path: Path) -> Path:
    """A picture of how far the work is: for those who listen to `events`."""
    if not logger.disabled:
        events.emit("preview", path=path)
    return path


class _EventHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        events.emit("warning" if record.levelno >= logging.WARNING else "message", text=record.getMessage())


class _StderrHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.levelno >= logging.WARNING:
            text = f"warning: {text}"
        if _console is not None:
            style = "yellow" if record.levelno >= logging.WARNING else None
            _console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
        else:
            _write_line(text)


def _write_line(text: str) -> None:
    """To stderr in one go: a signal between a text and its end of line would put its own sentence behind it."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def show(quiet: bool = False, tell_events: bool = False) -> None:
    """Send messages and bars to stderr from now on; called once, by the command line.

    Args:
        quiet: keep only warnings. tell_events: tell `events` on stdout, whatever is kept.
    """
    global _console, _visible
    _visible = not quiet
    _console = None
    if sys.stderr.isatty():
        from rich.console import Console

        _console = Console(stderr=True)
    events.listen(tell_events)
    for handler in [h for h in logger.handlers if isinstance(h, (_StderrHandler, _EventHandler))]:
        logger.removeHandler(handler)
    logger.addHandler(_StderrHandler(level=logging.WARNING if quiet else logging.INFO))
    logger.addHandler(_EventHandler())


def mute(muted: bool) -> None:
    """Drop all messages and bars of this process from now on, whatever `show` says: another one speaks for it."""
    logger.disabled = muted


def console():
    """The rich Console of the terminal that messages go to, or None."""
    return _console if _visible and not logger.disabled else None


def clock(seconds: float) -> str:
    """3:05 or 1:02:03."""
    minutes, seconds = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def rate_text(steps_per_second: float) -> str:
    """2.31 it/s, or 4.20 s/it when a step takes more than a second."""
    if steps_per_second <= 0:
        return "- it/s"
    return f"{steps_per_second:.2f} it/s" if steps_per_second >= 1 else f"{1 / steps_per_second:.2f} s/it"


class Bar:
    """Progress of `total` steps: a Rich bar on a terminal, a plain line every `PLAIN_LINE_SECONDS` elsewhere.

    `done` is where a resumed run starts; speed and time left count only what this process did. `now`: the clock, in seconds.
    """

    def __init__(self, description: str, total: int, done: int = 0, now: Callable[[], float] = time.monotonic):
        self.description, self.total, self.first, self.done, self.now = description, total, done, done, now
        self.started = self.last_line = now()
        self.last_event = -math.inf
        self.first_done_at = None  # the first step warms up caches and compilers: it does not count for the time left
        self.bar = self.task = None

    def __enter__(self):
        if console() is not None:
            from rich.progress import BarColumn, Progress, TextColumn

            self.bar = Progress(
                TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"),
                TextColumn("{task.fields[facts]}"), console=_console, transient=True,
            )  # fmt: skip
            self.task = self.bar.add_task(self.description, total=self.total, completed=self.done, facts="")
            self.bar.start()
        return self

    def __exit__(self, *_) -> None:
        if self.bar is not None:
            self.bar.stop()

    @property
    def steps_per_second(self) -> float:
        """Mean of this process, previews and checkpoints included, the first step left out once there is a second."""
        now = self.now()
        if self.first_done_at is None or self.done <= self.first + 1:
            return (self.done - self.first) / max(now - self.started, 1e-9)
        return (self.done - self.first - 1) / max(now - self.first_done_at, 1e-9)

    @property
    def seconds_left(self) -> float:
        return (self.total - self.done) / max(self.steps_per_second, 1e-9)

    def update(self, done: int, facts: str = "", seconds_left: float = math.inf) -> None:
        """Move to `done` finished steps; `facts` is short text such as "loss 0.12, 1.3 GB".

        Args:
            seconds_left: after which the work ends, though there be steps left.
        """
        self.done = done
        now = self.now()
        if self.first_done_at is None and done > self.first:
            self.first_done_at = now
        if logger.disabled:
            return
        self._tell(facts, seconds_left)
        if not _visible:
            return
        left = clock(min(self.seconds_left, seconds_left)) if done > self.first else "?"
        text = ", ".join(part for part in (rate_text(self.steps_per_second), f"{left} left", facts) if part)
        if self.bar is not None:
            self.bar.update(self.task, completed=done, facts=text)
        elif done >= self.total or now - self.last_line >= PLAIN_LINE_SECONDS:
            self.last_line = now
            _write_line(f"{self.description}: {done}/{self.total}, {text}")

    def _tell(self, facts: str, seconds_left: float) -> None:
        now = self.now()
        if self.done < self.total and now - self.last_event < EVENT_SECONDS:
            return
        self.last_event = now
        left = min(self.seconds_left, seconds_left) if self.done > self.first else math.inf
        left = round(left, 1) if math.isfinite(left) else None
        events.emit("step", task=self.description, done=self.done, total=self.total, seconds_left=left, facts=facts)
