"""`mvdream evaluate sets`: how far is one set of pictures from another?"""

from pathlib import Path

from mvdream_cli.engine.device import pick_device, set_threads
from mvdream_cli.engine.run import open_run
from mvdream_cli.methods.evaluation import measure_sets, open_judges
from mvdream_cli.methods.reference_set import read_set


def run(settings, first: Path, second: Path, out: Path | None = None) -> dict:
    """Measure the Fréchet distances of `first` from `second`. Returns the paths of the report, and its figures."""
    for folder in (first, second):
        read_set(folder)  # before anything is computed
    recorded = settings.model_dump(mode="json") | {"first": str(first.resolve()), "second": str(second.resolve())}
    with open_run(
        out, "evaluate-sets", recorded, identity_keys=["first", "second"], text=f"{first.name} against {second.name}",
        restart=True,  # pictures may have changed under the same name
    ) as run:  # fmt: skip
        set_threads(settings.engine.threads)
        device = pick_device(settings.engine.device, settings.engine.dtype)[0]
        return run.finish(**measure_sets(run, settings, first, second, open_judges(None, settings, device)))
