"""A process that ends with the one that started it, however that ends."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # of Linux's prctl: the signal that a process gets when its parent ends


def be_killed_with(parent: int) -> None:
    """Let the system end this process with process `parent`, which started it. On Linux only.

    It also works where a thread would not get its turn: in a library that hangs and lets no other thread of Python run.
    """
    if sys.platform != "linux":
        return
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    except (OSError, AttributeError):  # a C library without prctl
        return
    if os.getppid() != parent:  # it has ended before the line above
        os._exit(1)
