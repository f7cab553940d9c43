"""`mvdream evaluate compare`: objects of the same prompts by two methods, chosen by a person and by a judge."""

import hashlib
from pathlib import Path

from mvdream_cli.commands.opening import open_for_judges
from mvdream_cli.engine.progress import say
from mvdream_cli.engine.run import open_run
from mvdream_cli.hashes import checksum
from mvdream_cli.methods.choosing import compare_pairs
from mvdream_cli.methods.compare import pair_objects, read_choices
from mvdream_cli.methods.evaluation import open_judges
from mvdream_cli.methods.object_set import picture_objects
from mvdream_cli.methods.view_store import ViewStore


def run(
    settings, first: Path, second: Path, choices: Path | None = None, out: Path | None = None, restart: bool = False
) -> dict:
    """Write the page to choose on, and count wins. Returns paths and figures.

    Args:
        choices: the file that a person saved on the page; None: only the judge has chosen.
    """
    options = settings.evaluate
    pairs = pair_objects(first, second, settings.engine.seed, options.objects)
    told = "".join(f"{pair.prompt}\n{checksum(pair.a.mesh)}\n{checksum(pair.b.mesh)}\n" for pair in pairs)
    identity = hashlib.sha256(told.encode()).hexdigest()[:16]
    chosen = read_choices(choices, identity, len(pairs)) if choices is not None else None
    keys = ["pairs", "engine.seed", "evaluate.object_views", "evaluate.object_size_px"]
    with open_run(
        out, "evaluate-compare", settings.model_dump(mode="json") | {"pairs": identity}, identity_keys=keys,
        text=f"{first.name} or {second.name}", restart=restart,
    ) as run:  # fmt: skip
        say(f"writing to {run.folder}: {len(pairs)} pairs")
        pipeline, device = open_for_judges(settings)
        judges = open_judges(pipeline, settings, device, networks=())
        stores = [ViewStore(run.cache / side, len(pairs)) for side in "ab"]
        for side, store in enumerate(stores):
            picture_objects([pair[1 + side] for pair in pairs], store, options.object_views, options.object_size_px)
        made = compare_pairs(run, pairs, stores, judges, names=(str(first), str(second)), identity=identity, chosen=chosen)
        return run.finish(**made)
