"""`mvdream evaluate objects`: what do finished objects show, and from how many sides?"""

import hashlib
from functools import partial
from pathlib import Path

from mvdream_cli.commands.opening import open_for_judges
from mvdream_cli.commands.toybox_questions import examination
from mvdream_cli.commands.toybox_world import find_held_out
from mvdream_cli.engine import distributed
from mvdream_cli.engine.progress import say
from mvdream_cli.engine.run import open_run
from mvdream_cli.hashes import checksum
from mvdream_cli.methods.evaluation import finished, judges_here, measure_objects, open_judges
from mvdream_cli.methods.object_set import find_objects, picture_objects
from mvdream_cli.methods.view_store import ViewStore
from mvdream_cli.models.find import model_identity


def run(settings, folder: Path, out: Path | None = None, restart: bool = False) -> dict:
    """Picture and measure. Returns the paths of the report, and its figures.

    Args:
        folder: runs of to3d, or files of any tool with prompts.txt.
    """
    options = settings.evaluate
    distributed.start()
    objects = find_objects(folder)[: options.objects]
    told = "".join(f"{made.prompt}\n{checksum(made.mesh)}\n" for made in objects)
    identities = {
        "objects_identity": hashlib.sha256(told.encode()).hexdigest()[:16],
        "model_identity": model_identity(settings.model) if options.clip is None else None,
        **judges_here(options),
    }
    keys = ["objects_identity", "evaluate.object_views", "evaluate.object_size_px"]
    with open_run(
        out, "evaluate-objects", settings.model_dump(mode="json") | identities, identity_keys=keys,
        text=f"evaluate {folder.name}", restart=restart,
    ) as run:  # fmt: skip
        if run.finished:
            return finished(run)
        say(f"writing to {run.folder}: {len(objects)} objects of {folder}")
        pipeline, device = open_for_judges(settings)
        judges = open_judges(pipeline, settings, device)
        drawn = ViewStore(run.cache / "views", len(objects))
        picture_objects(objects, drawn, options.object_views, options.object_size_px)
        prompts = [made.prompt for made in objects]
        known = find_held_out(settings.data.toybox, settings.engine.seed, prompts)
        exam = examination(known, options.judged_objects)
        measure = partial(measure_objects, run, settings, prompts, drawn, judges, folder, exam, device)
        made = run.finish(**distributed.from_main(measure))
    speaks = distributed.is_main()
    distributed.stop()
    return made if speaks else {}
