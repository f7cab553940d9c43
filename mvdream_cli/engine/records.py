"""What a run leaves in run.json: reading, writing, naming. Never imports torch."""

import json
import re
import time
import unicodedata
from pathlib import Path

from mvdream_cli.atomic import written_whole
from mvdream_cli.doors import door, read_json
from mvdream_cli.errors import CheckpointError
from mvdream_cli.versions import is_newer, update_hint

_FIELDS = {
    "command": str, "status": str, "text": str, "settings": dict, "identity": dict, "results": dict, "files": list,
    "versions": dict, "seconds": (int, float), "seconds_before": (int, float),
}  # fmt: skip


def read_run(folder: Path) -> dict:
    """The record (run.json) of a run folder. Raises CheckpointError if it is none, or of a newer mvdream."""
    path = Path(folder) / "run.json"
    if not path.exists():
        raise CheckpointError(f"{folder}: is not a run folder (no run.json); name one, or leave it out for the newest")
    with door(path, CheckpointError, "--restart starts over"):
        record = read_json(path)
        if not isinstance(record, dict):
            raise ValueError("it is no object")
        wrong = [key for key, kind in _FIELDS.items() if key in record and not isinstance(record[key], kind)]
        if wrong:
            raise ValueError(f"{wrong[0]} is of another type")
    if is_newer(record.get("versions")):
        raise CheckpointError(f"{folder}: {update_hint(record['versions'])}, or give another folder")
    return record


def latest_run(root: Path = Path("runs"), command: str | None = None) -> Path:
    """The run folder under `root` that was written last (of `command`, if given). Raises CheckpointError if none."""
    newest: tuple[float, Path] | None = None
    for path in root.glob("*/run.json"):
        try:
            record = read_run(path.parent)
        except CheckpointError:
            continue
        if command is None or record.get("command") == command:
            newest = max(newest or (0.0, path.parent), (path.stat().st_mtime, path.parent))
    if newest is None:
        of = f" of `mvdream {command}`" if command else ""
        raise CheckpointError(f"{root}: there is no run{of} here; name its folder")
    return newest[1]


def write_text(path: Path, text: str) -> None:
    """Replace a text file in one go: a reader sees the old one or the new one, whole.

    Raises MVDreamError if the disk is full, OSError if the folder cannot be written.
    """
    with written_whole(path) as partial:
        partial.write_text(text, encoding="utf-8", errors="replace")


def write_json(path: Path, value) -> None:
    """Replace a JSON file in one go. Raises as `write_text`."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def slug(text: str, longest: int = 40) -> str:
    """Lower-case ASCII letters, digits and single hyphens, cut at a word where possible; "" if nothing is left."""
    plain = unicodedata.normalize("NFKD", text[:1000]).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    name = ""
    for word in words:
        joined = f"{name}-{word}" if name else word[:longest]
        if len(joined) > longest:
            break
        name = joined
    return name


def flatten(settings: dict, prefix: str = "") -> dict:
    """{"to3d": {"steps": 5}} to {"to3d.steps": 5}."""
    flat = {}
    for key, value in settings.items():
        if isinstance(value, dict) and value:
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def within(key: str, keys) -> bool:
    """True if a dotted key is one of `keys` or lies in one of them: "to3d.steps" in "to3d"."""
    return any(key == k or key.startswith(f"{k}.") for k in keys)


def short(value) -> str:
    """A JSON value as text of at most 60 characters."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def now() -> str:
    """The time with its zone, such as 2026-11-21T09:30:00+0100."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")
