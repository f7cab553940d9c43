"""`mvdream data`: captioned 3D objects (toybox), their pictures from all sides (render), and what these are worth (check)."""

import json
from collections.abc import Collection
from pathlib import Path

from mvdream_cli.captions import ASSET_SUFFIX, asset_caption
from mvdream_cli.commands.toybox_world import toybox_sources
from mvdream_cli.data.agreed import record
from mvdream_cli.data.asset_folder import write_assets
from mvdream_cli.data.check_set import check_set, contact_sheet, table
from mvdream_cli.data.listing import each_rendered, sources_from_folder
from mvdream_cli.data.render_pool import Limits
from mvdream_cli.data.render_set import render_dataset
from mvdream_cli.data.training_cameras import CameraDistribution
from mvdream_cli.data.training_lights import LightDistribution, read_panoramas
from mvdream_cli.engine.device import physical_cores
from mvdream_cli.engine.lock import NAME, Lock, lock
from mvdream_cli.engine.progress import Bar, clock, say, warn
from mvdream_cli.engine.signals import keeping
from mvdream_cli.errors import DataError, SomeFailedError
from mvdream_cli.images import save_image
from mvdream_cli.models.find import find_model
from mvdream_cli.models.tokenizers import read_tokenizer
from mvdream_cli.settings.data import Data

ORIGIN = "source.json"  # beside a set: what it was rendered from, and how
GB = 1e9


def toybox(settings, out: Path) -> dict:
    """Write objects of the procedural world as GLB files with captions.jsonl. Those already there are kept."""
    options, seed = settings.data.toybox, settings.engine.seed
    # not objects and first: several calls may fill one folder
    world = {"seed": seed, **options.world()}
    with lock(out / NAME, out), keeping(out), Bar("toybox", options.objects) as bar:
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
        source = str(Path(source).resolve())
    sources = each_rendered(sources, data.renders)
    origin = {"source": source, "data": data.model_dump(mode="json"), "seed": settings.engine.seed}
    workers = data.workers or physical_cores()
    with lock_part(out, part), keeping(out), Bar("rendering", len(sources)) as bar:

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
            on_accepted=lambda: record(out / ORIGIN, origin, by=f"part-{part[0]}-of-{part[1]}"),
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


def lock_part(out: Path, part: tuple[int, int]) -> Lock:
    """Hold a part of a set that is being rendered.

    Raises:
        LockedError: another process renders it, or a part that may hold some of its objects: the set is cut otherwise there.
    """
    k, n = part
    held = lock(out / f".part-{k}-of-{n}.lock", f"{out}, part {k} of {n}", "wait for it")
    try:
        for path in sorted(out.glob(".part-*.lock")):
            if not path.name.endswith(f"-of-{n}.lock"):
                lock(path, f"{out}, in other parts than of {n}", "wait for it").close()
    except BaseException:
        held.close()
        raise
    return held


def check(settings, root: Path, out: Path, *, sample: int = 0, mend: bool = False) -> dict:
    """Look at a multi-view set: a report, a contact sheet, and a table on the terminal.

    Args:
        sample: objects that are looked at; 0: all. mend: render again what is broken, from where the set comes.

    Raises:
        SomeFailedError: there are faults, and they were not mended or cannot be.
        DataError: no set; or one to be mended that does not say where it comes from.
    """
    report, facts = _examined(settings, root, sample)
    if mend and (report["faults"] or report["broken_shards"]):
        again, source = _origin(settings, root)
        render(again, source, root, suspects={*report["broken_shards"], *(fault["id"] for fault in report["faults"])})
        report, facts = _examined(settings, root, sample)
    for line in table(report):
        say(line)
    record(out / "check.json", report)
    sheet = save_image(out / "contact_sheet.png", contact_sheet(facts))
    faults, shards = len(report["faults"]), len(report["broken_shards"])
    results = {"report": out / "check.json", "sheet": sheet, "objects": report["looked_at"], "faults": faults}
    results["broken_shards"] = shards
    if faults or shards:
        way_out = "rendering them again does not mend them" if mend else f"mvdream data check {root} --mend renders them again"
        raise SomeFailedError(f"{root}: {faults} objects and {shards} shards have faults; {way_out}", results)
    return results


def _examined(settings, root: Path, sample: int) -> tuple[dict, list]:
    tokenizer = read_tokenizer(find_model(settings.model) / "tokenizer")
    with Bar("checking", 1) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done)

        return check_set(
            root,
            count_tokens=lambda caption: len(tokenizer(asset_caption(caption, ASSET_SUFFIX), verbose=False)["input_ids"]),
            most_tokens=tokenizer.model_max_length,
            sample=sample,
            seed=settings.engine.seed,
            processes=settings.data.workers or physical_cores(),
            on_progress=show,
        )


def _origin(settings, root: Path):
    """The settings with which a set was rendered, and what it was rendered from.

    Raises:
        DataError: the set does not say it.
    """
    try:
        origin = json.loads((root / ORIGIN).read_text(encoding="utf-8"))
        data = Data.model_validate(origin["data"]).model_copy(update={"workers": settings.data.workers})
        engine = settings.engine.model_copy(update={"seed": int(origin["seed"])})
        return settings.model_copy(update={"data": data, "engine": engine}), str(origin["source"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{root}: does not say what it was rendered from ({ORIGIN}: {' '.join(str(error).split())[:100]}); "
            "render it with mvdream data render, which also mends what is there"
        ) from error
