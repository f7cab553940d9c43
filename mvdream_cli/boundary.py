"""The boundary: whatever happens inside becomes an exit code (`errors.EXIT_CODES`) and, on stderr, one sentence."""

import atexit
import contextlib
import difflib
import errno
import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Sequence
from typing import NoReturn

from mvdream_cli.engine import events, signals
from mvdream_cli.errors import MVDreamError
from mvdream_cli.texts import printable

MEMORY_WORDS = re.compile(
    "can't allocate memory|[Cc]annot allocate memory|failed to map segment|bad_alloc|bad allocation|can't start new thread"
)
MEMORY_OF = {  # what takes the memory of a command
    "to3d": "--candidates, to3d.fit.rays, to3d.distillation.size_px, export.resolution, or take a smaller --preset",
    "export": "export.resolution, --texture-size, turntable.size_px",
    "train": "train.micro_batch_size, which changes no step, or data.workers",
    "dreambooth": "dreambooth.batch_size, or set dreambooth.gradient_checkpointing=true",
    "sample-views": "--samples or sample_views.size_px",
    "evaluate": "evaluate.objects, sample_views.size_px",
    "data": "data.workers, data.limits.memory_gb, data.size_px or data.num_views",
}
LAST_S = 1.0  # for what libraries do at the end of a process that a signal ends


def run_main(args: list[str], noted: Sequence[int] = ()) -> int:
    """Run the command line `args`; returns the exit code. Errors and signals are told on stderr in one sentence.

    Args:
        noted: signals that came before; may grow until this is called.
    """
    args = ["--events" if word == "--json=events" else word for word in args]  # a flag of Typer takes no value
    stops = signals.Stops(lambda stop: stopped(stop, args))
    return stops.run(lambda: _run(args, stops), noted)


def _run(args: list[str], stops: signals.Stops) -> int:
    import typer

    from mvdream_cli.cli import app

    try:
        code = app(args or ["--help"], prog_name="mvdream", standalone_mode=False)
        sys.stdout.flush()
        return stopped(signals.Stopped(signal.SIGINT), args) if code == 130 else code if isinstance(code, int) else 0
    except (KeyboardInterrupt, typer.Abort):
        return stopped(signals.Stopped(signal.SIGINT), args)
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # the parser leaves so
            return reader_went_away()
        raise
    except BrokenPipeError:
        return reader_went_away()
    except Exception as error:  # the boundary: whatever it is, it becomes one sentence and an exit code
        if stops.caught:  # what a library made of it
            raise stops.caught from error
        if "--debug" in args:
            import traceback

            traceback.print_exc()
        message, code = describe(error, args)
        if getattr(error, "silent", False):  # another process says it
            return code
        if code in (130, 143):
            return stopped(error, args, code)
        tell("\n".join(f"{_red('error:')} {line}" for line in printable(message).split("\n")))
        report("failed", printable(message), code, args, getattr(error, "results", {}))
        return code


def open_closed_streams() -> None:
    """`mvdream ... >&- 2>&-`: what is closed leads nowhere, so that no file that is opened later takes its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8")  # the lowest number that is free
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)


def leave(code: int) -> NoReturn:
    """End the process without Python's own end, which takes torch apart for a second and waits for threads."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            reader_went_away()
    if code in (130, 143):
        threading.Thread(target=_soon, args=(code,), daemon=True).start()
    atexit._run_exitfuncs()
    os._exit(code)


def _soon(code: int) -> None:
    time.sleep(LAST_S)
    os._exit(code)


def reader_went_away() -> int:
    """`mvdream ... | head -1`: nothing is said, also by what Python would still write at its end; returns the exit code."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.__stdout__, sys.__stderr__):
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())
    return 141


def stopped(stop: signals.Stopped | Exception, args: list[str], code: int = 0) -> int:
    """Tell that a signal ended the command; returns the exit code."""
    message = printable(str(stop))
    if "--restart" in args:
        message = message.replace("the same command", "the same command without --restart")
    code = code or 128 + stop.signum
    tell(message)
    report("interrupted", message, code, args)
    return code


def tell(text: str) -> None:
    """On stderr, if anybody reads it."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def report(status: str, message: str, code: int, args: list[str], results: dict | None = None) -> None:
    """Tell a program how the command ended, in the form that it asked for, if any, and if it still listens."""
    with contextlib.suppress(OSError):
        _report(status, message, code, args, results or {})


def _report(status: str, message: str, code: int, args: list[str], results: dict) -> None:
    if events.heard():
        events.emit("failed", status=status, error=message, exit_code=code, results=results)
    elif "--events" in args:  # it failed before anybody listened
        events.listen()
        _report(status, message, code, args, results)
    elif "--json" in args:
        print(json.dumps({"status": status, "error": message, "exit_code": code, **results}, default=str))


def describe(error: Exception, args: Sequence[str] = ()) -> tuple[str, int]:
    """(one sentence, or one a line for several settings; exit code). args: the command line, whose memory it may be."""
    if isinstance(error, MVDreamError):
        return str(error), error.exit_code
    if hasattr(error, "format_message"):  # the parser's own: unknown option, missing argument, not a number
        ctx = getattr(error, "ctx", None)
        where = ctx.command_path if ctx is not None else "mvdream"
        message = error.format_message().rstrip(".")
        if getattr(error, "possibilities", None):
            best = difflib.get_close_matches(error.option_name, error.possibilities, n=1, cutoff=0.0)[0]
            message = f"there is no option {error.option_name}; did you mean {best}?"
        if getattr(error, "option_name", None) in ("--json", "--events"):
            message = "--json takes no value but events, and --json=events is for commands that work for long"
        return f"{message.rstrip('?')}; see {where} --help", getattr(error, "exit_code", 2)
    if (needed := memory_wanted(error)) is not None:
        wanted = f" ({needed} more were asked for)" if needed else ""
        lower = MEMORY_OF.get(args[0] if args else "", "a smaller --preset")
        return f"out of memory{wanted}; lower {lower}, or give this process more", 1
    if isinstance(error, OSError) and error.strerror:
        way_out = "; raise their limit, as by ulimit -n 1024" if error.errno == errno.EMFILE else ""
        return f"{error.filename or 'input or output'}: {error.strerror}{way_out}", 1
    if type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
        why = next(iter(str(error).strip().splitlines()), type(error).__name__)
        return f"torch.compile fails on this machine ({why}); use engine.compile=false; --debug has the compiler's own words", 1
    hint = "this is a fault of mvdream: run it again with --debug and report the traceback"
    return f"{type(error).__name__}: {error}; {hint}", 1


def memory_wanted(error: BaseException) -> str | None:
    """How much memory was missing, as the error or what it came from says it, "" if none does; None: it was not that."""
    is_it, wanted = False, ""
    while error is not None:
        text = str(error)
        # by its name, so that torch is not imported for it
        is_it |= isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or bool(MEMORY_WORDS.search(text))
        is_it |= getattr(error, "errno", None) == errno.ENOMEM
        found = re.search(r"allocate ([\d.]+ ?\w+)", text)
        wanted = wanted or (found[1] if found else "")
        error = error.__cause__ or error.__context__
    return wanted if is_it else None


def _red(text: str) -> str:
    return f"\033[31m{text}\033[0m" if sys.stderr.isatty() and not os.environ.get("NO_COLOR") else text
