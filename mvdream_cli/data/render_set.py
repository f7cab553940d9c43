"""From many assets to a multi-view set: on all cores, resumable, broken assets skipped and listed.

Every object is a function of (seed, id, asset), and a shard holds a fixed run of the sources. So what an interrupted and
resumed call leaves equals, byte by byte, what an uninterrupted one leaves. What is there is kept only if it carries the
identity of all that it would be made from now, the contents of the assets included.
"""

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from mvdream_cli.atomic import written_whole
from mvdream_cli.data.agreed import agree
from mvdream_cli.data.render_object import RenderSettings, object_identity
from mvdream_cli.data.render_pool import rendered
from mvdream_cli.data.shards import SHARD_PATTERN, check_picture, read_shard_index, shard_is_whole, write_shard
from mvdream_cli.data.sources import AssetSource
from mvdream_cli.data.training_cameras import CameraDistribution
from mvdream_cli.data.views import object_files, write_object
from mvdream_cli.errors import ConfigError, DataError

_FORECAST_FROM = 8  # objects rendered before the forecast
_WRITE_MARGIN = 1.1

Job = tuple[AssetSource, str]  # what to render, and its identity


@dataclass(frozen=True)
class Forecast:
    """What the rest will need, told from the first objects."""

    objects: int
    seconds: float
    bytes: int


