"""The boundary: whatever happens inside becomes an exit code (`errors.EXIT_CODES`) and, on stderr, one sentence."""

import difflib
import json
import os
import re
import signal
import sys

from mvdream_cli.engine import events
from mvdream_cli.errors import MVDreamError
from mvdream_cli.texts import printable


def main(args: list[str] | None = None) -> None:
    """Entry point of the executable `mvdream`."""
    sys.exit(run_main(sys.argv[1:] if args is None else args))


def run_main(args: list[str]) -> int:
    """Run the command line `args`; returns the exit code. Errors are told on stderr in one sentence."""
    import typer

    from mvdream_cli.cli import app

    args = ["--events" if word == "--json=events" else word for word in args]  # a flag of Typer takes no value
    try:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # outside the loop too, files and locks are let go
        code = app(args or ["--help"], prog_name="mvdream", standalone_mode=False)
        sys.stdout.flush()
        if code == 130:
            return stopped("interrupted", code, args)
        return code if isinstance(code, int) else 0
    except (KeyboardInterrupt, typer.Abort):
        return stopped("interrupted", 130, args)
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # the parser leaves so
            return reader_went_away()
        if end.code != 143:
            raise
        return stopped("terminated", 143, args)
    except BrokenPipeError:
        return reader_went_away()
    except Exception as error:  # the boundary: whatever it is, it becomes one sentence and an exit code
        if "--debug" in args:
            import traceback

            traceback.print_exc()
        message, code = describe(error)
        if getattr(error, "silent", False):  # another process says it
            return code
        message = printable(message)
        if code in (130, 143):
            return stopped(message, code, args)
        print("\n".join(f"{_red('error:')} {line}" for line in message.split("\n")), file=sys.stderr)
        report("failed", message, code, args, getattr(error, "results", {}))
        return code


def reader_went_away() -> int:
    """`mvdream ... | head -1`: nothing is said, also by what Python would still write at its end; returns the exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno())
    return 141


def stopped(message: str, code: int, args: list[str]) -> int:
    """Tell that a signal ended the command; returns the exit code."""
    print(message, file=sys.stderr)
    report("interrupted", message, code, args)
    return code


def report(status: str, message: str, code: int, args: list[str], results: dict | None = None) -> None:
    """Tell a program how the command ended, in the form that it asked for, if any."""
    if events.heard():
        events.emit("failed", status=status, error=message, exit_code=code, results=results or {})
    elif "--events" in args:  # it failed before anybody listened
        events.listen()
        report(status, message, code, args, results)
    elif "--json" in args:
        print(json.dumps({"status": status, "error": message, "exit_code": code, **(results or {})}, default=str))


def describe(error: Exception) -> tuple[str, int]:
    """(one sentence, or one a line for several settings; exit code)."""
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
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'input or output'}: {error.strerror}", 1
    # by its name and words, so that torch is not imported for it
    if type(error).__name__ in ("OutOfMemoryError", "MemoryError") or "can't allocate memory" in str(error):
        needed = re.search(r"allocate ([\d.]+ ?\w+)", str(error))
        wanted = f" ({needed[1]} more were asked for)" if needed else ""
        return f"out of memory{wanted}; take fewer views, candidates or samples, smaller renderings, or a smaller --preset", 1
    hint = "this is a fault of mvdream: run it again with --debug and report the traceback"
    return f"{type(error).__name__}: {error}; {hint}", 1


def _red(text: str) -> str:
    return f"\033[31m{text}\033[0m" if sys.stderr.isatty() and not os.environ.get("NO_COLOR") else text


if __name__ == "__main__":
    main()
