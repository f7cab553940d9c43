"""What an earlier run left in a folder: to go on with, to be left alone, or to be deleted."""

import json
import re
import shutil
from contextlib import suppress
from pathlib import Path

from mvdream_cli.doors import door, read_json
from mvdream_cli.engine.records import flatten, read_run, short
from mvdream_cli.errors import CheckpointError
from mvdream_cli.versions import OURS, is_older

WORK = ("stats.jsonl", "checkpoints", "previews", "cache")
OWN_NAMES = ("run.json", "log.txt", "reconstruction.npz", "tensorboard", "wandb", *WORK)  # --restart deletes them
SHARED = ("checkpoints", "previews")  # of these only what a run writes
OURS_INSIDE = re.compile(r"step-\d+.*|photographs\.png|\.(tmp|old)-.*")


def resumable(folder: Path, command: str, flat: dict, identity: dict, restart: bool) -> dict | None:
    """The record of an earlier run of the same command, None where a run begins: in a fresh folder, or with `restart`.

    identity: what must be equal to go on. flat: all settings. Nothing is written or deleted.

    Raises:
        CheckpointError: the folder holds something else, or a run that differs, or links.
    """
    path = folder / "run.json"
    _refuse_links(folder)
    names = [f.name for f in folder.iterdir() if not f.name.startswith(".")]
    others = [name for name in names if name not in OWN_NAMES]
    if not path.exists():
        strangers = [name for name in names if name != "log.txt"]  # which comes first
        if strangers:
            raise CheckpointError(
                f"{folder}: is not empty and not a run of mvdream (it holds {strangers[0]}); give --out a new folder"
            )
        return None
    if restart:
        _refuse_stranger(path)
        return None
    record = read_run(folder)
    with door(path, CheckpointError, "--restart starts over", KeyError, TypeError):
        before, earlier_command = record["identity"], record["command"]
        earlier = flatten(record["settings"])
        made = [folder / name for name in record.get("files", [])]  # runs of earlier versions do not list them
    if earlier_command != command:
        raise CheckpointError(f"{folder}: holds a run of `mvdream {earlier_command}`; give --out another folder")
    identity = json.loads(json.dumps(identity))
    changed = [k for k in sorted({*before, *identity}) if before.get(k) != identity.get(k)]
    if changed and record.get("status") == "failed" and not others and not any((folder / name).exists() for name in WORK):
        return None  # a mistyped first try left nothing to protect
    if changed and before.keys() != identity.keys() and is_older(record.get("versions")):
        version = record["versions"][OURS]
        raise CheckpointError(
            f"{folder}: is a run of mvdream {version}, whose settings were others: `mvdream export {folder}` takes it as it "
            f"is, pip install mvdream-cli=={version} goes on with it, --restart starts over"
        )
    if changed:
        listed = "; ".join(f"{k} was {short(before.get(k))}, is {short(identity.get(k))}" for k in changed)
        raise CheckpointError(f"{folder}: cannot be resumed with other settings: {listed}; --restart starts over")
    flat = json.loads(json.dumps(flat))
    same = all(earlier.get(k) == flat.get(k) for k in {*earlier, *flat} if not k.startswith("engine."))
    if record.get("status") != "finished" or not same or not all(path.exists() for path in made):
        record["status"] = "running"
    record.pop("reason", None)
    return record


def _refuse_links(folder: Path) -> None:
    """Where a run would write, resume and delete, no link may lead elsewhere. The folder itself may be one.

    Raises:
        CheckpointError: there is one.
    """
    own = [folder / name for name in OWN_NAMES]
    below = [path for name in WORK for path in (folder / name).rglob("*")]
    for path in (*own, *below):
        if path.is_symlink():
            raise CheckpointError(f"{path}: is a symbolic link; what it leads to is not touched: remove it")


def _refuse_stranger(path: Path) -> None:
    """Raise CheckpointError if a run.json that can be read is of another program, and so is what lies beside it."""
    try:
        record = read_json(path)
    except (OSError, ValueError):
        return
    if isinstance(record, dict) and record and not record.keys() & {"command", "identity"}:
        raise CheckpointError(f"{path}: is not of mvdream, so nothing here is deleted; give --out a new folder")


def delete_earlier(folder: Path) -> None:
    """Delete what the earlier run left, and nothing that somebody else put there."""
    try:
        results = read_json(folder / "run.json")["results"].values()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        results = []
    listed = [item for value in results for item in (value if isinstance(value, list) else [value])]
    inside = [name for name in listed if isinstance(name, str) and name not in ("", ".") and not name.startswith(("/", ".."))]
    for name in (*inside, *OWN_NAMES):
        target = folder / name
        if folder.resolve() not in target.resolve().parents:
            continue
        if name in SHARED:
            _delete_own(target)
        elif target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)


def _delete_own(folder: Path) -> None:
    for path in folder.iterdir() if folder.is_dir() else ():
        if OURS_INSIDE.fullmatch(path.name):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    with suppress(OSError):  # what somebody else put there stays
        folder.rmdir()
