"""`mvdream data`: captioned 3D objects (toybox) and their pictures from all sides (render)."""

from collections.abc import Collection
from pathlib import Path

from mvdream_cli.commands.toybox_world import toybox_sources
from mvdream_cli.data.agreed import record
from mvdream_cli.data.asset_folder import write_assets
from mvdream_cli.data.listing import each_rendered, sources_from_folder
from mvdream_cli.data.render_pool import Limits
from mvdream_cli.data.render_set import render_dataset
from mvdream_cli.data.training_cameras import CameraDistribution
from mvdream_cli.data.training_lights import LightDistribution, read_panoramas
from mvdream_cli.engine.device import physical_cores
from mvdream_cli.engine.progress import Bar, clock, say, warn

ORIGIN = "source.json"  # beside a set: what it was rendered from, and how
GB = 1e9


def toybox(settings, out: Path) -> dict:
    """Write objects of the procedural world as GLB files with captions.jsonl. Those already there are kept."""
    options, seed = settings.data.toybox, settings.engine.seed
    # not objects and first: several calls may fill one folder
    world = {"seed": seed, "split": options.split, "kinds": options.kinds, "worn": options.worn}
    with Bar("toybox", options.objects) as bar:
        captions = write_assets(toybox_sources(options, seed), out, world, on_progress=bar.update)
    return {"assets": out, "captions": captions}


def render(settings, source: str, out: Path, part: tuple[int, int] = (1, 1), suspects: Collection[str] = ()) -> dict:
    """Render a folder or a list of assets, or `toybox` itself, into a multi-view set. Rendered objects are kept.

    Args:
        part: (k, n), the k-th of n parts of the set. suspects: names of shards that may not be what they seem.
    """
    data = settings.data
    if source == "toybox":
        sources = toybox_sources(data.toybox, settings.engine.seed)
    else:
        sources = sources_from_folder(source, say=warn)
        source = str(Path(source).absolute())
    sources = each_rendered(sources, data.renders)
    record(out / ORIGIN, {"source": source, "data": data.model_dump(mode="json"), "seed": settings.engine.seed})
    workers = data.workers or physical_cores()
    with Bar("rendering", len(sources)) as bar:

        def show(done: int, total: int, skipped: int) -> None:
            bar.total = total  # of this part
            bar.update(done, f"{skipped} skipped" if skipped else "")

        report = render_dataset(
            sources,
            out,
            num_views=data.num_views,
            size_px=data.size_px,
            seed=settings.engine.seed,
            cameras=CameraDistribution(data.cameras.fovy_deg, data.cameras.elevation_deg, data.cameras.distance),
            points=data.points,
            light=LightDistribution(data.light.environment, read_panoramas(Path(data.light.hdri)) if data.light.hdri else ()),
            workers=workers,
            form=data.form,
            shard_size=data.shard_size,
            limits=Limits(data.limits.seconds, data.limits.memory_gb),
            part=part,
            suspects=suspects,
            on_progress=show,
            on_forecast=lambda f: say(
                f"{f.objects} objects to go: {f.seconds_per_object:.2f} s each with {workers} processes, about "
                f"{clock(f.seconds)} and {f.bytes / GB:.2g} GB"
            ),
        )
    lists = "" if part == (1, 1) else f"-{part[0]:05d}-of-{part[1]:05d}"
    if report.skipped:
        warn(f"skipped {len(report.skipped)} objects; the reasons are in {out / f'skipped{lists}.jsonl'}")
    if report.broken:
        say(f"{len(report.broken)} were there and not whole, and were mended: {', '.join(report.broken[:5])}")
    if report.losses:
        name, (first, *_) = report.losses[0]
        warn(
            f"{len(report.losses)} objects are not all that their files say, such as {name}: {first}; "
            f"the list is {out / f'losses{lists}.jsonl'}"
        )
    counts = {"rendered": report.rendered, "skipped": len(report.skipped), "incomplete": len(report.losses)}
    return {"views": out, **counts}
