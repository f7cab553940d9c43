"""What several commands do before they compute: open the model, warn about the prompt's words."""

from mvdream_cli.engine.device import pick_device, set_threads
from mvdream_cli.engine.progress import say, warn
from mvdream_cli.models.find import known_words, subject_warning
from mvdream_cli.models.load import load_pipeline
from mvdream_cli.models.vocabulary import vocabulary_warning


def open_model(settings) -> tuple:
    """(pipeline, its device), with one line of what was opened and why there."""
    engine = settings.engine
    set_threads(engine.threads)
    device, dtype, reason = pick_device(engine.device, engine.dtype)
    say(f"{settings.model} on {device} {dtype}: {reason}")
    pipeline = load_pipeline(settings.model, device, dtype, **engine.networks())
    if pipeline.report:
        say(f"{settings.model}: {pipeline.report}")
    return pipeline, device


def open_for_judges(settings) -> tuple:
    """(the model, whose own CLIP measures, and its device); (None, the device) where evaluate.clip names another CLIP."""
    if settings.evaluate.clip is None:
        return open_model(settings)
    set_threads(settings.engine.threads)
    return None, pick_device(settings.engine.device, settings.engine.dtype)[0]


def warn_about_words(settings, prompt: str) -> None:
    """Say which words the model was not trained on, and whether a personalised model's subject is missing."""
    for warning in (vocabulary_warning(prompt, known_words(settings.model)), subject_warning(settings.model, prompt)):
        if warning:
            warn(warning)
