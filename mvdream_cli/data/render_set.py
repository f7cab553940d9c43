"""From many assets to a multi-view set: on all cores, resumable, broken assets skipped and listed.

Every object is a function of (seed, id), and a shard holds a fixed run of the sources. So what an interrupted and
resumed call leaves equals, byte by byte, what an uninterrupted one leaves.
"""

import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

from mvdream_cli.cameras import orbit
from mvdream_cli.data.sources import AssetSource
from mvdream_cli.data.training_cameras import CameraDistribution, draw_training_cameras, object_rng
from mvdream_cli.data.views import encode_object, read_shard_index, write_object, write_shard
from mvdream_cli.errors import ConfigError, DataError, MVDreamError
from mvdream_cli.raycast.assets import load_asset
from mvdream_cli.raycast.embree import draw_light, render_views
from mvdream_cli.raycast.mesh import Mesh

_FORECAST_FROM = 8  # objects rendered before the forecast
_WRITE_MARGIN = 1.1


@dataclass(frozen=True)
class Forecast:
    """What the rest will need, told from the first objects."""

    objects: int
    seconds: float
    bytes: int


@dataclass(frozen=True)
class RenderReport:
    """What a call did. `present` were there already, `skipped` are (id, reason) of assets that cannot be used."""

    rendered: int
    present: int
    skipped: list[tuple[str, str]]
    seconds: float


@dataclass(frozen=True)
class _Settings:
    num_views: int
    size_px: int
    samples: int
    seed: int
    cameras: CameraDistribution


@dataclass
class _Run:
    """Counts of a running call, and who is told about them."""

    total: int
    on_progress: Callable[[int, int, int], None] | None
    on_forecast: Callable[[Forecast], None] | None
    out: Path
    present: int = 0
    todo: int = 0
    rendered: int = 0
    bytes: int = 0
    announced: bool = False
    started: float = field(default_factory=time.perf_counter)
    first_done: float = 0.0
    skipped: list[tuple[str, str]] = field(default_factory=list)

    def tell(self) -> None:
        if self.on_progress:
            self.on_progress(self.present + self.rendered + len(self.skipped), self.total, len(self.skipped))

    def announce(self, tried: int) -> None:
        """Tell the forecast once; refuse to fill the disk."""
        if self.announced:
            return
        self.announced = True
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
        workers: processes; 0 for one on each core, 1 for none beside this one.
        form: "shards" or "folder".
        on_progress: called with (objects done, objects in all, objects skipped).
        on_forecast: called once, after the first objects and before the rest starts; what it raises stops the call.

    Raises:
        ConfigError: settings that cannot be used, or that differ from those the folder was begun with.
        DataError: no sources, an id twice, no space on the disk, or not one usable asset.
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
    settings = _Settings(num_views, size_px, samples, seed, cameras)
    out.mkdir(parents=True, exist_ok=True)
    agreed = json.loads(json.dumps({**asdict(settings), "form": form}))  # tuples become lists, as in the file
    _agree(out / "dataset.json", agreed | ({"shard_size": shard_size} if form == "shards" else {}))
    run = _Run(len(sources), on_progress, on_forecast, out)
    write = partial(_write_shards, shard_size=shard_size) if form == "shards" else _write_folders
    try:
        write(sources, out, settings, workers or os.cpu_count() or 1, run)
    finally:
        lines = [json.dumps({"id": key, "reason": reason}, ensure_ascii=False) + "\n" for key, reason in run.skipped]
        (out / "skipped.jsonl").write_text("".join(lines), encoding="utf-8")
    if len(run.skipped) == len(sources):
        raise DataError(f"{out}: none of the {len(sources)} assets can be used, the first because: {run.skipped[0][1]}")
    return RenderReport(run.rendered, run.present, run.skipped, time.perf_counter() - run.started)


def _render_object(source: AssetSource, settings: _Settings) -> dict[str, bytes]:
    """Render one source with its own cameras and light; the files of `views.encode_object`."""
    mesh = source.load() if callable(source.load) else load_asset(source.load)
    if not isinstance(mesh, Mesh):
        mesh = Mesh.from_part(mesh.vertices, mesh.faces, mesh.colours)
    rng = object_rng(settings.seed, source.id)
    azimuth_deg, elevation_deg, fovy_deg, distance = draw_training_cameras(rng, settings.num_views, settings.cameras)
    c2w = orbit(azimuth_deg, elevation_deg, distance).numpy()
    rgba = render_views(mesh.normalise(), c2w, fovy_deg, settings.size_px, settings.samples, draw_light(rng))
    if not rgba[..., 3].any():
        raise DataError(f"{source.id}: no view shows anything; the mesh is too thin to be seen")
    views = settings.num_views
    meta = {
        "id": source.id,
        "caption": source.caption,
        "size_px": settings.size_px,
        "c2w": c2w.tolist(),
        "fovy_deg": [fovy_deg] * views,
        "elevation_deg": [elevation_deg] * views,
        "azimuth_deg": azimuth_deg.tolist(),
        **source.about,
    }
    return encode_object(rgba, meta)


