"""What a program is told while a command works (`--json=events`): one JSON object a line, on stdout. Never imports torch."""

import json
import sys

EVENTS = {
    "started": "`command`, `argv`: the command begins",
    "run": "`folder`, `resumed`: its run folder is open",
    "step": "`task`, `done`, `total`, `seconds_left` (null: not known), `facts`: at most two a second, and the last one",
    "preview": "`path`: a picture of how far it is",
    "file": "`path`, `what`: a file that one may want to see before the end",
    "message": "`text`: what a person reads on stderr",
    "warning": "`text`: likewise, but something is not as it should be",
    "done": "`results`: as of `--json`; the last line",
    "failed": "`error`, `exit_code`, and `results` where there are some; the last line instead",
}

_on = False


def listen(on: bool = True) -> None:
    """Tell events from now on, or no longer."""
    global _on
    _on = on


def heard() -> bool:
    """Whether events are told."""
    return _on


def emit(event: str, **facts) -> None:
    """Tell one of `EVENTS`, if somebody listens; paths become text."""
    assert event in EVENTS, event
    if _on:
        sys.stdout.write(json.dumps({"event": event, **facts}, default=str) + "\n")
        sys.stdout.flush()
