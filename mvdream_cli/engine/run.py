"""The run folder: one command's settings, log, statistics and results, opened by one process at a time.

runs/SLUG-HASH/run.json     command, settings, seed, versions, timings, status, results
               stats.jsonl  one object per logged step          log.txt  every message
               checkpoints/ previews/                           and whatever the command leaves
"""

import hashlib
import json
import logging
import math
import os
import platform
import re
import shutil
import sys
import time
import unicodedata
from importlib import metadata
from pathlib import Path

from mvdream_cli.engine.lock import lock
from mvdream_cli.engine.progress import logger
from mvdream_cli.errors import CheckpointError

RECORDED_VERSIONS = ("mvdream-cli", "torch", "diffusers", "transformers", "nerfacc", "numpy")
WORK = ("stats.jsonl", "checkpoints", "previews", "cache")
OWN_NAMES = ("run.json", "log.txt", *WORK)  # --restart deletes them


class Run:
    """An open run folder. Use as a context manager: leaving it records how the run ended and frees the folder."""

    def __init__(self, folder: Path, record: dict, lock_file):
        self.folder, self.record, self._lock_file = folder, record, lock_file
        self._started = time.monotonic()
        self._log = logging.FileHandler(folder / "log.txt", encoding="utf-8")
        self._log.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
        logger.addHandler(self._log)

    @property
    def finished(self) -> bool:
        """True if the same command ended here before; its results are in `results`."""
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
        folder = self.folder / "previews"
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def cache(self) -> Path:
        """A folder for what is slow to compute and can be computed again; made on first use, deleted by --restart."""
        folder = self.folder / "cache"
        folder.mkdir(exist_ok=True)
        return folder

    def update(self, **fields) -> None:
        """Set fields of run.json (JSON values), replacing the file in one go."""
        self.record.update(fields)
        self.record["updated"] = _now()
        write_json(self.folder / "run.json", self.record)

    def finish(self, **results) -> dict:
        """Record the results and the status "finished"; returns {"run": folder, **results}.

        In run.json, where `results` finds them again, paths inside the folder are relative to it.
        """
        relative = {key: self._relative(value) for key, value in results.items()}
        self.update(status="finished", results=relative, seconds=self.seconds())
        return {"run": self.folder, **results}

    def write_stats(self, **facts) -> None:
        """Append one line to stats.jsonl; numbers that are not finite become null."""
        facts = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in facts.items()}
        with open(self.folder / "stats.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(facts) + "\n")

    def cut_stats(self, step: int) -> None:
        """Drop the lines after `step`, which a resumed run is about to make again."""
        path = self.folder / "stats.jsonl"
        if not path.is_file():
            return
        kept = []
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                if json.loads(line)["step"] <= step:
                    kept.append(line + "\n")
            except (ValueError, KeyError):  # the half line of a process that was killed
                continue
        _replace(path, "".join(kept))

    def close(self) -> None:
        logger.removeHandler(self._log)
        self._log.close()
        self._lock_file.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace) -> None:
        try:
            if error is not None:
                stopped = isinstance(error, (KeyboardInterrupt, SystemExit)) or getattr(error, "exit_code", 0) in (
                    130,
                    143,
                )
                self.update(status="interrupted" if stopped else "failed", reason=str(error) or kind.__name__,
                            seconds=self.seconds())  # fmt: skip
        except OSError:
            pass  # a full disk must not hide the error that the person has to read
        finally:
            self.close()

    def seconds(self) -> float:
        """Seconds of work on this run so far, earlier sessions included."""
        return round(self.record.get("seconds_before", 0.0) + time.monotonic() - self._started, 3)

    def _relative(self, value):
        if isinstance(value, Path):
            inside = value.resolve().is_relative_to(self.folder.resolve())
            return str(value.resolve().relative_to(self.folder.resolve())) if inside else str(value)
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
    """Open (or make) the run folder of a command and lock it.

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
        if _within(key, identity_keys) and not _within(key, free_keys)
    }  # fmt: skip
    if out is None:
        digest = hashlib.blake2b(json.dumps([command, identity], sort_keys=True).encode(), digest_size=4).hexdigest()
        folder = root / f"{slug(text) or slug(command)}-{digest}"
    else:
        folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock_file = lock(folder)
        with open(folder / "log.txt", "a", encoding="utf-8"):
            pass
    except OSError as error:
        raise CheckpointError(f"{folder}: cannot be written ({error.strerror}); choose another folder with --out") from error
    try:
        record = _resumable(folder, command, flat, identity, restart)
        if record is None:
            record = {"command": command, "created": _now(), "identity": identity, "status": "running"}
            if text:
                record["text"] = text
        record["seconds_before"] = record.pop("seconds", 0.0)
        versions = {"python": platform.python_version(), **_versions()}
        run = Run(folder, record, lock_file)
        run.update(argv=sys.argv[1:], settings=settings, versions=versions, machine=platform.platform())
        return run
    except BaseException as error:
        lock_file.close()
        if isinstance(error, OSError):
            raise CheckpointError(f"{folder}: cannot be written ({error.strerror}); choose another --out") from error
        raise


def _resumable(folder: Path, command: str, flat: dict, identity: dict, restart: bool) -> dict | None:
    """The record of an earlier run of the same command, None for a fresh folder; raises if neither."""
    path = folder / "run.json"
    others = [f.name for f in folder.iterdir() if not f.name.startswith(".") and f.name not in OWN_NAMES]
    if not path.exists():
        if others:
            raise CheckpointError(
                f"{folder}: is not empty and not a run of mvdream (it holds {others[0]}); give --out a new folder"
            )
        return None
    if restart:
        _delete_earlier(folder)
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        before, earlier_command = record["identity"], record["command"]
        earlier = flatten(record["settings"])
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path}: cannot be read ({error}); --restart starts over") from error
    if earlier_command != command:
        raise CheckpointError(f"{folder}: holds a run of `mvdream {earlier_command}`; give --out another folder")
    identity = json.loads(json.dumps(identity))
    changed = [k for k in sorted({*before, *identity}) if before.get(k) != identity.get(k)]
    if changed and record.get("status") == "failed" and not others and not any((folder / name).exists() for name in WORK):
        return None  # a mistyped first try left nothing to protect
    if changed:
        listed = "; ".join(f"{k} was {_short(before.get(k))}, is {_short(identity.get(k))}" for k in changed)
        raise CheckpointError(f"{folder}: cannot be resumed with other settings: {listed}; --restart starts over")
    flat = json.loads(json.dumps(flat))
    same = all(earlier.get(k) == flat.get(k) for k in {*earlier, *flat} if not k.startswith("engine."))
    if record.get("status") != "finished" or not same:
        record["status"] = "running"
    record.pop("reason", None)
    return record


def _delete_earlier(folder: Path) -> None:
    """Delete what the earlier run left, and nothing that somebody else put there."""
    try:
        results = json.loads((folder / "run.json").read_text(encoding="utf-8"))["results"].values()
    except (ValueError, KeyError, TypeError, AttributeError):
        results = []
    listed = [item for value in results for item in (value if isinstance(value, list) else [value])]
    inside = [name for name in listed if isinstance(name, str) and name not in ("", ".") and not name.startswith(("/", ".."))]
    for name in (*inside, *OWN_NAMES):
        target = folder / name
        if folder.resolve() in target.resolve().parents:
            shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)


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


def read_run(folder: Path) -> dict:
    """The record (run.json) of a run folder. Raises CheckpointError if it is none."""
    try:
        record = json.loads((Path(folder) / "run.json").read_text(encoding="utf-8"))
        if not isinstance(record, dict):
            raise ValueError("not an object")
        return record
    except OSError as error:
        raise CheckpointError(
            f"{folder}: is not a run folder (no run.json); name one, or leave it out for the newest"
        ) from error
    except ValueError as error:
        raise CheckpointError(f"{folder}/run.json: cannot be read ({error})") from error


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


def write_json(path: Path, value) -> None:
    """Replace a JSON file in one go: a reader sees the old one or the new one, whole."""
    _replace(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def _replace(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.tmp")
    with open(partial, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def _within(key: str, keys) -> bool:
    return any(key == k or key.startswith(f"{k}.") for k in keys)


def _short(value) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _versions() -> dict[str, str]:
    found = {}
    for name in RECORDED_VERSIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")