def _agree(path: Path, settings: dict) -> None:
    """Refuse to mix two settings in one folder."""
    if path.exists():
        try:
            there = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            there = {}
        differ = [f"{key} (there {there.get(key)}, here {value})" for key, value in settings.items() if there.get(key) != value]
        if differ:
            raise ConfigError(f"{path.parent}: begun with other settings: {', '.join(differ)}; choose another folder")
        return
    path.write_text(json.dumps(settings), encoding="utf-8")


def _write_shards(sources: list[AssetSource], out: Path, settings: _Settings, workers: int, run: _Run, shard_size: int) -> None:
    runs = [sources[start : start + shard_size] for start in range(0, len(sources), shard_size)]
    todo = []
    for number, members in enumerate(runs):
        path = out / f"views-{number:06d}.tar"
        digest = hashlib.sha256(repr([(source.id, source.caption) for source in members]).encode()).hexdigest()
        index = read_shard_index(path)
        if index and index.get("digest") == digest:
            run.present += len(index["objects"])
            run.skipped += [tuple(item) for item in index.get("skipped", [])]
        else:
            todo.append((path, digest, members))
    run.tell()
    results = _results([source for _, _, members in todo for source in members], settings, workers, run)
    for path, digest, members in todo:
        note = {"digest": digest, "skipped": []}
        before = len(run.skipped)

        def objects(members=members, note=note, before=before) -> Iterator[tuple[str, dict[str, bytes]]]:
            for source, (_, files) in zip(members, results):
                if files is not None:
                    yield source.id, files
            note["skipped"] = run.skipped[before:]

        write_shard(path, objects(), note)


def _write_folders(sources: list[AssetSource], out: Path, settings: _Settings, workers: int, run: _Run) -> None:
    todo = []
    for source in sources:
        if _is_there(out / source.id / "meta.json", source):
            run.present += 1
        else:
            todo.append(source)
    run.tell()
    for source, files in _results(todo, settings, workers, run):
        if files is not None:
            write_object(out, source.id, files)


def _is_there(path: Path, source: AssetSource) -> bool:
    try:
        return json.loads(path.read_text(encoding="utf-8")).get("caption") == source.caption
    except (OSError, ValueError):
        return False


def _results(
    sources: list[AssetSource], settings: _Settings, workers: int, run: _Run
) -> Iterator[tuple[AssetSource, dict[str, bytes] | None]]:
    """The files of each source in order, None for those skipped; counts, tells and forecasts on the way."""
    run.todo = len(sources)
    answers = (
        _in_pool(sources, settings, min(workers, len(sources)), run)
        if workers > 1
        else (_try(source, settings) for source in sources)
    )
    for tried, (source, (files, reason)) in enumerate(zip(sources, answers), start=1):
        if files is None:
            run.skipped.append((source.id, reason))
        else:
            run.rendered += 1
            run.bytes += sum(map(len, files.values()))
        if tried == 1:
            run.first_done = time.perf_counter()
        if tried == min(_FORECAST_FROM, len(sources)):
            run.announce(tried)
        run.tell()
        yield source, files


def _try(source: AssetSource, settings: _Settings) -> tuple[dict[str, bytes] | None, str]:
    try:
        return _render_object(source, settings), ""
    except MVDreamError as error:
        return None, str(error)
    except Exception as error:  # an asset must not stop the others, whatever its reader does
        return None, f"{source.id}: {type(error).__name__}: {error}"


def _pool(workers: int) -> ProcessPoolExecutor:
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if "fork" in methods else "spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker)


def _start_worker() -> None:
    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's affair
    torch.set_num_threads(1)


def _in_pool(
    sources: list[AssetSource], settings: _Settings, workers: int, run: _Run
) -> Iterator[tuple[dict[str, bytes] | None, str]]:
    """Answers in order. An asset that kills its process is tried once more alone, then given up."""
    position = 0
    while position < len(sources):
        with _pool(workers) as pool:
            waiting: deque = deque()
            following = position
            try:
                while position < len(sources):
                    limit = _FORECAST_FROM if not run.announced else position + 4 * workers
                    while following < min(limit, len(sources)):
                        waiting.append(pool.submit(_try, sources[following], settings))
                        following += 1
                    answer = waiting.popleft().result()
                    position += 1
                    yield answer
                return
            except BrokenProcessPool:
                pass
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
        with _pool(1) as alone:
            try:
                answer = alone.submit(_try, sources[position], settings).result()
            except BrokenProcessPool:
                answer = None, f"{sources[position].id}: ended the process that read it; it is too large or broken"
        position += 1
        yield answer
