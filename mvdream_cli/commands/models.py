"""`mvdream models`: where models are, how they come, and their formats. Imports torch only to convert."""

from pathlib import Path

from mvdream_cli.engine.progress import say
from mvdream_cli.errors import ModelError, UsageError
from mvdream_cli.models import hub
from mvdream_cli.models.find import EMBEDDED, SUBJECT, base_of, find_model, known_words


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
            hub.download(name, say)


def listed() -> list[dict]:
    """One entry for each model that has a name: {"name", "about", "size_gb", "licence", "path" or None}."""
    rows = [
        {
            "name": name,
            "about": "embedded: a toy world on any machine",
            "size_gb": _size_gb(path),
            "licence": "Apache-2.0",
            "path": path,
        }
        for name, path in EMBEDDED.items()
    ]
    for name, model in hub.PUBLISHED.items():
        path = hub.locate(name)
        rows.append({"name": name, "about": model.about, "size_gb": model.size_gb, "licence": model.licence, "path": path})
    return rows


def get(name: str, offline: bool = False, dry_run: bool = False) -> Path:
    """The model's folder or file on this machine, fetched if need be; `dry_run` only says what would be fetched to where."""
    if name in EMBEDDED or Path(name).exists():
        return find_model(name)
    if not hub.is_on_the_hub(name):
        raise UsageError(f"model {name!r} has no known source; choose {', '.join(hub.PUBLISHED)} or OWNER/NAME of the hub")
    if path := hub.locate(name):
        say(f"{name}: already here; `mvdream models verify {name}` checks its files")
        return path
    if offline:
        raise ModelError(hub.missing(name))
    if dry_run:
        say(hub.missing(name))
        return hub.folder_of(name)
    return hub.download(name, say)


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


def merge(source: str, out: Path) -> Path:
    """Write a model whose LoRA, if it is one, has become part of the weights: a folder that needs no other.

    Raises:
        UsageError: the model is no LoRA, or `out` exists.
    """
    base = base_of(find_model(source))
    if base is None:
        raise UsageError(f"{source} is no LoRA: it stands alone already")
    if out.exists():
        raise UsageError(f"{out} exists already; remove it or give another folder")
    from mvdream_cli.models.load import load_pipeline, save_pipeline

    made = save_pipeline(load_pipeline(source), out, words=known_words(source))
    (made / SUBJECT).write_text((find_model(source) / SUBJECT).read_text())
    say(f"{source} merged into {base}")
    return made


def convert(source: str, out: Path, form: str) -> Path:
    """Write the model `source` to `out` in one of `convert.FORMATS`.

    Raises:
        UsageError: an unknown format. ModelError: see `convert.convert`.
    """
    from mvdream_cli.models import convert as formats

    if form not in formats.FORMATS:
        raise UsageError(f"--format: there is no format {form!r}; choose {', '.join(formats.FORMATS)}")
    made = formats.convert(source, out, form)
    say(f"{source} written as {form}")
    return made


def _size_gb(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / hub.GB
