"""`mvdream runs`: what lies in a folder of runs, and which of it is no longer needed. Never imports torch."""

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mvdream_cli.engine.lock import is_held
from mvdream_cli.engine.records import read_run
from mvdream_cli.errors import CheckpointError
from mvdream_cli.pages.story import facts, runs_in, setting_rows, state

USUAL = Path("runs")  # where commands put runs that have no --out
BROKEN = "broken"  # its run.json cannot be read
STATES = {
    "finished": ("finished",),
    "unfinished": ("interrupted", "failed", "stopped"),
    "broken": (BROKEN,),
}
LEFTOVERS = (".tmp-", ".old-", ".mesh-", ".page-")  # how names of files begin that a killed process was writing


@dataclass(frozen=True)
class RunRow:
    """A run: its folder, state, what it made of what, bytes on the disk, and when it was last touched (seconds since 1970)."""

    folder: Path
    state: str
    command: str
    text: str
    bytes: int
    changed: float

    def as_json(self) -> dict:
        return {**vars(self), "folder": str(self.folder)}


def listed(root: Path) -> list[RunRow]:
    """The runs directly in a folder, the newest first. Links are passed over. `USUAL` need not be there yet.

    Raises:
        CheckpointError: there is no such folder.
    """
    if not root.is_dir() and root != USUAL:
        raise CheckpointError(f"{root}: there is no such folder; name one that holds runs")
    return [row_of(folder, record) for folder, record in runs_in(root)]


def row_of(folder: Path, record: dict | None) -> RunRow:
    written = [path for path in (folder / "run.json", folder / "stats.jsonl") if path.is_file()]
    changed = max((path.stat().st_mtime for path in written), default=0.0)
    if record is None:
        return RunRow(folder, BROKEN, "", "", size_of(folder), changed)
    text = str(record.get("text") or "")
    return RunRow(folder, state(folder, record), str(record.get("command", "")), text, size_of(folder), changed)


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files below a folder; links count as themselves."""
    if path.is_symlink() or not path.is_dir():
        return path.lstat().st_size
    return sum(entry.stat(follow_symlinks=False).st_size for entry in _below(path))


def _below(folder: Path) -> Iterator[os.DirEntry]:
    """Files and links below a folder; no link is followed."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _below(Path(entry.path))
            else:
                yield entry


def shown(folder: Path) -> dict:
    """Of one run, as JSON values: what it is, its settings, results and files with their bytes.

    Raises:
        CheckpointError: it is no run.
    """
    record = read_run(folder)
    row = row_of(folder, record)
    files = {
        str(path.relative_to(folder)): size_of(path) for path in sorted(folder.iterdir()) if not path.name.endswith(".lock")
    }
    settings = dict(setting_rows(row.command, record.get("settings") or {}))
    return {
        **row.as_json(), "reason": record.get("reason"), "facts": dict(facts(record)), "settings": settings,
        "results": record.get("results", {}), "files": files,
    }  # fmt: skip


def to_clean(root: Path, states: list[str], older_than_days: float) -> list[tuple[Path, int, str]]:
    """(what to delete, bytes, why) in a folder of runs: leavings of processes that were killed and caches of finished runs; and
    whole runs of the states that are named.

    A run that goes on is left alone, and so is all that a link leads to. Where it cannot be found out whether a run goes on (on
    Windows), one that says so does.

    Args:
        states: keys of `STATES`. older_than_days: whole runs only if nothing was written for so long.

    Raises:
        CheckpointError: as `listed`.
    """
    wanted = {name for kind in states for name in STATES[kind]}
    found = []
    for row in listed(root):
        if row.state == "running" or is_held(row.folder):
            continue
        if row.state in wanted and time.time() - row.changed >= older_than_days * 86400:
            found.append((row.folder, row.bytes, f"{row.state} run"))
            continue
        left = [path for path in sorted(row.folder.iterdir()) if path.name.startswith(LEFTOVERS)]
        found += [(path, size_of(path), "half-written") for path in left]
        cache = row.folder / "cache"
        if row.state == "finished" and cache.is_dir() and not cache.is_symlink():
            found.append((cache, size_of(cache), "cache of a finished run"))
    return found


def delete(paths: list[Path], root: Path) -> None:
    """Delete files, links and folders below `root`; what a link points to stays.

    Raises:
        CheckpointError: one does not lie there. OSError: it cannot be deleted.
    """
    for path in paths:
        if not path.parent.resolve().is_relative_to(root.resolve()):
            raise CheckpointError(f"{path}: does not lie in {root}; nothing of it is deleted")
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
