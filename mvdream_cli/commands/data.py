"""`mvdream data`: captioned 3D objects (toybox) and their pictures from all sides (render)."""

from pathlib import Path

from mvdream_cli.commands.toybox_world import toybox_sources
from mvdream_cli.data.asset_folder import write_assets
from mvdream_cli.data.render_set import render_dataset
from mvdream_cli.data.sources import each_rendered, sources_from_folder
from mvdream_cli.data.training_cameras import CameraDistribution
from mvdream_cli.engine.device import physical_cores
from mvdream_cli.engine.progress import Bar, clock, say, warn


def toybox(settings, out: Path) -> dict:
    """Write objects of the procedural world as GLB files with captions.jsonl. Those already there are kept."""
    options, seed = settings.data.toybox, settings.engine.seed
    # not objects and first: several calls may fill one folder
    world = {"seed": seed, "split": options.split, "kinds": options.kinds, "worn": options.worn}
    with Bar("toybox", options.objects) as bar:
        captions = write_assets(toybox_sources(options, seed), out, world, on_progress=bar.update)
    return {"assets": out, "captions": captions}


def render(settings, source: str, out: Path) -> dict:
    """Render a folder of assets, or `toybox` itself, into a multi-view set. Rendered objects are kept."""
    data = settings.data
    if source == "toybox":
        sources = toybox_sources(data.toybox, settings.engine.seed)
    else:
        sources = sources_from_folder(source, say=warn)
    sources = each_rendered(sources, data.renders)
    with Bar("rendering", len(sources)) as bar:
        report = render_dataset(
            sources,
            out,
            num_views=data.num_views,
            size_px=data.size_px,
            seed=settings.engine.seed,
            cameras=CameraDistribution(data.cameras.fovy_deg, data.cameras.elevation_deg, data.cameras.distance),
            points=data.points,
            workers=data.workers or physical_cores(),
            form=data.form,
            shard_size=data.shard_size,
            on_progress=lambda done, total, skipped: bar.update(done, f"{skipped} skipped" if skipped else ""),
            on_forecast=lambda f: say(f"{f.objects} objects to go: about {clock(f.seconds)} and {f.bytes / 1e6:.0f} MB"),
        )
    if report.skipped:
        warn(f"skipped {len(report.skipped)} of {len(sources)} objects; the reasons are in {out / 'skipped.jsonl'}")
    if report.broken:
        say(f"{len(report.broken)} were there and not whole, and were rendered again: {', '.join(report.broken[:5])}")
    if report.losses:
        name, (first, *_) = report.losses[0]
        warn(
            f"{len(report.losses)} of {len(sources)} objects are not all that their files say, such as {name}: {first}; "
            f"the list is {out / 'losses.jsonl'}"
        )
    counts = {"rendered": report.rendered, "skipped": len(report.skipped), "incomplete": len(report.losses)}
    return {"views": out, **counts}
