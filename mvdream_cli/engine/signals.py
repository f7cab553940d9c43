"""Ctrl-C and SIGTERM: noted, so that a step can end and its state be saved."""

import os
import signal
import threading

from mvdream_cli.errors import MVDreamError


class Interrupted(MVDreamError):
    """A signal ended the run after its state was saved. Exit code 128 + signal: 130 (Ctrl-C) or 143 (SIGTERM)."""

    def __init__(self, where: str, signum: int):
        """where: what follows "interrupted" in the message, such as "at step 3 of 9; ..."."""
        super().__init__(f"{'interrupted' if signum == signal.SIGINT else 'terminated'} {where}")
        self.exit_code = 128 + signum


class Signals:
    """Within this context SIGINT and SIGTERM are noted in `caught`; a second SIGINT ends the process at once."""

    def __init__(self):
        self.caught = 0

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
