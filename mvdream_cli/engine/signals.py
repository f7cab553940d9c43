"""Ctrl-C and SIGTERM: one exception wherever the command is; noted around steps, so that a step can end and be saved."""

import _thread
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from mvdream_cli.errors import MVDreamError

SIGNALS = (signal.SIGINT, signal.SIGTERM)
AGAIN_S = 0.01  # a signal that came at a bad moment is raised again
LEAVE_S, TELL_S = 4.0, 0.5  # after a signal the process ends at the latest; of these, so long for the last words


class Stopped(BaseException):
    """A signal ended the command here. No Exception: nothing that bears with faults bears with this.

    kept: the folder from which the same command goes on, if there is one.
    """

    def __init__(self, signum: int):
        self.signum, self.kept = int(signum), None

    def __str__(self) -> str:
        on = f"; the same command goes on from what is in {self.kept}" if self.kept else ""
        return f"{_word(self.signum)}{on}"


@contextmanager
def keeping(folder: Path) -> Iterator[None]:
    """Tell a signal that comes within this context that the same command goes on from what is in `folder`."""
    try:
        yield
    except Stopped as stop:
        stop.kept = folder
        raise


class Stops:
    """While a command runs, a signal raises `Stopped`, once; further ones change nothing while what was begun is put in order.

    caught: what was raised. Whatever comes of it, in a library that drops it or waits for a thread, the process ends within
    `LEAVE_S` seconds, with exit code 128 + signal.
    """

    def __init__(self, tell: Callable[[Stopped], object]):
        """tell: called once with what was raised, perhaps in another thread."""
        self.tell, self.came, self.caught = tell, None, None
        self.ended = self.told = False
        self.telling = threading.Lock()

    def run(self, command: Callable[[], int], noted: Sequence[int] = ()) -> int:
        """What `command` returns, or the exit code of the signal that ended it; `noted`: signals that came before."""
        self.process, self.hook = os.getpid(), sys.unraisablehook
        before = [signal.getsignal(signum) for signum in SIGNALS]
        try:
            try:
                for signum in SIGNALS:
                    signal.signal(signum, self._stop)
                sys.unraisablehook = self._dropped
                if noted:
                    self._stop(noted[0], None)
                return command()
            finally:
                self.ended = True
        except Stopped as stop:
            self._tell_once(stop)
            return 128 + stop.signum
        finally:
            self.told, sys.unraisablehook = True, self.hook
            for signum, handler in zip(SIGNALS, before):
                signal.signal(signum, handler)

    def _stop(self, signum: int, frame) -> None:
        if os.getpid() != self.process:  # a copy that has not begun its own work yet
            os._exit(128 + signum)
        if self.caught is not None or self.ended:
            return
        if self.came is None:
            self.came = Stopped(signum)
            _thread.start_new_thread(self._see_to_it, ())  # not `threading`, whose locks the interrupted code may hold
        if _importing(frame):  # C++ that imports modules aborts when that raises
            _thread.start_new_thread(self._again, ())
        else:
            self.caught = self.came
            raise self.caught

    def _dropped(self, unraisable) -> None:
        """Python drops what is raised in `__del__` and in callbacks: then it is raised again, outside of them."""
        if isinstance(unraisable.exc_value, Stopped):
            self.caught = None
            _thread.start_new_thread(self._again, ())
        else:
            self.hook(unraisable)

    def _again(self) -> None:
        time.sleep(AGAIN_S)
        if not self.ended:
            os.kill(self.process, self.came.signum)

    def _tell_once(self, stop: Stopped) -> None:
        if self.telling.acquire(blocking=False):
            self.tell(stop)
        else:  # another thread does, and ends the process
            time.sleep(2 * TELL_S)

    def _see_to_it(self) -> None:
        time.sleep(LEAVE_S - TELL_S)
        if not self.ended:
            _thread.start_new_thread(self._tell_once, (self.came,))  # which may wait for a reader for ever
        time.sleep(TELL_S)
        if not self.told:
            os._exit(128 + self.came.signum)


def _importing(frame) -> bool:
    """Whether a frame of the command lies in the import of a module."""
    while frame is not None and frame.f_code is not Stops.run.__code__:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


class Interrupted(MVDreamError):
    """A signal ended the run after its state was saved. Exit code 128 + signal: 130 (Ctrl-C) or 143 (SIGTERM)."""

    def __init__(self, where: str, signum: int):
        """where: what follows "interrupted" in the message, such as "at step 3 of 9; ..."."""
        super().__init__(f"{_word(signum)} {where}")
        self.exit_code = 128 + signum


class Signals:
    """Within this context signals are noted in `caught`, so that what goes on can end well; a second Ctrl-C does not wait."""

    def __init__(self):
        self.caught = 0

    def __enter__(self):
        self.before = {}
        if threading.current_thread() is threading.main_thread():  # elsewhere Python allows no handlers
            for signum in SIGNALS:
                self.before[signum] = signal.signal(signum, self._note)
        return self

    def __exit__(self, *_) -> None:
        for signum, handler in self.before.items():
            signal.signal(signum, handler)

    def _note(self, signum: int, frame) -> None:
        if self.caught and signum == signal.SIGINT and callable(self.before[signum]):
            self.before[signum](signum, frame)
        if not self.caught:
            self.caught = int(signum)
            with suppress(OSError):
                os.write(
                    2, b"\nfinishing this step and saving; Ctrl-C again leaves at once\n"
                )  # `print` is not safe in a handler


def _word(signum: int) -> str:
    return "interrupted" if signum == signal.SIGINT else "terminated"
