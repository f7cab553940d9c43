"""The run folder: one command's settings, log, statistics and results, opened by one process at a time.

runs/SLUG-HASH/run.json     command, settings, seed, versions, timings, status, results
               stats.jsonl  one object per logged step          log.txt  every message
               checkpoints/ previews/                           and whatever the command leaves
"""

import hashlib
import json
import logging
import math
import platform
import sys
import time
from contextlib import suppress
from pathlib import Path

from mvdream_cli.atomic import sweep
from mvdream_cli.doors import door, open_file, parse_json
from mvdream_cli.engine import distributed, events
from mvdream_cli.engine.earlier_run import delete_earlier, resumable
from mvdream_cli.engine.lock import NAME, lock
from mvdream_cli.engine.progress import logger
from mvdream_cli.engine.records import flatten, now, slug, within, write_json, write_text
from mvdream_cli.engine.signals import Stopped
from mvdream_cli.engine.tracker import Track, numbers
from mvdream_cli.errors import CheckpointError, MVDreamError
from mvdream_cli.versions import versions

STOPPED = (130, 143)  # exit codes: Ctrl-C, SIGTERM


class _LogFile(logging.FileHandler):
    """log.txt. On a full disk it has gaps: who writes something that matters says so."""

    def handleError(self, record) -> None:
        pass


class Run:
    """An open run folder. Use as a context manager: leaving it records how the run ended and frees the folder.

    Of several ranks the first holds the lock and writes; on the others (`lock` None) a Run reads and writes nothing.
    """

    def __init__(self, folder: Path, record: dict, lock=None):
        self.folder, self.record, self._lock = folder, record, lock
        self._started, self._log = time.monotonic(), None
        self.track: Track | None = None  # also gets what goes to stats.jsonl
        if self.writes:
            self._log = _LogFile(folder / "log.txt", encoding="utf-8")
            self._log.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
            logger.addHandler(self._log)

    @property
    def writes(self) -> bool:
        """Whether this process keeps the folder: of several ranks the first does."""
        return self._lock is not None

    @property
    def finished(self) -> bool:
        """True if the same command ended here before and what it made was still there when the run was opened: `results`."""
        return self.record["status"] == "finished"

    @property
    def results(self) -> dict:
        return self.record.get("results", {})

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def previews(self) -> Path:
        """The previews folder, made on first use."""
        return self._made("previews")

    @property
    def cache(self) -> Path:
        """A folder for what is slow to compute and can be computed again; made on first use, deleted by --restart."""
        return self._made("cache")

    def update(self, **fields) -> None:
        """Set fields of run.json (JSON values), replacing the file in one go.

        Raises MVDreamError if the disk is full, OSError if the folder cannot be written.
        """
        self.record.update(fields)
        self.record["updated"] = now()
        if self.writes:
            write_json(self.folder / "run.json", self.record)

    def finish(self, **results) -> dict:
        """Record the results and the status "finished"; returns {"run": folder, **results}.

        In run.json, where `results` finds them again, paths inside the folder are relative to it. The run counts as finished
        for as long as all of those exist.
        """
        relative = {key: self._relative(value) for key, value in results.items()}
        listed = [item for value in results.values() for item in (value if isinstance(value, (list, tuple)) else [value])]
        files = [self._relative(item) for item in listed if isinstance(item, Path) and self._holds(item)]
        self.update(status="finished", results=relative, files=files, seconds=self.seconds())
        return {"run": self.folder, **results}

    def write_stats(self, **facts) -> None:
        """Append one line to stats.jsonl; numbers that are not finite become null. Raises CheckpointError if it cannot."""
        if not self.writes:
            return
        if self.track is not None:
            self.track(facts["step"], numbers(facts))
        facts = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in facts.items()}
        path = self.folder / "stats.jsonl"
        try:
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps(facts) + "\n")
        except OSError as error:
            raise CheckpointError(f"{path}: cannot be written ({error.strerror}); the same command goes on") from error

    def cut_stats(self, step: int) -> None:
        """Drop the lines after `step`, which a run that goes on is about to make again."""
        path = self.folder / "stats.jsonl"
        if not self.writes or not path.is_file():
            return
        kept = []
        with door(path, CheckpointError, "delete it, or --restart starts over"), open_file(path) as file:
            for line in file:
                with suppress(ValueError, KeyError, TypeError):  # the half line of a process that was killed
                    if parse_json(line)["step"] <= step:
                        kept.append(line.decode().rstrip("\r\n") + "\n")
        write_text(path, "".join(kept))

    def close(self) -> None:
        if self.writes:
            logger.removeHandler(self._log)
            with suppress(OSError):
                self._log.close()
            self._lock.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace) -> None:
        if isinstance(error, Stopped):
            error.kept = self.folder
        try:
            if error is not None:
                stopped = isinstance(error, (Stopped, KeyboardInterrupt)) or getattr(error, "exit_code", 0) in STOPPED
                self.update(status="interrupted" if stopped else "failed", reason=str(error) or kind.__name__,
                            seconds=self.seconds())  # fmt: skip
        except (OSError, MVDreamError):
            pass  # a full disk must not hide the error that the person has to read
        finally:
            self.close()

    def seconds(self) -> float:
        """Seconds of work on this run so far, earlier sessions included."""
        return round(self.record.get("seconds_before", 0.0) + time.monotonic() - self._started, 3)

    def _made(self, name: str) -> Path:
        folder = self.folder / name
        if self.writes:
            folder.mkdir(exist_ok=True)
        return folder

    def _holds(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self.folder.resolve())

    def _relative(self, value):
        if isinstance(value, Path):
            return str(value.resolve().relative_to(self.folder.resolve())) if self._holds(value) else str(value)
        if isinstance(value, (list, tuple)):
            return [self._relative(item) for item in value]
        return value


