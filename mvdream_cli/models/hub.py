"""Published models on this machine: where they lie, how they are fetched, whether they are whole. Never imports torch.

A model lies in a folder of its name, or in a single file of its name, in one of the `model_folders`. A download goes to a
hidden folder beside its final place, where it is resumed, and is renamed when it is whole, its files hash to what they must,
and their checksums are recorded.
No code that a repository holds is downloaded or run.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from mvdream_cli.atomic import is_full
from mvdream_cli.doors import read_json
from mvdream_cli.errors import ModelError
from mvdream_cli.hashes import checksum
from mvdream_cli.models.hub_hashes import COMMITS, PINNED, damaged, declared
from mvdream_cli.models.published import FOLDER, PICKLED, PUBLISHED, HubFiles

CHECKPOINT_SUFFIXES = (".pt", ".ckpt", ".pth", ".bin", ".safetensors")
RECORD = "sha256.json"
GB = 1e9


def model_folders() -> list[Path]:
    """Where models are looked for: the folders of `MVDREAM_MODELS`, then the user's cache. Downloads go to the first."""
    named = [Path(part).expanduser() for part in os.environ.get("MVDREAM_MODELS", "").split(os.pathsep) if part]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return [*named, cache / "mvdream" / "models"]


def folder_of(name: str) -> Path:
    """Where a model is downloaded to."""
    return model_folders()[0] / name.replace("/", "--")


def is_on_the_hub(name: str) -> bool:
    """Whether a name that is nothing on this machine can be asked for: a published model or a repository OWNER/NAME."""
    return name in PUBLISHED or (re.fullmatch(r"[\w-]+/[\w.-]+", name) is not None and not Path(name).exists())


def locate(name: str) -> Path | None:
    """The folder or checkpoint file of a published model on this machine, or None."""
    slug = name.replace("/", "--")
    for home in model_folders():
        folder = home / slug
        if (folder / "model_index.json").is_file():
            return folder
        for place in (folder, home):
            for suffix in CHECKPOINT_SUFFIXES:
                if (file := place / f"{slug}{suffix}").is_file():
                    return file
    return None


def missing(name: str) -> str:
    """One sentence for a model that is not on this machine: its files, its size, where they go."""
    folder = folder_of(name)
    if name not in PUBLISHED:
        return f"model {name!r}: no such folder here, and not fetched from the hub; check the path, or see `models list`."
    model = PUBLISHED[name]
    first = model.sources[0][0]
    files = ", ".join(first.wanted) if first.wanted is not FOLDER else "all folders"
    return (
        f"model {name!r} is not on this machine; `mvdream models get {name}` fetches {model.size_gb} GB, or put {files} of "
        f"{first.repo} into {folder}."
    )


def listing(source: HubFiles) -> tuple[str, dict[str, int]]:
    """(commit, {file: bytes}) of a source, asked from the hub (or the mirror that `HF_ENDPOINT` names).

    Raises:
        ModelError: the repository cannot be reached, does not exist, is closed, or lacks the files.
    """
    try:
        found = _snapshot(source, COMMITS.get(source.repo), dry_run=True)
        return found[0].commit_hash, {info.filename: info.file_size or 0 for info in found}
    except Exception as error:  # the hub client raises a dozen kinds, from httpx's to its own
        raise ModelError(f"{source.repo}: {_reason(error)}") from error


def download(name: str, say=print) -> Path:
    """Fetch a published model, or a repository OWNER/NAME, from the first source that has it. Resumes. Returns its folder.

    Args:
        say: called with one line of text at a time.

    Raises:
        ModelError: no source has it, the disk is too small, or a file differs from what was once recorded.
    """
    folder = folder_of(name)
    if name in PUBLISHED:
        choices = PUBLISHED[name].sources
    else:
        choices = ((HubFiles(name),), (HubFiles(name, left_out=PICKLED),))
    refusals = []
    for parts in choices:
        try:
            wanted = {part: listing(part) for part in parts}
        except ModelError as error:
            refusals.append(str(error))
            if "cannot be reached" in str(error):
                break
            continue
        if name not in PUBLISHED and parts is choices[0] and not _has_safetensors(wanted):
            continue
        size = sum(sum(files.values()) for _, files in wanted.values())
        partial = folder.with_name(f".{folder.name}.part")
        _check_disk(folder.parent, size - _size(partial), name)
        say(f"{name}: {size / GB:.2f} GB from {', '.join(part.repo for part in parts)} to {folder}")
        try:
            for part, (commit, files) in wanted.items():
                _snapshot(part, commit, local_dir=partial)
                _refuse_damaged(partial, part, commit, files)
        except Exception as error:
            if is_full(error, partial.parent):
                to_come_gb = max(0, size - _size(partial)) / GB
                raise ModelError(
                    f"{partial}: the disk is full, {to_come_gb:.2f} GB are still to come; free some space and repeat the "
                    "command, which goes on from what is there"
                ) from error
            refusals.append(f"{', '.join(part.repo for part in parts)}: {_reason(error)}")
            say(refusals[-1])
            continue
        return _settle(partial, folder, name)
    raise ModelError(f"{missing(name)} Tried: {'; '.join(refusals)}.")


