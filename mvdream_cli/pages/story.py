"""What the folder of a run tells: its title, how far it is, settings, losses, pictures. JSON values; never imports torch."""

import json
import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from mvdream_cli.doors import open_file, read_bytes
from mvdream_cli.engine.lock import is_held
from mvdream_cli.engine.progress import clock
from mvdream_cli.engine.records import flatten, read_run
from mvdream_cli.errors import MVDreamError

MOST_POINTS = 400  # of the chart
MOST_PREVIEWS = 12
SHOWN = {  # file: (kind, caption)
    "views.png": ("views", "The views that the model drew."),
    "candidates.png": ("views", "All candidates, the best first."),
    "turntable.png": ("sheet", "The object from eight sides."),
    "contact_sheet.png": ("views", "All objects."),
}
SECTIONS = {"sample-views": "sample_views"}  # of the settings, where it is not named as its command


def story(folder: Path, record: Mapping | None = None) -> dict:
    """What is shown of a run.

    Args:
        record: in place of its run.json.

    Returns:
        JSON values: title, command, status, reason, facts and settings ([[name, text]]), losses {"step": [], "loss": []},
        step (the last logged one or None), steps (of how many, or None), seconds_left, pictures ([[kind, caption, file name]]),
        log (the last lines).

    Raises:
        CheckpointError: it is no run folder.
    """
    record = read_run(folder) if record is None else record
    command, status = str(record.get("command", "")), state(folder, record)
    settings = record.get("settings") or {}
    stats = read_stats(folder / "stats.jsonl")
    last = stats[-1] if stats else {}
    steps, speed = last.get("steps"), last.get("steps_per_second")
    left = (steps - last["step"]) / speed if status == "running" and steps and speed else None
    return {
        "title": str(record.get("text") or folder.resolve().name), "command": command, "status": status,
        "reason": str(record.get("reason", "")) if status in ("failed", "interrupted") else "",
        "facts": facts(record), "settings": setting_rows(command, settings),
        "losses": thinned(stats), "step": last.get("step"), "steps": steps, "seconds_left": left,
        "pictures": pictures(folder), "log": tail(folder / "log.txt"),
    }  # fmt: skip


def state(folder: Path, record: Mapping) -> str:
    """finished, interrupted, failed or running; "stopped" where run.json says running and no process does (told on POSIX)."""
    status = str(record.get("status", ""))
    return "stopped" if status == "running" and os.name == "posix" and not is_held(folder) else status


def facts(record: Mapping) -> list[list[str]]:
    """[name, text] of what one asks first: model, seed, when, how long, with which versions, by which command."""
    settings, versions = record.get("settings") or {}, record.get("versions") or {}
    seconds, argv = record.get("seconds"), record.get("argv") or []
    train = (settings.get("train") or {}) if record.get("command") == "train" else None
    rows = {
        "model": settings.get("model") if train is None else train.get("init") or f"a fresh one, {train.get('architecture')}",
        "seed": (settings.get("engine") or {}).get("seed"),
        "made": str(record.get("created", ""))[:16].replace("T", " "),
        "time": clock(seconds) if isinstance(seconds, (int, float)) else None,
        "versions": ", ".join(f"{name} {versions[name]}" for name in ("mvdream-cli", "torch") if name in versions),
        "command": shlex.join(["mvdream", *map(str, argv)]) if argv else None,
    }
    return [[name, str(value)] for name, value in rows.items() if value not in (None, "")]


def setting_rows(command: str, settings: Mapping) -> list[list[str]]:
    """The settings that the command read, by their dotted names."""
    section = SECTIONS.get(command, command)
    parts = {"model", "engine", section, *({"export", "turntable"} if section == "to3d" else set())}
    flat = flatten({key: value for key, value in settings.items() if key in parts})
    return [[name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)] for name, value in flat.items()]


def read_stats(path: Path) -> list[dict]:
    """The lines of stats.jsonl that have a step; the half line of a run that goes on is passed over."""
    rows = []
    try:
        text = read_bytes(path).decode("utf-8", errors="replace")
    except OSError:
        return []
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get("step"), int):
            rows.append(row)
    return rows


def thinned(stats: list[dict]) -> dict[str, list]:
    """Steps and losses for the chart: at most `MOST_POINTS` means of as many steps each."""
    known = [(row["step"], row["loss"]) for row in stats if isinstance(row.get("loss"), (int, float))]
    size = -(-len(known) // MOST_POINTS) or 1
    groups = [known[k : k + size] for k in range(0, len(known), size)]
    return {
        "step": [group[-1][0] for group in groups],
        "loss": [float(f"{sum(loss for _, loss in group) / len(group):.5g}") for group in groups],
    }


def pictures(folder: Path) -> list[list[str]]:
    """[kind, caption, file name within the folder] of what is there; of many previews some."""
    found = [[kind, caption, name] for name, (kind, caption) in SHOWN.items() if _is_own_file(folder / name)]
    previews = sorted(path for path in (folder / "previews").glob("*.png") if _is_own_file(path))
    count = min(len(previews), MOST_PREVIEWS)
    chosen = [previews[round(k * (len(previews) - 1) / max(count - 1, 1))] for k in range(count)]
    return found + [["preview", _step_of(path), f"previews/{path.name}"] for path in chosen]


def _step_of(path: Path) -> str:
    """ "step 120" of step-000120.png."""
    name, _, number = path.stem.partition("-")
    return f"{name} {int(number):,}" if number.isdecimal() else path.stem


def _is_own_file(path: Path) -> bool:
    """Whether it is a file and no link to somewhere else."""
    return path.is_file() and not path.is_symlink() and not path.parent.is_symlink()


def tail(path: Path, lines: int = 12) -> list[str]:
    """The last lines of a text file that may be long."""
    try:
        with open_file(path) as file:
            file.seek(max(0, path.stat().st_size - 8192))
            return file.read().decode(errors="replace").splitlines()[-lines:]
    except OSError:
        return []


def runs_in(root: Path) -> list[tuple[Path, dict | None]]:
    """(folder, record; None where that cannot be read) of each run folder directly in `root`, the newest first; no links."""
    found = []
    for path in root.glob("*/run.json"):
        if path.parent.is_symlink() or path.is_symlink():
            continue
        try:
            found.append((path.stat().st_mtime, path.parent, read_run(path.parent)))
        except MVDreamError:
            found.append((path.stat().st_mtime, path.parent, None))
        except OSError:  # deleted meanwhile
            continue
    return [(folder, record) for _, folder, record in sorted(found, key=lambda item: (-item[0], item[1]))]