def open_run(
    out: Path | None,
    command: str,
    settings: dict,
    *,
    identity_keys: list[str],
    text: str = "",
    restart: bool = False,
    root: Path = Path("runs"),
    free_keys: tuple[str, ...] = (),
) -> Run:
    """Open (or make) the run folder of a command and lock it. All ranks call it; rank 0 does it.

    settings: nested dict of JSON values, all of it recorded. identity_keys: dotted keys or whole sections of it (such
    as "to3d" or "engine.seed") that must be equal for resuming to make sense; free_keys are exceptions among them, such
    as "to3d.steps". text: what the default folder `root`/SLUG-HASH is named after (the prompt).
    Same command, same identity: the same folder, to be resumed; `Run.finished` says that nothing is left to do.
    Raises CheckpointError (one sentence) if the folder holds something else, differs in an identity key (unless that run
    failed before it left any work), is in use by another process or cannot be written. restart=True deletes what the
    earlier run left there (and nothing else).
    """
    flat = flatten(settings)
    identity = {
        key: value for key, value in flat.items()
        if within(key, identity_keys) and not within(key, free_keys)
    }  # fmt: skip
    if out is None:
        digest = hashlib.blake2b(json.dumps([command, identity], sort_keys=True).encode(), digest_size=4).hexdigest()
        folder = root / f"{slug(text) or slug(command)}-{digest}"
    else:
        folder = Path(out)
    opened = None

    def open_here() -> dict:
        nonlocal opened
        opened = _open(folder, command, settings, flat, identity, text, restart)
        return opened.record

    record = distributed.from_main(open_here)
    return opened or Run(folder, record)


def _open(folder: Path, command: str, settings: dict, flat: dict, identity: dict, text: str, restart: bool) -> Run:
    opened = None  # what has to be closed if the run cannot be opened
    try:
        opened = lock(folder / NAME, folder)
        record = resumable(folder, command, flat, identity, restart)
        if restart:
            delete_earlier(folder)
        if record is not None:
            sweep(folder)
        else:
            record = {"command": command, "created": now(), "identity": identity, "status": "running"}
            if text:
                record["text"] = text
        record["seconds_before"] = record.pop("seconds", 0.0)
        opened = run = Run(folder, record, opened)
        python = {"python": platform.python_version()}
        run.update(argv=sys.argv[1:], settings=settings, versions=python | versions(), machine=platform.platform())
        events.emit("run", folder=folder, resumed=record["seconds_before"] > 0)
        return run
    except BaseException as error:
        if opened is not None:
            opened.close()
        if isinstance(error, OSError):
            raise CheckpointError(
                f"{folder}: cannot be written ({error.strerror}); choose another folder with --out"
            ) from error
        raise
