"""From many assets to a multi-view set: on all cores of many machines, resumable, broken assets skipped and listed.

Every object is a function of (seed, id, asset), and a chunk holds a fixed run of the sources. So what an interrupted and
resumed call leaves equals, byte by byte, what an uninterrupted one leaves; and machine k of n takes every n-th chunk, from the
k-th on, without knowing of the others.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from mvdream_cli.data.agreed import agree
from mvdream_cli.data.render_forms import FORMS, Chunk
from mvdream_cli.data.render_object import RenderSettings
from mvdream_cli.data.render_pool import Job, Limits, rendered
from mvdream_cli.data.render_progress import FORECAST_FROM, Forecast, Progress
from mvdream_cli.data.sources import AssetSource
from mvdream_cli.data.training_cameras import CameraDistribution
from mvdream_cli.data.training_lights import LightDistribution
from mvdream_cli.errors import ConfigError, DataError


@dataclass(frozen=True)
class RenderReport:
    """What a call did. `present` were there already, `skipped` are (id, reason) of assets that cannot be used.

    losses: (id, sentences) of assets of which something could not be used, those that were there already among them.
    broken: names of shards or objects that were there, were not whole any more, and were mended.
    """

    rendered: int
    present: int
    skipped: list[tuple[str, str]]
    seconds: float
    losses: list[tuple[str, list[str]]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


def render_dataset(
    sources: Sequence[AssetSource],
    out: Path | str,
    *,
    num_views: int = 8,
    size_px: int = 256,
    samples: int = 4,
    seed: int = 0,
    cameras: CameraDistribution = CameraDistribution(),
    points: int = 0,
    light: LightDistribution = LightDistribution(),
    workers: int = 1,
    limits: Limits = Limits(),
    form: str = "shards",
    shard_size: int = 256,
    part: tuple[int, int] = (1, 1),
    suspects: Collection[str] = (),
    on_accepted: Callable[[], None] | None = None,
    on_progress: Callable[[int, int, int], None] | None = None,
    on_forecast: Callable[[Forecast], None] | None = None,
) -> RenderReport:
    """Render all sources, or a part of them, into a multi-view set (see `views`).

    Args:
        num_views: a multiple of four, so that four orthogonal views with the front among them can be taken.
        samples: rays for a pixel on an edge.
        cameras: ranges of the cameras.
        points: of each object, at which the set tells what is true of it (`raycast.points`).
        light: where light comes from.
        workers: processes beside this one; 0 for none, and no limits.
        limits: of one asset. What reaches them, or ends its process, is tried again at the end, when nothing else runs.
        form: "shards" or "folder".
        part: (k, n), the k-th of n parts, from 1 on; all together are the set. They may run at once, on any machines.
        suspects: names of shards that are read even though nobody seems to have touched them, and ids of objects that are
            rendered again.
        on_accepted: called when the folder is one that may be gone on with, before anything else is written.
        on_progress: called with (objects done, objects in all, objects skipped).
        on_forecast: called after the first objects, before the rest starts, and now and then from there on; what it raises
            stops the call.

    Raises:
        ConfigError: settings that cannot be used, or that differ from those the folder was begun with.
        DataError: no sources, an id twice, no space on the disk, shards that these sources do not fill, or not one usable
            asset.
    """
    out, (which, parts) = Path(out), part
    if num_views < 4 or num_views % 4:
        raise ConfigError(f"num_views: {num_views} is not a multiple of 4; use 4, 8, 16 or 32")
    if form not in FORMS:
        raise ConfigError(f"form: unknown value {form!r}; use {' or '.join(FORMS)}")
    if not 1 <= which <= parts:
        raise ConfigError(f"part {which} of {parts}: there is none; the first is 1, the last is {parts}")
    if not len(sources):
        raise DataError(f"{out}: nothing to render; give at least one asset")
    settings = RenderSettings(num_views, size_px, samples, seed, cameras, points, light)
    out.mkdir(parents=True, exist_ok=True)
    starts = range(0, len(sources), shard_size)
    own = range(which - 1, len(starts), parts)
    written = FORMS[form](out, settings, suspects)
    written.check(len(starts))
    described = {**settings.described(), "form": form} | ({"shard_size": shard_size} if form == "shards" else {})
    agree(out / "dataset.json", described, by=f"part-{which}-of-{parts}")
    if on_accepted:
        on_accepted()
    progress = Progress(sum(min(shard_size, len(sources) - starts[k]) for k in own), out, on_progress, on_forecast)

    def render(numbers: Iterable[int], processes: int, again: bool) -> list[int]:
        chunks = (written.plan(k, sources[starts[k] : starts[k] + shard_size]) for k in numbers)
        return _render(_one_ahead(chunks), written, settings, processes, limits, progress, again)

    try:
        lost = render(own, workers, again=False)
        if lost and workers:
            render(lost, 1, again=True)
    finally:
        progress.write_lists("" if parts == 1 else f"-{which:05d}-of-{parts:05d}")
    skipped = progress.all_skipped()
    if skipped and len(skipped) == progress.total:
        raise DataError(f"{out}: none of the {len(skipped)} assets can be used, the first because: {skipped[0][1]}")
    seconds = time.perf_counter() - progress.started
    return RenderReport(progress.rendered, progress.present, skipped, seconds, progress.all_losses(), progress.broken)


def _render(
    chunks: Iterator[Chunk], written, settings: RenderSettings, processes: int, limits: Limits, progress: Progress, again: bool
) -> list[int]:
    """Render what is missing of chunks and write them; the numbers of those of which something was lost."""
    waiting: dict[int, Chunk] = {}
    lost = []

    def jobs() -> Iterator[Job]:
        for chunk in chunks:
            _check_ids(chunk)
            if not again:
                progress.broken += chunk.broken
            if chunk.trusted:
                progress.found(chunk)
                continue
            waiting[chunk.number] = chunk
            for member, source in enumerate(chunk.members):
                yield Job(chunk.number, member, source, chunk.have.get(source.id, ""))

    for job, answer in rendered(jobs(), settings, processes, limits, FORECAST_FROM):
        chunk = waiting[job.chunk]
        written.take(chunk, job.member, answer)
        progress.answered(answer, again)
        if len(chunk.answers) == len(chunk.members):
            written.finish(waiting.pop(chunk.number))
            progress.finished(chunk)
            if chunk.lost:
                lost.append(chunk.number)
    return sorted(lost)


def _check_ids(chunk: Chunk) -> None:
    twice = len(chunk.members) - len({source.id for source in chunk.members})
    if twice:
        raise DataError(f"{twice} objects have an id that another one has; give each its own")


def _one_ahead(items: Iterator) -> Iterator:
    """The same items; while one is used, a thread makes the next one."""
    with ThreadPoolExecutor(1) as thread:
        following = thread.submit(next, items, None)
        while (item := following.result()) is not None:
            following = thread.submit(next, items, None)
            yield item
