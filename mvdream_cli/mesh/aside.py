"""A library that may abort, or that writes to the terminal, is called in a process of its own."""

import importlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mvdream_cli.errors import ObjectError
from mvdream_cli.parents import be_killed_with


def call_aside(function: Callable[..., dict], **arguments) -> dict[str, np.ndarray]:
    """What a function of a module returns, computed in another process, however long it takes.

    Args:
        function: at the top of a module that starts fast. arguments: arrays and numbers, which it gets as arrays.

    Returns:
        the arrays that it returned by name.

    Raises:
        ObjectError: the process ended before that.
    """
    with tempfile.TemporaryDirectory(prefix="mvdream-aside-") as folder:
        source, result = Path(folder) / "in.npz", Path(folder) / "out.npz"
        np.savez(source, **arguments)
        name = f"{function.__module__}:{function.__name__}"
        command = [sys.executable, "-m", "mvdream_cli.mesh.aside", str(os.getpid()), name, str(source), str(result)]
        ended = subprocess.run(command, capture_output=True, cwd=Path(__file__).resolve().parents[2])
        if ended.returncode:
            last = ended.stderr.decode(errors="replace").strip().splitlines()[-1:] or [f"exit code {ended.returncode}"]
            raise ObjectError(f"export: {function.__name__} failed ({last[0]})")
        with np.load(result) as arrays:
            return dict(arrays)


def _main(parent: str, name: str, source: str, result: str) -> None:
    be_killed_with(int(parent))
    module, function = name.split(":")
    with np.load(source) as arrays:
        answer = getattr(importlib.import_module(module), function)(**arrays)
    np.savez(result, **answer)


if __name__ == "__main__":
    _main(*sys.argv[1:])