@dataclass(frozen=True)
class RenderReport:
    """What a call did. `present` were there already, `skipped` are (id, reason) of assets that cannot be used.

    losses: (id, sentences) of assets of which something could not be used, those that were there already among them.
    broken: names of shards or objects that were there, were not whole any more, and were rendered again.
    """

    rendered: int
    present: int
    skipped: list[tuple[str, str]]
    seconds: float
    losses: list[tuple[str, list[str]]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


@dataclass
class Progress:
    """Counts of a running call, and who is told about them."""

    total: int
    on_progress: Callable[[int, int, int], None] | None
    on_forecast: Callable[[Forecast], None] | None
    out: Path
    present: int = 0
    todo: int = 0
    rendered: int = 0
    bytes: int = 0
    started: float = field(default_factory=time.perf_counter)
    first_done: float = 0.0
    skipped: list[tuple[str, str]] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)  # skipped, but only because the memory was full
    losses: list[tuple[str, list[str]]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def tell(self) -> None:
        if self.on_progress:
            self.on_progress(self.present + self.rendered + len(self.skipped), self.total, len(self.skipped))

    def announce(self, tried: int) -> None:
        """Tell the forecast; refuse to fill the disk."""
        rest = self.todo - tried
        # the first object also paid for starting the workers, so it is not timed if there are others
        seconds = time.perf_counter() - (self.first_done if tried > 1 else self.started)
        forecast = Forecast(rest, rest * seconds / max(tried - 1, 1), int(rest * self.bytes / tried * _WRITE_MARGIN))
        free = shutil.disk_usage(self.out).free
        if forecast.bytes > free:
            raise DataError(
                f"{self.out}: the set needs about {forecast.bytes / 1e9:.1f} GB and {free / 1e9:.1f} GB "
                "are free; choose another disk, fewer views or smaller pictures"
            )
        if self.on_forecast:
            self.on_forecast(forecast)


def render_dataset(
    sources: Iterable[AssetSource],
    out: Path | str,
    *,
    num_views: int = 8,
    size_px: int = 256,
    samples: int = 4,
    seed: int = 0,
    cameras: CameraDistribution = CameraDistribution(),
    points: int = 0,
    workers: int = 0,
    form: str = "shards",
    shard_size: int = 256,
    on_progress: Callable[[int, int, int], None] | None = None,
    on_forecast: Callable[[Forecast], None] | None = None,
) -> RenderReport:
    """Render all sources into a multi-view set (see `views`).

    Args:
        num_views: a multiple of four, so that four orthogonal views with the front among them can be taken.
        samples: rays for a pixel on an edge.
        cameras: ranges of the cameras.
        points: of each object, at which the set tells what is true of it (`raycast.points`).
        workers: processes; 0 for one on each core, 1 for none beside this one.
        form: "shards" or "folder".
        on_progress: called with (objects done, objects in all, objects skipped).
        on_forecast: called once, after the first objects and before the rest starts; what it raises stops the call.

    Raises:
        ConfigError: settings that cannot be used, or that differ from those the folder was begun with.
        DataError: no sources, an id twice, no space on the disk, shards that these sources do not fill, or not one usable
            asset.
    """
    sources, out = list(sources), Path(out)
    if num_views < 4 or num_views % 4:
        raise ConfigError(f"num_views: {num_views} is not a multiple of 4; use 4, 8, 16 or 32")
    if form not in ("shards", "folder"):
        raise ConfigError(f"form: unknown value {form!r}; use shards or folder")
    if not sources:
        raise DataError(f"{out}: nothing to render; give at least one asset")
    twice = len(sources) - len({source.id for source in sources})
    if twice:
        raise DataError(f"{out}: {twice} objects have an id that another one has; give each its own")
    settings = RenderSettings(num_views, size_px, samples, seed, cameras, points)
    out.mkdir(parents=True, exist_ok=True)
    agree(
        out / "dataset.json", {**settings.described(), "form": form} | ({"shard_size": shard_size} if form == "shards" else {})
    )
    skipped_path = out / "skipped.jsonl"
    processes = workers or os.cpu_count() or 1
    if processes == 1 and not _some_were_lost(skipped_path):
        processes = 0  # else one beside this one: what ended a process before may do so again
    write = partial(_write_shards, shard_size=shard_size) if form == "shards" else _write_folders
    progress = Progress(len(sources), on_progress, on_forecast, out)
    try:
        write(_jobs(sources, settings, processes or 1), out, settings, processes, progress)
    finally:
        rows = [{"id": key, "reason": why} | ({"lost": True} if key in progress.lost else {}) for key, why in progress.skipped]
        _write_rows(skipped_path, rows)
        _write_rows(out / "losses.jsonl", [{"id": key, "losses": what} for key, what in sorted(progress.losses)])
    if len(progress.skipped) == len(sources):
        raise DataError(f"{out}: none of the {len(sources)} assets can be used, the first because: {progress.skipped[0][1]}")
    seconds = time.perf_counter() - progress.started
    return RenderReport(
        progress.rendered, progress.present, progress.skipped, seconds, sorted(progress.losses), progress.broken
    )


def _write_rows(path: Path, rows: list[dict]) -> None:
    with written_whole(path) as listed:
        listed.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _some_were_lost(skipped: Path) -> bool:
    """Whether the call before lost assets because the memory was full, by the list that it left."""
    try:
        return any(json.loads(line).get("lost") for line in skipped.read_text(encoding="utf-8").splitlines())
    except (OSError, ValueError, AttributeError):
        return False


def _jobs(sources: list[AssetSource], settings: RenderSettings, threads: int) -> list[Job]:
    """Each source with its identity. Large files are read by several threads, which hashing does not hold up."""
    identity = partial(object_identity, settings=settings)
    with ThreadPoolExecutor(threads) as pool:
        return list(zip(sources, pool.map(identity, sources)))


def _write_shards(
    jobs: list[Job], out: Path, settings: RenderSettings, processes: int, progress: Progress, shard_size: int
) -> None:
    shards = {
        f"views-{start // shard_size:06d}.tar": jobs[start : start + shard_size] for start in range(0, len(jobs), shard_size)
    }
    strangers = sorted({path.name for path in out.glob(SHARD_PATTERN)} - set(shards))
    if strangers:  # a reader of the folder would take them for a part of this set
        raise DataError(
            f"{out}: {', '.join(strangers[:3])}{' ...' if len(strangers) > 3 else ''} would not belong to a set of these "
            f"{len(jobs)} objects; delete {'it' if len(strangers) == 1 else 'them'}, choose another folder, or render all again"
        )
    todo, reader = [], _reader()
    with ThreadPoolExecutor(processes or 1) as pool:
        whole = dict(zip(shards, pool.map(lambda name: _whole_index(out / name), shards)))
    for name, members in shards.items():
        path, index = out / name, whole[name] or {}
        digest = hashlib.sha256(repr([identity for _, identity in members]).encode()).hexdigest()
        # what one reader cannot read, another may
        if index.get("digest") == digest and (not index.get("skipped") or index.get("reader") == reader):
            progress.present += len(index["objects"])
            progress.skipped += [tuple(item) for item in index.get("skipped", [])]
            progress.losses += [tuple(item) for item in index.get("losses", [])]
        else:
            todo.append((path, digest, members))
            if whole[name] is None and path.exists():
                progress.broken.append(name)
    progress.tell()
    results = _results([job for _, _, members in todo for job in members], settings, processes, progress)
    for path, digest, members in todo:
        note = {"digest": digest, "reader": reader, "skipped": []}
        before = len(progress.skipped), len(progress.losses)

        def objects(members=members, note=note, before=before) -> Iterator[tuple[str, dict[str, bytes]]]:
            for (source, _), files in zip(members, results):
                if files is not None:
                    yield source.id, files
            note["skipped"] = progress.skipped[before[0] :]
            if len(progress.losses) > before[1]:
                note["losses"] = progress.losses[before[1] :]
            if any(key in progress.lost for key, _ in note["skipped"]):
                note["digest"] = ""  # not what it could be: the next call makes it again

        write_shard(path, objects(), note)


def _whole_index(path: Path) -> dict | None:
    """The index of a shard that holds what was written; None if it does not, or is not there."""
    index = read_shard_index(path)
    return index if index is not None and shard_is_whole(path, index) else None


def _reader() -> str:
    """What reads the assets: verdicts of another version do not hold."""
    return f"trimesh {importlib.metadata.version('trimesh')}, DracoPy {importlib.util.find_spec('DracoPy') is not None}"


def _write_folders(jobs: list[Job], out: Path, settings: RenderSettings, processes: int, progress: Progress) -> None:
    with ThreadPoolExecutor(processes or 1) as pool:
        states = list(pool.map(lambda job: _state_of(out / job[0].id, job[1]), jobs))
    todo = [job for job, (whole, _) in zip(jobs, states) if not whole]
    for (source, _), (whole, meta) in zip(jobs, states):
        if whole and meta.get("losses"):
            progress.losses.append((source.id, meta["losses"]))
        elif not whole and meta:
            progress.broken.append(source.id)
    progress.present = len(jobs) - len(todo)
    progress.tell()
    for (source, _), files in zip(todo, _results(todo, settings, processes, progress)):
        if files is not None:
            write_object(out, source.id, files)
        elif (out / source.id / "meta.json").is_file():  # pictures of what the asset was before
            shutil.rmtree(out / source.id)


def _state_of(folder: Path, identity: str) -> tuple[bool, dict]:
    """Whether an object's folder holds, whole, what would be rendered now; its meta data, {} where it is of another object."""
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        if meta.get("identity") != identity:
            return False, {}
    except FileNotFoundError:
        return False, {}
    except (OSError, ValueError, AttributeError):
        return False, {"id": folder.name} if folder.is_dir() else {}
    try:
        for picture in object_files(folder):
            check_picture(picture)
        return True, meta
    except (DataError, OSError, ValueError):
        return False, meta


def _results(
    jobs: list[Job], settings: RenderSettings, processes: int, progress: Progress
) -> Iterator[dict[str, bytes] | None]:
    """The files of each job in order, None for those skipped; counts, tells and forecasts on the way."""
    progress.todo = len(jobs)
    answers = rendered(jobs, settings, processes, first=_FORECAST_FROM)
    for tried, ((source, _), answer) in enumerate(zip(jobs, answers), start=1):
        if answer.files is None:
            progress.skipped.append((source.id, answer.reason))
            if answer.lost:
                progress.lost.add(source.id)
        else:
            progress.rendered += 1
            if what := json.loads(answer.files["json"]).get("losses"):
                progress.losses.append((source.id, what))
            progress.bytes += sum(map(len, answer.files.values()))
        if tried == 1:
            progress.first_done = time.perf_counter()
        if tried == min(_FORECAST_FROM, len(jobs)):
            progress.announce(tried)
        progress.tell()
        yield answer.files
