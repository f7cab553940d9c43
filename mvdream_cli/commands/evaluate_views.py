"""`mvdream evaluate views`: how good is a model? Samples for many prompts, and what judges see in them."""

import hashlib
from pathlib import Path

from mvdream_cli import __version__
from mvdream_cli.commands.opening import open_model
from mvdream_cli.commands.toybox_questions import examination
from mvdream_cli.commands.toybox_world import held_out_toys
from mvdream_cli.data.photographs import load_photographs, photographs_identity
from mvdream_cli.engine import distributed
from mvdream_cli.engine.progress import say
from mvdream_cli.engine.run import open_run
from mvdream_cli.errors import UsageError
from mvdream_cli.methods.evaluation import finished, judges_here, measure_samples, open_judges
from mvdream_cli.methods.reference_set import read_set, render_true, set_fingerprint
from mvdream_cli.methods.sample_set import sample_set
from mvdream_cli.methods.view_store import ViewStore
from mvdream_cli.models.find import known_words, model_identity


def run(
    settings,
    prompts: list[str] | None,
    reference: Path | None = None,
    photographs: Path | None = None,
    out: Path | None = None,
    restart: bool = False,
) -> dict:
    """Sample and measure. Returns the paths of the report, and its figures.

    Args:
        prompts: a set of them; None: captions of held-out objects of the toybox, whose true renders are the bound.
        reference: a set of true pictures for distances; none: those of the toybox, if its captions are asked.
        photographs: a folder of a subject's, for the likeness of what a personalised model draws.
    """
    options, sample, seed = settings.evaluate, settings.sample_views, settings.engine.seed
    distributed.start()
    toys, words = [], known_words(settings.model)
    if prompts is None:
        toys = held_out_toys(settings.data.toybox, seed, options.objects, words)
    asked = [toy.source.caption for toy in toys] or prompts[: options.objects]
    world = repr((__version__, settings.data.toybox.options("objects", "first", "split"), sorted(words or ())))
    if reference is not None:
        read_set(reference)  # before anything is computed
    identities = {
        "model_identity": model_identity(settings.model),
        "prompts": hashlib.sha256(("\n".join(prompts) if prompts else world).encode()).hexdigest()[:16],
        "reference": reference and set_fingerprint(reference),
        "photographs": photographs and photographs_identity(photographs),
        **judges_here(options),
    }
    with open_run(
        out, "evaluate-views", settings.model_dump(mode="json") | identities,
        identity_keys=["sample_views", "engine.seed", "model_identity", "prompts"], text=f"evaluate {settings.model}",
        restart=restart,
    ) as run:  # fmt: skip
        if run.finished:
            return finished(run)
        say(f"writing to {run.folder}")
        pipeline, device = open_model(settings)
        if not pipeline.knows_cameras and sample.num_views > 1:
            raise UsageError(f"{settings.model} knows no cameras: it draws single pictures, --set sample_views.num_views=1")
        judges = open_judges(pipeline, settings, device)
        pictures = load_photographs(photographs, pipeline.image_size, 0.5)[0] if photographs else None
        drawn, true = ViewStore(run.cache / "views", len(asked)), None
        sample_set(pipeline, asked, sample, drawn, seed=seed, batch_size=options.batch_size)
        if toys:
            true = ViewStore(run.cache / "true", len(toys))
            render_true([toy.source for toy in toys], true, sample.num_views, pipeline.image_size)
        exam = examination([(k, toy.spec) for k, toy in enumerate(toys)], options.judged_objects)
        made = distributed.from_main(
            lambda: measure_samples(
                run, settings, asked, drawn, judges, true=true, reference=reference, photographs=pictures, exam=exam,
                device=device,
            )
        )  # fmt: skip
        made = run.finish(**made)
    speaks = distributed.is_main()
    distributed.stop()
    return made if speaks else {}
