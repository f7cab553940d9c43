"""`mvdream models convert` and `merge`: a model in another form."""

from pathlib import Path

from mvdream_cli.atomic import written_whole
from mvdream_cli.engine.lock import beside, lock
from mvdream_cli.engine.progress import say
from mvdream_cli.errors import UsageError
from mvdream_cli.models.find import SUBJECT, base_of, find_model, known_words


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

    with lock(beside(out), out), written_whole(out) as partial:
        save_pipeline(load_pipeline(source), partial, words=known_words(source))
        (partial / SUBJECT).write_text((find_model(source) / SUBJECT).read_text())
    say(f"{source} merged into {base}")
    return out


def convert(source: str, out: Path, form: str) -> Path:
    """Write the model `source` to `out` in one of `convert.FORMATS`.

    Raises:
        UsageError: an unknown format. ModelError: see `convert.convert`.
    """
    from mvdream_cli.models import convert as formats

    if form not in formats.FORMATS:
        raise UsageError(f"--format: there is no format {form!r}; choose {', '.join(formats.FORMATS)}")
    find_model(source)
    with lock(beside(out), out, "wait for it, or give another name"):
        made = formats.convert(source, out, form)
    say(f"{source} written as {form}")
    return made
