"""`mvdream models`: which there are, where they lie, how they come. Never imports torch."""

from pathlib import Path

from mvdream_cli.engine.lock import beside, lock
from mvdream_cli.engine.progress import say
from mvdream_cli.engine.signals import keeping
from mvdream_cli.errors import ModelError, UsageError
from mvdream_cli.models import hub
from mvdream_cli.models.find import EMBEDDED, base_of, find_model
from mvdream_cli.models.published import PUBLISHED


def ensure(settings, command: str) -> None:
    """Fetch the models that a command is about to use and that are not on this machine.

    Raises:
        ModelError: offline, or nobody has the model.
    """
    names = settings.models_used(command)
    names += [base for name in names if Path(name).is_dir() and (base := base_of(find_model(name)))]
    for name in names:
        if name not in EMBEDDED and hub.is_on_the_hub(name) and hub.locate(name) is None:
            if settings.engine.offline:
                raise ModelError(hub.missing(name))
            fetched(name)


def listed() -> list[dict]:
    """One entry for each model that has a name: {"name", "about", "size_gb", "licence", "path" or None}."""
    about, licence = "embedded: a toy world on any machine", "Apache-2.0"
    rows = [
        {"name": name, "about": about, "size_gb": _size_gb(path), "licence": licence, "path": path}
        for name, path in EMBEDDED.items()
    ]
    for name, model in PUBLISHED.items():
        path = hub.locate(name)
        rows.append({"name": name, "about": model.about, "size_gb": model.size_gb, "licence": model.licence, "path": path})
    return rows


def get(name: str, offline: bool = False, dry_run: bool = False) -> Path:
    """The model's folder or file on this machine, fetched if need be; `dry_run` only says what would be fetched to where."""
    if name in EMBEDDED or Path(name).exists():
        return find_model(name)
    if not hub.is_on_the_hub(name):
        raise UsageError(f"model {name!r} has no known source; choose {', '.join(PUBLISHED)} or OWNER/NAME of the hub")
    if path := hub.locate(name):
        say(f"{name}: already here; `mvdream models verify {name}` checks its files")
        return path
    if offline:
        raise ModelError(hub.missing(name))
    if dry_run:
        say(hub.missing(name))
        return hub.folder_of(name)
    return fetched(name)


def fetched(name: str) -> Path:
    """The folder of a model after its download, which one process at a time does.

    Raises:
        LockedError: another one does. ModelError: nobody has the model.
    """
    folder = hub.folder_of(name)
    with lock(beside(folder), f"model {name!r}", "wait for it"), keeping(folder.parent):
        return hub.locate(name) or hub.download(name, say)


def verify(name: str) -> Path:
    """Compare every file of a fetched model with the checksum that was recorded when it came.

    Raises:
        ModelError: a file changed or is missing, or there is no record.
    """
    path = find_model(name)
    folder = path if path.is_dir() else path.parent
    if not hub.read_record(folder):
        raise ModelError(f"model {name!r}: {folder} was not fetched by `mvdream models get`, so there is no record to compare.")
    bad = []
    for file, state in hub.verify(folder):
        say(f"{file}: {state}")
        if state in ("changed", "missing"):
            bad.append(f"{file} ({state})")
    if bad:
        raise ModelError(f"model {name!r}: {', '.join(bad)}; remove {folder} and run `mvdream models get {name}`.")
    return path


def _size_gb(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / hub.GB