def verify(folder: Path) -> Iterator[tuple[str, str]]:
    """(file, "as recorded", "changed", "missing" or "not recorded") for the files of a downloaded model."""
    record = read_record(folder)
    for file in sorted(record.keys() | {_relative(path, folder) for path in _files(folder)}):
        path = folder / file
        if not path.is_file():
            yield file, "missing"
        elif file not in record:
            yield file, "not recorded"
        else:
            yield file, "as recorded" if checksum(path) == record[file]["sha256"] else "changed"


def read_record(folder: Path) -> dict[str, dict]:
    """{file: {"sha256", "bytes"}} as written at the download; empty for a folder that was put there by hand."""
    try:
        record = read_json(folder / RECORD)
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _refuse_damaged(partial: Path, part: HubFiles, commit: str, files: dict[str, int]) -> None:
    """Delete what came with another hash than it must have, so that the next try fetches it anew.

    Raises:
        ModelError: something did.
    """
    hashes = {file: wanted for file, wanted in declared(part.repo, commit).items() if file in files}
    if bad := damaged(partial, hashes):
        for file in bad:
            (partial / file).unlink()
        who = "pinned" if part.repo in PINNED else "named by the hub"
        raise ModelError(
            f"{', '.join(bad)} came with another checksum than the one {who} and was thrown away; repeat the command, and if "
            "it happens again, trust neither the mirror nor the proxy"
        )


def _snapshot(source: HubFiles, revision: str | None, **kwargs):
    from huggingface_hub import snapshot_download

    endpoint = os.environ.get("HF_ENDPOINT") or None
    found = snapshot_download(
        source.repo, revision=revision, allow_patterns=list(source.wanted), ignore_patterns=list(source.left_out),
        endpoint=endpoint, **kwargs,
    )  # fmt: skip
    if kwargs.get("dry_run") and not found:
        raise FileNotFoundError(f"has none of {', '.join(source.wanted)}")
    return found


def _settle(partial: Path, folder: Path, name: str) -> Path:
    """Record the checksums of a whole download, compare them with an earlier record, and give it its name."""
    shutil.rmtree(partial / ".cache", ignore_errors=True)
    record = {_relative(path, partial): {"sha256": checksum(path), "bytes": path.stat().st_size} for path in _files(partial)}
    before = read_record(folder)
    changed = [file for file in record if file in before and before[file]["sha256"] != record[file]["sha256"]]
    if changed:
        raise ModelError(
            f"model {name!r}: {', '.join(changed)} came with another checksum than at the first download; nothing was "
            f"replaced. Remove {folder} to take the new version."
        )
    (partial / RECORD).write_text(json.dumps(record, indent=1, sort_keys=True))
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(partial, folder)
    return folder


def _has_safetensors(wanted: dict[HubFiles, tuple[str, dict[str, int]]]) -> bool:
    return any(file.endswith(".safetensors") for _, files in wanted.values() for file in files)


def _check_disk(place: Path, needed: int, name: str) -> None:
    place.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(place).free
    if needed > free:
        raise ModelError(
            f"model {name!r} needs {needed / GB:.2f} GB more and {place} has {free / GB:.2f} GB free; make room, or set "
            "MVDREAM_MODELS to a folder on another disk."
        )


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != RECORD]


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in _files(folder)) if folder.is_dir() else 0


def _reason(error: Exception) -> str:
    """What the hub client has to say, on one short line."""
    if isinstance(error, ModelError):
        return str(error)
    known = {
        "RepositoryNotFoundError": "there is no such repository, or it is private",
        "RevisionNotFoundError": "the commit that mvdream knows is gone from there",
        "GatedRepoError": "its terms must be accepted on the hub first",
    }
    inner = error.__cause__ or error  # a dry run wraps what happened
    for kind in (type(error).__name__, type(inner).__name__):
        if kind in known:
            return known[kind]
    if type(inner).__module__.startswith("httpx") or type(inner).__name__ == "OfflineModeIsEnabled":
        return "the hub cannot be reached"
    return str(inner).strip().splitlines()[0][:160] if str(inner).strip() else type(inner).__name__
